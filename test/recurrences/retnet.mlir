// RetNet: one decay for all rows.
//
//   S' = g S + k v^T, y = S'^T q.
//
// RUN: strand-opt %s -strand-infer-structure -verify-diagnostics -o /dev/null
// RUN: strand-check %s | FileCheck %s --implicit-check-not=wrong
// CHECK: retnet: {{[7-9]|1[0-9]}} forms right

#ij_i = affine_map<(i, j) -> (i)>
#ij_ij = affine_map<(i, j) -> (i, j)>
#ij_j = affine_map<(i, j) -> (j)>

func.func @retnet(%qs: tensor<?x4xf32>, %ks: tensor<?x4xf32>, %vs: tensor<?x3xf32>,
    %all_g: tensor<f32> {check.range = [0.9, 0.99]}, %offsets: tensor<?xi32>) -> tensor<?x3xf32> {
  // expected-remark @below {{h is a decayed sum of outer products: h[i,j] = A * h[i,j] + k[i] * v[j]; becomes strand.linear_recurrence}}
  %r = strand.scan rows(%q = %qs : tensor<?x4xf32>, %k = %ks : tensor<?x4xf32>, %v = %vs : tensor<?x3xf32>)
      with(%g = %all_g : tensor<f32>)
      carry(%S : tensor<4x3xf32>) offsets %offsets : tensor<?xi32> -> tensor<?x3xf32> {
    %0 = tensor.empty() : tensor<4x3xf32>
    %1 = linalg.broadcast ins(%g : tensor<f32>) outs(%0 : tensor<4x3xf32>) dimensions = [0, 1]
    %2 = arith.mulf %1, %S : tensor<4x3xf32>
    %3 = tensor.empty() : tensor<4x3xf32>
    %4 = linalg.generic {indexing_maps = [#ij_i, #ij_j, #ij_ij], iterator_types = ["parallel", "parallel"]}
        ins(%k, %v : tensor<4xf32>, tensor<3xf32>) outs(%3 : tensor<4x3xf32>) {
    ^bb0(%p0: f32, %p1: f32, %acc: f32):
      %_m = arith.mulf %p0, %p1 : f32
      linalg.yield %_m : f32
    } -> tensor<4x3xf32>
    %5 = arith.addf %2, %4 : tensor<4x3xf32>
    %c0 = arith.constant dense<0.0> : tensor<3xf32>
    %7 = linalg.vecmat ins(%q, %5 : tensor<4xf32>, tensor<4x3xf32>) outs(%c0 : tensor<3xf32>) -> tensor<3xf32>
    strand.yield %7 : tensor<3xf32> next %5 : tensor<4x3xf32>
  }
  return %r : tensor<?x3xf32>
}
