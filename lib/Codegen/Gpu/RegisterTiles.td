def RegisterTiles : Pass<"strand-register-tiles", "::mlir::func::FuncOp"> {
  let summary = "loops over tiles to code of threads that keep tiles in registers";
  let description = [{
    Takes functions on buffers. A loop inside of an `scf.forall`, over tiles that are multiplied with each other, becomes a
    thread loop as `strand-kernels` writes them,

        scf.forall (%t) in (128) {mapping = [#gpu.thread<x>]} { scf.for ... }

    whose threads go through the whole loop by themselves and meet at barriers: the ops on tiles become code on what each
    thread holds of them (TileProgram.h, TileFragments.h). Products of bf16 are mma.sync with sums in f32; with `wgmma`,
    which devices of sm_90a alone have, those of four warps with a multiple of 64 lines are wgmma (Wgmma.h). What is read of
    memory is copied to shared memory while the round before is computed, unless two blocks fit on a multiprocessor without
    that: by the threads (cp.async) or, on sm_90a, rows in bf16 by the copy engine (BulkCopies.h), to which `tile.boxes`
    describes them. What lies there in f32 and is read as bf16 alone goes through registers, to be rounded.
    States and sums stay in registers from round to round.

    A loop stays as it is, with a remark that says why and the same in the note of its op (TileNotes of lib/Lowering/Notes.h), if
    - an op in it is other than a fill, an element-wise op, a sum along one dimension or a product of two matrices in
      bf16 (or in f32 and rounded), on whole buffers of rank up to 2 without dimensions of size 1;
    - a size is no multiple of 16;
    - its tiles take more than `shared-limit` bytes of shared memory.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::gpu::GPUDialect", "::mlir::LLVM::LLVMDialect",
                           "::mlir::NVVM::NVVMDialect", "::mlir::memref::MemRefDialect", "::mlir::scf::SCFDialect",
                           "::mlir::vector::VectorDialect", "::strand::tile::TileDialect"];
  let options = [
    Option<"wgmma", "wgmma", "bool", "false", "the device has wgmma: it is sm_90a">,
    Option<"sharedLimit", "shared-limit", "int64_t", "166912", "bytes of shared memory that a block may take">];
  let statistics = [Statistic<"numLoops", "loops", "loops whose tiles are in registers">];
}
