// LightNet: keys under their own running log-sum-exp.
//
//   z' = log(exp z + exp k), S' = Diag(exp(z - z')) S + exp(k - z') v^T.
//
// RUN: strand-opt %s -strand-infer-structure -verify-diagnostics -o /dev/null
// RUN: strand-check %s | FileCheck %s --implicit-check-not=wrong
// CHECK: lightnet: 10 forms right

#ij_i = affine_map<(i, j) -> (i)>
#ij_ij = affine_map<(i, j) -> (i, j)>
#ij_j = affine_map<(i, j) -> (j)>

func.func @lightnet(%qs: tensor<?x4xf32>, %ks: tensor<?x4xf32> {check.range = [-4.0, 4.0]}, %vs: tensor<?x3xf32>,
    %offsets: tensor<?xi32>) -> tensor<?x3xf32> {
  // expected-remark @below {{h0 is log-sum-exp, diagonal: h0[i] = lse(h0[i], b[i]); becomes strand.associative_scan}}
  // expected-remark @below {{h1 is a decayed sum of outer products: h1[i,j] = exp(g[i]) * h1[i,j] + k[i] * v[j], given h0; becomes strand.linear_attention}}
  %r = strand.scan rows(%q = %qs : tensor<?x4xf32>, %k = %ks : tensor<?x4xf32>, %v = %vs : tensor<?x3xf32>)
      carry(%z : tensor<4xf32>, %S : tensor<4x3xf32>) offsets %offsets : tensor<?xi32> -> tensor<?x3xf32> {
    %0 = math.exp %z : tensor<4xf32>
    %1 = math.exp %k : tensor<4xf32>
    %2 = arith.addf %0, %1 : tensor<4xf32>
    %3 = math.log %2 : tensor<4xf32>
    %4 = arith.subf %z, %3 : tensor<4xf32>
    %5 = math.exp %4 : tensor<4xf32>
    %6 = tensor.empty() : tensor<4x3xf32>
    %7 = linalg.broadcast ins(%5 : tensor<4xf32>) outs(%6 : tensor<4x3xf32>) dimensions = [1]
    %8 = arith.mulf %7, %S : tensor<4x3xf32>
    %9 = arith.subf %k, %3 : tensor<4xf32>
    %10 = math.exp %9 : tensor<4xf32>
    %11 = tensor.empty() : tensor<4x3xf32>
    %12 = linalg.generic {indexing_maps = [#ij_i, #ij_j, #ij_ij], iterator_types = ["parallel", "parallel"]}
        ins(%10, %v : tensor<4xf32>, tensor<3xf32>) outs(%11 : tensor<4x3xf32>) {
    ^bb0(%p0: f32, %p1: f32, %acc: f32):
      %_m = arith.mulf %p0, %p1 : f32
      linalg.yield %_m : f32
    } -> tensor<4x3xf32>
    %13 = arith.addf %8, %12 : tensor<4x3xf32>
    %c0 = arith.constant dense<0.0> : tensor<3xf32>
    %15 = linalg.vecmat ins(%q, %13 : tensor<4xf32>, tensor<4x3xf32>) outs(%c0 : tensor<3xf32>) -> tensor<3xf32>
    strand.yield %15 : tensor<3xf32> next %3, %13 : tensor<4xf32>, tensor<4x3xf32>
  }
  return %r : tensor<?x3xf32>
}
