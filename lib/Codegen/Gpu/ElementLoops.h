// One linalg op on buffers as work that threads share: the elements of its outputs, and the loop that computes one.
#pragma once
#include "mlir/Dialect/Linalg/IR/Linalg.h"
namespace strand {
using namespace mlir;

/// Which loops of a linalg op may be given to different threads, and which one thread runs through in order.
class ElementLoops {
public:
  /// Writes the sizes of the loops in front of `b`.
  ElementLoops(OpBuilder &b, linalg::LinalgOp op);

  /// How many elements there are: the product of the parallel loops.
  Value count() const { return elements; }
  /// Null if it is known only at run time.
  std::optional<int64_t> staticCount() const { return known; }
  /// Computes element number `i`, counted so that neighbours are neighbours in the first output.
  void emit(OpBuilder &b, Value i);

private:
  linalg::LinalgOp op;
  SmallVector<Value> sizes;                 // of all loops
  SmallVector<unsigned> parallel, ordered; // loops, from the outside in
  Value elements;
  std::optional<int64_t> known = 1;

  bool isHeld(OpOperand &output);
  SmallVector<Value> indices(OpBuilder &b, OpOperand &operand, ValueRange ivs);
  Value load(OpBuilder &b, OpOperand &operand, ValueRange ivs);
  SmallVector<Value> body(OpBuilder &b, ValueRange ivs, ValueRange held);
  SmallVector<Value> nest(OpBuilder &b, ArrayRef<unsigned> loops, SmallVector<Value> &ivs, SmallVector<Value> held);
};
} // namespace strand
