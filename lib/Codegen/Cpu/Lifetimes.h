#pragma once
#include "mlir/Dialect/Bufferization/Transforms/BufferViewFlowAnalysis.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
namespace strand {
using namespace mlir;
/// A stretch of a function's text: from op number `first` up to, but without, `last`.
struct Interval {
  int64_t first, last;
  bool overlaps(const Interval &o) const { return first < o.last && o.first < last; }
};

/// When the buffers of an op with regions are in use. A buffer that is made before a loop and used in it is in use
/// from the loop's beginning to its end; one that is made in the loop lives within an iteration.
class Lifetimes {
public:
  explicit Lifetimes(Operation *root);
  /// The op with all that is inside.
  Interval of(Operation *op) const { return numbers.lookup(op); }
  /// From the first to the last use, views and branches followed. Fails with an error if the buffer is carried from one
  /// iteration to the next or out of its loop.
  FailureOr<Interval> of(memref::AllocOp alloc) const;

private:
  DenseMap<Operation *, Interval> numbers;
  BufferViewFlowAnalysis flow;
};
} // namespace strand
