#ifndef STRAND_ASSOCIATIVE_SCAN_TD
#define STRAND_ASSOCIATIVE_SCAN_TD
include "dialects/Strand/Dialect.td"

def Strand_AssociativeScanOp : Strand_StreamOp<"associative_scan", [IsolatedFromAbove, SingleBlock,
    DeclareOpInterfaceMethods<Strand_ChunkOpInterface, ["goesBack"]>,
    DeclareOpInterfaceMethods<Strand_SplitOpInterface, ["getNeutralState"]>]> {
  let summary = "p[t] = combine(p[t-1], x[t]), element by element, with a combine that is associative";
  let description = [{
    An element has one value of each of `parts`: x[t, s] = (x1[t, s], ..., xn[t, s]). For the rows t of each sequence,
    in order, or with `reverse` from the last to the first, and each index s = (s1, ..., sk):

    ```
    p[t, s] = combine(p[t-1, s], x[t, s])          y_i[t, s] = part read[i] of p[t, s]
    ```

    The region is the combine of two elements: its arguments are the parts of the left one, then those of the right one,
    as scalars; `strand.yield` gives the parts of both together. It has to be associative (up to rounding), and
    `identity`, a number for each part, has to change nothing on either side: sums may then be made of any neighbouring
    rows first. strand-check finds a combine that is not so, as forms that differ.

    `read` says which parts are results; without it all are. Only those parts are *carried* from row to row, and are
    state, that results depend on: if the left value of a part is read by no result, nor by what a result is made of,
    rows in order do without it. A carried part begins at its identity, or at its number in `initial`.

    Each part is read through a map from (t, s1, ..., sk), one for each in `indexing_maps`; without them all are
    (t, s1, ..., sk). A map without t reads the same value in every row.

    Shapes: results rows x s1 x ... x sk; states slots x s1 x ... x sk, for each carried part.

    C1: there is a part, and for each part a number in `identity`, a whole one if it is of integers. C2: an indexing map
    for each part, a projected permutation of the dimensions (t, s1, ..., sk) of the results, t first if it is there; one
    has t. C3: there are results, of one shape; sizes s are static, not 0, and those of the operands. C4: the region takes
    the element types of the parts twice and yields a value of each, none of them an argument or twice; its operations
    have neither effects nor regions. C5: `read` are numbers of parts, ascending, and there is a result for each, of the
    part's type. C6: `initial` has a number for each carried part, a whole one if it is of integers. C7: `reverse`
    excludes states: what comes after a cut would have to be known before it.

    A running maximum under a decay, h' = max(h + g, x), and the place of the largest row so far:

    ```mlir
    %h = strand.associative_scan(%g, %x) offsets %offsets
        {identity = array<f64: 0.0, 0xFFF0000000000000>, read = array<i64: 1>}
        : (tensor<?x64xf32>, tensor<?x64xf32>, tensor<?xi32>) -> tensor<?x64xf32> {
    ^bb0(%g1: f32, %x1: f32, %g2: f32, %x2: f32):
      %0 = arith.addf %g1, %g2 : f32
      %1 = arith.addf %x1, %g2 : f32
      %2 = arith.maximumf %1, %x2 : f32
      strand.yield %0, %2 : f32, f32
    }
    %y:2 = strand.associative_scan(%x, %row) offsets %offsets {identity = array<f64: 0xFFF0000000000000, -1.0>}
        : (tensor<?xf32>, tensor<?xi32>, tensor<?xi32>) -> (tensor<?xf32>, tensor<?xi32>) {
    ^bb0(%x1: f32, %t1: i32, %x2: f32, %t2: i32):
      %0 = arith.cmpf ogt, %x2, %x1 : f32
      %1 = arith.select %0, %x2, %x1 : f32
      %2 = arith.select %0, %t2, %t1 : i32
      strand.yield %1, %2 : f32, i32
    }
    ```

    The first with g = -1, -1, -1 and x = 5, 1, 4: 5, 4, 4; its state is h alone. The second with x = 2, 7, 5 and rows
    0, 1, 2: (2, 0), (7, 1), (7, 1).
  }];
  let arguments = (ins Variadic<RankedTensorOf<[F32, F64, I32]>>:$parts, Strand_Ints:$offsets,
                       Variadic<Strand_State>:$states, Optional<Strand_Ints>:$slots, DenseF64ArrayAttr:$identity,
                       OptionalAttr<DenseF64ArrayAttr>:$initial, OptionalAttr<DenseI64ArrayAttr>:$read,
                       OptionalAttr<AffineMapArrayAttr>:$indexing_maps, UnitAttr:$reverse);
  let results = (outs Variadic<Strand_State>:$values); // outputs, then the next states
  let regions = (region SizedRegion<1>:$combine);
  let assemblyFormat = [{
    (`reverse` $reverse^)? `(` $parts `)` `offsets` $offsets (`states` `(` $states^ `)` `slots` $slots)? attr-dict
    `:` functional-type(operands, results) $combine
  }];
  let hasRegionVerifier = 1;
  let hasCanonicalizer = 1;
  let extraClassDeclaration = [{
    ::mlir::ResultRange getOutputs() { return (*this)->getResults().drop_back(getStates().size()); }
    ::strand::YieldOp getYield();
    /// One for each part.
    ::mlir::SmallVector<::mlir::AffineMap> getMaps();
    /// The parts that are results, by number.
    ::mlir::SmallVector<unsigned> getReadParts();
    /// The parts that rows in order have to carry, ascending; those that are results are among them.
    ::mlir::SmallVector<unsigned> getCarriedParts();
    /// The other ones.
    ::mlir::SmallVector<unsigned> getTransferParts();
    /// Sizes of s1, ..., sk.
    ::mlir::SmallVector<int64_t> getItemShape();
    ::llvm::StringRef getReasonAgainstState();
  }];
}
#endif
