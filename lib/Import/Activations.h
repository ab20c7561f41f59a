// Element-wise functions by the names that libraries give them.
#pragma once
#include "lib/Import/Config.h"
#include "lib/Import/Formula.h"
namespace strand {

using Activation = Scalar (*)(Scalar);

/// The function that `key` names, by the table of transformers (ACT2FN). An unknown name is an error that lists the
/// known ones; then the identity comes back.
Activation readActivation(Config &config, llvm::StringRef key, llvm::StringRef byDefault);
/// The same where the key may be absent or null, which is no function.
Activation readOptionalActivation(Config &config, llvm::StringRef key);
/// The same by the table of fla.modules.activations, whose gelu is the tanh form.
Activation readFlaActivation(Config &config, llvm::StringRef key);
} // namespace strand
