#ifndef STRAND_FAST_WEIGHT_TD
#define STRAND_FAST_WEIGHT_TD
include "dialects/Strand/Dialect.td"

def Strand_FastWeightOp : Strand_StreamOp<"fast_weight", [IsolatedFromAbove,
    DeclareOpInterfaceMethods<Strand_ChunkOpInterface, ["getTileAlignment"]>]> {
  let summary = "a matrix memory that learns from each row by a gradient, taken at the weights of the last block border";
  let description = [{
    For each sequence and each head h, with A the weights at the last border (at `init` or 0 before the first row):

    ```
    e[t] = -rate[t] * slope(A^T k[t], v[t])              the step against the inner loss's gradient k e^T
    S[t] = exp(momentum[t]) S[t-1] + k[t] e[t]^T         S[t] = k[t] e[t]^T without `momentum`
    M[t] = exp(gate[t]) M[t-1] + S[t]                    M = A before the first row
    y[t] = M[t]^T q[t]
    ```

    and behind every row whose count in its sequence is a multiple of `block`, A = M[t]. This is the linear memory of
    Titans: gate = log(1 - alpha), momentum = log eta, rate = theta.

    With `rescale` tau all steps since the border are weighed anew at each row, which no M can carry (TTT-Linear):

    ```
    S[t] = S[t-1] + k[t] e[t]^T                          0 behind a border
    y[t] = (A + tau[t] S[t])^T q[t],  at a border A = A + tau[t] S[t]
    ```

    `slope` is the inner loss's derivative in the prediction z = A^T k: a region over (z, v, one head of each of `with`)
    for one row; without it z - v, of |z - v|^2 / 2. A bias is a key and query that is 1; what the model does with the
    prediction behind the memory (TTT's norm and residual) are operations behind the op.

    `block` is a part of the meaning, not a schedule: another block is another model. With `block` = 1, no gate, no
    momentum and no slope this is the delta rule.

    Shapes: q, k rows x H x Dk; v, y rows x H x Dv; rate, momentum, gate, rescale rows x H; init H x Dk x Dv; states a
    count of rows, then anchor A, memory M (without `rescale`) and sum S (with `momentum` or `rescale`), each slots x H x
    Dk x Dv. Sources: Sun et al., TTT (2024); Behrouz et al., Titans (2025).

    C1: q and k have one type, rank 3. C2: v and the result have one type of rank 3 with as many heads as q. C3: rate,
    momentum, gate and rescale are rows x H. C4: `rescale` excludes momentum and gate. C5: init is H x Dk x Dv. C6: block
    is at least 1. C7: `slope` has arguments z and v of Dv entries and one head of each of `with`, yields Dv entries and
    has no effects; `with` wants `slope`. C8: operands, results and states have one type of floats.

    With H = Dk = Dv = 1, rate 0.5, block 1 and rows (q, k, v) = (1, 1, 4), (1, 1, 4): M = 2, then 3, and y = 2, 3. With
    block 2 both steps are taken at A = 0: y = 2, 4.

    ```mlir
    %y = strand.fast_weight %q, %k, %v rate %theta momentum %eta gate %beta offsets %offsets {block = 16}
         : (tensor<?x4x64xf32>, tensor<?x4x64xf32>, tensor<?x4x64xf32>, tensor<?x4xf32>, tensor<?x4xf32>,
            tensor<?x4xf32>, tensor<?xi32>) -> tensor<?x4x64xf32>
    ```
  }];
  let arguments = (ins Strand_Rows:$q, Strand_Rows:$k, Strand_Rows:$v, Strand_Rows:$rate,
                       Optional<Strand_Rows>:$momentum, Optional<Strand_Rows>:$gate, Optional<Strand_Rows>:$rescale,
                       Optional<Strand_Rows>:$init, Variadic<Strand_Rows>:$invariants, Strand_Ints:$offsets,
                       Variadic<Strand_State>:$states, Optional<Strand_Ints>:$slots, I64Attr:$block);
  let results = (outs Strand_Rows:$y, Variadic<Strand_State>:$next);
  let regions = (region MaxSizedRegion<1>:$slope);
  let assemblyFormat = [{
    $q `,` $k `,` $v `rate` $rate (`momentum` $momentum^)? (`gate` $gate^)? (`rescale` $rescale^)? (`init` $init^)?
    (`with` `(` $invariants^ `)`)? `offsets` $offsets (`states` `(` $states^ `)` `slots` $slots)? attr-dict
    `:` functional-type(operands, results) (`slope` $slope^)?
  }];
  let hasRegionVerifier = 1;
  let extraClassDeclaration = [{
    int64_t getHeads() { return getQ().getType().getDimSize(1); }
    int64_t getKeySize() { return getQ().getType().getDimSize(2); }
    int64_t getValueSize() { return getV().getType().getDimSize(2); }
    /// Which weights are carried beside the anchor.
    bool hasMemory() { return !getRescale(); }
    bool hasSum() { return getRescale() || getMomentum(); }
  }];
}
#endif
