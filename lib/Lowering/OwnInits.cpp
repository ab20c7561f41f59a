#include "lib/Passes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
using namespace mlir;
namespace strand {
#define GEN_PASS_DEF_OWNINITS
#include "lib/Passes.h.inc"
namespace {

/// Gives every use of the op's result but the first a copy of the op, right in front of the user.
void giveEachUseItsOwn(Operation *op) {
  SmallVector<OpOperand *> uses;
  for (OpOperand &use : op->getUses())
    uses.push_back(&use);
  for (OpOperand *use : ArrayRef(uses).drop_front()) {
    OpBuilder b(use->getOwner());
    use->set(b.clone(*op)->getResult(0));
  }
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
