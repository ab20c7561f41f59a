// strand.attention over a long cache: parts of it, each for a block of its own, and what becomes of them.
//
// With m, l and a for the maximum, sum and unnormalised result of a part p (AttentionTiles.cpp; powers are of 2),
//   M = max_p m_p        f_p = 2^(m_p - M)        y = sum_p f_p a_p / sum_p f_p l_p        lse = M + log sum_p f_p l_p
// A part that sees nothing has l = a = 0 and the least m. Parts are always joined in their order.
#include "dialects/Strand/Arithmetic.h"
#include "dialects/Strand/Attention.h"
#include "dialects/Strand/Decay.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
using namespace mlir;
using namespace strand;

SmallVector<SmallVector<int64_t>> AttentionOp::getShapesOfParts(const ChunkOptions &options) {
  if (getWindow() || getStates().empty() || !cutsSequences(options) || !takesForeignRows(options) ||
      getTileLengths(options).front() == 1)
    return {};
  int64_t heads = getKeyHeads() * getGroup();
  return {{heads, getValueSize()}, {heads}, {heads}};
}

Slice AttentionOp::getSliceOfPart(OpBuilder &b, unsigned i, Value block, const ChunkOptions &options) {
  return headOf(b, getShapesOfParts(options)[i], block);
}

SmallVector<Value> AttentionOp::emitJoinedParts(OpBuilder &b, ValueRange made, ValueRange results) {
  Location loc = getLoc();
  Type e = getElementType();
  int64_t heads = getKeyHeads() * getGroup();
  double scale = getScale().convertToDouble();
  auto map = [&](StringRef dims, StringRef of) { return dimsMap(b.getContext(), dims, of); };
  auto zeros = [&](ArrayRef<int64_t> shape) { return filled(b, loc, shape, floatConstant(b, loc, e, 0)); };
  auto factorOf = [&](OpBuilder &b, Location loc, Value most, Value ofAll) {
    return coarsePowerOfTwo(
        b, loc, mul(b, loc, sub(b, loc, most, ofAll), floatConstant(b, loc, most.getType(), scale * log2e)));
  };
  Value most = generic(b, loc, made[1], filled(b, loc, {heads}, lowest(b, loc, e)), {map("hp", "ph"), map("hp", "h")},
                       "pr", [](OpBuilder &b, Location loc, ValueRange x) -> SmallVector<Value> {
                         return {arith::MaxNumFOp::create(b, loc, x[1], x[0])};
                       })[0];
  Value sum = generic(b, loc, {made[1], made[2], most}, zeros({heads}),
                      {map("hp", "ph"), map("hp", "ph"), map("hp", "h"), map("hp", "h")}, "pr",
                      [&](OpBuilder &b, Location loc, ValueRange x) -> SmallVector<Value> {
                        return {add(b, loc, x[3], mul(b, loc, factorOf(b, loc, x[0], x[2]), x[1]))};
                      })[0];
  Value result = generic(b, loc, {made[0], made[1], most}, zeros({heads, getValueSize()}),
                         {map("hdp", "phd"), map("hdp", "ph"), map("hdp", "h"), map("hdp", "hd")}, "ppr",
                         [&](OpBuilder &b, Location loc, ValueRange x) -> SmallVector<Value> {
                           return {add(b, loc, x[3], mul(b, loc, factorOf(b, loc, x[1], x[2]), x[0]))};
                         })[0];
  Value zero = indexConstant(b, loc, 0);
  Value y = generic(b, loc, {result, sum}, takeRow(b, loc, results[0], zero),
                    {map("hd", "hd"), map("hd", "h"), map("hd", "hd")}, "pp",
                    [](OpBuilder &b, Location loc, ValueRange x) -> SmallVector<Value> {
                      return {arith::DivFOp::create(b, loc, x[0], x[1])};
                    })[0];
  SmallVector<Value> out{putRow(b, loc, y, results[0], zero)};
  if (!getLse())
    return out;
  Value lse = generic(b, loc, {most, sum}, takeRow(b, loc, results[1], zero), SmallVector<AffineMap>(3, map("h", "h")),
                      "p", [&](OpBuilder &b, Location loc, ValueRange x) -> SmallVector<Value> {
                        Value scaled = mul(b, loc, x[0], floatConstant(b, loc, e, scale));
                        return {add(b, loc, scaled, math::LogOp::create(b, loc, x[1]))};
                      })[0];
  out.push_back(putRow(b, loc, lse, results[1], zero));
  return out;
}
