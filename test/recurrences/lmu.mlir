// LMU, as any linear time-invariant system with a dense matrix.
//
//   h' = A h + B u, y = C h.
//
// RUN: strand-opt %s -strand-infer-structure -verify-diagnostics -o /dev/null
// RUN: strand-check %s | FileCheck %s --implicit-check-not=wrong
// CHECK: lmu: {{[7-9]|1[0-9]}} forms right

func.func @lmu(%us: tensor<?x2xf32>, %all_A: tensor<8x8xf32> {check.range = [-0.12, 0.12]}, %all_Bw: tensor<8x2xf32>,
    %all_C: tensor<2x8xf32>, %offsets: tensor<?xi32>) -> tensor<?x2xf32> {
  // expected-remark @below {{h is a dense matrix: h[i] = sum_x M[i,x] * h[x] + b[i]}}
  %r = strand.scan rows(%u = %us : tensor<?x2xf32>)
      with(%A = %all_A : tensor<8x8xf32>, %Bw = %all_Bw : tensor<8x2xf32>, %C = %all_C : tensor<2x8xf32>)
      carry(%h : tensor<8xf32>) offsets %offsets : tensor<?xi32> -> tensor<?x2xf32> {
    %c0 = arith.constant dense<0.0> : tensor<8xf32>
    %1 = linalg.matvec ins(%A, %h : tensor<8x8xf32>, tensor<8xf32>) outs(%c0 : tensor<8xf32>) -> tensor<8xf32>
    %2 = linalg.matvec ins(%Bw, %u : tensor<8x2xf32>, tensor<2xf32>) outs(%c0 : tensor<8xf32>) -> tensor<8xf32>
    %3 = arith.addf %1, %2 : tensor<8xf32>
    %c1 = arith.constant dense<0.0> : tensor<2xf32>
    %5 = linalg.matvec ins(%C, %3 : tensor<2x8xf32>, tensor<8xf32>) outs(%c1 : tensor<2xf32>) -> tensor<2xf32>
    strand.yield %5 : tensor<2xf32> next %3 : tensor<8xf32>
  }
  return %r : tensor<?x2xf32>
}
