// The C header of a compiled model.
#pragma once
#include "mlir/IR/BuiltinOps.h"
#include "llvm/Support/raw_ostream.h"
namespace strand {

/// Sizes of a model, as its @advance shows them.
struct ModelFacts {
  struct State {
    std::string path, type; // type as MLIR writes it, with the slot dimension as ?
  };
  int64_t vocabulary = 0, weightBytes = 0, weights = 0;
  std::vector<State> states;
};

/// Nothing where `module` has no @advance as func.func.
std::optional<ModelFacts> factsOf(mlir::ModuleOp module);

/// Declarations of `<prefix>_advance` and its companions, after strand/abi.h.
void writeHeader(const ModelFacts &facts, llvm::StringRef prefix, llvm::raw_ostream &out);
} // namespace strand
