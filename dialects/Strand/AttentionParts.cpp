// strand.attention over a long cache: parts of it, each for a block of its own, and what becomes of them.
//
// With m, l and a for the maximum, sum and unnormalised result of a part p (AttentionTiles.cpp; powers are of 2),
//   M = max_p m_p        f_p = 2^(m_p - M)        y = sum_p f_p a_p / sum_p f_p l_p        lse = M + log sum_p f_p l_p
// A part that sees nothing has l = a = 0 and the least m. Parts are always joined in their order.
//
// A step on a device, of one row a sequence, goes this way whether there are parts or one: its row is in the state
// already (emitNextStates comes first), so that all it sees are the first places of a cache or ring, whose order does
// not matter.
#include "dialects/Strand/Arithmetic.h"
#include "dialects/Strand/Attention.h"
#include "dialects/Strand/Decay.h"
#include "dialects/Tile/Tile.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
using namespace mlir;
using namespace strand;

SmallVector<SmallVector<int64_t>> AttentionOp::getShapesOfParts(const ChunkOptions &options) {
  bool isStep = isStepOnDevice(*this, options);
  if (!isStep && (getWindow() || getStates().empty() || !cutsSequences(options) || !takesForeignRows(options) ||
                  getTileLengths(options).front() == 1))
    return {};
  int64_t heads = getKeyHeads() * getGroup();
  return {{heads, getValueSize()}, {heads}, {heads}};
}

Slice AttentionOp::getSliceOfPart(OpBuilder &b, unsigned i, Value block, const ChunkOptions &options) {
  Slice of = headOf(b, getShapesOfParts(options)[i], block);
  of.sizes[0] = getKeyHeads() * getGroup() / getBlocks(options);
  of.offsets[0] = startOf(b, getLoc(), block, of.sizes[0]);
  return of;
}

int64_t AttentionOp::getBlocksTogether(const ChunkOptions &options) {
  if (!isStepOnDevice(*this, options))
    return 2;
  return tile::AttendOp::blocksTogether(headsOfStep(*this), getKeySize(), getValueSize(),
                                        isRounded(*this) && getKeyType().isBF16());
}

bool strand::isStepOnDevice(AttentionOp op, const ChunkOptions &options) {
  return options.device && options.singleRow && !op.getStates().empty() && op.getElementType().isF32() &&
         op.getScale().convertToDouble() > 0 && headsOfStep(op) > 0;
}

int64_t strand::headsOfStep(AttentionOp op) {
  int64_t most = tile::AttendOp::mostQueries(op.getKeySize(), op.getValueSize());
  return most ? blockOf(op.getGroup(), most, 1) : 0;
}

/// Row 0 of the results from what is made of all that it sees: result, most and sum.
static SmallVector<Value> finished(AttentionOp op, OpBuilder &b, ValueRange made, ValueRange results) {
  Location loc = op.getLoc();
  auto map = [&](StringRef dims, StringRef of) { return dimsMap(b.getContext(), dims, of); };
  Value zero = indexConstant(b, loc, 0);
  Value y = generic(b, loc, {made[0], made[2]}, takeRow(b, loc, results[0], zero),
                    {map("hd", "hd"), map("hd", "h"), map("hd", "hd")}, "pp",
                    [](OpBuilder &b, Location loc, ValueRange x) -> SmallVector<Value> {
                      return {arith::DivFOp::create(b, loc, x[0], x[1])};
                    })[0];
  SmallVector<Value> out{putRow(b, loc, y, results[0], zero)};
  if (!op.getLse())
    return out;
  Value scale = floatConstant(b, loc, op.getElementType(), op.getScale().convertToDouble());
  Value lse =
      generic(b, loc, {made[1], made[2]}, takeRow(b, loc, results[1], zero), SmallVector<AffineMap>(3, map("h", "h")),
              "p", [&](OpBuilder &b, Location loc, ValueRange x) -> SmallVector<Value> {
                return {add(b, loc, mul(b, loc, x[0], scale), math::LogOp::create(b, loc, x[1]))};
              })[0];
  out.push_back(putRow(b, loc, lse, results[1], zero));
  return out;
}

SmallVector<Value> strand::emitStepOnDevice(AttentionOp op, OpBuilder &b, Value row, Value block, ValueRange results,
                                            ValueRange states, const TilePart &part) {
  Location loc = op.getLoc();
  Type e = op.getElementType();
  int64_t heads = headsOfStep(op), D = op.getKeySize(), V = op.getValueSize();
  Value queryHead = startOf(b, loc, block, heads), keyHead = keyHeadOf(b, op, block, heads);
  Value begin = indexConstant(b, loc, 0), seen = add(b, loc, states[0], indexConstant(b, loc, 1)), end = seen;
  if (op.getWindow())
    end = seen = arith::MinUIOp::create(b, loc, seen, indexConstant(b, loc, *op.getWindow()));
  if (part.parts) {
    auto beginOf = [&](Value number) -> Value {
      return arith::DivUIOp::create(b, loc, arith::MulIOp::create(b, loc, seen, number), part.parts);
    };
    begin = beginOf(part.number), end = beginOf(add(b, loc, part.number, indexConstant(b, loc, 1)));
  }
  Value count = sub(b, loc, end, begin);
  auto rowsOfHead = [&](Value state, int64_t size) -> Value {
    OpFoldResult zero = b.getIndexAttr(0), one = b.getIndexAttr(1);
    auto type = RankedTensorType::get({ShapedType::kDynamic, size}, rowsType(state).getElementType());
    return tensor::ExtractSliceOp::create(b, loc, type, state, ArrayRef<OpFoldResult>{begin, keyHead, zero},
                                          ArrayRef<OpFoldResult>{count, one, b.getIndexAttr(size)},
                                          ArrayRef<OpFoldResult>{one, one, one});
  };
  Value q = slice(b, loc, op.getQ(), {row, queryHead, b.getIndexAttr(0)}, {1, heads, D}, {0});
  Value keys = rowsOfHead(states[2], D), values = rowsOfHead(states[3], V), zero = indexConstant(b, loc, 0);
  SmallVector<Value> into{emptyTensor(b, loc, {heads, V}, e), emptyTensor(b, loc, {heads}, e),
                          emptyTensor(b, loc, {heads}, e)};
  if (part.parts)
    into = llvm::map_to_vector(results, [&](Value v) { return takeRow(b, loc, v, zero); });
  ValueRange made = tile::AttendOp::create(b, loc, TypeRange(ValueRange(into)), q, keys, values, into,
                                           op.getScaleAttr(), isRounded(op) ? b.getUnitAttr() : UnitAttr())
                        .getResults();
  if (part.parts)
    return llvm::map_to_vector(llvm::zip_equal(made, results),
                               [&](auto each) { return putRow(b, loc, std::get<0>(each), std::get<1>(each), zero); });
  return finished(op, b, made, results);
}

SmallVector<Value> AttentionOp::emitJoinedParts(OpBuilder &b, ValueRange made, ValueRange results) {
  Location loc = getLoc();
  Type e = getElementType();
  int64_t heads = rowsType(made[1]).getDimSize(1);
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
  return finished(*this, b, {result, most, sum}, results);
}
