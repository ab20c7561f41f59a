def BlockRows : Pass<"strand-block-rows", "::mlir::func::FuncOp"> {
  let summary = "runs of row-wise ops go block by block over the rows";
  let description = [{
    Neighbouring linalg ops that treat each row by itself, on tensors with the same rows, become one `scf.forall` over blocks
    of rows: what one op hands to the next then stays in cache, and a call has few parallel loops. Only what is used
    outside of the run is written to memory as a whole.

    A block has at most as many rows as keep its temporaries within `cache` bytes, and there are several blocks where
    the call has enough rows. Functions marked `strand.single_row` are left as they are: with few rows, work is divided by
    columns (strand-vectorize).
  }];
  let dependentDialects = ["::mlir::affine::AffineDialect", "::mlir::arith::ArithDialect", "::mlir::scf::SCFDialect",
                           "::mlir::tensor::TensorDialect"];
  let options = [
    Option<"cache", "cache", "int64_t", "1 << 19", "bytes that the temporaries of a block may take">,
    Option<"unit", "unit", "int64_t", "14", "a block's rows are a multiple of this: the rows of a register tile">,
  ];
  let statistics = [Statistic<"numRuns", "runs", "runs of ops that go block by block">];
}
