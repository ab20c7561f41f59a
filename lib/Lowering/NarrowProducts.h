// Products of rows in bf16 with a matrix in bf16, and what reads them: what passes that take such products ask.
#pragma once
#include "lib/Lowering/Product.h"
namespace strand {

/// Whether any number of rows in bf16 are multiplied with a matrix in bf16, n x k, and both begin at multiples of 16
/// bytes.
bool isNarrowProduct(Product p);
/// Whether an op only asks how many rows there are.
bool asksForRows(Operation *op);
/// The op that alone reads a product, element by element, and nothing else; or none.
linalg::GenericOp elementWiseReaderOf(linalg::LinalgOp op);
/// Whether such a reader does nothing but round to bf16.
bool isRounding(linalg::GenericOp reader);
} // namespace strand
