// Buffers that a kernel makes, as places in the shared memory of its blocks.
#pragma once
#include "mlir/Dialect/GPU/IR/GPUDialect.h"
namespace strand {
using namespace mlir;
/// Replaces every memref.alloc of `kernel` by a view of dynamic shared memory; buffers that are not in use at the same
/// time may share bytes. Returns the bytes that a launch has to give. Fails with an error at a buffer whose size is
/// known only at run time, and if more than `limit` bytes are needed.
FailureOr<int64_t> allocsToShared(gpu::GPUFuncOp kernel, int64_t limit);
} // namespace strand
