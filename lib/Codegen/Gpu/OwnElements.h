// Whether threads of a block may go through several linalg ops on buffers without waiting for each other.
#pragma once
#include "mlir/Dialect/Linalg/IR/Linalg.h"
namespace strand {
using namespace mlir;

/// Work in which a thread keeps to elements of its own.
struct OwnElements {
  int64_t count; // of each op
  SmallVector<linalg::LinalgOp> ops;
};

/// The linalg ops among and in `ops`, if a thread that computes element i of each, in the order of the loops around
/// them, reads nothing that another thread writes: then no thread has to wait. Beside them there are loops, index
/// arithmetic, views, buffers, and reads of what is not written. Buffers of different names lie apart, or are used at
/// the same indices.
std::optional<OwnElements> ownElements(ArrayRef<Operation *> ops);

/// The buffer that `v` is a view of.
Value bufferOf(Value v);
} // namespace strand
