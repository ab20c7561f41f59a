// GRU, the reset gate before the product.
//
//   c = tanh(W x + U (r h)), h' = (1 - z) h + z c.
//
// RUN: strand-opt %s -strand-infer-structure -verify-diagnostics -o /dev/null
// RUN: strand-check %s | FileCheck %s --implicit-check-not=wrong
// CHECK: gru: {{[7-9]|1[0-9]}} forms right

func.func @gru(%xs: tensor<?x8xf32>, %all_W0: tensor<8x8xf32> {check.range = [-0.35, 0.35]},
    %all_W1: tensor<8x8xf32> {check.range = [-0.35, 0.35]}, %all_W2: tensor<8x8xf32> {check.range = [-0.35, 0.35]},
    %all_U0: tensor<8x8xf32> {check.range = [-0.35, 0.35]}, %all_U1: tensor<8x8xf32> {check.range = [-0.35, 0.35]},
    %all_U2: tensor<8x8xf32> {check.range = [-0.35, 0.35]}, %offsets: tensor<?xi32>) -> tensor<?x8xf32> {
  // expected-remark @below {{h is not affine}}
  %r = strand.scan rows(%x = %xs : tensor<?x8xf32>)
      with(%W0 = %all_W0 : tensor<8x8xf32>, %W1 = %all_W1 : tensor<8x8xf32>, %W2 = %all_W2 : tensor<8x8xf32>,
           %U0 = %all_U0 : tensor<8x8xf32>, %U1 = %all_U1 : tensor<8x8xf32>, %U2 = %all_U2 : tensor<8x8xf32>)
      carry(%h : tensor<8xf32>) offsets %offsets : tensor<?xi32> -> tensor<?x8xf32> {
    %c0 = arith.constant dense<0.0> : tensor<8xf32>
    %1 = linalg.matvec ins(%W0, %x : tensor<8x8xf32>, tensor<8xf32>) outs(%c0 : tensor<8xf32>) -> tensor<8xf32>
    %2 = linalg.matvec ins(%U0, %h : tensor<8x8xf32>, tensor<8xf32>) outs(%c0 : tensor<8xf32>) -> tensor<8xf32>
    %3 = arith.addf %1, %2 : tensor<8xf32>
    %c1 = arith.constant dense<1.0> : tensor<8xf32>
    %5 = arith.negf %3 : tensor<8xf32>
    %6 = math.exp %5 : tensor<8xf32>
    %7 = arith.addf %c1, %6 : tensor<8xf32>
    %8 = arith.divf %c1, %7 : tensor<8xf32>
    %9 = linalg.matvec ins(%W1, %x : tensor<8x8xf32>, tensor<8xf32>) outs(%c0 : tensor<8xf32>) -> tensor<8xf32>
    %10 = linalg.matvec ins(%U1, %h : tensor<8x8xf32>, tensor<8xf32>) outs(%c0 : tensor<8xf32>) -> tensor<8xf32>
    %11 = arith.addf %9, %10 : tensor<8xf32>
    %12 = arith.negf %11 : tensor<8xf32>
    // expected-remark @below {{math.exp is applied to what depends on h, so h stays a scan}}
    %13 = math.exp %12 : tensor<8xf32>
    %14 = arith.addf %c1, %13 : tensor<8xf32>
    %15 = arith.divf %c1, %14 : tensor<8xf32>
    %16 = linalg.matvec ins(%W2, %x : tensor<8x8xf32>, tensor<8xf32>) outs(%c0 : tensor<8xf32>) -> tensor<8xf32>
    %17 = arith.mulf %8, %h : tensor<8xf32>
    %18 = linalg.matvec ins(%U2, %17 : tensor<8x8xf32>, tensor<8xf32>) outs(%c0 : tensor<8xf32>) -> tensor<8xf32>
    %19 = arith.addf %16, %18 : tensor<8xf32>
    %20 = math.tanh %19 : tensor<8xf32>
    %21 = arith.mulf %15, %h : tensor<8xf32>
    %22 = arith.subf %c1, %15 : tensor<8xf32>
    %23 = arith.mulf %22, %20 : tensor<8xf32>
    %24 = arith.addf %21, %23 : tensor<8xf32>
    strand.yield %24 : tensor<8xf32> next %24 : tensor<8xf32>
  }
  return %r : tensor<?x8xf32>
}
