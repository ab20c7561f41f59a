// A warp takes 16 rows at a time, as mma.sync m16n8k16 does (Fragments.h). Queries are the lines of the first factor,
// and rows of keys those of the second, so that a thread has the scores of queries lane / 4 (and + 8) with keys
// 2 (lane % 4) and the next, and 8 further. Weights in bf16 of these are the first factor of the second product as they
// are, over the same keys.
//
// Sums may be taken in any order, and columns of results be any, so that all is read from memory as it lies: a lane has
// runs of neighbours of a row. Of a key these are the depth, in queries as well. Of values neighbours are columns of
// results, one of each of as many instructions, and two rows that follow each other make the words of the depth.
#include "lib/Codegen/Gpu/Attend.h"
#include "lib/Codegen/Gpu/Fragments.h"
#include "lib/Codegen/Gpu/ProductTiles.h"
#include "lib/Codegen/Gpu/TileFragments.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/LLVMIR/NVVMDialect.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include <cfloat>
#include <cmath>
using namespace mlir;
using namespace strand;
namespace {
constexpr int64_t rowsAtOnce = 16, linesOfHalf = 8, wordsOfStep = 2;

class AttendFragments : public AttendCode {
public:
  AttendFragments(tile::AttendOp op, int64_t threads)
      : AttendCode(op, threads), halves(queries > linesOfHalf ? 2 : 1),
        ofKeys(op.getKeys(), op.keySize(), lanesAlongDepth), ofValues(op.getValues(), op.valueSize(), linesOfHalf) {}

private:
  /// Of each half of the queries: m, l of the thread's keys, and of each fragment of results two sums.
  using Running = RunningSums;
  int64_t halves;
  Runs ofKeys, ofValues;

  int64_t fragments() { return op.valueSize() / linesOfHalf; }
  /// Where the sum `s` of a fragment and a half is among results.
  int64_t place(int64_t fragment, int64_t half, int64_t s) const { return (fragment * halves + half) * 2 + s; }
  SmallVector<Value> loadWords(OpBuilder &b, Value rows, const Runs &of, Value row, Value lane);
  SmallVector<SmallVector<Value>> queryWords(OpBuilder &b, Value line, Value column);
  void overRows(OpBuilder &b, Value thread) override;
  SmallVector<SmallVector<Value>> scores(OpBuilder &b, ArrayRef<SmallVector<Value>> q, Value base, Value line,
                                         Value column, Value count);
  Running rowsTogether(OpBuilder &b, ArrayRef<SmallVector<Value>> q, Value base, Value line, Value column, Value count,
                       const Running &old);
  void storeWarp(OpBuilder &b, Value thread, const Running &x);
};

/// The lane's runs of a row, as words of two neighbours.
SmallVector<Value> AttendFragments::loadWords(OpBuilder &b, Value rows, const Runs &of, Value row, Value lane) {
  IndexMath at{b, loc};
  SmallVector<Value> words;
  for (int64_t i = 0; i < of.count; ++i) {
    Value v = loadRun(b, rows, row, of.first(at, lane, i), of.width);
    v = vector::BitCastOp::create(b, loc, VectorType::get(of.width / 2, b.getI32Type()), v);
    for (int64_t w = 0; w < of.width / 2; ++w)
      words.push_back(vector::ExtractOp::create(b, loc, v, w));
  }
  return words;
}

/// Of each half of the queries, the words of the thread's query, in the order of those of keys; zeros if there is none.
SmallVector<SmallVector<Value>> AttendFragments::queryWords(OpBuilder &b, Value line, Value column) {
  IndexMath at{b, loc};
  ImplicitLocOpBuilder lb(loc, b);
  SmallVector<SmallVector<Value>> q(halves);
  for (int64_t half = 0; half < halves; ++half) {
    Value query = at.add(line, half * linesOfHalf), last = at.of(queries - 1);
    Value isThere = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ule, query, last);
    query = at.min(query, last);
    for (int64_t i = 0; i < ofKeys.count; ++i)
      for (int64_t w = 0; w < ofKeys.width; w += 2) {
        SmallVector<Value> pair;
        for (int64_t next : {0, 1}) {
          Value v = memref::LoadOp::create(b, loc, op.getQueries(),
                                           ValueRange{query, at.add(ofKeys.first(at, column, i), w + next)});
          pair.push_back(arith::SelectOp::create(b, loc, isThere, v, number(b, 0)));
        }
        q[half].push_back(wordOf(lb, pair[0], pair[1]));
      }
  }
  return q;
}

