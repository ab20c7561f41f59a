def DeriveLast : Pass<"strand-derive-last", "::mlir::ModuleOp"> {
  let summary = "@last: @advance with logits for the last row of each sequence alone";
  let description = [{
    Who continues a prompt needs one row of logits a sequence. `@last` is a copy of `@advance` in which what follows the last
    ops with state, as a rule the final norm and the head, is computed on one row a sequence: its logits are sequences x
    vocabulary. The row of a sequence that has none in the call holds values without meaning; the call must have a row.

    Where the logits come straight from an op with state, or there is no `@advance`, nothing is done.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect", "::mlir::tensor::TensorDialect"];
}
