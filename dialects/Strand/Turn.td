#ifndef STRAND_TURN_TD
#define STRAND_TURN_TD
include "dialects/Strand/Dialect.td"

def Strand_TurnOp : Strand_Op<"turn", [
    DeclareOpInterfaceMethods<AggregatedOpInterface, ["decomposeOperation"]>,
    DeclareOpInterfaceMethods<Strand_StreamOpInterface,
                              ["getStateSpecs", "getStatesMutable", "getSlotsMutable", "getReasonAgainstState"]>,
    AllTypesMatch<["x", "y"]>]> {
  let summary = "the rows of each sequence from the last to the first";
  let description = [{
    ```
    y[offsets[b] + i] = x[offsets[b+1] - 1 - i]        for each sequence b and 0 <= i < its rows
    ```

    With it, ops that go forward go backward: what a scan from the last row to the first computes is the turned result of
    the same scan over turned rows, and strand-infer-structure makes that of `strand.scan reverse` where there is an op
    for it. Nothing is carried, but a row depends on rows behind it, so a sequence has to come in one piece:
    strand-derive-advance refuses it by name. Turned twice, rows are as they were.

    Shapes: x and y rows x item, any item.

    C1: x and the result have one type, of rows x a static item.

    ```mlir
    %y = strand.turn %x offsets %offsets : tensor<?x4xf32>, tensor<?xi32>
    ```

    With rows 1, 2, 3, 4 and offsets 0, 3, 3, 4: y = 3, 2, 1, 4.
  }];
  let arguments = (ins AnyRankedTensor:$x, Strand_Ints:$offsets);
  let results = (outs AnyRankedTensor:$y);
  let assemblyFormat = "$x `offsets` $offsets attr-dict `:` type($x) `,` type($offsets)";
  let hasVerifier = 1;
  let hasFolder = 1;
}
#endif
