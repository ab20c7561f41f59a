def ReuseLoads : Pass<"strand-reuse-loads", "::mlir::gpu::GPUFuncOp"> {
  let summary = "what a thread has read it does not read again";
  let description = [{
    A load from a buffer that the kernel stores nothing to takes the value of an earlier load of the same element by the same
    thread. So what teams of threads read for a summary is still in their registers when the outputs are computed, on the other
    side of a barrier. Where a buffer lies in the place of another that is written, it is read at an index before that is
    written there; an earlier value is the right one then, too. Runs when views are canonical.
  }];
  let dependentDialects = ["::mlir::gpu::GPUDialect"];
  let statistics = [Statistic<"numReused", "reused", "loads that are gone">];
}
