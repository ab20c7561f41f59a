#include "lib/Pipelines/Stages.h"
using namespace strand;
namespace {

std::string join(std::initializer_list<std::string> passes) {
  std::string text;
  for (const std::string &p : passes)
    text += (text.empty() ? "" : ",") + p;
  return text;
}

std::string onFunctions(std::initializer_list<std::string> passes) { return "func.func(" + join(passes) + ")"; }

const char *tidy = "canonicalize,cse";
/// Without looking for blocks that are equal or not reached, which loops have not: that took a tenth of all time.
const char *tidyLoops = "canonicalize{region-simplify=disabled},cse";

/// What is the same on all targets.
std::vector<Stage> modelStages(const StageOptions &options) {
  // in front of states, which then hold what was rounded
  std::string narrow = options.narrowRows ? onFunctions({"strand-narrow-rows"}) + "," : "";
  return {
      {"model", "the model over whole sequences", tidy},
      {"structure", "scans as the ops that they are",
       join({"strand-inline-formulas", onFunctions({"strand-infer-structure"}), tidy})},
      {"advance", "state as operands and results; forms for single rows and for the last rows alone",
       narrow + join({"strand-derive-advance", "strand-derive-step", "strand-derive-last", tidy})},
  };
}

std::string buffers() {
  return join({onFunctions({"strand-own-inits"}), "eliminate-empty-tensors",
               "one-shot-bufferize{bufferize-function-boundaries function-boundary-type-conversion=identity-layout-map "
               "buffer-alignment=64}",
               tidyLoops, "canonicalize{region-simplify=disabled}", "drop-equivalent-buffer-results", tidyLoops});
}

std::vector<Stage> vectorStages(const CpuTarget &target, const StageOptions &options) {
  std::string bits = std::to_string(target.vectorBits), panel = std::to_string(target.vectorBits / 16);
  // row by row, a sequence's bits do not depend on where it is cut
  std::string form = options.reproducible ? "step" : options.form;
  std::string oneOrder = options.reproducible ? "one-order" : "";
  return {
      {"chunks", "loops over sequences, blocks and tiles; weights in panels; row-wise ops joined",
       join({onFunctions({"strand-step-together", "strand-expand-chunks{vector-bits=" + bits + " form=" + form + "}",
                          "strand-decompose", "strand-fuse-tiles", "strand-fuse-rows{" + oneOrder + "}"}),
             "strand-pack-weights{panel=" + panel + " " + oneOrder + "}", "resolve-ranked-shaped-type-result-dims",
             tidyLoops, onFunctions({"strand-block-rows", "strand-branch-dims", "strand-own-inits"}),
             "strand-destinations", tidyLoops})},
      {"buffers", "memory and the arena", buffers()},
      {"vectors", "loops over vectors, tasks, the C interface",
       join({onFunctions({"strand-vectorize{vector-bits=" + bits + " " + oneOrder + "}", "strand-expand-math"}),
             tidyLoops, "strand-arena", "strand-outline-tasks", "strand-function-interface",
             "strand-c-interface{prefix=" + options.prefix + "}", "strand-merge-functions", tidyLoops})},
      {"llvm", "the LLVM dialect", join({onFunctions({"loop-invariant-code-motion"}), "strand-loops-to-llvm"})},
  };
}

std::string sharedLimit(const GpuTarget &gpu) { return "shared-limit=" + std::to_string(gpu.sharedLimit()); }
std::string outlineKernels(const GpuTarget &gpu) { return "strand-outline-kernels{" + sharedLimit(gpu) + "}"; }

/// A warp is what a vector is elsewhere: its 32 threads take neighbouring channels. Matrices stay as they are: the
/// threads of a fragment read along their rows.
std::vector<Stage> kernelStages(const StageOptions &options) {
  std::string kernels = options.emulation == Emulation::Forwards    ? "strand-kernels"
                        : options.emulation == Emulation::Backwards ? "strand-kernels{backwards}"
                        : options.emulation == Emulation::Lanes
                            ? "strand-kernels{tensor-cores few-rows=4}" // small tests see both
                            : "strand-kernels{tensor-cores}";
  bool ofDevice = options.emulation == Emulation::None || options.emulation == Emulation::Lanes;
  bool wgmma = ofDevice && options.gpu && options.gpu->hasWgmma();
  std::string tiles = "strand-register-tiles";
  if (options.gpu)
    tiles += (wgmma ? "{wgmma " : "{") + sharedLimit(*options.gpu) + "}";
  std::string cores = ofDevice ? " tensor-cores" : "";
  // what a library computes is on the device, and nowhere else
  std::string library = options.emulation == Emulation::None ? "strand-library-products," : "";
  std::string math = ofDevice ? "strand-expand-math{device}" : "strand-expand-math";
  return {
      {"chunks", "loops over sequences, blocks and tiles; weights in panels; row-wise ops joined",
       join(
           {onFunctions(
                {"convert-elementwise-to-linalg", "strand-parallel-segments",
                 "strand-expand-chunks{vector-bits=1024 teams=8 device readers" + cores + " form=" + options.form + "}",
                 "strand-decompose", "strand-fuse-tiles{widening}", "strand-fuse-rows",
                 ofDevice ? "strand-fuse-results," + library + "strand-block-products" : "strand-fuse-results"}),
            "strand-pack-weights{panel=0}", "resolve-ranked-shaped-type-result-dims", tidy, "strand-destinations",
            tidy})},
      {"buffers", "memory", buffers()},
      {"kernels", "the choice of tokens, blocks of threads and the arena",
       join({"strand-choice", ofDevice ? onFunctions({tiles, kernels, math}) : onFunctions({kernels, math}), tidy,
             "strand-arena", tidy})},
  };
}

std::vector<Stage> deviceStages(const GpuTarget &gpu, const StageOptions &options) {
  std::string targets;
  for (const std::string &chip : gpu.chips)
    targets += "nvvm-attach-target{chip=" + chip + " features=" + GpuTarget::ptxFeature.str() + " O=3},";
  std::string format = gpu.toolkit.empty() ? "format=isa" : "format=bin toolkit=" + gpu.toolkit;
  return {
      {"launches", "kernels in a module of the device, the C interface",
       join({outlineKernels(gpu), tidy, "strand-merge-kernels",
             "strand-function-interface", "strand-c-interface{device prefix=" + options.prefix + "}"})},
      {"device", "code of the device",
       join({"strand-kernels-to-nvvm", targets + "gpu-module-to-binary{" + format + "}"})},
      {"llvm", "the LLVM dialect",
       join({"strand-embed-kernels{prefix=" + options.prefix + "}", "strand-loops-to-llvm"})},
  };
}

std::vector<Stage> emulationStages(const StageOptions &options) {
  std::string interface = "strand-function-interface,strand-c-interface";
  Stage llvm{"llvm", "the LLVM dialect", "strand-loops-to-llvm"};
  if (options.emulation == Emulation::Lanes)
    return {{"launches", "kernels in a module of the device",
             join({options.gpu ? outlineKernels(*options.gpu) : "strand-outline-kernels", tidy,
                   "strand-merge-kernels", interface})},
            {"lanes", "code of the device for the lane emulator",
             "strand-kernels-to-nvvm,strand-lanes"},
            llvm};
  return {{"tasks", "blocks as tasks", join({"strand-outline-tasks", tidy, interface})}, llvm};
}
} // namespace

std::vector<Stage> strand::stages(const CpuTarget &target, const StageOptions &options) {
  std::vector<Stage> all = modelStages(options);
  auto add = [&](const std::vector<Stage> &more) { all.insert(all.end(), more.begin(), more.end()); };
  if (options.gpu && options.emulation == Emulation::None) {
    add(kernelStages(options));
    add(deviceStages(*options.gpu, options));
  } else if (options.emulation != Emulation::None) {
    add(kernelStages(options));
    add(emulationStages(options));
  } else {
    add(vectorStages(target, options));
  }
  return all;
}
