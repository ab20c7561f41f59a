def BlockProducts : Pass<"strand-block-products", "::mlir::func::FuncOp"> {
  let summary = "products of many rows with a matrix as loops over tiles";
  let description = [{
    A product of rows in bf16 with a matrix in bf16 that begins at zeros becomes a parallel loop over whole tiles of its
    result, each a sum over parts of the depth, which `strand-register-tiles` keeps in registers:

        y = x w^T,  m rows, n columns, depth k
        scf.forall (%m, %n)                   tiles of `rows` x `columns`
          acc = 0;  for each k: acc += x[m, k] w[n, k]^T

    What is left of the rows stays a product, which takes kernels for few rows. An element-wise op that alone reads the
    result and reads nothing else (a rounding to bf16, an activation) is computed on each tile.

    Products stay as they are where columns or depth are no multiples of 64, where the matrix is not n x k, where rows are
    parts of longer ones that do not begin at multiples of 16 bytes, and in functions marked `strand.single_row`. What
    becomes of each product in bf16 is noted.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect", "::mlir::scf::SCFDialect",
                           "::mlir::tensor::TensorDialect"];
  let options = [
    Option<"rows", "rows", "int64_t", "128", "rows of a tile">,
    Option<"columns", "columns", "int64_t", "128", "columns of a tile at most">,
    Option<"depth", "depth", "int64_t", "64", "depth of a part">];
  let statistics = [Statistic<"numProducts", "products", "products that became loops over tiles">];
}
