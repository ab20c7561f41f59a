def DeriveStep : Pass<"strand-derive-step", "::mlir::ModuleOp"> {
  let summary = "@step: @advance for calls in which every sequence has at most one row";
  let description = [{
    Copies `@advance` and every function that it calls, as `@step` and `@<name>.step`, marked `strand.single_row`. What
    the mark allows (one tile of one row, no loop over rows, work divided by columns instead of rows) is for later
    passes; strand-c-interface chooses between the two by the lengths of a call.
  }];
}
