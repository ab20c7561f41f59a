def NarrowRows : Pass<"strand-narrow-rows", "::mlir::func::FuncOp"> {
  let summary = "rows rounded to bf16 where they are multiplied";
  let description = [{
    Rows that a product takes (of rows and a matrix), and those that an op names as factors (`ChunkOpInterface::getMultiplied`,
    as queries, keys and values), are rounded to bf16 in front of it. Sums, states, gates, norms and what is added up from
    layer to layer stay f32. A factor of an op over rows is widened again, since its operands are of one type; tiles for
    tensor cores see where it comes from (`comesFromBf16`). Those that the op's state will hold as they are
    (`getRemembered`: keys and values of attention) stay bf16, so that caches are half as large and nothing is rounded
    twice; therefore the pass runs in front of strand-derive-advance. States that an op has already keep their type.

    This is what frameworks do with models in bf16, and changes results by some 2^-9 of what is multiplied; it is done
    where it is asked for alone (`strandc --rows=bf16`).
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect"];
  let statistics = [Statistic<"numFactors", "factors", "operands rounded">];
}
