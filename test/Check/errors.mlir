// What a function that is checked may not be, and what the command line may not say.
// DEFINE: %{name} =
// DEFINE: %{prefix} =
// DEFINE: %{check} = not strand-check %s --function=%{name} 2>&1 | FileCheck %s --implicit-check-not=right --check-prefix=%{prefix}
// REDEFINE: %{name} = unknown_kind
// REDEFINE: %{prefix} = KIND
// RUN: %{check}
// REDEFINE: %{name} = unknown_mark
// REDEFINE: %{prefix} = MARK
// RUN: %{check}
// REDEFINE: %{name} = bad_range
// REDEFINE: %{prefix} = RANGE
// RUN: %{check}
// REDEFINE: %{name} = range_of_bits
// REDEFINE: %{prefix} = BITS
// RUN: %{check}
// REDEFINE: %{name} = integers_without_a_range
// REDEFINE: %{prefix} = INTEGERS
// RUN: %{check}
// REDEFINE: %{name} = wide
// REDEFINE: %{prefix} = WIDE
// RUN: %{check}
// REDEFINE: %{name} = two_unknown_sizes
// REDEFINE: %{prefix} = SIZES
// RUN: %{check}
// REDEFINE: %{name} = unknown_on_function
// REDEFINE: %{prefix} = FUNCTION
// RUN: %{check}
// REDEFINE: %{name} = bad_tolerance
// REDEFINE: %{prefix} = TOLERANCE
// RUN: %{check}
// REDEFINE: %{name} = static_result
// REDEFINE: %{prefix} = STATIC
// RUN: %{check}
// REDEFINE: %{name} = nothing
// REDEFINE: %{prefix} = NOTHING
// RUN: %{check}
// REDEFINE: %{name} = no_rows
// REDEFINE: %{prefix} = ROWS
// RUN: %{check}
// REDEFINE: %{name} = two_offsets
// REDEFINE: %{prefix} = OFFSETS
// RUN: %{check}
// REDEFINE: %{name} = weight
// REDEFINE: %{prefix} = WEIGHT
// RUN: %{check}
// REDEFINE: %{name} = outside
// REDEFINE: %{prefix} = OUTSIDE
// RUN: %{check}
// REDEFINE: %{name} = branches
// REDEFINE: %{prefix} = BRANCHES
// RUN: %{check}
// REDEFINE: %{name} = bits_of_a_float
// REDEFINE: %{prefix} = BITCAST
// RUN: %{check}
// REDEFINE: %{name} = missing
// REDEFINE: %{prefix} = MISSING
// RUN: %{check}
// RUN: not strand-check %s --forms=whole,hole 2>&1 | FileCheck %s --check-prefix=FORM
// RUN: not strand-check %t.none 2>&1 | FileCheck %s --check-prefix=FILE
// RUN: echo 'func.func private @f()' | not strand-check - 2>&1 | FileCheck %s --check-prefix=EMPTY
// MISSING: strand-check: error: function 'missing' is none of unknown_kind, unknown_mark,
// FORM: strand-check: error: form 'hole' is none of whole, packed, state, cut, rows, batch, churn, loop, spans, tree
// FILE: strand-check: error: cannot open input file
// EMPTY: strand-check: error: there is no public function to check

