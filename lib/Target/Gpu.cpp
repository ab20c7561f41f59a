#include "lib/Target/Gpu.h"
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Process.h"
#include "llvm/Support/Program.h"
using namespace llvm;
using namespace strand;
namespace {
constexpr unsigned leastChip = 80;

bool isChip(StringRef name) {
  unsigned number;
  if (!name.consume_front("sm_"))
    return false;
  if (name.ends_with("a") || name.ends_with("f")) // features of one chip, of a family
    name = name.drop_back();
  return !name.getAsInteger(10, number) && number >= leastChip;
}

/// The folder above the bin/ that holds ptxas; empty if there is none.
std::string findToolkit() {
  SmallVector<std::string> folders;
  for (const char *variable : {"CUDA_HOME", "CUDA_ROOT", "CUDA_PATH"})
    if (auto folder = sys::Process::GetEnv(variable))
      folders.push_back(*folder);
  folders.push_back("/usr/local/cuda");
  for (const std::string &folder : folders)
    if (sys::fs::can_execute(folder + "/bin/ptxas"))
      return folder;
  if (auto found = sys::findProgramByName("ptxas"); found)
    return sys::path::parent_path(sys::path::parent_path(*found)).str();
  return "";
}
} // namespace

Expected<GpuTarget> strand::gpuTarget(StringRef chips, bool wantsPtx, bool wantsMachineCode) {
  GpuTarget target;
  SmallVector<StringRef> names;
  chips.split(names, ',');
  for (StringRef name : names) {
    if (!isChip(name))
      return createStringError("GPU '" + name + "' is not known; name chips from sm_" + Twine(leastChip) +
                               " on, as in --gpu-arch=sm_90a,sm_80");
    target.chips.push_back(name.str());
  }
  if (!wantsPtx)
    target.toolkit = findToolkit();
  if (wantsMachineCode && target.toolkit.empty())
    return createStringError(
        "--emit=cubin needs ptxas, which is neither in the folder of CUDA_HOME, nor in /usr/local/cuda, "
        "nor in PATH; --emit=ptx does not");
  return target;
}

/// From the table of compute capabilities in the programming guide of CUDA; of chips that are not there, the least.
static int64_t sharedLimitOf(StringRef chip) {
  constexpr int64_t kib = 1024;
  return StringSwitch<int64_t>(chip.drop_front(3).rtrim("af"))
      .Cases({"80", "87"}, 163 * kib)
      .Cases({"90", "100", "101", "103"}, 227 * kib)
      .Default(99 * kib);
}

int64_t GpuTarget::sharedLimit() const {
  int64_t least = INT64_MAX;
  for (const std::string &chip : chips)
    least = std::min(least, sharedLimitOf(chip));
  return least;
}

bool GpuTarget::hasWgmma() const {
  return !chips.empty() && all_of(chips, [](StringRef chip) { return chip == "sm_90a"; });
}

Expected<std::string> strand::imageOf(mlir::ModuleOp module) {
  auto binaries = to_vector(module.getOps<mlir::gpu::BinaryOp>());
  if (binaries.empty())
    return createStringError("the input has no kernels");
  auto objects = binaries[0].getObjects();
  if (binaries.size() != 1 || objects.size() != 1)
    return createStringError("an image is for one chip; name one with --gpu-arch");
  StringRef image = cast<mlir::gpu::ObjectAttr>(objects[0]).getObject().getValue();
  return image.str();
}
