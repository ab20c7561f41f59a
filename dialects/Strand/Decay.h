// How much of what one row of a tile wrote is left at another, for tiles of matrix states that decay.
#pragma once
#include "dialects/Strand/Rows.h"

namespace strand {
/// With a[t] = exp(gate[t]): products[r, s] of a[s+1..r], 1 at r = s and 0 behind; fromStart[r] of a[0..r]; all of
/// them.
struct DecayWeights {
  Value products, fromStart, total; // length x length, length, a number
};
/// `gate`: logarithms, one a row or the same number for all rows; none: nothing decays.
DecayWeights decayWeights(OpBuilder &b, Location loc, Value gate, int64_t length, Type element);
} // namespace strand
