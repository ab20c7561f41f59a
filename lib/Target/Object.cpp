// translate -> attributes of the target on every function -> parts -> LLVM's default pipeline -> objects; or one text.
#include "lib/Target/Object.h"
#include "lib/Target/Clock.h"
#include "lib/Target/Parts.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "llvm/Bitcode/BitcodeReader.h"
#include "llvm/IR/DiagnosticInfo.h"
#include "llvm/IR/DiagnosticPrinter.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/IR/Verifier.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Support/ThreadPool.h"
#include "llvm/Support/Threading.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/TargetParser/Triple.h"
#include "llvm/Transforms/IPO/MergeFunctions.h"
#include <optional>
using namespace llvm;
using namespace strand;
namespace {

Expected<std::unique_ptr<TargetMachine>> machineFor(const CpuTarget &t, int level) {
  Triple triple(t.triple);
  std::string error;
  const Target *target = TargetRegistry::lookupTarget(triple, error);
  if (!target)
    return createStringError(error);
  TargetOptions options;
  options.AllowFPOpFusion = FPOpFusion::Fast;
  auto codegen = level == 0 ? CodeGenOptLevel::None : level == 1 ? CodeGenOptLevel::Less : CodeGenOptLevel::Default;
  std::unique_ptr<TargetMachine> machine(target->createTargetMachine(triple, t.base, t.features, options, Reloc::PIC_,
                                                                     CodeModel::Small, codegen));
  if (!machine)
    return createStringError("no code generation for " + t.triple);
  return machine;
}

/// Says on every function what LLVM's passes otherwise would have to guess.
void annotate(Module &module, const CpuTarget &t) {
  std::string width = std::to_string(t.vectorBits);
  for (Function &f : module) {
    f.addFnAttr("target-cpu", t.base);
    f.addFnAttr("tune-cpu", t.tune);
    f.addFnAttr("target-features", t.features);
    f.addFnAttr("prefer-vector-width", width);
    f.addFnAttr("min-legal-vector-width", width);
    f.addFnAttr("frame-pointer", "none");
  }
  module.setPICLevel(PICLevel::BigPIC);
}

/// Layers that differ in their weights alone have tasks that do not differ at all.
void mergeEqual(Module &module) {
  for (Function &f : module)
    if (f.hasLocalLinkage())
      f.setUnnamedAddr(GlobalValue::UnnamedAddr::Global);
  MergeFunctionsPass::runOnModule(module);
}

void optimise(Module &module, TargetMachine &machine, int level) {
  LoopAnalysisManager loops;
  FunctionAnalysisManager functions;
  CGSCCAnalysisManager components;
  ModuleAnalysisManager modules;
  PassBuilder builder(&machine);
  builder.registerModuleAnalyses(modules);
  builder.registerCGSCCAnalyses(components);
  builder.registerFunctionAnalyses(functions);
  builder.registerLoopAnalyses(loops);
  builder.crossRegisterProxies(loops, functions, components, modules);
  const OptimizationLevel levels[] = {OptimizationLevel::O0, OptimizationLevel::O1, OptimizationLevel::O2,
                                      OptimizationLevel::O3};
  ModulePassManager passes = level == 0 ? builder.buildO0DefaultPipeline(levels[0])
                                        : builder.buildPerModuleDefaultPipeline(levels[std::min(level, 3)]);
  passes.run(module, modules);
}

/// Keeps LLVM's errors as text: without a handler it would print them and end the process.
struct ErrorText final : DiagnosticHandler {
  std::string &text;
  explicit ErrorText(std::string &text) : text(text) {}
  bool handleDiagnostics(const DiagnosticInfo &info) override {
    if (info.getSeverity() != DS_Error)
      return true;
    raw_string_ostream out(text);
    DiagnosticPrinterRawOStream printer(out);
    info.print(printer);
    return true;
  }
};

struct Context {
  LLVMContext context;
  std::string errors;
  Context() { context.setDiagnosticHandler(std::make_unique<ErrorText>(errors)); }
  Error result() const { return errors.empty() ? Error::success() : createStringError("LLVM: " + errors); }
};

/// A module in LLVM's IR, with what it lives in and what makes code of it.
struct Translated {
  Context c; // outlives the module
  std::unique_ptr<TargetMachine> machine;
  std::unique_ptr<Module> module;

