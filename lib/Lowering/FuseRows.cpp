#include "lib/Lowering/Product.h"
#include "lib/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
using namespace mlir;
namespace strand {
#define GEN_PASS_DEF_FUSEROWS
#include "lib/Passes.h.inc"
namespace {

bool hasNoReduction(linalg::LinalgOp op) { return op.getNumReductionLoops() == 0; }

/// Whether what `operand` reads may be computed inside its reader.
bool mayFuse(OpOperand *operand) {
  auto producer = operand->get().getDefiningOp<linalg::LinalgOp>();
  auto reader = dyn_cast<linalg::LinalgOp>(operand->getOwner());
  if (!producer || !reader || !producer->hasOneUse() || !hasNoReduction(producer))
    return false;
  bool readsOnce = reader.getMatchingIndexingMap(operand).getNumResults() == reader.getNumLoops();
  // an update in place done again for every reader would read what it wrote
  if (!readsOnce && llvm::any_of(producer.getRegionOutputArgs(), [](BlockArgument out) { return !out.use_empty(); }))
    return false;
  // a sum along a row reads each element once; a product reads it once for every column
  return hasNoReduction(reader) || readsOnce;
}

/// IR: %p = product(x, w) + 0; %y = %p + %r  ->  %y = product(x, w) + %r
struct AccumulateOnResidual : OpRewritePattern<linalg::GenericOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(linalg::GenericOp sum, PatternRewriter &rewriter) const override {
    if (!hasNoReduction(sum) || sum.getNumDpsInputs() != 2 || sum.getNumDpsInits() != 1 || !isPlainSum(sum))
      return rewriter.notifyMatchFailure(sum, "not a sum of two tensors");
    for (unsigned i : {0u, 1u}) {
      auto op = sum.getInputs()[i].getDefiningOp<linalg::LinalgOp>();
      Value other = sum.getInputs()[1 - i];
      if (!op || !productOf(op) || !isReadOnce(sum.getInputs()[i], sum) || !isZeros(op.getDpsInits()[0]) ||
          other.getType() != sum.getResultTypes()[0])
        continue;
      rewriter.setInsertionPoint(sum);
      auto product = cast<linalg::LinalgOp>(rewriter.clone(*op));
      product.setDpsInitOperand(0, other);
      rewriter.replaceOp(sum, product->getResult(0));
      return success();
    }
    return rewriter.notifyMatchFailure(sum, "neither side is a product that nothing else reads");
  }

  /// Whether the sum alone reads what is in `v`, once. Its destination may be `v` as well, of which it reads nothing.
  static bool isReadOnce(Value v, linalg::GenericOp sum) {
    return llvm::count(sum.getInputs(), v) == 1 && llvm::all_of(v.getUsers(), [&](Operation *op) { return op == sum; });
  }

  /// All maps are the identity, the body is %a + %b.
  static bool isPlainSum(linalg::GenericOp op) {
    auto add = op.getBody()->getTerminator()->getOperand(0).getDefiningOp<arith::AddFOp>();
    auto isArgument = [&](Value v, unsigned i) { return v == op.getBody()->getArgument(i); };
    return add && llvm::all_of(op.getIndexingMapsArray(), [](AffineMap m) { return m.isIdentity(); }) &&
           ((isArgument(add.getLhs(), 0) && isArgument(add.getRhs(), 1)) ||
            (isArgument(add.getLhs(), 1) && isArgument(add.getRhs(), 0)));
  }
};

struct FuseRows : impl::FuseRowsBase<FuseRows> {
  using FuseRowsBase::FuseRowsBase;
  void runOnOperation() override {
    RewritePatternSet accumulate(&getContext());
    linalg::populateElementwiseToLinalgConversionPatterns(accumulate);
    if (!oneOrder)
      accumulate.add<AccumulateOnResidual>(&getContext());
    RewritePatternSet fuse(&getContext());
    linalg::populateElementwiseOpsFusionPatterns(fuse, mayFuse);
    linalg::GenericOp::getCanonicalizationPatterns(fuse, &getContext());
    tensor::EmptyOp::getCanonicalizationPatterns(fuse, &getContext());
    GreedyRewriteConfig config; // there are loops alone, of which no block is equal to another
    config.setRegionSimplificationLevel(GreedySimplifyRegionLevel::Disabled);
    if (failed(applyPatternsGreedily(getOperation(), std::move(accumulate), config)) ||
        failed(applyPatternsGreedily(getOperation(), std::move(fuse), config)))
      signalPassFailure();
  }
};
} // namespace
} // namespace strand
