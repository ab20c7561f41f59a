// A decayed sum from the last row to the first, which has no forms with state.
//
//   h[t] = a[t] h[t+1] + x[t].
//
// RUN: strand-opt %s -strand-infer-structure -verify-diagnostics -o /dev/null
// RUN: strand-check %s | FileCheck %s --implicit-check-not=wrong
// CHECK: reverse_sum: 2 forms right

func.func @reverse_sum(%xs: tensor<?x8xf32>, %as: tensor<?x8xf32> {check.range = [0.0, 1.0]}, %offsets: tensor<?xi32>)
    -> tensor<?x8xf32> {
  // expected-remark @below {{h is diagonal: h[i] = a[i] * h[i] + b[i]}}
  %r = strand.scan reverse rows(%x = %xs : tensor<?x8xf32>, %a = %as : tensor<?x8xf32>) carry(%h : tensor<8xf32>)
      offsets %offsets : tensor<?xi32> -> tensor<?x8xf32> {
    %0 = arith.mulf %a, %h : tensor<8xf32>
    %1 = arith.addf %0, %x : tensor<8xf32>
    strand.yield %1 : tensor<8xf32> next %1 : tensor<8xf32>
  }
  return %r : tensor<?x8xf32>
}
