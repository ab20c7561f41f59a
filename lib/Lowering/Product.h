// Recognising y[m, n] += sum_k x[m, k] * w, the product of rows and a matrix.
#pragma once
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include <optional>
namespace strand {
using namespace mlir;

struct Product {
  linalg::LinalgOp op;
  OpOperand *rows, *matrix; // x and w
  bool transposed;          // w is [n, k], else [k, n]
  unsigned m, n, k;         // loops
};

/// Nothing if the op is not such a product; operands may be of narrower float types.
std::optional<Product> productOf(linalg::LinalgOp op);
/// Whether a linalg op with this body, of three arguments, sums up products of the first two, widened or not, in the
/// last.
bool isMultiplyAdd(Block *body);
/// Whether `v` is a tensor full of zeros (linalg.fill).
bool isZeros(Value v);
} // namespace strand
