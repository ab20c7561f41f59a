def TileProducts : Pass<"strand-tile-products", "::mlir::gpu::GPUFuncOp"> {
  let summary = "products of a block of threads on tensor cores";
  let description = [{
    Takes kernels in which products y[m, n] += sum_k x[m, k] w stand where all threads of a block come, marked
    `strand.warp_tile = array<i64: columns, rows>` (strand-kernels does that), and leaves code of one thread: warps share out
    the tiles of y, and a warp computes a tile by `nvvm.mma.sync` of bf16 with sums in f32, whatever the types of x and w
    are: f32 is three parts in bf16 that add up to it exactly (Fragments.h).

    - Operands go from memory to registers, the next ones while these are multiplied. Loads are 16 bytes wide where lines
      are contiguous and aligned; other operands are read value by value.
    - What is multiplied in one step of the depth is summed up on the tensor cores and then added to the sums with rounding
      to nearest, since tensor cores cut off.
    - Lines beyond the end of y are the last line again, and are not stored. No line has influence on another.
    - A fill with zeros right in front of a product goes away with it.
    - With `strand.each_warp` beside the mark, each warp computes all of the product, of operands that are its own.

    No thread waits for another; barriers around the product are the caller's.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::LLVM::LLVMDialect", "::mlir::NVVM::NVVMDialect",
                           "::mlir::memref::MemRefDialect", "::mlir::scf::SCFDialect", "::mlir::vector::VectorDialect"];
}
