// Comba: what is erased is a shorter key, the decay a scalar.
//
//   T = exp(g) S, S' = T + beta k (v - T^T (d k))^T.
//
// RUN: strand-opt %s -strand-infer-structure -verify-diagnostics -o /dev/null
// RUN: strand-check %s | FileCheck %s --implicit-check-not=wrong
// CHECK: comba: {{[7-9]|1[0-9]}} forms right

#ij_i = affine_map<(i, j) -> (i)>
#ij_ij = affine_map<(i, j) -> (i, j)>
#ij_j = affine_map<(i, j) -> (j)>

func.func @comba(%qs: tensor<?x4xf32>, %ks: tensor<?x4xf32> {check.range = [-0.5, 0.5]}, %vs: tensor<?x3xf32>,
    %bs: tensor<?xf32> {check.range = [0.0, 1.0]}, %gs: tensor<?xf32> {check.kind = "gates"},
    %all_d: tensor<4xf32> {check.range = [0.0, 1.0]}, %offsets: tensor<?xi32>) -> tensor<?x3xf32> {
  // expected-remark @below {{h is diagonal plus rank 1: h[i,j] = exp(g) * h[i,j] + l[i] * sum_x r[x] * h[x,j] + k[i] * v[j]; becomes strand.delta_rule}}
  %r = strand.scan rows(%q = %qs : tensor<?x4xf32>, %k = %ks : tensor<?x4xf32>, %v = %vs : tensor<?x3xf32>,
           %beta = %bs : tensor<?xf32>, %g = %gs : tensor<?xf32>)
      with(%d = %all_d : tensor<4xf32>)
      carry(%S : tensor<4x3xf32>) offsets %offsets : tensor<?xi32> -> tensor<?x3xf32> {
    %a = math.exp %g : tensor<f32>
    %eS = tensor.empty() : tensor<4x3xf32>
    %0 = linalg.broadcast ins(%a : tensor<f32>) outs(%eS : tensor<4x3xf32>) dimensions = [0, 1]
    %T = arith.mulf %0, %S : tensor<4x3xf32>
    %p = arith.mulf %d, %k : tensor<4xf32>
    %c0 = arith.constant dense<0.0> : tensor<3xf32>
    %1 = linalg.vecmat ins(%p, %T : tensor<4xf32>, tensor<4x3xf32>) outs(%c0 : tensor<3xf32>) -> tensor<3xf32>
    %error = arith.subf %v, %1 : tensor<3xf32>
    %e4 = tensor.empty() : tensor<4xf32>
    %2 = linalg.broadcast ins(%beta : tensor<f32>) outs(%e4 : tensor<4xf32>) dimensions = [0]
    %bk = arith.mulf %2, %k : tensor<4xf32>
    %e0 = tensor.empty() : tensor<4x3xf32>
    %step = linalg.generic {indexing_maps = [#ij_i, #ij_j, #ij_ij], iterator_types = ["parallel", "parallel"]}
        ins(%bk, %error : tensor<4xf32>, tensor<3xf32>) outs(%e0 : tensor<4x3xf32>) {
    ^bb0(%astep: f32, %bstep: f32, %ostep: f32):
      %mstep = arith.mulf %astep, %bstep : f32
      linalg.yield %mstep : f32
    } -> tensor<4x3xf32>
    %S1 = arith.addf %T, %step : tensor<4x3xf32>
    %3 = linalg.vecmat ins(%q, %S1 : tensor<4xf32>, tensor<4x3xf32>) outs(%c0 : tensor<3xf32>) -> tensor<3xf32>
    strand.yield %3 : tensor<3xf32> next %S1 : tensor<4x3xf32>
  }
  return %r : tensor<?x3xf32>
}
