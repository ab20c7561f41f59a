// What may be tried to make a failing module smaller, beside taking whole functions out. A model is a chain of ops on
// tensors of one type, so nearly all of them can be skipped:
//
//   %a = math.exp %x : T                  uses of %a read %x
//   %y = strand.shift %a by 2 ... : T     uses of %y read %a
//
// The reducer keeps what still fails; whether a step is right for the meaning does not matter.
#include "lib/Transforms/Reductions.h"
#include "dialects/Strand/Strand.h"
#include "mlir/Reducer/ReductionPatternInterface.h"
using namespace mlir;
namespace strand {
namespace {

struct SkipOp : RewritePattern {
  explicit SkipOp(MLIRContext *context) : RewritePattern(MatchAnyOpTypeTag(), /*benefit=*/1, context) {}
  LogicalResult matchAndRewrite(Operation *op, PatternRewriter &rewriter) const override {
    SmallVector<Value> instead;
    for (Value result : op->getResults()) {
      auto *operand = llvm::find_if(op->getOpOperands(), [&](OpOperand &o) { return o.get().getType() == result.getType(); });
      if (operand == op->getOpOperands().end())
        return failure();
      instead.push_back(operand->get());
    }
    if (instead.empty())
      return failure();
    rewriter.replaceOp(op, instead);
    return success();
  }
};

struct Reductions : DialectReductionPatternInterface {
  explicit Reductions(Dialect *dialect) : DialectReductionPatternInterface(dialect) {}
  void populateReductionPatterns(RewritePatternSet &patterns) const override { patterns.add<SkipOp>(patterns.getContext()); }
};
} // namespace

void registerReductions(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *, StrandDialect *dialect) { dialect->addInterfaces<Reductions>(); });
}
} // namespace strand
