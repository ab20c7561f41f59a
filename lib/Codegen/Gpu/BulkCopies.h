// Copies of boxes of a matrix by the copy engine (cp.async.bulk.tensor of sm_90): one thread of a block sends them, into
// planes (TileFragments.h), whose swizzles the engine knows.
//
// A round of copies arrives at one of two mbarriers: who sends it says how many bytes will come, the engine counts them
// off, and all threads wait for that phase of the mbarrier to end. Round n has mbarrier n % 2, whose phases are even and
// odd in turn: n / 2 % 2.
//
// The engine works beside the threads (it is of the "async proxy"):
// - It writes behind what threads wrote or loaded only through fence.proxy.async in each of these and then a barrier: a
//   load may still be on its way behind the barrier (an H100 showed it). Behind products of a warpgroup that have been
//   waited for, through a barrier.
// - What it wrote is seen by threads that have waited for it, and by wgmma behind them, without a fence.
#pragma once
#include "mlir/IR/ImplicitLocOpBuilder.h"
#include <optional>
namespace strand {
using namespace mlir;

/// Of both mbarriers.
constexpr int64_t bytesOfRing = 16;

/// One box.
struct BoxCopy {
  Value to;          // i32, in shared memory
  Value map;         // i64, what tile.boxes is
  Value column, row; // i32, of the box's first element in the matrix
};

/// By one thread, in front of a fence and a barrier: from here on there are mbarriers at `ring` (i32).
void beginRing(ImplicitLocOpBuilder &b, Value ring);
/// By one thread, behind a barrier: what lies there may be anything again.
void endRing(ImplicitLocOpBuilder &b, Value ring);
/// By one warp, round `round` (i32) of copies that bring `bytes` in all.
void sendBoxes(ImplicitLocOpBuilder &b, Value ring, Value round, int64_t bytes, ArrayRef<BoxCopy> copies);
/// By each thread that reads, or writes again, what the round brought.
void awaitBoxes(ImplicitLocOpBuilder &b, Value ring, Value round);

/// The same texts of PTX read again: for those who run them without a device. Numbers are those of operands.
struct BulkInstruction {
  enum Kind { begin, end, expect, copy, wait };
  Kind kind;
  int64_t barrier = 0, bytes = 0;
  int64_t to = 0, map = 0, column = 0, row = 0; // of a copy
  int64_t parity = 0;                           // of a wait
};
bool isBulkText(StringRef text);
/// Nothing if there are other instructions in it.
std::optional<SmallVector<BulkInstruction>> readBulkText(StringRef text);
} // namespace strand
