// RWKV-7.
//
//   S' = Diag(w) S - (kk eta) (kk^T S) + k v^T with w = exp(-0.6065 sigmoid(x)).
//
// RUN: strand-opt %s -strand-infer-structure -verify-diagnostics -o /dev/null
// RUN: strand-check %s | FileCheck %s --implicit-check-not=wrong
// CHECK: rwkv7: {{[7-9]|1[0-9]}} forms right

#ij_i = affine_map<(i, j) -> (i)>
#ij_ij = affine_map<(i, j) -> (i, j)>
#ij_j = affine_map<(i, j) -> (j)>

func.func @rwkv7(%rs: tensor<?x4xf32>, %ws: tensor<?x4xf32> {check.range = [-8.0, 8.0]}, %ks: tensor<?x4xf32>,
    %vs: tensor<?x3xf32>, %kks: tensor<?x4xf32> {check.range = [-0.5, 0.5]},
    %etas: tensor<?x4xf32> {check.range = [0.0, 1.0]}, %offsets: tensor<?xi32>) -> tensor<?x3xf32> {
  // expected-remark @below {{h is diagonal plus rank 1: h[i,j] = exp(g[i]) * h[i,j] + l[i] * sum_x r[x] * h[x,j] + k[i] * v[j]; becomes strand.delta_rule}}
  %r = strand.scan rows(%r = %rs : tensor<?x4xf32>, %w = %ws : tensor<?x4xf32>, %k = %ks : tensor<?x4xf32>,
           %v = %vs : tensor<?x3xf32>, %kk = %kks : tensor<?x4xf32>, %eta = %etas : tensor<?x4xf32>)
      carry(%S : tensor<4x3xf32>) offsets %offsets : tensor<?xi32> -> tensor<?x3xf32> {
    %c0 = arith.constant dense<-0.6065> : tensor<4xf32>
    %c1 = arith.constant dense<1.0> : tensor<4xf32>
    %2 = arith.negf %w : tensor<4xf32>
    %3 = math.exp %2 : tensor<4xf32>
    %4 = arith.addf %c1, %3 : tensor<4xf32>
    %5 = arith.divf %c1, %4 : tensor<4xf32>
    %6 = arith.mulf %c0, %5 : tensor<4xf32>
    %7 = math.exp %6 : tensor<4xf32>
    %8 = arith.negf %kk : tensor<4xf32>
    %9 = arith.mulf %kk, %eta : tensor<4xf32>
    %10 = tensor.empty() : tensor<4x3xf32>
    %11 = linalg.broadcast ins(%7 : tensor<4xf32>) outs(%10 : tensor<4x3xf32>) dimensions = [1]
    %12 = arith.mulf %11, %S : tensor<4x3xf32>
    %c2 = arith.constant dense<0.0> : tensor<3xf32>
    %14 = linalg.vecmat ins(%8, %S : tensor<4xf32>, tensor<4x3xf32>) outs(%c2 : tensor<3xf32>) -> tensor<3xf32>
    %15 = tensor.empty() : tensor<4x3xf32>
    %16 = linalg.generic {indexing_maps = [#ij_i, #ij_j, #ij_ij], iterator_types = ["parallel", "parallel"]}
        ins(%9, %14 : tensor<4xf32>, tensor<3xf32>) outs(%15 : tensor<4x3xf32>) {
    ^bb0(%p0: f32, %p1: f32, %acc: f32):
      %_m = arith.mulf %p0, %p1 : f32
      linalg.yield %_m : f32
    } -> tensor<4x3xf32>
    %17 = arith.addf %12, %16 : tensor<4x3xf32>
    %18 = tensor.empty() : tensor<4x3xf32>
    %19 = linalg.generic {indexing_maps = [#ij_i, #ij_j, #ij_ij], iterator_types = ["parallel", "parallel"]}
        ins(%k, %v : tensor<4xf32>, tensor<3xf32>) outs(%18 : tensor<4x3xf32>) {
    ^bb0(%p0: f32, %p1: f32, %acc: f32):
      %_m = arith.mulf %p0, %p1 : f32
      linalg.yield %_m : f32
    } -> tensor<4x3xf32>
    %20 = arith.addf %17, %19 : tensor<4x3xf32>
    %21 = linalg.vecmat ins(%r, %20 : tensor<4xf32>, tensor<4x3xf32>) outs(%c2 : tensor<3xf32>) -> tensor<3xf32>
    strand.yield %21 : tensor<3xf32> next %20 : tensor<4x3xf32>
  }
  return %r : tensor<?x3xf32>
}
