// strand.compact and strand.expand: what they are.
#include "dialects/Strand/Rows.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"
using namespace mlir;
using namespace strand;

/// Whether both are rows of one static item.
static bool haveOneItem(RankedTensorType x, RankedTensorType y) {
  return x.getRank() && y.getRank() && x.getElementType() == y.getElementType() &&
         x.getShape().drop_front() == y.getShape().drop_front() &&
         !ShapedType::isDynamicShape(x.getShape().drop_front());
}

static bool isAllTrue(Value mask) {
  auto fill = mask.getDefiningOp<linalg::FillOp>();
  auto splat = mask.getDefiningOp<tensor::SplatOp>();
  Value every = fill ? fill.getInputs()[0] : splat ? splat.getInput() : mask;
  return matchPattern(every, m_One());
}

//===--- compact -------------------------------------------------------------------------------------------------===//

LogicalResult CompactOp::verify() {
  RankedTensorType x = getX().getType(), kept = getKept().getType();
  if (!haveOneItem(x, kept) || !kept.isDynamicDim(0))
    return emitOpError("C1: what is kept of ")
           << x << " must be a dynamic number of rows of the same static item, not " << kept;
  return success();
}

/// A mask that is always true keeps x as it is.
LogicalResult CompactOp::fold(FoldAdaptor, SmallVectorImpl<OpFoldResult> &results) {
  if (!isAllTrue(getMask()) || getX().getType() != getKept().getType() ||
      getOffsets().getType() != getInnerOffsets().getType())
    return failure();
  results.append({getX(), getOffsets()});
  return success();
}

FailureOr<SmallVector<Value>> CompactOp::decomposeOperation(OpBuilder &b) {
  Location loc = getLoc();
  Type i32 = b.getI32Type();
  Value zero = indexConstant(b, loc, 0), one = indexConstant(b, loc, 1);
  Value rows = emptyRows(b, loc, getX(), itemShape(getX()), getX().getType().getElementType());
  Value ends = emptyRows(b, loc, getOffsets(), {}, i32);
  ends = tensor::InsertOp::create(b, loc, arith::ConstantOp::create(b, loc, b.getI32IntegerAttr(0)), ends, zero);
  // outside: kept rows, inner offsets, how many are kept
  auto open = [](OpBuilder &, Value, ValueRange outer) { return SmallVector<Value>{outer[0], outer[2]}; };
  auto row = [&](OpBuilder &b, Value t, ValueRange carried) {
    auto put = scf::IfOp::create(
        b, loc, tensor::ExtractOp::create(b, loc, getMask(), t),
        [&](OpBuilder &b, Location loc) {
          Value kept = putRow(b, loc, takeRow(b, loc, getX(), t), carried[0], carried[1]);
          scf::YieldOp::create(b, loc, ValueRange{kept, arith::AddIOp::create(b, loc, carried[1], one)});
        },
        [&](OpBuilder &b, Location loc) { scf::YieldOp::create(b, loc, carried); });
    return llvm::to_vector_of<Value>(put.getResults());
  };
  auto close = [&](OpBuilder &b, Value s, ValueRange outer, ValueRange carried) {
    Value end = arith::IndexCastOp::create(b, loc, i32, carried[1]);
    Value ends = tensor::InsertOp::create(b, loc, end, outer[1], arith::AddIOp::create(b, loc, s, one).getResult());
    return SmallVector<Value>{carried[0], ends, carried[1]};
  };
  SmallVector<Value> walked = walkSequences(b, loc, getOffsets(), {rows, ends, zero}, open, row, close);
  // the number is data; its limit is said here, and buffers are sized by it
  SmallVector<OpFoldResult> offsets(rowsType(rows).getRank(), b.getIndexAttr(0)),
      strides(offsets.size(), b.getIndexAttr(1));
  SmallVector<OpFoldResult> sizes{arith::MinSIOp::create(b, loc, walked[2], numRows(b, loc, getX())).getResult()};
  llvm::append_range(sizes, getAsIndexOpFoldResult(b.getContext(), itemShape(getX())));
  Value kept = tensor::ExtractSliceOp::create(b, loc, getKept().getType(), walked[0], offsets, sizes, strides);
  return SmallVector<Value>{kept, walked[1]};
}

//===--- expand --------------------------------------------------------------------------------------------------===//

LogicalResult ExpandOp::verify() {
  RankedTensorType inner = getInner().getType(), y = getY().getType();
  if (!haveOneItem(inner, y))
    return emitOpError("C1: inner rows and the result must have one static item, not ") << inner << " and " << y;
  return verifyStates(*this, 1);
}

/// With a mask that is always true each row is its own inner row.
LogicalResult ExpandOp::fold(FoldAdaptor, SmallVectorImpl<OpFoldResult> &results) {
  if (hasState() || !isAllTrue(getMask()) || getInner().getType() != getY().getType())
    return failure();
  results.push_back(getInner());
  return success();
}

SmallVector<StateSpec> ExpandOp::getStateSpecs() {
  Type e = getY().getType().getElementType();
  return {{"last", itemShape(getY()), e, cast<TypedAttr>(Builder(e.getContext()).getZeroAttr(e))}};
}

FailureOr<SmallVector<Value>> ExpandOp::decomposeOperation(OpBuilder &b) {
  Location loc = getLoc();
  SmallVector<Value> outer{emptyRows(b, loc, getMask(), itemShape(getY()), getY().getType().getElementType())};
  llvm::append_range(outer, getStates());
  // inside: rows of y, the last inner row, the number of the next one
  auto open = [&](OpBuilder &b, Value s, ValueRange outer) {
    Value last = openStates(b, *this, s, outer.drop_front())[0];
    return SmallVector<Value>{outer[0], last, indexAt(b, loc, getInnerOffsets(), s)};
  };
  auto row = [&](OpBuilder &b, Value t, ValueRange carried) {
    auto take = scf::IfOp::create(
        b, loc, tensor::ExtractOp::create(b, loc, getMask(), t),
        [&](OpBuilder &b, Location loc) {
          Value last = linalg::CopyOp::create(b, loc, takeRow(b, loc, getInner(), carried[2]), carried[1]).getResult(0);
          scf::YieldOp::create(b, loc,
                               ValueRange{last, arith::AddIOp::create(b, loc, carried[2], indexConstant(b, loc, 1))});
        },
        [&](OpBuilder &b, Location loc) { scf::YieldOp::create(b, loc, carried.drop_front()); });
    return SmallVector<Value>{putRow(b, loc, take.getResult(0), carried[0], t), take.getResult(0), take.getResult(1)};
  };
  auto close = [&](OpBuilder &b, Value s, ValueRange outer, ValueRange carried) {
    SmallVector<Value> next{carried[0]};
    llvm::append_range(next, closeStates(b, *this, s, outer.drop_front(), carried[1]));
    return next;
  };
  return walkSequences(b, loc, getOffsets(), outer, open, row, close);
}
