// LSTM.
//
//   c' = f c + i g, h' = o tanh(c').
//
// RUN: strand-opt %s -strand-infer-structure -verify-diagnostics -o /dev/null
// RUN: strand-check %s | FileCheck %s --implicit-check-not=wrong
// CHECK: lstm: {{[7-9]|1[0-9]}} forms right

func.func @lstm(%xs: tensor<?x8xf32>, %all_W0: tensor<8x8xf32> {check.range = [-0.35, 0.35]},
    %all_W1: tensor<8x8xf32> {check.range = [-0.35, 0.35]}, %all_W2: tensor<8x8xf32> {check.range = [-0.35, 0.35]},
    %all_W3: tensor<8x8xf32> {check.range = [-0.35, 0.35]}, %all_U0: tensor<8x8xf32> {check.range = [-0.35, 0.35]},
    %all_U1: tensor<8x8xf32> {check.range = [-0.35, 0.35]}, %all_U2: tensor<8x8xf32> {check.range = [-0.35, 0.35]},
    %all_U3: tensor<8x8xf32> {check.range = [-0.35, 0.35]}, %offsets: tensor<?xi32>) -> tensor<?x8xf32> {
  // expected-remark @below {{h0 is not affine}}
  // expected-remark @below {{h1 is not affine}}
  %r = strand.scan rows(%x = %xs : tensor<?x8xf32>)
      with(%W0 = %all_W0 : tensor<8x8xf32>, %W1 = %all_W1 : tensor<8x8xf32>, %W2 = %all_W2 : tensor<8x8xf32>,
           %W3 = %all_W3 : tensor<8x8xf32>, %U0 = %all_U0 : tensor<8x8xf32>, %U1 = %all_U1 : tensor<8x8xf32>,
           %U2 = %all_U2 : tensor<8x8xf32>, %U3 = %all_U3 : tensor<8x8xf32>)
      carry(%h : tensor<8xf32>, %c : tensor<8xf32>) offsets %offsets : tensor<?xi32> -> tensor<?x8xf32> {
    %c0 = arith.constant dense<0.0> : tensor<8xf32>
    %1 = linalg.matvec ins(%W0, %x : tensor<8x8xf32>, tensor<8xf32>) outs(%c0 : tensor<8xf32>) -> tensor<8xf32>
    %2 = linalg.matvec ins(%U0, %h : tensor<8x8xf32>, tensor<8xf32>) outs(%c0 : tensor<8xf32>) -> tensor<8xf32>
    %3 = arith.addf %1, %2 : tensor<8xf32>
    %4 = linalg.matvec ins(%W1, %x : tensor<8x8xf32>, tensor<8xf32>) outs(%c0 : tensor<8xf32>) -> tensor<8xf32>
    %5 = linalg.matvec ins(%U1, %h : tensor<8x8xf32>, tensor<8xf32>) outs(%c0 : tensor<8xf32>) -> tensor<8xf32>
    %6 = arith.addf %4, %5 : tensor<8xf32>
    %7 = linalg.matvec ins(%W2, %x : tensor<8x8xf32>, tensor<8xf32>) outs(%c0 : tensor<8xf32>) -> tensor<8xf32>
    %8 = linalg.matvec ins(%U2, %h : tensor<8x8xf32>, tensor<8xf32>) outs(%c0 : tensor<8xf32>) -> tensor<8xf32>
    %9 = arith.addf %7, %8 : tensor<8xf32>
    %10 = linalg.matvec ins(%W3, %x : tensor<8x8xf32>, tensor<8xf32>) outs(%c0 : tensor<8xf32>) -> tensor<8xf32>
    %11 = linalg.matvec ins(%U3, %h : tensor<8x8xf32>, tensor<8xf32>) outs(%c0 : tensor<8xf32>) -> tensor<8xf32>
    %12 = arith.addf %10, %11 : tensor<8xf32>
    %c1 = arith.constant dense<1.0> : tensor<8xf32>
    %14 = arith.negf %6 : tensor<8xf32>
    %15 = math.exp %14 : tensor<8xf32>
    %16 = arith.addf %c1, %15 : tensor<8xf32>
    %17 = arith.divf %c1, %16 : tensor<8xf32>
    %18 = arith.mulf %17, %c : tensor<8xf32>
    %19 = arith.negf %3 : tensor<8xf32>
    %20 = math.exp %19 : tensor<8xf32>
    %21 = arith.addf %c1, %20 : tensor<8xf32>
    %22 = arith.divf %c1, %21 : tensor<8xf32>
    %23 = math.tanh %9 : tensor<8xf32>
    %24 = arith.mulf %22, %23 : tensor<8xf32>
    %25 = arith.addf %18, %24 : tensor<8xf32>
    %26 = arith.negf %12 : tensor<8xf32>
    // expected-remark @below {{math.exp is applied to what depends on h0, so h0 stays a scan}}
    // expected-remark @below {{math.exp is applied to what depends on h1, so h1 stays a scan}}
    %27 = math.exp %26 : tensor<8xf32>
    %28 = arith.addf %c1, %27 : tensor<8xf32>
    %29 = arith.divf %c1, %28 : tensor<8xf32>
    %30 = math.tanh %25 : tensor<8xf32>
    %31 = arith.mulf %29, %30 : tensor<8xf32>
    strand.yield %31 : tensor<8xf32> next %31, %25 : tensor<8xf32>, tensor<8xf32>
  }
  return %r : tensor<?x8xf32>
}
