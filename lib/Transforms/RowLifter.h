// Values of a scan's region computed for many rows at once: for all of them in front of the scan, or for the rows of
// one step of several sequences.
//
// An operation on the values of one row becomes the same operation with the rows as one more parallel dimension in
// front: a matrix times a vector becomes a product of rows and a matrix. What is the same in every row is computed
// once.
#pragma once
#include "dialects/Strand/Strand.h"
#include "mlir/IR/IRMapping.h"

namespace strand {

/// A value of the region outside of it: with rows as dimension 0 (a number becomes rows of numbers), or as it is.
struct Lifted {
  Value value;
  bool perRow = false;
};

class RowLifter {
public:
  /// New operations are made at the insertion point of `b`.
  RowLifter(ScanOp scan, OpBuilder &b) : RowLifter(scan, b, scan.getInputs()[0]) {}
  /// Rows are as many as `like` has, and known values have as many.
  RowLifter(ScanOp scan, OpBuilder &b, Value like) : scan(scan), b(b), like(like) {}

  ScanOp getScan() const { return scan; }
  OpBuilder &getBuilder() { return b; }
  /// `rows` are what `v` is in each row.
  void know(Value v, Value rows) { lifted[v] = {rows, true}; }
  /// `same` is what `v` is in every row.
  void knowInvariant(Value v, Value same) { lifted[v] = {same, false}; }
  bool isKnown(Value v) const { return lifted.contains(v); }
  /// Nothing if the value depends on a carried value that is not known, or on an operation that canLift denies.
  std::optional<Lifted> lift(Value v);
  /// What keeps `v` from being lifted: an operation, or nothing.
  Operation *findObstacle(Value v);
  /// Whether the operation has a form over all rows, given that its operands have one.
  static bool canLift(Operation *op);

  /// An uninitialised tensor of rows.
  Value emptyRows(Location loc, ArrayRef<int64_t> item, Type element);
  OpFoldResult getNumRows(Location loc);
  /// The value with rows, repeated if it has none.
  Value withRows(Lifted v, Location loc);
  /// The value of the row before in the same sequence; `initial` in the first.
  Value shifted(Value rows, TypedAttr initial, Location loc);

private:
  struct Outlook {
    Operation *obstacle = nullptr;
    bool perRow = false;
  };
  Outlook lookAt(Value v, DenseMap<Value, Outlook> &seen);
  std::optional<Lifted> liftOperation(Operation *op, Value v);
  Value liftElementwise(Operation *op);
  SmallVector<Value> liftLinalg(linalg::LinalgOp op);
  Value liftInit(linalg::LinalgOp op, OpOperand &init);
  Value liftShape(Operation *op);
  std::optional<Lifted> carriedBefore(BlockArgument v);

  ScanOp scan;
  OpBuilder &b;
  Value like;
  DenseMap<Value, Lifted> lifted;
};
} // namespace strand
