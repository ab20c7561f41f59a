#include "lib/Passes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OperationSupport.h"
#include "llvm/ADT/DenseMap.h"
using namespace mlir;
namespace strand {
#define GEN_PASS_DEF_MERGEFUNCTIONS
#include "lib/Passes.h.inc"
namespace {

bool mayMerge(func::FuncOp f) { return f.isPrivate() && !f.isDeclaration(); }

DictionaryAttr withoutName(func::FuncOp f) {
  NamedAttrList attributes(f->getAttrs());
  attributes.erase(f.getSymNameAttrName());
  return attributes.getDictionary(f.getContext());
}

/// Of what equal functions have in common, wherever their values come from.
llvm::hash_code hashOf(func::FuncOp f) {
  llvm::hash_code hash = hash_value(Attribute(withoutName(f)));
  f.getBody().walk([&](Operation *op) {
    hash = llvm::hash_combine(hash, OperationEquivalence::computeHash(op, OperationEquivalence::ignoreHashValue,
                                                                      OperationEquivalence::ignoreHashValue,
                                                                      OperationEquivalence::IgnoreLocations));
  });
  return hash;
}

bool areEqual(func::FuncOp a, func::FuncOp b) {
  return withoutName(a) == withoutName(b) &&
         OperationEquivalence::isRegionEquivalentTo(&a.getBody(), &b.getBody(), OperationEquivalence::IgnoreLocations);
}

struct MergeFunctions : impl::MergeFunctionsBase<MergeFunctions> {
  void runOnOperation() override {
    while (mergeOnce())
      ;
  }

  /// Whether there were equal functions.
  bool mergeOnce() {
    DenseMap<size_t, SmallVector<func::FuncOp, 1>> kept; // by hash
    DenseMap<StringAttr, StringAttr> stays;              // in place of a function that goes
    for (auto f : llvm::make_early_inc_range(getOperation().getOps<func::FuncOp>())) {
      if (!mayMerge(f))
        continue;
      SmallVector<func::FuncOp, 1> &alike = kept[hashOf(f)];
      auto *first = llvm::find_if(alike, [&](func::FuncOp g) { return areEqual(f, g); });
      if (first == alike.end()) {
        alike.push_back(f);
        continue;
      }
      stays[f.getNameAttr()] = first->getNameAttr();
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
