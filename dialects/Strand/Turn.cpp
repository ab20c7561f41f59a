// strand.turn: what it is.
#include "dialects/Strand/Rows.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
using namespace mlir;
using namespace strand;

LogicalResult TurnOp::verify() {
  RankedTensorType x = rowsType(getX());
  if (!x.getRank() || ShapedType::isDynamicShape(x.getShape().drop_front()))
    return emitOpError("C1: the operand must be rows x a static item, not ") << x;
  return success();
}

OpFoldResult TurnOp::fold(FoldAdaptor) {
  auto inner = getX().getDefiningOp<TurnOp>();
  return inner && inner.getOffsets() == getOffsets() ? inner.getX() : Value();
}

SmallVector<StateSpec> TurnOp::getStateSpecs() { return {}; }
MutableOperandRange TurnOp::getStatesMutable() { return {*this, 0, 0}; }
MutableOperandRange TurnOp::getSlotsMutable() { return {*this, 0, 0}; }
StringRef TurnOp::getReasonAgainstState() { return reasonAgainstReverse; }

/// Where each row comes from, then the rows.
FailureOr<SmallVector<Value>> TurnOp::decomposeOperation(OpBuilder &b) {
  Location loc = getLoc();
  Type number = b.getI32Type();
  auto map = [&](int64_t rank) { return b.getMultiDimIdentityMap(rank); };
  Value sources =
      generic(b, loc, {}, emptyRows(b, loc, getX(), {}, number), map(1), "p",
              [&](OpBuilder &b, Location loc, ValueRange) -> SmallVector<Value> {
                Value row = linalg::IndexOp::create(b, loc, 0), s = sequenceOf(b, loc, getOffsets(), row);
                Value next = arith::AddIOp::create(b, loc, s, indexConstant(b, loc, 1));
                Value begin = indexAt(b, loc, getOffsets(), s), end = indexAt(b, loc, getOffsets(), next);
                Value last = arith::SubIOp::create(b, loc, end, indexConstant(b, loc, 1));
                Value behind = arith::SubIOp::create(b, loc, row, begin);
                return {arith::IndexCastOp::create(b, loc, number, arith::SubIOp::create(b, loc, last, behind))};
              })[0];
  Value out = emptyRows(b, loc, getX(), itemShape(getX()), rowsType(getX()).getElementType());
  SmallVector<OpFoldResult> at(rowsType(out).getRank(), b.getIndexAttr(0)), ones(at.size(), b.getIndexAttr(1));
  SmallVector<OpFoldResult> sizes = getAsIndexOpFoldResult(b.getContext(), itemShape(getX()));
  sizes.insert(sizes.begin(), b.getIndexAttr(1));
  auto loop = scf::ForallOp::create(b, loc, SmallVector<OpFoldResult>{numRows(b, loc, getX())}, out, std::nullopt);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPoint(loop.getTerminator());
  Value row = takeRow(b, loc, getX(), indexAt(b, loc, sources, loop.getInductionVar(0)));
  b.setInsertionPointToEnd(loop.getTerminator().getBody());
  at[0] = loop.getInductionVar(0);
  tensor::ParallelInsertSliceOp::create(b, loc, row, loop.getRegionIterArgs()[0], at, sizes, ones);
  return SmallVector<Value>{loop.getResult(0)};
}
