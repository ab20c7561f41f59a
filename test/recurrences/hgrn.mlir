// HGRN, the real one.
//
//   f = lb + (1 - lb) sigmoid(x), h' = f h + (1 - f) i.
//
// RUN: strand-opt %s -strand-infer-structure -verify-diagnostics -o /dev/null
// RUN: strand-check %s | FileCheck %s --implicit-check-not=wrong
// CHECK: hgrn: {{[7-9]|1[0-9]}} forms right

func.func @hgrn(%fs: tensor<?x8xf32> {check.range = [-8.0, 8.0]}, %is: tensor<?x8xf32>,
    %all_lb: tensor<8xf32> {check.range = [0.0, 0.9]}, %offsets: tensor<?xi32>) -> tensor<?x8xf32> {
  // expected-remark @below {{h is diagonal: h[i] = a[i] * h[i] + b[i]; becomes strand.linear_recurrence}}
  %r = strand.scan rows(%f = %fs : tensor<?x8xf32>, %i = %is : tensor<?x8xf32>) with(%lb = %all_lb : tensor<8xf32>)
      carry(%h : tensor<8xf32>) offsets %offsets : tensor<?xi32> -> tensor<?x8xf32> {
    %c0 = arith.constant dense<1.0> : tensor<8xf32>
    %1 = arith.subf %c0, %lb : tensor<8xf32>
    %2 = arith.negf %f : tensor<8xf32>
    %3 = math.exp %2 : tensor<8xf32>
    %4 = arith.addf %c0, %3 : tensor<8xf32>
    %5 = arith.divf %c0, %4 : tensor<8xf32>
    %6 = arith.mulf %1, %5 : tensor<8xf32>
    %7 = arith.addf %lb, %6 : tensor<8xf32>
    %8 = arith.mulf %7, %h : tensor<8xf32>
    %9 = arith.subf %c0, %7 : tensor<8xf32>
    %10 = arith.mulf %9, %i : tensor<8xf32>
    %11 = arith.addf %8, %10 : tensor<8xf32>
    strand.yield %11 : tensor<8xf32> next %11 : tensor<8xf32>
  }
  return %r : tensor<?x8xf32>
}
