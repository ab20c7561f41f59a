// Titans: the gradient of a linear memory, with momentum and forgetting, updated at each row.
//
//   S' = eta S - theta k (M^T k - v)^T, M' = (1 - alpha) M + S'.
//
// RUN: strand-opt %s -strand-infer-structure -verify-diagnostics -o /dev/null
// RUN: strand-check %s | FileCheck %s --implicit-check-not=wrong
// CHECK: titans: {{[7-9]|1[0-9]}} forms right

#ij_i = affine_map<(i, j) -> (i)>
#ij_ij = affine_map<(i, j) -> (i, j)>
#ij_j = affine_map<(i, j) -> (j)>

func.func @titans(%qs: tensor<?x4xf32>, %ks: tensor<?x4xf32> {check.range = [-0.5, 0.5]}, %vs: tensor<?x3xf32>,
    %etas: tensor<?xf32> {check.range = [0.0, 0.9]}, %als: tensor<?xf32> {check.range = [0.1, 1.0]},
    %ths: tensor<?xf32> {check.range = [0.0, 0.5]}, %offsets: tensor<?xi32>) -> tensor<?x3xf32> {
  // expected-remark @below {{h0 is linear, coupled: h0[i,j] = a0 * h0[i,j] + l1[i] * sum_x r1[x] * h1[x,j] + k[i] * v[j]}}
  // expected-remark @below {{h1 is linear, coupled: h1[i,j] = a0 * h0[i,j] + a1 * h1[i,j] + l1[i] * sum_x r1[x] * h1[x,j] + k[i] * v[j]}}
  %r = strand.scan rows(%q = %qs : tensor<?x4xf32>, %k = %ks : tensor<?x4xf32>, %v = %vs : tensor<?x3xf32>,
           %eta = %etas : tensor<?xf32>, %al = %als : tensor<?xf32>, %th = %ths : tensor<?xf32>)
      carry(%S : tensor<4x3xf32>, %M : tensor<4x3xf32>) offsets %offsets : tensor<?xi32> -> tensor<?x3xf32> {
    %c0 = arith.constant dense<0.0> : tensor<3xf32>
    %1 = linalg.vecmat ins(%k, %M : tensor<4xf32>, tensor<4x3xf32>) outs(%c0 : tensor<3xf32>) -> tensor<3xf32>
    %2 = arith.subf %1, %v : tensor<3xf32>
    %3 = tensor.empty() : tensor<4x3xf32>
    %4 = linalg.generic {indexing_maps = [#ij_i, #ij_j, #ij_ij], iterator_types = ["parallel", "parallel"]}
        ins(%k, %2 : tensor<4xf32>, tensor<3xf32>) outs(%3 : tensor<4x3xf32>) {
    ^bb0(%p0: f32, %p1: f32, %acc: f32):
      %_m = arith.mulf %p0, %p1 : f32
      linalg.yield %_m : f32
    } -> tensor<4x3xf32>
    %5 = tensor.empty() : tensor<4x3xf32>
    %6 = linalg.broadcast ins(%eta : tensor<f32>) outs(%5 : tensor<4x3xf32>) dimensions = [0, 1]
    %7 = arith.mulf %6, %S : tensor<4x3xf32>
    %8 = tensor.empty() : tensor<4x3xf32>
    %9 = linalg.broadcast ins(%th : tensor<f32>) outs(%8 : tensor<4x3xf32>) dimensions = [0, 1]
    %10 = arith.mulf %9, %4 : tensor<4x3xf32>
    %11 = arith.subf %7, %10 : tensor<4x3xf32>
    %c1 = arith.constant dense<1.0> : tensor<f32>
    %13 = arith.subf %c1, %al : tensor<f32>
    %14 = tensor.empty() : tensor<4x3xf32>
    %15 = linalg.broadcast ins(%13 : tensor<f32>) outs(%14 : tensor<4x3xf32>) dimensions = [0, 1]
    %16 = arith.mulf %15, %M : tensor<4x3xf32>
    %17 = arith.addf %16, %11 : tensor<4x3xf32>
    %18 = linalg.vecmat ins(%q, %17 : tensor<4xf32>, tensor<4x3xf32>) outs(%c0 : tensor<3xf32>) -> tensor<3xf32>
    strand.yield %18 : tensor<3xf32> next %11, %17 : tensor<4x3xf32>, tensor<4x3xf32>
  }
  return %r : tensor<?x3xf32>
}
