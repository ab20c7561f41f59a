def PackWeights : Pass<"strand-pack-weights", "::mlir::ModuleOp"> {
  let summary = "weights become arguments, matrices in panels";
  let description = [{
    Each `strand.weight` of `@advance`, `@step` and `@last` becomes an argument marked `strand.weight`, in the same order in all.

    A matrix W [N, K] that a product x W^T reads, here or in the functions that it is handed to, comes in panels
    `[ceil(N / n), K, n]` (see strand.weight), n being `panel`, marked `strand.panel`: the kernel then reads it from front to
    back. The product is written over (rows, panels, columns of a panel, K); the columns that do not fill a panel are a
    product of their own. Other uses that can stay are reads of single elements, as in an embedding whose matrix is also the
    head's. A matrix with any other use stays as it is.

    A product in a loop, as strand-step-together makes them, reads its matrix in every step. What was not packed by then is
    packed in front of the loop, once a call, if its rows fill panels; but not in `strand.single_row`, where there is one
    step, and so nowhere with `one-order`: sums over a matrix in panels take another order.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect",
                           "::mlir::tensor::TensorDialect", "::strand::StrandDialect"];
  let options = [Option<"panel", "panel", "int64_t", "32", "columns of a panel; 0: no panels">,
                 Option<"oneOrder", "one-order", "bool", "false",
                        "sums take the same order, and give the same bits, in one row as in many">];
  let statistics = [Statistic<"numPanels", "panels", "weights laid out in panels">];
}
