// Products of a warpgroup, four warps together: wgmma m64nNk16 of bf16 with sums in f32, which sm_90a has.
//
// The sums of 64 lines are in the registers of 128 threads as those of mma.sync would be: each warp has 16 lines, a
// fragment for each 8 columns. The first factor comes from registers, 4 words for 16 of the depth as mma.sync takes
// them, or from shared memory; the second from shared memory. There a factor is a plane (TileFragments.h), which a
// descriptor names: its lines (of the second factor, its columns) are rows of the plane, or columns of it, `turned`.
//
//   bits 0-13   byte address / 16
//   bits 16-29  / 16: turned, from panel to panel; else not used
//   bits 32-45  / 16: from 8 rows to the next 8
//   bits 62-63  swizzle of rows of 128, 64, 32 bytes: 1, 2, 3
//
// wgmma runs beside the threads (it is of the "async proxy"), so that three things have to be in order:
// - Stores and copies of threads reach it only through fence.proxy.async in each thread that wrote, and then a barrier.
// - Registers that threads wrote, sums and words, are its own only behind wgmma.fence.
// - Its sums are there, and what it reads may be written again, only behind wgmma.wait_group for a committed group.
#pragma once
#include "lib/Codegen/Gpu/TileFragments.h"
namespace strand {

constexpr int64_t warpsOfGroup = 4, linesOfGroup = 64, depthOfGroup = 16, mostColumnsOfGroup = 256;

/// A factor of a step: 4 words (i32) of the first, or of a descriptor the lower word for a plane's begin (i32), what is
/// to be added to it, and the upper word. It is put together in the text: many descriptors would take two registers
/// each. Or the pairs of which 4 words are made in front of the text.
struct GroupFactor {
  SmallVector<Value> values;
  int64_t behind = 0, upper = 0;
  SmallVector<PairInParts, 0> pairs{};

  bool isInRegisters() const { return values.size() > 1 || !pairs.empty(); }
};
/// 16 of the depth for 64 lines.
struct GroupStep {
  int64_t k; // which 16
  GroupFactor first, second;
};
struct GroupProduct {
  int64_t columns;
  bool firstTurned, secondTurned;
  SmallVector<SmallVector<GroupStep>> blocks; // of each 64 lines all of the depth
  SmallVector<Value> sums;                    // of the thread, to which the product is added; none: to zero

  /// Whether steps of `o` may follow, on the same sums.
  bool canGoOnWith(const GroupProduct &o) const {
    return columns == o.columns && firstTurned == o.firstTurned && secondTurned == o.secondTurned &&
           blocks.size() == o.blocks.size();
  }
  /// Words of first factors, with those that steps share.
  int64_t numWords() const;
  int64_t numSums() const { return blocks.size() * columns / 2; }
};

/// The lower word of the descriptor of the first 16 along the depth of the first lines.
Value groupDescriptor(ImplicitLocOpBuilder &b, const Plane &plane, bool turned);
/// The descriptor, which has this lower word, of those from 16 * k on of lines from `firstLine` on.
GroupFactor groupFactor(Value lower, const Plane &plane, bool turned, int64_t firstLine, int64_t k);

/// The sums of all products, one after the other: they are begun together and waited for at once. (ptxas puts a wait of
/// its own in front of code that touches registers of earlier products while others run.)
SmallVector<Value> multiplyGroup(ImplicitLocOpBuilder &b, TileThread &at, ArrayRef<GroupProduct> products);
/// The same, as many of them at once as there are registers for their words.
SmallVector<Value> multiplyAll(ImplicitLocOpBuilder &b, TileThread &at, ArrayRef<GroupProduct> products);

/// What this thread wrote to shared memory comes in front of what wgmma reads behind the next barrier.
void fenceForGroups(ImplicitLocOpBuilder &b);
} // namespace strand
