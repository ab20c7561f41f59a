// Cumulative sum.
//
//   h' = h + x.
//
// RUN: strand-opt %s -strand-infer-structure -verify-diagnostics -o /dev/null
// RUN: strand-check %s | FileCheck %s --implicit-check-not=wrong
// CHECK: cumulative_sum: {{[7-9]|1[0-9]}} forms right

func.func @cumulative_sum(%xs: tensor<?x8xf32>, %offsets: tensor<?xi32>) -> tensor<?x8xf32> {
  // expected-remark @below {{h is a sum: h[i] = h[i] + b[i]; becomes strand.linear_recurrence}}
  %r = strand.scan rows(%x = %xs : tensor<?x8xf32>) carry(%h : tensor<8xf32>)
      offsets %offsets : tensor<?xi32> -> tensor<?x8xf32> {
    %0 = arith.addf %h, %x : tensor<8xf32>
    strand.yield %0 : tensor<8xf32> next %0 : tensor<8xf32>
  }
  return %r : tensor<?x8xf32>
}
