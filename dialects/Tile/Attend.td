#ifndef TILE_ATTEND_TD
#define TILE_ATTEND_TD
include "dialects/Tile/Dialect.td"

def Tile_ManyRows : AnyTypeOf<[2DTensorOf<[F32, BF16]>, MemRefRankOf<[F32, BF16], [2]>]>;
def Tile_Sums12 : AnyTypeOf<[TensorRankOf<[F32], [1, 2]>, MemRefRankOf<[F32], [1, 2]>]>;

def Tile_AttendOp : Tile_DestinationOp<"attend"> {
  let summary = "a few queries over many rows of keys and values";
  let description = [{
    For each query e, over all rows s of `keys` and `values`, `into` result, most and sum:

    ```
    most[e] = max_s q[e] . k[s]        sum[e] = sum_s 2^(c (q[e] . k[s] - most[e]))        c = scale * log2(e)
    result[e] = sum_s 2^(c (q[e] . k[s] - most[e])) v[s]
    ```

    and, if there is no row, the least number, 0 and 0. With `rounded`, queries and weights 2^... may be rounded to bf16.

    On a device each warp goes through some of the rows by itself, with all queries, sums and results in registers; only what
    warps come to in the end goes through shared memory. Neighbouring lanes share a row (`lanesOfRow`), of which each
    multiplies some channels; or, of several queries with `rounded` and keys and values in bf16, tensor cores multiply 16
    rows (`takesTensorCores`).

    C0: there are results if all are tensors. C1: queries and keys are of one size, and results as values are. C2: there are
    three destinations: result, queries x size of values, most and sum, one each. C3: sizes are such that lanes can share
    rows (`mostQueries`). C4: the scale is positive.

    ```mlir
    tile.attend %q over %k, %v into %a, %m, %l {scale = 0.125 : f64}
      : memref<4x64xf32>, memref<?x64xf32>, memref<?x64xf32>, memref<4x64xf32>, memref<4xf32>, memref<4xf32>
    ```

    With scale = log(2), q = (1), keys 0 and 1 and values 4 and 6: most = 1, sum = 1.5, result = 4 / 2 + 6 = 8.
  }];
  let arguments = (ins Tile_F32:$queries, Tile_ManyRows:$keys, Tile_ManyRows:$values, Variadic<Tile_Sums12>:$into,
                       F64Attr:$scale, UnitAttr:$rounded);
  let results = (outs Variadic<TensorRankOf<[F32], [1, 2]>>:$results);
  let assemblyFormat = [{
    $queries `over` $keys `,` $values `into` $into attr-dict `:` type($queries) `,` type($keys) `,` type($values) `,`
    type($into) (`->` type($results)^)?
  }];
  let hasVerifier = 1;
  let extraClassDeclaration = baseDeclaration # [{
    int64_t numQueries() { return ::llvm::cast<::mlir::ShapedType>(getQueries().getType()).getDimSize(0); }
    int64_t keySize() { return ::llvm::cast<::mlir::ShapedType>(getKeys().getType()).getDimSize(1); }
    int64_t valueSize() { return ::llvm::cast<::mlir::ShapedType>(getValues().getType()).getDimSize(1); }
    /// How many queries the registers of lanes have room for; 0 if rows cannot be shared.
    static int64_t mostQueries(int64_t keySize, int64_t valueSize);
    /// Whether tensor cores can multiply these; `narrow`: with `rounded`, and all in bf16.
    static bool takesTensorCores(int64_t queries, int64_t keySize, int64_t valueSize, bool narrow);
    bool takesTensorCores();
    int64_t blocksTogether();
    /// How many blocks of threads registers of a multiprocessor have room for.
    static int64_t blocksTogether(int64_t queries, int64_t keySize, int64_t valueSize, bool narrow);
    /// How many lanes share a row.
    static int64_t lanesOfRow(int64_t queries, int64_t keySize, int64_t valueSize);
  }];
}
#endif
