#include "lib/Codegen/EqualFunctions.h"
#include "lib/Passes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
using namespace mlir;
namespace strand {
#define GEN_PASS_DEF_MERGEFUNCTIONS
#include "lib/Passes.h.inc"
namespace {

bool mayMerge(func::FuncOp f) { return f.isPrivate() && !f.isDeclaration(); }

struct MergeFunctions : impl::MergeFunctionsBase<MergeFunctions> {
  void runOnOperation() override {
    while (mergeOnce())
      ;
  }

  /// Whether there were equal functions.
  bool mergeOnce() {
    EqualFunctions functions;
    DenseMap<StringAttr, StringAttr> stays; // in place of a function that goes
    for (auto f : llvm::make_early_inc_range(getOperation().getOps<func::FuncOp>())) {
      if (!mayMerge(f))
        continue;
      FunctionOpInterface first = functions.firstLike(f);
      if (first == f)
        continue;
      stays[f.getNameAttr()] = first.getNameAttr();
      f.erase();
      ++numMerged;
    }
    if (stays.empty())
      return false;
    getOperation().walk([&](Operation *op) {
      auto call = dyn_cast<func::CallOp>(op);
      auto address = dyn_cast<func::ConstantOp>(op);
      if (StringAttr name = stays.lookup(call      ? call.getCalleeAttr().getAttr()
                                         : address ? address.getValueAttr().getAttr()
                                                   : StringAttr()))
        op->setAttr(call ? call.getCalleeAttrName() : address.getValueAttrName(), FlatSymbolRefAttr::get(name));
    });
    return true;
  }
};
} // namespace
} // namespace strand
