#include "dialects/Strand/Strand.h"
#include "lib/Lowering/Product.h"
#include "lib/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
using namespace mlir;
namespace strand {
#define GEN_PASS_DEF_NARROWROWS
#include "lib/Passes.h.inc"
namespace {

struct NarrowRows : impl::NarrowRowsBase<NarrowRows> {
  void runOnOperation() override {
    SmallVector<linalg::GenericOp> products;
    SmallVector<OpOperand *> factors, remembered;
    getOperation().walk([&](Operation *op) {
      if (auto generic = dyn_cast<linalg::GenericOp>(op)) {
        if (multipliesRows(generic))
          products.push_back(generic);
      } else if (auto chunks = dyn_cast<ChunkOpInterface>(op)) {
        SmallVector<OpOperand *> kept;
        if (!cast<StreamOpInterface>(op).hasState())
          kept = chunks.getRemembered();
        for (OpOperand *factor : chunks.getMultiplied())
          if (getElementTypeOrSelf(factor->get()).isF32())
            (llvm::is_contained(kept, factor) ? remembered : factors).push_back(factor);
      }
    });
    for (linalg::GenericOp product : products)
      narrow(product);
    for (OpOperand *factor : factors) {
      OpBuilder b(factor->getOwner());
      Value wide = factor->get();
      factor->set(arith::ExtFOp::create(b, wide.getLoc(), wide.getType(), rounded(b, wide)));
    }
    for (OpOperand *factor : remembered) {
      OpBuilder b(factor->getOwner());
      factor->set(rounded(b, factor->get()));
    }
    numFactors += products.size() + factors.size() + remembered.size();
  }

  /// A product of rows in f32, as many as there are, and a matrix.
  static bool multipliesRows(linalg::GenericOp op) {
    std::optional<Product> product = productOf(op);
    if (!product)
      return false;
    auto rows = dyn_cast<RankedTensorType>(product->rows->get().getType());
    return rows && rows.isDynamicDim(0) && rows.getElementType().isF32();
  }

  static Value rounded(OpBuilder &b, Value wide) {
    auto type = cast<RankedTensorType>(wide.getType());
    return arith::TruncFOp::create(b, wide.getLoc(), type.clone(b.getBF16Type()), wide);
  }

  static void narrow(linalg::GenericOp op) {
    OpOperand *rows = productOf(op)->rows;
    OpBuilder b(op);
    rows->set(rounded(b, rows->get()));
    BlockArgument element = op.getMatchingBlockArgument(rows);
    b.setInsertionPointToStart(op.getBody());
    auto wide = arith::ExtFOp::create(b, op.getLoc(), b.getF32Type(), element);
    element.replaceAllUsesExcept(wide, wide);
    element.setType(b.getBF16Type());
  }
};
} // namespace
} // namespace strand
