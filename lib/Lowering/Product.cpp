#include "lib/Lowering/Product.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Matchers.h"
using namespace mlir;
using namespace strand;
namespace {

/// The block argument behind an extension to a wider float.
BlockArgument widened(Value v) {
  if (auto ext = v.getDefiningOp<arith::ExtFOp>())
    v = ext.getIn();
  return dyn_cast<BlockArgument>(v);
}

std::optional<std::pair<unsigned, unsigned>> twoLoops(AffineMap map) {
  if (map.getNumResults() != 2 || !map.isProjectedPermutation())
    return {};
  return std::pair(map.getDimPosition(0), map.getDimPosition(1));
}
} // namespace

bool strand::isMultiplyAdd(Block *body) {
  auto *sum = body->getTerminator()->getOperand(0).getDefiningOp();
  if (!isa_and_nonnull<arith::AddFOp>(sum))
    return false;
  for (unsigned i : {0u, 1u}) {
    auto product = sum->getOperand(1 - i).getDefiningOp<arith::MulFOp>();
    if (sum->getOperand(i) != body->getArgument(2) || !product)
      continue;
    BlockArgument a = widened(product.getLhs()), b = widened(product.getRhs());
    return a && b && a.getOwner() == body && b.getOwner() == body && a.getArgNumber() + b.getArgNumber() == 1;
  }
  return false;
}

std::optional<Product> strand::productOf(linalg::LinalgOp op) {
  if (op.getNumLoops() != 3 || op.getNumDpsInputs() != 2 || op.getNumDpsInits() != 1 ||
      op.getNumReductionLoops() != 1 || !isMultiplyAdd(op.getBlock()))
    return {};
  auto x = twoLoops(op.getMatchingIndexingMap(op.getDpsInputOperand(0)));
  auto w = twoLoops(op.getMatchingIndexingMap(op.getDpsInputOperand(1)));
  auto y = twoLoops(op.getMatchingIndexingMap(op.getDpsInitOperand(0)));
  if (!x || !w || !y)
    return {};
  auto [m, k] = *x;
  unsigned n = y->second;
  if (y->first != m || (*w != std::pair(n, k) && *w != std::pair(k, n)))
    return {};
  return Product{op, op.getDpsInputOperand(0), op.getDpsInputOperand(1), w->first == n, m, n, k};
}

bool strand::isZeros(Value v) {
  auto fill = v.getDefiningOp<linalg::FillOp>();
  return fill && (matchPattern(fill.getInputs()[0], m_AnyZeroFloat()));
}
