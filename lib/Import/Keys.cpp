#include "lib/Import/Keys.h"
#include <cmath>
using namespace strand;
using llvm::Twine;

void strand::ignoreBookkeeping(Config &config) {
  config.ignore({"transformers_version", "dtype", "torch_dtype", "_name_or_path", "bos_token_id", "eos_token_id",
                 "pad_token_id", "use_cache", "initializer_range", "output_attentions", "output_hidden_states",
                 "return_dict"});
}

void strand::expectArchitecture(Config &config, llvm::StringRef name) { config.getStringList("architectures", {name}); }

int64_t strand::scaledWidth(Config &config, int64_t hidden, llvm::StringRef key, double byDefault, bool exact) {
  double width = hidden * config.getFloat(key, byDefault, 1e-6, 1e6);
  bool whole = std::abs(width - std::round(width)) < 1e-6;
  if (width < 1 || width > mostWidth || (exact && !whole)) {
    config.fail(key, "times hidden_size, which is " + Twine(hidden) + ", must be " +
                         (exact ? "a whole number" : "a number") + " from 1 to " + Twine(mostWidth));
    return 1;
  }
  return exact ? std::llround(width) : int64_t(width);
}
