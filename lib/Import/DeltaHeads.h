// What DeltaNet, Gated DeltaNet and KDA share: short convolutions before q, k and v, heads whose q and k have length 1,
// the delta rule, and a norm over each head behind it that may be gated. Each key head serves several value heads.
#pragma once
#include "lib/Import/Activations.h"
#include "lib/Import/Fla.h"
namespace strand {

struct DeltaHeads {
  const Fla &fla;
  int64_t keyHeads, heads, keyWidth, valueWidth;
  int64_t taps;  // of short convolutions; 0: none
  bool negative; // beta is in (0, 2), not in (0, 1)

  /// Reads the keys of heads and widths that Gated DeltaNet and KDA have, and those of convolutions.
  struct Defaults {
    int64_t heads, width;
    double expandValues;
  };
  DeltaHeads(Fla &fla, Defaults defaults);
  /// Heads that are as many for keys and values; reads the keys of convolutions.
  DeltaHeads(Fla &fla, int64_t heads, int64_t keyWidth, int64_t valueWidth);

  /// The projection `name`, its convolution, and `act` if there is one: rows x heads x width.
  Value project(FunctionBuilder &f, Value x, StringRef name, Activation act) const;
  /// The same, each head scaled to length 1.
  Value projectUnit(FunctionBuilder &f, Value x, StringRef name, Activation act) const;
  /// sigmoid(b_proj x), or twice that: rows x value heads.
  Value beta(FunctionBuilder &f, Value x) const;
  /// The delta rule over projected heads; its scale is 1 / sqrt(keyWidth).
  Value mix(FunctionBuilder &f, Value q, Value k, Value v, Value beta, Value gate) const;
  /// o_proj(norm(o) * act(gate)); no gate: without that factor.
  Value output(FunctionBuilder &f, Value o, Value gate, Activation act) const;

private:
  void readCommon();
};
} // namespace strand
