// A diagonal recurrence that a mask puts back to 0, as at the boundary of a document.
//
//   h' = a (m ? 0 : h) + x.
//
// RUN: strand-opt %s -strand-infer-structure -verify-diagnostics -o /dev/null
// RUN: strand-check %s | FileCheck %s --implicit-check-not=wrong
// CHECK: diagonal_with_reset: {{[7-9]|1[0-9]}} forms right

func.func @diagonal_with_reset(%xs: tensor<?x8xf32>, %as: tensor<?x8xf32> {check.range = [0.0, 1.0]},
    %ms: tensor<?x8xf32>, %offsets: tensor<?xi32>) -> tensor<?x8xf32> {
  // expected-remark @below {{h is diagonal: h[i] = a[i] * h[i] + b[i]; becomes strand.linear_recurrence}}
  %r = strand.scan rows(%x = %xs : tensor<?x8xf32>, %a = %as : tensor<?x8xf32>, %m = %ms : tensor<?x8xf32>)
      carry(%h : tensor<8xf32>) offsets %offsets : tensor<?xi32> -> tensor<?x8xf32> {
    %c0 = arith.constant dense<0.5> : tensor<8xf32>
    %1 = arith.cmpf ogt, %m, %c0 : tensor<8xf32>
    %c1 = arith.constant dense<0.0> : tensor<8xf32>
    %3 = arith.select %1, %c1, %h : tensor<8xi1>, tensor<8xf32>
    %4 = arith.mulf %a, %3 : tensor<8xf32>
    %5 = arith.addf %4, %x : tensor<8xf32>
    strand.yield %5 : tensor<8xf32> next %5 : tensor<8xf32>
  }
  return %r : tensor<?x8xf32>
}
