// module -> f64 -> strand-decompose, the one pass of ours, which writes down what ops say of themselves -> upstream's
// bufferisation and loops -> code. Buffers are handed over as upstream's C interface wants them, as descriptors.
//
// What a state holds, and in which order, is said by the ops that strand-infer-structure puts in place of scans. So the
// states are those of the function after that stage; its results must be the ones that it had before.
#include "lib/Check/Meaning.h"
#include "lib/Check/Function.h"
#include "lib/Check/Widen.h"
#include "lib/Codegen/Cpu/Bounds.h"
#include "lib/Jit/Jit.h"
#include "lib/Pipelines/Run.h"
#include "lib/Pipelines/Stages.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "llvm/ADT/DenseSet.h"
#include <cmath>
#include <cstdlib>
using namespace mlir;
using namespace strand;
using llvm::createStringError;
using llvm::Error;
using llvm::Expected;
namespace {

const char *toLoops =
    "func.func(strand-decompose,convert-elementwise-to-linalg),"
    "one-shot-bufferize{bufferize-function-boundaries allow-return-allocs-from-loops "
    "function-boundary-type-conversion=identity-layout-map},"
    "buffer-deallocation-pipeline,convert-bufferization-to-memref,"
    "func.func(convert-linalg-to-loops,scf-forall-to-for),"
    "convert-scf-to-cf,expand-strided-metadata,lower-affine,math-expand-ops{ops=rsqrt},convert-math-to-libm,"
    "convert-math-to-llvm,finalize-memref-to-llvm,convert-arith-to-llvm,convert-index-to-llvm,convert-ub-to-llvm,"
    "convert-func-to-llvm,"
    "convert-cf-to-llvm,reconcile-unrealized-casts,llvm.func(strand-dissolve-descriptors)";

/// void name_packed(void **operands): the C interface of `name`, its operands from a list.
std::string emitPacked(ModuleOp module, StringRef name) {
  auto f = module.lookupSymbol<LLVM::LLVMFuncOp>(("_mlir_ciface_" + name).str());
  std::string packed = (name + "_packed").str();
  OpBuilder b = OpBuilder::atBlockEnd(module.getBody());
  Location loc = f.getLoc();
  Type pointer = LLVM::LLVMPointerType::get(b.getContext());
  auto type = LLVM::LLVMFunctionType::get(LLVM::LLVMVoidType::get(b.getContext()), {pointer});
  auto made = LLVM::LLVMFuncOp::create(b, loc, packed, type);
  b.setInsertionPointToStart(made.addEntryBlock(b));
  SmallVector<Value> operands;
  for (int32_t i = 0; i < int32_t(f.getNumArguments()); ++i) {
    Value at = LLVM::GEPOp::create(b, loc, pointer, pointer, made.getArgument(0), ArrayRef<LLVM::GEPArg>{i});
    operands.push_back(LLVM::LoadOp::create(b, loc, pointer, at));
  }
  LLVM::CallOp::create(b, loc, f, operands);
  LLVM::ReturnOp::create(b, loc, ValueRange());
  return packed;
}

/// A buffer as upstream's descriptor: allocated and aligned pointer, offset, sizes, strides.
struct Buffer {
  std::vector<char> bytes;
  SmallVector<int64_t> descriptor; // points into `bytes`

