// TTT-Linear with blocks of one row: one step along the gradient of |W^T k - v|^2 / 2.
//
//   W' = W - eta k (W^T k - v)^T, y = W'^T q.
//
// RUN: strand-opt %s -strand-infer-structure -verify-diagnostics -o /dev/null
// RUN: strand-check %s | FileCheck %s --implicit-check-not=wrong
// CHECK: ttt_linear: {{[7-9]|1[0-9]}} forms right

#ij_i = affine_map<(i, j) -> (i)>
#ij_ij = affine_map<(i, j) -> (i, j)>
#ij_j = affine_map<(i, j) -> (j)>

func.func @ttt_linear(%qs: tensor<?x4xf32>, %ks: tensor<?x4xf32> {check.range = [-0.5, 0.5]}, %vs: tensor<?x3xf32>,
    // expected-remark @below {{h begins at this tensor, so h stays a scan: let it begin where the op does, and hand the tensor in as its state}}
    %etas: tensor<?xf32> {check.range = [0.0, 1.5]}, %W0: tensor<4x3xf32>, %offsets: tensor<?xi32>) -> tensor<?x3xf32> {
  // expected-remark @below {{h is identity plus rank 1 (delta rule): h[i,j] = h[i,j] + l[i] * sum_x r[x] * h[x,j] + k[i] * v[j]}}
  %r = strand.scan rows(%q = %qs : tensor<?x4xf32>, %k = %ks : tensor<?x4xf32>, %v = %vs : tensor<?x3xf32>,
           %eta = %etas : tensor<?xf32>)
      carry(%W : tensor<4x3xf32> = %W0) offsets %offsets : tensor<?xi32> -> tensor<?x3xf32> {
    %c0 = arith.constant dense<0.0> : tensor<3xf32>
    %0 = linalg.vecmat ins(%k, %W : tensor<4xf32>, tensor<4x3xf32>) outs(%c0 : tensor<3xf32>) -> tensor<3xf32>
    %error = arith.subf %0, %v : tensor<3xf32>
    %e4 = tensor.empty() : tensor<4xf32>
    %1 = linalg.broadcast ins(%eta : tensor<f32>) outs(%e4 : tensor<4xf32>) dimensions = [0]
    %ek = arith.mulf %1, %k : tensor<4xf32>
    %e0 = tensor.empty() : tensor<4x3xf32>
    %step = linalg.generic {indexing_maps = [#ij_i, #ij_j, #ij_ij], iterator_types = ["parallel", "parallel"]}
        ins(%ek, %error : tensor<4xf32>, tensor<3xf32>) outs(%e0 : tensor<4x3xf32>) {
    ^bb0(%astep: f32, %bstep: f32, %ostep: f32):
      %mstep = arith.mulf %astep, %bstep : f32
      linalg.yield %mstep : f32
    } -> tensor<4x3xf32>
    %W1 = arith.subf %W, %step : tensor<4x3xf32>
    %2 = linalg.vecmat ins(%q, %W1 : tensor<4xf32>, tensor<4x3xf32>) outs(%c0 : tensor<3xf32>) -> tensor<3xf32>
    strand.yield %2 : tensor<3xf32> next %W1 : tensor<4x3xf32>
  }
  return %r : tensor<?x3xf32>
}
