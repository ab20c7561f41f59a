// Exponential moving average.
//
//   h' = h + a (x - h) with one a a channel, near 0 and near 1.
//
// RUN: strand-opt %s -strand-infer-structure -verify-diagnostics -o /dev/null
// RUN: strand-check %s | FileCheck %s --implicit-check-not=wrong
// CHECK: ema: {{[7-9]|1[0-9]}} forms right

func.func @ema(%xs: tensor<?x8xf32>, %all_a: tensor<8xf32> {check.range = [0.001, 0.999]}, %offsets: tensor<?xi32>) -> tensor<?x8xf32> {
  // expected-remark @below {{h is diagonal: h[i] = A[i] * h[i] + b[i]; becomes strand.linear_recurrence}}
  %r = strand.scan rows(%x = %xs : tensor<?x8xf32>) with(%a = %all_a : tensor<8xf32>)
      carry(%h : tensor<8xf32>) offsets %offsets : tensor<?xi32> -> tensor<?x8xf32> {
    %0 = arith.subf %x, %h : tensor<8xf32>
    %1 = arith.mulf %a, %0 : tensor<8xf32>
    %2 = arith.addf %h, %1 : tensor<8xf32>
    strand.yield %2 : tensor<8xf32> next %2 : tensor<8xf32>
  }
  return %r : tensor<?x8xf32>
}
