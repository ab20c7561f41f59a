#ifndef TILE_PRODUCT_TD
#define TILE_PRODUCT_TD
include "dialects/Tile/Dialect.td"

def Tile_ProductOp : Tile_Op<"product"> {
  let summary = "rows times a matrix on tensor cores";
  let description = [{
    ```
    sums[m, n] += sum_k rows[m, k] * matrix[k, n]        matrix[n, k] with `transposed`; `fresh`: sums begin at zero
    ```

    with the accuracy of f32 whatever the factors' types are. `warp = [columns, rows]` is the piece of the result that a warp
    computes at a time, columns being those of the matrix (n) and rows m.

    - The warps of a block share out such pieces, and each reads what it needs from memory.
    - With `each_warp`, operands depend on the thread, and each warp computes all of the result.
    - `through` a stage in shared memory, the result is one piece of the block, `block = [columns, rows]` at most, with a
      piece for each warp. Factors go through the stage, two steps of the depth at a time, so that what several warps need
      is read, and cut into parts in bf16, once. Threads wait for each other inside.

    1. C1: the depth k of rows and matrix is the same and known;
    2. C2: sums are as many rows as `rows` has and as many columns as the matrix has, where both are known;
    3. C3: a warp's piece is a multiple of 16 columns and 8 rows; through a stage, of 16 rows;
    4. C4: `block` is given with a stage and only then, and is a multiple of the warp's piece;
    5. C5: the stage has at least 128 bytes for each line of the block (a column or row) and part of its type: 1 of bf16,
       2 of f16, 3 of f32.

    ```mlir
    tile.product %x times %w into %y {transposed, warp = array<i64: 16, 8>}
        : memref<8x512xf32>, memref<16x512xbf16>, memref<8x16xf32>
    ```
  }];
  let arguments = (ins Arg<Tile_Factor, "", [MemRead]>:$rows, Arg<Tile_Factor, "", [MemRead]>:$matrix,
                       Arg<Tile_Sums, "", [MemRead, MemWrite]>:$sums, Arg<Optional<Tile_Bytes>, "", [MemRead, MemWrite]>:$stage,
                       DenseI64ArrayAttr:$warp, OptionalAttr<DenseI64ArrayAttr>:$block, UnitAttr:$transposed, UnitAttr:$fresh,
                       UnitAttr:$each_warp);
  let assemblyFormat = [{
    $rows `times` $matrix `into` $sums (`through` $stage^ `:` type($stage))? attr-dict
    `:` type($rows) `,` type($matrix) `,` type($sums)
  }];
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    /// How many values are multiplied to a sum.
    int64_t depth() { return getRows().getType().getDimSize(1); }
    /// The dimension of the matrix along which its columns lie.
    unsigned columnDim() { return getTransposed() ? 0 : 1; }
  }];
}
#endif
