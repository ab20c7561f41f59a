// Which ops treat each row by itself. What is not known to do so is refused: a wrong guess would give logits that depend
// on how a sequence is cut.
#include "lib/Transforms/RowWise.h"
#include "dialects/Strand/Strand.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Interfaces/CallInterfaces.h"
using namespace mlir;
namespace strand {
namespace {

LogicalResult refuse(Operation *op, const Twine &what, const Twine &instead) {
  return op->emitOpError() << what << ": a row would depend on how its sequence is cut; " << instead;
}

/// The loop that runs over the rows of `operand`, if dimension 0 is one loop alone.
std::optional<unsigned> rowLoop(linalg::LinalgOp op, OpOperand &operand) {
  AffineMap map = op.getMatchingIndexingMap(&operand);
  auto dim = dyn_cast<AffineDimExpr>(map.getResult(0));
  if (!dim)
    return {};
  for (AffineExpr e : map.getResults().drop_front())
    if (e.isFunctionOfDim(dim.getPosition()))
      return {};
  return dim.getPosition();
}

LogicalResult checkBody(linalg::LinalgOp op, unsigned rows) {
  WalkResult r = op->walk([&](Operation *inner) {
    if (auto index = dyn_cast<linalg::IndexOp>(inner); index && index.getDim() == rows)
      return WalkResult(refuse(inner, "reads the number of a row", "strand.position gives a row's place in its sequence"));
    if (auto extract = dyn_cast<tensor::ExtractOp>(inner); extract && isRows(extract.getTensor()))
      return WalkResult(refuse(inner, "reads rows by their number", "strand.shift gives earlier rows, strand.scan a sum of them"));
    return WalkResult::advance();
  });
  return failure(r.wasInterrupted());
}

LogicalResult check(linalg::LinalgOp op) {
  std::optional<unsigned> rows;
  for (OpOperand &operand : op->getOpOperands()) {
    if (!isRows(operand.get()))
      continue;
    std::optional<unsigned> loop = rowLoop(op, operand);
    if (!loop || (rows && *rows != *loop))
      return refuse(op, "pairs rows with other rows", "strand.attention and strand.scan do that with state");
    if (op.getIteratorTypesArray()[*loop] != utils::IteratorType::parallel)
      return refuse(op, "sums over rows", "strand.scan does that with state");
    rows = loop;
  }
  return rows ? checkBody(op, *rows) : success();
}

/// Whether dimension 0 of the expanded type stands alone or beside dimensions of one entry.
bool keepsRows(ArrayRef<ReassociationIndices> groups, RankedTensorType expanded) {
  return !groups.empty() && llvm::all_of(ArrayRef(groups[0]).drop_front(), [&](int64_t d) { return expanded.getDimSize(d) == 1; });
}

/// Whether `size` is the number of rows of some tensor.
bool isAllRows(OpFoldResult size) {
  auto value = dyn_cast<Value>(size);
  auto dim = value ? value.getDefiningOp<tensor::DimOp>() : nullptr;
  return dim && dim.getConstantIndex() == 0;
}

LogicalResult checkSlice(Operation *op, OffsetSizeAndStrideOpInterface slice) {
  bool all = isZeroInteger(slice.getMixedOffsets()[0]) && isOneInteger(slice.getMixedStrides()[0]) &&
             isAllRows(slice.getMixedSizes()[0]);
  return all ? success() : refuse(op, "takes rows by their number", "strand.compact keeps rows under a mask");
}

LogicalResult check(tensor::PadOp op) {
  bool keeps = isZeroInteger(op.getMixedLowPad()[0]) && isZeroInteger(op.getMixedHighPad()[0]);
  return keeps ? success() : refuse(op, "adds rows", "strand.shift begins a sequence with zeros");
}
} // namespace

bool isRows(Value v) {
  auto type = dyn_cast<RankedTensorType>(v.getType());
  return type && type.getRank() && type.isDynamicDim(0);
}

LogicalResult checkRowWise(Operation *op) {
  if (auto linalgOp = dyn_cast<linalg::LinalgOp>(op))
    return check(linalgOp);
  bool touchesRows = llvm::any_of(op->getOperands(), isRows) || llvm::any_of(op->getResults(), isRows);
  if (!touchesRows ||
      isa<StreamOpInterface, CallOpInterface, tensor::DimOp, tensor::EmptyOp, tensor::CastOp, tensor::SplatOp,
          bufferization::MaterializeInDestinationOp>(op) ||
      op->hasTrait<OpTrait::IsTerminator>() || OpTrait::hasElementwiseMappableTraits(op))
    return success();
  if (op->getDialect() == op->getContext()->getLoadedDialect<StrandDialect>())
    return success(); // its document says that it is row-wise
  if (auto expand = dyn_cast<tensor::ExpandShapeOp>(op))
    return keepsRows(expand.getReassociationIndices(), expand.getResultType()) ? success() : refuse(op, "splits dimension 0", "keep rows as they are");
  if (auto collapse = dyn_cast<tensor::CollapseShapeOp>(op))
    return keepsRows(collapse.getReassociationIndices(), collapse.getSrcType()) ? success() : refuse(op, "joins dimension 0 with others", "keep rows as they are");
  if (auto slice = dyn_cast<tensor::ExtractSliceOp>(op))
    return checkSlice(op, slice);
  if (auto slice = dyn_cast<tensor::InsertSliceOp>(op))
    return checkSlice(op, slice);
  if (auto pad = dyn_cast<tensor::PadOp>(op))
    return check(pad);
  if (auto concat = dyn_cast<tensor::ConcatOp>(op))
    return concat.getDim() ? success() : refuse(op, "puts rows behind other rows", "pass them as one call");
  return refuse(op, "is not known to treat each row by itself", "write it as linalg with dimension 0 parallel");
}
} // namespace strand