/// Of each half of the queries, the thread's four scores: with the two keys of the first 8 rows, then those of the
/// next; the least where there is no row.
SmallVector<SmallVector<Value>> AttendFragments::scores(OpBuilder &b, ArrayRef<SmallVector<Value>> q, Value base,
                                                        Value line, Value column, Value count) {
  IndexMath at{b, loc};
  ImplicitLocOpBuilder lb(loc, b);
  Value last = arith::SubIOp::create(b, loc, count, at.of(1)),
        none = arith::ConstantOp::create(b, loc, b.getI32IntegerAttr(0));
  SmallVector<SmallVector<Value>> all(halves);
  SmallVector<SmallVector<Value>> keys;
  for (int64_t n : {0, 1})
    keys.push_back(
        loadWords(b, op.getKeys(), ofKeys, at.min(at.add(at.add(base, line), n * linesOfHalf), last), column));
  for (int64_t n : {0, 1}) {
    SmallVector<Value> sums(4, number(b, 0));
    for (size_t w = 0; w < keys[n].size(); w += wordsOfStep) {
      Value low = halves > 1 ? q[1][w] : none, high = halves > 1 ? q[1][w + 1] : none;
      sums = multiplyFragments(lb, {q[0][w], low, q[0][w + 1], high}, {keys[n][w], keys[n][w + 1]}, sums);
    }
    for (int64_t next : {0, 1}) {
      Value row = at.add(at.add(base, at.mul(column, 2)), n * linesOfHalf + next);
      Value isThere = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ult, row, count);
      for (int64_t half = 0; half < halves; ++half)
        all[half].push_back(arith::SelectOp::create(b, loc, isThere, sums[2 * half + next], number(b, -INFINITY)));
    }
  }
  return all;
}

/// 16 rows from `base` on, those behind `count` with a weight of 0.
AttendFragments::Running AttendFragments::rowsTogether(OpBuilder &b, ArrayRef<SmallVector<Value>> q, Value base,
                                                       Value line, Value column, Value count, const Running &old) {
  constexpr int64_t lowHalves = 0x5410, highHalves = 0x7632;
  IndexMath at{b, loc};
  ImplicitLocOpBuilder lb(loc, b);
  Value last = arith::SubIOp::create(b, loc, count, at.of(1));
  SmallVector<SmallVector<Value>> values; // of rows 2 column, the next, and both 8 further
  for (int64_t below : {0, 1, 8, 9})
    values.push_back(
        loadWords(b, op.getValues(), ofValues, at.min(at.add(at.add(base, at.mul(column, 2)), below), last), line));
  SmallVector<SmallVector<Value>> r = scores(b, q, base, line, column, count);
  Running next;
  SmallVector<Value> factors, weights(4, arith::ConstantOp::create(b, loc, b.getI32IntegerAttr(0)));
  for (int64_t half = 0; half < halves; ++half) {
    auto larger = [&](Value x, Value y) { return max(b, x, y); };
    Value most = max(b, max(b, r[half][0], r[half][1]), max(b, r[half][2], r[half][3]));
    most = max(b, old.most[half], acrossLanes(b, most, 1, lanesAlongDepth, larger));
    factors.push_back(power(b, old.most[half], most));
    Value sum = mul(b, old.sum[half], factors[half]);
    SmallVector<Value> p;
    for (Value score : r[half]) {
      p.push_back(power(b, score, most));
      sum = add(b, sum, p.back());
    }
    weights[half] = wordOf(lb, p[0], p[1]);
    weights[2 + half] = wordOf(lb, p[2], p[3]);
    next.most.push_back(most);
    next.sum.push_back(sum);
  }
  next.results.resize(old.results.size());
  for (int64_t f = 0; f < fragments(); ++f) {
    auto pair = [&](int64_t first) -> Value { // element f of two rows
      Value selector = arith::ConstantOp::create(b, loc, b.getI32IntegerAttr(f % 2 ? highHalves : lowHalves));
      return NVVM::PermuteOp::create(b, loc, b.getI32Type(), values[first][f / 2], values[first + 1][f / 2], selector,
                                     NVVM::PermuteMode::DEFAULT);
    };
    SmallVector<Value> sums(4, number(b, 0));
    for (int64_t half = 0; half < halves; ++half)
      for (int64_t s : {0, 1})
        sums[2 * half + s] = mul(b, old.results[place(f, half, s)], factors[half]);
    sums = multiplyFragments(lb, weights, {pair(0), pair(2)}, sums);
    for (int64_t half = 0; half < halves; ++half)
      for (int64_t s : {0, 1})
        next.results[place(f, half, s)] = sums[2 * half + s];
  }
  return next;
}

