// The sums of a product whose factors go through shared memory.
//
// The stage holds, factor after factor, two steps of 32 of the depth. A step is, part after part, the lines of the
// block (columns of the matrix, or rows), 64 bytes each: four chunks of 8 values in bf16. ldmatrix reads chunks of 8
// neighbouring lines at once, which collide unless they lie in different banks; so chunk c of line l is at place
// c ^ (l / 2 % 4) of its line.
#pragma once
#include "dialects/Tile/Tile.h"
#include "lib/Codegen/Gpu/Fragments.h"
namespace strand {

/// The warp's sums of `op`, which has a stage, in a block of so many threads: of each fragment of columns from `column`
/// on, of each of rows from `row` on, four values.
SmallVector<Value> stagedSums(ImplicitLocOpBuilder &b, tile::ProductOp op, int64_t threads, Value column, Value row);
} // namespace strand
