// tile.inverse among tiles in registers. The matrix lies in shared memory as an array of f32. What it has below the
// diagonal stays there; the inverse X is written, turned round, into the upper triangle: X[m, l], l <= m, at [l, m].
#include "lib/Codegen/Gpu/Fragments.h"
#include "lib/Codegen/Gpu/ProductTiles.h"
#include "lib/Codegen/Gpu/TileCode.h"
#include "mlir/Dialect/LLVMIR/LLVMDialect.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
using namespace mlir;
using namespace strand;
namespace {
constexpr int64_t block = 16, bytesOfValue = 4;

class Inverse {
public:
  /// Of so many parts as the result has.
  Inverse(ImplicitLocOpBuilder &b, TileThread &at, Value array, int64_t size, int64_t results)
      : b(b), at(at), array(array), size(size), results(results), math(at.at()) {}

  /// Room for a row, so that neither rows nor columns meet in a bank too often.
  static int64_t rowOf(int64_t size) { return size + 4; }
  Value address(Value row, Value column) {
    return at.behind(array, math.mul(math.add(math.mul(row, rowOf(size)), column), bytesOfValue));
  }

  void invertBlock();
  void join(int64_t half);
  std::vector<SmallVector<Value>> words();
  void writeTo(const Plane &plane, ArrayRef<Value> words);

private:
  ImplicitLocOpBuilder &b;
  TileThread &at;
  Value array;
  int64_t size, results;
  IndexMath math;

  Value f32(double v) { return arith::ConstantOp::create(b, b.getF32FloatAttr(float(v))); }
  Value lower(Value row, Value column) {
    return LLVM::LoadOp::create(b, b.getF32Type(), address(row, column), bytesOfValue);
  }
  /// `count` neighbours of a row, and not what stands behind them: that may be written at the same time.
  SmallVector<Value> lowerRun(Value row, Value column, int64_t count) {
    SmallVector<Value> run;
    Value all =
        count == 4 ? LLVM::LoadOp::create(b, VectorType::get(4, b.getF32Type()), address(row, column), 4 * bytesOfValue)
                         .getResult()
                   : Value();
    for (int64_t i = 0; i < count; ++i)
      run.push_back(all ? vector::ExtractOp::create(b, all, i).getResult() : lower(row, math.add(column, i)));
    return run;
  }
  Value inverse(Value row, Value column) {
    Value isThere = arith::CmpIOp::create(b, arith::CmpIPredicate::ule, column, row);
    return arith::SelectOp::create(b, isThere, lower(column, row), f32(0));
  }
  void put(Value v, Value row, Value column) { LLVM::StoreOp::create(b, v, address(column, row), bytesOfValue); }
  /// The code in `body` for warps below `count`, if there are others.
  void forWarps(int64_t count, function_ref<void()> body) {
    OpBuilder::InsertionGuard guard(b);
    if (count < at.warps) {
      Value first = arith::CmpIOp::create(b, arith::CmpIPredicate::ult, at.warp, at.number(count));
      b.setInsertionPointToStart(scf::IfOp::create(b, first, false).thenBlock());
    }
    body();
  }
};

/// A block on the diagonal for each warp, a column for each thread (two threads do the same).
void Inverse::invertBlock() {
  int64_t blocks = size / block;
  for (int64_t round = 0; round * at.warps < blocks; ++round) {
    Value first = math.mul(math.rem(math.add(at.warp, round * at.warps), blocks), block);
    Value column = math.rem(at.lane, block);
    SmallVector<Value> x;
    for (int64_t m = 0; m < block; ++m) {
      Value isOne = arith::CmpIOp::create(b, arith::CmpIPredicate::eq, column, at.number(m));
      Value sum = arith::SelectOp::create(b, isOne, f32(1), f32(0));
      SmallVector<Value> run;
      for (int64_t l = 0; l < m; ++l) {
        if (l % 4 == 0)
          run = lowerRun(math.add(first, m), math.add(first, l), std::min<int64_t>(4, m - l));
        sum = arith::SubFOp::create(b, sum, arith::MulFOp::create(b, run[l % 4], x[l]));
      }
      x.push_back(sum);
    }
    forWarps(blocks, [&] {
      for (int64_t m = 0; m < block; ++m) {
        Value below = arith::CmpIOp::create(b, arith::CmpIPredicate::ule, at.lane, at.number(m));
        OpBuilder::InsertionGuard guard(b);
        b.setInsertionPointToStart(scf::IfOp::create(b, below, false).thenBlock());
        put(x[m], math.add(first, m), math.add(first, column));
      }
    });
  }
}

/// Of inverses of size `half` on the diagonal, always two neighbours: 16 rows and 16 columns of -B^-1 N A^-1 a warp.
void Inverse::join(int64_t half) {
  int64_t parts = results == 1 ? 2 : 3; // 2: about 2^-16, of what is rounded to 2^-9
  int64_t side = half / block, perPair = side * side, units = perPair * (size / half / 2);
  Value lineInBlock = math.div(at.lane, 4), pair = math.mul(math.rem(at.lane, 4), 2);
  Value zero = f32(0);
  for (int64_t round = 0; round * at.warps < units; ++round) {
    Value unit = math.rem(math.add(at.warp, round * at.warps), units);
    Value begin = math.mul(math.div(unit, perPair), 2 * half), inPair = math.rem(unit, perPair);
    Value row = math.add(math.add(begin, half), math.mul(math.div(inPair, side), block)),
          column = math.add(begin, math.mul(math.rem(inPair, side), block));
    // B^-1 N: 16 x half, from [row, begin + half + k] and [begin + half + k, begin + n]
    SmallVector<SmallVector<Value>> sums(half / 8, SmallVector<Value>(4, zero));
    for (int64_t k = 0; k < half; k += block) {
      Value depth = math.add(math.add(begin, half + k), pair);
      SmallVector<Value> values;
      for (int64_t later : {0, 8})
        for (int64_t below : {0, 8})
          for (int64_t next : {0, 1})
            values.push_back(inverse(math.add(math.add(row, below), lineInBlock), math.add(depth, later + next)));
      auto first = inParts(b, values, parts);
      for (int64_t n = 0; n < half / 8; ++n) {
        values.clear();
        for (int64_t later : {0, 8})
          for (int64_t next : {0, 1})
            values.push_back(lower(math.add(depth, later + next), math.add(math.add(begin, 8 * n), lineInBlock)));
        sums[n] = multiplyParts(b, first, inParts(b, values, parts), sums[n]);
      }
    }
    // times A^-1: its lines are in the same threads
    SmallVector<SmallVector<Value>> result(2, SmallVector<Value>(4, zero));
    for (int64_t k = 0; k < half; k += block) {
      SmallVector<Value> values;
      for (int64_t n : {k / 8, k / 8 + 1})
        llvm::append_range(values, sums[n]);
      auto first = inParts(b, values, parts);
      Value depth = math.add(math.add(begin, k), pair);
      for (int64_t n : {0, 1}) {
        values.clear();
        for (int64_t later : {0, 8})
          for (int64_t next : {0, 1})
            values.push_back(inverse(math.add(depth, later + next), math.add(math.add(column, 8 * n), lineInBlock)));
        result[n] = multiplyParts(b, first, inParts(b, values, parts), result[n]);
      }
    }
    forWarps(units, [&] {
      for (int64_t n : {0, 1})
        for (int64_t e = 0; e < 4; ++e)
          put(arith::NegFOp::create(b, result[n][e]), math.add(math.add(row, 8 * (e / 2)), lineInBlock),
              math.add(math.add(column, 8 * n + e % 2), pair));
    });
  }
}

/// The thread's words of each part of the result. Neighbouring threads take neighbouring rows, which are columns of the
/// array.
std::vector<SmallVector<Value>> Inverse::words() {
  std::vector<SmallVector<Value>> all(results);
  for (int64_t i = 0; i < size * size / 2; i += at.warps * threadsOfWarp) {
    Value number = math.add(at.thread, i), row = math.rem(number, size), column = math.mul(math.div(number, size), 2);
    Value low = inverse(row, column), high = inverse(row, math.add(column, 1));
    for (auto [part, word] : llvm::zip_equal(all, at.wordsInParts(low, high, results)))
      part.push_back(word);
  }
  return all;
}

void Inverse::writeTo(const Plane &plane, ArrayRef<Value> words) {
  for (auto [i, word] : llvm::enumerate(words)) {
    Value number = math.add(at.thread, i * at.warps * threadsOfWarp);
    Value row = math.rem(number, size), column = math.mul(math.div(number, size), 2);
    Value chunk = at.chunkAddress(plane, row, math.div(column, 8));
    LLVM::StoreOp::create(b, word, at.behind(chunk, math.mul(math.rem(column, 8), 2)), 4);
  }
}
} // namespace

