#include "lib/Check/Function.h"
#include "lib/Pipelines/Run.h"
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

void strand::addSuffix(ModuleOp module, StringRef suffix) {
  for (auto symbol : module.getOps<SymbolOpInterface>())
    if (!symbol.isDeclaration()) {
      StringAttr name = symbol.getNameAttr(), longer = StringAttr::get(module.getContext(), name.getValue() + suffix);
      (void)SymbolTable::replaceAllSymbolUses(name, longer, module);
      symbol.setName(longer);
    }
}

void strand::moveInto(ModuleOp to, ModuleOp from) {
  for (auto symbol : llvm::make_early_inc_range(from.getOps<SymbolOpInterface>()))
    if (!to.lookupSymbol(symbol.getNameAttr()))
      symbol->moveBefore(to.getBody(), to.getBody()->end());
}

ArrayRef<Stage> strand::between(ArrayRef<Stage> all, StringRef from, StringRef to) {
  return all.drop_until([&](const Stage &s) { return s.name == from; }).take_until([&](const Stage &s) {
    return s.name == to;
  });
}

llvm::Error strand::runStages(ModuleOp module, ArrayRef<Stage> stages) {
  for (const Stage &stage : stages)
    if (llvm::Error e = runPasses(module, stage.passes, "stage " + Twine(stage.name)))
      return e;
  return llvm::Error::success();
}

llvm::Expected<OwningOpRef<ModuleOp>> strand::structured(ModuleOp module, StringRef name, const CpuTarget &target) {
  OwningOpRef<ModuleOp> alone = isolate(module, name);
  if (llvm::Error e = runStages(*alone, between(stages(target), "model", "advance")))
    return std::move(e);
  return alone;
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