  Buffer(Buffer &&) = default;
  Buffer(const Buffer &) = delete;
  Buffer(int64_t size, ArrayRef<int64_t> shape) : bytes(std::max<int64_t>(size, 1)) {
    auto at = int64_t(reinterpret_cast<intptr_t>(bytes.data()));
    descriptor = {at, at, 0};
    llvm::append_range(descriptor, shape);
    SmallVector<int64_t> strides(shape.size(), 1);
    for (int64_t d = int64_t(shape.size()) - 2; d >= 0; --d)
      strides[d] = strides[d + 1] * shape[d + 1];
    llvm::append_range(descriptor, strides);
  }
};

/// What upstream's lowering of memref.copy calls where a layout is not the identity.
struct Unranked {
  int64_t rank;
  const int64_t *descriptor;
};
void copyBuffer(int64_t elementBytes, const Unranked *from, const Unranked *to) {
  int64_t rank = from->rank;
  ArrayRef<int64_t> sizes(from->descriptor + 3, rank);
  auto element = [&](const Unranked *buffer, int64_t n) {
    const int64_t *strides = buffer->descriptor + 3 + rank;
    int64_t at = buffer->descriptor[2];
    for (int64_t d = rank - 1; d >= 0; n /= sizes[d--])
      at += n % sizes[d] * strides[d];
    return reinterpret_cast<char *>(buffer->descriptor[1]) + at * elementBytes;
  };
  for (int64_t n = 0, count = ShapedType::getNumElements(sizes); n < count; ++n)
    memcpy(element(to, n), element(from, n), elementBytes);
}

double reciprocalRoot(double x) { return 1 / std::sqrt(x); }
float reciprocalRootF(float x) { return float(1 / std::sqrt(double(x))); }

/// Functions that upstream's lowering calls and no library has.
std::vector<std::pair<std::string, void *>> symbolsOfLoops() {
  return {{"memrefCopy", reinterpret_cast<void *>(copyBuffer)},
          {"rsqrt", reinterpret_cast<void *>(reciprocalRoot)},
          {"rsqrtf", reinterpret_cast<void *>(reciprocalRootF)}};
}

struct Loops {
  bool isWide;    // f64 in place of f32
  bool withState; // of the ops that scans become
};

class Meaning {
public:
  static Expected<std::vector<Meaning>> compile(ModuleOp module, const Signature &signature, ArrayRef<Loops> runs);
  Values run(const Inputs &inputs, int64_t cacheRows) const;

private:
  Meaning(const Signature &signature, Loops loops, SmallVector<CarriedValue> states)
      : signature(&signature), loops(loops), states(std::move(states)) {}
  /// What stands for elements of type `t`.
  Type widened(Type t) const {
    return t.isF32() && loops.isWide ? Float64Type::get(t.getContext()) : t;
  }
  Buffer argument(unsigned i, const Inputs &inputs, int64_t sequence) const;
  Buffer state(const CarriedValue &value, int64_t cacheRows) const;
  static Buffer integers(std::initializer_list<int64_t> values);

