// RUN: strandc %s --compile-to=buffers -o - | FileCheck %s --implicit-check-not='memref.copy %alloc' \
// RUN:   --implicit-check-not='memref.copy %subview{{.*}} : memref<{{6x10|10x6}}xf32'

// Rows and blocks write weights where they are: what is copied is what they begin at, in the first row of a sequence.
// CHECK: func.func private @advance
// CHECK: scf.for
// CHECK: memref.copy %{{[0-9]+}}, %subview{{[_0-9]*}} : memref<6x10xf32>
// CHECK: func.func private @step
// CHECK: scf.for
// CHECK: memref.copy %{{[0-9]+}}, %subview{{[_0-9]*}} : memref<6x10xf32>
func.func @forward(%tokens: tensor<?xi32>, %offsets: tensor<?xi32>) -> tensor<?x6xf32> {
  %zero = arith.constant 0 : index
  %rows = tensor.dim %tokens, %zero : tensor<?xi32>
  %e = tensor.empty(%rows) : tensor<?x1x6xf32>
  %x = linalg.generic {indexing_maps = [affine_map<(r, h, d) -> (r)>, affine_map<(r, h, d) -> (r, h, d)>],
      iterator_types = ["parallel", "parallel", "parallel"]} ins(%tokens : tensor<?xi32>) outs(%e : tensor<?x1x6xf32>) {
  ^bb0(%t: i32, %o: f32):
    %0 = arith.sitofp %t : i32 to f32
    linalg.yield %0 : f32
  } -> tensor<?x1x6xf32>
  %tau = arith.constant 0.25 : f32
  %like = tensor.empty(%rows) : tensor<?x1xf32>
  %taus = linalg.fill ins(%tau : f32) outs(%like : tensor<?x1xf32>) -> tensor<?x1xf32>
  %w1 = arith.constant dense<0.5> : tensor<1x6x10xf32>
  %w2 = arith.constant dense<0.5> : tensor<1x10x6xf32>
  %y = strand.fast_weight %x, %x, %x rate %taus rescale %taus init(%w1, %w2) activation gelu_tanh offsets %offsets {block = 8}
      : (tensor<?x1x6xf32>, tensor<?x1x6xf32>, tensor<?x1x6xf32>, tensor<?x1xf32>, tensor<?x1xf32>, tensor<1x6x10xf32>,
         tensor<1x10x6xf32>, tensor<?xi32>) -> tensor<?x1x6xf32>
  %flat = tensor.collapse_shape %y [[0], [1, 2]] : tensor<?x1x6xf32> into tensor<?x6xf32>
  return %flat : tensor<?x6xf32>
}
