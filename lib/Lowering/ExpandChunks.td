def ExpandChunks : Pass<"strand-expand-chunks", "::mlir::func::FuncOp"> {
  let summary = "ops that implement ChunkOpInterface to loops over sequences, blocks and tiles";
  let description = [{
    Each op becomes an `scf.forall` over (sequence, block), and in it, for every length of tile the op names, an `scf.for`
    over the tiles of that length that fit into what is left of the sequence. A tile is what the op's `emitTile` writes.
    Results and states are updated in place: slices of destinations go in, and are inserted at the same place.

    In a function marked `strand.single_row` every sequence has one row or none, and tiles have length 1.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect", "::mlir::math::MathDialect",
                           "::mlir::scf::SCFDialect", "::mlir::tensor::TensorDialect",
                           "::mlir::bufferization::BufferizationDialect"];
  let options = [
    Option<"vectorBits", "vector-bits", "int64_t", "512", "bits of a vector register: 256 or 512">,
    Option<"tileLength", "tile-length", "int64_t", "0", "rows of a tile; 0: as the op chooses">,
  ];
}
