// strand.shift: what it is.
#include "dialects/Strand/History.h"
#include "dialects/Strand/Rows.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/PatternMatch.h"
using namespace mlir;
using namespace strand;

LogicalResult ShiftOp::verify() {
  RankedTensorType x = getX().getType();
  if (x != getY().getType() || x.getRank() < 1 || ShapedType::isDynamicShape(x.getShape().drop_front()))
    return emitOpError("C1: x and the result must have one type, rows x a static item, not ")
           << x << " and " << getY().getType();
  if (int64_t(getN()) < 1)
    return emitOpError("C2: n must be at least 1, not ") << int64_t(getN());
  float fill = getFill().convertToFloat();
  if (x.getElementType().isInteger() && !(getFill().isInteger() && std::abs(fill) < 0x1p31f))
    return emitOpError("C3: the fill of 32-bit integers must be one, not ") << fill;
  return verifyStates(*this, 1);
}

SmallVector<StateSpec> ShiftOp::getStateSpecs() {
  Type e = getX().getType().getElementType();
  SmallVector<int64_t> shape{int64_t(getN())};
  llvm::append_range(shape, itemShape(getX()));
  double fill = getFill().convertToFloat();
  TypedAttr initial = e.isInteger() ? TypedAttr(IntegerAttr::get(e, int64_t(fill))) : FloatAttr::get(e, fill);
  return {{"last", shape, e, initial}};
}

/// shift by b of (shift by a of x) -> shift by a + b of x
LogicalResult ShiftOp::canonicalize(ShiftOp op, PatternRewriter &rewriter) {
  auto inner = op.getX().getDefiningOp<ShiftOp>();
  if (!inner || op.hasState() || inner.hasState() || inner.getOffsets() != op.getOffsets() ||
      inner.getFill() != op.getFill())
    return failure();
  rewriter.modifyOpInPlace(op, [&] {
    op.getXMutable().assign(inner.getX());
    op.setN(op.getN() + inner.getN());
  });
  return success();
}

/// `rows` copied into y from row `at` on. A copy of its own: they may be overwritten before y is put where it belongs.
static Value copyRows(OpBuilder &b, Location loc, Value rows, Value y, int64_t at) {
  SmallVector<OpFoldResult> place(rowsType(y).getRank(), b.getIndexAttr(0));
  place[0] = b.getIndexAttr(at);
  ArrayRef<int64_t> sizes = rowsType(rows).getShape();
  Value copy = linalg::CopyOp::create(b, loc, rows, slice(b, loc, y, place, sizes)).getResult(0);
  return unslice(b, loc, copy, y, place, sizes);
}

/// {y, last}: as many rows as y has, from `row` on, of each the part `item`.
static SmallVector<Value> emitRows(OpBuilder &b, ShiftOp op, Value row, ArrayRef<OpFoldResult> item, Value y,
                                   Value last) {
  Location loc = op.getLoc();
  int64_t length = rowsType(y).getDimSize(0), n = op.getN();
  SmallVector<OpFoldResult> place{row};
  llvm::append_range(place, item);
  SmallVector<int64_t> sizes = to_vector(rowsType(y).getShape());
  Value x = slice(b, loc, op.getX(), place, sizes);
  if (length < n) {
    Value joined = joinHistory(b, loc, last, x);
    place.assign(place.size(), b.getIndexAttr(0));
    y = copyRows(b, loc, slice(b, loc, joined, place, sizes), y, 0);
    return {y, keepHistory(b, loc, joined, last)};
  }
  y = copyRows(b, loc, last, y, 0);
  if (sizes[0] = length - n; sizes[0])
    y = copyRows(b, loc, slice(b, loc, op.getX(), place, sizes), y, n);
  return {y, keepHistory(b, loc, x, last)};
}

FailureOr<SmallVector<Value>> ShiftOp::decomposeOperation(OpBuilder &b) {
  Location loc = getLoc();
  Value out = emptyRows(b, loc, getX(), itemShape(getX()), getX().getType().getElementType());
  return walkRows(b, *this, out, [&](OpBuilder &b, Value t, ValueRange outs, ValueRange carries) {
    SmallVector<int64_t> sizes{1};
    llvm::append_range(sizes, itemShape(getX()));
    SmallVector<OpFoldResult> place(sizes.size(), b.getIndexAttr(0));
    place[0] = t;
    SmallVector<Value> r =
        emitRows(b, *this, t, ArrayRef(place).drop_front(), slice(b, loc, outs[0], place, sizes), carries[0]);
    return std::pair(SmallVector<Value>{unslice(b, loc, r[0], outs[0], place, sizes)}, SmallVector<Value>{r[1]});
  });
}

/// Elements of the last dimension of an item in one block.
static int64_t blockSize(ShiftOp op, const ChunkOptions &options) {
  SmallVector<int64_t> item = itemShape(op.getX());
  return item.empty() ? 1
                      : historyBlock(item.back(), ShapedType::getNumElements(item) / item.back(), op.getN(), options);
}
int64_t ShiftOp::getBlocks(const ChunkOptions &options) {
  SmallVector<int64_t> item = itemShape(getX());
  return item.empty() ? 1 : item.back() / blockSize(*this, options);
}
SmallVector<int64_t> ShiftOp::getTileLengths(const ChunkOptions &options) { return historyTiles(getN(), options); }
Slice ShiftOp::getStateSlice(OpBuilder &b, unsigned, Value block, const ChunkOptions &options) {
  Slice item = getResultSlice(b, 0, block, options);
  item.offsets.insert(item.offsets.begin(), b.getIndexAttr(0));
  item.sizes.insert(item.sizes.begin(), getN());
  return item;
}
Slice ShiftOp::getResultSlice(OpBuilder &b, unsigned, Value block, const ChunkOptions &options) {
  return innerBlock(b, getLoc(), itemShape(getX()), block, blockSize(*this, options));
}
SmallVector<Value> ShiftOp::emitTile(OpBuilder &b, Value row, int64_t, Value block, ValueRange results,
                                     ValueRange states, const ChunkOptions &options) {
  Slice item = getResultSlice(b, 0, block, options);
  return emitRows(b, *this, row, item.offsets, results[0], states[0]);
}
