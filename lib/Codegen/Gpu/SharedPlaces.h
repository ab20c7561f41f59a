// Buffers that a kernel makes, as places in the shared memory of its blocks.
#pragma once
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
namespace strand {
using namespace mlir;
/// Replaces every memref.alloc of `kernel` by a view of dynamic shared memory; buffers that are not in use at the same
/// time may share bytes. Returns the bytes that a launch has to give. Fails with an error at a buffer whose size is
/// known only at run time, and if more than `limit` bytes are needed.
FailureOr<int64_t> allocsToShared(gpu::GPUFuncOp kernel, int64_t limit);

/// The bytes of the place that a buffer of known size takes.
int64_t bytesInPlace(memref::AllocOp alloc);
/// Those of `allocs` that some op of the kernel's body uses while they take most together.
SmallVector<memref::AllocOp> mostInUse(scf::ForallOp kernel, ArrayRef<memref::AllocOp> allocs);
} // namespace strand
