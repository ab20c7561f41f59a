// Results that go past the caches: 1,200 rows of 2,048 channels are more than strand-vectorize's `stream`. A width that is
// no multiple of a vector goes the ordinary way.
// RUN: strand-check %s --rows=1200 --forms=packed,batch | FileCheck %s --implicit-check-not=wrong
// CHECK-DAG: aligned: 2 forms right
// CHECK-DAG: unaligned: 2 forms right
#td = affine_map<(t, d) -> (t, d)>
func.func @aligned(%a: tensor<?x2048xf32> {check.range = [-0.9, 0.9]}, %x: tensor<?x2048xf32>, %offsets: tensor<?xi32>)
    -> tensor<?x2048xf32> {
  %y = strand.linear_recurrence decay(%a) input(%x) offsets %offsets {indexing_maps = [#td, #td, #td]}
      : (tensor<?x2048xf32>, tensor<?x2048xf32>, tensor<?xi32>) -> tensor<?x2048xf32>
  return %y : tensor<?x2048xf32>
}
func.func @unaligned(%a: tensor<?x2047xf32> {check.range = [-0.9, 0.9]}, %x: tensor<?x2047xf32>, %offsets: tensor<?xi32>)
    -> tensor<?x2047xf32> {
  %y = strand.linear_recurrence decay(%a) input(%x) offsets %offsets {indexing_maps = [#td, #td, #td]}
      : (tensor<?x2047xf32>, tensor<?x2047xf32>, tensor<?xi32>) -> tensor<?x2047xf32>
  return %y : tensor<?x2047xf32>
}
