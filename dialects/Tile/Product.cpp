#include "dialects/Tile/Tile.h"
using namespace mlir;
namespace strand::tile {

int64_t numParts(Type type) { return type.isBF16() ? 1 : type.isF16() ? 2 : 3; }

int64_t stageBytes(Piece block, Type rows, Type matrix) {
  constexpr int64_t steps = 2, bytesOfPart = 2;
  return steps * stageDepth * bytesOfPart * (block.columns * numParts(matrix) + block.rows * numParts(rows));
}

LogicalResult ProductOp::verify() {
  MemRefType rows = getRows().getType(), matrix = getMatrix().getType(), sums = getSums().getType();
  int64_t matrixDepth = matrix.getDimSize(1 - columnDim());
  if (ShapedType::isDynamic(depth()) || depth() != matrixDepth)
    return emitOpError("C1: the depth of rows and matrix is the same and known; there are ")
           << rows << " and " << matrix;
  auto differ = [](int64_t a, int64_t b) { return a != b && !ShapedType::isDynamic(a) && !ShapedType::isDynamic(b); };
  if (differ(sums.getDimSize(0), rows.getDimSize(0)) || differ(sums.getDimSize(1), matrix.getDimSize(columnDim())))
    return emitOpError("C2: sums are rows x columns of the matrix; they are ") << sums;
  ArrayRef<int64_t> warp = getWarp();
  int64_t leastRows = getStage() ? 16 : 8;
  if (warp.size() != 2 || warp[0] <= 0 || warp[1] <= 0 || warp[0] % 16 || warp[1] % leastRows)
    return emitOpError("C3: a warp's piece is a multiple of 16 columns and ") << leastRows << " rows";
  if (getBlock().has_value() != bool(getStage()))
    return emitOpError("C4: a block's piece goes with a stage");
  if (!getStage())
    return success();
  ArrayRef<int64_t> block = *getBlock();
  if (block.size() != 2 || block[0] <= 0 || block[1] <= 0 || block[0] % warp[0] || block[1] % warp[1])
    return emitOpError("C4: a block's piece is a multiple of a warp's, [") << warp << "]; it is [" << block << "]";
  int64_t needed = stageBytes({block[0], block[1]}, rows.getElementType(), matrix.getElementType());
  MemRefType stage = getStage().getType();
  if (!stage.hasStaticShape() || !stage.getLayout().isIdentity() || stage.getNumElements() < needed)
    return emitOpError("C5: the stage holds ") << needed << " bytes; it is " << stage;
  return success();
}
} // namespace strand::tile
