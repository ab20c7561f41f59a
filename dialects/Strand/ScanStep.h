// One step of a strand.scan as operations in destination style.
#pragma once
#include "dialects/Strand/Strand.h"

namespace mlir {
class IRMapping;
}
namespace strand {
/// `inner`, an operation of a region over one row, again at the insertion point: element-wise ones on tensors become
/// linalg, and what is accumulated on a constant has that filled in anew. Returns the linalg operation that it was
/// already, if so.
linalg::LinalgOp cloneWithDestinations(OpBuilder &b, Operation &inner, IRMapping &map);

struct ScanStep {
  SmallVector<Value> outputs, next;
};

/// The region of `op` at the insertion point, for one row. `rows`: a row of each input; `places`: where the row of each
/// output belongs; `carries`: what each state spec of the op holds. The next values are written over the carries
/// wherever nothing reads the old ones any more.
ScanStep emitScanStep(OpBuilder &b, ScanOp op, ValueRange rows, ValueRange places, ValueRange carries);
} // namespace strand
