#include "lib/Passes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
using namespace mlir;
namespace strand {
#define GEN_PASS_DEF_OWNINITS
#include "lib/Passes.h.inc"
namespace {

/// Gives every use of the op's result but one a copy of the op, right in front of the user. The one that keeps it is in
/// the same block: in a loop further in, each iteration would find what the one before has written.
void giveEachUseItsOwn(Operation *op) {
  SmallVector<OpOperand *> uses;
  for (OpOperand &use : op->getUses())
    uses.push_back(&use);
  bool kept = false;
  for (OpOperand *use : uses) {
    bool keeps = !kept && use->getOwner()->getBlock() == op->getBlock();
    kept |= keeps;
    if (keeps)
      continue;
    OpBuilder b(use->getOwner());
    use->set(b.clone(*op)->getResult(0));
  }
  if (!kept)
    op->erase();
}

struct OwnInits : impl::OwnInitsBase<OwnInits> {
  void runOnOperation() override {
    SmallVector<Operation *> fills, empties;
    getOperation().walk([&](linalg::FillOp op) { fills.push_back(op); });
    for (Operation *op : fills)
      giveEachUseItsOwn(op);
    getOperation().walk([&](tensor::EmptyOp op) { empties.push_back(op); });
    for (Operation *op : empties)
      giveEachUseItsOwn(op);
  }
};
} // namespace
} // namespace strand
