def InferStructure : Pass<"strand-infer-structure", "::mlir::func::FuncOp"> {
  let summary = "strand.scan to the op that its step is an instance of";
  let description = [{
    For each strand.scan without states.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect", "::mlir::math::MathDialect",
                           "::mlir::tensor::TensorDialect", "::strand::StrandDialect"];
}
