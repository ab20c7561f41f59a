// One step of a strand.scan as operations in destination style.
#pragma once
#include "dialects/Strand/Strand.h"

namespace strand {
struct ScanStep {
  SmallVector<Value> outputs, next;
};

/// The region of `op` at the insertion point, for one row. `rows`: a row of each input; `places`: where the row of each
/// output belongs; `carries`: what each state spec of the op holds. The next values are written over the carries
/// wherever nothing reads the old ones any more.
ScanStep emitScanStep(OpBuilder &b, ScanOp op, ValueRange rows, ValueRange places, ValueRange carries);
} // namespace strand
