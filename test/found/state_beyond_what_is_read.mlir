// A state that loses more than what is read of it: the bound on states is that of states of plain loops.
// RUN: strand-check %s --seed=78000244 --rows=300 --levels=1,0 --plain-factor=8 | FileCheck %s --implicit-check-not=wrong
// CHECK: p10: 10 forms right
func.func @p10(%1: tensor<3x4xf32> {check.range = [-1.000000000e+00, 0.000000000e+00]},
    %4: tensor<?x3x4xf32> {check.range = [-1.000000000e+00, 1.000000000e+00]},
    %offsets: tensor<?xi32> {check.kind = "offsets"}) -> (tensor<?x3x4xf32>) {
  %zero = arith.constant 0 : index
  %n = tensor.dim %4, %zero : tensor<?x3x4xf32>
  %8 = strand.scan rows(%5 = %4 : tensor<?x3x4xf32>) with(%2 = %1 : tensor<3x4xf32>) carry(%0 : tensor<3x4xf32>)
      offsets %offsets : tensor<?xi32> -> (tensor<?x3x4xf32>) {
    %3 = arith.addf %0, %2 : tensor<3x4xf32>
    %6 = arith.minimumf %3, %5 : tensor<3x4xf32>
    %7 = math.tanh %6 : tensor<3x4xf32>
    strand.yield %7 : tensor<3x4xf32> next %6 : tensor<3x4xf32>
  }
  %9 = arith.constant 0.000000000e+00 : f32
  %10 = tensor.empty(%n) : tensor<?x3x4xf32>
  %11 = linalg.fill ins(%9 : f32) outs(%10 : tensor<?x3x4xf32>) -> tensor<?x3x4xf32>
  %12 = arith.maximumf %8, %11 : tensor<?x3x4xf32>
  return %12 : tensor<?x3x4xf32>
}
