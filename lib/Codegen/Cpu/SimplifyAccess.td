def SimplifyAccess : Pass<"strand-simplify-access", "::mlir::func::FuncOp"> {
  let summary = "views of buffers as a base and numbers, vectors of rank 1: what strand-to-llvm takes";
  let description = [{
    Views of buffers (`memref.subview` and the like) become the buffer they look at with offsets and strides of their own,
    so that what is left of them is arithmetic on indices. Operations on vectors that LLVM has no counterpart of become such
    on vectors of rank 1 that it has.
  }];
  let dependentDialects = ["::mlir::affine::AffineDialect", "::mlir::arith::ArithDialect", "::mlir::memref::MemRefDialect",
                           "::mlir::vector::VectorDialect"];
}
