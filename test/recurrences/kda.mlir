// Kimi Delta Attention: a decay a key channel, then the delta step.
//
//   T = Diag(exp(g)) S, S' = T + beta k (v - T^T k)^T.
//
// RUN: strand-opt %s -strand-infer-structure -verify-diagnostics -o /dev/null
// RUN: strand-check %s | FileCheck %s --implicit-check-not=wrong
// CHECK: kda: {{[7-9]|1[0-9]}} forms right

#ij_i = affine_map<(i, j) -> (i)>
#ij_ij = affine_map<(i, j) -> (i, j)>
#ij_j = affine_map<(i, j) -> (j)>

func.func @kda(%qs: tensor<?x4xf32>, %ks: tensor<?x4xf32> {check.range = [-0.5, 0.5]}, %vs: tensor<?x3xf32>,
    %bs: tensor<?xf32> {check.range = [0.0, 1.0]}, %gs: tensor<?x4xf32> {check.kind = "gates"},
    %offsets: tensor<?xi32>) -> tensor<?x3xf32> {
  // expected-remark @below {{h is diagonal plus rank 1 (delta rule): h[i,j] = exp(g[i]) * h[i,j] + l[i] * sum_x r[x] * h[x,j] + k[i] * v[j]; becomes strand.delta_rule}}
  %r = strand.scan rows(%q = %qs : tensor<?x4xf32>, %k = %ks : tensor<?x4xf32>, %v = %vs : tensor<?x3xf32>,
           %b = %bs : tensor<?xf32>, %g = %gs : tensor<?x4xf32>)
      carry(%S : tensor<4x3xf32>) offsets %offsets : tensor<?xi32> -> tensor<?x3xf32> {
    %0 = math.exp %g : tensor<4xf32>
    %1 = tensor.empty() : tensor<4x3xf32>
    %2 = linalg.broadcast ins(%0 : tensor<4xf32>) outs(%1 : tensor<4x3xf32>) dimensions = [1]
    %3 = arith.mulf %2, %S : tensor<4x3xf32>
    %c0 = arith.constant dense<0.0> : tensor<3xf32>
    %5 = linalg.vecmat ins(%k, %3 : tensor<4xf32>, tensor<4x3xf32>) outs(%c0 : tensor<3xf32>) -> tensor<3xf32>
    %6 = arith.subf %v, %5 : tensor<3xf32>
    %7 = tensor.empty() : tensor<4xf32>
    %8 = linalg.broadcast ins(%b : tensor<f32>) outs(%7 : tensor<4xf32>) dimensions = [0]
    %9 = arith.mulf %8, %k : tensor<4xf32>
    %10 = tensor.empty() : tensor<4x3xf32>
    %11 = linalg.generic {indexing_maps = [#ij_i, #ij_j, #ij_ij], iterator_types = ["parallel", "parallel"]}
        ins(%9, %6 : tensor<4xf32>, tensor<3xf32>) outs(%10 : tensor<4x3xf32>) {
    ^bb0(%p0: f32, %p1: f32, %acc: f32):
      %_m = arith.mulf %p0, %p1 : f32
      linalg.yield %_m : f32
    } -> tensor<4x3xf32>
    %12 = arith.addf %3, %11 : tensor<4x3xf32>
    %13 = linalg.vecmat ins(%q, %12 : tensor<4xf32>, tensor<4x3xf32>) outs(%c0 : tensor<3xf32>) -> tensor<3xf32>
    strand.yield %13 : tensor<3xf32> next %12 : tensor<4x3xf32>
  }
  return %r : tensor<?x3xf32>
}
