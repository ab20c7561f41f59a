#ifndef STRAND_SHIFT_TD
#define STRAND_SHIFT_TD
include "dialects/Strand/Dialect.td"

def Strand_ShiftOp : Strand_StreamOp<"shift", [DeclareOpInterfaceMethods<Strand_ChunkOpInterface>]> {
  let summary = "y[t] = x[t - n] within the sequence";
  let description = [{
    Each row takes the row n places before it in its own sequence; rows that would come from before the sequence's
    beginning are `fill`.

    ```
    y[t] = x[t - n]
    ```

    Shapes: x and y rows x item, any item. State `last` slots x n x item: the last n rows of x, oldest first, initially
    `fill`. A hierarchy is made causal with it: what a row adds may then not depend on the row itself.

    C1: x and the result have one type, whose item is static. C2: n is at least 1. C3: if the
    elements are integers, `fill` is one of 32 bits.

    ```mlir
    %before = strand.shift %tokens by 1 offsets %offsets {fill = 256.0 : f32}
      : (tensor<?xi32>, tensor<?xi32>) -> tensor<?xi32>
    ```

    With n = 2, fill 9 and rows 1, 2, 3: y = 9, 9, 1, and `last` is (2, 3).
  }];
  let arguments = (ins Strand_Items:$x, Strand_Ints:$offsets, Variadic<Strand_State>:$states,
                       Optional<Strand_Ints>:$slots, I64Attr:$n, DefaultValuedAttr<F32Attr, "0.0f">:$fill);
  let results = (outs Strand_Items:$y, Variadic<Strand_State>:$next);
  let assemblyFormat = [{
    $x `by` $n `offsets` $offsets
    (`states` `(` $states^ `)` `slots` $slots)? attr-dict `:` functional-type(operands, results)
  }];
  let hasCanonicalizeMethod = 1;
}
#endif
