// The same turn in 249 rows: sines and cosines that were off by 1.5 units of the last place added up to eight times what
// plain loops lose. (The inputs go by the seed and the name of the function.)
// RUN: strand-check %s --seed=4201013427 --levels=1 --plain-factor=8 | FileCheck %s --implicit-check-not=wrong

// CHECK: p824: {{.*}} forms right
func.func @p824(%log: tensor<3xf32> {check.kind = "gates"}, %angle: tensor<3xf32>,
    %re: tensor<?x3xf32> {check.range = [-1.0, 1.0]}, %im: tensor<?x3xf32> {check.range = [-1.0, 1.0]},
    %offsets: tensor<?xi32> {check.kind = "offsets"}) -> tensor<?x3xf32> {
  %y = strand.complex_recurrence decay(%log) turn(%angle) input(%re) imag(%im) offsets %offsets
      {log, indexing_maps = [affine_map<(t, i) -> (i)>, affine_map<(t, i) -> (i)>, affine_map<(t, i) -> (t, i)>,
                             affine_map<(t, i) -> (t, i)>, affine_map<(t, i) -> (t, i)>]}
      : (tensor<3xf32>, tensor<3xf32>, tensor<?x3xf32>, tensor<?x3xf32>, tensor<?xi32>) -> tensor<?x3xf32>
  return %y : tensor<?x3xf32>
}
