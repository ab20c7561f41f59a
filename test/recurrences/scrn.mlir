// SCRN, a slow linear state, and a fast one that looks at it.
//
//   s' = 0.95 s + 0.05 x, h' = tanh(W x + U h + P s').
//
// RUN: strand-opt %s -strand-infer-structure -verify-diagnostics -o /dev/null
// RUN: strand-check %s | FileCheck %s --implicit-check-not=wrong
// CHECK: scrn: {{[7-9]|1[0-9]}} forms right

func.func @scrn(%xs: tensor<?x8xf32>, %all_W: tensor<8x8xf32> {check.range = [-0.35, 0.35]},
    %all_U: tensor<8x8xf32> {check.range = [-0.35, 0.35]}, %all_P: tensor<8x8xf32> {check.range = [-0.35, 0.35]},
    %offsets: tensor<?xi32>) -> tensor<?x8xf32> {
  // expected-remark @below {{h0 is diagonal: h0[i] = 0.95 * h0[i] + b[i]; becomes strand.linear_recurrence}}
  // expected-remark @below {{h1 is not affine, given h0}}
  %r = strand.scan rows(%x = %xs : tensor<?x8xf32>)
      with(%W = %all_W : tensor<8x8xf32>, %U = %all_U : tensor<8x8xf32>, %P = %all_P : tensor<8x8xf32>)
      carry(%s : tensor<8xf32>, %h : tensor<8xf32>) offsets %offsets : tensor<?xi32> -> tensor<?x8xf32> {
    %c0 = arith.constant dense<0.95> : tensor<8xf32>
    %1 = arith.mulf %c0, %s : tensor<8xf32>
    %c1 = arith.constant dense<0.05> : tensor<8xf32>
    %3 = arith.mulf %c1, %x : tensor<8xf32>
    %4 = arith.addf %1, %3 : tensor<8xf32>
    %c2 = arith.constant dense<0.0> : tensor<8xf32>
    %6 = linalg.matvec ins(%W, %x : tensor<8x8xf32>, tensor<8xf32>) outs(%c2 : tensor<8xf32>) -> tensor<8xf32>
    %7 = linalg.matvec ins(%U, %h : tensor<8x8xf32>, tensor<8xf32>) outs(%c2 : tensor<8xf32>) -> tensor<8xf32>
    %8 = arith.addf %6, %7 : tensor<8xf32>
    %9 = linalg.matvec ins(%P, %4 : tensor<8x8xf32>, tensor<8xf32>) outs(%c2 : tensor<8xf32>) -> tensor<8xf32>
    %10 = arith.addf %8, %9 : tensor<8xf32>
    // expected-remark @below {{math.tanh is applied to what depends on h1, so h1 stays a scan}}
    %11 = math.tanh %10 : tensor<8xf32>
    strand.yield %11 : tensor<8xf32> next %4, %11 : tensor<8xf32>, tensor<8xf32>
  }
  return %r : tensor<?x8xf32>
}
