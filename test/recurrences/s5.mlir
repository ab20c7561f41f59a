// S5, one diagonal system for all channels, with steps of a length of their own.
//
//   h' = exp(-dt exp(a)) h + dt B u,  y = C h' + D u.
//
// RUN: strand-opt %s -strand-infer-structure -verify-diagnostics -o /dev/null
// RUN: strand-check %s | FileCheck %s --implicit-check-not=wrong
// CHECK: s5: {{[7-9]|1[0-9]}} forms right

func.func @s5(%us: tensor<?x3xf32>, %dts: tensor<?x8xf32> {check.range = [0.001, 4.0]},
    %all_a: tensor<8xf32> {check.range = [-3.0, 1.0]}, %all_B: tensor<8x3xf32>, %all_C: tensor<3x8xf32>,
    %all_D: tensor<3xf32>, %offsets: tensor<?xi32>) -> tensor<?x3xf32> {
  // expected-remark @below {{h is diagonal: h[i] = exp(g[i]) * h[i] + b[i]; becomes strand.linear_recurrence}}
  %r = strand.scan rows(%u = %us : tensor<?x3xf32>, %dt = %dts : tensor<?x8xf32>)
      with(%a = %all_a : tensor<8xf32>, %B = %all_B : tensor<8x3xf32>, %C = %all_C : tensor<3x8xf32>,
           %D = %all_D : tensor<3xf32>)
      carry(%h : tensor<8xf32>) offsets %offsets : tensor<?xi32> -> tensor<?x3xf32> {
    %0 = math.exp %a : tensor<8xf32>
    %1 = arith.mulf %dt, %0 : tensor<8xf32>
    %2 = arith.negf %1 : tensor<8xf32>
    %3 = math.exp %2 : tensor<8xf32>
    %4 = arith.mulf %3, %h : tensor<8xf32>
    %c0 = arith.constant dense<0.0> : tensor<8xf32>
    %5 = linalg.matvec ins(%B, %u : tensor<8x3xf32>, tensor<3xf32>) outs(%c0 : tensor<8xf32>) -> tensor<8xf32>
    %6 = arith.mulf %dt, %5 : tensor<8xf32>
    %7 = arith.addf %4, %6 : tensor<8xf32>
    %8 = arith.mulf %D, %u : tensor<3xf32>
    %9 = linalg.matvec ins(%C, %7 : tensor<3x8xf32>, tensor<8xf32>) outs(%8 : tensor<3xf32>) -> tensor<3xf32>
    strand.yield %9 : tensor<3xf32> next %7 : tensor<8xf32>
  }
  return %r : tensor<?x3xf32>
}
