// cosFormer: features max(0, k) turned by the position, which comes as cosine and sine of the row.
//
//   S' = S + phi(k) v^T, phi(k) = (relu(k) cos t, relu(k) sin t), y = S'^T phi(q); both halves are carried.
//
// RUN: strand-opt %s -strand-infer-structure -verify-diagnostics -o /dev/null
// RUN: strand-check %s | FileCheck %s --implicit-check-not=wrong
// CHECK: cosformer: {{[7-9]|1[0-9]}} forms right

#ij_i = affine_map<(i, j) -> (i)>
#ij_ij = affine_map<(i, j) -> (i, j)>
#ij_j = affine_map<(i, j) -> (j)>

func.func @cosformer(%qs: tensor<?x4xf32>, %ks: tensor<?x4xf32>, %vs: tensor<?x3xf32>,
    %ts: tensor<?xf32> {check.range = [0.0, 1.5]}, %offsets: tensor<?xi32>) -> tensor<?x3xf32> {
  // expected-remark @below {{h0 is a sum of outer products: h0[i,j] = h0[i,j] + k[i] * v[j]}}
  // expected-remark @below {{h1 is a sum of outer products: h1[i,j] = h1[i,j] + k[i] * v[j]}}
  %r = strand.scan rows(%q = %qs : tensor<?x4xf32>, %k = %ks : tensor<?x4xf32>, %v = %vs : tensor<?x3xf32>,
           %t = %ts : tensor<?xf32>)
      carry(%A : tensor<4x3xf32>, %B : tensor<4x3xf32>) offsets %offsets : tensor<?xi32> -> tensor<?x3xf32> {
    %zero = arith.constant dense<0.0> : tensor<4xf32>
    %rk = arith.maximumf %k, %zero : tensor<4xf32>
    %rq = arith.maximumf %q, %zero : tensor<4xf32>
    %c = math.cos %t : tensor<f32>
    %s = math.sin %t : tensor<f32>
    %e4 = tensor.empty() : tensor<4xf32>
    %c4 = linalg.broadcast ins(%c : tensor<f32>) outs(%e4 : tensor<4xf32>) dimensions = [0]
    %s4 = linalg.broadcast ins(%s : tensor<f32>) outs(%e4 : tensor<4xf32>) dimensions = [0]
    %kc = arith.mulf %rk, %c4 : tensor<4xf32>
    %ks4 = arith.mulf %rk, %s4 : tensor<4xf32>
    %qc = arith.mulf %rq, %c4 : tensor<4xf32>
    %qs4 = arith.mulf %rq, %s4 : tensor<4xf32>
    %e0 = tensor.empty() : tensor<4x3xf32>
    %kvc = linalg.generic {indexing_maps = [#ij_i, #ij_j, #ij_ij], iterator_types = ["parallel", "parallel"]}
        ins(%kc, %v : tensor<4xf32>, tensor<3xf32>) outs(%e0 : tensor<4x3xf32>) {
    ^bb0(%akvc: f32, %bkvc: f32, %okvc: f32):
      %mkvc = arith.mulf %akvc, %bkvc : f32
      linalg.yield %mkvc : f32
    } -> tensor<4x3xf32>
    %e1 = tensor.empty() : tensor<4x3xf32>
    %kvs = linalg.generic {indexing_maps = [#ij_i, #ij_j, #ij_ij], iterator_types = ["parallel", "parallel"]}
        ins(%ks4, %v : tensor<4xf32>, tensor<3xf32>) outs(%e1 : tensor<4x3xf32>) {
    ^bb0(%akvs: f32, %bkvs: f32, %okvs: f32):
      %mkvs = arith.mulf %akvs, %bkvs : f32
      linalg.yield %mkvs : f32
    } -> tensor<4x3xf32>
    %A1 = arith.addf %A, %kvc : tensor<4x3xf32>
    %B1 = arith.addf %B, %kvs : tensor<4x3xf32>
    %none = arith.constant dense<0.0> : tensor<3xf32>
    %0 = linalg.vecmat ins(%qc, %A1 : tensor<4xf32>, tensor<4x3xf32>) outs(%none : tensor<3xf32>) -> tensor<3xf32>
    %1 = linalg.vecmat ins(%qs4, %B1 : tensor<4xf32>, tensor<4x3xf32>) outs(%none : tensor<3xf32>) -> tensor<3xf32>
    %2 = arith.addf %0, %1 : tensor<3xf32>
    strand.yield %2 : tensor<3xf32> next %A1, %B1 : tensor<4x3xf32>, tensor<4x3xf32>
  }
  return %r : tensor<?x3xf32>
}
