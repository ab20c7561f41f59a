#ifndef STRAND_SEGMENTS_TD
#define STRAND_SEGMENTS_TD
include "dialects/Strand/Dialect.td"

def Strand_CompactOp : Strand_Op<"compact", [
    DeclareOpInterfaceMethods<AggregatedOpInterface, ["decomposeOperation"]>]> {
  let summary = "the rows under a mask, in their order, with offsets of their own";
  let description = [{
    Of each sequence the rows whose mask is true stay; what stays of all sequences is packed as rows always are.

    ```
    kept[i] = x[t]   for the i-th t with mask[t]
    inner_offsets[s] = how many t < offsets[s] have mask[t]
    ```

    Shapes: x rows x item, mask rows, kept M rows x item, M being the number of true entries, known at run time and at
    most rows; inner_offsets as many as offsets. Nothing is carried: a row stays or goes by its own mask. What follows
    works on `kept` with `inner_offsets` as on any rows, in the same slots, and costs what M rows cost, often none in a
    step. A private function cannot return `kept`, since its caller could not tell M.

    C1: x and kept have one item, static, and one element type; the number of rows of kept is dynamic.

    ```mlir
    %kept, %inner = strand.compact %x, %mask offsets %offsets
      : (tensor<?x64xf32>, tensor<?xi1>, tensor<?xi32>) -> (tensor<?x64xf32>, tensor<?xi32>)
    ```

    With rows 5, 6, 7, 8, offsets 0, 3, 4 and mask 1, 0, 1, 0: kept = 5, 7 and inner_offsets = 0, 2, 2.
  }];
  let arguments = (ins Strand_Items:$x, Strand_Mask:$mask, Strand_Ints:$offsets);
  let results = (outs Strand_Items:$kept, Strand_Ints:$inner_offsets);
  let assemblyFormat = "$x `,` $mask `offsets` $offsets attr-dict `:` functional-type(operands, results)";
  let hasVerifier = 1;
  let hasFolder = 1;
}

def Strand_ExpandOp : Strand_StreamOp<"expand"> {
  let summary = "for each row the last inner row whose mask was true at or before it";
  let description = [{
    The way back from `strand.compact`: with m[t] the number of true entries among mask[offsets[s]..t], for row t of
    sequence s,

    ```
    y[t] = inner[inner_offsets[s] + m[t] - 1]   if m[t] > 0
    y[t] = last                                 otherwise
    ```

    Shapes: inner M rows x item, mask rows, y rows x item. State `last` slots x item: the last inner row of the sequence
    so far, initially 0. Combined with strand.shift, a row sees the inner rows of the segments before its own only.

    C1: inner and the result have one item, static, and one element type.

    ```mlir
    %y = strand.expand %inner, %mask inner_offsets %inner_offsets offsets %offsets
      : (tensor<?x64xf32>, tensor<?xi1>, tensor<?xi32>, tensor<?xi32>) -> tensor<?x64xf32>
    ```

    With inner rows 5, 7, offsets 0, 4, inner_offsets 0, 2, mask 0, 1, 0, 1 and last = 3: y = 3, 5, 5, 7, then last = 7.
  }];
  let arguments = (ins Strand_Items:$inner, Strand_Mask:$mask, Strand_Ints:$inner_offsets, Strand_Ints:$offsets,
                       Variadic<Strand_State>:$states, Optional<Strand_Ints>:$slots);
  let results = (outs Strand_Items:$y, Variadic<Strand_State>:$next);
  let assemblyFormat = [{
    $inner `,` $mask `inner_offsets` $inner_offsets `offsets` $offsets
    (`states` `(` $states^ `)` `slots` $slots)? attr-dict `:` functional-type(operands, results)
  }];
  let hasFolder = 1;
}
#endif
