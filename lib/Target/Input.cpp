#include "lib/Target/Input.h"
#include "dialects/Strand/Strand.h"
#include "lib/Codegen/Cpu/WeightLayout.h"
#include "lib/Import/ModelBuilder.h"
#include "lib/Import/SafeTensors.h"
#include "lib/Target/Errors.h"
#include "mlir/Parser/Parser.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/BLAKE3.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Parallel.h"
#include "llvm/Support/SHA256.h"
#include <set>
using namespace mlir;
using namespace strand;
using llvm::createStringError;
using llvm::Error;
namespace {

std::optional<strand_type> typeOf(DType t) {
  switch (t) {
  case DType::F32: return STRAND_F32;
  case DType::BF16: return STRAND_BF16;
  case DType::F16: return STRAND_F16;
  case DType::F64: return STRAND_F64;
  case DType::I8: return STRAND_I8;
  case DType::I32: return STRAND_I32;
  case DType::I64: return STRAND_I64;
  default: return std::nullopt;
  }
}

Error readFolder(MLIRContext &context, StringRef path, Input &input) {
  auto module = importCheckpoint(context, path, input.weights);
  if (!module)
    return module.takeError();
  input.module = std::move(*module);
  return Error::success();
}

/// The weight as @advance or a `strand.weight` wants it, or an error.
llvm::Expected<PlacedWeight> place(StringRef name, Type element, ArrayRef<int64_t> shape, int64_t panel,
                                   const Input &input) {
  auto type = abiTypeOf(element);
  if (!type)
    return createStringError("weight '" + name + "' has elements of a type that cannot be stored");
  const WeightView *view = input.weights.find(name);
  if (!view)
    return createStringError("weight '" + name + "' is not in '" + input.weightsName +
                             "', or has a type that is not read");
  PlacedWeight w{name.str(), *type, SmallVector<int64_t, 4>(shape), 0, panel, *view};
  if (Error e = checkPlaced(w))
    return std::move(e);
  return w;
}

template <typename Hash> void addText(Hash &hash, StringRef text) { // with its length, so that no two lists look alike
  uint64_t length = text.size();
  hash.update(StringRef(reinterpret_cast<const char *>(&length), sizeof length));
  hash.update(text);
}

std::set<std::string> weightNames(ModuleOp module) {
  std::set<std::string> names;
  module.walk([&](WeightOp op) { names.insert(op.getName().str()); });
  for (const WeightLayout &w : weightLayout(module))
    names.insert(w.name);
  return names;
}
} // namespace

Error strand::readWeights(StringRef path, Input &input) {
  input.weightsName = path;
  auto file = SafeTensorsFile::open(path);
  if (!file)
    return file.takeError();
  auto kept = std::make_shared<SafeTensorsFile>(std::move(*file));
  for (auto &[name, tensor] : kept->tensors())
    if (auto type = typeOf(tensor.dtype)) // others no op can read
      input.weights.add(
          name, {*type, tensor.shape, {reinterpret_cast<const char *>(tensor.bytes.data()), tensor.bytes.size()}});
  input.weights.keep(std::move(kept));
  return Error::success();
}

Error strand::readInput(MLIRContext &context, StringRef path, StringRef weights, Input &input) {
  if (llvm::sys::fs::is_directory(path)) {
    if (!weights.empty())
      return createStringError("'" + path +
                               "' is a checkpoint folder, which has its own weights; --weights= is for .mlir");
    input.weightsName = path;
    return readFolder(context, path, input);
  }
  if (!llvm::sys::fs::exists(path))
    return createStringError(path + ": error: cannot be read: No such file or folder");
  if (!weights.empty())
    if (Error e = readWeights(weights, input))
      return e;
  input.module = parseSourceFile<ModuleOp>(path, &context);
  return input.module ? Error::success() : llvm::make_error<AlreadyReported>();
}

std::string strand::modelHash(ModuleOp module, const WeightSource &weights, bool reproducible) {
  std::set<std::string> names = weightNames(module);
  std::vector<std::pair<StringRef, const WeightView *>> used;
  for (const std::string &name : names)
    if (const WeightView *view = weights.find(name))
      used.push_back({name, view});
  std::vector<llvm::BLAKE3Result<>> digests(used.size());
  llvm::parallelFor(0, used.size(), [&](size_t i) {
    const WeightView &w = *used[i].second;
    digests[i] = llvm::BLAKE3::hash(ArrayRef(reinterpret_cast<const uint8_t *>(w.bytes.data()), w.bytes.size()));
  });
  std::string text;
  llvm::raw_string_ostream out(text);
  module.print(out, OpPrintingFlags().assumeVerified());
  llvm::SHA256 hash;
  addText(hash, text);
  if (reproducible)
    addText(hash, "reproducible");
  for (auto [w, digest] : llvm::zip_equal(used, digests)) {
    std::string head = nameOf(w.second->type);
    for (int64_t d : w.second->shape)
      head += "," + std::to_string(d);
    addText(hash, w.first);
    addText(hash, head);
    hash.update(ArrayRef<uint8_t>(digest));
  }
  return llvm::toHex(hash.final(), /*LowerCase=*/true);
}

llvm::Expected<PlacedWeights> strand::placeWeights(ModuleOp module, const Input &input) {
  PlacedWeights placed;
  Error errors = Error::success();
  SmallVector<WeightLayout> layout = weightLayout(module);
  if (!layout.empty() && input.weightsName.empty())
    return createStringError("the model reads weights ('" + layout[0].name +
                             "' is the first); name their file with --weights=");
  for (const WeightLayout &w : layout) {
    auto one = place(w.name, w.type, w.shape, w.panel, input);
    if (!one) {
      errors = llvm::joinErrors(std::move(errors), one.takeError());
      continue;
    }
    one->offset = w.offset;
    placed.push_back(std::move(*one));
  }
  if (errors)
    return std::move(errors);
  return placed;
}

bool strand::checkWeights(const Input &input) {
  bool good = true;
  mlir::ModuleOp(input.module.get()).walk([&](WeightOp op) {
    auto type = cast<RankedTensorType>(op.getResult().getType());
    auto w = place(op.getName(), type.getElementType(), type.getShape(), op.getPanel().value_or(0), input);
    if (!w) {
      op.emitError(llvm::toString(w.takeError()));
      good = false;
    }
  });
  return good;
}
