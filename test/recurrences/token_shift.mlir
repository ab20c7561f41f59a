// Token shift of RWKV.
//
//   y = h + mu (x - h), h' = x.
//
// RUN: strand-opt %s -strand-infer-structure -verify-diagnostics -o /dev/null
// RUN: strand-check %s | FileCheck %s --implicit-check-not=wrong
// CHECK: token_shift: {{[7-9]|1[0-9]}} forms right

func.func @token_shift(%xs: tensor<?x8xf32>, %all_mu: tensor<8xf32> {check.range = [0.0, 1.0]},
    %offsets: tensor<?xi32>) -> tensor<?x8xf32> {
  // expected-remark @below {{h is a shift: h[i] = b[i]; becomes the row before}}
  %r = strand.scan rows(%x = %xs : tensor<?x8xf32>) with(%mu = %all_mu : tensor<8xf32>)
      carry(%p : tensor<8xf32>) offsets %offsets : tensor<?xi32> -> tensor<?x8xf32> {
    %0 = arith.subf %p, %x : tensor<8xf32>
    %1 = arith.mulf %mu, %0 : tensor<8xf32>
    %2 = arith.addf %x, %1 : tensor<8xf32>
    strand.yield %2 : tensor<8xf32> next %x : tensor<8xf32>
  }
  return %r : tensor<?x8xf32>
}
