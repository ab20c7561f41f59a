def LibraryProducts : Pass<"strand-library-products", "::mlir::func::FuncOp"> {
  let summary = "products that a library may do when the program runs";
  let description = [{
    In front of a product of rows in bf16 with a matrix in bf16, n x k, a library is asked to do it
    (`tile.library_product`); the product itself goes into a branch for where the library has left it:

        y = x w^T      y1, left = library_product(x, w, y0);  y = if left: x w^T written into y1, else y1

    It runs where products are still tensors: what follows, tiles in registers or other kernels, compiles the product in the
    branch as it would without, and a view of longer rows is a view for both.

    An element-wise op that alone reads the result goes into the branch as well, where own kernels compute it on tiles. A
    rounding to bf16 is the library's, too; any other op is computed behind the library's product by a kernel of its own.

    Sums may begin at other rows in f32 instead of zeros, as where a layer adds to its input.

    From how many rows on a library is asked is the cost model's (`leastRowsOfLibrary`), and noted for the report. It is
    not asked for products with small matrices, in loops and branches, or whose columns, depth or beginnings of rows are no
    multiples of 16 bytes.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::scf::SCFDialect", "::mlir::tensor::TensorDialect",
                           "::strand::tile::TileDialect"];
  let statistics = [Statistic<"numProducts", "products", "products that a library may do">];
}
