// strand-own-inits: in the order of the text, each operand that is a place gets a copy of it, down to the tensor.empty.
#include "lib/Lowering/Places.h"
#include "lib/Passes.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "llvm/ADT/MapVector.h"
#include "llvm/ADT/SetVector.h"
using namespace mlir;
namespace strand {
#define GEN_PASS_DEF_OWNINITS
#include "lib/Passes.h.inc"
namespace {

/// The uses of a place from outside in the branches of an scf.if, one in each: only one of them runs, and what both
/// write may become the result in place.
SmallVector<std::pair<OpOperand *, OpOperand *>> usesInBranches(scf::IfOp branch) {
  SmallVector<std::pair<OpOperand *, OpOperand *>> pairs;
  if (branch.getElseRegion().empty())
    return pairs;
  auto usesIn = [](Region &region) {
    llvm::MapVector<Value, SmallVector<OpOperand *>> uses;
    for (Operation &op : region.front())
      for (OpOperand &operand : op.getOpOperands())
        if (operand.get().getDefiningOp() && isPlace(operand.get()) &&
            !region.isAncestor(operand.get().getParentRegion()))
          uses[operand.get()].push_back(&operand);
    return uses;
  };
  auto inElse = usesIn(branch.getElseRegion());
  for (auto &[place, uses] : usesIn(branch.getThenRegion()))
    if (uses.size() == 1 && inElse[place].size() == 1)
      pairs.push_back({uses[0], inElse[place][0]});
  return pairs;
}

/// Whether what a branch writes to the place goes into a buffer that is there already: then each branch begins with a
/// place of its own, and either becomes that buffer.
bool hasDestination(OpOperand *use) {
  Value written;
  auto dps = dyn_cast<DestinationStyleOpInterface>(use->getOwner());
  if (auto loop = dyn_cast<scf::ForallOp>(use->getOwner());
      loop && use->getOperandNumber() >= loop.getNumOperands() - loop.getOutputs().size())
    written = loop.getTiedOpResult(use);
  else if (dps && dps.isDpsInit(use))
    written = dps.getTiedOpResult(use);
  if (!written)
    return false;
  for (OpOperand &next : written.getUses()) {
    auto branch = dyn_cast<scf::IfOp>(next.getOwner()->getParentOp());
    if (branch && isa<scf::YieldOp>(next.getOwner()))
      return llvm::any_of(branch.getResult(next.getOperandNumber()).getUsers(),
                          llvm::IsaPred<bufferization::MaterializeInDestinationOp>);
    if (hasDestination(&next)) // written further
      return true;
  }
  return false;
}

bool areBranches(Value place) {
  if (!llvm::hasNItems(place.getUses(), 2))
    return false;
  auto branch = dyn_cast<scf::IfOp>((*place.getUsers().begin())->getParentOp());
  return branch && llvm::any_of(usesInBranches(branch), [&](auto &pair) { return pair.first->get() == place; });
}

/// Whether nothing but `use` needs the place, nor anything on the way down, and none of it stands outside of a loop
/// that `use` is in, where each iteration would find what the one before has written.
bool isOwn(OpOperand &use) {
  if (areBranches(use.get()))
    return !hasDestination(&use);
  for (Value v = use.get(); v; v = under(v))
    if (!v.hasOneUse() || v.getParentBlock() != use.getOwner()->getBlock())
      return false;
  return true;
}

/// Where `op` puts what another has put elsewhere already, it takes it from there: that value may be made in the first
/// place, and nobody else may read it once that is written.
void takeFromFirstPlace(bufferization::MaterializeInDestinationOp op) {
  for (Operation *user : llvm::to_vector(op.getSource().getUsers())) {
    auto later = dyn_cast<bufferization::MaterializeInDestinationOp>(user);
    if (later && later != op && later.getSource() == op.getSource() && op->getBlock() == later->getBlock() &&
        op->isBeforeInBlock(later) && op.getResult())
      later.getSourceMutable().set(op.getResult());
  }
}

struct OwnInits : impl::OwnInitsBase<OwnInits> {
  void runOnOperation() override {
    getOperation().walk(takeFromFirstPlace);
    llvm::SetVector<Operation *> old; // what may have no user any more
    auto leave = [&](Value place) {
      for (Value v = place; v; v = under(v))
        old.insert(v.getDefiningOp());
    };
    getOperation().walk([&](scf::IfOp branch) {
      OpBuilder b(branch);
      for (auto [first, second] : usesInBranches(branch)) {
        if (hasDestination(first) && hasDestination(second))
          continue;
        leave(first->get());
        first->set(placeAgain(b, first->get(), {}));
        second->set(first->get());
      }
    });
    SmallVector<OpOperand *> uses;
    getOperation().walk<WalkOrder::PreOrder>([&](Operation *op) {
      bool isPlaceItself = op->getNumResults() == 1 && isPlace(op->getResult(0));
      for (OpOperand &operand : op->getOpOperands())
        if (!isPlaceItself && operand.get().getDefiningOp() && isPlace(operand.get()) && !isa<tensor::DimOp>(op))
          uses.push_back(&operand);
    });
    for (OpOperand *use : uses) {
      auto insert = dyn_cast<tensor::InsertSliceOp>(use->getOwner());
      OpOperand *begin = insert && use == &insert.getDestMutable() ? beginOfPart(insert) : nullptr;
      if (!begin && isOwn(*use))
        continue;
      leave(use->get());
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
