#pragma once
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
namespace strand {
using namespace mlir;
/// Puts `allocs`, buffers of a static or statically bounded size, on the stack frame of `f`, aligned to cache lines;
/// those of one type that are not in use at the same time share their place. Drops their deallocs. Fails with an error
/// at a buffer whose size has no static bound, and if they take more than `limit` bytes together.
LogicalResult allocsToFrame(func::FuncOp f, ArrayRef<memref::AllocOp> allocs, int64_t limit);
} // namespace strand
