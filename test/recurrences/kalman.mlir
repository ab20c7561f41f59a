// A scalar Kalman filter a channel.
//
//   K = (P + Q) / (P + Q + R), P' = (1 - K) (P + Q), m' = m + K (z - m).
//
// RUN: strand-opt %s -strand-infer-structure -verify-diagnostics -o /dev/null
// RUN: strand-check %s | FileCheck %s --implicit-check-not=wrong
// CHECK: kalman: {{[7-9]|1[0-9]}} forms right

func.func @kalman(%zs: tensor<?x8xf32>, %Qs: tensor<?x8xf32> {check.range = [0.1, 1.0]},
    %Rs: tensor<?x8xf32> {check.range = [0.1, 1.0]}, %offsets: tensor<?xi32>) -> tensor<?x8xf32> {
  // expected-remark @below {{h0 is a quotient of affine forms, element by element}}
  // expected-remark @below {{h1 is diagonal: h1[i] = a[i] * h1[i] + b[i], given h0; becomes strand.linear_recurrence}}
  %r = strand.scan rows(%z = %zs : tensor<?x8xf32>, %Q = %Qs : tensor<?x8xf32>, %R = %Rs : tensor<?x8xf32>)
      carry(%P : tensor<8xf32>, %x : tensor<8xf32>) offsets %offsets : tensor<?xi32> -> tensor<?x8xf32> {
    %0 = arith.addf %P, %Q : tensor<8xf32>
    %1 = arith.addf %0, %R : tensor<8xf32>
    %2 = arith.divf %0, %1 : tensor<8xf32>
    %c0 = arith.constant dense<1.0> : tensor<8xf32>
    %4 = arith.subf %c0, %2 : tensor<8xf32>
    %5 = arith.mulf %4, %0 : tensor<8xf32>
    %6 = arith.subf %z, %x : tensor<8xf32>
    %7 = arith.mulf %2, %6 : tensor<8xf32>
    %8 = arith.addf %x, %7 : tensor<8xf32>
    strand.yield %8 : tensor<8xf32> next %5, %8 : tensor<8xf32>, tensor<8xf32>
  }
  return %r : tensor<?x8xf32>
}
