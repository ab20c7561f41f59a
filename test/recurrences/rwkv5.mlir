// RWKV-5, one decay a channel for all rows, read before written.
//
//   y = (S + Diag(u) k v^T)^T r, S' = Diag(w) S + k v^T.
//
// RUN: strand-opt %s -strand-infer-structure -verify-diagnostics -o /dev/null
// RUN: strand-check %s | FileCheck %s --implicit-check-not=wrong
// CHECK: rwkv5: {{[7-9]|1[0-9]}} forms right

#ij_i = affine_map<(i, j) -> (i)>
#ij_ij = affine_map<(i, j) -> (i, j)>
#ij_j = affine_map<(i, j) -> (j)>

func.func @rwkv5(%rs: tensor<?x4xf32>, %ks: tensor<?x4xf32>, %vs: tensor<?x3xf32>,
    %all_w: tensor<4xf32> {check.range = [0.3, 0.99]}, %all_u: tensor<4xf32>, %offsets: tensor<?xi32>)
    -> tensor<?x3xf32> {
  // expected-remark @below {{h is a decayed sum of outer products: h[i,j] = A[i] * h[i,j] + k[i] * v[j]}}
  %y = strand.scan rows(%r = %rs : tensor<?x4xf32>, %k = %ks : tensor<?x4xf32>, %v = %vs : tensor<?x3xf32>)
      with(%w = %all_w : tensor<4xf32>, %u = %all_u : tensor<4xf32>)
      carry(%S : tensor<4x3xf32>) offsets %offsets : tensor<?xi32> -> tensor<?x3xf32> {
    %e0 = tensor.empty() : tensor<4x3xf32>
    %kv = linalg.generic {indexing_maps = [#ij_i, #ij_j, #ij_ij], iterator_types = ["parallel", "parallel"]}
        ins(%k, %v : tensor<4xf32>, tensor<3xf32>) outs(%e0 : tensor<4x3xf32>) {
    ^bb0(%akv: f32, %bkv: f32, %okv: f32):
      %mkv = arith.mulf %akv, %bkv : f32
      linalg.yield %mkv : f32
    } -> tensor<4x3xf32>
    %0 = linalg.broadcast ins(%u : tensor<4xf32>) outs(%e0 : tensor<4x3xf32>) dimensions = [1]
    %1 = arith.mulf %0, %kv : tensor<4x3xf32>
    %2 = arith.addf %S, %1 : tensor<4x3xf32>
    %c0 = arith.constant dense<0.0> : tensor<3xf32>
    %3 = linalg.vecmat ins(%r, %2 : tensor<4xf32>, tensor<4x3xf32>) outs(%c0 : tensor<3xf32>) -> tensor<3xf32>
    %4 = linalg.broadcast ins(%w : tensor<4xf32>) outs(%e0 : tensor<4x3xf32>) dimensions = [1]
    %5 = arith.mulf %4, %S : tensor<4x3xf32>
    %6 = arith.addf %5, %kv : tensor<4x3xf32>
    strand.yield %3 : tensor<3xf32> next %6 : tensor<4x3xf32>
  }
  return %y : tensor<?x3xf32>
}