  const Signature *signature;
  Loops loops;
  SmallVector<CarriedValue> states;
  std::shared_ptr<JitModule> code; // of all runs
  void (*packed)(void **) = nullptr;
};

/// The function that a run is of, alone in a module.
struct Prepared {
  OwningOpRef<ModuleOp> module;
  SmallVector<CarriedValue> states;
};

Expected<Prepared> prepared(ModuleOp original, const Signature &signature, const CpuTarget &target, Loops loops) {
  OwningOpRef<ModuleOp> module;
  if (loops.withState) {
    auto made = structured(original, signature.name, target);
    if (!made)
      return made.takeError();
    module = std::move(*made);
  } else {
    module = isolate(original, signature.name);
  }
  auto f = module->lookupSymbol<func::FuncOp>(signature.name);
  f->setAttr("llvm.emit_c_interface", UnitAttr::get(f.getContext()));
  if (loops.isWide && failed(widenToF64(*module)))
    return createStringError("f64 cannot be put in place of f32");
  SmallVector<CarriedValue> states;
  if (loops.withState) {
    f->setAttr("strand.entry", StringAttr::get(f.getContext(), signature.name));
    if (Error e = runPasses(*module, "strand-derive-advance", "the meaning with state"))
      return std::move(e);
    states = carriedValues(f);
    for (unsigned i = 0; i < f.getNumArguments(); ++i)
      f.setArgAttrs(i, DictionaryAttr::get(f.getContext())); // upstream's passes warn of what they do not know
  }
  return Prepared{std::move(module), std::move(states)};
}

Expected<std::vector<Meaning>> Meaning::compile(ModuleOp original, const Signature &signature, ArrayRef<Loops> runs) {
  auto target = cpuTarget("native");
  if (!target)
    return target.takeError();
  auto nameOf = [&](size_t run) { return signature.name + (run ? "." + std::to_string(run) : ""); };
  std::vector<Meaning> meanings;
  OwningOpRef<ModuleOp> module; // of all runs
  for (auto [i, loops] : llvm::enumerate(runs)) {
    auto one = prepared(original, signature, *target, loops);
    if (!one)
      return one.takeError();
    if (module) {
      addSuffix(*one->module, nameOf(i).substr(signature.name.size()));
      moveInto(*module, *one->module);
    } else {
      module = std::move(one->module);
    }
    meanings.push_back(Meaning(signature, loops, std::move(one->states)));
  }
  if (Error e = runPasses(*module, toLoops, "the meaning"))
    return std::move(e);
  SmallVector<std::string> symbols;
  for (size_t i = 0; i < runs.size(); ++i)
    symbols.push_back(emitPacked(*module, nameOf(i)));
  auto made = JitModule::compile(*module, {*target, "", 0, symbolsOfLoops()});
  if (!made)
    return made.takeError();
  auto code = std::make_shared<JitModule>(std::move(*made));
  for (auto [meaning, symbol] : llvm::zip_equal(meanings, symbols)) {
    auto packed = code->function<void(void **)>(symbol);
    if (!packed)
      return packed.takeError();
    meaning.code = code;
    meaning.packed = *packed;
  }
  return meanings;
}

Buffer Meaning::integers(std::initializer_list<int64_t> values) {
  Buffer b(4 * values.size(), {int64_t(values.size())});
  for (auto [i, v] : llvm::enumerate(values))
    memcpy(b.bytes.data() + 4 * i, &v, 4);
  return b;
}

/// The rows of one sequence, or a parameter, with f64 for f32.
Buffer Meaning::argument(unsigned i, const Inputs &inputs, int64_t sequence) const {
  const Argument &a = signature->arguments[i];
  if (a.kind == ArgumentKind::Offsets)
    return integers({0, inputs.lengths[sequence]});
  bool perRow = a.kind == ArgumentKind::Rows;
  int64_t first = perRow ? inputs.starts[sequence] * itemSize(a.type) : 0;
  SmallVector<int64_t> shape = to_vector(a.type.getShape());
  if (perRow)
    shape[0] = inputs.lengths[sequence];
  Type from = a.type.getElementType(), to = widened(from);
  std::vector<double> values(ShapedType::getNumElements(shape));
  readElements(from, inputs.values[i].data() + first * bytesOfElement(from), values.size(), values.data());
  Buffer b(values.size() * bytesOfElement(to), shape);
  writeElements(to, values, b.bytes.data());
  return b;
}

/// One slot at its initial value.
Buffer Meaning::state(const CarriedValue &value, int64_t cacheRows) const {
  SmallVector<int64_t> shape = to_vector(value.type.getShape());
  shape[0] = 1;
  if (value.cache)
    shape[1] = cacheRows;
  Type e = value.type.getElementType();
  std::vector<double> initial(value.slotSize(cacheRows), value.initial);
  Buffer b(initial.size() * bytesOfElement(e), shape);
  writeElements(e, initial, b.bytes.data());
  return b;
}

/// Appends the elements of a returned buffer to `out`.
void appendElements(RankedTensorType type, const int64_t *descriptor, std::vector<double> &out) {
  Type e = type.getElementType();
  size_t before = out.size(); // the layout is the identity, as bufferisation was told
  out.resize(before + ShapedType::getNumElements(ArrayRef(descriptor + 3, type.getRank())));
  readElements(e, reinterpret_cast<const char *>(descriptor[1]) + descriptor[2] * bytesOfElement(e),
               out.size() - before, out.data() + before);
}

Values Meaning::run(const Inputs &inputs, int64_t cacheRows) const {
  Values values;
  values.results.resize(signature->results.size());
  values.states.resize(states.size());
  SmallVector<RankedTensorType> returned;
  for (RankedTensorType t : signature->results)
    returned.push_back(RankedTensorType::get(t.getShape(), widened(t.getElementType())));
  for (const CarriedValue &s : states)
    returned.push_back(s.type);
  int64_t words = 0;
  for (RankedTensorType t : returned)
    words += 3 + 2 * t.getRank();
  for (int64_t s = 0; s < inputs.sequences(); ++s) {
    std::vector<Buffer> buffers;
    for (unsigned i = 0; i < signature->arguments.size(); ++i)
      buffers.push_back(argument(i, inputs, s));
    for (const CarriedValue &value : states)
      buffers.push_back(state(value, cacheRows));
    if (!states.empty())
      buffers.push_back(integers({0}));
    std::vector<int64_t> results(words);
    std::vector<void *> operands{results.data()};
    for (Buffer &b : buffers)
      operands.push_back(b.descriptor.data());
    packed(operands.data());
    llvm::DenseSet<int64_t> owned; // two results may be one buffer
    const int64_t *at = results.data();
    for (auto [i, type] : llvm::enumerate(returned)) {
      appendElements(type, at,
                     i < signature->results.size() ? values.results[i] : values.states[i - signature->results.size()]);
      owned.insert(at[0]);
      at += 3 + 2 * type.getRank();
    }
    for (int64_t p : owned)
      free(reinterpret_cast<void *>(p));
  }
  return values;
}
} // namespace

