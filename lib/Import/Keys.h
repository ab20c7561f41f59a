// Limits and keys that all families share.
#pragma once
#include "lib/Import/Config.h"
namespace strand {
// Beyond these sizes no product of two overflows and no checkpoint is known.
constexpr int64_t mostWidth = 1 << 20, mostLayers = 1 << 12, mostVocabulary = 1 << 24, mostWindow = 1 << 24,
                  mostTaps = 64;

/// Keys on which no forward depends: the libraries' bookkeeping, training, ids of special tokens.
void ignoreBookkeeping(Config &config);
/// The class that the library would make must be `name`.
void expectArchitecture(Config &config, llvm::StringRef name);
/// int(hidden * ratio) as Python has it, where `key` holds the ratio; an error if it is not positive.
int64_t scaledWidth(Config &config, int64_t hidden, llvm::StringRef key, double byDefault, bool exact = false);

} // namespace strand
