// DeltaProduct of two factors, their matrices being multiplied first.
//
//   S' = (H2 H1) S + (H2 b1 k1 v1^T + b2 k2 v2^T), H = I - b k k^T.
//
// RUN: strand-opt %s -strand-infer-structure -verify-diagnostics -o /dev/null
// RUN: strand-check %s | FileCheck %s --implicit-check-not=wrong
// CHECK: deltaproduct_matrix: {{[7-9]|1[0-9]}} forms right

#i = affine_map<(i, j) -> (i)>
#j = affine_map<(i, j) -> (j)>
#ij = affine_map<(i, j) -> (i, j)>
#none = affine_map<(i, j) -> ()>

func.func @deltaproduct_matrix(%qs: tensor<?x4xf32>, %k1s: tensor<?x4xf32> {check.range = [-0.5, 0.5]},
    %k2s: tensor<?x4xf32> {check.range = [-0.5, 0.5]}, %v1s: tensor<?x3xf32>, %v2s: tensor<?x3xf32>,
    %b1s: tensor<?xf32> {check.range = [0.0, 1.0]}, %b2s: tensor<?xf32> {check.range = [0.0, 1.0]}, %offsets: tensor<?xi32>)
    -> tensor<?x3xf32> {
  // expected-remark @below {{; becomes strand.delta_rule}}
  %r = strand.scan rows(%q = %qs : tensor<?x4xf32>, %k1 = %k1s : tensor<?x4xf32>, %k2 = %k2s : tensor<?x4xf32>,
           %v1 = %v1s : tensor<?x3xf32>, %v2 = %v2s : tensor<?x3xf32>, %b1 = %b1s : tensor<?xf32>, %b2 = %b2s : tensor<?xf32>)
      carry(%S : tensor<4x3xf32>) offsets %offsets : tensor<?xi32> -> tensor<?x3xf32> {
    %zeros = arith.constant dense<0.0> : tensor<3xf32>
    %squares = arith.constant dense<0.0> : tensor<4x4xf32>
    %states = arith.constant dense<0.0> : tensor<4x3xf32>
    %one = arith.constant dense<[[1.0,0.0,0.0,0.0],[0.0,1.0,0.0,0.0],[0.0,0.0,1.0,0.0],[0.0,0.0,0.0,1.0]]> : tensor<4x4xf32>
    %h1 = linalg.generic {indexing_maps = [#i, #j, #none, #ij], iterator_types = ["parallel", "parallel"]}
        ins(%k1, %k1, %b1 : tensor<4xf32>, tensor<4xf32>, tensor<f32>) outs(%one : tensor<4x4xf32>) {
    ^bb0(%p: f32, %r: f32, %b: f32, %o: f32):
      %0 = arith.mulf %p, %r : f32
      %1 = arith.mulf %b, %0 : f32
      %2 = arith.subf %o, %1 : f32
      linalg.yield %2 : f32
    } -> tensor<4x4xf32>
    %h2 = linalg.generic {indexing_maps = [#i, #j, #none, #ij], iterator_types = ["parallel", "parallel"]}
        ins(%k2, %k2, %b2 : tensor<4xf32>, tensor<4xf32>, tensor<f32>) outs(%one : tensor<4x4xf32>) {
    ^bb0(%p: f32, %r: f32, %b: f32, %o: f32):
      %0 = arith.mulf %p, %r : f32
      %1 = arith.mulf %b, %0 : f32
      %2 = arith.subf %o, %1 : f32
      linalg.yield %2 : f32
    } -> tensor<4x4xf32>
    %kv1 = linalg.generic {indexing_maps = [#i, #j, #none, #ij], iterator_types = ["parallel", "parallel"]}
        ins(%k1, %v1, %b1 : tensor<4xf32>, tensor<3xf32>, tensor<f32>) outs(%states : tensor<4x3xf32>) {
    ^bb0(%p: f32, %r: f32, %b: f32, %o: f32):
      %0 = arith.mulf %p, %r : f32
      %1 = arith.mulf %b, %0 : f32
      linalg.yield %1 : f32
    } -> tensor<4x3xf32>
    %kv2 = linalg.generic {indexing_maps = [#i, #j, #none, #ij], iterator_types = ["parallel", "parallel"]}
        ins(%k2, %v2, %b2 : tensor<4xf32>, tensor<3xf32>, tensor<f32>) outs(%states : tensor<4x3xf32>) {
    ^bb0(%p: f32, %r: f32, %b: f32, %o: f32):
      %0 = arith.mulf %p, %r : f32
      %1 = arith.mulf %b, %0 : f32
      linalg.yield %1 : f32
    } -> tensor<4x3xf32>
    %h = linalg.matmul ins(%h2, %h1 : tensor<4x4xf32>, tensor<4x4xf32>) outs(%squares : tensor<4x4xf32>) -> tensor<4x4xf32>
    %turned = linalg.matmul ins(%h2, %kv1 : tensor<4x4xf32>, tensor<4x3xf32>) outs(%kv2 : tensor<4x3xf32>) -> tensor<4x3xf32>
    %next = linalg.matmul ins(%h, %S : tensor<4x4xf32>, tensor<4x3xf32>) outs(%turned : tensor<4x3xf32>) -> tensor<4x3xf32>
    %y = linalg.vecmat ins(%q, %next : tensor<4xf32>, tensor<4x3xf32>) outs(%zeros : tensor<3xf32>) -> tensor<3xf32>
    strand.yield %y : tensor<3xf32> next %next : tensor<4x3xf32>
  }
  return %r : tensor<?x3xf32>
}
