// The last k rows of a sequence as a carried value, oldest first: what ops that look back a fixed number of rows share.
#pragma once
#include "dialects/Strand/Strand.h"

namespace strand {
/// history [k x item] followed by rows [n x item], in a buffer of their own.
Value joinHistory(OpBuilder &b, Location loc, Value history, Value rows);
/// The last k rows of `joined` written into `history` [k x item].
Value keepHistory(OpBuilder &b, Location loc, Value joined, Value history);

/// Lengths of tiles for k rows of history: in the first at least half of the rows look back inside the tile.
SmallVector<int64_t> historyTiles(int64_t k, const ChunkOptions &options);
/// How much of the innermost dimension a block takes, of rows with `others` elements for each of its indices: long
/// stretches of a row are read at the speed of memory, while k rows of history and as many others stay near.
int64_t historyBlock(int64_t inner, int64_t others, int64_t k, const ChunkOptions &options);
} // namespace strand
