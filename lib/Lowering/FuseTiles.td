def FuseTiles : Pass<"strand-fuse-tiles", "::mlir::func::FuncOp"> {
  let summary = "element-wise ops move into the tiles that read them";
  let description = [{
    An element-wise linalg op whose results are read as slices in parallel loops alone, as those of strand-expand-chunks, is
    written again on each slice and goes: the whole tensor is never stored. It stays where blocks would compute the same
    elements: a slice has to move with every induction variable of its parallel loop that takes more than one value. With
    `widening`, what only writes its input as a wider type moves in any case, and what writes a narrower type than it reads
    stays.
  }];
  let options = [Option<"widening", "widening", "bool", "false", "casts to wider types are done wherever they are read">];
  let dependentDialects = ["::mlir::affine::AffineDialect", "::mlir::linalg::LinalgDialect", "::mlir::tensor::TensorDialect"];
}
