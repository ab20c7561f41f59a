// DeltaProduct of two factors without the state between them: what the second reads of it is known from the first.
//
//   n1 = b1 (v1 - e S^T k1), n2 = b2 (v2 - e S^T k2 - (k2 . k1) n1), S' = e S + k1 n1^T + k2 n2^T, e = exp(g).
//
// RUN: strand-opt %s -strand-infer-structure -verify-diagnostics -o /dev/null
// RUN: strand-check %s | FileCheck %s --implicit-check-not=wrong
// CHECK: deltaproduct_flat: {{[7-9]|1[0-9]}} forms right

#i = affine_map<(i, j) -> (i)>
#j = affine_map<(i, j) -> (j)>
#ij = affine_map<(i, j) -> (i, j)>
#v = affine_map<(j) -> (j)>
#none = affine_map<(j) -> ()>
#of_all = affine_map<(i, j) -> ()>

func.func @deltaproduct_flat(%qs: tensor<?x4xf32>, %k1s: tensor<?x4xf32> {check.range = [-0.5, 0.5]},
    %v1s: tensor<?x3xf32>, %b1s: tensor<?xf32> {check.range = [0.0, 1.0]},
    %k2s: tensor<?x4xf32> {check.range = [-0.5, 0.5]}, %v2s: tensor<?x3xf32>,
    %b2s: tensor<?xf32> {check.range = [0.0, 1.0]}, %gs: tensor<?xf32> {check.kind = "gates"}, %offsets: tensor<?xi32>) -> tensor<?x3xf32> {
  // expected-remark @below {{h is diagonal plus rank 2: h[i,j] = exp(g) * h[i,j] + l[i] * sum_x r[x] * h[x,j] + l[i] * sum_x r[x] * h[x,j] + b[i,j]; becomes strand.delta_rule}}
  %r = strand.scan rows(%q = %qs : tensor<?x4xf32>, %k1 = %k1s : tensor<?x4xf32>, %v1 = %v1s : tensor<?x3xf32>,
           %b1 = %b1s : tensor<?xf32>, %k2 = %k2s : tensor<?x4xf32>, %v2 = %v2s : tensor<?x3xf32>,
           %b2 = %b2s : tensor<?xf32>, %g = %gs : tensor<?xf32>)
      carry(%S : tensor<4x3xf32>) offsets %offsets : tensor<?xi32> -> tensor<?x3xf32> {
    %zeros = arith.constant dense<0.0> : tensor<3xf32>
    %zero = arith.constant dense<0.0> : tensor<f32>
    %empty = tensor.empty() : tensor<3xf32>
    %keep = math.exp %g : tensor<f32>
    %read1 = linalg.vecmat ins(%k1, %S : tensor<4xf32>, tensor<4x3xf32>) outs(%zeros : tensor<3xf32>) -> tensor<3xf32>
    %n1 = linalg.generic {indexing_maps = [#v, #v, #none, #none, #v], iterator_types = ["parallel"]}
        ins(%v1, %read1, %keep, %b1 : tensor<3xf32>, tensor<3xf32>, tensor<f32>, tensor<f32>) outs(%empty : tensor<3xf32>) {
    ^bb0(%v: f32, %read: f32, %e: f32, %b: f32, %o: f32):
      %0 = arith.mulf %e, %read : f32
      %1 = arith.subf %v, %0 : f32
      %2 = arith.mulf %b, %1 : f32
      linalg.yield %2 : f32
    } -> tensor<3xf32>
    %read2 = linalg.vecmat ins(%k2, %S : tensor<4xf32>, tensor<4x3xf32>) outs(%zeros : tensor<3xf32>) -> tensor<3xf32>
    %met = linalg.dot ins(%k2, %k1 : tensor<4xf32>, tensor<4xf32>) outs(%zero : tensor<f32>) -> tensor<f32>
    %n2 = linalg.generic {indexing_maps = [#v, #v, #v, #none, #none, #none, #v], iterator_types = ["parallel"]}
        ins(%v2, %read2, %n1, %keep, %met, %b2 : tensor<3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<f32>, tensor<f32>, tensor<f32>)
        outs(%empty : tensor<3xf32>) {
    ^bb0(%v: f32, %read: f32, %n: f32, %e: f32, %m: f32, %b: f32, %o: f32):
      %0 = arith.mulf %e, %read : f32
      %1 = arith.subf %v, %0 : f32
      %2 = arith.mulf %m, %n : f32
      %3 = arith.subf %1, %2 : f32
      %4 = arith.mulf %b, %3 : f32
      linalg.yield %4 : f32
    } -> tensor<3xf32>
    %like = tensor.empty() : tensor<4x3xf32>
    %next = linalg.generic {indexing_maps = [#ij, #i, #j, #i, #j, #of_all, #ij], iterator_types = ["parallel", "parallel"]}
        ins(%S, %k1, %n1, %k2, %n2, %keep : tensor<4x3xf32>, tensor<4xf32>, tensor<3xf32>, tensor<4xf32>, tensor<3xf32>, tensor<f32>)
        outs(%like : tensor<4x3xf32>) {
    ^bb0(%s: f32, %x1: f32, %y1: f32, %x2: f32, %y2: f32, %e: f32, %o: f32):
      %0 = arith.mulf %e, %s : f32
      %1 = arith.mulf %x1, %y1 : f32
      %2 = arith.mulf %x2, %y2 : f32
      %3 = arith.addf %0, %1 : f32
      %4 = arith.addf %3, %2 : f32
      linalg.yield %4 : f32
    } -> tensor<4x3xf32>
    %y = linalg.vecmat ins(%q, %next : tensor<4xf32>, tensor<4x3xf32>) outs(%zeros : tensor<3xf32>) -> tensor<3xf32>
    strand.yield %y : tensor<3xf32> next %next : tensor<4x3xf32>
  }
  return %r : tensor<?x3xf32>
}
