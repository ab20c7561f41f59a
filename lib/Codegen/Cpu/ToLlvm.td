def ToLlvm : Pass<"strand-to-llvm", "::mlir::ModuleOp"> {
  let summary = "func, cf, memref, vector, arith, math and affine to the llvm dialect, all at once";
  let description = [{
    Upstream has a pass for each dialect. Each of them looks at all operations, casts what the next ones will have made
    something else, and takes the casts away that the last one left; together that took as long as all of the way before.
    This is one conversion with the patterns of all, and needs no casts between them.

    Operations of other dialects, and casts between a buffer and its descriptor that passes before have put there, stay.
    Functions of math that LLVM does not know are calls of the C library.
  }];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect"];
}
