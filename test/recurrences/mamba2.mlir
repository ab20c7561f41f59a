// Mamba-2.
//
//   S' = exp(-softplus(dt) exp(A)) S + B (softplus(dt) x)^T, y = S'^T C.
//
// RUN: strand-opt %s -strand-infer-structure -verify-diagnostics -o /dev/null
// RUN: strand-check %s | FileCheck %s --implicit-check-not=wrong
// CHECK: mamba2: {{[7-9]|1[0-9]}} forms right

#ij_i = affine_map<(i, j) -> (i)>
#ij_ij = affine_map<(i, j) -> (i, j)>
#ij_j = affine_map<(i, j) -> (j)>

func.func @mamba2(%Cs: tensor<?x4xf32>, %Bvs: tensor<?x4xf32>, %xs: tensor<?x3xf32>,
    %dts: tensor<?xf32> {check.range = [-6.0, 4.0]}, %all_A: tensor<f32> {check.range = [-1.0, 1.0]},
    %offsets: tensor<?xi32>) -> tensor<?x3xf32> {
  // expected-remark @below {{h is a decayed sum of outer products: h[i,j] = exp(g) * h[i,j] + k[i] * v[j]; becomes strand.linear_attention}}
  %r = strand.scan rows(%C = %Cs : tensor<?x4xf32>, %Bv = %Bvs : tensor<?x4xf32>, %x = %xs : tensor<?x3xf32>,
           %dt = %dts : tensor<?xf32>)
      with(%A = %all_A : tensor<f32>)
      carry(%S : tensor<4x3xf32>) offsets %offsets : tensor<?xi32> -> tensor<?x3xf32> {
    %0 = math.exp %dt : tensor<f32>
    %1 = math.log1p %0 : tensor<f32>
    %2 = math.exp %A : tensor<f32>
    %3 = arith.mulf %1, %2 : tensor<f32>
    %4 = arith.negf %3 : tensor<f32>
    %5 = math.exp %4 : tensor<f32>
    %6 = tensor.empty() : tensor<4x3xf32>
    %7 = linalg.broadcast ins(%5 : tensor<f32>) outs(%6 : tensor<4x3xf32>) dimensions = [0, 1]
    %8 = arith.mulf %7, %S : tensor<4x3xf32>
    %9 = tensor.empty() : tensor<3xf32>
    %10 = linalg.broadcast ins(%1 : tensor<f32>) outs(%9 : tensor<3xf32>) dimensions = [0]
    %11 = arith.mulf %10, %x : tensor<3xf32>
    %12 = tensor.empty() : tensor<4x3xf32>
    %13 = linalg.generic {indexing_maps = [#ij_i, #ij_j, #ij_ij], iterator_types = ["parallel", "parallel"]}
        ins(%Bv, %11 : tensor<4xf32>, tensor<3xf32>) outs(%12 : tensor<4x3xf32>) {
    ^bb0(%p0: f32, %p1: f32, %acc: f32):
      %_m = arith.mulf %p0, %p1 : f32
      linalg.yield %_m : f32
    } -> tensor<4x3xf32>
    %14 = arith.addf %8, %13 : tensor<4x3xf32>
    %c0 = arith.constant dense<0.0> : tensor<3xf32>
    %16 = linalg.vecmat ins(%C, %14 : tensor<4xf32>, tensor<4x3xf32>) outs(%c0 : tensor<3xf32>) -> tensor<3xf32>
    strand.yield %16 : tensor<3xf32> next %14 : tensor<4x3xf32>
  }
  return %r : tensor<?x3xf32>
}
