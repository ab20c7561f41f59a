// A second-order oscillator a channel, as in LinOSS, in semi-explicit steps.
//
//   v' = v - (w p + z v) + u, p' = p + 0.1 v.
//
// RUN: strand-opt %s -strand-infer-structure -verify-diagnostics -o /dev/null
// RUN: strand-check %s | FileCheck %s --implicit-check-not=wrong
// CHECK: linoss: {{[7-9]|1[0-9]}} forms right

func.func @linoss(%us: tensor<?x8xf32>, %all_w: tensor<8xf32> {check.range = [0.05, 0.5]},
    %all_z: tensor<8xf32> {check.range = [0.2, 0.9]}, %offsets: tensor<?xi32>) -> tensor<?x8xf32> {
  // expected-remark @below {{h0 is a 2 x 2 block for each element: h0[i] = h0[i] + 0.1 * h1[i]}}
  // expected-remark @below {{h1 is a 2 x 2 block for each element: h1[i] = A0[i] * h0[i] + A1[i] * h1[i] + b[i]}}
  %r = strand.scan rows(%u = %us : tensor<?x8xf32>) with(%w = %all_w : tensor<8xf32>, %z = %all_z : tensor<8xf32>)
      carry(%p : tensor<8xf32>, %v : tensor<8xf32>) offsets %offsets : tensor<?xi32> -> tensor<?x8xf32> {
    %0 = arith.mulf %w, %p : tensor<8xf32>
    %1 = arith.mulf %z, %v : tensor<8xf32>
    %2 = arith.addf %0, %1 : tensor<8xf32>
    %3 = arith.subf %v, %2 : tensor<8xf32>
    %4 = arith.addf %3, %u : tensor<8xf32>
    %c0 = arith.constant dense<0.1> : tensor<8xf32>
    %6 = arith.mulf %c0, %v : tensor<8xf32>
    %7 = arith.addf %p, %6 : tensor<8xf32>
    strand.yield %7 : tensor<8xf32> next %7, %4 : tensor<8xf32>, tensor<8xf32>
  }
  return %r : tensor<?x8xf32>
}
