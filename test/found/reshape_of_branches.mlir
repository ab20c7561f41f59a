// A result in another shape, written by branches that are chosen by lengths.
// RUN: strand-check %s --seed=79000261 --rows=90 --levels=1,0 --plain-factor=8 | FileCheck %s --implicit-check-not=wrong
// CHECK: p24: 10 forms right
func.func @p24(%0: tensor<?x12x33xf32> {check.range = [-7.000000000e-01, 7.000000000e-01]},
    %1: tensor<12x33xf32> {check.range = [-7.000000000e-01, 7.000000000e-01]},
    %2: tensor<?x12x33xf32> {check.range = [-1.000000000e+00, 1.000000000e+00]},
    %3: tensor<?x33xf32> {check.range = [-1.000000000e+00, 1.000000000e+00]},
    %4: tensor<12x33xf32> {check.range = [-1.000000000e+00, 1.000000000e+00]},
    %offsets: tensor<?xi32> {check.kind = "offsets"}) -> (tensor<?x396xf32>) {
  %zero = arith.constant 0 : index
  %n = tensor.dim %0, %zero : tensor<?x12x33xf32>
  %5 = strand.complex_recurrence decay(%0) turn(%1) input(%2, %3) imag(%4) offsets %offsets {indexing_maps = [affine_map<(t, i, j) -> (t, i, j)>, affine_map<(t, i, j) -> (i, j)>, affine_map<(t, i, j) -> (t, i, j)>, affine_map<(t, i, j) -> (t, j)>, affine_map<(t, i, j) -> (i, j)>, affine_map<(t, i, j) -> (t, i, j)>]} : (tensor<?x12x33xf32>, tensor<12x33xf32>, tensor<?x12x33xf32>, tensor<?x33xf32>, tensor<12x33xf32>, tensor<?xi32>) -> tensor<?x12x33xf32>
  %6 = tensor.collapse_shape %5 [[0], [1, 2]] : tensor<?x12x33xf32> into tensor<?x396xf32>
  return %6 : tensor<?x396xf32>
}
