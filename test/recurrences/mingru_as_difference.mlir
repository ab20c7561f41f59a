// minGRU written as a step towards the candidate.
//
//   h' = h + z (c - h).
//
// RUN: strand-opt %s -strand-infer-structure -verify-diagnostics -o /dev/null
// RUN: strand-check %s | FileCheck %s --implicit-check-not=wrong
// CHECK: mingru_as_difference: {{[7-9]|1[0-9]}} forms right

func.func @mingru_as_difference(%xs: tensor<?x8xf32> {check.range = [-8.0, 8.0]},
    %all_Wz: tensor<8x8xf32> {check.range = [-0.35, 0.35]}, %all_Wh: tensor<8x8xf32> {check.range = [-0.35, 0.35]},
    %offsets: tensor<?xi32>) -> tensor<?x8xf32> {
  // expected-remark @below {{h is diagonal: h[i] = exp(g[i]) * h[i] + b[i]; becomes strand.linear_recurrence}}
  %r = strand.scan rows(%x = %xs : tensor<?x8xf32>)
      with(%Wz = %all_Wz : tensor<8x8xf32>, %Wh = %all_Wh : tensor<8x8xf32>)
      carry(%h : tensor<8xf32>) offsets %offsets : tensor<?xi32> -> tensor<?x8xf32> {
    %c0 = arith.constant dense<0.0> : tensor<8xf32>
    %1 = linalg.matvec ins(%Wz, %x : tensor<8x8xf32>, tensor<8xf32>) outs(%c0 : tensor<8xf32>) -> tensor<8xf32>
    %c1 = arith.constant dense<1.0> : tensor<8xf32>
    %3 = arith.negf %1 : tensor<8xf32>
    %4 = math.exp %3 : tensor<8xf32>
    %5 = arith.addf %c1, %4 : tensor<8xf32>
    %6 = arith.divf %c1, %5 : tensor<8xf32>
    %7 = linalg.matvec ins(%Wh, %x : tensor<8x8xf32>, tensor<8xf32>) outs(%c0 : tensor<8xf32>) -> tensor<8xf32>
    %8 = arith.subf %7, %h : tensor<8xf32>
    %9 = arith.mulf %6, %8 : tensor<8xf32>
    %10 = arith.addf %h, %9 : tensor<8xf32>
    strand.yield %10 : tensor<8xf32> next %10 : tensor<8xf32>
  }
  return %r : tensor<?x8xf32>
}
