def Choice : Pass<"strand-choice", "::mlir::ModuleOp"> {
  let summary = "functions that choose the next token of each sequence from its logits";
  let description = [{
    Whoever continues texts on a device wants tokens back, not logits. Where there is an `@advance` whose logits have V
    entries a row, this adds, on buffers, as `strand-kernels` takes them:

      @choose_largest(logits: memref<?xVxf32>, ids: memref<?xi32>)                       the first of the largest
      @choose_all(logits: memref<?xVxf32>, how: memref<?x5xi64>, ids: memref<?xi32>)     drawn from all tokens
      @choose_rank, @choose_mass, @choose_both of the same type            from what top_k leaves, top_p, both leave

    A row of `how` is a `strand_choice` of include/strand/abi.h. What is chosen is what `strand_rt_sample` chooses
    (lib/Runtime/Sample.c), to the bit; -1 where a logit is NaN or +inf, or all are -inf, or the row's position is
    negative.

    A logit and its id are one number, the rank: the bits of the logit, in the order of floats, above V - 1 - id. So the
    ranks of a row are all different, and of equal logits the one of the smaller id ranks higher. A row is read in parts
    of 1024, each by a block of threads; then a block for each row joins what its parts have. Runs in front of
    `strand-kernels`.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::func::FuncDialect", "::mlir::linalg::LinalgDialect",
                           "::mlir::memref::MemRefDialect", "::mlir::scf::SCFDialect"];
  let options = [
    Option<"entries", "entries", "bool", "false", "each function has an entry for strand-function-interface">,
  ];
}
