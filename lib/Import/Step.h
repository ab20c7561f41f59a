// A recurrence that has no op of its own, as a strand.scan: what an importer writes is one step, on values of one row.
#pragma once
#include "lib/Import/ModelBuilder.h"
namespace strand {

/// Builds the region of the scan. `dims` are as in FunctionBuilder::formula, but there are no rows.
class StepBuilder {
public:
  StepBuilder(OpBuilder &b, Location loc) : b(b), loc(loc) {}

  /// Sums of products of two values over the letters that the result lacks, of floats as f32: "nk,k->n".
  Value product(StringRef dims, Value x, Value y);
  SmallVector<Value> formula(StringRef dims, ValueRange operands, FunctionBuilder::Formula body);
  /// The same for one result.
  Value map(StringRef dims, ValueRange operands, llvm::function_ref<Scalar(ArrayRef<Scalar>)> body);
  /// Entries [from, from + count) of a vector.
  Value part(Value x, int64_t from, int64_t count);
  /// Entry `i` of the first dimension.
  Value at(Value x, int64_t i);

private:
  OpBuilder &b;
  Location loc;
};

/// A carried value: what one sequence holds, of f32, and the number that it begins at.
struct Carried {
  SmallVector<int64_t> shape;
  double begin = 0;
};

/// y[t], carried = step(rows[t], fixed, carried): rows of y. The step answers y first.
using RowStep =
    llvm::function_ref<SmallVector<Value>(StepBuilder &, ValueRange rows, ValueRange fixed, ValueRange carried)>;
Value scan(FunctionBuilder &f, ValueRange rows, ValueRange fixed, ArrayRef<Carried> carried, RowStep step);
} // namespace strand
