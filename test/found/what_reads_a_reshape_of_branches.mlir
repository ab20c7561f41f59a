// Branches that are chosen by lengths each write into a buffer of their own; what reads another shape of it needs a copy,
// whose size both branches bound.
// RUN: strand-check %s --seed=1001003877 --rows=40 --levels=1 | FileCheck %s --implicit-check-not=wrong
// CHECK: p874: 10 forms right
func.func @p874(%x: tensor<?x3x20xf32> {check.kind = "gates"}, %first: tensor<3x20xf32> {check.range = [-1.0, 1.0]},
    %offsets: tensor<?xi32> {check.kind = "offsets"}) -> tensor<?x60xf32> {
  %y = strand.associative_scan(%x, %first) offsets %offsets {identity = array<f64: 0.0, -1.0e+30>, read = array<i64: 1>,
      indexing_maps = [affine_map<(t, i, j) -> (t, i, j)>, affine_map<(t, i, j) -> (i, j)>]}
      : (tensor<?x3x20xf32>, tensor<3x20xf32>, tensor<?xi32>) -> tensor<?x3x20xf32> {
  ^bb0(%a: f32, %b: f32, %c: f32, %d: f32):
    %sum = arith.addf %b, %c : f32
    %most = arith.maximumf %sum, %d : f32
    %next = arith.addf %a, %c : f32
    strand.yield %next, %most : f32, f32
  }
  %flat = tensor.collapse_shape %y [[0], [1, 2]] : tensor<?x3x20xf32> into tensor<?x60xf32>
  %z = math.exp %flat : tensor<?x60xf32>
  return %z : tensor<?x60xf32>
}
