def BranchDims : Pass<"strand-branch-dims", "::mlir::func::FuncOp"> {
  let summary = "sizes of what branches return";
  let description = [{
    `tensor.dim` of a result of `scf.if` whose branches write into one tensor from outside, as those that
    `strand-expand-chunks` makes do, becomes the size of that tensor. Upstream's
    `resolve-ranked-shaped-type-result-dims` looks through loops alone.
  }];
  let dependentDialects = ["::mlir::tensor::TensorDialect"];
}
