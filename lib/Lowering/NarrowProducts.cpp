#include "lib/Lowering/NarrowProducts.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
using namespace mlir;
using namespace strand;

static bool isBf16(OpOperand *operand) { return getElementTypeOrSelf(operand->get()).isBF16(); }

/// Whether rows begin at multiples of 16 bytes, as copies to shared memory want them.
static bool isAligned(Value rows) {
  constexpr int64_t unit = 8; // of bf16
  auto part = rows.getDefiningOp<tensor::ExtractSliceOp>();
  if (!part)
    return true;
  std::optional<int64_t> column = getConstantIntValue(part.getMixedOffsets().back());
  return column && *column % unit == 0 && part.getSourceType().getShape().back() % unit == 0 &&
         part.getSourceType().getRank() == 2 && part.hasUnitStride() && isAligned(part.getSource());
}

bool strand::isNarrowProduct(Product p) {
  return isBf16(p.rows) && isBf16(p.matrix) && p.transposed && ShapedType::isDynamic(p.op.getStaticLoopRanges()[p.m]) &&
         isAligned(p.rows->get()) && isAligned(p.matrix->get());
}

bool strand::asksForRows(Operation *op) {
  auto dim = dyn_cast<tensor::DimOp>(op);
  return dim && dim.getConstantIndex() == 0;
}

linalg::GenericOp strand::elementWiseReaderOf(linalg::LinalgOp op) {
  Value result = op->getResult(0);
  SmallVector<Operation *> readers;
  for (Operation *user : result.getUsers())
    if (!asksForRows(user))
      readers.push_back(user);
  auto reader = readers.size() == 1 ? dyn_cast<linalg::GenericOp>(readers[0]) : linalg::GenericOp();
  bool isElementWise = reader && reader.getNumDpsInputs() == 1 && reader.getNumDpsInits() == 1 &&
                       reader.getNumReductionLoops() == 0 && reader.getDpsInputs()[0] == result &&
                       reader->getBlock() == op->getBlock() && !reader.hasIndexSemantics() &&
                       isa<Float32Type, BFloat16Type>(getElementTypeOrSelf(reader->getResult(0))) &&
                       !reader.payloadUsesValueFromOperand(reader.getDpsInitOperand(0)) &&
                       llvm::all_of(reader.getIndexingMapsArray(), [](AffineMap m) { return m.isIdentity(); });
  return isElementWise ? reader : linalg::GenericOp();
}

bool strand::isRounding(linalg::GenericOp reader) {
  auto rounded = reader.getBody()->getTerminator()->getOperand(0).getDefiningOp<arith::TruncFOp>();
  return rounded && rounded.getType().isBF16() && rounded.getIn() == reader.getBody()->getArgument(0);
}
