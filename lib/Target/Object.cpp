// translate -> attributes of the target on every function -> LLVM's default pipeline -> text or object.
#include "lib/Target/Object.h"
#include "lib/Target/Clock.h"
#include "mlir/IR/BuiltinOps.h"
#include "mlir/Target/LLVMIR/Export.h"
#include "llvm/IR/DiagnosticInfo.h"
#include "llvm/IR/DiagnosticPrinter.h"
#include "llvm/IR/LegacyPassManager.h"
#include "llvm/IR/Module.h"
#include "llvm/IR/Verifier.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Passes/PassBuilder.h"
#include "llvm/Target/TargetMachine.h"
#include "llvm/TargetParser/Triple.h"
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
} // namespace

Error strand::emitCode(mlir::ModuleOp module, const CpuTarget &target, const ObjectOptions &options,
                       raw_pwrite_stream &out, SmallVectorImpl<StepTime> &times) {
  Clock clock(times);
  LLVMContext context;
  std::string errors;
  context.setDiagnosticHandler(std::make_unique<ErrorText>(errors));
  std::unique_ptr<Module> ir = mlir::translateModuleToLLVMIR(module, context, options.name);
  if (!ir)
    return createStringError("the module cannot be translated to LLVM IR");
  auto machine = machineFor(target, options.level);
  if (!machine)
    return machine.takeError();
  ir->setTargetTriple(Triple(target.triple));
  ir->setDataLayout((*machine)->createDataLayout());
  annotate(*ir, target);
  clock.lap("translate");
  optimise(*ir, **machine, options.level);
  clock.lap("optimise");
  if (options.kind == CodeKind::LlvmText) {
    ir->print(out, nullptr);
  } else {
    legacy::PassManager emit;
    auto type = options.kind == CodeKind::Assembly ? CodeGenFileType::AssemblyFile : CodeGenFileType::ObjectFile;
    if ((*machine)->addPassesToEmitFile(emit, out, nullptr, type))
      return createStringError("the back-end of " + target.triple + " cannot write this kind of file");
    emit.run(*ir);
  }
  clock.lap("machine code");
  return errors.empty() ? Error::success() : createStringError("LLVM: " + errors);
}
