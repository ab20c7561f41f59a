// Viterbi: the best path to each state.
//
//   a'[j] = max_i (a[i] + T[i,j]) + e[j].
//
// RUN: strand-opt %s -strand-infer-structure -verify-diagnostics -o /dev/null
// RUN: strand-check %s | FileCheck %s --implicit-check-not=wrong
// CHECK: viterbi: {{[7-9]|1[0-9]}} forms right

#ji_i = affine_map<(j, i) -> (i)>
#ji_ij = affine_map<(j, i) -> (i, j)>
#ji_j = affine_map<(j, i) -> (j)>

func.func @viterbi(%es: tensor<?x4xf32> {check.range = [-1.0, 1.0]},
    %all_Tr: tensor<4x4xf32> {check.range = [-1.0, 1.0]}, %offsets: tensor<?xi32>) -> tensor<?x4xf32> {
  // expected-remark @below {{h is max-plus with a matrix: h[i] = max_x(h[x] + m); stays a scan: two of its rows are joined by a product of 4 x 4 matrices, which takes 4 times the work of a row}}
  %r = strand.scan rows(%e = %es : tensor<?x4xf32>) with(%Tr = %all_Tr : tensor<4x4xf32>)
      carry(%al : tensor<4xf32>) offsets %offsets : tensor<?xi32> -> tensor<?x4xf32> {
    %c0 = arith.constant dense<0xFF800000> : tensor<4xf32>
    %1 = linalg.generic {indexing_maps = [#ji_i, #ji_ij, #ji_j], iterator_types = ["parallel", "reduction"]}
        ins(%al, %Tr : tensor<4xf32>, tensor<4x4xf32>) outs(%c0 : tensor<4xf32>) {
    ^bb0(%p0: f32, %p1: f32, %acc: f32):
      %_s = arith.addf %p0, %p1 : f32
      %_m = arith.maximumf %acc, %_s : f32
      linalg.yield %_m : f32
    } -> tensor<4xf32>
    %2 = arith.addf %1, %e : tensor<4xf32>
    strand.yield %2 : tensor<4xf32> next %2 : tensor<4xf32>
  }
  return %r : tensor<?x4xf32>
}
