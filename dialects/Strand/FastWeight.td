#ifndef STRAND_FAST_WEIGHT_TD
#define STRAND_FAST_WEIGHT_TD
include "dialects/Strand/Dialect.td"

def Strand_LayerActivation : I32EnumAttr<"LayerActivation", "what stands between two layers of a memory", [
    I32EnumAttrCase<"Gelu", 0, "gelu">, I32EnumAttrCase<"GeluTanh", 1, "gelu_tanh">,
    I32EnumAttrCase<"Silu", 2, "silu">, I32EnumAttrCase<"Tanh", 3, "tanh">]> {
  let cppNamespace = "::strand";
}

def Strand_FastWeightOp : Strand_StreamOp<"fast_weight", [IsolatedFromAbove,
    DeclareOpInterfaceMethods<Strand_ChunkOpInterface, ["getTileAlignment"]>]> {
  let summary = "a memory of layers that learns from each row by a gradient, taken at the weights of the last block border";
  let description = [{
    A memory of one matrix, for each sequence and each head h, with A its weights at the last border (at `init` or 0
    before the first row):

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

    Several layers are several tensors in `init`, with `activation` f between them: TTT-MLP and the deep memory of Titans.
    Layer l has its own A, M and S, and they learn as above from what goes into it in place of k and from its error in
    place of e, which is the last layer's e sent back through the layers behind (. is element by element):

    ```
    a[1] = k[t],  z[l] = A[l]^T a[l],  a[l+1] = f(z[l])                  at the weights of the last border
    e[last] = -rate[t] * slope(z[last], v[t]),  e[l] = f'(z[l]) . (A[l+1] e[l+1])
    S[l], M[l] from a[l] e[l]^T
    x[1] = q[t],  x[l+1] = f(M[l]^T x[l]),  y[t] = M[last]^T x[last]
    ```

    `bias` adds a vector to what each layer gives, which begins there and learns as the row of weights of an input that
    is always 1.

    `slope` is the inner loss's derivative in the prediction z of the last layer: a region over (z, v, one head of each of
    `with`) for one row; without it z - v, of |z - v|^2 / 2. What the model does with the prediction behind the memory
    (TTT's norm and residual) are operations behind the op, and their derivative is a part of `slope`.

    `block` is a part of the meaning, not a schedule: another block is another model. With one layer, `block` = 1, no
    bias, no gate, no momentum and no slope this is the delta rule.

    Shapes: q, k rows x H x Dk; v, y rows x H x Dv; rate, momentum, gate, rescale rows x H; init of layer l, H x D[l] x
    D[l+1] with D[1] = Dk and Dv behind the last; bias of layer l, H x D[l+1]. States: a count of rows, then the anchors
    A, the memories M (without `rescale`) and the sums S (with `momentum` or `rescale`), each of the weights of all
    layers, then of their biases: slots x the shape of its first value. Sources: Sun et al., TTT (2024); Behrouz et al.,
    Titans (2025).

    C1: q and k have one type, rank 3. C2: v and the result have one type of rank 3 with as many heads as q. C3: rate,
    momentum, gate and rescale are rows x H. C4: `rescale` excludes momentum and gate. C5: init of layer l is H x D[l] x
    D[l+1]; without init there is one layer, H x Dk x Dv. C6: block is at least 1. C7: `slope` has arguments z and v of Dv
    entries and one head of each of `with`, yields Dv entries and has no effects; `with` wants `slope`. C8: operands,
    results and states have one type of floats. C9: if there is a bias there is one of each layer, H x D[l+1]. C10: several
    layers want an activation, and one layer has none.

    With H = Dk = Dv = 1, rate 0.5, block 1 and rows (q, k, v) = (1, 1, 4), (1, 1, 4): M = 2, then 3, and y = 2, 3. With
    block 2 both steps are taken at A = 0: y = 2, 4. Two layers of one weight 1, activation tanh, rate 0.5 and the row
    (1, 1, 2): a = 1, 0.7616; e = -0.5 (0.7616 - 2) = 0.6192 in the last layer and 0.42 * 0.6192 = 0.26 in the first;
    M = 1.26, 1.4716 and y = 1.4716 tanh(1.26) = 1.2524.

    ```mlir
    %y = strand.fast_weight %q, %k, %v rate %theta momentum %eta gate %beta offsets %offsets {block = 16}
         : (tensor<?x4x64xf32>, tensor<?x4x64xf32>, tensor<?x4x64xf32>, tensor<?x4xf32>, tensor<?x4xf32>,
            tensor<?x4xf32>, tensor<?xi32>) -> tensor<?x4x64xf32>
    %z = strand.fast_weight %q, %k, %v rate %theta rescale %tau init(%w1, %w2) bias(%b1, %b2) activation gelu_tanh
         offsets %offsets {block = 16}
         : (tensor<?x4x64xf32>, tensor<?x4x64xf32>, tensor<?x4x64xf32>, tensor<?x4xf32>, tensor<?x4xf32>,
            tensor<4x64x256xf32>, tensor<4x256x64xf32>, tensor<4x256xf32>, tensor<4x64xf32>, tensor<?xi32>)
         -> tensor<?x4x64xf32>
    ```
  }];
  let arguments = (ins Strand_Rows:$q, Strand_Rows:$k, Strand_Rows:$v, Strand_Rows:$rate,
                       Optional<Strand_Rows>:$momentum, Optional<Strand_Rows>:$gate, Optional<Strand_Rows>:$rescale,
                       Variadic<Strand_Rows>:$init, Variadic<Strand_Rows>:$bias, Variadic<Strand_Rows>:$invariants,
                       Strand_Ints:$offsets, Variadic<Strand_State>:$states, Optional<Strand_Ints>:$slots, I64Attr:$block,
                       OptionalAttr<Strand_LayerActivation>:$activation);
  let results = (outs Strand_Rows:$y, Variadic<Strand_State>:$next);
  let regions = (region MaxSizedRegion<1>:$slope);
  let assemblyFormat = [{
    $q `,` $k `,` $v `rate` $rate (`momentum` $momentum^)? (`gate` $gate^)? (`rescale` $rescale^)?
    (`init` `(` $init^ `)`)? (`bias` `(` $bias^ `)`)? (`activation` $activation^)? (`with` `(` $invariants^ `)`)?
    `offsets` $offsets (`states` `(` $states^ `)` `slots` $slots)? attr-dict
    `:` functional-type(operands, results) (`slope` $slope^)?
  }];
  let hasRegionVerifier = 1;
  let hasCanonicalizeMethod = 1;
  let extraClassDeclaration = [{
    int64_t getHeads() { return getQ().getType().getDimSize(1); }
    int64_t getKeySize() { return getQ().getType().getDimSize(2); }
    int64_t getValueSize() { return getV().getType().getDimSize(2); }
    int64_t getLayers() { return getInit().empty() ? 1 : getInit().size(); }
    /// Of one head: what goes into each layer, and what comes out of the last.
    ::llvm::SmallVector<int64_t> getLayerSizes();
    /// Of one head: the weights of the layers, then their biases.
    ::llvm::SmallVector<::llvm::SmallVector<int64_t>> getPartShapes();
    /// Where part `i` begins; null: at 0.
    ::mlir::Value getPartInit(unsigned i);
    /// Which weights are carried beside the anchor.
    bool hasMemory() { return !getRescale(); }
    bool hasSum() { return getRescale() || getMomentum(); }
    ::llvm::LogicalResult verifyLayers();
  }];
}
#endif
