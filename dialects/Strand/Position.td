#ifndef STRAND_POSITION_TD
#define STRAND_POSITION_TD
include "dialects/Strand/Dialect.td"

def Strand_PositionOp : Strand_StreamOp<"position"> {
  let summary = "the place of each row in its sequence, from 0";
  let description = [{
    ```
    p[t] = count + t - offsets[b]           for the rows t of sequence b
    ```

    where `count` is the number of rows that sequence b has seen in earlier calls. `rows` is any tensor of rows, such as
    the tokens; it says how many there are, and its elements are not read.

    Shapes: the result is rows of i32; state `count` is slots of i32, initially 0.

    C1: `rows` has rows, as many as the result.

    ```mlir
    %p = strand.position %tokens offsets %offsets : (tensor<?xi32>, tensor<?xi32>) -> tensor<?xi32>
    ```

    With offsets = (0, 3, 5) and counts 0 and 7: p = 0, 1, 2, 7, 8; counts 3 and 9 after it.
  }];
  let arguments = (ins AnyRankedTensor:$rows, Strand_Ints:$offsets, Variadic<Strand_State>:$states,
                       Optional<Strand_Ints>:$slots);
  let results = (outs Strand_Ints:$positions, Variadic<Strand_State>:$next);
  let assemblyFormat = [{
    $rows `offsets` $offsets (`states` `(` $states^ `)` `slots` $slots)? attr-dict `:`
    functional-type(operands, results)
  }];
}
#endif
