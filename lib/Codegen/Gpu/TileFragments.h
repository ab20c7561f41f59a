// How the threads of a block hold tiles, in registers and in shared memory.
//
// In registers a tile is cut into fragments of 16 lines and 8 columns, as mma.sync m16n8k16 leaves its sums: thread
// `lane` of a warp has of each fragment lines lane / 4 and that + 8, columns 2 (lane % 4) and the next. Warps share out
// the lines; where there are fewer fragments along lines than warps, several warps hold the same. A fragment of sums
// of 16 columns is, rounded to bf16, the first factor of a product along its columns, in the same threads.
//
// In shared memory a tile is a plane of bf16: panels of 64 columns (32 or 16, if that divides them and 64 does not),
// one after another, with rows of 16-byte chunks. Row r has chunk c at place c xor r (of the lowest bits), so that
// neither rows nor columns of chunks meet in a bank; ldmatrix reads it as either factor, along either dimension. These
// are the swizzles of 128, 64 and 32 bytes that descriptors of wgmma know (Wgmma.h). A tile of rank 1 is an array of
// f32.
#pragma once
#include "lib/Codegen/IndexMath.h"
#include "mlir/IR/ImplicitLocOpBuilder.h"
namespace strand {
using namespace mlir;

/// The texts in PTX that read the numbers of a thread and of a block.
constexpr const char *threadText = "mov.u32 $0, %tid.x;", *blockText = "mov.u32 $0, %ctaid.x;";

/// A tile of bf16 in shared memory.
struct Plane {
  Value pointer; // at a multiple of `alignment`, where turns by the row and by the address are the same
  int64_t rows, columns;

  static constexpr int64_t alignment = 1024;
  int64_t columnsOfPanel() const { return std::min<int64_t>(64, columns & -columns); }
  int64_t bytesOfRow() const { return 2 * columnsOfPanel(); } // in one panel
  int64_t bytesOfPanel() const { return rows * bytesOfRow(); }
};

/// The same word (i32 or f32), made here: LLVM neither finds it out in front of a loop nor in a later block, where it
/// would take registers meanwhile, nor takes what it made of it elsewhere.
Value pinned(ImplicitLocOpBuilder &b, Value word);

/// Two values as a word of bf16, rounded.
Value wordOf(ImplicitLocOpBuilder &b, Value low, Value high);
/// The value of the lane whose number differs in the bits of `mask`.
Value valueOfLane(ImplicitLocOpBuilder &b, Value v, int64_t mask);

/// The places of one thread.
class TileThread {
public:
  TileThread(ImplicitLocOpBuilder &b, Value thread, int64_t warps);
  /// The same, found out anew, so that addresses are not computed in front of a loop and kept in registers through it.
  TileThread again() const;

  Value thread, lane, warp;
  Value lineInFragment; // the thread's, of the first 8
  int64_t warps;

  int64_t fragmentsOfThread(int64_t lines) const { return std::max<int64_t>(1, lines / 16 / warps); }
  /// Index (i32) of the first line of the thread's fragment `f`; of its line `half` there; of column 0 of a pair.
  Value fragmentBegin(int64_t lines, int64_t f);
  Value line(int64_t lines, int64_t f, int64_t half);
  Value column(int64_t n);
  /// Whether no warp before this one holds the same lines; null if that is so for all.
  Value isFirstHolder(int64_t lines);

  Value number(int64_t v) { return at().of(v); }
  IndexMath at() { return {*builder, builder->getLoc(), builder->getI32Type()}; }
  /// Byte `offset` (i32) behind a pointer to shared memory.
  Value behind(Value pointer, Value offset);

  /// The address of element [row + below, 8 * chunk] of a plane; `below` is a multiple of 8. What is known of an
  /// address stands apart from what is not, so that it becomes a part of the instruction.
  Value chunkAddress(const Plane &plane, Value row, Value chunk, int64_t below = 0);
  /// The first factor: lines are rows of the plane (or its columns, with `turned`), 16 from `firstLine` on, along depth
  /// 16 * k on.
  SmallVector<Value> firstFactor(const Plane &plane, bool turned, Value firstLine, int64_t k);
  /// The second factor for columns 16 * n and 16 * n + 8 on: columns are rows of the plane (or its columns, `turned`).
  SmallVector<Value> secondFactor(const Plane &plane, bool turned, int64_t n, int64_t k);
  /// Four matrices of 8 x 8, of which the thread names a row by its place, as chunkAddress takes it (ldmatrix).
  SmallVector<Value> matrices(const Plane &plane, Value row, Value chunk, bool turned, int64_t below = 0);
  Value word(Value low, Value high) { return wordOf(*builder, low, high); }
  /// The same in `count` words: then what rounding leaves of both, rounded.
  SmallVector<Value> wordsInParts(Value low, Value high, int64_t count);
  Value pinnedHere(Value word) { return pinned(*builder, word); }
  /// The two values of a word, as bf16.
  std::pair<Value, Value> halves(Value word);
  Value fromLane(Value v, int64_t mask) { return valueOfLane(*builder, v, mask); }
  void barrier();

private:
  ImplicitLocOpBuilder *builder;
  Value pairColumn;
};

/// Two values (f32) that are multiplied as a word of bf16: as part number `number` of `count`.
struct PairInParts {
  std::pair<Value, Value> values;
  unsigned number, count;
};

/// Words of such pairs, each made once, and here: all of them at once would take more registers than the values do.
class WordsInParts {
public:
  Value of(TileThread &at, const PairInParts &pair);

private:
  DenseMap<std::pair<Value, Value>, SmallVector<Value>> known; // of each pair all parts
};
} // namespace strand
