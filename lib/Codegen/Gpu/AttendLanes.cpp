// Neighbouring lanes, a group, share a row: each multiplies its channels of the key with its channels of all queries,
// the products are added up over the group by shuffles, and each adds its channels of the value, weighed, to its
// channels of the results. Groups take rows in turn, several at once, so that many loads are under way. In the end
// those of a warp meet by shuffles.
#include "lib/Codegen/Cpu/Bounds.h"
#include "lib/Codegen/Gpu/Attend.h"
#include "lib/Codegen/Gpu/ProductTiles.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include <cfloat>
#include <cmath>
using namespace mlir;
using namespace strand;
namespace {

class AttendLanes : public AttendCode {
public:
  AttendLanes(tile::AttendOp op, int64_t threads)
      : AttendCode(op, threads), lanes(tile::AttendOp::lanesOfRow(queries, op.keySize(), op.valueSize())),
        ofKeys(op.getKeys(), op.keySize(), lanes), ofValues(op.getValues(), op.valueSize(), lanes) {}

private:
  /// Of each query: m, l, then a's runs.
  using Running = RunningSums;
  int64_t lanes;
  Runs ofKeys, ofValues;

  Type run(OpBuilder &b, const Runs &of) { return VectorType::get(of.width, b.getF32Type()); }
  Value wide(OpBuilder &b, Value x, Type type) { return vector::BroadcastOp::create(b, loc, type, x); }
  SmallVector<Value> loadRow(OpBuilder &b, Value rows, const Runs &of, Value row, Value lane);
  void overRows(OpBuilder &b, Value thread) override;
  Running rowsTogether(OpBuilder &b, ArrayRef<SmallVector<Value>> q, Value base, Value group, Value lane, Value count,
                       const Running &old);
  void joinWarp(OpBuilder &b, Running &x);
  void storeWarp(OpBuilder &b, Value thread, const Running &x);

  int64_t numGroups() const { return threads / lanes; }
  /// Rows that a group takes at once: what they bring has room in registers.
  int64_t together() {
    constexpr int64_t registers = 64, most = 4;
    return std::clamp<int64_t>(registers * lanes / (op.keySize() + op.valueSize()), 1, most);
  }
};

SmallVector<Value> AttendLanes::loadRow(OpBuilder &b, Value rows, const Runs &of, Value row, Value lane) {
  IndexMath at{b, loc};
  SmallVector<Value> runs;
  for (int64_t i = 0; i < of.count; ++i) {
    Value v = loadRun(b, rows, row, of.first(at, lane, i), of.width);
    runs.push_back(v.getType() == run(b, of) ? v : arith::ExtFOp::create(b, loc, run(b, of), v).getResult());
  }
  return runs;
}

/// `together` rows of each group from `base` + `group` on, those behind `count` with a weight of 0.
AttendLanes::Running AttendLanes::rowsTogether(OpBuilder &b, ArrayRef<SmallVector<Value>> q, Value base, Value group,
                                               Value lane, Value count, const Running &old) {
  IndexMath at{b, loc};
  Value last = arith::SubIOp::create(b, loc, count, at.of(1));
  SmallVector<SmallVector<Value>> keys, values;
  SmallVector<Value> there;
  for (int64_t u = 0; u < together(); ++u) {
    Value row = at.add(at.add(base, group), u * numGroups());
    there.push_back(arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ult, row, count));
    row = at.min(row, last);
    keys.push_back(loadRow(b, op.getKeys(), ofKeys, row, lane));
    values.push_back(loadRow(b, op.getValues(), ofValues, row, lane));
  }
  Running next;
  Type runType = run(b, ofValues);
  for (int64_t e = 0; e < queries; ++e) {
    SmallVector<Value> scores;
    Value most = old.most[e];
    for (int64_t u = 0; u < together(); ++u) {
      Value products;
      for (auto [x, k] : llvm::zip_equal(q[e], keys[u]))
        products = products ? add(b, products, mul(b, x, k)) : mul(b, x, k);
      Value score = vector::ExtractOp::create(b, loc, products, 0);
      for (int64_t i = 1; i < ofKeys.width; ++i)
        score = add(b, score, vector::ExtractOp::create(b, loc, products, i));
      score = acrossLanes(b, score, 1, lanes, [&](Value x, Value y) { return add(b, x, y); });
      scores.push_back(arith::SelectOp::create(b, loc, there[u], score, number(b, -INFINITY)));
      most = max(b, most, scores.back());
    }
    Value factor = power(b, old.most[e], most), sum = mul(b, old.sum[e], factor);
    SmallVector<Value> results;
    for (int64_t i = 0; i < ofValues.count; ++i)
      results.push_back(mul(b, old.results[e * ofValues.count + i], wide(b, factor, runType)));
    for (auto [score, value] : llvm::zip_equal(scores, values)) {
      Value weight = power(b, score, most);
      sum = add(b, sum, weight);
      for (auto [result, v] : llvm::zip_equal(results, value))
        result = add(b, result, mul(b, wide(b, weight, runType), v));
    }
    next.most.push_back(most);
    next.sum.push_back(sum);
    llvm::append_range(next.results, results);
  }
  return next;
}

