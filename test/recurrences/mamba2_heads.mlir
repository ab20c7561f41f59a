// Mamba-2 with heads and the gate as a logarithm.
//
//   S' = exp(g) S + k v^T for each head.
//
// RUN: strand-opt %s -strand-infer-structure -verify-diagnostics -o /dev/null
// RUN: strand-check %s | FileCheck %s --implicit-check-not=wrong
// CHECK: mamba2_heads: {{[7-9]|1[0-9]}} forms right

#hij_hi = affine_map<(h, i, j) -> (h, i)>
#hij_hij = affine_map<(h, i, j) -> (h, i, j)>
#hij_hj = affine_map<(h, i, j) -> (h, j)>
#hji_hi = affine_map<(h, j, i) -> (h, i)>
#hji_hij = affine_map<(h, j, i) -> (h, i, j)>
#hji_hj = affine_map<(h, j, i) -> (h, j)>

func.func @mamba2_heads(%qs: tensor<?x2x4xf32>, %ks: tensor<?x2x4xf32>, %vs: tensor<?x2x3xf32>,
    %gs: tensor<?x2xf32> {check.kind = "gates"}, %offsets: tensor<?xi32>) -> tensor<?x2x3xf32> {
  // expected-remark @below {{h is a decayed sum of outer products: h[i,j,l] = exp(g[i]) * h[i,j,l] + k[i,j] * v[i,l]; becomes strand.linear_attention}}
  %r = strand.scan rows(%q = %qs : tensor<?x2x4xf32>, %k = %ks : tensor<?x2x4xf32>,
           %v = %vs : tensor<?x2x3xf32>, %g = %gs : tensor<?x2xf32>)
      carry(%S : tensor<2x4x3xf32>) offsets %offsets : tensor<?xi32> -> tensor<?x2x3xf32> {
    %0 = math.exp %g : tensor<2xf32>
    %1 = tensor.empty() : tensor<2x4x3xf32>
    %2 = linalg.broadcast ins(%0 : tensor<2xf32>) outs(%1 : tensor<2x4x3xf32>) dimensions = [1, 2]
    %3 = arith.mulf %2, %S : tensor<2x4x3xf32>
    %4 = tensor.empty() : tensor<2x4x3xf32>
    %5 = linalg.generic {indexing_maps = [#hij_hi, #hij_hj, #hij_hij],
        iterator_types = ["parallel", "parallel", "parallel"]}
        ins(%k, %v : tensor<2x4xf32>, tensor<2x3xf32>) outs(%4 : tensor<2x4x3xf32>) {
    ^bb0(%p0: f32, %p1: f32, %acc: f32):
      %_m = arith.mulf %p0, %p1 : f32
      linalg.yield %_m : f32
    } -> tensor<2x4x3xf32>
    %6 = arith.addf %3, %5 : tensor<2x4x3xf32>
    %c0 = arith.constant dense<0.0> : tensor<2x3xf32>
    %8 = linalg.generic {indexing_maps = [#hji_hi, #hji_hij, #hji_hj],
        iterator_types = ["parallel", "parallel", "reduction"]}
        ins(%q, %6 : tensor<2x4xf32>, tensor<2x4x3xf32>) outs(%c0 : tensor<2x3xf32>) {
    ^bb0(%p0: f32, %p1: f32, %acc: f32):
      %_m = arith.mulf %p0, %p1 : f32
      %_a = arith.addf %acc, %_m : f32
      linalg.yield %_a : f32
    } -> tensor<2x3xf32>
    strand.yield %8 : tensor<2x3xf32> next %6 : tensor<2x4x3xf32>
  }
  return %r : tensor<?x2x3xf32>
}
