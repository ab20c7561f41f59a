// Tiles of which not all rows are wanted: each thread stores what it holds of the rows that are.
#include "lib/Codegen/Gpu/Fragments.h"
#include "lib/Codegen/Gpu/TileCode.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
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

/// Two neighbours of a row at a time if a thread has them.
void TileCode::storeRows(const TileRows &rows) {
  SmallVector<Value> values = valuesOf(rows.tile);
  Value buffer = map.lookupOrDefault(rows.into);
  Type type = getElementTypeOrSelf(rows.tile);
  bool pairs = tileShape(rows.tile).size() == 2 && program.linesOf(rows.tile) == 0 && hasAlignedLines(buffer, 2);
  auto word = [&](OpFoldResult v) -> Value {
    if (std::optional<int64_t> known = getConstantIntValue(v))
      return at.number(*known);
    return arith::IndexCastOp::create(b, b.getI32Type(), map.lookupOrDefault(cast<Value>(v)));
  };
  Value first = word(rows.first), count = word(rows.count);
  eachOwnValue(rows.tile, [&](int64_t i, ArrayRef<Value> coordinates) {
    if (pairs && i % 2)
      return;
    SmallVector<Value> place(coordinates);
    place[0] = arith::SubIOp::create(b, place[0], first);
    OpBuilder::InsertionGuard guard(b);
    onlyIf(arith::CmpIOp::create(b, arith::CmpIPredicate::ult, place[0], count));
    if (!pairs) {
      memref::StoreOp::create(b, asType(values[i], type), buffer, indicesOf(buffer, place));
      return;
    }
    Value pair =
        vector::FromElementsOp::create(b, VectorType::get(2, b.getF32Type()), ValueRange{values[i], values[i + 1]});
    if (!type.isF32())
      pair = arith::TruncFOp::create(b, VectorType::get(2, type), pair);
    vector::StoreOp::create(b, pair, buffer, indicesOf(buffer, place), false,
                            llvm::Align(2 * type.getIntOrFloatBitWidth() / 8));
  });
}
