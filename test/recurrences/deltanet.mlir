// DeltaNet.
//
//   S' = S + beta k (v - S^T k)^T, y = S'^T q.
//
// RUN: strand-opt %s -strand-infer-structure -verify-diagnostics -o /dev/null
// RUN: strand-check %s | FileCheck %s --implicit-check-not=wrong
// CHECK: deltanet: {{[7-9]|1[0-9]}} forms right

#ij_i = affine_map<(i, j) -> (i)>
#ij_ij = affine_map<(i, j) -> (i, j)>
#ij_j = affine_map<(i, j) -> (j)>

func.func @deltanet(%qs: tensor<?x4xf32>, %ks: tensor<?x4xf32> {check.range = [-0.5, 0.5]}, %vs: tensor<?x3xf32>,
    %bs: tensor<?xf32> {check.range = [0.0, 2.0]}, %offsets: tensor<?xi32>) -> tensor<?x3xf32> {
  // expected-remark @below {{h is identity plus rank 1 (delta rule): h[i,j] = h[i,j] + l[i] * sum_x r[x] * h[x,j] + k[i] * v[j]; becomes strand.delta_rule}}
  %r = strand.scan rows(%q = %qs : tensor<?x4xf32>, %k = %ks : tensor<?x4xf32>, %v = %vs : tensor<?x3xf32>,
           %b = %bs : tensor<?xf32>)
      carry(%S : tensor<4x3xf32>) offsets %offsets : tensor<?xi32> -> tensor<?x3xf32> {
    %c0 = arith.constant dense<0.0> : tensor<3xf32>
    %1 = linalg.vecmat ins(%k, %S : tensor<4xf32>, tensor<4x3xf32>) outs(%c0 : tensor<3xf32>) -> tensor<3xf32>
    %2 = arith.subf %v, %1 : tensor<3xf32>
    %3 = tensor.empty() : tensor<4xf32>
    %4 = linalg.broadcast ins(%b : tensor<f32>) outs(%3 : tensor<4xf32>) dimensions = [0]
    %5 = arith.mulf %4, %k : tensor<4xf32>
    %6 = tensor.empty() : tensor<4x3xf32>
    %7 = linalg.generic {indexing_maps = [#ij_i, #ij_j, #ij_ij], iterator_types = ["parallel", "parallel"]}
        ins(%5, %2 : tensor<4xf32>, tensor<3xf32>) outs(%6 : tensor<4x3xf32>) {
    ^bb0(%p0: f32, %p1: f32, %acc: f32):
      %_m = arith.mulf %p0, %p1 : f32
      linalg.yield %_m : f32
    } -> tensor<4x3xf32>
    %8 = arith.addf %S, %7 : tensor<4x3xf32>
    %9 = linalg.vecmat ins(%q, %8 : tensor<4xf32>, tensor<4x3xf32>) outs(%c0 : tensor<3xf32>) -> tensor<3xf32>
    strand.yield %9 : tensor<3xf32> next %8 : tensor<4x3xf32>
  }
  return %r : tensor<?x3xf32>
}
