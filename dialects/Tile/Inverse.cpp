#include "dialects/Tile/Tile.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
using namespace mlir;
namespace strand::tile {

LogicalResult InverseOp::verify() {
  auto lower = cast<ShapedType>(getLower().getType()), into = cast<ShapedType>(getInto().getType());
  if (lower.getShape() != into.getShape() || into.getDimSize(0) != into.getDimSize(1))
    return emitOpError("C1: both matrices are square and of one size; they are ") << lower << " and " << into;
  if (size() != 16 && size() != 32 && size() != 64)
    return emitOpError("C2: the size is 16, 32 or 64; it is ") << size();
  bool onTensors = isa<RankedTensorType>(into), lowerIsTensor = isa<RankedTensorType>(lower);
  if (onTensors != lowerIsTensor || getNumResults() != (onTensors ? 1 : 0))
    return emitOpError("has a result if both matrices are tensors, and none if both are buffers");
  return success();
}

void InverseOp::getEffects(SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>> &effects) {
  if (!isa<MemRefType>(getInto().getType()))
    return;
  effects.emplace_back(MemoryEffects::Read::get(), &getLowerMutable());
  effects.emplace_back(MemoryEffects::Write::get(), &getIntoMutable());
}

bool InverseOp::bufferizesToMemoryRead(OpOperand &operand, const bufferization::AnalysisState &) {
  return &operand == &getLowerMutable();
}
bool InverseOp::bufferizesToMemoryWrite(OpOperand &operand, const bufferization::AnalysisState &) {
  return &operand == &getIntoMutable();
}
bufferization::AliasingValueList InverseOp::getAliasingValues(OpOperand &operand,
                                                              const bufferization::AnalysisState &) {
  if (&operand != &getIntoMutable())
    return {};
  return {{getResult()[0], bufferization::BufferRelation::Equivalent}};
}
LogicalResult InverseOp::bufferize(RewriterBase &rewriter, const bufferization::BufferizationOptions &options,
                                   bufferization::BufferizationState &state) {
  FailureOr<Value> lower = getBuffer(rewriter, getLower(), options, state),
                   into = getBuffer(rewriter, getInto(), options, state);
  if (failed(lower) || failed(into))
    return failure();
  rewriter.setInsertionPoint(*this);
  InverseOp::create(rewriter, getLoc(), TypeRange(), *lower, *into);
  bufferization::replaceOpWithBufferizedValues(rewriter, *this, *into);
  return success();
}
} // namespace strand::tile
