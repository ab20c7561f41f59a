#ifndef STRAND_WEIGHT_TD
#define STRAND_WEIGHT_TD
include "dialects/Strand/Dialect.td"

def Strand_WeightOp : Strand_Op<"weight"> {
  let summary = "a named external tensor";
  let description = [{
    The tensor `name` of the weight file, as it is stored there, or, with `panel = n`, the same matrix `[N, K]` in the
    panels that the matrix kernels read: `[ceil(N / n), K, n]`, element `(j, k, i)` being `W[j * n + i, k]`, and 0
    where `j * n + i >= N`.

    C1: the shape is static. C2: with `panel = n` the type has rank 3 and its last dimension is n.

    ```mlir
    %w = strand.weight "model.layers.0.mlp.up_proj.weight" : tensor<512x192xbf16>
    ```
  }];
  let arguments = (ins StrAttr:$name, OptionalAttr<I64Attr>:$panel);
  let results = (outs RankedTensorOf<[F32, F64, BF16, F16, I32]>:$result);
  let assemblyFormat = "$name (`panel` $panel^)? attr-dict `:` type($result)";
  let hasVerifier = 1;
}
#endif
