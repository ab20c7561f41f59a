#include "dialects/Strand/Rows.h"
#include "lib/Passes.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/Transforms/Transforms.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
using namespace mlir;
namespace strand {
#define GEN_PASS_DEF_FUSETILES
#include "lib/Passes.h.inc"
namespace {

/// Whether index arithmetic leads from `v` back to `iv`.
bool dependsOn(Value v, Value iv) {
  if (v == iv)
    return true;
  if (auto arg = dyn_cast<BlockArgument>(v)) {
    auto loop = dyn_cast<scf::ForOp>(arg.getOwner()->getParentOp());
    return loop && arg == loop.getInductionVar() &&
           (dependsOn(loop.getLowerBound(), iv) || dependsOn(loop.getUpperBound(), iv));
  }
  Operation *op = v.getDefiningOp();
  return llvm::any_of(op->getOperands(), [&](Value operand) { return dependsOn(operand, iv); });
}

/// Whether no two iterations of the parallel loops around `slice`, of which there is one at least, read the same
/// elements through it.
bool readsItsOwn(tensor::ExtractSliceOp slice) {
  auto inner = slice->getParentOfType<scf::ForallOp>();
  for (auto loop = inner; loop; loop = loop->getParentOfType<scf::ForallOp>())
    for (auto [iv, count] : llvm::zip(loop.getInductionVars(), loop.getMixedUpperBound())) {
      bool moves = llvm::any_of(slice.getOffsets(), [&](Value offset) { return dependsOn(offset, iv); });
      if (!moves && !isOneInteger(count))
        return false;
    }
  return inner != nullptr;
}

/// Whether `op` only writes its input as a wider type: doing it again reads less than its result takes.
bool isWidening(linalg::LinalgOp op) {
  auto cast = op.getBlock()->getTerminator()->getOperand(0).getDefiningOp<arith::ExtFOp>();
  return op.getNumDpsInputs() == 1 && op.getNumDpsInits() == 1 && cast && cast.getIn() == op.getBlock()->getArgument(0);
}

/// Whether `op` writes rows of a narrower type than it reads, as those that are multiplied: read from memory, they come
/// by copies that nobody waits for.
bool isNarrowing(linalg::LinalgOp op) {
  unsigned widest = 0, written = getElementTypeOrSelf(op.getDpsInits()[0]).getIntOrFloatBitWidth();
  for (Value input : op.getDpsInputs())
    widest = std::max(widest, getElementTypeOrSelf(input).getIntOrFloatBitWidth());
  return written < widest;
}

/// Its slices in parallel loops, if it is element-wise and read by nothing else.
SmallVector<tensor::ExtractSliceOp> slicesOf(linalg::LinalgOp op, bool widening) {
  SmallVector<tensor::ExtractSliceOp> slices;
  bool plain = op.getNumReductionLoops() == 0 &&
               llvm::all_of(op.getIndexingMapsArray(), [](AffineMap m) { return m.isProjectedPermutation(); });
  for (OpOperand &init : op.getDpsInitsMutable())
    plain &= op.getMatchingIndexingMap(&init).isIdentity() && !op.payloadUsesValueFromOperand(&init);
  if (!plain || isa<linalg::FillOp>(op) || (widening && isNarrowing(op)))
    return {};
  for (Operation *user : op->getUsers()) {
    if (isa<tensor::DimOp>(user))
      continue;
    auto slice = dyn_cast<tensor::ExtractSliceOp>(user);
    if (!slice || op->getParentOfType<scf::ForallOp>() == slice->getParentOfType<scf::ForallOp>() ||
        !slice.hasUnitStride() || !(readsItsOwn(slice) || (widening && isWidening(op))))
      return {};
    slices.push_back(slice);
  }
  return slices;
}

bool samePlace(tensor::ExtractSliceOp x, tensor::ExtractSliceOp y) {
  return x->getBlock() == y->getBlock() && x.getMixedOffsets() == y.getMixedOffsets() &&
         x.getMixedSizes() == y.getMixedSizes();
}

/// Sizes of results are asked of the tensors that they are written to.
void askInits(linalg::LinalgOp op) {
  for (OpResult result : op->getResults())
    for (OpOperand &use : llvm::make_early_inc_range(result.getUses()))
      if (isa<tensor::DimOp>(use.getOwner()))
        use.set(op.getDpsInitOperand(result.getResultNumber())->get());
}

/// Replaces the slices of `op`; several results that are read at one place are computed together.
void moveIntoSlices(linalg::LinalgOp op, SmallVector<tensor::ExtractSliceOp> slices) {
  llvm::sort(
      slices, [](tensor::ExtractSliceOp x, tensor::ExtractSliceOp y) { // the first of a block is written at first
        return x->getBlock() == y->getBlock() ? x->isBeforeInBlock(y) : std::less<>()(x->getBlock(), y->getBlock());
      });
  SmallVector<std::pair<tensor::ExtractSliceOp, Operation *>> done;
  for (tensor::ExtractSliceOp slice : slices) {
    OpBuilder b(slice);
    unsigned result = cast<OpResult>(slice.getSource()).getResultNumber();
    auto known = llvm::find_if(done, [&](auto &d) { return samePlace(d.first, slice); });
    Operation *tiled = known == done.end() ? nullptr : known->second;
    if (!tiled) {
      FailureOr<TilingResult> made =
          cast<TilingInterface>(op.getOperation())
              .generateResultTileValue(b, result, slice.getMixedOffsets(), slice.getMixedSizes());
      if (failed(made))
        return;
      tiled = made->tiledOps.front();
      done.push_back({slice, tiled});
    }
    Value value = tiled->getResult(result);
    if (value.getType() != slice.getType())
      value = tensor::createCanonicalRankReducingExtractSliceOp(b, slice.getLoc(), value, slice.getType());
    slice.getResult().replaceAllUsesWith(value);
  }
  for (tensor::ExtractSliceOp slice : slices)
    slice.erase();
  askInits(op);
  op->erase();
}

struct FuseTiles : impl::FuseTilesBase<FuseTiles> {
  using FuseTilesBase::FuseTilesBase;
  void runOnOperation() override {
    SmallVector<linalg::LinalgOp> ops;
    getOperation().walk([&](linalg::LinalgOp op) { ops.push_back(op); });
    for (linalg::LinalgOp op : llvm::reverse(ops)) // readers first, so that a chain moves as a whole
      if (SmallVector<tensor::ExtractSliceOp> slices = slicesOf(op, widening); !slices.empty())
        moveIntoSlices(op, std::move(slices));
  }
};
} // namespace
} // namespace strand
