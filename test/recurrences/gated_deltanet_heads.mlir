// Gated DeltaNet with heads.
//
//   the same for each head
//
// RUN: strand-opt %s -strand-infer-structure -verify-diagnostics -o /dev/null
// RUN: strand-check %s | FileCheck %s --implicit-check-not=wrong
// CHECK: gated_deltanet_heads: {{[7-9]|1[0-9]}} forms right

#hij_hi = affine_map<(h, i, j) -> (h, i)>
#hij_hij = affine_map<(h, i, j) -> (h, i, j)>
#hij_hj = affine_map<(h, i, j) -> (h, j)>
#hji_hi = affine_map<(h, j, i) -> (h, i)>
#hji_hij = affine_map<(h, j, i) -> (h, i, j)>
#hji_hj = affine_map<(h, j, i) -> (h, j)>

func.func @gated_deltanet_heads(%qs: tensor<?x2x4xf32>, %ks: tensor<?x2x4xf32> {check.range = [-0.5, 0.5]},
    %vs: tensor<?x2x3xf32>, %gs: tensor<?x2xf32> {check.kind = "gates"},
    %bs: tensor<?x2xf32> {check.range = [0.0, 1.0]}, %offsets: tensor<?xi32>) -> tensor<?x2x3xf32> {
  // expected-remark @below {{h is diagonal plus rank 1 (delta rule): h[i,j,l] = exp(g[i]) * h[i,j,l] + l[i,j] * sum_x r[x] * h[i,x,l] + k[i,j] * v[i,l]; becomes strand.delta_rule}}
  %r = strand.scan rows(%q = %qs : tensor<?x2x4xf32>, %k = %ks : tensor<?x2x4xf32>,
           %v = %vs : tensor<?x2x3xf32>, %g = %gs : tensor<?x2xf32>, %b = %bs : tensor<?x2xf32>)
      carry(%S : tensor<2x4x3xf32>) offsets %offsets : tensor<?xi32> -> tensor<?x2x3xf32> {
    %0 = math.exp %g : tensor<2xf32>
    %1 = tensor.empty() : tensor<2x4x3xf32>
    %2 = linalg.broadcast ins(%0 : tensor<2xf32>) outs(%1 : tensor<2x4x3xf32>) dimensions = [1, 2]
    %3 = arith.mulf %2, %S : tensor<2x4x3xf32>
    %c0 = arith.constant dense<0.0> : tensor<2x3xf32>
    %5 = linalg.generic {indexing_maps = [#hji_hi, #hji_hij, #hji_hj],
        iterator_types = ["parallel", "parallel", "reduction"]}
        ins(%k, %3 : tensor<2x4xf32>, tensor<2x4x3xf32>) outs(%c0 : tensor<2x3xf32>) {
    ^bb0(%p0: f32, %p1: f32, %acc: f32):
      %_m = arith.mulf %p0, %p1 : f32
      %_a = arith.addf %acc, %_m : f32
      linalg.yield %_a : f32
    } -> tensor<2x3xf32>
    %6 = arith.subf %v, %5 : tensor<2x3xf32>
    %7 = tensor.empty() : tensor<2x4xf32>
    %8 = linalg.broadcast ins(%b : tensor<2xf32>) outs(%7 : tensor<2x4xf32>) dimensions = [1]
    %9 = arith.mulf %8, %k : tensor<2x4xf32>
    %10 = tensor.empty() : tensor<2x4x3xf32>
    %11 = linalg.generic {indexing_maps = [#hij_hi, #hij_hj, #hij_hij],
        iterator_types = ["parallel", "parallel", "parallel"]}
        ins(%9, %6 : tensor<2x4xf32>, tensor<2x3xf32>) outs(%10 : tensor<2x4x3xf32>) {
    ^bb0(%p0: f32, %p1: f32, %acc: f32):
      %_m = arith.mulf %p0, %p1 : f32
      linalg.yield %_m : f32
    } -> tensor<2x4x3xf32>
    %12 = arith.addf %3, %11 : tensor<2x4x3xf32>
    %13 = linalg.generic {indexing_maps = [#hji_hi, #hji_hij, #hji_hj],
        iterator_types = ["parallel", "parallel", "reduction"]}
        ins(%q, %12 : tensor<2x4xf32>, tensor<2x4x3xf32>) outs(%c0 : tensor<2x3xf32>) {
    ^bb0(%p0: f32, %p1: f32, %acc: f32):
      %_m = arith.mulf %p0, %p1 : f32
      %_a = arith.addf %acc, %_m : f32
      linalg.yield %_a : f32
    } -> tensor<2x3xf32>
    strand.yield %13 : tensor<2x3xf32> next %12 : tensor<2x4x3xf32>
  }
  return %r : tensor<?x2x3xf32>
}
