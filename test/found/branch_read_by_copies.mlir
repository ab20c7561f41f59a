// Sums of a scan's result beside rows that are kept of it.
// RUN: strand-check %s --seed=900002752 --rows=90 --levels=1,0 | FileCheck %s --implicit-check-not=wrong
// CHECK: p52: 10 forms right
func.func @p52(%1: tensor<?x2x33xf32> {check.kind = "gates"},
    %7: tensor<?x2x2x33xf32> {check.range = [-1.000000000e+00, 1.000000000e+00]},
    %10: tensor<?x2x2x33xf32> {check.range = [-1.000000000e+00, 1.000000000e+00]},
    %22: tensor<?xi1>,
    %27: tensor<?x9x17xf32> {check.range = [0.000000000e+00, 1.000000000e+00]},
    %30: tensor<?x9x17xf32> {check.range = [-1.000000000e+00, 1.000000000e+00]},
    %offsets: tensor<?xi32> {check.kind = "offsets"}) -> (tensor<?x9x17xf32>, tensor<?x2x2x33xf32>) {
  %zero = arith.constant 0 : index
  %n = tensor.dim %1, %zero : tensor<?x2x33xf32>
  %13 = strand.scan rows(%2 = %1 : tensor<?x2x33xf32>, %8 = %7 : tensor<?x2x2x33xf32>, %11 = %10 : tensor<?x2x2x33xf32>) carry(%0 : tensor<2x2x33xf32>)
      offsets %offsets : tensor<?xi32> -> (tensor<?x2x2x33xf32>) {
    %3 = math.exp %2 : tensor<2x33xf32>
    %4 = tensor.empty() : tensor<2x2x33xf32>
    %5 = linalg.broadcast ins(%3 : tensor<2x33xf32>) outs(%4 : tensor<2x2x33xf32>) dimensions = [1]
    %6 = arith.mulf %5, %0 : tensor<2x2x33xf32>
    %9 = arith.addf %6, %8 : tensor<2x2x33xf32>
    %12 = arith.mulf %9, %11 : tensor<2x2x33xf32>
    strand.yield %12 : tensor<2x2x33xf32> next %9 : tensor<2x2x33xf32>
  }
  %14 = arith.negf %13 : tensor<?x2x2x33xf32>
  %15 = math.exp %14 : tensor<?x2x2x33xf32>
  %16 = arith.constant 1.000000000e+00 : f32
  %17 = tensor.empty(%n) : tensor<?x2x2x33xf32>
  %18 = linalg.fill ins(%16 : f32) outs(%17 : tensor<?x2x2x33xf32>) -> tensor<?x2x2x33xf32>
  %19 = arith.addf %18, %15 : tensor<?x2x2x33xf32>
  %20 = arith.divf %18, %19 : tensor<?x2x2x33xf32>
  %21 = arith.mulf %13, %20 : tensor<?x2x2x33xf32>
  %23, %24 = strand.compact %21, %22 offsets %offsets : (tensor<?x2x2x33xf32>, tensor<?xi1>, tensor<?xi32>) -> (tensor<?x2x2x33xf32>, tensor<?xi32>)
  %25 = arith.constant 0 : index
  %26 = tensor.dim %23, %25 : tensor<?x2x2x33xf32>
  %28, %29 = strand.compact %27, %22 offsets %offsets : (tensor<?x9x17xf32>, tensor<?xi1>, tensor<?xi32>) -> (tensor<?x9x17xf32>, tensor<?xi32>)
  %31, %32 = strand.compact %30, %22 offsets %offsets : (tensor<?x9x17xf32>, tensor<?xi1>, tensor<?xi32>) -> (tensor<?x9x17xf32>, tensor<?xi32>)
  %33 = strand.linear_recurrence decay(%28) input(%31) offsets %24 {indexing_maps = [affine_map<(t, i, j) -> (t, i, j)>, affine_map<(t, i, j) -> (t, i, j)>, affine_map<(t, i, j) -> (t, i, j)>]} : (tensor<?x9x17xf32>, tensor<?x9x17xf32>, tensor<?xi32>) -> tensor<?x9x17xf32>
  %34 = strand.expand %33, %22 inner_offsets %24 offsets %offsets : (tensor<?x9x17xf32>, tensor<?xi1>, tensor<?xi32>, tensor<?xi32>) -> tensor<?x9x17xf32>
  %35 = math.tanh %34 : tensor<?x9x17xf32>
  return %35, %21 : tensor<?x9x17xf32>, tensor<?x2x2x33xf32>
}
