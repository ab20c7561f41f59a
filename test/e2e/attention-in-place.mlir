// Attention between rotary embeddings and what follows: no tensor of rows, ring or cache is copied, and cosines are
// computed once for queries and keys.
// RUN: strandc %s --compile-to=buffers | FileCheck %s --implicit-check-not='memref.copy {{.*}}memref<?x'

// CHECK-LABEL: func.func private @advance(
// CHECK: math.cos
// CHECK-NOT: math.cos
// CHECK-LABEL: func.func private @last(
// CHECK: math.cos
// CHECK-NOT: math.cos
// CHECK-LABEL: func.func private @step(
// CHECK: math.cos
// CHECK-NOT: math.cos
func.func private @embed(%tokens: tensor<?xi32>) -> tensor<?x4x16xf32> attributes {no_inline} {
  %c0 = arith.constant 0 : index
  %rows = tensor.dim %tokens, %c0 : tensor<?xi32>
  %empty = tensor.empty(%rows) : tensor<?x4x16xf32>
  %x = linalg.generic {indexing_maps = [affine_map<(r, h, d) -> (r)>, affine_map<(r, h, d) -> (r, h, d)>],
      iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%tokens : tensor<?xi32>) outs(%empty : tensor<?x4x16xf32>) {
  ^bb0(%token: i32, %out: f32):
    %x = arith.sitofp %token : i32 to f32
    linalg.yield %x : f32
  } -> tensor<?x4x16xf32>
  return %x : tensor<?x4x16xf32>
}
func.func @forward(%tokens: tensor<?xi32>, %offsets: tensor<?xi32>) -> tensor<?x64xf32> {
  %x = call @embed(%tokens) : (tensor<?xi32>) -> tensor<?x4x16xf32>
  %v = call @embed(%tokens) : (tensor<?xi32>) -> tensor<?x4x16xf32>
  %p = strand.position %tokens offsets %offsets : (tensor<?xi32>, tensor<?xi32>) -> tensor<?xi32>
  %q = strand.rotary %x, %p {base = 10000.0 : f64} : tensor<?x4x16xf32>, tensor<?xi32>
  %k = strand.rotary %q, %p {base = 10000.0 : f64} : tensor<?x4x16xf32>, tensor<?xi32>
  %y = strand.attention %q, %k, %v offsets %offsets {scale = 0.25 : f64, window = 8}
      : (tensor<?x4x16xf32>, tensor<?x4x16xf32>, tensor<?x4x16xf32>, tensor<?xi32>) -> tensor<?x4x16xf32>
  %z = strand.attention %y, %k, %y offsets %offsets {scale = 0.25 : f64}
      : (tensor<?x4x16xf32>, tensor<?x4x16xf32>, tensor<?x4x16xf32>, tensor<?xi32>) -> tensor<?x4x16xf32>
  %logits = tensor.collapse_shape %z [[0], [1, 2]] : tensor<?x4x16xf32> into tensor<?x64xf32>
  return %logits : tensor<?x64xf32>
}
