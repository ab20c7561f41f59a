// strand-own-inits: in the order of the text, each operand that is a place gets a copy of it, down to the tensor.empty.
#include "lib/Lowering/Places.h"
#include "lib/Passes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "llvm/ADT/SetVector.h"
using namespace mlir;
namespace strand {
#define GEN_PASS_DEF_OWNINITS
#include "lib/Passes.h.inc"
namespace {

/// Whether nothing but `use` needs the place, nor anything on the way down, and none of it stands outside of a loop that
/// `use` is in, where each iteration would find what the one before has written.
bool isOwn(const OpOperand &use) {
  for (Value v = use.get(); v; v = under(v))
    if (!v.hasOneUse() || v.getParentBlock() != use.getOwner()->getBlock())
      return false;
  return true;
}

struct OwnInits : impl::OwnInitsBase<OwnInits> {
  void runOnOperation() override {
    SmallVector<OpOperand *> uses;
    getOperation().walk<WalkOrder::PreOrder>([&](Operation *op) {
      bool isPlaceItself = op->getNumResults() == 1 && isPlace(op->getResult(0));
      for (OpOperand &operand : op->getOpOperands())
        if (!isPlaceItself && operand.get().getDefiningOp() && isPlace(operand.get()) && !isa<tensor::DimOp>(op))
          uses.push_back(&operand);
    });
    llvm::SetVector<Operation *> old; // what may have no user any more
    for (OpOperand *use : uses) {
      auto insert = dyn_cast<tensor::InsertSliceOp>(use->getOwner());
      OpOperand *begin = insert && use == &insert.getDestMutable() ? beginOfPart(insert) : nullptr;
      if (!begin && isOwn(*use))
        continue;
      for (Value v = use->get(); v; v = under(v))
        old.insert(v.getDefiningOp());
      OpBuilder b(use->getOwner());
      use->set(begin ? baseOf(begin->get()) : placeAgain(b, use->get(), {}));
    }
    for (bool changed = true; changed;) {
      changed = false;
      for (Operation *op : llvm::to_vector(old))
        if (op->use_empty()) {
          old.remove(op);
          op->erase();
          changed = true;
        }
    }
  }
};
} // namespace
} // namespace strand
