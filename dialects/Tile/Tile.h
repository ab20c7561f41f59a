// The tile dialect. A product multiplies bf16; a wider value is a sum of parts in bf16.
#pragma once
#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/Dialect/Bufferization/IR/BufferizableOpInterface.h"
#include "mlir/Dialect/LLVMIR/LLVMTypes.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/Interfaces/DestinationStyleOpInterface.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"
#include "dialects/Tile/Dialect.h.inc"
namespace strand::tile {
using ThreadBody = llvm::function_ref<void(mlir::OpBuilder &b, mlir::Value thread)>;
using EachThread = llvm::function_ref<void(int64_t count, ThreadBody body)>;

/// Of an op with destinations: it reads buffers that are inputs, and writes those that are destinations.
void effectsOfBuffers(mlir::DestinationStyleOpInterface op,
                      llvm::SmallVectorImpl<mlir::SideEffects::EffectInstance<mlir::MemoryEffects::Effect>> &effects);
/// The same op on buffers; its results are those of its destinations.
llvm::LogicalResult bufferizeDestinations(mlir::DestinationStyleOpInterface op, mlir::RewriterBase &rewriter,
                                          const mlir::bufferization::BufferizationOptions &options,
                                          mlir::bufferization::BufferizationState &state);
/// C0 of ops with destinations: all operands are tensors, and there is a result for each destination; or all are
/// buffers, and there is none.
llvm::LogicalResult verifyDestinations(mlir::DestinationStyleOpInterface op);
} // namespace strand::tile
#include "dialects/Tile/Interfaces.h.inc"
#define GET_OP_CLASSES
#include "dialects/Tile/Ops.h.inc"
namespace strand::tile {
/// On a memref.alloc in a kernel: it has to lie in shared memory.
constexpr const char *sharedMark = "strand.shared";

/// On the loop over a kernel's blocks: as many are to have room on a multiprocessor.
constexpr const char *blocksTogetherMark = "strand.blocks_together";

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
