// passes -> the same object that strandc would write -> linked in memory. Each module has a session of its own, so
// modules neither see each other's symbols nor wait for each other.
#include "lib/Jit/Jit.h"
#include "lib/Pipelines/Run.h"
#include "mlir/IR/BuiltinOps.h"
#include "strand/abi.h"
#include "llvm/ExecutionEngine/Orc/AbsoluteSymbols.h"
#include "llvm/ExecutionEngine/Orc/LLJIT.h"
#include "llvm/ExecutionEngine/Orc/ObjectLinkingLayer.h"
#include "llvm/Support/MemoryBuffer.h"
using namespace llvm;
using namespace llvm::orc;
using namespace strand;
namespace {

Error checkCpu(const CpuTarget &target) {
  char missing[256];
  if (strand_rt_cpu_check(target.cpu_features.c_str(), missing, sizeof missing))
    return Error::success();
  return createStringError("code for " + target.name + " cannot run here: this CPU lacks " + missing);
}

Expected<std::unique_ptr<LLJIT>> session(const CpuTarget &target) {
  return LLJITBuilder()
      .setJITTargetMachineBuilder(JITTargetMachineBuilder(Triple(target.triple)))
      .setPlatformSetUp(setUpInactivePlatform) // there are no static constructors
      .setObjectLinkingLayerCreator([](ExecutionSession &s) -> Expected<std::unique_ptr<ObjectLayer>> {
        return std::make_unique<ObjectLinkingLayer>(s);
      })
      .create();
}

/// The run-time library is linked into this program, where the loader does not see it.
Error defineRunTime(LLJIT &jit) {
  SymbolMap symbols;
  auto add = [&](StringRef name, auto *function) {
    symbols[jit.mangleAndIntern(name)] = {ExecutorAddr::fromPtr(function), JITSymbolFlags::Exported | JITSymbolFlags::Callable};
  };
  add("strand_rt_parallel_for", strand_rt_parallel_for);
  add("strand_rt_threads", strand_rt_threads);
  add("strand_rt_check", strand_rt_check);
  return jit.getMainJITDylib().define(absoluteSymbols(std::move(symbols)));
}
} // namespace

JitModule::JitModule(std::unique_ptr<LLJIT> jit) : jit(std::move(jit)) {}
JitModule::JitModule(JitModule &&) = default;
JitModule &JitModule::operator=(JitModule &&) = default;
JitModule::~JitModule() = default;

Expected<JitModule> JitModule::compile(mlir::ModuleOp module, const JitOptions &options) {
  if (Error e = checkCpu(options.target))
    return std::move(e);
  if (Error e = runPasses(module, options.passes, "the pipeline"))
    return std::move(e);
  SmallVector<char, 0> object;
  raw_svector_ostream stream(object);
  SmallVector<StepTime> times;
  if (Error e = emitCode(module, options.target, {CodeKind::Object, options.level, "jit"}, stream, times))
    return std::move(e);
  auto jit = session(options.target);
  if (!jit)
    return jit.takeError();
  (*jit)->getExecutionSession().setErrorReporter([](Error e) { consumeError(std::move(e)); }); // lookup returns it as well
  if (Error e = defineRunTime(**jit))
    return std::move(e);
  if (Error e = (*jit)->addObjectFile(MemoryBuffer::getMemBufferCopy(StringRef(object.data(), object.size()), "jit")))
    return std::move(e);
  return JitModule(std::move(*jit));
}

Expected<void *> JitModule::lookup(StringRef symbol) const {
  auto address = jit->lookup(symbol);
  if (!address)
    return address.takeError();
  return address->toPtr<void *>();
}
