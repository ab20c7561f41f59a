// What a function over rows means, in f64.
#pragma once
#include "lib/Check/Inputs.h"
#include "llvm/Support/Error.h"
namespace strand {

/// Values of a run, of all sequences in turn: `results` row after row, `states` a slot a sequence, after its last row.
struct Values {
  std::vector<std::vector<double>> results, states;
};

/// Results of @`signature.name` of `module` from loops that upstream's passes make of the ops' meaning, f64 throughout;
/// each sequence on its own and in one piece. States are those of a second run, of what strand-infer-structure and
/// strand-derive-advance make of the function; whether its results are the same is checked too. Errors: as the passes
/// have them; the two runs differ.
llvm::Expected<Values> meaningOf(ModuleOp module, const Signature &signature, const Inputs &inputs, int64_t cacheRows);

/// The same of loops in f32, for each of `inputs`: what an implementation loses that does nothing but what is written.
llvm::Expected<std::vector<Values>> plainLoops(ModuleOp module, const Signature &signature,
                                               ArrayRef<const Inputs *> inputs, int64_t cacheRows);
} // namespace strand
