#ifndef TILE_DECAYEDSCORES_TD
#define TILE_DECAYEDSCORES_TD
include "dialects/Tile/Dialect.td"

def Tile_DecayedScoresOp : Tile_DestinationOp<"decayed_scores", [AttrSizedOperandSegments]> {
  let summary = "scores of rows with earlier rows, of which each channel has decayed since";
  let description = [{
    For each matrix of `rights` and, of that, for each of `lefts`, in one of `into` in this order, over channels i and
    rows r, s of a tile:

    ```
    into[r, s] = sum over i of left[r, i] right[s, i] exp(gate[s+1, i] + ... + gate[r, i])     s <= r
               = 0                                                                             s > r
    ```

    `gates` are logarithms of decays, given as parts that add up. `exclusive`: the gate of row r itself does not count, and
    there is no score of a row with itself (s < r only).

    No decay is computed as a quotient, which would be 0 / 0 where gates are strong. In registers two rows meet by the row
    m that parts them: the smaller of the two decays until m, the larger since; both factors are at most 1 if decays
    are. With blocks of 16 rows m is the end of the earlier block of the later row's; inside of a block it is the end of
    the lower half, of the halves of the halves, and so on, so that 4 products of masked factors have all pairs.

    C0: there is a result for each destination if all are tensors. C1: `lefts`, `rights` and `gates` are of one size, rows x
    channels, both multiples of 16. C2: there is a destination for each pair of `lefts` and `rights`, rows x rows. C3: there
    is a left and a right matrix, and one part of the gates or two.

    ```mlir
    tile.decayed_scores %q, %k with %k gates %g into %x, %y : memref<64x128xbf16>, memref<64x128xbf16>
      with memref<64x128xbf16> gates memref<64x128xbf16> into memref<64x64xf32>, memref<64x64xf32>
    ```
  }];
  let arguments = (ins Variadic<Tile_Bf16>:$lefts, Variadic<Tile_Bf16>:$rights, Variadic<Tile_Bf16>:$gates,
                       UnitAttr:$exclusive, Variadic<Tile_F32>:$into);
  let results = (outs Variadic<2DTensorOf<[F32]>>:$results);
  let assemblyFormat = [{
    $lefts `with` $rights `gates` $gates `into` $into (`exclusive` $exclusive^)? attr-dict `:`
    type($lefts) `with` type($rights) `gates` type($gates) `into` type($into) (`->` type($results)^)?
  }];
  let hasVerifier = 1;
  let extraClassDeclaration = baseDeclaration # [{
    int64_t rows() { return ::llvm::cast<::mlir::ShapedType>(getGates()[0].getType()).getDimSize(0); }
    int64_t channels() { return ::llvm::cast<::mlir::ShapedType>(getGates()[0].getType()).getDimSize(1); }
  }];
}
#endif
