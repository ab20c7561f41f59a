// HGRN2, what is forgotten is the key.
//
//   S' = Diag(f) S + (1 - f) v^T, f = sigmoid(x).
//
// RUN: strand-opt %s -strand-infer-structure -verify-diagnostics -o /dev/null
// RUN: strand-check %s | FileCheck %s --implicit-check-not=wrong
// CHECK: hgrn2: {{[7-9]|1[0-9]}} forms right

#ij_i = affine_map<(i, j) -> (i)>
#ij_ij = affine_map<(i, j) -> (i, j)>
#ij_j = affine_map<(i, j) -> (j)>

func.func @hgrn2(%qs: tensor<?x4xf32>, %fs: tensor<?x4xf32> {check.range = [-8.0, 8.0]}, %vs: tensor<?x3xf32>,
    %offsets: tensor<?xi32>) -> tensor<?x3xf32> {
  // expected-remark @below {{h is a decayed sum of outer products: h[i,j] = exp(g[i]) * h[i,j] + k[i] * v[j]; becomes strand.linear_attention}}
  %r = strand.scan rows(%q = %qs : tensor<?x4xf32>, %f = %fs : tensor<?x4xf32>, %v = %vs : tensor<?x3xf32>)
      carry(%S : tensor<4x3xf32>) offsets %offsets : tensor<?xi32> -> tensor<?x3xf32> {
    %c0 = arith.constant dense<1.0> : tensor<4xf32>
    %1 = arith.negf %f : tensor<4xf32>
    %2 = math.exp %1 : tensor<4xf32>
    %3 = arith.addf %c0, %2 : tensor<4xf32>
    %4 = arith.divf %c0, %3 : tensor<4xf32>
    %5 = tensor.empty() : tensor<4x3xf32>
    %6 = linalg.broadcast ins(%4 : tensor<4xf32>) outs(%5 : tensor<4x3xf32>) dimensions = [1]
    %7 = arith.mulf %6, %S : tensor<4x3xf32>
    %8 = arith.subf %c0, %4 : tensor<4xf32>
    %9 = tensor.empty() : tensor<4x3xf32>
    %10 = linalg.generic {indexing_maps = [#ij_i, #ij_j, #ij_ij], iterator_types = ["parallel", "parallel"]}
        ins(%8, %v : tensor<4xf32>, tensor<3xf32>) outs(%9 : tensor<4x3xf32>) {
    ^bb0(%p0: f32, %p1: f32, %acc: f32):
      %_m = arith.mulf %p0, %p1 : f32
      linalg.yield %_m : f32
    } -> tensor<4x3xf32>
    %11 = arith.addf %7, %10 : tensor<4x3xf32>
    %c1 = arith.constant dense<0.0> : tensor<3xf32>
    %13 = linalg.vecmat ins(%q, %11 : tensor<4xf32>, tensor<4x3xf32>) outs(%c1 : tensor<3xf32>) -> tensor<3xf32>
    strand.yield %13 : tensor<3xf32> next %11 : tensor<4x3xf32>
  }
  return %r : tensor<?x3xf32>
}
