#include "lib/Lowering/Places.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/Interfaces/DestinationStyleOpInterface.h"
using namespace mlir;

namespace {
bool isView(Operation *op) {
  return isa_and_present<tensor::ExpandShapeOp, tensor::CollapseShapeOp, tensor::ExtractSliceOp>(op);
}
} // namespace

bool strand::isPlace(Value v) {
  Operation *op = v.getDefiningOp();
  if (isa_and_present<tensor::EmptyOp>(op))
    return true;
  if (auto fill = dyn_cast_if_present<linalg::FillOp>(op))
    return isPlace(fill.getOutputs()[0]);
  return isView(op) && isPlace(op->getOperand(0));
}

Value strand::under(Value place) {
  Operation *op = place.getDefiningOp();
  if (isa<tensor::EmptyOp>(op))
    return {};
  auto fill = dyn_cast<linalg::FillOp>(op);
  return fill ? fill.getOutputs()[0] : op->getOperand(0);
}

Value strand::baseOf(Value place) {
  while (Value v = under(place))
    place = v;
  return place;
}

bool strand::canStandOn(Value place, Type type) {
  for (Value v = place; v; v = under(v))
    if (v.getType() == type && !v.getDefiningOp<linalg::FillOp>())
      return true;
  return false;
}

Value strand::placeAgain(OpBuilder &b, Value place, Value base, llvm::function_ref<void(Operation *)> adapt) {
  Operation *op = place.getDefiningOp();
  if (base && base.getType() == place.getType() && !isa<linalg::FillOp>(op))
    return base;
  IRMapping mapping;
  if (Value below = under(place))
    mapping.map(below, placeAgain(b, below, base, adapt));
  Operation *again = b.clone(*op, mapping);
  if (adapt)
    adapt(again);
  return again->getResult(0);
}

OpOperand *strand::beginOfPart(tensor::InsertSliceOp insert) {
  OpOperand *use = &insert.getSourceMutable();
  while (!isPlace(use->get())) {
    auto result = dyn_cast<OpResult>(use->get());
    if (!result)
      return nullptr;
    if (auto dps = dyn_cast<DestinationStyleOpInterface>(result.getOwner()))
      use = dps.getTiedOpOperand(result);
    else if (isView(result.getOwner()))
      use = &result.getOwner()->getOpOperand(0);
    else
      return nullptr;
  }
  for (Value v = use->get(); v; v = under(v))
    if (auto slice = v.getDefiningOp<tensor::ExtractSliceOp>())
      if (slice.getSourceType() == insert.getDestType() && slice.getMixedOffsets() == insert.getMixedOffsets() &&
          slice.getMixedSizes() == insert.getMixedSizes())
        return use;
  return nullptr;
}
