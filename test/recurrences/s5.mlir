// S5, one complex diagonal system for all channels, with steps of a length of their own.
//
//   h' = exp(dt (-exp(a) + i w)) h + dt B u,  y = Re(C h') + D u.
//
// RUN: strand-opt %s -strand-infer-structure -verify-diagnostics -o /dev/null
// RUN: strand-check %s | FileCheck %s --implicit-check-not=wrong
// CHECK: s5: {{[7-9]|1[0-9]}} forms right

func.func @s5(%us: tensor<?x3xf32>, %dts: tensor<?x8xf32> {check.range = [0.001, 4.0]},
    %all_a: tensor<8xf32> {check.range = [-3.0, 1.0]}, %all_w: tensor<8xf32> {check.range = [-3.0, 3.0]},
    %all_Br: tensor<8x3xf32>, %all_Bi: tensor<8x3xf32>, %all_Cr: tensor<3x8xf32>, %all_Ci: tensor<3x8xf32>,
    %all_D: tensor<3xf32>, %offsets: tensor<?xi32>) -> tensor<?x3xf32> {
  // expected-remark @below {{h0 is complex diagonal: h0[i] = a0[i] * h0[i] + a1[i] * h1[i] + b[i]; becomes strand.complex_recurrence}}
  // expected-remark @below {{h1 is complex diagonal: h1[i] = a0[i] * h0[i] + a1[i] * h1[i] + b[i]; becomes strand.complex_recurrence}}
  %r = strand.scan rows(%u = %us : tensor<?x3xf32>, %dt = %dts : tensor<?x8xf32>)
      with(%a = %all_a : tensor<8xf32>, %w = %all_w : tensor<8xf32>, %Br = %all_Br : tensor<8x3xf32>,
           %Bi = %all_Bi : tensor<8x3xf32>, %Cr = %all_Cr : tensor<3x8xf32>, %Ci = %all_Ci : tensor<3x8xf32>,
           %D = %all_D : tensor<3xf32>)
      carry(%re : tensor<8xf32>, %im : tensor<8xf32>) offsets %offsets : tensor<?xi32> -> tensor<?x3xf32> {
    %0 = math.exp %a : tensor<8xf32>
    %1 = arith.mulf %dt, %0 : tensor<8xf32>
    %2 = arith.negf %1 : tensor<8xf32>
    %rho = math.exp %2 : tensor<8xf32>
    %theta = arith.mulf %dt, %w : tensor<8xf32>
    %cos = math.cos %theta : tensor<8xf32>
    %sin = math.sin %theta : tensor<8xf32>
    %ar = arith.mulf %rho, %cos : tensor<8xf32>
    %ai = arith.mulf %rho, %sin : tensor<8xf32>
    %zero = arith.constant dense<0.0> : tensor<8xf32>
    %bu = linalg.matvec ins(%Br, %u : tensor<8x3xf32>, tensor<3xf32>) outs(%zero : tensor<8xf32>) -> tensor<8xf32>
    %bui = linalg.matvec ins(%Bi, %u : tensor<8x3xf32>, tensor<3xf32>) outs(%zero : tensor<8xf32>) -> tensor<8xf32>
    %3 = arith.mulf %ar, %re : tensor<8xf32>
    %4 = arith.mulf %ai, %im : tensor<8xf32>
    %5 = arith.subf %3, %4 : tensor<8xf32>
    %6 = arith.mulf %dt, %bu : tensor<8xf32>
    %re1 = arith.addf %5, %6 : tensor<8xf32>
    %7 = arith.mulf %ai, %re : tensor<8xf32>
    %8 = arith.mulf %ar, %im : tensor<8xf32>
    %9 = arith.addf %7, %8 : tensor<8xf32>
    %10 = arith.mulf %dt, %bui : tensor<8xf32>
    %im1 = arith.addf %9, %10 : tensor<8xf32>
    %11 = arith.mulf %D, %u : tensor<3xf32>
    %12 = linalg.matvec ins(%Cr, %re1 : tensor<3x8xf32>, tensor<8xf32>) outs(%11 : tensor<3xf32>) -> tensor<3xf32>
    %none = arith.constant dense<0.0> : tensor<3xf32>
    %13 = linalg.matvec ins(%Ci, %im1 : tensor<3x8xf32>, tensor<8xf32>) outs(%none : tensor<3xf32>) -> tensor<3xf32>
    %14 = arith.subf %12, %13 : tensor<3xf32>
    strand.yield %14 : tensor<3xf32> next %re1, %im1 : tensor<8xf32>, tensor<8xf32>
  }
  return %r : tensor<?x3xf32>
}
