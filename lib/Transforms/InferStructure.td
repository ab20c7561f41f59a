def InferStructure : Pass<"strand-infer-structure", "::mlir::func::FuncOp"> {
  let summary = "strand.scan to the ops that its step is an instance of";
  let description = [{
    In: a `strand.scan` without states, whose region is any step on one row. Out: the ops that compute the same for
    whole sequences, as far as there are such:

    - `strand.linear_attention` where outer products are added to a matrix under a decay of the rows, and one sum along
      the keys is read, before or after the step; also over the sum of the weights. Of a matrix that begins elsewhere
      than at 0, the query under all decays so far reads that as well, beside the op;
    - `strand.delta_rule` where the matrix is corrected at a key as well, or at several, one after the other, however
      they are written: each from a value of its own, with what the others read taken in, or as a product of matrices;
    - `strand.linear_recurrence` where every element goes its own way; decay, input and reading are given as their
      factors, so nothing wider than a row, or than a vector of few channels, is stored for all rows. What begins
      elsewhere than at 0 has what the first step makes of that as input of the first row;
    - `strand.complex_recurrence` where two carried values of one shape turn into each other as real and imaginary part
      of a complex number do, each element by itself; a transition wider than a row is given as logarithm and angle;
    - `strand.associative_scan` where every element is a maximum, minimum or log-sum-exp of itself, moved, and inputs;
    - the rows before, where a carried value is used for everything but itself.

    Carried values that need each other are one component. Components are taken in the order in which they need each
    other: to the later ones the earlier are rows. What has no op stays a scan, of one component if what is read of it
    is no wider than a row, without what does not depend on the state: that is computed for all rows in front, products
    of the row and a matrix as products of all rows. An operation with several results ties them together.

    Ops go forward. A reverse scan of which some part would be an op with a matrix for a state becomes that over rows
    turned around (`strand.turn`), with its results turned; any other stays a scan that goes backward.

    A remark at the scan says for every carried value what it is, as an equation in which a coefficient has the
    indices it depends on, in capitals if it is the same in every row, and what becomes of it or why nothing does. A
    remark at an operation names it as the one through which a carried value is not affine in itself, or whose tensor it
    begins at where its op begins at 0.

    The formulas that decide (lib/Analysis) are not what is computed: operands are the values of the region, lifted
    over all rows, or products and sums of them. What was written for the sake of small exponents stays as it was.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect", "::mlir::math::MathDialect",
                           "::mlir::tensor::TensorDialect", "::strand::StrandDialect"];
}
