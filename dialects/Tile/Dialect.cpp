#include "dialects/Tile/Tile.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "mlir/IR/OpImplementation.h"
using namespace mlir;
using namespace strand::tile;
#include "dialects/Tile/Dialect.cpp.inc"
#include "dialects/Tile/Interfaces.cpp.inc"
#define GET_OP_CLASSES
#include "dialects/Tile/Ops.cpp.inc"

void TileDialect::initialize() {
  addOperations<
#define GET_OP_LIST
#include "dialects/Tile/Ops.cpp.inc"
      >();
}

void strand::tile::effectsOfBuffers(DestinationStyleOpInterface op,
                                    SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>> &effects) {
  for (OpOperand &operand : op->getOpOperands()) {
    if (!isa<MemRefType>(operand.get().getType()))
      continue;
    if (op.isDpsInit(&operand))
      effects.emplace_back(MemoryEffects::Write::get(), &operand);
    else
      effects.emplace_back(MemoryEffects::Read::get(), &operand);
  }
}

LogicalResult strand::tile::bufferizeDestinations(DestinationStyleOpInterface op, RewriterBase &rewriter,
                                                  const bufferization::BufferizationOptions &options,
                                                  bufferization::BufferizationState &state) {
  SmallVector<Value> buffers, into;
  for (OpOperand &operand : op->getOpOperands()) {
    FailureOr<Value> buffer = bufferization::getBuffer(rewriter, operand.get(), options, state);
    if (failed(buffer))
      return failure();
    buffers.push_back(*buffer);
    if (op.isDpsInit(&operand))
      into.push_back(*buffer);
  }
  rewriter.setInsertionPoint(op);
  OperationState onBuffers(op.getLoc(), op->getName(), buffers, TypeRange(), op->getAttrs());
  onBuffers.propertiesAttr = op->getPropertiesAsAttribute();
  rewriter.create(onBuffers);
  bufferization::replaceOpWithBufferizedValues(rewriter, op, into);
  return success();
}

LogicalResult strand::tile::verifyDestinations(DestinationStyleOpInterface op) {
  auto isTensor = [](Value v) { return isa<RankedTensorType>(v.getType()); };
  size_t tensors = llvm::count_if(op->getOperands(), isTensor);
  bool onTensors = tensors == op->getNumOperands() && op->getNumResults() == op.getNumDpsInits(),
       onBuffers = !tensors && !op->getNumResults();
  if (!onTensors && !onBuffers)
    return op->emitOpError("C0: has a result for each destination if all operands are tensors, and none if all are "
                           "buffers");
  return success();
}
