#include "lib/Check/Program.h"
#include "lib/Check/Lanes.h"
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

/// Behind the structure stage, with an entry: what all forms begin as.
Expected<OwningOpRef<ModuleOp>> prepared(ModuleOp original, const Signature &signature, const CpuTarget &target) {
  auto module = structured(original, signature.name, target);
  if (!module)
    return module.takeError();
  auto f = (*module)->lookupSymbol<func::FuncOp>(signature.name);
  f.setPrivate();
  func::FuncOp entry = emitEntry(f, signature);
  if (signature.offsets)
    entry.setArgAttr(*signature.offsets, "strand.input", StringAttr::get(f.getContext(), "offsets"));
  return std::move(*module);
}

func::FuncOp entryOf(ModuleOp module, const Signature &s) {
  return module.lookupSymbol<func::FuncOp>(s.name + ".entry");
}

/// The way of several forms: the structure stage together, then, as far as they are alike, on copies of one another up
/// to the loops over tiles, of which a form may ask for others, and the rest of the way as one module.
class Together {
public:
  Together(const Signature &signature, const CpuTarget &target, const StageOptions &options)
      : signature(signature), target(target), options(options), all(stages(target, options)) {}

  Error run(ModuleOp original, ArrayRef<ProgramForm> forms);

  OwningOpRef<ModuleOp> module;
  SmallVector<CarriedValue> carried; // by the forms with state
  llvm::json::Array ops;
  static std::string suffix(size_t form, size_t forms) { return forms == 1 ? "" : "." + std::to_string(form); }

private:
  Expected<OwningOpRef<ModuleOp>> upToLoops(ModuleOp begun, const ProgramForm &form);
  Error derive(ModuleOp module) {
    if (Error e = runStages(module, between(all, "advance", "chunks")))
      return e;
    carried = carriedValues(entryOf(module, signature));
    return Error::success();
  }

  const Signature &signature;
  const CpuTarget &target;
  StageOptions options;
  std::vector<Stage> all;
};

Expected<OwningOpRef<ModuleOp>> Together::upToLoops(ModuleOp begun, const ProgramForm &form) {
  OwningOpRef<ModuleOp> module = begun.clone();
  if (form.form == Form::Step)
    for (auto f : module->getOps<func::FuncOp>())
      f->setAttr("strand.single_row", UnitAttr::get(f.getContext()));
  options.form = form.chunkForm;
  if (Error e = runStages(*module, between(stages(target, options), "chunks", "buffers")))
    return std::move(e);
  return module;
}

Error Together::run(ModuleOp original, ArrayRef<ProgramForm> forms) {
  auto whole = prepared(original, signature, target);
  if (!whole)
    return whole.takeError();
  OwningOpRef<ModuleOp> withState;
  for (auto [i, form] : llvm::enumerate(forms)) {
    if (form.form != Form::Whole && !withState) {
      withState = (*whole)->clone();
      if (Error e = derive(*withState))
        return e;
    }
    auto made = upToLoops(form.form == Form::Whole ? **whole : *withState, form);
    if (!made)
      return made.takeError();
    std::string of = suffix(i, forms.size());
    entryOf(**made, signature)->setAttr("strand.entry", StringAttr::get(original.getContext(), signature.name + of));
    addSuffix(**made, of);
    if (module)
      moveInto(*module, **made);
    else
      module = std::move(*made);
  }
  for (const Stage &stage : between(all, "buffers")) {
    if (StringRef(stage.passes).contains("strand-c-interface"))
      ops = reportOf(*module);
    if (Error e = runStages(*module, stage))
      return e;
  }
  return Error::success();
}
} // namespace

Expected<SmallVector<CarriedValue>> Program::carriedBy(ModuleOp original, const Signature &signature,
                                                       const CpuTarget &target) {
  auto module = prepared(original, signature, target);
  if (!module)
    return module.takeError();
  if (Error e = runStages(**module, between(stages(target), "advance", "chunks")))
    return std::move(e);
  return carriedValues(entryOf(**module, signature));
}

Expected<std::vector<std::vector<Program>>> Program::compile(ModuleOp original, const Signature &signature,
                                                             ArrayRef<ProgramForm> forms,
                                                             const ProgramOptions &options) {
  Together together(signature, options.target, options.stages);
  if (Error e = together.run(original, forms))
    return std::move(e);
  JitOptions jit{options.target,  "", 0, laneSymbols(), options.inParts, /*contracts=*/!options.stages.reproducible,
                 options.quickly};
  auto ofLevels = JitModule::compile(*together.module, jit, options.levels);
  if (!ofLevels)
    return ofLevels.takeError();
  auto ops = std::make_shared<llvm::json::Array>(std::move(together.ops));
  std::vector<std::vector<Program>> programs(forms.size());
  for (JitModule &made : *ofLevels) {
    auto code = std::make_shared<JitModule>(std::move(made));
    for (auto [i, form] : llvm::enumerate(forms)) {
      Program &program = programs[i].emplace_back(Program(signature));
      if (form.form != Form::Whole)
        program.carried = together.carried;
      program.code = code;
      program.ops = ops;
      auto entry = Entry::of(*code, signature.name + Together::suffix(i, forms.size()));
      if (!entry)
        return entry.takeError();
      program.entry = *entry;
    }
  }
  return programs;
}

Expected<Entry> Entry::of(const JitModule &code, llvm::StringRef name) {
  auto call = code.function<std::remove_pointer_t<decltype(Entry::call)>>((name + "_call").str());
  if (!call)
    return call.takeError();
  auto scratch = code.function<std::remove_pointer_t<decltype(Entry::scratch)>>((name + "_scratch").str());
  if (!scratch)
    return scratch.takeError();
  return Entry{*call, *scratch};
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
  entry.call(c.threads, buffers.data(), sizes.data(), c.scratch);
}