/// What the thread's group makes of its rows. All threads go through as many rounds, so that lanes meet.
void AttendLanes::overRows(OpBuilder &b, Value thread) {
  IndexMath at{b, loc};
  Value lane = at.rem(thread, lanes), group = at.div(thread, lanes);
  SmallVector<SmallVector<Value>> q;
  for (int64_t e = 0; e < queries; ++e) {
    SmallVector<Value> &runs = q.emplace_back();
    for (int64_t i = 0; i < ofKeys.count; ++i) {
      SmallVector<Value> values;
      for (int64_t j = 0; j < ofKeys.width; ++j)
        values.push_back(memref::LoadOp::create(b, loc, op.getQueries(),
                                                ValueRange{at.of(e), at.add(ofKeys.first(at, lane, i), j)}));
      runs.push_back(vector::FromElementsOp::create(b, loc, cast<VectorType>(run(b, ofKeys)), values));
    }
  }
  Running none;
  none.most.assign(queries, number(b, -FLT_MAX));
  none.sum.assign(queries, number(b, 0));
  none.results.assign(queries * ofValues.count, wide(b, number(b, 0), run(b, ofValues)));
  Value count = b.createOrFold<memref::DimOp>(loc, op.getKeys(), 0);
  auto rounds = scf::ForOp::create(b, loc, at.of(0), count, at.of(numGroups() * together()), none.list(),
                                   [&](OpBuilder &b, Location loc, Value base, ValueRange x) {
                                     Running next = rowsTogether(b, q, base, group, lane, count, Running(x, queries));
                                     scf::YieldOp::create(b, loc, next.list());
                                   });
  Running all(rounds.getResults(), queries);
  joinWarp(b, all);
  storeWarp(b, thread, all);
}

/// What all groups of a warp make: each lane has the sums of its channels.
void AttendLanes::joinWarp(OpBuilder &b, Running &x) {
  auto sumUp = [&](Value v) {
    return acrossLanes(b, v, lanes, threadsOfWarp, [&](Value x, Value y) { return add(b, x, y); });
  };
  for (int64_t e = 0; e < queries; ++e) {
    Value most = acrossLanes(b, x.most[e], lanes, threadsOfWarp, [&](Value x, Value y) { return max(b, x, y); });
    Value factor = power(b, x.most[e], most);
    x.most[e] = most;
    x.sum[e] = sumUp(mul(b, x.sum[e], factor));
    for (Value &result : MutableArrayRef(x.results).slice(e * ofValues.count, ofValues.count)) {
      SmallVector<Value> values;
      for (int64_t i = 0; i < ofValues.width; ++i)
        values.push_back(sumUp(mul(b, vector::ExtractOp::create(b, loc, result, i), factor)));
      result = vector::FromElementsOp::create(b, loc, cast<VectorType>(run(b, ofValues)), values);
    }
  }
}

void AttendLanes::storeWarp(OpBuilder &b, Value thread, const Running &x) {
  IndexMath at{b, loc};
  Value warp = at.div(thread, threadsOfWarp), lane = at.rem(thread, threadsOfWarp);
  auto firstLanes = [&](int64_t count, function_ref<void(Value query, int64_t e)> store) {
    whereBelow(b, lane, count, [&] {
      for (int64_t e = 0; e < queries; ++e)
        store(at.of(e), e);
    });
  };
  firstLanes(1, [&](Value query, int64_t e) {
    memref::StoreOp::create(b, loc, x.most[e], mostOfWarps, ValueRange{warp, query});
    memref::StoreOp::create(b, loc, x.sum[e], sumOfWarps, ValueRange{warp, query});
  });
  firstLanes(lanes, [&](Value query, int64_t e) {
    for (int64_t i = 0; i < ofValues.count; ++i)
      vector::StoreOp::create(b, loc, x.results[e * ofValues.count + i], resultOfWarps,
                              ValueRange{warp, query, ofValues.first(at, lane, i)}, false,
                              llvm::Align(ofValues.width * bytesOfElement(b.getF32Type())));
  });
}
} // namespace

std::unique_ptr<AttendCode> strand::attendLanes(tile::AttendOp op, int64_t threads) {
  return std::make_unique<AttendLanes>(op, threads);
}
