#ifndef STRAND_DELTA_RULE_TD
#define STRAND_DELTA_RULE_TD
include "dialects/Strand/Dialect.td"

def Strand_DeltaRuleOp : Strand_StreamOp<"delta_rule", [
    DeclareOpInterfaceMethods<Strand_ChunkOpInterface, ["getMultiplied", "getTensorCoreObstacle"]>,
    DeclareOpInterfaceMethods<Strand_SplitOpInterface, ["canBeSplit", "hasUnitTransfers"]>]> {
  let summary = "S[t] = D[t] S[t-1] + beta[t] k[t] (v[t] - (D[t] S[t-1])^T k[t])^T, y[t] = scale * S[t]^T q[t]";
  let description = [{
    A matrix state a head that is corrected at a key before it is read. For each sequence and each value head h, with
    key head g = h / (H / G):

    ```
    S[t] = D[t] S[t-1]                                                    S is Dk x Dv, 0 before the first row
    S[t] = S[t] + k[t, f, g] (beta[t, f, h] * (v[t, f, h] - S[t]^T k[t, f, g]))^T         for f = 0 .. F-1 in turn
    y[t, h] = scale * S[t]^T q[t, g]
    ```

    D[t] is a diagonal matrix: the identity; `exp(gate[t, h])`, a scalar a row; or `Diag(exp(gate[t, h, :]))`, a vector
    a row. Gates are logarithms. beta is a scalar a head or a vector over the value channels; without it, it is 1. With
    keys of length 1 and beta in (0, 2) no step enlarges the state.

    With `low_rank` a, b the correction is free of the key: diagonal plus low rank,

    ```
    S[t] = D[t] S[t-1] + b[t, g] (a[t, g]^T S[t-1]) + k[t, g] v[t, h]^T
    ```

    in which a reads the state before its decay.

    Shapes: q, a, b rows x G x Dk; k rows x G x Dk, or rows x F x G x Dk for F factors a row; v rows x H x Dv or rows x
    F x H x Dv; beta rows x H, rows x H x Dv, rows x F x H or rows x F x H x Dv; gate rows x H or rows x H x Dk; y rows
    x H x Dv; state S slots x H x Dk x Dv. Names in papers: DeltaNet, Gated DeltaNet (scalar gate), KDA (vector gate),
    DeltaProduct (F factors), RWKV-7 (`low_rank`, a = -kappa, b = kappa * eta).

    C1: q has rank 3, and k the type of q, or that with F factors behind the rows. C2: v has as many factors as k and a
    multiple of G heads, and the result is v without factors. C3: beta is v or v without its last dimension. C4:
    `low_rank` a and b have the type of q and exclude beta and factors. C5: the gate is rows x H or rows x H x Dk. C6:
    operands, results and states have one type of floats.

    With H = G = Dk = Dv = 1, k = 1, beta = 0.5, gate = log 0.5, v = 4 and S = 2 before: S = 1 + 0.5 (4 - 1) = 2.5, and
    y = 2.5 q.
  }];
  let arguments = (ins Strand_Rows:$q, Strand_Rows:$k, Strand_Rows:$v, Optional<Strand_Rows>:$beta,
                       Optional<Strand_Rows>:$a, Optional<Strand_Rows>:$b, Optional<Strand_Rows>:$gate,
                       Strand_Ints:$offsets, Variadic<Strand_State>:$states, Optional<Strand_Ints>:$slots,
                       DefaultValuedAttr<F64Attr, "1.0">:$scale);
  let results = (outs Strand_Rows:$y, Variadic<Strand_State>:$next);
  let assemblyFormat = [{
    $q `,` $k `,` $v (`beta` $beta^)? (`low_rank` $a^ `,` $b)? (`gate` $gate^)? `offsets` $offsets
    (`states` `(` $states^ `)` `slots` $slots)? attr-dict `:` functional-type(operands, results)
  }];
  let hasCanonicalizeMethod = 1;
  let extraClassDeclaration = [{
    int64_t getHeads() { return getY().getType().getDimSize(1); }
    int64_t getKeyHeads() { return getQ().getType().getDimSize(1); }
    int64_t getKeySize() { return getQ().getType().getDimSize(2); }
    int64_t getValueSize() { return getY().getType().getDimSize(2); }
    int64_t getFactors() { return getK().getType().getRank() == 4 ? getK().getType().getDimSize(1) : 1; }
    bool isLowRank() { return bool(getA()); }
    bool hasVectorGate() { return getGate() && getGate().getType().getRank() == 3; }
    bool hasVectorBeta() { return getBeta() && getBeta().getType().getRank() == getV().getType().getRank(); }
  }];
}
#endif
