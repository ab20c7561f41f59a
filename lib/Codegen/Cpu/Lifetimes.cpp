// Intervals in the order of the text: programs are structured, so text order is time order but for loops.
#include "lib/Codegen/Cpu/Lifetimes.h"
#include "mlir/Interfaces/LoopLikeInterface.h"
using namespace mlir;

strand::Lifetimes::Lifetimes(Operation *root) : flow(root) {
  int64_t n = 0;
  root->walk([&](Operation *op, const WalkStage &stage) {
    if (stage.isBeforeAllRegions())
      numbers[op].first = n++;
    if (stage.isAfterAllRegions())
      numbers[op].last = n;
  });
}

FailureOr<strand::Interval> strand::Lifetimes::of(memref::AllocOp alloc) const {
  auto carried = [&]() {
    return alloc.emitError()
           << "buffer is made in a loop and carried out of the iteration; write the carried value into "
              "the loop's own operand (destination style)";
  };
  SmallVector<Operation *> users;
  for (Value alias : flow.resolve(alloc.getResult())) {
    if (auto arg = dyn_cast<BlockArgument>(alias))
      if (Operation *parent = arg.getOwner()->getParentOp();
          isa<LoopLikeOpInterface>(parent) && parent->isProperAncestor(alloc))
        return carried();
    llvm::append_range(users, alias.getUsers());
  }
  // the innermost block that holds all users: further out than the buffer's own if a branch yields it
  Block *block = alloc->getBlock();
  while (!llvm::all_of(users, [&](Operation *user) { return block->findAncestorOpInBlock(*user); })) {
    Operation *parent = block->getParentOp();
    if (isa<LoopLikeOpInterface>(parent))
      return carried();
    if (!parent->getBlock() || isa<func::FuncOp>(parent))
      return alloc.emitError() << "buffer is used in several blocks; structured control flow is needed here";
    block = parent->getBlock();
  }
  Interval all{INT64_MAX, 0};
  for (Operation *user : users) {
    Interval i = of(block->findAncestorOpInBlock(*user));
    all = {std::min(all.first, i.first), std::max(all.last, i.last)};
  }
  return all;
}
