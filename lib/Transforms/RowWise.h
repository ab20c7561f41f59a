#pragma once
#include "mlir/IR/Operation.h"
#include "mlir/Support/LogicalResult.h"
#include <optional>
namespace strand {
using namespace mlir;
/// Whether `v` has an unknown number of entries in dimension 0, as all tensors of rows have.
bool isRows(Value v);
/// How an op lets a row see another or know its place: what `op`, itself or one in its body, does, and what to use
/// instead.
struct RowProblem {
  Operation *op;
  StringRef what, instead;
};
/// None if `op` treats each row by itself. Otherwise no state could make it the same when the rows come in pieces. Ops
/// that carry state (StreamOpInterface) and calls are not looked at.
std::optional<RowProblem> rowProblem(Operation *op);
/// Fails, with an error, where there is a rowProblem.
LogicalResult checkRowWise(Operation *op);
} // namespace strand