  Error translate(mlir::ModuleOp from, const CpuTarget &target, const CodeOptions &options);
};

Error Translated::translate(mlir::ModuleOp from, const CpuTarget &target, const CodeOptions &options) {
  auto made = machineFor(target, options.level);
  if (!made)
    return made.takeError();
  machine = std::move(*made);
  module = mlir::translateModuleToLLVMIR(from, c.context, options.name);
  if (!module)
    return createStringError("the module cannot be translated to LLVM IR");
  module->setTargetTriple(Triple(target.triple));
  module->setDataLayout(machine->createDataLayout());
  annotate(*module, target);
  mergeEqual(*module);
  return Error::success();
}

Error write(Module &module, TargetMachine &machine, CodeGenFileType type, raw_pwrite_stream &out) {
  legacy::PassManager emit;
  if (machine.addPassesToEmitFile(emit, out, nullptr, type))
    return createStringError("the back-end of " + machine.getTargetTriple().str() + " cannot write this kind of file");
  emit.run(module);
  return Error::success();
}

Error compileModule(Module &module, TargetMachine &machine, const CodeOptions &options, ObjectFile &object) {
  optimise(module, machine, options.level);
  raw_svector_ostream out(object);
  return write(module, machine, CodeGenFileType::ObjectFile, out);
}

/// One part of a module, in a context and on a thread of its own.
Error compilePart(ArrayRef<char> bitcode, const CpuTarget &target, const CodeOptions &options, ObjectFile &object) {
  Context c;
  auto part = parseBitcodeFile(MemoryBufferRef(StringRef(bitcode.data(), bitcode.size()), options.name), c.context);
  if (!part)
    return part.takeError();
  auto machine = machineFor(target, options.level);
  if (!machine)
    return machine.takeError();
  if (Error e = compileModule(**part, **machine, options, object))
    return e;
  return c.result();
}

Error compileParts(ArrayRef<SmallVector<char, 0>> parts, const CpuTarget &target, const CodeOptions &options,
                   std::vector<ObjectFile> &objects) {
  objects.resize(parts.size());
  std::vector<std::optional<Error>> done(parts.size());
  {
    DefaultThreadPool threads(hardware_concurrency(parts.size()));
    for (size_t i = 0; i < parts.size(); ++i)
      threads.async([&, i] { done[i].emplace(compilePart(parts[i], target, options, objects[i])); });
  }
  Error all = Error::success();
  for (std::optional<Error> &e : done)
    all = joinErrors(std::move(all), std::move(*e));
  return all;
}
} // namespace

Expected<std::vector<ObjectFile>> strand::emitObjects(mlir::ModuleOp module, const CpuTarget &target,
                                                      const CodeOptions &options, SmallVectorImpl<StepTime> &times) {
  Clock clock(times);
  Translated ir;
  if (Error e = ir.translate(module, target, options))
    return std::move(e);
  std::vector<ObjectFile> objects(1);
  unsigned count = countParts(*ir.module);
  clock.lap("translate");
  Error e = count == 1 ? compileModule(*ir.module, *ir.machine, options, objects[0])
                       : compileParts(partsOf(std::move(ir.module), count), target, options, objects);
  clock.lap("machine code");
  if (e)
    return std::move(e);
  if (Error e = ir.c.result())
    return std::move(e);
  return objects;
}

Error strand::emitText(mlir::ModuleOp module, const CpuTarget &target, const CodeOptions &options, CodeText kind,
                       raw_pwrite_stream &out, SmallVectorImpl<StepTime> &times) {
  Clock clock(times);
  Translated ir;
  if (Error e = ir.translate(module, target, options))
    return e;
  clock.lap("translate");
  optimise(*ir.module, *ir.machine, options.level);
  clock.lap("optimise");
  if (kind == CodeText::Llvm)
    ir.module->print(out, nullptr);
  else if (Error e = write(*ir.module, *ir.machine, CodeGenFileType::AssemblyFile, out))
    return e;
  clock.lap("text");
  return ir.c.result();
}
