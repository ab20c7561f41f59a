// The tile dialect. A product multiplies bf16; a wider value is a sum of parts in bf16.
#pragma once
#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/Dialect/Bufferization/IR/BufferizableOpInterface.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/Interfaces/DestinationStyleOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "dialects/Tile/Dialect.h.inc"
#define GET_OP_CLASSES
#include "dialects/Tile/Ops.h.inc"
namespace strand::tile {
/// On a memref.alloc in a kernel: it has to lie in shared memory.
constexpr const char *sharedMark = "strand.shared";

/// A piece of the result of a product: so many columns and rows of it.
struct Piece {
  int64_t columns, rows;
};

/// How many values in bf16 add up to one of that type exactly.
int64_t numParts(mlir::Type type);

/// Bytes of the stage of a product with pieces of such a size for a block.
int64_t stageBytes(Piece block, mlir::Type rows, mlir::Type matrix);
/// The depth of one of the two steps that a stage holds.
constexpr int64_t stageDepth = 32;
} // namespace strand::tile
