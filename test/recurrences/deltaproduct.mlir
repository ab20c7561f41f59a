// DeltaProduct of two factors, gated.
//
//   two delta steps a row, the decay before the first
//
// RUN: strand-opt %s -strand-infer-structure -verify-diagnostics -o /dev/null
// RUN: strand-check %s | FileCheck %s --implicit-check-not=wrong
// CHECK: deltaproduct: {{[7-9]|1[0-9]}} forms right

#ij_i = affine_map<(i, j) -> (i)>
#ij_ij = affine_map<(i, j) -> (i, j)>
#ij_j = affine_map<(i, j) -> (j)>

func.func @deltaproduct(%qs: tensor<?x4xf32>, %k1s: tensor<?x4xf32> {check.range = [-0.5, 0.5]},
    %v1s: tensor<?x3xf32>, %b1s: tensor<?xf32> {check.range = [0.0, 1.0]},
    %k2s: tensor<?x4xf32> {check.range = [-0.5, 0.5]}, %v2s: tensor<?x3xf32>,
    %b2s: tensor<?xf32> {check.range = [0.0, 1.0]}, %gs: tensor<?xf32> {check.kind = "gates"}, %offsets: tensor<?xi32>) -> tensor<?x3xf32> {
  // expected-remark @below {{h is diagonal plus rank 2: h[i,j] = exp(g) * h[i,j] + l[i] * sum_x r[x] * h[x,j] + l[i] * sum_x r[x] * h[x,j] + b[i,j]; becomes strand.delta_rule}}
  %r = strand.scan rows(%q = %qs : tensor<?x4xf32>, %k1 = %k1s : tensor<?x4xf32>, %v1 = %v1s : tensor<?x3xf32>,
           %b1 = %b1s : tensor<?xf32>, %k2 = %k2s : tensor<?x4xf32>, %v2 = %v2s : tensor<?x3xf32>,
           %b2 = %b2s : tensor<?xf32>, %g = %gs : tensor<?xf32>)
      carry(%S : tensor<4x3xf32>) offsets %offsets : tensor<?xi32> -> tensor<?x3xf32> {
    %0 = math.exp %g : tensor<f32>
    %1 = tensor.empty() : tensor<4x3xf32>
    %2 = linalg.broadcast ins(%0 : tensor<f32>) outs(%1 : tensor<4x3xf32>) dimensions = [0, 1]
    %3 = arith.mulf %2, %S : tensor<4x3xf32>
    %4 = tensor.empty() : tensor<4xf32>
    %5 = linalg.broadcast ins(%b1 : tensor<f32>) outs(%4 : tensor<4xf32>) dimensions = [0]
    %6 = arith.mulf %5, %k1 : tensor<4xf32>
    %c0 = arith.constant dense<0.0> : tensor<3xf32>
    %8 = linalg.vecmat ins(%k1, %3 : tensor<4xf32>, tensor<4x3xf32>) outs(%c0 : tensor<3xf32>) -> tensor<3xf32>
    %9 = arith.subf %v1, %8 : tensor<3xf32>
    %10 = tensor.empty() : tensor<4x3xf32>
    %11 = linalg.generic {indexing_maps = [#ij_i, #ij_j, #ij_ij], iterator_types = ["parallel", "parallel"]}
        ins(%6, %9 : tensor<4xf32>, tensor<3xf32>) outs(%10 : tensor<4x3xf32>) {
    ^bb0(%p0: f32, %p1: f32, %acc: f32):
      %_m = arith.mulf %p0, %p1 : f32
      linalg.yield %_m : f32
    } -> tensor<4x3xf32>
    %12 = arith.addf %3, %11 : tensor<4x3xf32>
    %13 = tensor.empty() : tensor<4xf32>
    %14 = linalg.broadcast ins(%b2 : tensor<f32>) outs(%13 : tensor<4xf32>) dimensions = [0]
    %15 = arith.mulf %14, %k2 : tensor<4xf32>
    %16 = linalg.vecmat ins(%k2, %12 : tensor<4xf32>, tensor<4x3xf32>) outs(%c0 : tensor<3xf32>) -> tensor<3xf32>
    %17 = arith.subf %v2, %16 : tensor<3xf32>
    %18 = tensor.empty() : tensor<4x3xf32>
    %19 = linalg.generic {indexing_maps = [#ij_i, #ij_j, #ij_ij], iterator_types = ["parallel", "parallel"]}
        ins(%15, %17 : tensor<4xf32>, tensor<3xf32>) outs(%18 : tensor<4x3xf32>) {
    ^bb0(%p0: f32, %p1: f32, %acc: f32):
      %_m = arith.mulf %p0, %p1 : f32
      linalg.yield %_m : f32
    } -> tensor<4x3xf32>
    %20 = arith.addf %12, %19 : tensor<4x3xf32>
    %21 = linalg.vecmat ins(%q, %20 : tensor<4xf32>, tensor<4x3xf32>) outs(%c0 : tensor<3xf32>) -> tensor<3xf32>
    strand.yield %21 : tensor<3xf32> next %20 : tensor<4x3xf32>
  }
  return %r : tensor<?x3xf32>
}
