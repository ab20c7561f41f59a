def Arena : Pass<"strand-arena", "::mlir::ModuleOp"> {
  let summary = "one arena, sized on entry, for all temporaries";
  let description = [{
    In: bufferised functions; an argument marked `strand.rows` or `strand.sequences` has at most that many entries in
    dimension 0, one marked `strand.offsets` at most one more than there are sequences (an index argument with the mark
    is the number itself); marks are inferred from `strand.input` and
    from the calls of private functions. Out: every `memref.alloc` is a view of an arena. A function
    that needs scratch takes it as one more argument, `memref<?xi8> {strand.scratch}`, and a pure function
    `@f.scratch(rows, sequences) -> index` beside it says how many bytes. Buffers that are not in use at the same time
    share a slot; a slot is a multiple of 64 bytes.

    Every size has to be bounded by a + b rows + c sequences. A size that depends on data says its bound by `arith.minsi`.

    Runs before `strand-outline-tasks`, while the uses of a buffer in a parallel loop can still be seen. Buffers made
    inside an `scf.forall` are left for that pass: they live on the frame of a task.
  }];
  let dependentDialects = ["::mlir::memref::MemRefDialect", "::mlir::arith::ArithDialect",
                           "::mlir::func::FuncDialect"];
  let statistics = [Statistic<"numBuffers", "buffers", "temporaries placed in an arena">,
                    Statistic<"numSlots", "slots", "slots that they share">];
}
