// What the meaning and the tiles of strand.attention share.
#pragma once
#include "dialects/Strand/Rows.h"
namespace strand {

/// The least number of a type.
Value lowest(OpBuilder &b, Location loc, Type e);

/// Where the row at `position` lies in the state.
Value placeOf(OpBuilder &b, AttentionOp op, Value position);
} // namespace strand
