// Code must run wherever the schema's list of features says so. LLVM's name of a CPU allows everything that CPU has, so
// on x86 the instructions are chosen from a fixed list, each of which a C program can ask for at start-up, and the
// CPU's name decides only what is assumed of its speed.
#include "lib/Target/Cpu.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/MC/MCSubtargetInfo.h"
#include "llvm/MC/TargetRegistry.h"
#include "llvm/Support/TargetSelect.h"
#include "llvm/TargetParser/Host.h"
#include "llvm/TargetParser/Triple.h"
#include "llvm/TargetParser/X86TargetParser.h"
using namespace llvm;
using namespace strand;
namespace {

/// What LLVM may make use of by itself or through an intrinsic of ours; names are the same in LLVM and in
/// __builtin_cpu_supports.
constexpr StringRef usable[] = {
    "avx512f",    "avx512bw",   "avx512vl",     "avx512dq", "avx512cd", "avx512vbmi",      "avx512vbmi2", "avx512ifma",
    "avx512vnni", "avx512bf16", "avx512bitalg", "avx512vpopcntdq", "avx512fp16", "avxvnni", "gfni",     "fma",
    "f16c",       "avx2",       "avx",          "bmi",      "bmi2",     "lzcnt",           "movbe",       "popcnt",
    "sse4.2",     "sse4.1",     "ssse3",        "sse3"};

StringMap<bool, MallocAllocator> featuresOf(StringRef cpu) {
  if (cpu == "native")
    return sys::getHostCPUFeatures();
  SmallVector<StringRef> names;
  X86::getFeaturesForCPU(cpu, names);
  StringMap<bool> with; // LLVM leaves out what another feature implies
  for (StringRef f : names) {
    with[f] = true;
    X86::updateImpliedFeatures(f, true, with);
  }
  StringMap<bool, MallocAllocator> all;
  for (auto &f : with)
    all[f.first()] = f.second;
  return all;
}

Error chooseX86(CpuTarget &t, StringRef cpu) {
  SmallVector<StringRef> known;
  X86::fillValidCPUArchList(known, /*Only64Bit=*/true);
  if (cpu != "native" && !is_contained(known, cpu))
    return createStringError("CPU '" + cpu +
                             "' is not known; try native, x86-64-v3, x86-64-v4 or a name such as znver4 or "
                             "sapphirerapids");
  auto has = featuresOf(cpu);
  SmallVector<StringRef> needs;
  copy_if(usable, std::back_inserter(needs), [&](StringRef f) { return has.lookup(f); });
  auto all = [&](std::initializer_list<StringRef> names) {
    return all_of(names, [&](StringRef f) { return has.lookup(f); });
  };
  t.name = cpu == "native" ? sys::getHostCPUName() : cpu;
  t.base = "x86-64";
  t.tune = cpu.starts_with("x86-64") ? "generic" : t.name;
  for (StringRef f : needs)
    t.features += (t.features.empty() ? "+" : ",+") + f.str();
  t.cpu_features = join(needs, ",");
  t.vectorBits = all({"avx512f", "avx512bw", "avx512vl", "avx512dq"}) ? 512 : all({"avx2", "fma"}) ? 256 : 128;
  return Error::success();
}

/// Other architectures: LLVM's own idea of the CPU, and no question at start-up.
Error chooseOther(CpuTarget &t, StringRef cpu, const Target &target, bool host) {
  if (cpu == "native" && !host)
    return createStringError("--cpu=native means this machine, which is not a " + t.triple +
                             "; name a CPU, or 'generic'");
  t.name = t.base = t.tune = cpu == "native" ? sys::getHostCPUName() : cpu;
  std::unique_ptr<MCSubtargetInfo> info(target.createMCSubtargetInfo(Triple(t.triple), "generic", ""));
  if (!info || !info->isCPUStringValid(t.base))
    return createStringError("CPU '" + t.base + "' is not known for " + t.triple);
  return Error::success();
}
} // namespace

Expected<CpuTarget> strand::cpuTarget(StringRef cpu, StringRef triple) {
  static const bool once = (InitializeAllTargetInfos(), InitializeAllTargets(), InitializeAllTargetMCs(),
                            InitializeAllAsmPrinters(), true); // threads may ask at once
  (void)once;
  Triple host(sys::getDefaultTargetTriple()), asked(triple.empty() ? host.str() : Triple::normalize(triple));
  CpuTarget t;
  t.triple = asked.str();
  std::string error;
  const Target *target = TargetRegistry::lookupTarget(asked, error);
  if (!target)
    return createStringError("target '" + triple + "': " + error);
  bool same = asked.getArch() == host.getArch();
  if (asked.getArch() == Triple::x86_64 && cpu == "native" && !same)
    return createStringError("--cpu=native means this machine, which is not a " + t.triple + "; name a CPU");
  if (Error e = asked.getArch() == Triple::x86_64 ? chooseX86(t, cpu) : chooseOther(t, cpu, *target, same))
    return std::move(e);
  return t;
}
