def DissolveDescriptors : Pass<"strand-dissolve-descriptors", "::mlir::LLVM::LLVMFuncOp"> {
  let summary = "fields of descriptors that the function has put together itself become the values put in";
  let description = [{
    The conversions to the LLVM dialect take the descriptor of a buffer apart wherever the buffer is used:

        %d1 = llvm.insertvalue %pointer, %d0[1]   ...   %p = llvm.extractvalue %d9[1]

    `%p` becomes `%pointer`, and descriptors of which nothing is read any more go. LLVM's optimiser would do the same, in
    each of its modules; without it, instructions on aggregates keep its fast selection of instructions from all that stands
    before them in a block.
  }];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect"];
}
