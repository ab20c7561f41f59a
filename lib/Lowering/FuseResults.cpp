#include "lib/Passes.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"
using namespace mlir;
namespace strand {
#define GEN_PASS_DEF_FUSERESULTS
#include "lib/Passes.h.inc"
namespace {

/// What the body of `op` yields, written again for the arguments that `values` has.
SmallVector<Value> bodyAgain(OpBuilder &b, linalg::GenericOp op, IRMapping &values) {
  for (Operation &inner : op.getBody()->without_terminator())
    b.clone(inner, values);
  return llvm::map_to_vector(op.getBody()->getTerminator()->getOperands(),
                             [&](Value v) { return values.lookupOrDefault(v); });
}

/// IR: %y, %h = generic A; %z = generic B(%y, %w)  ->  %z, %h = generic B(A)(%w)
struct IntoProducer : OpRewritePattern<linalg::GenericOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(linalg::GenericOp reader, PatternRewriter &rewriter) const override {
    for (OpOperand *use : reader.getDpsInputOperands())
      if (mayJoin(*use)) {
        join(rewriter, reader, *use);
        return success();
      }
    return rewriter.notifyMatchFailure(reader, "reads no result that could be made as this op wants it");
  }

  static bool isElementWise(linalg::GenericOp op) {
    OpOperand &init = *op.getDpsInitOperand(0);
    return op.getNumDpsInits() == 1 && op.getNumReductionLoops() == 0 && !op.hasIndexSemantics() &&
           op.hasPureTensorSemantics() && op.getMatchingIndexingMap(&init).isIdentity() &&
           !op.payloadUsesValueFromOperand(&init) &&
           llvm::all_of(op.getIndexingMapsArray(), [](AffineMap m) { return m.isProjectedPermutation(); });
  }

  static bool mayJoin(OpOperand &use) {
    auto reader = cast<linalg::GenericOp>(use.getOwner());
    auto maker = use.get().getDefiningOp<linalg::GenericOp>();
    if (!maker || maker->getBlock() != reader->getBlock() || !use.get().hasOneUse() || !isElementWise(reader) ||
        !reader.getMatchingIndexingMap(&use).isIdentity() || maker.getNumReductionLoops() == 0)
      return false; // what has no reduction upstream can join
    OpOperand &made = *maker.getDpsInitOperand(cast<OpResult>(use.get()).getResultNumber());
    AffineMap map = maker.getMatchingIndexingMap(&made);
    bool isMadeOnce = map.isPermutation() && !maker.payloadUsesValueFromOperand(&made);
    return isMadeOnce && llvm::none_of(maker->getUsers(), [&](Operation *user) {
             Operation *here = maker->getBlock()->findAncestorOpInBlock(*user);
             return here && here->isBeforeInBlock(reader);
           });
  }

  static void join(PatternRewriter &rewriter, linalg::GenericOp reader, OpOperand &use) {
    auto maker = use.get().getDefiningOp<linalg::GenericOp>();
    unsigned result = cast<OpResult>(use.get()).getResultNumber();
    AffineMap element =
        maker.getMatchingIndexingMap(maker.getDpsInitOperand(result)); // from loops to the reader's loops
    SmallVector<Value> inputs(maker.getInputs()), inits(maker.getOutputs());
    SmallVector<AffineMap> maps;
    for (OpOperand *input : maker.getDpsInputOperands())
      maps.push_back(maker.getMatchingIndexingMap(input));
    SmallVector<OpOperand *> others;
    for (OpOperand *input : reader.getDpsInputOperands())
      if (input != &use) {
        others.push_back(input);
        inputs.push_back(input->get());
        maps.push_back(reader.getMatchingIndexingMap(input).compose(element));
      }
    inits[result] = reader.getOutputs()[0];
    for (OpOperand &init : maker.getDpsInitsMutable())
      maps.push_back(maker.getMatchingIndexingMap(&init));
    unsigned known = maker.getNumDpsInputs(), count = inputs.size();
    rewriter.setInsertionPoint(reader);
    auto joined = linalg::GenericOp::create(
        rewriter, reader.getLoc(), ValueRange(inits).getTypes(), inputs, inits, maps, maker.getIteratorTypesArray(),
        [&](OpBuilder &b, Location loc, ValueRange args) {
          IRMapping values;
          values.map(maker.getRegionInputArgs(), args.take_front(known));
          values.map(maker.getRegionOutputArgs(), args.drop_front(count));
          SmallVector<Value> yielded = bodyAgain(b, maker, values);
          values.map(reader.getMatchingBlockArgument(&use), yielded[result]);
          for (auto [i, other] : llvm::enumerate(others))
            values.map(reader.getMatchingBlockArgument(other), args[known + i]);
          yielded[result] = bodyAgain(b, reader, values)[0];
          linalg::YieldOp::create(b, loc, yielded);
        });
    joined->setDiscardableAttrs(llvm::to_vector(maker->getDiscardableAttrs()));
    rewriter.replaceOp(reader, joined->getResult(result));
    for (auto [old, made] : llvm::zip_equal(maker->getResults(), joined->getResults()))
      if (old.getType() == made.getType())
        rewriter.replaceAllUsesWith(old, made);
    rewriter.eraseOp(maker);
  }
};

/// IR: %a, %b = generic A(%x); %y = generic B(%a, %b, %w)  ->  %y = generic B(A)(%x, %w)
struct IntoReader : OpRewritePattern<linalg::GenericOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(linalg::GenericOp maker, PatternRewriter &rewriter) const override {
    if (maker.getNumResults() < 2 || maker->use_empty() || !isElementWise(maker))
      return rewriter.notifyMatchFailure(maker, "is no element-wise op with several results");
    auto reader = dyn_cast<linalg::GenericOp>(*maker->user_begin());
    if (!reader || !reader.hasPureTensorSemantics() || reader->getBlock() != maker->getBlock())
      return rewriter.notifyMatchFailure(maker, "is not read by a linalg.generic");
    AffineMap read;
    for (OpOperand &use : maker->getUses()) {
      auto here = dyn_cast<linalg::GenericOp>(use.getOwner());
      if (here != reader || !reader.isDpsInput(&use) || (read && read != reader.getMatchingIndexingMap(&use)))
        return rewriter.notifyMatchFailure(maker, "is read in several ways");
      read = reader.getMatchingIndexingMap(&use);
    }
    if (!read.isPermutation())
      return rewriter.notifyMatchFailure(maker, "would be computed many times");
    join(rewriter, maker, reader, read);
    return success();
  }

