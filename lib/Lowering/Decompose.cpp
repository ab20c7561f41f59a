#include "dialects/Strand/Strand.h"
#include "lib/Lowering/Notes.h"
#include "lib/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
using namespace mlir;
namespace strand {
#define GEN_PASS_DEF_DECOMPOSE
#include "lib/Passes.h.inc"
namespace {

LogicalResult decompose(linalg::AggregatedOpInterface op) {
  OpBuilder b(op);
  FailureOr<SmallVector<Value>> values = op.decomposeOperation(b);
  if (failed(values))
    return op->emitOpError("has no meaning in loops here");
  bool fallback = isa<ChunkOpInterface>(op.getOperation());
  StringRef why = fallback ? "its tiles do not cover this case, so it is gone through by its plain meaning"
                           : "there is no other form";
  noteForm(op, "rows", b.getNamedAttr("why", b.getStringAttr(why)), fallback);
  op->replaceAllUsesWith(*values);
  op->erase();
  return success();
}

struct Decompose : impl::DecomposeBase<Decompose> {
  void runOnOperation() override {
    auto dialect = getContext().getLoadedDialect<StrandDialect>();
    SmallVector<linalg::AggregatedOpInterface> ops;
    getOperation().walk([&](linalg::AggregatedOpInterface op) {
      if (op->getDialect() == dialect)
        ops.push_back(op);
    });
    for (linalg::AggregatedOpInterface op : ops)
      if (failed(decompose(op)))
        return signalPassFailure();
  }
};
} // namespace
} // namespace strand
