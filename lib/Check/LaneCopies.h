// The copy engine for the lane emulator: boxes of matrices (cp.async.bulk.tensor), and mbarriers that count bytes.
//
// A copy is on its way until some thread waits for its mbarrier: as late as it may be. It then lands in the phase that the
// mbarrier is in, and is seen by threads that have waited for the end of that phase, and by others behind a barrier with
// these.
#pragma once
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/STLFunctionalExtras.h"
#include <cstdint>
#include <string>
#include <vector>
namespace strand {

/// What the emulator has of a matrix in place of a tensor map; in 128 bytes.
struct LaneBoxes {
  const char *matrix; // null: it has no rows
  int64_t rows, columns, stride; // elements of 2 bytes; bytes from row to row
  int64_t boxRows, boxColumns;
  int64_t swizzle; // bytes: 128, 64, 32

  int64_t bytes() const { return boxRows * boxColumns * 2; }
  /// Calls `act` with the place behind `to` of each element and where it comes from; null where the box lies outside of
  /// the matrix.
  void eachElement(int64_t to, int64_t column, int64_t row,
                   llvm::function_ref<void(int64_t place, const char *from)> act) const;
};

/// The mbarriers of a block, and the copies that arrive at them.
class LaneCopies {
public:
  struct Copy {
    LaneBoxes boxes;
    int64_t barrier, to;
    int32_t column, row;
    int64_t phase;             // of its mbarrier, in which it landed; -1: it is on its way
    std::vector<bool> seenBy;  // by threads that have waited
    bool seenByAny, seenByAll;
  };

  void clear(int threads);
  /// What is wrong, or nothing.
  std::string begin(int64_t barrier);
  std::string end(int64_t barrier);
  std::string expect(int64_t barrier, int64_t bytes);
  /// Returns the number of the copy.
  int64_t send(const LaneBoxes &boxes, int64_t barrier, int64_t to, int32_t column, int32_t row);
  bool knows(int64_t barrier) const { return barriers.count(barrier); }
  /// Whether the phase before the one that an mbarrier is in has this parity, and so has ended.
  bool hasEnded(int64_t barrier, int64_t parity) const;
  /// Lets all copies to an mbarrier land; `write` is told of each.
  void land(int64_t barrier, llvm::function_ref<void(const Copy &)> write);
  /// A thread has seen an ended phase.
  void see(int64_t barrier, int thread);
  /// A barrier of the block: what one has seen, all see.
  void meet();

  bool isSeen(int64_t copy, int thread) const { return at(copy).seenByAll || at(copy).seenBy[thread]; }
  bool isOfBlock(int64_t copy) const { return copy >= first; }
  bool isOnItsWay(int64_t copy) const { return at(copy).phase < 0; }

private:
  struct Barrier {
    int64_t phase = 0, pending = 1, bytes = 0; // arrivals and bytes that the phase still waits for
    bool endPhase();
  };
  int threads = 0;
  int64_t first = 1; // the number of the block's first copy
  std::vector<Copy> copies;
  std::vector<int64_t> recent; // copies that not all have seen
  llvm::DenseMap<int64_t, Barrier> barriers;

  const Copy &at(int64_t copy) const { return copies[copy - first]; }
};
} // namespace strand
