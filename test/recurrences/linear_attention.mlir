// Linear attention over its normaliser, with features above 0.
//
//   S' = S + k v^T, z' = z + k, y = S'^T q / (z' . q).
//
// RUN: strand-opt %s -strand-infer-structure -verify-diagnostics -o /dev/null
// RUN: strand-check %s | FileCheck %s --implicit-check-not=wrong
// CHECK: linear_attention: {{[7-9]|1[0-9]}} forms right

#ij_i = affine_map<(i, j) -> (i)>
#ij_ij = affine_map<(i, j) -> (i, j)>
#ij_j = affine_map<(i, j) -> (j)>

func.func @linear_attention(%qs: tensor<?x4xf32> {check.range = [0.1, 1.0]},
    %ks: tensor<?x4xf32> {check.range = [0.1, 1.0]}, %vs: tensor<?x3xf32>, %offsets: tensor<?xi32>) -> tensor<?x3xf32> {
  // expected-remark @below {{h0 is a sum of outer products: h0[i,j] = h0[i,j] + k[i] * v[j]; becomes strand.linear_attention}}
  // expected-remark @below {{h1 is a sum: h1[i] = h1[i] + b[i]; becomes the normaliser of another}}
  %r = strand.scan rows(%q = %qs : tensor<?x4xf32>, %k = %ks : tensor<?x4xf32>, %v = %vs : tensor<?x3xf32>)
      carry(%S : tensor<4x3xf32>, %z : tensor<4xf32>) offsets %offsets : tensor<?xi32> -> tensor<?x3xf32> {
    %0 = tensor.empty() : tensor<4x3xf32>
    %1 = linalg.generic {indexing_maps = [#ij_i, #ij_j, #ij_ij], iterator_types = ["parallel", "parallel"]}
        ins(%k, %v : tensor<4xf32>, tensor<3xf32>) outs(%0 : tensor<4x3xf32>) {
    ^bb0(%p0: f32, %p1: f32, %acc: f32):
      %_m = arith.mulf %p0, %p1 : f32
      linalg.yield %_m : f32
    } -> tensor<4x3xf32>
    %2 = arith.addf %S, %1 : tensor<4x3xf32>
    %3 = arith.addf %z, %k : tensor<4xf32>
    %c0 = arith.constant dense<0.0> : tensor<3xf32>
    %5 = linalg.vecmat ins(%q, %2 : tensor<4xf32>, tensor<4x3xf32>) outs(%c0 : tensor<3xf32>) -> tensor<3xf32>
    %c1 = arith.constant dense<0.0> : tensor<f32>
    %7 = linalg.dot ins(%q, %3 : tensor<4xf32>, tensor<4xf32>) outs(%c1 : tensor<f32>) -> tensor<f32>
    %8 = tensor.empty() : tensor<3xf32>
    %9 = linalg.broadcast ins(%7 : tensor<f32>) outs(%8 : tensor<3xf32>) dimensions = [0]
    %10 = arith.divf %5, %9 : tensor<3xf32>
    strand.yield %10 : tensor<3xf32> next %2, %3 : tensor<4x3xf32>, tensor<4xf32>
  }
  return %r : tensor<?x3xf32>
}
