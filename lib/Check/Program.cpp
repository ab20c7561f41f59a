#include "lib/Check/Program.h"
#include "lib/Check/Lanes.h"
#include "lib/Pipelines/Run.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
using namespace mlir;
using namespace strand;
using llvm::Error;
using llvm::Expected;
namespace {

/// A private function around `f` that writes its results into arguments, marked for strand-function-interface:
///   @f.entry(arguments of f, a destination for each result) -> results
func::FuncOp emitEntry(func::FuncOp f, const Signature &s) {
  OpBuilder b(f);
  b.setInsertionPointAfter(f);
  SmallVector<Type> arguments(f.getArgumentTypes()), results(f.getResultTypes());
  llvm::append_range(arguments, results);
  auto entry =
      func::FuncOp::create(b, f.getLoc(), (f.getName() + ".entry").str(), b.getFunctionType(arguments, results));
  entry.setPrivate();
  entry->setAttr("strand.entry", f.getNameAttr());
  for (unsigned i = 0; i < arguments.size(); ++i) {
    bool result = i >= s.arguments.size();
    if (result || s.arguments[i].kind == ArgumentKind::Rows)
      entry.setArgAttr(i, "strand.rows", b.getUnitAttr());
    if (!result) // nothing of a caller's is written over
      entry.setArgAttr(i, "bufferization.writable", b.getBoolAttr(false));
  }
  b.setInsertionPointToStart(entry.addEntryBlock());
  ValueRange operands = entry.getArguments();
  auto call = func::CallOp::create(b, f.getLoc(), f, operands.take_front(s.arguments.size()));
  SmallVector<Value> written;
  for (auto [r, out] : llvm::zip_equal(call.getResults(), operands.drop_front(s.arguments.size())))
    written.push_back(
        bufferization::MaterializeInDestinationOp::create(b, f.getLoc(), r.getType(), r, out).getResult());
  func::ReturnOp::create(b, f.getLoc(), written);
  return entry;
}
/// The function alone in a module, with its entry.
OwningOpRef<ModuleOp> prepared(ModuleOp original, const Signature &signature) {
  OwningOpRef<ModuleOp> module = isolate(original, signature.name);
  auto f = module->lookupSymbol<func::FuncOp>(signature.name);
  f.setPrivate();
  func::FuncOp entry = emitEntry(f, signature);
  if (signature.offsets)
    entry.setArgAttr(*signature.offsets, "strand.input", StringAttr::get(f.getContext(), "offsets"));
  return module;
}

bool derivesState(const Stage &stage) { return StringRef(stage.name) == "advance"; }
SmallVector<CarriedValue> carriedByEntry(ModuleOp module, const Signature &s) {
  return carriedValues(module.lookupSymbol<func::FuncOp>(s.name + ".entry"));
}
} // namespace

Expected<SmallVector<CarriedValue>> Program::carriedBy(ModuleOp original, const Signature &signature,
                                                       const CpuTarget &target) {
  OwningOpRef<ModuleOp> module = prepared(original, signature);
  for (const Stage &stage : stages(target)) {
    if (Error e = runPasses(*module, stage.passes, "stage " + Twine(stage.name)))
      return std::move(e);
    if (derivesState(stage))
      break;
  }
  return carriedByEntry(*module, signature);
}

Expected<std::vector<Program>> Program::compile(ModuleOp original, const Signature &signature, Form form,
                                                 const CpuTarget &target, const StageOptions &options,
                                                 ArrayRef<int> levels) {
  OwningOpRef<ModuleOp> module = prepared(original, signature);
  if (form == Form::Step)
    for (auto g : module->getOps<func::FuncOp>())
      g->setAttr("strand.single_row", UnitAttr::get(g.getContext()));
  SmallVector<CarriedValue> carried;
  llvm::json::Array ops;
  for (const Stage &stage : stages(target, options)) {
    if (derivesState(stage) && form == Form::Whole)
      continue;
    if (StringRef(stage.passes).contains("strand-c-interface"))
      ops = reportOf(*module);
    if (Error e = runPasses(*module, stage.passes, "stage " + Twine(stage.name)))
      return std::move(e);
    if (derivesState(stage))
      carried = carriedByEntry(*module, signature);
  }
  std::vector<Program> programs;
  for (int level : levels) {
    auto code = JitModule::compile(*module, {target, "", level, laneSymbols()});
    if (!code)
      return code.takeError();
    auto call = code->function<CallFn>(signature.name + "_call");
    if (!call)
      return call.takeError();
    auto scratch = code->function<ScratchFn>(signature.name + "_scratch");
    if (!scratch)
      return scratch.takeError();
    programs.push_back(Program(signature, carried, std::move(*code), *call, *scratch));
    programs.back().ops = ops;
  }
  return programs;
}

void Program::run(const Call &c) const {
  SmallVector<void *> buffers(c.arguments);
  SmallVector<int64_t> sizes;
  for (const Argument &a : signature->arguments)
    if (a.kind != ArgumentKind::Parameter)
      sizes.push_back(a.kind == ArgumentKind::Rows ? c.rows : c.sequences + 1);
  llvm::append_range(buffers, c.results);
  sizes.append(c.results.size(), c.rows);
  llvm::append_range(buffers, c.states);
  for (const CarriedValue &s : carried) {
    sizes.push_back(c.slots);
    if (s.cache)
      sizes.push_back(c.cacheRows);
  }
  if (!carried.empty()) {
    buffers.push_back(c.slotOf);
    sizes.push_back(c.sequences);
  }
  call(c.threads, buffers.data(), sizes.data(), c.scratch);
}
