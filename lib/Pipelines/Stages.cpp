#include "lib/Pipelines/Stages.h"
std::vector<strand::Stage> strand::stages(const CpuTarget &target, const std::string &prefix) {
  return {
      {"model", "the model over whole sequences", "canonicalize,cse"},
      {"advance", "state as operands and results, destinations for results", "strand-destinations"},
      {"chunks", "chunk programs", ""},
      {"vectors", "tiles and vectors", ""},
      {"buffers", "memory, the arena and the C interface",
       "eliminate-empty-tensors,one-shot-bufferize{bufferize-function-boundaries "
       "function-boundary-type-conversion=identity-layout-map buffer-alignment=64},canonicalize,cse,canonicalize,"
       "drop-equivalent-buffer-results,canonicalize,cse,strand-arena,canonicalize,cse,strand-c-interface{prefix=" +
           prefix + "}"},
      {"llvm", "the LLVM dialect",
       "func.func(convert-linalg-to-loops,loop-invariant-code-motion),strand-loops-to-llvm"},
  };
}
