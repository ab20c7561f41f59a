// Which ops treat each row by itself. What is not known to do so is refused: a wrong guess would give logits that
// depend on how a sequence is cut.
#include "lib/Transforms/RowWise.h"
#include "dialects/Strand/Strand.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Interfaces/CallInterfaces.h"
using namespace mlir;
namespace strand {
namespace {

using Problem = std::optional<RowProblem>;
constexpr std::nullopt_t none = std::nullopt;

Problem problem(Operation *op, StringRef what, StringRef instead) { return RowProblem{op, what, instead}; }

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

Problem inBody(linalg::LinalgOp op, unsigned rows) {
  Problem found;
  op->walk([&](Operation *inner) {
    if (auto index = dyn_cast<linalg::IndexOp>(inner); index && index.getDim() == rows)
      found = problem(inner, "reads the number of a row", "strand.position gives a row's place in its sequence");
    else if (auto extract = dyn_cast<tensor::ExtractOp>(inner); extract && isRows(extract.getTensor()))
      found =
          problem(inner, "reads rows by their number", "strand.shift gives earlier rows, strand.scan a sum of them");
    return found ? WalkResult::interrupt() : WalkResult::advance();
  });
  return found;
}

Problem problemOf(linalg::LinalgOp op) {
  std::optional<unsigned> rows;
  for (OpOperand &operand : op->getOpOperands()) {
    if (!isRows(operand.get()))
      continue;
    std::optional<unsigned> loop = rowLoop(op, operand);
    if (!loop || (rows && *rows != *loop))
      return problem(op, "pairs rows with other rows", "strand.attention and strand.scan do that with state");
    if (op.getIteratorTypesArray()[*loop] != utils::IteratorType::parallel)
      return problem(op, "sums over rows", "strand.scan does that with state");
    rows = loop;
  }
  return rows ? inBody(op, *rows) : none;
}

/// Whether dimension 0 of the expanded type stands alone or beside dimensions of one entry.
bool keepsRows(ArrayRef<ReassociationIndices> groups, RankedTensorType expanded) {
  return !groups.empty() &&
         llvm::all_of(ArrayRef(groups[0]).drop_front(), [&](int64_t d) { return expanded.getDimSize(d) == 1; });
}

/// Whether `size` is the number of rows of some tensor.
bool isAllRows(OpFoldResult size) {
  auto value = dyn_cast<Value>(size);
  auto dim = value ? value.getDefiningOp<tensor::DimOp>() : nullptr;
  return dim && dim.getConstantIndex() == 0;
}

Problem problemOfSlice(Operation *op, OffsetSizeAndStrideOpInterface slice) {
  bool all = isZeroInteger(slice.getMixedOffsets()[0]) && isOneInteger(slice.getMixedStrides()[0]) &&
             isAllRows(slice.getMixedSizes()[0]);
  return all ? none : problem(op, "takes rows by their number", "strand.compact keeps rows under a mask");
}

Problem problemOf(tensor::PadOp op) {
  bool keeps = isZeroInteger(op.getMixedLowPad()[0]) && isZeroInteger(op.getMixedHighPad()[0]);
  return keeps ? none : problem(op, "adds rows", "strand.shift begins a sequence with zeros");
}
} // namespace

bool isRows(Value v) {
  auto type = dyn_cast<RankedTensorType>(v.getType());
  return type && type.getRank() && type.isDynamicDim(0);
}

std::optional<RowProblem> rowProblem(Operation *op) {
  if (auto linalgOp = dyn_cast<linalg::LinalgOp>(op))
    return problemOf(linalgOp);
  bool touchesRows = llvm::any_of(op->getOperands(), isRows) || llvm::any_of(op->getResults(), isRows);
  if (!touchesRows ||
      isa<StreamOpInterface, CallOpInterface, tensor::DimOp, tensor::EmptyOp, tensor::CastOp, tensor::SplatOp,
          bufferization::MaterializeInDestinationOp>(op) ||
      op->hasTrait<OpTrait::IsTerminator>() || OpTrait::hasElementwiseMappableTraits(op))
    return none;
  if (op->getDialect() == op->getContext()->getLoadedDialect<StrandDialect>())
    return none; // its document says that it is row-wise
  if (auto expand = dyn_cast<tensor::ExpandShapeOp>(op))
    return keepsRows(expand.getReassociationIndices(), expand.getResultType())
               ? none
               : problem(op, "splits dimension 0", "keep rows as they are");
  if (auto collapse = dyn_cast<tensor::CollapseShapeOp>(op))
    return keepsRows(collapse.getReassociationIndices(), collapse.getSrcType())
               ? none
               : problem(op, "joins dimension 0 with others", "keep rows as they are");
  if (auto slice = dyn_cast<tensor::ExtractSliceOp>(op))
    return problemOfSlice(op, slice);
  if (auto slice = dyn_cast<tensor::InsertSliceOp>(op))
    return problemOfSlice(op, slice);
  if (auto pad = dyn_cast<tensor::PadOp>(op))
    return problemOf(pad);
  if (auto concat = dyn_cast<tensor::ConcatOp>(op))
    return concat.getDim() ? none : problem(op, "puts rows behind other rows", "pass them as one call");
  return problem(op, "is not known to treat each row by itself", "write it as linalg with dimension 0 parallel");
}

LogicalResult checkRowWise(Operation *op) {
  std::optional<RowProblem> found = rowProblem(op);
  if (!found)
    return success();
  return found->op->emitOpError() << found->what << ": a row would depend on how its sequence is cut; "
                                  << found->instead;
}
} // namespace strand
