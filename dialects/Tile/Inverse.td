#ifndef TILE_INVERSE_TD
#define TILE_INVERSE_TD
include "dialects/Tile/Dialect.td"

def Tile_InverseOp : Tile_DestinationOp<"inverse"> {
  let summary = "the inverse of a unit lower triangular matrix, in bf16";
  let description = [{
    ```
    into = (1 + lower)^-1
    ```

    of which all that stands on or above the diagonal of `lower` is taken for 0. `into` is one matrix, which is rounded, or
    several parts: of each element the first is it rounded, the next what that leaves, rounded. Blocks of 16 x 16 on the diagonal are
    inverted exactly, row after row; larger ones are joined of inverses A^-1 and B^-1 of their halves, with
    -B^-1 N A^-1 between them. (Powers of `lower` would be shorter to write, but are huge where rows are alike.)

    C0: there are results if all are tensors. C1: all are square and of one size. C2: the size is 16, 32 or 64. C3: there
    are 1 to 3 parts.

    ```mlir
    tile.inverse %n into %x : memref<64x64xf32>, memref<64x64xbf16>
    ```

    With lower = [[0, 0], [3, 0]] in its upper left corner and 0 elsewhere, into there is [[1, 0], [-3, 1]].
  }];
  let arguments = (ins Tile_F32:$lower, Variadic<Tile_Bf16>:$into);
  let results = (outs Variadic<2DTensorOf<[BF16]>>:$results);
  let assemblyFormat = "$lower `into` $into attr-dict `:` type($lower) `,` type($into) (`->` type($results)^)?";
  let hasVerifier = 1;
  let extraClassDeclaration = baseDeclaration # [{
    int64_t size() { return ::llvm::cast<::mlir::ShapedType>(getLower().getType()).getDimSize(0); }
  }];
}
#endif
