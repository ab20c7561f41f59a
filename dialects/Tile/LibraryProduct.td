#ifndef TILE_LIBRARYPRODUCT_TD
#define TILE_LIBRARYPRODUCT_TD
include "dialects/Tile/Dialect.td"

def Tile_LibraryProductOp : Tile_Op<"library_product", [
    DeclareOpInterfaceMethods<MemoryEffectsOpInterface>,
    DeclareOpInterfaceMethods<BufferizableOpInterface,
      ["bufferizesToMemoryRead", "bufferizesToMemoryWrite", "getAliasingValues", "bufferize"]>]> {
  let summary = "rows times a matrix by a library, if there is one";
  let description = [{
    ```
    left = false:   into[m, n] = sum_k rows[m, k] matrix[n, k]      summed up in f32, then rounded to the type of `into`
    left = true:    nothing is written
    ```

    with `adds`, which f32 alone can have, what is in `into` is added.

    Stands on the host. Whether the library does the product is known when the program runs: it does if there are at least
    `from` rows, if it is there, and if it takes such a product (`strand_rt_library_product` of `include/strand/abi.h`). What
    computes the product otherwise stands behind it in a branch, and writes all of the result:

    ```mlir
    %y1, %left = tile.library_product %x times %w into %y0 {from = 32 : i64}
        : tensor<?x4096xbf16>, tensor<1024x4096xbf16>, tensor<?x1024xbf16> -> tensor<?x1024xbf16>
    %y = scf.if %left -> tensor<?x1024xbf16> { ... } else { scf.yield %y1 : tensor<?x1024xbf16> }
    ```

    C0: there is a result beside `left` if all operands are tensors, and none if all are buffers. C1: rows and matrix are of
    one depth, which is known, as is the number of columns. C2: the elements of a row of each buffer lie one behind the
    other; rows may be parts of longer ones. C3: what is added to is f32.
  }];
  let arguments = (ins Tile_Bf16:$rows, Tile_Bf16:$matrix,
                       AnyTypeOf<[2DTensorOf<[F32, BF16]>, MemRefRankOf<[F32, BF16], [2]>]>:$into, I64Attr:$from, UnitAttr:$adds);
  let results = (outs Optional<2DTensorOf<[F32, BF16]>>:$result, I1:$left);
  let assemblyFormat = [{
    $rows `times` $matrix (`onto` $adds^):(`into`)? $into attr-dict `:` type($rows) `,` type($matrix) `,` type($into) (`->` type($result)^)?
  }];
  let hasVerifier = 1;
}
#endif
