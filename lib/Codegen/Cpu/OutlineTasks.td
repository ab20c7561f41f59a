def OutlineTasks : Pass<"strand-outline-tasks", "::mlir::ModuleOp"> {
  let summary = "parallel loops become task functions";
  let description = [{
    Each `scf.forall` on buffers becomes a private function `@f.task0(%args: !llvm.ptr, %i: i64)`, the body for one point
    of the iteration space, and a call of `strand_rt_parallel_for(ctx, n, task, args)` (`include/strand/abi.h`). What the
    body uses from outside lies in a struct on the caller's frame, of buffers what their types do not say; constants are
    written again in the task. If n turns out to be 1, the task is called directly.

    - A loop of one iteration is inlined. A parallel loop inside a task is an ordinary loop.
    - A `memref.alloc` in the body lives on the task's frame, so its size must be static or bounded by a constant.
    - Functions that have a parallel loop, or call one that has, take the threads of the caller as `%ctx: !llvm.ptr
      {strand.input = "ctx"}`. A task that calls such a function hands it none: it runs on the task's own thread.
    - `strand.threads` asks the run-time library; in a task it is 1.

    Runs behind `strand-arena`, which needs to see what a parallel loop uses.
  }];
  let dependentDialects = ["::mlir::LLVM::LLVMDialect", "::mlir::scf::SCFDialect", "::mlir::arith::ArithDialect",
                           "::mlir::memref::MemRefDialect", "::mlir::func::FuncDialect"];
  let options = [Option<"frameLimit", "frame-limit", "int64_t", "1 << 20",
                        "bytes of stack that the temporaries of a task may take">];
  let statistics = [Statistic<"numTasks", "tasks", "parallel loops outlined">];
}
