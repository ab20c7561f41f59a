def StepTogether : Pass<"strand-step-together", "::mlir::func::FuncOp"> {
  let summary = "a scan whose step multiplies by a matrix takes one row of all its sequences at a time";
  let description = [{
    A step that multiplies what it carries by a matrix that is the same in every row (LSTM, GRU and their kin) reads that
    matrix once a row if sequences go one after another. Here they go side by side: the carried values of all sequences
    are the rows of one tensor, and step t computes row t of each sequence that is longer than t, so the product of a
    vector and a matrix becomes one of many rows and a matrix.

    Sequences are taken longest first, so those that still run stand in front and nothing has to be moved when one ends:

    ```
    rank[s] = how many sequences are longer, or as long and before s
    for t in 0 .. longest
      n = how many sequences are longer than t
      x[i] = inputs[row t of the sequence of rank i]                  i < n
      y, carries[0 .. n) = step(x, carries[0 .. n))                   the region, with n rows as a dimension in front
      outputs[row t of the sequence of rank i] = y[i]
    ```

    With `reverse` row t is the t-th from the end. The loop over steps stands in no parallel loop: each product is
    divided among threads by itself, over its columns where there are few sequences (strand-vectorize).

    A scan stays as it is if no product in it has such a matrix, or if an operation of its step has no form over rows.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect", "::mlir::scf::SCFDialect",
                           "::mlir::tensor::TensorDialect"];
  let statistics = [Statistic<"numScans", "scans", "scans whose sequences step together">];
}
