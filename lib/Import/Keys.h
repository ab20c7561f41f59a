// Limits and keys that all families share.
#pragma once
#include "lib/Import/Config.h"
namespace strand {
// Beyond these sizes no product of two overflows and no checkpoint is known.
constexpr int64_t mostWidth = 1 << 20, mostLayers = 1 << 12, mostVocabulary = 1 << 24, mostWindow = 1 << 24,
                  mostTaps = 64;

/// Keys on which no forward depends: the libraries' bookkeeping, training, ids of special tokens.
inline void ignoreBookkeeping(Config &config) {
  config.ignore({"transformers_version", "dtype", "torch_dtype", "_name_or_path", "bos_token_id", "eos_token_id",
                 "pad_token_id", "use_cache", "initializer_range", "output_attentions", "output_hidden_states",
                 "return_dict"});
}

/// The class that the library would make must be `name`.
inline void expectArchitecture(Config &config, llvm::StringRef name) { config.getStringList("architectures", {name}); }
} // namespace strand
