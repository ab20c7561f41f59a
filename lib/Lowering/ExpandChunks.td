def ExpandChunks : Pass<"strand-expand-chunks", "::mlir::func::FuncOp"> {
  let summary = "ops that implement ChunkOpInterface to loops over sequences, blocks and tiles";
  let description = [{
    Each op becomes an `scf.forall` over (sequence, block), and in it, for every length of tile the op names, an `scf.for`
    over the tiles of that length that fit into what is left of the sequence. A tile is what the op's `emitTile` writes.
    Results and states are updated in place: slices of destinations go in, and are inserted at the same place.

    In a function marked `strand.single_row` every sequence has one row or none, and tiles have length 1; on a device, tiles
    of ops that cut sequences see states as they are behind the call. Elsewhere
    `form` says how a sequence is gone through:

      step          row by row
      chunk         tile by tile
      three-phase   in spans: their summaries, then the states between them one after another, then their outputs
      associative   the same, with the summaries joined in log2(spans) rounds instead of one after another
      auto          tile by tile, or three-phase in calls where lengths and threads make that faster (CostModel.h)

    With `device`, for GPUs, auto goes by rows and number of sequences alone: lengths lie where the host cannot read them.
    With `teams`, for GPUs, a tile of ops whose elements go their own way is cut into as many spans, which groups of
    threads take side by side: an `scf.forall` over teams inside of the one over blocks (Teams.cpp). With `readers`, what
    an element-wise op alone reads of such an op is computed with the tile, and the result itself is not stored.

    Of ops whose tiles do not need each other (cutsSequences) a sequence is cut into parts for blocks of their own, and
    what whole tiles leave of it is one more tile (IndependentTiles.cpp). Where rows are few and a cache has many places,
    blocks see a part of the cache each (PartsOfPast.cpp).

    Spans are for ops that implement SplitOpInterface; others go tile by tile, which the report calls a fallback where
    spans were asked for. The reason for a form is noted as `why`, and as `cost` the f32 operations of a row.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect", "::mlir::linalg::LinalgDialect", "::mlir::math::MathDialect",
                           "::mlir::scf::SCFDialect", "::mlir::tensor::TensorDialect",
                           "::mlir::bufferization::BufferizationDialect", "::strand::tile::TileDialect"];
  let options = [
    Option<"vectorBits", "vector-bits", "int64_t", "512", "bits of a vector register: 256 or 512">,
    Option<"form", "form", "std::string", "\"chunk\"", "auto, step, chunk, three-phase or associative">,
    Option<"tileLength", "tile-length", "int64_t", "0", "rows of a tile; 0: as the op chooses">,
    Option<"teams", "teams", "int64_t", "1", "groups of threads of a block that compute neighbouring tiles side by side">,
    Option<"tensorCores", "tensor-cores", "bool", "false", "ops may ask for products of bf16">,
    Option<"device", "device", "bool", "false", "the lengths of sequences lie in memory of a device">,
    Option<"readers", "readers", "bool", "false", "element-wise ops that alone read a result are part of the tile">,
  ];
}
