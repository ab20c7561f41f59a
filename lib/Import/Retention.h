// What GLA and RetNet share: q, k, v in heads, short convolutions before them, the gated norm behind.
// Widths over all heads: K = expand_k * hidden, V = expand_v * hidden. k and v may have fewer heads, each of which
// serves several consecutive query heads.
#pragma once
#include "lib/Import/Activations.h"
#include "lib/Import/Fla.h"
namespace strand {

struct Retention {
  struct Defaults {
    double expandKeys, expandValues;
    int64_t heads;
  };

  const Fla &fla;
  int64_t heads, keyHeads, keys, values;
  Activation featureMap; // of q and k; null: none
  int64_t taps;          // of short convolutions; 0: none
  bool gated;

  int64_t group() const { return heads / keyHeads; }
  int64_t keyWidth() const { return keys / heads; }

  struct Heads {
    Value q, k, v; // rows x heads x width, all with the query heads
  };
  Heads project(FunctionBuilder &f, Value x) const;
  /// o: rows x heads x width -> rows x hidden.
  Value output(FunctionBuilder &f, Value x, Value o) const;

  /// `taps`: as above. `maps` reads the key feature_map.
  Retention(Fla &fla, Defaults defaults, Activation featureMap, int64_t taps);
};
} // namespace strand
