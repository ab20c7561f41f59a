def FuseRows : Pass<"strand-fuse-rows", "::mlir::func::FuncOp"> {
  let summary = "row-wise linalg ops join their neighbours";
  let description = [{
    - An element-wise op goes into the element-wise op, or into the sum along a row, that alone reads it. It never goes
      into a product, where it would be computed again for every column.
    - `x + product` becomes a product that accumulates on x, but for `one-order`: whether it stands there as such goes by
      the form.
    - Element-wise ops of arith and math on tensors are linalg ops first.
  }];
  let dependentDialects = ["::mlir::linalg::LinalgDialect", "::mlir::tensor::TensorDialect", "::mlir::math::MathDialect"];
  let options = [
    Option<"oneOrder", "one-order", "bool", "false", "sums take the same order, and give the same bits, in one row as in many">,
  ];
}
