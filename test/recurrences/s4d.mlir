// S4D, real part of one conjugate pair a channel: an LTI diagonal with N complex states a channel.
//
//   h'[d,n] = exp(dt[d] (-exp(A[d,n]) + i w[d,n])) h[d,n] + x[d],  y[d] = sum_n Cr[d,n] Re h - Ci[d,n] Im h.
//
// RUN: strand-opt %s -strand-infer-structure -verify-diagnostics -o /dev/null
// RUN: strand-check %s | FileCheck %s --implicit-check-not=wrong
// CHECK: s4d: {{[7-9]|1[0-9]}} forms right

func.func @s4d(%xs: tensor<?x6xf32>, %all_a: tensor<6x4xf32> {check.range = [-4.0, 1.0]},
    %all_w: tensor<6x4xf32> {check.range = [0.0, 3.0]}, %all_Cr: tensor<6x4xf32>, %all_Ci: tensor<6x4xf32>,
    %offsets: tensor<?xi32>) -> tensor<?x6xf32> {
  // expected-remark @below {{h0 is complex diagonal: h0[i,j] = A0[i,j] * h0[i,j] + A1[i,j] * h1[i,j] + b[i]; becomes strand.complex_recurrence}}
  // expected-remark @below {{h1 is complex diagonal: h1[i,j] = A0[i,j] * h0[i,j] + A1[i,j] * h1[i,j]; becomes strand.complex_recurrence}}
  %r = strand.scan rows(%x = %xs : tensor<?x6xf32>)
      with(%a = %all_a : tensor<6x4xf32>, %w = %all_w : tensor<6x4xf32>, %Cr = %all_Cr : tensor<6x4xf32>,
           %Ci = %all_Ci : tensor<6x4xf32>)
      carry(%re : tensor<6x4xf32>, %im : tensor<6x4xf32>) offsets %offsets : tensor<?xi32> -> tensor<?x6xf32> {
    %0 = math.exp %a : tensor<6x4xf32>
    %1 = arith.negf %0 : tensor<6x4xf32>
    %rho = math.exp %1 : tensor<6x4xf32>
    %2 = math.cos %w : tensor<6x4xf32>
    %c = arith.mulf %rho, %2 : tensor<6x4xf32>
    %3 = math.sin %w : tensor<6x4xf32>
    %s = arith.mulf %rho, %3 : tensor<6x4xf32>
    %4 = arith.mulf %c, %re : tensor<6x4xf32>
    %5 = arith.mulf %s, %im : tensor<6x4xf32>
    %6 = arith.subf %4, %5 : tensor<6x4xf32>
    %e = tensor.empty() : tensor<6x4xf32>
    %xn = linalg.broadcast ins(%x : tensor<6xf32>) outs(%e : tensor<6x4xf32>) dimensions = [1]
    %re1 = arith.addf %6, %xn : tensor<6x4xf32>
    %7 = arith.mulf %s, %re : tensor<6x4xf32>
    %8 = arith.mulf %c, %im : tensor<6x4xf32>
    %im1 = arith.addf %7, %8 : tensor<6x4xf32>
    %9 = arith.mulf %Cr, %re1 : tensor<6x4xf32>
    %10 = arith.mulf %Ci, %im1 : tensor<6x4xf32>
    %11 = arith.subf %9, %10 : tensor<6x4xf32>
    %zero = arith.constant dense<0.0> : tensor<6xf32>
    %y = linalg.reduce ins(%11 : tensor<6x4xf32>) outs(%zero : tensor<6xf32>) dimensions = [1]
      (%in: f32, %acc: f32) {
        %sum = arith.addf %in, %acc : f32
        linalg.yield %sum : f32
      }
    strand.yield %y : tensor<6xf32> next %re1, %im1 : tensor<6x4xf32>, tensor<6x4xf32>
  }
  return %r : tensor<?x6xf32>
}
