// The functions between two layers of a memory, with their slopes.
#pragma once
#include "dialects/Strand/Strand.h"

namespace strand {
/// f(x) and f'(x) of one number.
std::pair<Value, Value> valueAndSlope(OpBuilder &b, Location loc, LayerActivation f, Value x);
} // namespace strand
