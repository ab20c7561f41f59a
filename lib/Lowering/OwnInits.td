def OwnInits : Pass<"strand-own-inits", "::mlir::func::FuncOp"> {
  let summary = "every destination of its own";
  let description = [{
    Common subexpression elimination lets several ops write into one `tensor.empty` or one filled tensor; bufferisation
    then gives all but one a copy. Here each use gets a `tensor.empty` (and a fill) of its own; the branches of an `scf.if`
    share theirs, so that what both write is the result in place. What goes to two places (a function that returns a value
    twice) is made in the first and copied from there. To be run right before bufferisation, with nothing in
    between that merges equal ops.
  }];
}
