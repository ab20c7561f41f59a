// A dense matrix that is another one in each row: Euler steps of length dt of a linear system.
//
//   h' = h + dt A h + u.
//
// RUN: strand-opt %s -strand-infer-structure -verify-diagnostics -o /dev/null
// RUN: strand-check %s | FileCheck %s --implicit-check-not=wrong
// CHECK: dense_per_step: {{[7-9]|1[0-9]}} forms right

func.func @dense_per_step(%us: tensor<?x8xf32>, %dts: tensor<?xf32> {check.range = [0.0, 0.5]},
    %all_A: tensor<8x8xf32> {check.range = [-0.12, 0.12]}, %offsets: tensor<?xi32>) -> tensor<?x8xf32> {
  // expected-remark @below {{h is identity plus a dense matrix: h[i] = h[i] + sum_x m[i,x] * h[x] + b[i]}}
  %r = strand.scan rows(%u = %us : tensor<?x8xf32>, %dt = %dts : tensor<?xf32>) with(%A = %all_A : tensor<8x8xf32>)
      carry(%h : tensor<8xf32>) offsets %offsets : tensor<?xi32> -> tensor<?x8xf32> {
    %c0 = arith.constant dense<0.0> : tensor<8xf32>
    %1 = linalg.matvec ins(%A, %h : tensor<8x8xf32>, tensor<8xf32>) outs(%c0 : tensor<8xf32>) -> tensor<8xf32>
    %2 = tensor.empty() : tensor<8xf32>
    %3 = linalg.broadcast ins(%dt : tensor<f32>) outs(%2 : tensor<8xf32>) dimensions = [0]
    %4 = arith.mulf %3, %1 : tensor<8xf32>
    %5 = arith.addf %h, %4 : tensor<8xf32>
    %6 = arith.addf %5, %u : tensor<8xf32>
    strand.yield %6 : tensor<8xf32> next %6 : tensor<8xf32>
  }
  return %r : tensor<?x8xf32>
}
