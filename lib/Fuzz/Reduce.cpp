// Takes one thing away after another, as long as the program stays wrong:
//   a result of a function                                  of several
//   an operation, its result replaced by an operand of the same type, or an argument of the block it is in
//   an operation on rows, its result replaced by a new argument of the function
//   an output or a carried value of a scan that nothing reads
// and what nothing reads after that. Until nothing can be taken away.
#include "lib/Fuzz/Reduce.h"
#include "dialects/Strand/Strand.h"
#include "lib/Passes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/Verifier.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "mlir/Parser/Parser.h"
using namespace mlir;
using namespace strand;
namespace {

func::FuncOp entryOf(ModuleOp module) {
  for (auto f : module.getOps<func::FuncOp>())
    if (f.isPublic())
      return f;
  return {};
}

/// Operations, inner ones too, the last first; the same for equal modules.
SmallVector<Operation *> operationsOf(ModuleOp module) {
  SmallVector<Operation *> ops;
  entryOf(module).getBody().walk([&](Operation *op) { ops.push_back(op); });
  std::reverse(ops.begin(), ops.end());
  return ops;
}

void setResults(func::FuncOp f, ArrayRef<Value> values) {
  Operation *end = f.getBody().front().getTerminator();
  end->setOperands(values);
  f.setFunctionType(FunctionType::get(f.getContext(), f.getArgumentTypes(), TypeRange(ValueRange(values))));
}

void dropUnread(ModuleOp module) {
  func::FuncOp f = entryOf(module);
  for (bool changed = true; changed;) {
    changed = false;
    for (Operation *op : operationsOf(module))
      if (op->use_empty() && !op->hasTrait<OpTrait::IsTerminator>() && op->getBlock()->getParentOp()) {
        if (!isMemoryEffectFree(op) && !isa<StreamOpInterface>(op))
          continue;
        op->erase();
        changed = true;
        break; // inner ones are gone too
      }
  }
  for (int i = int(f.getNumArguments()) - 1; i >= 0; --i)
    if (f.getArgument(i).use_empty() && f.getArgAttr(i, "check.kind") != StringAttr::get(f.getContext(), "offsets"))
      (void)f.eraseArgument(i);
}

/// Whether `v` holds something: a tensor.empty does not, nor what a body on one sees of it.
bool isSet(Value v) {
  if (auto argument = dyn_cast<BlockArgument>(v))
    if (auto op = dyn_cast<DestinationStyleOpInterface>(argument.getOwner()->getParentOp()))
      return argument.getArgNumber() < unsigned(op.getNumDpsInputs());
  return !v.getDefiningOp<tensor::EmptyOp>();
}

/// Ways to take `op` away; the `n`-th is done to it. False: there are no more.
bool takeAway(Operation *op, unsigned n) {
  if (op->hasTrait<OpTrait::IsTerminator>() || op->getNumResults() == 0 || op->use_empty())
    return false;
  SmallVector<Value> others(op->getOperands());
  auto f = op->getParentOfType<func::FuncOp>();
  bool isOuter = op->getParentOp() == f;
  if (!isOuter)
    llvm::append_range(others, op->getBlock()->getArguments());
  for (Value result : op->getResults()) {
    if (result.use_empty() || result.getType().isIndex()) // sizes are what they are
      continue;
    auto type = dyn_cast<RankedTensorType>(result.getType());
    if (isOuter && type && type.getRank() && type.isDynamicDim(0) && !isa<tensor::EmptyOp>(op) && n-- == 0) {
      (void)f.insertArgument(0, type, DictionaryAttr::get(op->getContext()), op->getLoc());
      result.replaceAllUsesWith(f.getArgument(0));
      return true;
    }
    for (Value other : others)
      if (other.getType() == result.getType() && isSet(other) && n-- == 0) {
        result.replaceAllUsesWith(other);
        return true;
      }
  }
  return false;
}

std::string printed(ModuleOp module) {
  std::string text;
  llvm::raw_string_ostream out(text);
  module.print(out);
  return text;
}

class Reducer {
public:
  Reducer(MLIRContext &context, llvm::function_ref<bool(StringRef)> isWrong) : context(context), isWrong(isWrong) {}
  std::string run(StringRef text);

private:
  OwningOpRef<ModuleOp> parsed(StringRef text) { return parseSourceString<ModuleOp>(text, &context); }
  /// Whether `edit`, done to the best program so far, leaves one that is wrong; then that is the best.
  bool attempt(llvm::function_ref<bool(ModuleOp)> edit);
  bool dropResults();
  bool dropOperations();

  MLIRContext &context;
  llvm::function_ref<bool(StringRef)> isWrong;
  std::string best;
};

bool Reducer::attempt(llvm::function_ref<bool(ModuleOp)> edit) {
  OwningOpRef<ModuleOp> module = parsed(best);
  if (!edit(*module))
    return false;
  dropUnread(*module);
  if (failed(verify(*module)))
    return false;
  std::string text = printed(*module);
  if (text == best || !isWrong(text))
    return false;
  best = text;
  return true;
}

bool Reducer::dropResults() {
  bool changed = false;
  for (unsigned i = 0; i < entryOf(*parsed(best)).getNumResults();) {
    bool dropped = attempt([&](ModuleOp module) {
      func::FuncOp f = entryOf(module);
      SmallVector<Value> values(f.getBody().front().getTerminator()->getOperands());
      if (values.size() < 2)
        return false;
      values.erase(values.begin() + i);
      setResults(f, values);
      return true;
    });
    changed |= dropped;
    i += !dropped;
  }
  return changed;
}

bool Reducer::dropOperations() {
  bool changed = false;
  for (size_t at = 0; at < operationsOf(*parsed(best)).size(); ++at) {
    bool isLast = false;
    for (unsigned way = 0; !isLast; ++way)
      if (attempt([&](ModuleOp module) {
            isLast = !takeAway(operationsOf(module)[at], way);
            return !isLast;
          })) {
        changed = true;
        break;
      }
  }
  return changed;
}

std::string Reducer::run(StringRef text) {
  best = printed(*parsed(text));
  if (!isWrong(best))
    return text.str();
  for (bool changed = true; changed;) {
    changed = dropResults();
    changed |= dropOperations();
  }
  return best;
}
} // namespace

std::string strand::reduceProgram(StringRef text, llvm::function_ref<bool(StringRef)> isWrong) {
  DialectRegistry registry;
  registerEverything(registry);
  MLIRContext context(registry, MLIRContext::Threading::DISABLED);
  ScopedDiagnosticHandler quiet(&context, [](Diagnostic &) { return success(); }); // candidates may be invalid
  return Reducer(context, isWrong).run(text);
}
