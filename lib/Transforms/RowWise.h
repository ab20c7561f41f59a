#pragma once
#include "mlir/IR/Operation.h"
#include "mlir/Support/LogicalResult.h"
namespace strand {
using namespace mlir;
/// Whether `v` has an unknown number of entries in dimension 0, as all tensors of rows have.
bool isRows(Value v);
/// Fails, with an error at the op, if it lets one row of its operands see another or know its place: then no state could
/// make it the same when the rows come in pieces. Ops that carry state (StreamOpInterface) and calls are not looked at.
LogicalResult checkRowWise(Operation *op);
} // namespace strand
