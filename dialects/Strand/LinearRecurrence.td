#ifndef STRAND_LINEAR_RECURRENCE_TD
#define STRAND_LINEAR_RECURRENCE_TD
include "dialects/Strand/Dialect.td"

def Strand_LinearRecurrenceOp : Strand_StreamOp<"linear_recurrence", [
    DeclareOpInterfaceMethods<Strand_ChunkOpInterface>,
    DeclareOpInterfaceMethods<Strand_SplitOpInterface, ["isElementWise"]>]> {
  let summary = "h[t] = a[t] * h[t-1] + b[t], element by element, read out by c[t]";
  let description = [{
    For the rows t of each sequence and each index s = (s1, ..., sk) of the state:

    ```
    a[t, s] = prod_i decay_i      or, with `log`, exp(prod_i decay_i)
    h[t, s] = a[t, s] * h[t-1, s] + prod_i input_i
    y[t, m(s)] = sum over the dimensions that the result's map lacks of  h[t, s] * read
    ```

    Each operand is read through a map from (t, s1, ..., sk): `indexing_maps` has one for each of `decay`, `input`,
    `read` (if there is one) and last the result. So a product such as `delta[t, d] * A[d, n]` is given as its two
    factors and is never stored as a tensor of [t, d, n]. A map without t reads the same value in every row.

    Shapes: `y` is rows x (the sizes that its map selects); state `h` is slots x s1 x ... x sk, f32 or f64, initially 0.

    C1: one map for each operand and one for the result, all over the same 1 + k dimensions, projected permutations,
    t first if it is there.
    C2: at least one `decay` and one `input`. C3: every dimension s has one static size on which all operands agree.
    C4: the result's map begins with t and has the innermost dimension sk last. C5: without `read` the result's map has
    every dimension. C6: operands, results and state have one type of floats.

    Selective scan (Mamba), state [n, d]:

    ```mlir
    %y = strand.linear_recurrence decay(%delta, %A) input(%delta, %x, %B) read(%C) offsets %offsets
      {log, indexing_maps = [affine_map<(t, n, d) -> (t, d)>, affine_map<(t, n, d) -> (n, d)>,
         affine_map<(t, n, d) -> (t, d)>, affine_map<(t, n, d) -> (t, d)>, affine_map<(t, n, d) -> (t, n)>,
         affine_map<(t, n, d) -> (t, n)>, affine_map<(t, n, d) -> (t, d)>]} : ...
    ```

    With a = (0.5, 0.5), b = (1, 2) and h = 4 before: h = 3, 3.5.
  }];
  let arguments = (ins Variadic<Strand_Rows>:$decay, Variadic<Strand_Rows>:$input, Optional<Strand_Rows>:$read,
                       Strand_Ints:$offsets, Variadic<Strand_State>:$states, Optional<Strand_Ints>:$slots,
                       AffineMapArrayAttr:$indexing_maps, UnitAttr:$log);
  let results = (outs Strand_Rows:$y, Variadic<Strand_State>:$next);
  let assemblyFormat = [{
    `decay` `(` $decay `)` `input` `(` $input `)` (`read` `(` $read^ `)`)? `offsets` $offsets
    (`states` `(` $states^ `)` `slots` $slots)? attr-dict `:` functional-type(operands, results)
  }];
  let extraClassDeclaration = [{
    /// Sizes of s1 .. sk; failure if an operand leaves one out or two disagree.
    ::mlir::FailureOr<::mlir::SmallVector<int64_t>> inferStateShape();
  }];
}
#endif
