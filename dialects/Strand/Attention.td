#ifndef STRAND_ATTENTION_TD
#define STRAND_ATTENTION_TD
include "dialects/Strand/Dialect.td"

def Strand_AttentionOp : Strand_StreamOp<"attention", [
    DeclareOpInterfaceMethods<Strand_ChunkOpInterface, ["readsEarlierRows", "cutsSequences", "emitPast",
                                                          "emitNextStates", "emitPartOfTile", "getShapesOfParts",
                                                          "getSliceOfPart", "getBlocksTogether", "emitJoinedParts",
                                                          "takesForeignRows", "getMultiplied", "getRemembered",
                                                          "getTensorCoreObstacle"]>]> {
  let summary = "exact causal softmax attention over all earlier rows or a window of them";
  let description = [{
    For each sequence and each query head h, with key head g = h / (H / G), and rows t and s of the sequence:

    ```
    r[t, s] = scale * (q[t, h] . k[s, g])        for s <= t and, with `window` W, s > t - W; else -infinity
    y[t, h] = sum_s exp(r[t, s]) v[s, g] / sum_s exp(r[t, s])
    lse[t, h] = log sum_s exp(r[t, s])           a second result, with `lse`
    ```

    So a row sees itself and, with a window, the W - 1 rows before it. Maxima are taken out before exp, so only scores
    can overflow; a weight that beside the largest of its row is too small for a normal number is 0.

    Shapes: q rows x H x D; k rows x G x D; v rows x G x Dv; y rows x H x Dv; lse rows x H. State, of a sequence that
    has seen n rows: `count` (slots of i32) is n; `k` and `v` have elements as k and v have. With a window `k` is slots x W x G x D and `v` slots x W x G x Dv: the
    row at position p, one of the last W, lies at p mod W. Without a window they are caches, slots x cache rows x G x D
    and x Dv, where it lies at p. What lies in a place that no row of the sequence has been written to has no influence.

    Rows with NaN or infinity: a row that sees one is undefined. So may be rows that do not see it, but are of the same
    sequence, in that call or while it is in the state.

    C1: q is rows x H x D and k rows x G x D, with H a multiple of G. C2: v is rows x G x Dv. C3: y is rows x H x Dv.
    C4: sizes but the rows are static and at least 1, and elements of one type; k and v may be bf16 instead. C5: `window` is 1 to 2^31 - 1. C6: there
    is a result rows x H behind y if and only if there is `lse`. C7: `scale` is finite.

    ```mlir
    %y = strand.attention %q, %k, %v offsets %offsets {scale = 0.125, window = 512 : i64}
      : (tensor<?x8x64xf32>, tensor<?x2x64xf32>, tensor<?x2x64xf32>, tensor<?xi32>) -> tensor<?x8x64xf32>
    ```

    With H = G = D = Dv = 1, scale 1, q = (0, 1), k = (0, log 3) and v = (2, 6): y = 2, (2 + 3 * 6) / 4 = 5, and
    lse = 0, log 4.
  }];
  let arguments = (ins Strand_Rows:$q, Strand_Factors:$k, Strand_Factors:$v, Strand_Ints:$offsets,
                       Variadic<Strand_State>:$states, Optional<Strand_Ints>:$slots, F64Attr:$scale,
                       OptionalAttr<I64Attr>:$window, UnitAttr:$lse);
  // behind y: the log-sum-exp, if asked for, then the next states
  let results = (outs Strand_Rows:$y, Variadic<Strand_State>:$others);
  let assemblyFormat = [{
    $q `,` $k `,` $v `offsets` $offsets (`states` `(` $states^ `)` `slots` $slots)? attr-dict `:`
    functional-type(operands, results)
  }];
  let extraClassDeclaration = [{
    int64_t getKeyHeads() { return getK().getType().getDimSize(1); }
    int64_t getGroup() { return getQ().getType().getDimSize(1) / getKeyHeads(); }
    int64_t getKeySize() { return getK().getType().getDimSize(2); }
    int64_t getValueSize() { return getV().getType().getDimSize(2); }
    ::mlir::Type getKeyType() { return getK().getType().getElementType(); } // of elements, as in states
    ::mlir::Type getElementType() { return getQ().getType().getElementType(); }
  }];
}
#endif
