// strand-dissolve-descriptors: one walk forwards for the fields, one backwards for what is read no longer.
#include "lib/Passes.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
using namespace mlir;
namespace strand {
#define GEN_PASS_DEF_DISSOLVEDESCRIPTORS
#include "lib/Passes.h.inc"
namespace {

struct DissolveDescriptors : impl::DissolveDescriptorsBase<DissolveDescriptors> {
  void runOnOperation() override {
    SmallVector<Operation *> onAggregates;
    getOperation().walk([&](Operation *op) {
      if (auto field = dyn_cast<LLVM::ExtractValueOp>(op))
        replace(field);
      if (isa<LLVM::ExtractValueOp, LLVM::InsertValueOp, LLVM::PoisonOp>(op))
        onAggregates.push_back(op);
    });
    for (Operation *op : llvm::reverse(onAggregates))
      if (op->use_empty())
        op->erase();
  }

private:
  /// By what was put in, if an insertvalue of the function did.
  static void replace(LLVM::ExtractValueOp field) {
    SmallVector<OpFoldResult> known;
    if (failed(field->fold(known)) || known.empty())
      return;
    if (auto value = dyn_cast<Value>(known.front()); value && value != field.getResult())
      field.getResult().replaceAllUsesWith(value);
  }
};
} // namespace
} // namespace strand
