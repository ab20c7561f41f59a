#ifndef STRAND_COMPLEX_RECURRENCE_TD
#define STRAND_COMPLEX_RECURRENCE_TD
include "dialects/Strand/Dialect.td"

def Strand_ComplexRecurrenceOp : Strand_StreamOp<"complex_recurrence", [
    DeclareOpInterfaceMethods<Strand_ChunkOpInterface>,
    DeclareOpInterfaceMethods<Strand_SplitOpInterface>]> {
  let summary = "h[t] = a[t] * h[t-1] + b[t] in complex numbers, element by element, read out by c[t]";
  let description = [{
    strand.linear_recurrence with complex decay, input, state and reading, each given as its real and its imaginary
    part. Numbers stay real floats: there is no complex type. For the rows t of each sequence and each index
    s = (s1, ..., sk) of the state:

    ```
    a[t, s] = prod_i decay_i + i prod_i turn_i      or, with `log`, exp(prod_i decay_i + i prod_i turn_i)
    h[t, s] = a[t, s] * h[t-1, s] + prod_i input_i + i prod_i imag_i
    y[t, m(s)] = Re(sum over the dimensions that the result's map lacks of  h[t, s] * (read_0 + i read_1))
    ```

    So with `log` the factors of `decay` give the logarithm of the modulus and those of `turn` the angle. Without `imag`
    the input is real, without read_1 the reading is; without any `read` the result is the real part of h, and with
    `both` the imaginary part is a second one. Operands are read through maps as in strand.linear_recurrence, so a
    transition that is the same in every row (LRU, S4D, S5) or a product of a step of the row and a constant is never
    stored for all rows.

    Shapes: `y` is rows x (the sizes that its map selects); states `re` and `im` are slots x s1 x ... x sk, initially 0.

    C1: one map for each operand and one for the results, all over the same 1 + k dimensions, projected permutations,
    t first if it is there.
    C2: at least one `decay`, one `turn` and one `input`, and at most two `read`. C3: every dimension s has one static
    size on which all operands agree. C4: the result's map begins with t and has the innermost dimension sk last. C5:
    without `read` the result's map has every dimension. C6: operands, results and states have one type of floats.
    C7: `both` excludes `read`, and with it there is a second result of the type of the first.

    S4D, state [n, d]: transition A, real input x, read by C:

    ```mlir
    %y = strand.complex_recurrence decay(%Ar) turn(%Ai) input(%x) read(%Cr, %Ci) offsets %offsets
      {indexing_maps = [affine_map<(t, n, d) -> (n, d)>, affine_map<(t, n, d) -> (n, d)>,
         affine_map<(t, n, d) -> (t, d)>, affine_map<(t, n, d) -> (n, d)>, affine_map<(t, n, d) -> (n, d)>,
         affine_map<(t, n, d) -> (t, d)>]} : ...
    ```

    With a = 0.5 i in both rows, b = (1, 2) and h = 4 before: h = 1 + 2 i, 1 + 0.5 i; with `both` the results are
    1, 1 and 2, 0.5.
  }];
  let arguments = (ins Variadic<Strand_Rows>:$decay, Variadic<Strand_Rows>:$turn, Variadic<Strand_Rows>:$input,
                       Variadic<Strand_Rows>:$imag, Variadic<Strand_Rows>:$read, Strand_Ints:$offsets,
                       Variadic<Strand_State>:$states, Optional<Strand_Ints>:$slots,
                       AffineMapArrayAttr:$indexing_maps, UnitAttr:$log, UnitAttr:$both);
  // the imaginary part, if there is `both`, then the next states
  let results = (outs Strand_Rows:$y, Variadic<Strand_State>:$others);
  let assemblyFormat = [{
    `decay` `(` $decay `)` `turn` `(` $turn `)` `input` `(` $input `)` (`imag` `(` $imag^ `)`)?
    (`read` `(` $read^ `)`)? `offsets` $offsets (`states` `(` $states^ `)` `slots` $slots)?
    attr-dict `:` functional-type(operands, results)
  }];
  let hasCanonicalizer = 1;
  let extraClassDeclaration = [{
    /// Sizes of s1 .. sk; failure if an operand leaves one out or two disagree.
    ::mlir::FailureOr<::mlir::SmallVector<int64_t>> inferStateShape();
    /// The results that are no states.
    ::mlir::ResultRange getOutputs() { return getResults().take_front(getBoth() ? 2 : 1); }
  }];
}
#endif
