def InlineFormulas : Pass<"strand-inline-formulas", "::mlir::ModuleOp"> {
  let summary = "small functions into those that call them";
  let description = [{
    An importer gives every formula a function of its own, so that a layer reads like the paper. Here each private function
    that is called, carries no state and is not marked `no_inline` is written in place of its calls, and goes. (Upstream's
    inliner would take `@advance` for dead, since nothing calls it.)
  }];
}
