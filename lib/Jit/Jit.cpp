// passes -> the same object that strandc would write -> linked in memory. Each module has a session of its own, so
// modules neither see each other's symbols nor wait for each other.
#include "lib/Jit/Jit.h"
#include "lib/Pipelines/Run.h"
#include "mlir/IR/BuiltinOps.h"
#include "strand/abi.h"
#include "llvm/ADT/APFloat.h"
#include "llvm/ADT/bit.h"
#include "llvm/ExecutionEngine/Orc/AbsoluteSymbols.h"
#include "llvm/ExecutionEngine/Orc/LLJIT.h"
#include "llvm/ExecutionEngine/Orc/MapperJITLinkMemoryManager.h"
#include "llvm/ExecutionEngine/Orc/MemoryMapper.h"
#include "llvm/ExecutionEngine/Orc/ObjectLinkingLayer.h"
#include "llvm/Support/SmallVectorMemoryBuffer.h"
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

/// Rounded once, to the nearest bf16, to even if there are two. A bf16 is returned in the low half of the register that
/// returns a float; the type itself, here, might be converted by the very functions that these stand for.
float toBf16(APFloat x) {
  bool lossy;
  x.convert(APFloat::BFloat(), RoundingMode::NearestTiesToEven, &lossy);
  return bit_cast<float>(uint32_t(x.bitcastToAPInt().getZExtValue()));
}
float doubleToBf16(double x) { return toBf16(APFloat(x)); }
float floatToBf16(float x) { return toBf16(APFloat(x)); }

/// The run-time library is linked into this program, where the loader does not see it.
const std::pair<const char *, void *> runTime[] = {
    {"__truncdfbf2", reinterpret_cast<void *>(doubleToBf16)}, // which the library of gcc 12 lacks
    {"__truncsfbf2", reinterpret_cast<void *>(floatToBf16)},
    {"strand_rt_parallel_for", reinterpret_cast<void *>(strand_rt_parallel_for)},
    {"strand_rt_threads", reinterpret_cast<void *>(strand_rt_threads)},
    {"strand_rt_check", reinterpret_cast<void *>(strand_rt_check)}};

Error define(LLJIT &jit, const JitOptions &options) {
  SymbolMap symbols;
  auto add = [&](StringRef name, void *address) {
    symbols[jit.mangleAndIntern(name)] = {ExecutorAddr::fromPtr(address),
                                          JITSymbolFlags::Exported | JITSymbolFlags::Callable};
  };
  for (auto [name, address] : runTime)
    add(name, address);
  for (auto &[name, address] : options.symbols)
    add(name, address);
  return jit.getMainJITDylib().define(absoluteSymbols(std::move(symbols)));
}
} // namespace

struct JitModule::Session {
  std::string problems; // what the linker said, which its errors leave out; written under the session's lock
  std::unique_ptr<LLJIT> jit;

  /// The parts of a module call each other over distances of 2 GB at most, so one stretch of addresses holds them all.
  static Expected<std::unique_ptr<jitlink::JITLinkMemoryManager>> memoryFor(ArrayRef<ObjectFile> objects) {
    constexpr size_t page = 64 << 10, segments = 4;
    size_t bytes = page;
    for (const ObjectFile &object : objects)
      bytes += alignTo(2 * object.size(), page) + segments * page; // tables of addresses stand beside the code
    return MapperJITLinkMemoryManager::CreateWithMapper<InProcessMemoryMapper>(bytes);
  }

  Error create(const CpuTarget &target, ArrayRef<ObjectFile> objects) {
    auto made = LLJITBuilder()
                    .setJITTargetMachineBuilder(JITTargetMachineBuilder(Triple(target.triple)))
                    .setPlatformSetUp(setUpInactivePlatform) // there are no static constructors
                    .setObjectLinkingLayerCreator([&](ExecutionSession &s) -> Expected<std::unique_ptr<ObjectLayer>> {
                      auto memory = memoryFor(objects);
                      if (!memory)
                        return memory.takeError();
                      return std::make_unique<ObjectLinkingLayer>(s, std::move(*memory));
                    })
                    .create();
    if (!made)
      return made.takeError();
    jit = std::move(*made);
    jit->getExecutionSession().setErrorReporter([this](Error e) {
      std::string text = toString(std::move(e));
      jit->getExecutionSession().runSessionLocked([&] { problems += (problems.empty() ? "" : "; ") + text; });
    });
    return Error::success();
  }
};

JitModule::JitModule(std::unique_ptr<Session> session) : session(std::move(session)) {}
JitModule::JitModule(JitModule &&) = default;
JitModule &JitModule::operator=(JitModule &&) = default;
JitModule::~JitModule() = default;

Expected<JitModule> JitModule::link(std::vector<ObjectFile> objects, const JitOptions &options) {
  auto session = std::make_unique<Session>();
  if (Error e = session->create(options.target, objects))
    return std::move(e);
  if (Error e = define(*session->jit, options))
    return std::move(e);
  for (ObjectFile &object : objects)
    if (Error e = session->jit->addObjectFile(std::make_unique<SmallVectorMemoryBuffer>(std::move(object), "jit")))
      return std::move(e);
  return JitModule(std::move(session));
}

Expected<std::vector<JitModule>> JitModule::compile(mlir::ModuleOp module, const JitOptions &options,
                                                    ArrayRef<int> levels) {
  if (Error e = checkCpu(options.target))
    return std::move(e);
  if (!options.passes.empty())
    if (Error e = runPasses(module, options.passes, "the pipeline"))
      return std::move(e);
  SmallVector<StepTime> times;
  auto ofLevels = emitObjects(module, options.target, {0, "jit", options.inParts, options.contracts, options.quickly},
                              levels, times);
  if (!ofLevels)
    return ofLevels.takeError();
  std::vector<JitModule> modules;
  for (std::vector<ObjectFile> &objects : *ofLevels) {
    auto linked = link(std::move(objects), options);
    if (!linked)
      return linked.takeError();
    modules.push_back(std::move(*linked));
  }
  return modules;
}

Expected<JitModule> JitModule::compile(mlir::ModuleOp module, const JitOptions &options) {
  auto one = compile(module, options, options.level);
  if (!one)
    return one.takeError();
  return std::move(one->front());
}

Expected<void *> JitModule::lookup(StringRef symbol) const {
  auto address = session->jit->lookup(symbol);
  if (address)
    return address->toPtr<void *>();
  std::string problems = session->jit->getExecutionSession().runSessionLocked([&] { return session->problems; });
  if (problems.empty())
    return address.takeError();
  consumeError(address.takeError());
  return createStringError(problems);
}
