#ifndef STRAND_LONG_CONV_TD
#define STRAND_LONG_CONV_TD
include "dialects/Strand/Dialect.td"

def Strand_LongConvOp : Strand_StreamOp<"long_conv", [DeclareOpInterfaceMethods<Strand_ChunkOpInterface>]> {
  let summary = "y[t, d] = sum_j filter[j, d] * x[t - j, d], a filter as long as a text";
  let description = [{
    A depthwise convolution with an explicit filter of many taps (Hyena, a sampled state space) that sees no later row.
    Rows before the first row are the carried tail, 0 at the beginning:

    ```
    y[t, d] = sum over j in [0, L) of  filter[j, d] * x[t - j, d]
    ```

    Tap 0 is that of the row itself. strand.causal_conv is the op for a few taps. A filter c a^j b without an end is
    strand.complex_recurrence, whose state is as wide as a and not as long as a text.

    Shapes: x and y rows x D; filter L x D. State `tail` slots x (L - 1) x D: the last L - 1 rows of x, oldest first;
    none for one tap. The filter is widened to x's type where it is read.

    Tiles are sums over taps. From 512 taps on those of 1,024 rows are products of spectra, as long as what that takes
    fits into a task's stack (on a CPU with vectors of 16, up to 2,048 taps): discrete Fourier transforms in the type of
    x. There a value that is infinite or no number spreads over all rows of its tile, and of those behind it whose window
    reaches back to it.

    C1: x and the result have one type, rows x D, with D static and not 0. C2: filter is L x D, static, L from 1 to 4,096,
    of a type no wider than x's.

    ```mlir
    %y = strand.long_conv %x, %h offsets %offsets
      : (tensor<?x256xf32>, tensor<2048x256xf32>, tensor<?xi32>) -> tensor<?x256xf32>
    ```

    With D = 1, filter (2, 0.5) and rows 4, 6 at a sequence's beginning: y = 8, 14, and the tail is 6.
  }];
  let arguments = (ins Strand_Rows:$x, Strand_Weight:$filter, Strand_Ints:$offsets, Variadic<Strand_State>:$states,
                       Optional<Strand_Ints>:$slots);
  let results = (outs Strand_Rows:$y, Variadic<Strand_State>:$next);
  let assemblyFormat = [{
    $x `,` $filter `offsets` $offsets (`states` `(` $states^ `)` `slots` $slots)? attr-dict `:`
    functional-type(operands, results)
  }];
  let extraClassDeclaration = [{
    int64_t getTaps() { return getFilter().getType().getDimSize(0); }
    int64_t getChannels() { return getX().getType().getDimSize(1); }
  }];
}
#endif
