#include "lib/Check/Function.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/SymbolTable.h"
#include "llvm/ADT/SetVector.h"
using namespace mlir;
using namespace strand;

OwningOpRef<ModuleOp> strand::isolate(ModuleOp module, StringRef name) {
  OwningOpRef<ModuleOp> copy = module.clone();
  llvm::SetVector<func::FuncOp> kept;
  kept.insert(copy->lookupSymbol<func::FuncOp>(name));
  for (size_t i = 0; i < kept.size(); ++i)
    func::FuncOp(kept[i]).walk([&](func::CallOp call) {
      if (auto callee = copy->lookupSymbol<func::FuncOp>(call.getCallee()))
        kept.insert(callee);
    });
  for (auto f : llvm::make_early_inc_range(copy->getOps<func::FuncOp>())) {
    if (!kept.contains(f)) {
      f.erase();
      continue;
    }
    if (f.getName() != name)
      f.setPrivate();
    f->removeAttr("check.tolerance");
    for (unsigned i = 0; i < f.getNumArguments(); ++i)
      for (StringRef mark : {"check.range", "check.kind"})
        f.removeArgAttr(i, StringAttr::get(f.getContext(), mark));
  }
  return copy;
}

int64_t CarriedValue::slotSize(int64_t cacheRows) const {
  int64_t item = ShapedType::getNumElements(type.getShape().drop_front(cache ? 2 : 1));
  return cache ? item * cacheRows : item;
}

SmallVector<CarriedValue> strand::carriedValues(func::FuncOp f) {
  SmallVector<CarriedValue> values;
  for (unsigned i = 0; i < f.getNumArguments(); ++i) {
    auto name = f.getArgAttrOfType<StringAttr>(i, "strand.state");
    if (!name)
      continue;
    Attribute initial = f.getArgAttr(i, "strand.initial");
    auto number = dyn_cast<FloatAttr>(initial);
    auto grows = [&](StringRef how) {
      return f.getArgAttr(i, "strand.growth") == StringAttr::get(f.getContext(), how);
    };
    values.push_back({name.str(), cast<RankedTensorType>(f.getArgumentTypes()[i]),
                      number ? number.getValueAsDouble() : double(cast<IntegerAttr>(initial).getValue().getSExtValue()),
                      grows("cache"), grows("count")});
  }
  return values;
}
