def ParallelSegments : Pass<"strand-parallel-segments", "::mlir::func::FuncOp"> {
  let summary = "strand.compact and strand.expand as parallel ops over rows, for devices";
  let description = [{
    How many rows strand.compact keeps is known on a device alone, so that its host can neither make a buffer of that size
    nor start so many blocks. Here `kept` has as many rows as `x` has: what follows goes by `inner_offsets`, and rows
    behind the last that is kept are zero. With count[t] for how many of mask[0..t] are true:

        kept[i]          = x[first t with count[t] > i]
        inner_offsets[s] = count[offsets[s] - 1]
        y[t]             = inner[inner_offsets[s] + count[t] - count[offsets[s] - 1] - 1], or `last`

    Rows are found by halving, each by itself. Counts are sums over pieces of rows, side by side, then one after another
    over the pieces.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect", "::mlir::scf::SCFDialect",
                           "::mlir::tensor::TensorDialect"];
}
