#include "lib/Lowering/CalleesFirst.h"
#include "lib/Passes.h"
using namespace mlir;
namespace strand {
#define GEN_PASS_DEF_DERIVESTEP
#include "lib/Passes.h.inc"
namespace {

std::string stepName(StringRef name) { return name == "advance" ? "step" : (name + ".step").str(); }

struct DeriveStep : impl::DeriveStepBase<DeriveStep> {
  llvm::StringMap<func::FuncOp> copies; // by the name of the original

  void runOnOperation() override {
    auto advance = getOperation().lookupSymbol<func::FuncOp>("advance");
    FailureOr<SmallVector<func::FuncOp>> order = calleesFirst(getOperation());
    if (failed(order))
      return signalPassFailure();
    if (!advance)
      return;
    for (func::FuncOp f : *order)
      if (f == advance || isReached(f))
        if (failed(copy(f)))
          return signalPassFailure();
  }

  /// Whether @advance calls `f`, directly or through others.
  bool isReached(func::FuncOp f) {
    return llvm::any_of(callsOf(f, getOperation()), [&](func::CallOp call) {
      auto caller = call->getParentOfType<func::FuncOp>();
      return caller.getName() == "advance" || isReached(caller);
    });
  }

  LogicalResult copy(func::FuncOp f) {
    std::string name = stepName(f.getName());
    if (getOperation().lookupSymbol(name))
      return f.emitError() << "cannot be copied as @" << name << ": there is one already";
    OpBuilder b(f);
    b.setInsertionPointAfter(f);
    auto step = cast<func::FuncOp>(b.clone(*f));
    step.setName(name);
    step->setAttr("strand.single_row", b.getUnitAttr());
    step.walk([&](func::CallOp call) {
      if (auto callee = copies.find(call.getCallee()); callee != copies.end())
        call.setCallee(callee->second.getName());
    });
    copies[f.getName()] = step;
    return success();
  }
};
} // namespace
} // namespace strand
