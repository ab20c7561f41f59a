#include "lib/Codegen/Gpu/Attend.h"
#include "lib/Codegen/Cpu/Bounds.h"
#include "lib/Codegen/Gpu/Fragments.h"
#include "lib/Codegen/Gpu/ProductTiles.h"
#include "lib/Codegen/Gpu/TileFragments.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include <cmath>
using namespace mlir;
using namespace strand;

int64_t AttendCode::numWarps() const { return threads / threadsOfWarp; }
Value AttendCode::number(OpBuilder &b, double v) {
  return arith::ConstantOp::create(b, loc, b.getF32FloatAttr(float(v)));
}
Value AttendCode::add(OpBuilder &b, Value x, Value y) { return arith::AddFOp::create(b, loc, x, y); }
Value AttendCode::mul(OpBuilder &b, Value x, Value y) { return arith::MulFOp::create(b, loc, x, y); }
Value AttendCode::max(OpBuilder &b, Value x, Value y) { return arith::MaxNumFOp::create(b, loc, x, y); }

Value AttendCode::power(OpBuilder &b, Value x, Value most) {
  Value scaled = mul(b, arith::SubFOp::create(b, loc, x, most), number(b, op.getScale().convertToDouble() * M_LOG2E));
  return math::Exp2Op::create(b, loc, scaled, arith::FastMathFlags::afn);
}

Value AttendCode::acrossLanes(OpBuilder &b, Value v, int64_t from, int64_t to, function_ref<Value(Value, Value)> join) {
  ImplicitLocOpBuilder lb(loc, b);
  for (int64_t mask = from; mask < to; mask *= 2)
    v = join(v, valueOfLane(lb, v, mask));
  return v;
}

void AttendCode::whereBelow(OpBuilder &b, Value x, int64_t y, function_ref<void()> body) {
  Value is = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ult, x, arith::ConstantIndexOp::create(b, loc, y));
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(scf::IfOp::create(b, loc, is, false).thenBlock());
  body();
}

/// The widest run of neighbours, 16 bytes at most, of which a lane can load its `own` channels of `rows`.
static int64_t widthOfRuns(Value rows, int64_t own) {
  constexpr int64_t widest = 16;
  int64_t width = std::min(widest / bytesOfElement(getElementTypeOrSelf(rows)), own & -own);
  while (!hasAlignedLines(rows, width))
    width /= 2;
  return width;
}

Runs::Runs(Value rows, int64_t size, int64_t lanes)
    : lanes(lanes), width(widthOfRuns(rows, size / lanes)), count(size / lanes / width) {}

Value AttendCode::loadRun(OpBuilder &b, Value rows, Value row, Value channel, int64_t width) {
  Type type = getElementTypeOrSelf(rows);
  return vector::LoadOp::create(b, loc, VectorType::get(width, type), rows, ValueRange{row, channel}, false,
                                llvm::Align(width * bytesOfElement(type)));
}

/// Elements of the results, and of most and sum with the first of each query.
void AttendCode::joinWarps(OpBuilder &b, Value thread) {
  IndexMath at{b, loc};
  int64_t size = op.valueSize();
  scf::ForOp::create(
      b, loc, thread, at.of(queries * size), at.of(threads), {}, [&](OpBuilder &b, Location loc, Value i, ValueRange) {
        IndexMath at{b, loc};
        Value query = at.div(i, size), channel = at.rem(i, size), most, sum, result;
        auto load = [&](Value from, SmallVector<Value> place) -> Value {
          return memref::LoadOp::create(b, loc, from, place);
        };
        SmallVector<Value> mosts;
        for (int64_t w = 0; w < numWarps(); ++w) {
          mosts.push_back(load(mostOfWarps, {at.of(w), query}));
          most = most ? max(b, most, mosts[w]) : mosts[w];
        }
        for (int64_t w = 0; w < numWarps(); ++w) {
          Value factor = power(b, mosts[w], most), l = mul(b, factor, load(sumOfWarps, {at.of(w), query})),
                a = mul(b, factor, load(resultOfWarps, {at.of(w), query, channel}));
          sum = sum ? add(b, sum, l) : l;
          result = result ? add(b, result, a) : a;
        }
        memref::StoreOp::create(b, loc, result, op.getInto()[0], ValueRange{query, channel});
        Value isFirst = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, channel, at.of(0));
        scf::IfOp::create(b, loc, isFirst, [&](OpBuilder &b, Location loc) {
          memref::StoreOp::create(b, loc, most, op.getInto()[1], query);
          memref::StoreOp::create(b, loc, sum, op.getInto()[2], query);
          scf::YieldOp::create(b, loc);
        });
        scf::YieldOp::create(b, loc);
      });
}

void AttendCode::emit(OpBuilder &b, tile::EachThread eachThread) {
  auto shared = [&](SmallVector<int64_t> shape) -> Value {
    return memref::AllocOp::create(b, loc, MemRefType::get(shape, b.getF32Type()));
  };
  mostOfWarps = shared({numWarps(), queries});
  sumOfWarps = shared({numWarps(), queries});
  resultOfWarps = shared({numWarps(), queries, op.valueSize()});
  eachThread(threads, [&](OpBuilder &b, Value thread) { overRows(b, thread); });
  eachThread(threads, [&](OpBuilder &b, Value thread) { joinWarps(b, thread); });
}

void strand::attendByWarps(OpBuilder &b, tile::AttendOp op, int64_t threads, tile::EachThread eachThread) {
  constexpr int64_t word = 2, few = 4; // neighbours of a key are the depth of a step, of a value two make a word
  bool inWords = hasAlignedLines(op.getKeys(), few) && hasAlignedLines(op.getValues(), word);
  (op.takesTensorCores() && inWords ? attendFragments(op, threads) : attendLanes(op, threads))->emit(b, eachThread);
}