/// Without state, and with it where that is legal.
static Expected<std::vector<Meaning>> compileRuns(ModuleOp module, const Signature &signature, bool isWide) {
  SmallVector<Loops> runs{{isWide, /*withState=*/false}};
  if (signature.hasState && signature.isResumable)
    runs.push_back({isWide, /*withState=*/true});
  return Meaning::compile(module, signature, runs);
}

Expected<Values> strand::meaningOf(ModuleOp module, const Signature &signature, const Inputs &inputs,
                                   int64_t cacheRows) {
  auto made = compileRuns(module, signature, /*isWide=*/true);
  if (!made)
    return made.takeError();
  Values values = made->front().run(inputs, cacheRows);
  for (auto [i, type] : llvm::enumerate(signature.results))
    if (int64_t items = values.results[i].size() / itemSize(type); items != inputs.rows())
      return createStringError("result %zu has %lld rows where the arguments have %lld", i, (long long)items,
                               (long long)inputs.rows());
  if (made->size() == 1)
    return values;
  Values again = made->back().run(inputs, cacheRows);
  for (auto [i, both] : llvm::enumerate(llvm::zip_equal(values.results, again.results))) {
    auto &[a, b] = both;
    for (auto [x, y] : llvm::zip_equal(a, b))
      if (!(std::abs(x - y) <= 1e-9 * std::max(1.0, std::abs(x))) && !(std::isnan(x) && std::isnan(y)))
        return createStringError("result %zu is %.17g without state and %.17g with it, both in f64", i, x, y);
  }
  values.states = std::move(again.states);
  return values;
}

Expected<std::vector<Values>> strand::plainLoops(ModuleOp module, const Signature &signature,
                                                 ArrayRef<const Inputs *> inputs, int64_t cacheRows) {
  auto plain = compileRuns(module, signature, /*isWide=*/false);
  if (!plain)
    return plain.takeError();
  std::vector<Values> all;
  for (const Inputs *in : inputs) {
    all.push_back(plain->front().run(*in, cacheRows));
    if (plain->size() > 1)
      all.back().states = plain->back().run(*in, cacheRows).states;
  }
  return all;
}
