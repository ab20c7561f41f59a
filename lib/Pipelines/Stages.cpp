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
} // namespace

std::vector<Stage> strand::stages(const CpuTarget &target, const StageOptions &options) {
  std::string bits = std::to_string(target.vectorBits), panel = std::to_string(target.vectorBits / 16);
  // row by row, a sequence's bits do not depend on where it is cut
  std::string form = options.reproducible ? "step" : options.form;
  std::string oneOrder = options.reproducible ? " one-order" : "";
  return {
      {"model", "the model over whole sequences", tidy},
      {"structure", "scans as the ops that they are", join({"strand-inline-formulas", onFunctions({"strand-infer-structure"}), tidy})},
      {"advance", "state as operands and results; forms for single rows and for the last rows alone",
       join({"strand-derive-advance", "strand-derive-step", "strand-derive-last", tidy})},
      {"chunks", "loops over sequences, blocks and tiles; weights in panels; row-wise ops joined",
       join({onFunctions({"strand-step-together", "strand-expand-chunks{vector-bits=" + bits + " form=" + form + "}", "strand-decompose", "strand-fuse-tiles", "strand-fuse-rows"}),
             "strand-pack-weights{panel=" + panel + "}", "resolve-ranked-shaped-type-result-dims", tidy,
             onFunctions({"strand-block-rows", "strand-own-inits"}), "strand-destinations", tidy})},
      {"buffers", "memory and the arena",
       join({onFunctions({"strand-own-inits"}), "eliminate-empty-tensors",
             "one-shot-bufferize{bufferize-function-boundaries function-boundary-type-conversion=identity-layout-map "
             "buffer-alignment=64}",
             tidy, "canonicalize", "drop-equivalent-buffer-results", tidy})},
      {"vectors", "loops over vectors, tasks, the C interface",
       join({onFunctions({"strand-vectorize{vector-bits=" + bits + oneOrder + "}", "strand-expand-math"}), tidy, "strand-arena", tidy,
             "strand-outline-tasks", tidy, "strand-function-interface", "strand-c-interface{prefix=" + options.prefix + "}"})},
      {"llvm", "the LLVM dialect", join({onFunctions({"loop-invariant-code-motion"}), "strand-loops-to-llvm"})},
  };
}
