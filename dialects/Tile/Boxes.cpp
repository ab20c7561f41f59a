#include "dialects/Tile/Tile.h"
using namespace mlir;
namespace strand::tile {

std::optional<unsigned> BoxesOp::rowDims(MemRefType matrix, int64_t columns) {
  int64_t inner = 1;
  for (unsigned d = matrix.getRank(); d-- > 0;) {
    if (matrix.isDynamicDim(d))
      return {};
    inner *= matrix.getDimSize(d);
    if (inner == columns)
      return d;
  }
  return {};
}

LogicalResult BoxesOp::verify() {
  constexpr int64_t elementsOf16Bytes = 8, mostRows = 256;
  auto type = cast<MemRefType>(getMatrix().getType());
  if (!type.getLayout().isIdentity())
    return emitOpError("C1: the matrix is row-major memory; it is ") << type;
  if (getColumns() <= 0 || getColumns() % elementsOf16Bytes)
    return emitOpError("C2: rows have a multiple of 8 columns; they have ") << getColumns();
  if (!rowDims(type, getColumns()))
    return emitOpError("C2: rows of ") << getColumns() << " columns are no dimensions of " << type;
  if (getBox().size() != 2)
    return emitOpError("C3: a box has rows and columns; it has ") << getBox().size() << " sizes";
  int64_t rows = getBox()[0], columns = getBox()[1];
  if (rows < 1 || rows > mostRows)
    return emitOpError("C3: a box has 1 to 256 rows; it has ") << rows;
  if ((columns != 16 && columns != 32 && columns != 64) || columns > int64_t(getColumns()))
    return emitOpError("C3: a box has 16, 32 or 64 of the ") << getColumns() << " columns; it has " << columns;
  return success();
}
} // namespace strand::tile
