#ifndef STRAND_ROTARY_TD
#define STRAND_ROTARY_TD
include "dialects/Strand/Dialect.td"

def Strand_RotaryOp : Strand_Op<"rotary", [
    AllTypesMatch<["x", "y"]>, DeclareOpInterfaceMethods<AggregatedOpInterface, ["decomposeOperation"]>]> {
  let summary = "pairs of elements turned by an angle that grows with the row's position";
  let description = [{
    With n = `dims` (by default all of the last dimension), for each row t, head h and i = 0 .. n/2 - 1:

    ```
    angle[t, i] = p[t] * base^(-2i / n)
    y[t, h, a] = x[t, h, a] * cos(angle[t, i]) - x[t, h, b] * sin(angle[t, i])
    y[t, h, b] = x[t, h, b] * cos(angle[t, i]) + x[t, h, a] * sin(angle[t, i])
    ```

    where the pair (a, b) is (i, i + n/2), or (2i, 2i + 1) with `interleaved`. Elements from n on stay as they are.

    Models are trained with angles in f32, which at large positions are other angles than those of exact arithmetic, so
    f32 is part of the function whatever the type of x: exponent 2i / n, base^exponent, its reciprocal and the product
    with the position, which is first converted to f32, are each rounded to f32.

    The op treats each row by itself. Shapes: x and y rows x H x D; p rows of i32.

    C1: x has rank 3 with a static last dimension, and as many rows as p. C2: n is even, at least 2 and at most D.
    C3: `base` is a finite number above 0.

    ```mlir
    %y = strand.rotary %x, %p {base = 10000.0 : f64} : tensor<?x4x8xf32>, tensor<?xi32>
    ```

    With D = 4, base 100 and p = 1, the frequencies are 1 and 0.1: x = (1, 1, 0, 0) becomes (0.5403, 0.9950, 0.8415,
    0.0998).
  }];
  let arguments = (ins Strand_Rows:$x, Strand_Ints:$positions, F64Attr:$base, OptionalAttr<I64Attr>:$dims,
                       UnitAttr:$interleaved);
  let results = (outs Strand_Rows:$y);
  let assemblyFormat = "$x `,` $positions attr-dict `:` type($x) `,` type($positions)";
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    int64_t getTurned() { return getDims().value_or(getX().getType().getShape().back()); }
  }];
}
#endif