// KIND: errors.mlir:[[#@LINE+1]]:1: error: argument 0 of @unknown_kind has check.kind = "weak"; "gates" on f32 or "offsets" on tensor<?xi32> is needed
func.func @unknown_kind(%x: tensor<?xf32> {check.kind = "weak"}) -> tensor<?xf32> { return %x : tensor<?xf32> }
// MARK: error: argument 0 of @unknown_mark has check.rnge; there are check.range and check.kind
func.func @unknown_mark(%x: tensor<?xf32> {check.rnge = [0.0, 1.0]}) -> tensor<?xf32> { return %x : tensor<?xf32> }
// RANGE: error: argument 0 of @bad_range has check.range = [2.000000e+00, 1.000000e+00]; [lo, hi] with lo <= hi on f32 or i32 is needed
func.func @bad_range(%x: tensor<?xf32> {check.range = [2.0, 1.0]}) -> tensor<?xf32> { return %x : tensor<?xf32> }
// BITS: error: argument 0 of @range_of_bits has check.range = [0, 1]; [lo, hi] with lo <= hi on f32 or i32 is needed
func.func @range_of_bits(%x: tensor<?xi1> {check.range = [0, 1]}) -> tensor<?xi1> { return %x : tensor<?xi1> }
// INTEGERS: error: argument 0 of @integers_without_a_range holds integers, so it needs check.range = [lo, hi]
func.func @integers_without_a_range(%x: tensor<?xi32>) -> tensor<?xi32> { return %x : tensor<?xi32> }
// WIDE: error: argument 0 of @wide has type 'tensor<?xf64>'; rows, tensor<?x...>, or a static tensor are needed, of f32, bf16, f16, i32 or i1
func.func @wide(%x: tensor<?xf64>, %y: tensor<?xf32>) -> tensor<?xf32> { return %y : tensor<?xf32> }
// SIZES: error: argument 0 of @two_unknown_sizes has type 'tensor<?x?xf32>'; rows
func.func @two_unknown_sizes(%x: tensor<?x?xf32>, %y: tensor<?xf32>) -> tensor<?xf32> { return %y : tensor<?xf32> }
// FUNCTION: error: @unknown_on_function has check.tolerances; there is check.tolerance
func.func @unknown_on_function(%x: tensor<?xf32>) -> tensor<?xf32> attributes {check.tolerances = 1.0} { return %x : tensor<?xf32> }
// TOLERANCE: error: check.tolerance of @bad_tolerance is 0.000000e+00 : f64; a number above 0 is needed
func.func @bad_tolerance(%x: tensor<?xf32>) -> tensor<?xf32> attributes {check.tolerance = 0.0} { return %x : tensor<?xf32> }
// STATIC: error: result 0 of @static_result has type 'tensor<4xf32>'; rows, tensor<?x...>, of f32, bf16, f16, i32 or i1 are needed
func.func @static_result(%x: tensor<?xf32>, %y: tensor<4xf32>) -> tensor<4xf32> { return %y : tensor<4xf32> }
// NOTHING: error: @nothing has no results to compare
func.func @nothing(%x: tensor<?xf32>) { return }
// ROWS: error: @no_rows has no argument of rows
func.func @no_rows(%o: tensor<?xi32> {check.kind = "offsets"}) -> tensor<?xi32> { return %o : tensor<?xi32> }
// OFFSETS: error: @two_offsets has 2 arguments of offsets; one is needed
func.func @two_offsets(%x: tensor<?xf32>, %o: tensor<?xi32> {check.kind = "offsets"}, %p: tensor<?xi32> {check.kind = "offsets"}) -> tensor<?xf32> {
  return %x : tensor<?xf32>
}
// WEIGHT: errors.mlir:[[#@LINE+2]]:8: error: a function that is checked takes weights as arguments
func.func @weight(%x: tensor<?xf32>) -> tensor<?xf32> {
  %w = strand.weight "w" : tensor<4xf32>
  return %x : tensor<?xf32>
}
// OUTSIDE: error: @elsewhere has no body; a function over rows has one block
func.func private @elsewhere(%x: tensor<?xf32>) -> tensor<?xf32>
func.func @outside(%x: tensor<?xf32>) -> tensor<?xf32> {
  %y = call @elsewhere(%x) : (tensor<?xf32>) -> tensor<?xf32>
  return %y : tensor<?xf32>
}
// BRANCHES: error: @branches has branches between blocks; a function over rows has one block
func.func @branches(%x: tensor<?xf32>) -> tensor<?xf32> {
  cf.br ^next
^next:
  return %x : tensor<?xf32>
}
// BITCAST: errors.mlir:[[#@LINE+3]]:8: error: 'arith.bitcast' op reads the bits of a float, which are others in f64
// BITCAST: bits_of_a_float: form meaning is wrong: f64 cannot be put in place of f32
func.func @bits_of_a_float(%x: tensor<?xf32>) -> tensor<?xi32> {
  %y = arith.bitcast %x : tensor<?xf32> to tensor<?xi32>
  return %y : tensor<?xi32>
}
