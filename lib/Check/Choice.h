// Tries whether what a device chooses (strand-choice) is what the host chooses (lib/Runtime/Sample.c), token by token:
// the kernels as loops of this machine, or the device's code by the lane emulator.
#pragma once
#include "lib/Check/Check.h"
#include "llvm/Support/Error.h"
#include <string>
#include <vector>
namespace mlir {
class MLIRContext;
}
namespace strand {

struct ChoiceCheck {
  int64_t vocabulary = 0;
  uint64_t seed = 1;           // of the logits
  bool lanes = false;          // by the lane emulator
  std::string chip = "sm_90a"; // with `lanes`: whose code
  bool withoutBarriers = false; // with `lanes`: once more without each of the barriers
};

/// How one function did.
struct ChoiceRun {
  std::string function, build; // "choose_rank", "kernels, last thread first"
  int64_t rows = 0;            // that were right
  std::string problem;         // empty: all were
  std::vector<FaultRun> barriers;
};

/// Errors: the passes refuse, or code cannot be made.
llvm::Expected<std::vector<ChoiceRun>> checkChoice(mlir::MLIRContext &context, const ChoiceCheck &options);
} // namespace strand
