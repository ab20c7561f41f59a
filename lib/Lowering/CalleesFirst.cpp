// The order of passes that change signatures: a function is changed before those that call it.
// Upstream's CallGraph begins at public functions and does not reach private ones that nobody calls, as @advance.
#include "lib/Lowering/CalleesFirst.h"
using namespace mlir;
namespace {
enum class Mark { None, Open, Done };

struct Visit {
  SymbolTable symbols;
  DenseMap<Operation *, Mark> marks;
  SmallVector<func::FuncOp> order;

  explicit Visit(ModuleOp module) : symbols(module) {}
  LogicalResult operator()(func::FuncOp f) {
    if (marks[f] == Mark::Done || f.isDeclaration())
      return success();
    if (marks[f] == Mark::Open)
      return f.emitError() << "calls itself, directly or through others; models have no recursion";
    marks[f] = Mark::Open;
    WalkResult r = f.walk([&](func::CallOp call) {
      auto callee = symbols.lookup<func::FuncOp>(call.getCallee());
      return WalkResult(callee ? (*this)(callee) : success());
    });
    if (r.wasInterrupted())
      return failure();
    marks[f] = Mark::Done;
    order.push_back(f);
    return success();
  }
};
} // namespace

FailureOr<SmallVector<func::FuncOp>> strand::calleesFirst(ModuleOp module) {
  Visit visit(module);
  for (auto f : module.getOps<func::FuncOp>())
    if (failed(visit(f)))
      return failure();
  return visit.order;
}

LogicalResult strand::forEachCalleesFirst(ModuleOp module, llvm::function_ref<LogicalResult(func::FuncOp)> convert) {
  FailureOr<SmallVector<func::FuncOp>> order = calleesFirst(module);
  if (failed(order))
    return failure();
  for (func::FuncOp f : *order)
    if (failed(convert(f)))
      return failure();
  return success();
}

SmallVector<func::CallOp> strand::callsOf(func::FuncOp f, ModuleOp module) {
  SmallVector<func::CallOp> calls;
  module.walk([&](func::CallOp call) {
    if (call.getCallee() == f.getName())
      calls.push_back(call);
  });
  return calls;
}
