// Longhorn: how much is forgotten follows from the key.
//
//   d = beta / (1 + beta |k|^2), S'[i,j] = (1 - d[i] k[j]^2) S[i,j] + d[i] x[i] k[j], y = S' q.
//
// RUN: strand-opt %s -strand-infer-structure -verify-diagnostics -o /dev/null
// RUN: strand-check %s | FileCheck %s --implicit-check-not=wrong
// CHECK: longhorn: {{[7-9]|1[0-9]}} forms right

#ij_i = affine_map<(i, j) -> (i)>
#ij_ij = affine_map<(i, j) -> (i, j)>
#ij_j = affine_map<(i, j) -> (j)>

func.func @longhorn(%xs: tensor<?x4xf32>, %betas: tensor<?x4xf32> {check.range = [0.0, 4.0]}, %ks: tensor<?x3xf32>,
    %qs: tensor<?x3xf32>, %offsets: tensor<?xi32>) -> tensor<?x4xf32> {
  // expected-remark @below {{h is a decayed sum of outer products: h[i,j] = a[i,j] * h[i,j] + k[i] * v[j]}}
  %r = strand.scan rows(%x = %xs : tensor<?x4xf32>, %beta = %betas : tensor<?x4xf32>, %k = %ks : tensor<?x3xf32>,
           %q = %qs : tensor<?x3xf32>)
      carry(%S : tensor<4x3xf32>) offsets %offsets : tensor<?xi32> -> tensor<?x4xf32> {
    %c0 = arith.constant dense<0.0> : tensor<f32>
    %0 = linalg.dot ins(%k, %k : tensor<3xf32>, tensor<3xf32>) outs(%c0 : tensor<f32>) -> tensor<f32>
    %e4 = tensor.empty() : tensor<4xf32>
    %1 = linalg.broadcast ins(%0 : tensor<f32>) outs(%e4 : tensor<4xf32>) dimensions = [0]
    %2 = arith.mulf %beta, %1 : tensor<4xf32>
    %one = arith.constant dense<1.0> : tensor<4xf32>
    %3 = arith.addf %one, %2 : tensor<4xf32>
    %d = arith.divf %beta, %3 : tensor<4xf32>
    %kk = arith.mulf %k, %k : tensor<3xf32>
    %e0 = tensor.empty() : tensor<4x3xf32>
    %dkk = linalg.generic {indexing_maps = [#ij_i, #ij_j, #ij_ij], iterator_types = ["parallel", "parallel"]}
        ins(%d, %kk : tensor<4xf32>, tensor<3xf32>) outs(%e0 : tensor<4x3xf32>) {
    ^bb0(%adkk: f32, %bdkk: f32, %odkk: f32):
      %mdkk = arith.mulf %adkk, %bdkk : f32
      linalg.yield %mdkk : f32
    } -> tensor<4x3xf32>
    %ones = arith.constant dense<1.0> : tensor<4x3xf32>
    %a = arith.subf %ones, %dkk : tensor<4x3xf32>
    %4 = arith.mulf %a, %S : tensor<4x3xf32>
    %dx = arith.mulf %d, %x : tensor<4xf32>
    %e1 = tensor.empty() : tensor<4x3xf32>
    %b = linalg.generic {indexing_maps = [#ij_i, #ij_j, #ij_ij], iterator_types = ["parallel", "parallel"]}
        ins(%dx, %k : tensor<4xf32>, tensor<3xf32>) outs(%e1 : tensor<4x3xf32>) {
    ^bb0(%ab: f32, %bb: f32, %ob: f32):
      %mb = arith.mulf %ab, %bb : f32
      linalg.yield %mb : f32
    } -> tensor<4x3xf32>
    %5 = arith.addf %4, %b : tensor<4x3xf32>
    %c1 = arith.constant dense<0.0> : tensor<4xf32>
    %6 = linalg.matvec ins(%5, %q : tensor<4x3xf32>, tensor<3xf32>) outs(%c1 : tensor<4xf32>) -> tensor<4xf32>
    strand.yield %6 : tensor<4xf32> next %5 : tensor<4x3xf32>
  }
  return %r : tensor<?x4xf32>
}
