// tile.attend by the warps of a block. Each goes through rows of its own with a running maximum m, sum l and result a
// of each query,
//   m' = max(m, q . k)      f = 2^(c (m - m'))      p = 2^(c (q . k - m'))      l' = f l + p      a' = f a + p v
// and no thread waits for another warp meanwhile. In the end the warps meet in shared memory.
#pragma once
#include "dialects/Tile/Tile.h"
#include <memory>
namespace strand {
using namespace mlir;

/// Code at `b` that does what `op` does, on buffers, by so many `threads` of a block, a multiple of a warp's.
void attendByWarps(OpBuilder &b, tile::AttendOp op, int64_t threads, tile::EachThread eachThread);

/// One of the ways, and what they have in common.
class AttendCode {
public:
  virtual ~AttendCode() = default;
  void emit(OpBuilder &b, tile::EachThread eachThread);

protected:
  tile::AttendOp op;
  Location loc;
  int64_t threads, queries;
  Value mostOfWarps, sumOfWarps, resultOfWarps; // in shared memory: m, l and a of each warp and query

  AttendCode(tile::AttendOp op, int64_t threads)
      : op(op), loc(op.getLoc()), threads(threads), queries(op.numQueries()) {}
  /// What the warp of `thread` makes of its rows, to shared memory.
  virtual void overRows(OpBuilder &b, Value thread) = 0;

  int64_t numWarps() const;
  Value number(OpBuilder &b, double v);
  Value add(OpBuilder &b, Value x, Value y);
  Value mul(OpBuilder &b, Value x, Value y);
  Value max(OpBuilder &b, Value x, Value y);
  /// 2^(c (x - most))
  Value power(OpBuilder &b, Value x, Value most);
  /// The value of the lane whose number differs in the bits of `mask`.
  Value fromLane(OpBuilder &b, Value v, int64_t mask);
  /// Over lanes whose numbers differ in bits from `from` up to below `to`.
  Value acrossLanes(OpBuilder &b, Value v, int64_t from, int64_t to, llvm::function_ref<Value(Value, Value)> join);
  /// The code in `body` where x < y.
  void whereBelow(OpBuilder &b, Value x, int64_t y, llvm::function_ref<void()> body);
  /// `width` neighbours of a row, as they are.
  Value loadRun(OpBuilder &b, Value rows, Value row, Value channel, int64_t width);

private:
  void joinWarps(OpBuilder &b, Value thread);
};

/// Neighbouring lanes share a row.
std::unique_ptr<AttendCode> attendLanes(tile::AttendOp op, int64_t threads);
/// Tensor cores multiply 16 rows of a warp.
std::unique_ptr<AttendCode> attendFragments(tile::AttendOp op, int64_t threads);

/// The widest run of neighbours, 16 bytes at most, of which a lane can load its `own` channels of `rows`.
int64_t widthOfRuns(Value rows, int64_t own);
} // namespace strand