  static bool isElementWise(linalg::GenericOp op) {
    bool plain = op.getNumReductionLoops() == 0 && !op.hasIndexSemantics() && op.hasPureTensorSemantics();
    for (OpOperand &init : op.getDpsInitsMutable())
      plain &= op.getMatchingIndexingMap(&init).isIdentity() && !op.payloadUsesValueFromOperand(&init);
    return plain;
  }

  static void join(PatternRewriter &rewriter, linalg::GenericOp maker, linalg::GenericOp reader, AffineMap read) {
    SmallVector<Value> inputs(maker.getInputs());
    SmallVector<AffineMap> maps;
    for (OpOperand *input : maker.getDpsInputOperands())
      maps.push_back(maker.getMatchingIndexingMap(input).compose(read));
    SmallVector<OpOperand *> others;
    for (OpOperand *input : reader.getDpsInputOperands())
      if (input->get().getDefiningOp() != maker) {
        others.push_back(input);
        inputs.push_back(input->get());
        maps.push_back(reader.getMatchingIndexingMap(input));
      }
    for (OpOperand &init : reader.getDpsInitsMutable())
      maps.push_back(reader.getMatchingIndexingMap(&init));
    unsigned known = maker.getNumDpsInputs(), count = inputs.size();
    rewriter.setInsertionPoint(reader);
    auto joined = linalg::GenericOp::create(
        rewriter, reader.getLoc(), reader.getResultTypes(), inputs, reader.getOutputs(), maps,
        reader.getIteratorTypesArray(), [&](OpBuilder &b, Location loc, ValueRange args) {
          IRMapping values;
          values.map(maker.getRegionInputArgs(), args.take_front(known));
          SmallVector<Value> made = bodyAgain(b, maker, values);
          for (OpOperand *input : reader.getDpsInputOperands())
            if (auto result = dyn_cast<OpResult>(input->get()); result && result.getOwner() == maker)
              values.map(reader.getMatchingBlockArgument(input), made[result.getResultNumber()]);
          for (auto [i, other] : llvm::enumerate(others))
            values.map(reader.getMatchingBlockArgument(other), args[known + i]);
          values.map(reader.getRegionOutputArgs(), args.drop_front(count));
          linalg::YieldOp::create(b, loc, bodyAgain(b, reader, values));
        });
    joined->setDiscardableAttrs(llvm::to_vector(reader->getDiscardableAttrs()));
    rewriter.replaceOp(reader, joined->getResults());
    rewriter.eraseOp(maker);
  }
};

struct FuseResults : impl::FuseResultsBase<FuseResults> {
  void runOnOperation() override {
    RewritePatternSet patterns(&getContext());
    patterns.add<IntoProducer, IntoReader>(&getContext());
    if (failed(applyPatternsGreedily(getOperation(), std::move(patterns))))
      signalPassFailure();
  }
};
} // namespace
} // namespace strand
