// strand.position: what it is.
#include "dialects/Strand/Rows.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
using namespace mlir;
using namespace strand;

LogicalResult PositionOp::verify() {
  RankedTensorType rows = rowsType(getRows()), positions = rowsType(getPositions());
  if (!rows.getRank() || rows.getDimSize(0) != positions.getDimSize(0))
    return emitOpError("C1: the operand must have rows, as many as ") << positions << ", not " << rows;
  return verifyStates(*this, 1);
}

SmallVector<StateSpec> PositionOp::getStateSpecs() {
  Builder b(getContext());
  return {{"count", {}, b.getI32Type(), b.getI32IntegerAttr(0), Growth::Count}};
}

FailureOr<SmallVector<Value>> PositionOp::decomposeOperation(OpBuilder &b) {
  Location loc = getLoc();
  Value out = emptyRows(b, loc, getRows(), {}, b.getI32Type());
  Value one = arith::ConstantOp::create(b, loc, b.getI32IntegerAttr(1));
  return walkRows(b, *this, out, [&](OpBuilder &b, Value t, ValueRange outs, ValueRange carries) {
    Value count = tensor::ExtractOp::create(b, loc, carries[0], ValueRange());
    Value positions = tensor::InsertOp::create(b, loc, count, outs[0], t);
    Value next = tensor::InsertOp::create(b, loc, arith::AddIOp::create(b, loc, count, one), carries[0], ValueRange());
    return std::pair(SmallVector<Value>{positions}, SmallVector<Value>{next});
  });
}
