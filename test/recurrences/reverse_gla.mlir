// GLA from the last row to the first, as one half of a layer that reads both ways.
//
//   S[t] = Diag(exp(g[t])) S[t+1] + k[t] v[t]^T, g = logsigmoid(x) / 16.
//
// RUN: strand-opt %s -strand-infer-structure -verify-diagnostics -o /dev/null
// RUN: strand-check %s | FileCheck %s --implicit-check-not=wrong
// CHECK: reverse_gla: 2 forms right

#ij_i = affine_map<(i, j) -> (i)>
#ij_ij = affine_map<(i, j) -> (i, j)>
#ij_j = affine_map<(i, j) -> (j)>

func.func @reverse_gla(%qs: tensor<?x4xf32>, %ks: tensor<?x4xf32>, %vs: tensor<?x3xf32>,
    %gs: tensor<?x4xf32> {check.range = [-16.0, 8.0]}, %offsets: tensor<?xi32>) -> tensor<?x3xf32> {
  // expected-remark @below {{h is a decayed sum of outer products: h[i,j] = exp(g[i]) * h[i,j] + k[i] * v[j]; becomes strand.linear_attention, over rows turned around}}
  %r = strand.scan reverse rows(%q = %qs : tensor<?x4xf32>, %k = %ks : tensor<?x4xf32>, %v = %vs : tensor<?x3xf32>,
           %g = %gs : tensor<?x4xf32>)
      carry(%S : tensor<4x3xf32>) offsets %offsets : tensor<?xi32> -> tensor<?x3xf32> {
    %0 = arith.negf %g : tensor<4xf32>
    %1 = math.exp %0 : tensor<4xf32>
    %2 = math.log1p %1 : tensor<4xf32>
    %3 = arith.negf %2 : tensor<4xf32>
    %c0 = arith.constant dense<0.0625> : tensor<4xf32>
    %5 = arith.mulf %3, %c0 : tensor<4xf32>
    %6 = math.exp %5 : tensor<4xf32>
    %7 = tensor.empty() : tensor<4x3xf32>
    %8 = linalg.broadcast ins(%6 : tensor<4xf32>) outs(%7 : tensor<4x3xf32>) dimensions = [1]
    %9 = arith.mulf %8, %S : tensor<4x3xf32>
    %10 = tensor.empty() : tensor<4x3xf32>
    %11 = linalg.generic {indexing_maps = [#ij_i, #ij_j, #ij_ij], iterator_types = ["parallel", "parallel"]}
        ins(%k, %v : tensor<4xf32>, tensor<3xf32>) outs(%10 : tensor<4x3xf32>) {
    ^bb0(%p0: f32, %p1: f32, %acc: f32):
      %_m = arith.mulf %p0, %p1 : f32
      linalg.yield %_m : f32
    } -> tensor<4x3xf32>
    %12 = arith.addf %9, %11 : tensor<4x3xf32>
    %c1 = arith.constant dense<0.0> : tensor<3xf32>
    %14 = linalg.vecmat ins(%q, %12 : tensor<4xf32>, tensor<4x3xf32>) outs(%c1 : tensor<3xf32>) -> tensor<3xf32>
    strand.yield %14 : tensor<3xf32> next %12 : tensor<4x3xf32>
  }
  return %r : tensor<?x3xf32>
}
