// Two results of a function that would be one buffer: a value, and the same value in another shape.
// RUN: strand-check %s --levels=1,0 | FileCheck %s --implicit-check-not=wrong
#td = affine_map<(t, d) -> (t, d)>

// CHECK-DAG: reshape_first: {{[7-9]|1[0-9]}} forms right
func.func @reshape_first(%g: tensor<?x12xf32> {check.kind = "gates"}, %x: tensor<?x12xf32>, %offsets: tensor<?xi32>)
    -> (tensor<?x2x6xf32>, tensor<?x12xf32>) {
  %zero = arith.constant 0 : index
  %n = tensor.dim %x, %zero : tensor<?x12xf32>
  %y = strand.linear_recurrence decay(%g) input(%x) offsets %offsets {log, indexing_maps = [#td, #td, #td]}
      : (tensor<?x12xf32>, tensor<?x12xf32>, tensor<?xi32>) -> tensor<?x12xf32>
  %e = tensor.expand_shape %y [[0], [1, 2]] output_shape [%n, 2, 6] : tensor<?x12xf32> into tensor<?x2x6xf32>
  return %e, %y : tensor<?x2x6xf32>, tensor<?x12xf32>
}
