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
#include "llvm/Transforms/IPO/GlobalDCE.h"
#include "llvm/Transforms/IPO/MergeFunctions.h"
#include "llvm/Transforms/IPO/SCCP.h"
#include "llvm/Transforms/InstCombine/InstCombine.h"
#include "llvm/Transforms/Scalar/ADCE.h"
#include "llvm/Transforms/Scalar/EarlyCSE.h"
#include "llvm/Transforms/Scalar/IndVarSimplify.h"
#include "llvm/Transforms/Scalar/LICM.h"
#include "llvm/Transforms/Scalar/LoopDeletion.h"
#include "llvm/Transforms/Scalar/LoopIdiomRecognize.h"
#include "llvm/Transforms/Scalar/LoopPassManager.h"
#include "llvm/Transforms/Scalar/LoopRotation.h"
#include "llvm/Transforms/Scalar/SROA.h"
#include "llvm/Transforms/Scalar/SimplifyCFG.h"
#include "llvm/Transforms/Utils/Cloning.h"
#include <optional>
using namespace llvm;
using namespace strand;
namespace {

Expected<std::unique_ptr<TargetMachine>> machineFor(const CpuTarget &t, const CodeOptions &code) {
  Triple triple(t.triple);
  std::string error;
  const Target *target = TargetRegistry::lookupTarget(triple, error);
  if (!target)
    return createStringError(error);
  TargetOptions options;
  options.AllowFPOpFusion = code.contracts ? FPOpFusion::Fast : FPOpFusion::Standard;
  auto codegen = code.level == 0 || code.quickly ? CodeGenOptLevel::None
                 : code.level == 1               ? CodeGenOptLevel::Less
                                                 : CodeGenOptLevel::Default;
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

/// What code of ours still needs, whose loops are over vectors and unrolled as far as they should be: values that stay
/// the same in front of their loops, tests behind the bodies, accumulators in registers. The default of LLVM for level
/// 1 takes three times as long, most of it to unroll what is left over and to look again for what constants and equal
/// values simplify; the code is as fast.
FunctionPassManager simplifications() {
  FunctionPassManager f;
  f.addPass(SROAPass(SROAOptions::ModifyCFG));
  f.addPass(EarlyCSEPass(/*UseMemorySSA=*/true));
  f.addPass(SimplifyCFGPass());
  f.addPass(InstCombinePass());
  LoopPassManager invariants;
  invariants.addPass(LoopRotatePass());
  invariants.addPass(LICMPass(LICMOptions()));
  f.addPass(createFunctionToLoopPassAdaptor(std::move(invariants), /*UseMemorySSA=*/true));
  f.addPass(EarlyCSEPass(/*UseMemorySSA=*/true));
  LoopPassManager counters;
  counters.addPass(LoopIdiomRecognizePass());
  counters.addPass(IndVarSimplifyPass());
  counters.addPass(LoopDeletionPass());
  f.addPass(createFunctionToLoopPassAdaptor(std::move(counters)));
  f.addPass(InstCombinePass());
  f.addPass(ADCEPass());
  f.addPass(SimplifyCFGPass(SimplifyCFGOptions().hoistCommonInsts(true).sinkCommonInsts(true)));
  return f;
}

ModulePassManager passesOf(PassBuilder &builder, int level) {
  if (level == 0)
    return builder.buildO0DefaultPipeline(OptimizationLevel::O0);
  if (level > 1)
    return builder.buildPerModuleDefaultPipeline(level == 2 ? OptimizationLevel::O2 : OptimizationLevel::O3);
  ModulePassManager passes;
  passes.addPass(IPSCCPPass());
  passes.addPass(createModuleToFunctionPassAdaptor(simplifications()));
  passes.addPass(GlobalDCEPass());
  return passes;
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
  passesOf(builder, level).run(module, modules);
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

/// A module in LLVM's IR, with what it lives in.
struct Translated {
  Context c; // outlives the module
  std::unique_ptr<Module> module;

  Error translate(mlir::ModuleOp from, const CpuTarget &target, const CodeOptions &options);
};

Error Translated::translate(mlir::ModuleOp from, const CpuTarget &target, const CodeOptions &options) {
  auto machine = machineFor(target, options);
  if (!machine)
    return machine.takeError();
  module = mlir::translateModuleToLLVMIR(from, c.context, options.name);
  if (!module)
    return createStringError("the module cannot be translated to LLVM IR");
  module->setTargetTriple(Triple(target.triple));
  module->setDataLayout((*machine)->createDataLayout());
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

Error compileModule(Module &module, const CpuTarget &target, const CodeOptions &options, ObjectFile &object) {
  auto machine = machineFor(target, options);
  if (!machine)
    return machine.takeError();
  optimise(module, **machine, options.level);
  raw_svector_ostream out(object);
  return write(module, **machine, CodeGenFileType::ObjectFile, out);
}

/// One part of a module, in a context and on a thread of its own.
Error compilePart(ArrayRef<char> bitcode, const CpuTarget &target, const CodeOptions &options, ObjectFile &object) {
  Context c;
  auto part = parseBitcodeFile(MemoryBufferRef(StringRef(bitcode.data(), bitcode.size()), options.name), c.context);
  if (!part)
    return part.takeError();
  if (Error e = compileModule(**part, target, options, object))
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

Expected<std::vector<std::vector<ObjectFile>>> strand::emitObjects(mlir::ModuleOp module, const CpuTarget &target,
                                                                   CodeOptions options, ArrayRef<int> levels,
                                                                   SmallVectorImpl<StepTime> &times) {
  Clock clock(times);
  Translated ir;
  if (Error e = ir.translate(module, target, options))
    return std::move(e);
  clock.lap("translate");
  unsigned count = options.inParts ? countParts(*ir.module) : 1;
  std::vector<std::vector<ObjectFile>> ofLevels;
  for (auto [i, level] : enumerate(levels)) {
    options.level = level;
    std::unique_ptr<Module> code = i + 1 < levels.size() ? CloneModule(*ir.module) : std::move(ir.module);
    std::vector<ObjectFile> &objects = ofLevels.emplace_back(1);
    Error e = count == 1 ? compileModule(*code, target, options, objects[0])
                         : compileParts(partsOf(std::move(code), count), target, options, objects);
    if (e)
      return std::move(e);
  }
  clock.lap("machine code");
  if (Error e = ir.c.result())
    return std::move(e);
  return ofLevels;
}

Expected<std::vector<ObjectFile>> strand::emitObjects(mlir::ModuleOp module, const CpuTarget &target,
                                                      const CodeOptions &options, SmallVectorImpl<StepTime> &times) {
  auto ofLevels = emitObjects(module, target, options, options.level, times);
  if (!ofLevels)
    return ofLevels.takeError();
  return std::move(ofLevels->front());
}

Error strand::emitText(mlir::ModuleOp module, const CpuTarget &target, const CodeOptions &options, CodeText kind,
                       raw_pwrite_stream &out, SmallVectorImpl<StepTime> &times) {
  Clock clock(times);
  Translated ir;
  if (Error e = ir.translate(module, target, options))
    return e;
  clock.lap("translate");
  auto machine = machineFor(target, options);
  if (!machine)
    return machine.takeError();
  optimise(*ir.module, **machine, options.level);
  clock.lap("optimise");
  if (kind == CodeText::Llvm)
    ir.module->print(out, nullptr);
  else if (Error e = write(*ir.module, **machine, CodeGenFileType::AssemblyFile, out))
    return e;
  clock.lap("text");
  return ir.c.result();
}
