// GRU, the reset gate behind the product.
//
//   c = tanh(x_c + r (U h + b)), h' = z h + (1 - z) c, gates of x alone and a product with h.
//
// RUN: strand-opt %s -strand-infer-structure -verify-diagnostics -o /dev/null
// RUN: strand-check %s | FileCheck %s --implicit-check-not=wrong
// CHECK: gru_reset_after: {{[7-9]|1[0-9]}} forms right

func.func @gru_reset_after(%zs: tensor<?x8xf32>, %rs: tensor<?x8xf32>, %cs: tensor<?x8xf32>,
    %all_Uz: tensor<8x8xf32> {check.range = [-0.35, 0.35]}, %all_U: tensor<8x8xf32> {check.range = [-0.35, 0.35]},
    %all_b: tensor<8xf32>, %offsets: tensor<?xi32>) -> tensor<?x8xf32> {
  // expected-remark @below {{h is not affine}}
  %y = strand.scan rows(%xz = %zs : tensor<?x8xf32>, %xr = %rs : tensor<?x8xf32>, %xc = %cs : tensor<?x8xf32>)
      with(%Uz = %all_Uz : tensor<8x8xf32>, %U = %all_U : tensor<8x8xf32>, %b = %all_b : tensor<8xf32>)
      carry(%h : tensor<8xf32>) offsets %offsets : tensor<?xi32> -> tensor<?x8xf32> {
    %one = arith.constant dense<1.0> : tensor<8xf32>
    %0 = linalg.matvec ins(%Uz, %h : tensor<8x8xf32>, tensor<8xf32>) outs(%xz : tensor<8xf32>) -> tensor<8xf32>
    %1 = arith.negf %0 : tensor<8xf32>
    // expected-remark @below {{math.exp is applied to what depends on h, so h stays a scan}}
    %2 = math.exp %1 : tensor<8xf32>
    %3 = arith.addf %one, %2 : tensor<8xf32>
    %z = arith.divf %one, %3 : tensor<8xf32>
    %4 = arith.negf %xr : tensor<8xf32>
    %5 = math.exp %4 : tensor<8xf32>
    %6 = arith.addf %one, %5 : tensor<8xf32>
    %r = arith.divf %one, %6 : tensor<8xf32>
    %7 = linalg.matvec ins(%U, %h : tensor<8x8xf32>, tensor<8xf32>) outs(%b : tensor<8xf32>) -> tensor<8xf32>
    %8 = arith.mulf %r, %7 : tensor<8xf32>
    %9 = arith.addf %xc, %8 : tensor<8xf32>
    %c = math.tanh %9 : tensor<8xf32>
    %10 = arith.mulf %z, %h : tensor<8xf32>
    %11 = arith.subf %one, %z : tensor<8xf32>
    %12 = arith.mulf %11, %c : tensor<8xf32>
    %13 = arith.addf %10, %12 : tensor<8xf32>
    strand.yield %13 : tensor<8xf32> next %13 : tensor<8xf32>
  }
  return %y : tensor<?x8xf32>
}
