// A layer whose rows are rounded to bf16 where they are multiplied: products and tiles in registers on a GPU.
// RUN: strand-check --lanes --narrow-rows --rows=100 --forms=packed,cut %s | FileCheck %s
// RUN: not strand-check --narrow-rows %s 2>&1 | FileCheck %s --check-prefix=LANES
// CHECK: layer: 2 forms right
// LANES: strand-check: error: --narrow-rows is for the lane emulator

#x = affine_map<(t, o, i) -> (t, i)>
#w = affine_map<(t, o, i) -> (o, i)>
#y = affine_map<(t, o, i) -> (t, o)>
#td = affine_map<(t, d) -> (t, d)>

func.func @layer(%x: tensor<?x32xf32>, %wq: tensor<32x32xbf16>, %wk: tensor<32x32xbf16>, %wv: tensor<64x32xbf16>, %g: tensor<?x2x16xf32> {check.kind = "gates"}, %wo: tensor<32x64xbf16>, %offsets: tensor<?xi32>) -> tensor<?x32xf32> attributes {check.tolerance = 1.0e-2} {
  %c0 = arith.constant 0 : index
  %n = tensor.dim %x, %c0 : tensor<?x32xf32>
  %zero = arith.constant 0.0 : f32
  %e32 = tensor.empty(%n) : tensor<?x32xf32>
  %z32 = linalg.fill ins(%zero : f32) outs(%e32 : tensor<?x32xf32>) -> tensor<?x32xf32>
  %e64 = tensor.empty(%n) : tensor<?x64xf32>
  %z64 = linalg.fill ins(%zero : f32) outs(%e64 : tensor<?x64xf32>) -> tensor<?x64xf32>
  %q = linalg.generic {indexing_maps = [#x, #w, #y], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %wq : tensor<?x32xf32>, tensor<32x32xbf16>) outs(%z32 : tensor<?x32xf32>) {
  ^bb0(%a: f32, %b: bf16, %c: f32):
    %v = arith.extf %b : bf16 to f32
    %m = arith.mulf %a, %v : f32
    %s = arith.addf %c, %m : f32
    linalg.yield %s : f32
  } -> tensor<?x32xf32>
  %k = linalg.generic {indexing_maps = [#x, #w, #y], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %wk : tensor<?x32xf32>, tensor<32x32xbf16>) outs(%z32 : tensor<?x32xf32>) {
  ^bb0(%a: f32, %b: bf16, %c: f32):
    %v = arith.extf %b : bf16 to f32
    %m = arith.mulf %a, %v : f32
    %s = arith.addf %c, %m : f32
    linalg.yield %s : f32
  } -> tensor<?x32xf32>
  %v = linalg.generic {indexing_maps = [#x, #w, #y], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %wv : tensor<?x32xf32>, tensor<64x32xbf16>) outs(%z64 : tensor<?x64xf32>) {
  ^bb0(%a: f32, %b: bf16, %c: f32):
    %u = arith.extf %b : bf16 to f32
    %m = arith.mulf %a, %u : f32
    %s = arith.addf %c, %m : f32
    linalg.yield %s : f32
  } -> tensor<?x64xf32>
  %qh = tensor.expand_shape %q [[0], [1, 2]] output_shape [%n, 2, 16] : tensor<?x32xf32> into tensor<?x2x16xf32>
  %kh = tensor.expand_shape %k [[0], [1, 2]] output_shape [%n, 2, 16] : tensor<?x32xf32> into tensor<?x2x16xf32>
  %vh = tensor.expand_shape %v [[0], [1, 2]] output_shape [%n, 2, 32] : tensor<?x64xf32> into tensor<?x2x32xf32>
  %h = strand.linear_attention %qh, %kh, %vh gate %g offsets %offsets {scale = 0.25 : f64}
    : (tensor<?x2x16xf32>, tensor<?x2x16xf32>, tensor<?x2x32xf32>, tensor<?x2x16xf32>, tensor<?xi32>) -> tensor<?x2x32xf32>
  %f = tensor.collapse_shape %h [[0], [1, 2]] : tensor<?x2x32xf32> into tensor<?x64xf32>
  %o = linalg.generic {indexing_maps = [#x, #w, #y], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%f, %wo : tensor<?x64xf32>, tensor<32x64xbf16>) outs(%z32 : tensor<?x32xf32>) {
  ^bb0(%a: f32, %b: bf16, %c: f32):
    %u = arith.extf %b : bf16 to f32
    %m = arith.mulf %a, %u : f32
    %s = arith.addf %c, %m : f32
    linalg.yield %s : f32
  } -> tensor<?x32xf32>
  %r = linalg.generic {indexing_maps = [#td, #td, #td], iterator_types = ["parallel", "parallel"]}
      ins(%x, %o : tensor<?x32xf32>, tensor<?x32xf32>) outs(%e32 : tensor<?x32xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %s = arith.addf %a, %b : f32
    linalg.yield %s : f32
  } -> tensor<?x32xf32>
  return %r : tensor<?x32xf32>
}
