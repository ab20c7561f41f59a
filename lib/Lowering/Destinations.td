def Destinations : Pass<"strand-destinations", "::mlir::ModuleOp"> {
  let summary = "private functions write their results where the caller says";
  let description = [{
    After bufferisation a result of dynamic size cannot become an out-parameter any more, so this is done on tensors. Each
    result of a private function is followed along ties (loop and branch results, destination-style operands, reshapes,
    calls) to where its buffer comes from:

      an argument          nothing to do, unless its shape is changed: the result will be that argument's buffer
      a `tensor.empty`     becomes a new argument; callers hand in a `tensor.empty` of the same size, which may in turn
                           be the origin of the caller's own result
      anything else        is copied into such an argument

    Sizes are computed again in the caller, from the operands. Result 0 of `@advance`, `@step` and `@last` are the
    logits: their argument is marked `strand.input = "logits"`.
  }];
  let dependentDialects = ["::mlir::tensor::TensorDialect", "::mlir::linalg::LinalgDialect",
                           "::mlir::arith::ArithDialect"];
}
