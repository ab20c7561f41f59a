// A memory with momentum, without the error.
//
//   S' = eta S - theta k v^T, M' = (1 - alpha) M + S'.
//
// RUN: strand-opt %s -strand-infer-structure -verify-diagnostics -o /dev/null
// RUN: strand-check %s | FileCheck %s --implicit-check-not=wrong
// CHECK: momentum_memory: {{[7-9]|1[0-9]}} forms right

#ij_i = affine_map<(i, j) -> (i)>
#ij_ij = affine_map<(i, j) -> (i, j)>
#ij_j = affine_map<(i, j) -> (j)>

func.func @momentum_memory(%qs: tensor<?x4xf32>, %ks: tensor<?x4xf32>, %vs: tensor<?x3xf32>,
    %etas: tensor<?xf32> {check.range = [0.0, 0.95]}, %als: tensor<?xf32> {check.range = [0.05, 1.0]},
    %offsets: tensor<?xi32>) -> tensor<?x3xf32> {
  // expected-remark @below {{h0 is a decayed sum of outer products: h0[i,j] = a * h0[i,j] + k[i] * v[j]; stays a scan: it is read other than by a sum along a dimension, and is wider than a row}}
  // expected-remark @below {{h1 is diagonal: h1[i,j] = a * h1[i,j] + b[i,j], given h0; stays a scan: it is computed with h0}}
  %r = strand.scan rows(%q = %qs : tensor<?x4xf32>, %k = %ks : tensor<?x4xf32>, %v = %vs : tensor<?x3xf32>,
           %eta = %etas : tensor<?xf32>, %al = %als : tensor<?xf32>)
      carry(%S : tensor<4x3xf32>, %M : tensor<4x3xf32>) offsets %offsets : tensor<?xi32> -> tensor<?x3xf32> {
    %0 = tensor.empty() : tensor<4x3xf32>
    %1 = linalg.broadcast ins(%eta : tensor<f32>) outs(%0 : tensor<4x3xf32>) dimensions = [0, 1]
    %2 = arith.mulf %1, %S : tensor<4x3xf32>
    %3 = tensor.empty() : tensor<4x3xf32>
    %4 = linalg.generic {indexing_maps = [#ij_i, #ij_j, #ij_ij], iterator_types = ["parallel", "parallel"]}
        ins(%k, %v : tensor<4xf32>, tensor<3xf32>) outs(%3 : tensor<4x3xf32>) {
    ^bb0(%p0: f32, %p1: f32, %acc: f32):
      %_m = arith.mulf %p0, %p1 : f32
      linalg.yield %_m : f32
    } -> tensor<4x3xf32>
    %5 = arith.addf %2, %4 : tensor<4x3xf32>
    %c0 = arith.constant dense<1.0> : tensor<f32>
    %7 = arith.subf %c0, %al : tensor<f32>
    %8 = tensor.empty() : tensor<4x3xf32>
    %9 = linalg.broadcast ins(%7 : tensor<f32>) outs(%8 : tensor<4x3xf32>) dimensions = [0, 1]
    %10 = arith.mulf %9, %M : tensor<4x3xf32>
    %11 = arith.addf %10, %5 : tensor<4x3xf32>
    %c1 = arith.constant dense<0.0> : tensor<3xf32>
    %13 = linalg.vecmat ins(%q, %11 : tensor<4xf32>, tensor<4x3xf32>) outs(%c1 : tensor<3xf32>) -> tensor<3xf32>
    strand.yield %13 : tensor<3xf32> next %5, %11 : tensor<4x3xf32>, tensor<4x3xf32>
  }
  return %r : tensor<?x3xf32>
}
