def MergeFunctions : Pass<"strand-merge-functions", "::mlir::ModuleOp"> {
  let summary = "private functions that differ in their name alone are one";
  let description = [{
    Of private functions with the same type, attributes and body the first stays, and the others are called and handed on
    by its name: layers of one shape, and forms of one function, have the same tasks. When callees have become one, callers
    may be the same as well. What is said of places in the source does not count.

    Nothing behind this pass may look a function up by a name that is not written in the module.
  }];
  let statistics = [Statistic<"numMerged", "merged", "functions that are no more">];
}
