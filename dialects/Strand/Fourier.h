// Discrete Fourier transforms along dimension 0 of two tensors, real and imaginary part, as passes of linalg.
#pragma once
#include "dialects/Strand/Strand.h"

namespace strand {
struct Spectrum {
  Value re, im; // n x channels
};

/// X[k] = sum_j x[j] exp(-2 pi i j k / n), or with `inverse` exp(+...), not divided by n; n, static, is a power of
/// four.
Spectrum fourierTransform(OpBuilder &b, Location loc, Spectrum x, bool inverse);
/// sum[k] + x[k] y[k], written over the sum.
Spectrum addProduct(OpBuilder &b, Location loc, Spectrum x, Spectrum y, Spectrum sum);
} // namespace strand
