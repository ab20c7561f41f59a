// LRU, real and imaginary part as two carried values.
//
//   h' = exp(-exp(nu) + i th) h + B u, y = Re(C h).
//
// RUN: strand-opt %s -strand-infer-structure -verify-diagnostics -o /dev/null
// RUN: strand-check %s | FileCheck %s --implicit-check-not=wrong
// CHECK: lru: {{[7-9]|1[0-9]}} forms right

func.func @lru(%us: tensor<?x8xf32>, %all_nu: tensor<8xf32> {check.range = [-5.0, 1.0]},
    %all_th: tensor<8xf32> {check.range = [0.0, 3.0]}, %all_Br: tensor<8x8xf32>, %all_Bi: tensor<8x8xf32>,
    %all_Cr: tensor<8x8xf32>, %all_Ci: tensor<8x8xf32>, %offsets: tensor<?xi32>) -> tensor<?x8xf32> {
  // expected-remark @below {{h0 is complex diagonal: h0[i] = A0[i] * h0[i] + A1[i] * h1[i] + b[i]; becomes strand.complex_recurrence}}
  // expected-remark @below {{h1 is complex diagonal: h1[i] = A0[i] * h0[i] + A1[i] * h1[i] + b[i]; becomes strand.complex_recurrence}}
  %r = strand.scan rows(%u = %us : tensor<?x8xf32>)
      with(%nu = %all_nu : tensor<8xf32>, %th = %all_th : tensor<8xf32>, %Br = %all_Br : tensor<8x8xf32>,
           %Bi = %all_Bi : tensor<8x8xf32>, %Cr = %all_Cr : tensor<8x8xf32>, %Ci = %all_Ci : tensor<8x8xf32>)
      carry(%re : tensor<8xf32>, %im : tensor<8xf32>) offsets %offsets : tensor<?xi32> -> tensor<?x8xf32> {
    %0 = math.exp %nu : tensor<8xf32>
    %1 = arith.negf %0 : tensor<8xf32>
    %2 = math.exp %1 : tensor<8xf32>
    %3 = math.cos %th : tensor<8xf32>
    %4 = arith.mulf %2, %3 : tensor<8xf32>
    %5 = math.sin %th : tensor<8xf32>
    %6 = arith.mulf %2, %5 : tensor<8xf32>
    %7 = arith.mulf %4, %re : tensor<8xf32>
    %8 = arith.mulf %6, %im : tensor<8xf32>
    %9 = arith.subf %7, %8 : tensor<8xf32>
    %c0 = arith.constant dense<0.0> : tensor<8xf32>
    %11 = linalg.matvec ins(%Br, %u : tensor<8x8xf32>, tensor<8xf32>) outs(%c0 : tensor<8xf32>) -> tensor<8xf32>
    %12 = arith.addf %9, %11 : tensor<8xf32>
    %13 = arith.mulf %6, %re : tensor<8xf32>
    %14 = arith.mulf %4, %im : tensor<8xf32>
    %15 = arith.addf %13, %14 : tensor<8xf32>
    %16 = linalg.matvec ins(%Bi, %u : tensor<8x8xf32>, tensor<8xf32>) outs(%c0 : tensor<8xf32>) -> tensor<8xf32>
    %17 = arith.addf %15, %16 : tensor<8xf32>
    %c1 = arith.constant dense<0.0> : tensor<8xf32>
    %19 = linalg.matvec ins(%Cr, %12 : tensor<8x8xf32>, tensor<8xf32>) outs(%c1 : tensor<8xf32>) -> tensor<8xf32>
    %20 = linalg.matvec ins(%Ci, %17 : tensor<8x8xf32>, tensor<8xf32>) outs(%c1 : tensor<8xf32>) -> tensor<8xf32>
    %21 = arith.subf %19, %20 : tensor<8xf32>
    strand.yield %21 : tensor<8xf32> next %12, %17 : tensor<8xf32>, tensor<8xf32>
  }
  return %r : tensor<?x8xf32>
}
