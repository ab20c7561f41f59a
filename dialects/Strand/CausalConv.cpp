// strand.causal_conv: what it is.
//
// A stretch of rows is one product over (row, channel, tap) on rows that have the W - 1 rows before them in front of
// them. For the first W - 1 rows of a tile that is a small buffer with the tail and those rows; the others are read in
// place.
#include "dialects/Strand/History.h"
#include "dialects/Strand/Rows.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
using namespace mlir;
using namespace strand;

static bool isWider(Value x, Value than) {
  return rowsType(x).getElementTypeBitWidth() > rowsType(than).getElementTypeBitWidth();
}

LogicalResult CausalConvOp::verify() {
  RankedTensorType x = getX().getType(), weight = getWeight().getType();
  if (x != getY().getType() || x.getRank() != 2 || x.isDynamicDim(1))
    return emitOpError("C1: x and the result must have one type, rows x D with D static, not ")
           << x << " and " << getY().getType();
  if (weight.getRank() != 2 || !weight.hasStaticShape() || weight.getDimSize(0) < 1 ||
      weight.getDimSize(1) != getChannels() || isWider(getWeight(), getX()))
    return emitOpError("C2: weight must be taps x ")
           << getChannels() << " of a type no wider than " << x.getElementType() << ", not " << weight;
  if (getBias() && (getBias().getType().getShape() != ArrayRef{getChannels()} || isWider(getBias(), getX())))
    return emitOpError("C3: bias must be ") << getChannels() << " values of a type no wider than " << x.getElementType()
                                            << ", not " << getBias().getType();
  return verifyStates(*this, 1);
}

SmallVector<StateSpec> CausalConvOp::getStateSpecs() {
  if (getTaps() == 1)
    return {};
  Type e = getX().getType().getElementType();
  return {{"tail", {getTaps() - 1, getChannels()}, e, FloatAttr::get(e, 0)}};
}

/// y[t, d] for the rows of y, which have the W - 1 rows before them in front of them in x.
static Value convolve(OpBuilder &b, CausalConvOp op, Value x, OpFoldResult start, Value y) {
  Location loc = op.getLoc();
  Type e = rowsType(y).getElementType();
  int64_t size = rowsType(y).getDimSize(1);
  auto map = [&](StringRef dims) { return dimsMap(b.getContext(), "tdj", dims); };
  if (op.getBias()) {
    Value bias = slice(b, loc, op.getBias(), start, size);
    y = generic(b, loc, bias, y, {dimsMap(b.getContext(), "td", "d"), dimsMap(b.getContext(), "td", "td")}, "pp",
                [&](OpBuilder &b, Location loc, ValueRange v) -> SmallVector<Value> {
                  return {castFloat(b, loc, v[0], e)};
                })[0];
  } else {
    y = filledInto(b, loc, floatConstant(b, loc, e, 0), y);
  }
  Value weight = slice(b, loc, op.getWeight(), {b.getIndexAttr(0), start}, {op.getTaps(), size});
  AffineExpr t = b.getAffineDimExpr(0), d = b.getAffineDimExpr(1), j = b.getAffineDimExpr(2);
  return generic(b, loc, {x, weight}, y, {AffineMap::get(3, 0, {t + j, d}, b.getContext()), map("jd"), map("td")},
                 "ppr", [&](OpBuilder &b, Location loc, ValueRange v) -> SmallVector<Value> {
                   Value product = arith::MulFOp::create(b, loc, v[0], castFloat(b, loc, v[1], e));
                   return {arith::AddFOp::create(b, loc, v[2], product)};
                 })[0];
}

/// {y, tail} for `length` rows from `row` on and `size` channels from `start` on; no tail for one tap.
static SmallVector<Value> emitRows(OpBuilder &b, CausalConvOp op, Value row, int64_t length, OpFoldResult start,
                                   int64_t size, Value y, ValueRange tail) {
  Location loc = op.getLoc();
  int64_t before = op.getTaps() - 1;
  OpFoldResult zero = b.getIndexAttr(0);
  Value x = slice(b, loc, op.getX(), {row, start}, {length, size});
  if (tail.empty())
    return {convolve(b, op, x, start, y)};
  if (length <= before) {
    x = joinHistory(b, loc, tail[0], x);
    return {convolve(b, op, x, start, y), keepHistory(b, loc, x, tail[0])};
  }
  auto convolveInto = [&](Value y, Value rows, int64_t at, int64_t count) {
    Value part = slice(b, loc, y, {b.getIndexAttr(at), zero}, {count, size});
    return unslice(b, loc, convolve(b, op, rows, start, part), y, {b.getIndexAttr(at), zero}, {count, size});
  };
  Value joined = joinHistory(b, loc, tail[0], slice(b, loc, x, {zero, zero}, {before, size}));
  y = convolveInto(y, joined, 0, before);
  y = convolveInto(y, x, before, length - before);
  return {y, keepHistory(b, loc, x, tail[0])};
}

FailureOr<SmallVector<Value>> CausalConvOp::decomposeOperation(OpBuilder &b) {
  Location loc = getLoc();
  Value out = emptyRows(b, loc, getX(), itemShape(getX()), rowsType(getX()).getElementType());
  return walkSingleRows(b, *this, out, [&](OpBuilder &b, Value t, ValueRange rows, ValueRange carries) {
    return emitRows(b, *this, t, 1, b.getIndexAttr(0), getChannels(), rows[0], carries);
  });
}

static int64_t blockSize(CausalConvOp op, const ChunkOptions &options) {
  return historyBlock(op.getChannels(), 1, op.getTaps() - 1, options);
}
int64_t CausalConvOp::getBlocks(const ChunkOptions &options) { return getChannels() / blockSize(*this, options); }
SmallVector<int64_t> CausalConvOp::getTileLengths(const ChunkOptions &options) {
  return historyTiles(getTaps() - 1, options);
}
Slice CausalConvOp::getStateSlice(OpBuilder &b, unsigned, Value block, const ChunkOptions &options) {
  return innerBlock(b, getLoc(), {getTaps() - 1, getChannels()}, block, blockSize(*this, options));
}
Slice CausalConvOp::getResultSlice(OpBuilder &b, unsigned, Value block, const ChunkOptions &options) {
  return innerBlock(b, getLoc(), {getChannels()}, block, blockSize(*this, options));
}
SmallVector<Value> CausalConvOp::emitTile(OpBuilder &b, Value row, int64_t length, Value block, ValueRange results,
                                          ValueRange states, const ChunkOptions &options) {
  int64_t size = blockSize(*this, options);
  return emitRows(b, *this, row, length, startOf(b, getLoc(), block, size), size, results[0], states);
}
