def Decompose : Pass<"strand-decompose", "::mlir::func::FuncOp"> {
  let summary = "strand ops to their plain meaning";
  let description = [{
    Each op of the dialect that is still there is replaced by what its `decomposeOperation` writes: loops over sequences
    and rows around linalg of one row. For an op that implements ChunkOpInterface, or that another op would express
    better, this is the last resort, noted as a fallback.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect", "::mlir::math::MathDialect",
                           "::mlir::scf::SCFDialect", "::mlir::tensor::TensorDialect",
                           "::mlir::bufferization::BufferizationDialect"];
}
