def TileProducts : Pass<"strand-tile-products", "::mlir::gpu::GPUFuncOp"> {
  let summary = "tile.product as code of one thread, on tensor cores";
  let description = [{
    Leaves code of one thread in place of `tile.product`: `nvvm.mma.sync` of bf16 with sums in f32, whatever the types of the
    factors are: f32 is three parts in bf16 that add up to it exactly (Fragments.h).

    - Without a stage, factors go from memory to registers, the next ones while these are multiplied. With one, threads cut
      the next factors into parts and put them into shared memory while these are multiplied, and read them as fragments
      (StagedSums.h). Loads are 16 bytes wide where lines are contiguous and aligned; others are read value by value.
    - What is multiplied in one step of the depth is summed up on the tensor cores and then added to the sums with rounding
      to nearest, since tensor cores cut off.
    - Lines beyond the end of y are the last line again, and are not stored. No line has influence on another.

    Threads wait for each other for a stage only; barriers around the product are the caller's.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::LLVM::LLVMDialect", "::mlir::NVVM::NVVMDialect",
                           "::mlir::memref::MemRefDialect", "::mlir::scf::SCFDialect", "::mlir::vector::VectorDialect"];
}
