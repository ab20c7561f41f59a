// IndRNN.
//
//   h' = max(0, x + u h).
//
// RUN: strand-opt %s -strand-infer-structure -verify-diagnostics -o /dev/null
// RUN: strand-check %s | FileCheck %s --implicit-check-not=wrong
// CHECK: indrnn: {{[7-9]|1[0-9]}} forms right

func.func @indrnn(%xs: tensor<?x8xf32>, %all_u: tensor<8xf32> {check.range = [-0.95, 0.95]}, %offsets: tensor<?xi32>) -> tensor<?x8xf32> {
  // expected-remark @below {{h is not affine}}
  %r = strand.scan rows(%x = %xs : tensor<?x8xf32>) with(%u = %all_u : tensor<8xf32>)
      carry(%h : tensor<8xf32>) offsets %offsets : tensor<?xi32> -> tensor<?x8xf32> {
    %0 = arith.mulf %u, %h : tensor<8xf32>
    %1 = arith.addf %x, %0 : tensor<8xf32>
    %c0 = arith.constant dense<0.0> : tensor<8xf32>
    // expected-remark @below {{arith.maximumf is applied to what depends on h, so h stays a scan}}
    %3 = arith.maximumf %1, %c0 : tensor<8xf32>
    strand.yield %3 : tensor<8xf32> next %3 : tensor<8xf32>
  }
  return %r : tensor<?x8xf32>
}
