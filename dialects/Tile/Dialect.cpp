#include "dialects/Tile/Tile.h"
#include "mlir/IR/Builders.h"
#include "mlir/IR/DialectImplementation.h"
#include "mlir/IR/OpImplementation.h"
using namespace mlir;
using namespace strand::tile;
#include "dialects/Tile/Dialect.cpp.inc"
#define GET_OP_CLASSES
#include "dialects/Tile/Ops.cpp.inc"

void TileDialect::initialize() {
  addOperations<
#define GET_OP_LIST
#include "dialects/Tile/Ops.cpp.inc"
      >();
}
