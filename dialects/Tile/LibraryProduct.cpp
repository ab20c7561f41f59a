#include "dialects/Tile/Tile.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
using namespace mlir;
namespace strand::tile {

LogicalResult LibraryProductOp::verify() {
  auto rows = cast<ShapedType>(getRows().getType()), matrix = cast<ShapedType>(getMatrix().getType()),
       into = cast<ShapedType>(getInto().getType());
  size_t tensors = llvm::count_if(getOperandTypes(), llvm::IsaPred<RankedTensorType>);
  if (tensors != (getResult() ? getNumOperands() : 0))
    return emitOpError("C0: has a result beside `left` if all operands are tensors, and none if all are buffers");
  if (getResult() && getResult().getType() != into)
    return emitOpError("C0: the result is of the type of what it is computed into, ") << into;
  bool areKnown = matrix.hasStaticShape() && !rows.isDynamicDim(1) && !into.isDynamicDim(1);
  if (!areKnown || rows.getDimSize(1) != matrix.getDimSize(1) || into.getDimSize(1) != matrix.getDimSize(0))
    return emitOpError("C1: rows, matrix and result are m x k, n x k and m x n with known n and k; they are ")
           << rows << ", " << matrix << " and " << into;
  for (Type type : getOperandTypes())
    if (auto buffer = dyn_cast<MemRefType>(type); buffer && !buffer.areTrailingDimsContiguous(1))
      return emitOpError("C2: the elements of a row lie one behind the other, not as in ") << buffer;
  if (getAdds() && !into.getElementType().isF32())
    return emitOpError("C3: a product is added to f32, not to ") << into;
  return success();
}

void LibraryProductOp::getEffects(SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>> &effects) {
  if (getResult())
    return;
  effects.emplace_back(MemoryEffects::Read::get(), &getRowsMutable());
  effects.emplace_back(MemoryEffects::Read::get(), &getMatrixMutable());
  if (getAdds())
    effects.emplace_back(MemoryEffects::Read::get(), &getIntoMutable());
  effects.emplace_back(MemoryEffects::Write::get(), &getIntoMutable());
}

bool LibraryProductOp::bufferizesToMemoryRead(OpOperand &operand, const bufferization::AnalysisState &) {
  return &operand != &getIntoMutable() || getAdds();
}

bool LibraryProductOp::bufferizesToMemoryWrite(OpOperand &operand, const bufferization::AnalysisState &) {
  return &operand == &getIntoMutable();
}

bufferization::AliasingValueList LibraryProductOp::getAliasingValues(OpOperand &operand,
                                                                     const bufferization::AnalysisState &) {
  if (&operand != &getIntoMutable())
    return {};
  return {{getResult(), bufferization::BufferRelation::Equivalent}};
}

LogicalResult LibraryProductOp::bufferize(RewriterBase &rewriter, const bufferization::BufferizationOptions &options,
                                          bufferization::BufferizationState &state) {
  SmallVector<Value> buffers;
  for (Value operand : getOperands()) {
    FailureOr<Value> buffer = bufferization::getBuffer(rewriter, operand, options, state);
    if (failed(buffer))
      return failure();
    buffers.push_back(*buffer);
  }
  rewriter.setInsertionPoint(*this);
  auto onBuffers = LibraryProductOp::create(rewriter, getLoc(), Type(), rewriter.getI1Type(), buffers[0], buffers[1],
                                            buffers[2], getFromAttr(), getAddsAttr());
  bufferization::replaceOpWithBufferizedValues(rewriter, *this, {buffers[2], onBuffers.getLeft()});
  return success();
}
} // namespace strand::tile
