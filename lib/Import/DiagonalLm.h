// The language model around one state space layer: x = x + gelu(ssm(norm(x))) a block, logits = head(norm(x)).
#pragma once
#include "lib/Import/ModelBuilder.h"
#include <complex>

namespace strand {
/// The layer's rows from its normed input, rows x width.
using StateSpace = llvm::function_ref<Value(FunctionBuilder &, Value)>;
/// Reads what both families share of the configuration; `ssm` sees names below "blocks.<n>.ssm.".
Value buildDiagonalLm(ModelBuilder &m, int64_t hidden, StateSpace ssm);

/// A tensor of the checkpoint whose last dimension, 2, is real and imaginary part: `shape` without that dimension.
std::vector<std::complex<double>> complexElements(FunctionBuilder &f, StringRef name, ArrayRef<int64_t> shape);
/// Real or imaginary parts of `values` [rows, columns], transposed if asked for, as f32.
std::vector<float> partsOf(ArrayRef<std::complex<double>> values, bool imaginary, int64_t columns = 1,
                           bool transposed = false);
} // namespace strand
