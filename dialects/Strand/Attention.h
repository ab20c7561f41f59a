// What the meaning and the tiles of strand.attention share.
#pragma once
#include "dialects/Strand/Rows.h"
namespace strand {

/// The least number of a type.
Value lowest(OpBuilder &b, Location loc, Type e);

using LoopBody = llvm::function_ref<SmallVector<Value>(Value i, ValueRange carried)>;
/// scf.for with its body emitted through `b` itself.
SmallVector<Value> emitLoop(OpBuilder &b, Location loc, Value from, Value to, int64_t step, ValueRange init,
                            LoopBody body);

/// Where the row at `position` lies in the state.
Value placeOf(OpBuilder &b, AttentionOp op, Value position);
} // namespace strand