void TileCode::emitInverse(tile::InverseOp op) {
  int64_t size = op.size();
  Value lower = tileOf(op.getLower());
  SmallVector<Value> parts = llvm::map_to_vector(op.getInto(), [](Value v) { return tileOf(v); });
  Place array = newPlace(size * Inverse::rowOf(size) * bytesOfValue, Plane::alignment);
  Inverse inverse(b, at, array.pointer, size, parts.size());
  SmallVector<Value> values = valuesOf(lower);
  beforeWrite(array);
  eachOwnValue(lower, [&](int64_t i, ArrayRef<Value> coordinates) {
    LLVM::StoreOp::create(b, values[i], inverse.address(coordinates[0], coordinates[1]), bytesOfValue);
  });
  barrier();
  inverse.invertBlock();
  barrier();
  for (int64_t half = block; half < size; half *= 2) {
    inverse.join(half);
    barrier();
  }
  // over the array, which nobody reads any more, if there is no other place
  std::vector<SmallVector<Value>> words = inverse.words();
  for (auto [into, ofPart] : llvm::zip_equal(parts, words)) {
    Place result = array;
    if (into != parts.front() || findUnused(sharedBytesOf(into), Plane::alignment)) {
      result = placeOf(into);
      beforeWrite(result);
    } else {
      barrier();
      written.insert(array.number);
    }
    inverse.writeTo({result.pointer, size, size}, ofPart);
    places[into] = result;
    put(into, {});
    held[into].isShared = true;
  }
  if (places[parts.front()].number != array.number) {
    read.insert(array.number);
    unused.push_back(array);
  }
  unfenced |= groups || round;
}
