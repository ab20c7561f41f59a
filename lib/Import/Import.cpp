// From a folder to a module: the family is found by `model_type`, whose name its file has in CamelCase.
#include "lib/Import/Diagnose.h"
#include "lib/Import/ModelBuilder.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "dialects/Strand/Strand.h"
#include "llvm/ADT/StringExtras.h"
using namespace mlir;
namespace strand {
#define STRAND_FAMILY(name) void import##name(ModelBuilder &, Value &);
#include "lib/Import/Families.inc"
#undef STRAND_FAMILY
namespace {
struct Family {
  std::string type;
  ImportFamily import;
};

const std::vector<Family> &families() {
  static const std::vector<Family> all = {
#define STRAND_FAMILY(name) {llvm::convertToSnakeFromCamelCase(#name), import##name},
#include "lib/Import/Families.inc"
#undef STRAND_FAMILY
  };
  return all;
}
} // namespace

llvm::Expected<OwningOpRef<ModuleOp>> importCheckpoint(MLIRContext &context, StringRef folder, WeightSource &weights) {
  context.loadDialect<StrandDialect, func::FuncDialect, arith::ArithDialect, math::MathDialect, linalg::LinalgDialect,
                      tensor::TensorDialect>();
  auto checkpoint = Checkpoint::open(folder);
  if (!checkpoint)
    return checkpoint.takeError();
  SmallVector<StringRef> names;
  for (const Family &f : families())
    names.push_back(f.type);
  StringRef type = checkpoint->config().getString("model_type", Config::required, names);
  if (llvm::Error e = checkpoint->config().check())
    return std::move(e);
  ModelBuilder model(context, *checkpoint, weights, type);
  Value logits;
  for (const Family &f : families())
    if (f.type == type)
      f.import(model, logits);
  return model.finish(logits);
}
} // namespace strand
