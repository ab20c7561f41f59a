// QRNN with forget and output gate.
//
//   h' = f h + (1 - f) z, y = o h.
//
// RUN: strand-opt %s -strand-infer-structure -verify-diagnostics -o /dev/null
// RUN: strand-check %s | FileCheck %s --implicit-check-not=wrong
// CHECK: qrnn: {{[7-9]|1[0-9]}} forms right

func.func @qrnn(%zs: tensor<?x8xf32>, %fs: tensor<?x8xf32> {check.range = [-8.0, 8.0]},
    %os: tensor<?x8xf32> {check.range = [-8.0, 8.0]}, %offsets: tensor<?xi32>) -> tensor<?x8xf32> {
  // expected-remark @below {{h is diagonal: h[i] = exp(g[i]) * h[i] + b[i]; becomes strand.linear_recurrence}}
  %r = strand.scan rows(%z = %zs : tensor<?x8xf32>, %f = %fs : tensor<?x8xf32>, %o = %os : tensor<?x8xf32>)
      carry(%c : tensor<8xf32>) offsets %offsets : tensor<?xi32> -> tensor<?x8xf32> {
    %c0 = arith.constant dense<1.0> : tensor<8xf32>
    %1 = arith.negf %f : tensor<8xf32>
    %2 = math.exp %1 : tensor<8xf32>
    %3 = arith.addf %c0, %2 : tensor<8xf32>
    %4 = arith.divf %c0, %3 : tensor<8xf32>
    %5 = arith.mulf %4, %c : tensor<8xf32>
    %6 = arith.subf %c0, %4 : tensor<8xf32>
    %7 = math.tanh %z : tensor<8xf32>
    %8 = arith.mulf %6, %7 : tensor<8xf32>
    %9 = arith.addf %5, %8 : tensor<8xf32>
    %10 = arith.negf %o : tensor<8xf32>
    %11 = math.exp %10 : tensor<8xf32>
    %12 = arith.addf %c0, %11 : tensor<8xf32>
    %13 = arith.divf %c0, %12 : tensor<8xf32>
    %14 = math.tanh %9 : tensor<8xf32>
    %15 = arith.mulf %13, %14 : tensor<8xf32>
    strand.yield %15 : tensor<8xf32> next %9 : tensor<8xf32>
  }
  return %r : tensor<?x8xf32>
}
