// One linalg op on buffers as work that threads share: the elements of its outputs, and the loop that computes one.
#pragma once
#include "mlir/Dialect/Linalg/IR/Linalg.h"
namespace strand {
using namespace mlir;

/// Which loops of a linalg op may be given to different threads, and which one thread runs through in order.
class ElementLoops {
public:
  /// Writes the sizes of the loops in front of `b`. `together`: how many steps of the innermost ordered loop have their
  /// inputs loaded before the first is taken; 0: as many as suit the op.
  ElementLoops(OpBuilder &b, linalg::LinalgOp op, int64_t together = 0);

  /// The loops that are given to different threads, in the order in which elements are counted.
  static SmallVector<unsigned> sharedLoops(linalg::LinalgOp op);

  /// How many elements there are: the product of the parallel loops.
  Value count() const { return elements; }
  /// Null if it is known only at run time.
  std::optional<int64_t> staticCount() const { return known; }
  /// Whether the op makes all elements of its only output, each from one value that was there, and reads them nowhere
  /// else: they may then begin with zeros instead.
  static bool mayBeginWithZeros(linalg::LinalgOp op);
  void beginWithZeros() { fromZeros = true; }
  /// Computes element number `i`, counted so that neighbours are neighbours in the first output.
  void emit(OpBuilder &b, Value i);

  /// The operation that sums up, of whatever kind, where one output is a sum over one loop that can be divided among
  /// threads, and others have an element for each of its steps; null where not.
  static Operation *combinerOf(linalg::LinalgOp op);
  /// How many terms a sum has, if there is a combiner and the number is known.
  std::optional<int64_t> terms() const;
  /// The output that is the sum. Needs a combiner.
  OpOperand &summed();
  /// Part number `part` of `parts` of the sum for element `i`, without what the output holds; stores the other outputs'
  /// elements of this part. Needs a combiner.
  Value emitPart(OpBuilder &b, Value i, Value part, int64_t parts);
  /// Adds a whole sum to what element `i` of the output begins with, and stores it.
  void finish(OpBuilder &b, Value i, Value whole);
  /// The combiner on other values.
  Value combine(OpBuilder &b, Value x, Value y);

private:
  linalg::LinalgOp op;
  SmallVector<Value> sizes;                 // of all loops
  int64_t together;
  SmallVector<unsigned> parallel, ordered; // loops, from the outside in
  Value elements;
  std::optional<int64_t> known = 1;
  Operation *sum;                          // combinerOf(op)
  bool fromZeros = false;

  static Operation *combinerOf(linalg::LinalgOp op, OpOperand &output);
  SmallVector<Value> place(OpBuilder &b, Value i);
  bool isHeld(OpOperand &output);
  SmallVector<Value> indices(OpBuilder &b, OpOperand &operand, ValueRange ivs);
  Value load(OpBuilder &b, OpOperand &operand, ValueRange ivs);
  Value begin(OpBuilder &b, OpOperand &output, ValueRange ivs);
  SmallVector<Value> loadInputs(OpBuilder &b, ValueRange ivs);
  SmallVector<Value> body(OpBuilder &b, ValueRange inputs, ValueRange ivs, ValueRange held);
  SmallVector<Value> nest(OpBuilder &b, ArrayRef<unsigned> loops, SmallVector<Value> &ivs, SmallVector<Value> held);
  SmallVector<Value> innermost(OpBuilder &b, unsigned loop, Value first, int64_t stride, SmallVector<Value> &ivs,
                               SmallVector<Value> held);
  SmallVector<Value> steps(OpBuilder &b, unsigned loop, Value first, Value end, int64_t stride, int64_t together,
                           SmallVector<Value> &ivs, SmallVector<Value> held);
};
} // namespace strand