void AttendFragments::overRows(OpBuilder &b, Value thread) {
  IndexMath at{b, loc};
  Value lane = at.rem(thread, threadsOfWarp), line = at.div(lane, lanesAlongDepth),
        column = at.rem(lane, lanesAlongDepth);
  SmallVector<SmallVector<Value>> q = queryWords(b, line, column);
  Running none;
  none.most.assign(halves, number(b, -FLT_MAX));
  none.sum.assign(halves, number(b, 0));
  none.results.assign(fragments() * halves * 2, number(b, 0));
  Value count = b.createOrFold<memref::DimOp>(loc, op.getKeys(), 0);
  Value first = at.mul(at.div(thread, threadsOfWarp), rowsAtOnce);
  auto rounds = scf::ForOp::create(b, loc, first, count, at.of(numWarps() * rowsAtOnce), none.list(),
                                   [&](OpBuilder &b, Location loc, Value base, ValueRange x) {
                                     Running next = rowsTogether(b, q, base, line, column, count, Running(x, halves));
                                     scf::YieldOp::create(b, loc, next.list());
                                   });
  storeWarp(b, thread, Running(rounds.getResults(), halves));
}

void AttendFragments::storeWarp(OpBuilder &b, Value thread, const Running &x) {
  IndexMath at{b, loc};
  Value warp = at.div(thread, threadsOfWarp), lane = at.rem(thread, threadsOfWarp);
  Value line = at.div(lane, lanesAlongDepth), column = at.rem(lane, lanesAlongDepth);
  for (int64_t half = 0; half < halves; ++half) {
    Value query = at.add(line, half * linesOfHalf);
    Value sum = acrossLanes(b, x.sum[half], 1, lanesAlongDepth, [&](Value x, Value y) { return add(b, x, y); });
    whereBelow(b, query, queries, [&] {
      whereBelow(b, column, 1, [&] {
        memref::StoreOp::create(b, loc, x.most[half], mostOfWarps, ValueRange{warp, query});
        memref::StoreOp::create(b, loc, sum, sumOfWarps, ValueRange{warp, query});
      });
      for (int64_t f = 0; f < fragments(); ++f)
        for (int64_t s : {0, 1}) { // column 2 `column` + s of a fragment is element f of that line's run
          Value owner = at.add(at.mul(column, 2), s);
          Value channel = at.add(ofValues.first(at, owner, f / ofValues.width), f % ofValues.width);
          memref::StoreOp::create(b, loc, x.results[place(f, half, s)], resultOfWarps,
                                  ValueRange{warp, query, channel});
        }
    });
  }
}
} // namespace

std::unique_ptr<AttendCode> strand::attendFragments(tile::AttendOp op, int64_t threads) {
  return std::make_unique<AttendFragments>(op, threads);
}
