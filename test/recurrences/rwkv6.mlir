// RWKV-6, read before written, the own row with its own weight.
//
//   y = (S + Diag(u) k v^T)^T r, S' = Diag(exp(-exp(w))) S + k v^T.
//
// RUN: strand-opt %s -strand-infer-structure -verify-diagnostics -o /dev/null
// RUN: strand-check %s | FileCheck %s --implicit-check-not=wrong
// CHECK: rwkv6: {{[7-9]|1[0-9]}} forms right

#ij_i = affine_map<(i, j) -> (i)>
#ij_ij = affine_map<(i, j) -> (i, j)>
#ij_j = affine_map<(i, j) -> (j)>

func.func @rwkv6(%rs: tensor<?x4xf32>, %ks: tensor<?x4xf32>, %vs: tensor<?x3xf32>,
    %ws: tensor<?x4xf32> {check.range = [-6.0, 2.0]}, %all_u: tensor<4xf32>, %offsets: tensor<?xi32>) -> tensor<?x3xf32> {
  // expected-remark @below {{h is a decayed sum of outer products: h[i,j] = exp(g[i]) * h[i,j] + k[i] * v[j]; becomes strand.linear_attention}}
  %r = strand.scan rows(%r = %rs : tensor<?x4xf32>, %k = %ks : tensor<?x4xf32>, %v = %vs : tensor<?x3xf32>,
           %w = %ws : tensor<?x4xf32>)
      with(%u = %all_u : tensor<4xf32>)
      carry(%S : tensor<4x3xf32>) offsets %offsets : tensor<?xi32> -> tensor<?x3xf32> {
    %0 = tensor.empty() : tensor<4x3xf32>
    %1 = linalg.generic {indexing_maps = [#ij_i, #ij_j, #ij_ij], iterator_types = ["parallel", "parallel"]}
        ins(%k, %v : tensor<4xf32>, tensor<3xf32>) outs(%0 : tensor<4x3xf32>) {
    ^bb0(%p0: f32, %p1: f32, %acc: f32):
      %_m = arith.mulf %p0, %p1 : f32
      linalg.yield %_m : f32
    } -> tensor<4x3xf32>
    %2 = tensor.empty() : tensor<4x3xf32>
    %3 = linalg.broadcast ins(%u : tensor<4xf32>) outs(%2 : tensor<4x3xf32>) dimensions = [1]
    %4 = arith.mulf %3, %1 : tensor<4x3xf32>
    %5 = arith.addf %S, %4 : tensor<4x3xf32>
    %c0 = arith.constant dense<0.0> : tensor<3xf32>
    %7 = linalg.vecmat ins(%r, %5 : tensor<4xf32>, tensor<4x3xf32>) outs(%c0 : tensor<3xf32>) -> tensor<3xf32>
    %8 = math.exp %w : tensor<4xf32>
    %9 = arith.negf %8 : tensor<4xf32>
    %10 = math.exp %9 : tensor<4xf32>
    %11 = tensor.empty() : tensor<4x3xf32>
    %12 = linalg.broadcast ins(%10 : tensor<4xf32>) outs(%11 : tensor<4x3xf32>) dimensions = [1]
    %13 = arith.mulf %12, %S : tensor<4x3xf32>
    %14 = arith.addf %13, %1 : tensor<4x3xf32>
    strand.yield %7 : tensor<3xf32> next %14 : tensor<4x3xf32>
  }
  return %r : tensor<?x3xf32>
}
