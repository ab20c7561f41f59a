#ifndef STRAND_CAUSAL_CONV_TD
#define STRAND_CAUSAL_CONV_TD
include "dialects/Strand/Dialect.td"

def Strand_CausalConvOp : Strand_StreamOp<"causal_conv", [DeclareOpInterfaceMethods<Strand_ChunkOpInterface>]> {
  let summary = "y[t, d] = bias[d] + sum_j weight[j, d] * x[t - W + 1 + j, d], each channel by itself";
  let description = [{
    A short depthwise convolution over the rows of each sequence that sees no later row. Rows before the first row are
    the carried tail, 0 at the beginning:

    ```
    y[t, d] = bias[d] + sum over j in [0, W) of  weight[j, d] * x[t - W + 1 + j, d]
    ```

    Shapes: x and y rows x D; weight W x D, so tap W - 1 is that of the row itself; bias D. State `tail` slots x
    (W - 1) x D: the last W - 1 rows of x, oldest first. W = 1 carries nothing. Weight and bias are widened to x's type
    where they are read. Papers and checkpoints hold the weight as D x 1 x W; taps are outermost here, so that channels
    are neighbours.

    C1: x and the result have one type, rows x D, with D static. C2: weight is W x D, static, W at least 1, of a type no
    wider than x's. C3: bias has D entries, of a type no wider than x's.

    ```mlir
    %y = strand.causal_conv %x, %w bias %b offsets %offsets
      : (tensor<?x1536xf32>, tensor<4x1536xbf16>, tensor<1536xbf16>, tensor<?xi32>) -> tensor<?x1536xf32>
    ```

    With D = 1, weight (0.5, 2), bias 1 and rows 4, 6 at a sequence's beginning: y = 9, 15, and the tail is 6.
  }];
  let arguments = (ins Strand_Rows:$x, Strand_Weight:$weight, Optional<Strand_Weight>:$bias, Strand_Ints:$offsets,
                       Variadic<Strand_State>:$states, Optional<Strand_Ints>:$slots);
  let results = (outs Strand_Rows:$y, Variadic<Strand_State>:$next);
  let assemblyFormat = [{
    $x `,` $weight (`bias` $bias^)? `offsets` $offsets
    (`states` `(` $states^ `)` `slots` $slots)? attr-dict `:` functional-type(operands, results)
  }];
  let extraClassDeclaration = [{
    int64_t getTaps() { return getWeight().getType().getDimSize(0); }
    int64_t getChannels() { return getX().getType().getDimSize(1); }
  }];
}
#endif
