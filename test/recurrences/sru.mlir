// SRU, its forget gate looks at the old cell.
//
//   f = sigmoid(V x + v c), c' = f c + (1 - f) W x.
//
// RUN: strand-opt %s -strand-infer-structure -verify-diagnostics -o /dev/null
// RUN: strand-check %s | FileCheck %s --implicit-check-not=wrong
// CHECK: sru: {{[7-9]|1[0-9]}} forms right

func.func @sru(%xs: tensor<?x8xf32>, %all_W: tensor<8x8xf32> {check.range = [-0.35, 0.35]},
    %all_Vw: tensor<8x8xf32> {check.range = [-0.35, 0.35]}, %all_v: tensor<8xf32> {check.range = [-1.0, 1.0]},
    %offsets: tensor<?xi32>) -> tensor<?x8xf32> {
  // expected-remark @below {{h is not affine}}
  %r = strand.scan rows(%x = %xs : tensor<?x8xf32>)
      with(%W = %all_W : tensor<8x8xf32>, %Vw = %all_Vw : tensor<8x8xf32>, %v = %all_v : tensor<8xf32>)
      carry(%c : tensor<8xf32>) offsets %offsets : tensor<?xi32> -> tensor<?x8xf32> {
    %c0 = arith.constant dense<0.0> : tensor<8xf32>
    %1 = linalg.matvec ins(%Vw, %x : tensor<8x8xf32>, tensor<8xf32>) outs(%c0 : tensor<8xf32>) -> tensor<8xf32>
    %2 = arith.mulf %v, %c : tensor<8xf32>
    %3 = arith.addf %1, %2 : tensor<8xf32>
    %c1 = arith.constant dense<1.0> : tensor<8xf32>
    %5 = arith.negf %3 : tensor<8xf32>
    // expected-remark @below {{math.exp is applied to what depends on h, so h stays a scan}}
    %6 = math.exp %5 : tensor<8xf32>
    %7 = arith.addf %c1, %6 : tensor<8xf32>
    %8 = arith.divf %c1, %7 : tensor<8xf32>
    %9 = arith.mulf %8, %c : tensor<8xf32>
    %10 = arith.subf %c1, %8 : tensor<8xf32>
    %11 = linalg.matvec ins(%W, %x : tensor<8x8xf32>, tensor<8xf32>) outs(%c0 : tensor<8xf32>) -> tensor<8xf32>
    %12 = arith.mulf %10, %11 : tensor<8xf32>
    %13 = arith.addf %9, %12 : tensor<8xf32>
    strand.yield %13 : tensor<8xf32> next %13 : tensor<8xf32>
  }
  return %r : tensor<?x8xf32>
}
