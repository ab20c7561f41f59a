#include "dialects/Strand/Strand.h"
#include "lib/Lowering/CalleesFirst.h"
#include "lib/Passes.h"
#include "mlir/IR/IRMapping.h"
#include "llvm/ADT/StringSet.h"
using namespace mlir;
namespace strand {
#define GEN_PASS_DEF_INLINEFORMULAS
#include "lib/Passes.h.inc"
namespace {

void inlineCall(func::CallOp call, func::FuncOp callee) {
  OpBuilder b(call);
  IRMapping mapping;
  mapping.map(callee.getArguments(), call.getOperands());
  for (Operation &op : callee.front().without_terminator())
    b.clone(op, mapping);
  for (auto [result, value] : llvm::zip_equal(call.getResults(), callee.front().getTerminator()->getOperands()))
    result.replaceAllUsesWith(mapping.lookupOrDefault(value));
  call.erase();
}

struct InlineFormulas : impl::InlineFormulasBase<InlineFormulas> {
  llvm::StringSet<> carries; // functions with stateful ops, in themselves or in what they call

  void runOnOperation() override {
    FailureOr<SmallVector<func::FuncOp>> order = calleesFirst(getOperation());
    if (failed(order))
      return signalPassFailure();
    for (func::FuncOp f : *order) {
      bool stateful = f.walk([&](Operation *op) {
                         auto call = dyn_cast<func::CallOp>(op);
                         bool is = isa<StreamOpInterface>(op) || (call && carries.contains(call.getCallee()));
                         return is ? WalkResult::interrupt() : WalkResult::advance();
                       }).wasInterrupted();
      if (stateful)
        carries.insert(f.getName());
      else if (f.isPrivate() && !f.getNoInline() && f.getBody().hasOneBlock())
        inlineEverywhere(f);
    }
  }

  void inlineEverywhere(func::FuncOp f) {
    SmallVector<func::CallOp> calls = callsOf(f, getOperation());
    for (func::CallOp call : calls)
      inlineCall(call, f);
    if (!calls.empty())
      f.erase();
  }
};
} // namespace
} // namespace strand
