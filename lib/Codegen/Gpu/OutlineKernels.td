def OutlineKernels : Pass<"strand-outline-kernels", "::mlir::ModuleOp"> {
  let summary = "kernels become functions of a gpu.module, and launches";
  let description = [{
    Each parallel loop that `strand-kernels` mapped to blocks becomes `gpu.func @k0_f(...) kernel` in `gpu.module @device`,
    and a call

        strand_rt_launch(ctx, number, blocks, threads, bytes of shared memory, arguments, their count)

    (`include/strand/abi.h`). Arguments are cells of 8 bytes: of a buffer of identity layout its pointer and its dynamic
    sizes; indices and scalars as they are. Views and constants are written again in the kernel.

    - A block has as many threads as the longest of its thread loops has iterations.
    - A thread loop becomes its body and a barrier; the barrier in front of it is left out where no thread can still read
      what it writes.
    - Buffers made in a kernel become places in shared memory; those that are not in use at the same time share one.
    - What `tile.boxes` says of a matrix becomes a map of 128 bytes, which `strand_rt_boxes` fills in in front of the launch.
      All maps of a kernel are one last argument, `strand.maps` on the kernel says how many; their cells are the last.
    - `tile.library_product` becomes a call of `strand_rt_library_product`.
    - Functions that launch, or call one that does, take `%ctx: !llvm.ptr {strand.input = "ctx"}`.

    `strand.kernels` on the module names the kernels in the order of their numbers. Runs behind `strand-arena`.
  }];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect", "::mlir::gpu::GPUDialect", "::mlir::scf::SCFDialect",
                           "::mlir::arith::ArithDialect", "::mlir::memref::MemRefDialect", "::mlir::func::FuncDialect"];
  let options = [
    Option<"sharedLimit", "shared-limit", "int64_t", "166912", "bytes of shared memory that a block may take">,
  ];
  let statistics = [Statistic<"numKernels", "kernels", "kernels outlined">];
}
