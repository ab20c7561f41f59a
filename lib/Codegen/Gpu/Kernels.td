def Kernels : Pass<"strand-kernels", "::mlir::func::FuncOp"> {
  let summary = "what touches memory to kernels: blocks of threads, as parallel loops";
  let description = [{
    Takes functions on buffers, with linalg ops over rows and parallel loops over sequences and blocks around linalg ops on
    tiles, and leaves

      scf.forall (%b) in (%n) {mapping = [#gpu.block<x>]}          a kernel; its blocks run in no order
        scf.forall (%t) in (256) {mapping = [#gpu.thread<x>]}      what each thread does until all of the block meet

    What stands in a kernel outside of thread loops (loops over tiles, reads of offsets, views) is the same for all threads
    of a block. A linalg op over rows becomes a kernel over the elements of its outputs; one on a tile, a thread loop over
    them. A product of rows with a matrix becomes a kernel over tiles of its result (ProductTiles.h). A buffer
    that is made in a kernel belongs to its block; those that are too large for its shared memory are views of one buffer
    of the grid.

    With `tensor-cores`, products become `tile.product`, each in a thread loop (ProductTiles.h says how they are shared out),
    and `tile.attend` the code of warps (Attend.h).
    Without, the result is ordinary code: `strand-outline-tasks` runs it on a CPU, which is how the numbers of kernels are tested
    where there is no GPU, and `strand-outline-kernels` makes code for a GPU of it. With `backwards`, thread loops run from
    the last thread to the first, so that a result that depends on the order of threads shows.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::affine::AffineDialect", "::mlir::gpu::GPUDialect",
                           "::mlir::memref::MemRefDialect", "::mlir::scf::SCFDialect", "::strand::tile::TileDialect"];
  let options = [
    Option<"threads", "threads", "int64_t", "256", "threads of a block">,
    Option<"shared", "shared", "int64_t", "96 << 10", "bytes of shared memory that the buffers of a block may take">,
    Option<"tensorCores", "tensor-cores", "bool", "false", "products stay whole, for strand-tile-products">,
    Option<"fewRows", "few-rows", "int64_t", "16", "up to so many sequences of one row, products take kernels for few">,
    Option<"backwards", "backwards", "bool", "false", "thread loops count down">,
  ];
}
