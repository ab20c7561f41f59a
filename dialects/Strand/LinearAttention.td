#ifndef STRAND_LINEAR_ATTENTION_TD
#define STRAND_LINEAR_ATTENTION_TD
include "dialects/Strand/Dialect.td"

def Strand_LinearAttentionOp : Strand_StreamOp<"linear_attention", [
    DeclareOpInterfaceMethods<Strand_ChunkOpInterface, ["getMultiplied", "getTensorCoreObstacle"]>,
    DeclareOpInterfaceMethods<Strand_SplitOpInterface>]> {
  let summary = "S[t] = D[t] S[t-1] + k[t] v[t]^T, y[t] = scale * S[t]^T q[t], a matrix state a head";
  let description = [{
    For each sequence and each value head h, with key head g = h / (H / G):

    ```
    S[t] = D[t] S[t-1] + k[t, g] v[t, h]^T              S is Dk x Dv, 0 before the first row
    y[t, h] = scale * S[t]^T q[t, g]
    ```

    D[t] is a diagonal matrix: the identity; `exp(decay[h])`, a constant a head; `exp(gate[t, h])`, a scalar a row; or
    `Diag(exp(gate[t, h, :]))`, a vector a row. Gates are logarithms.

    With `bonus` u the row is read before it is written, and its own token has the weight u:
    `y[t] = scale * (S[t-1]^T q[t] + (q[t] . (u[h] * k[t])) v[t])` (RWKV-5, RWKV-6).

    With `normalized` a second state `z[t] = D[t] z[t-1] + k[t]` is carried and `y[t] = S[t]^T q[t] / (z[t] . q[t])`.

    Shapes: q, k rows x G x Dk; v, y rows x H x Dv; gate rows x H or rows x H x Dk; bonus H x Dk; state S slots x H x Dk
    x Dv, z slots x H x Dk. Names in papers: GLA, RetNet, simple GLA, HGRN2, Mamba-2 (q = C, k = B), RWKV-6.

    C1: q and k have one type, rank 3. C2: v and the result have one type, rank 3, and H is a multiple of G. C3: gate is
    rows x H or rows x H x Dk. C4: `decay` has H entries and excludes a gate. C5: bonus is H x Dk. C6: `normalized`
    excludes bonus. C7: operands, results and states have one type of floats.

    With H = G = Dk = Dv = 1, decay = log 0.5, k v = 4 and S = 2 before: S = 5, and y = 5 q.
  }];
  let arguments = (ins Strand_Rows:$q, Strand_Rows:$k, Strand_Rows:$v, Optional<Strand_Rows>:$gate,
                       Optional<Strand_Rows>:$bonus, Strand_Ints:$offsets, Variadic<Strand_State>:$states,
                       Optional<Strand_Ints>:$slots, OptionalAttr<DenseF64ArrayAttr>:$decay,
                       DefaultValuedAttr<F64Attr, "1.0">:$scale, UnitAttr:$normalized);
  let results = (outs Strand_Rows:$y, Variadic<Strand_State>:$next);
  let assemblyFormat = [{
    $q `,` $k `,` $v (`gate` $gate^)? (`bonus` $bonus^)? `offsets` $offsets
    (`states` `(` $states^ `)` `slots` $slots)? attr-dict `:` functional-type(operands, results)
  }];
  let extraClassDeclaration = [{
    int64_t getHeads() { return getV().getType().getDimSize(1); }
    int64_t getKeyHeads() { return getQ().getType().getDimSize(1); }
    int64_t getKeySize() { return getQ().getType().getDimSize(2); }
    int64_t getValueSize() { return getV().getType().getDimSize(2); }
    bool hasVectorGate() { return getGate() && getGate().getType().getRank() == 3; }
  }];
}
#endif
