def FuseResults : Pass<"strand-fuse-results", "::mlir::func::FuncOp"> {
  let summary = "element-wise ops go into the linalg op that makes what they read";
  let description = [{
    An element-wise op that alone reads a result of an op is computed where that result is made, if each of its elements is
    made once: a recurrence over a tile writes what is made of its rows, in the type that is wanted, and not its rows. What
    upstream joins is the other way round, an element-wise op with its reader; that is done here for an element-wise op with
    several results, all of which one op reads in one way, each element once.
  }];
  let dependentDialects = ["::mlir::linalg::LinalgDialect"];
}
