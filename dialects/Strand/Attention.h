// What the meaning and the tiles of strand.attention share.
#pragma once
#include "dialects/Strand/Rows.h"
namespace strand {

/// The least number of a type.
Value lowest(OpBuilder &b, Location loc, Type e);

/// The most rows of a tile on tensor cores: with twice as many, blocks of twice the warps wait for each other longer.
constexpr int64_t longestCoreTile = 64;

/// How many rows from before a call such tiles have, the last of each sequence, in whole tiles: what emitPast makes.
int64_t rowsOfPast(AttentionOp op);

/// Whether the op is a step on a device, whose tiles see all rows in the states: AttentionParts.cpp. Its blocks then
/// own `headsOfStep` query heads.
bool isStepOnDevice(AttentionOp op, const ChunkOptions &options);
int64_t headsOfStep(AttentionOp op);
/// Its tile, or a part of that, as emitPartOfTile makes it.
SmallVector<Value> emitStepOnDevice(AttentionOp op, OpBuilder &b, Value row, Value block, ValueRange results,
                                    ValueRange states, const TilePart &part);

/// The key head that the query heads of `block`, `heads` of them, read.
Value keyHeadOf(OpBuilder &b, AttentionOp op, Value block, int64_t heads);

/// Where the row at `position` lies in the state.
Value placeOf(OpBuilder &b, AttentionOp op, Value position);
} // namespace strand
