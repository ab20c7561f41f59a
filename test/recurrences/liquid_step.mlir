// A leaky integrator in explicit Euler steps of a length of their own.
//
//   h' = h + dt (A h + B x).
//
// RUN: strand-opt %s -strand-infer-structure -verify-diagnostics -o /dev/null
// RUN: strand-check %s | FileCheck %s --implicit-check-not=wrong
// CHECK: liquid_step: {{[7-9]|1[0-9]}} forms right

func.func @liquid_step(%dts: tensor<?x8xf32> {check.range = [0.001, 0.9]}, %xs: tensor<?x8xf32>,
    %all_A: tensor<8xf32> {check.range = [-2.0, -0.1]}, %all_Bw: tensor<8xf32>, %offsets: tensor<?xi32>) -> tensor<?x8xf32> {
  // expected-remark @below {{h is diagonal: h[i] = a[i] * h[i] + b[i]; becomes strand.linear_recurrence}}
  %r = strand.scan rows(%dt = %dts : tensor<?x8xf32>, %x = %xs : tensor<?x8xf32>)
      with(%A = %all_A : tensor<8xf32>, %Bw = %all_Bw : tensor<8xf32>)
      carry(%h : tensor<8xf32>) offsets %offsets : tensor<?xi32> -> tensor<?x8xf32> {
    %0 = arith.mulf %A, %h : tensor<8xf32>
    %1 = arith.mulf %Bw, %x : tensor<8xf32>
    %2 = arith.addf %0, %1 : tensor<8xf32>
    %3 = arith.mulf %dt, %2 : tensor<8xf32>
    %4 = arith.addf %h, %3 : tensor<8xf32>
    strand.yield %4 : tensor<8xf32> next %4 : tensor<8xf32>
  }
  return %r : tensor<?x8xf32>
}
