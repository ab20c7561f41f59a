// tile.attend by the warps of a block. Each goes through rows of its own with a running maximum m, sum l and result a
// of each query,
//   m' = max(m, q . k)      f = 2^(c (m - m'))      p = 2^(c (q . k - m'))      l' = f l + p      a' = f a + p v
// and no thread waits for another warp meanwhile. In the end the warps meet in shared memory.
#pragma once
#include "dialects/Tile/Tile.h"
#include "lib/Codegen/IndexMath.h"
#include <memory>
namespace strand {
using namespace mlir;

/// How a lane reads its channels of a row: runs of `width` neighbours, such that those of `lanes` lanes lie side by
/// side.
struct Runs {
  int64_t lanes, width, count;

  Runs(Value rows, int64_t size, int64_t lanes);
  Value first(const IndexMath &at, Value lane, int64_t run) const { return at.mul(at.add(lane, run * lanes), width); }
};

/// What goes from round to round: so many m and l, then what there is of a.
struct RunningSums {
  SmallVector<Value> most, sum, results;

  RunningSums() = default;
  RunningSums(ValueRange all, int64_t count)
      : most(all.take_front(count)), sum(all.slice(count, count)), results(all.drop_front(2 * count)) {}
  SmallVector<Value> list() const {
    SmallVector<Value> all(most);
    llvm::append_range(all, sum);
    llvm::append_range(all, results);
    return all;
  }
};

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
} // namespace strand
