def MergeKernels : Pass<"strand-merge-kernels", "::mlir::ModuleOp"> {
  let summary = "kernels with the same text are one";
  let description = [{
    Of kernels in `gpu.module @device` that differ in nothing but their name the first stays, and `strand.kernels` names it
    for the numbers of the others: layers of one width do not have the same machine code many times. Runs when kernels are
    canonical.
  }];
  let dependentDialects = ["::mlir::gpu::GPUDialect"];
  let statistics = [Statistic<"numMerged", "merged", "kernels that were there before">];
}
