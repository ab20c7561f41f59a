def NumbersAnew : Pass<"strand-numbers-anew", "::mlir::gpu::GPUFuncOp"> {
  let summary = "code behind a loop over tiles finds out anew where its block and thread are";
  let description = [{
    A kernel that goes through rows in tiles has code for the rows that are left behind that loop. Both use places of the
    block and the thread, found once, in front of both: registers that the first loop, which takes nearly all time, keeps
    for the second, or spills. So what is computed from the numbers of block and thread alone is computed again behind the
    first loop, of numbers that are read again; LLVM does not see that they are the same. What is read from memory is not
    read again. Only code without products on tensor cores, which takes registers itself, gives them up so. Runs on
    structured loops, when equal values have been found and moved out of loops.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::LLVM::LLVMDialect"];
  let statistics = [Statistic<"numAgain", "again", "values that are computed again">];
}
