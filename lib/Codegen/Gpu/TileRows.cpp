// Tiles of which not all rows are wanted: each thread stores what it holds of the rows that are.
#include "lib/Codegen/Gpu/TileCode.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
using namespace mlir;
using namespace strand;

std::optional<TileRows> TileRows::of(linalg::CopyOp op, Operation *around) {
  auto part = op.getInputs()[0].getDefiningOp<memref::SubViewOp>();
  if (!part || !isa<MemRefType>(op.getOutputs()[0].getType()))
    return {};
  Value tile = tileOf(part.getSource());
  MemRefType whole = part.getSourceType(), some = part.getType();
  bool isOfRows = whole.getRank() && some.getRank() == whole.getRank() && whole.hasStaticShape() &&
                  some.isDynamicDim(0) && some.getShape().drop_front() == whole.getShape().drop_front() &&
                  whole.getDimSize(0) > 1 && tileShape(part.getSource()).size() <= 2 &&
                  tileShape(part.getSource()) == tileShape(tile);
  bool isLocal = isa_and_present<memref::AllocOp>(tile.getDefiningOp()) && around->isAncestor(tile.getDefiningOp());
  bool inOrder = llvm::all_of(part.getMixedStrides(), [](OpFoldResult stride) { return isOneInteger(stride); });
  if (!isOfRows || !isLocal || !inOrder || getElementTypeOrSelf(op.getOutputs()[0]) != whole.getElementType())
    return {};
  return TileRows{tile, op.getOutputs()[0], part.getMixedOffsets()[0], part.getMixedSizes()[0]};
}

void TileCode::storeRows(const TileRows &rows) {
  SmallVector<Value> values = valuesOf(rows.tile);
  Value buffer = map.lookupOrDefault(rows.into);
  bool inPairs = hasPairs(rows.tile, buffer);
  auto word = [&](OpFoldResult v) -> Value {
    if (std::optional<int64_t> known = getConstantIntValue(v))
      return at.number(*known);
    return arith::IndexCastOp::create(b, b.getI32Type(), map.lookupOrDefault(cast<Value>(v)));
  };
  Value first = word(rows.first), count = word(rows.count);
  eachOwnValue(rows.tile, [&](int64_t i, ArrayRef<Value> coordinates) {
    if (inPairs && i % 2)
      return;
    SmallVector<Value> place(coordinates);
    place[0] = arith::SubIOp::create(b, place[0], first);
    OpBuilder::InsertionGuard guard(b);
    onlyIf(arith::CmpIOp::create(b, arith::CmpIPredicate::ult, place[0], count));
    storeValue(values, i, buffer, place, inPairs);
  });
}
