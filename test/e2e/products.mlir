// Products of many rows on a GPU, by the lane emulator: two tiles of 128 rows, by warpgroups and by warps, and 44 rows behind
// them. A result as it is, and one that is rounded as soon as it is made.
// RUN: strand-check --lanes --rows=300 --forms=packed --without-fences --without-barriers %s | FileCheck %s --implicit-check-not=wrong
// RUN: strand-check --lanes --gpu-arch=sm_80 --rows=300 --forms=packed %s | FileCheck %s --implicit-check-not=wrong --check-prefix=WARPS
// RUN: strand-opt %s -pass-pipeline="builtin.module(func.func(convert-elementwise-to-linalg,strand-fuse-results,strand-block-products{rows=128}))" \
// RUN:   | FileCheck %s --check-prefix=TILES
// CHECK: plain: 1 form right
// CHECK: plain: form packed: 3 of 3 fences and waits are missed
// CHECK: rounded: 1 form right
// CHECK: rounded: form packed: 3 of 3 fences and waits are missed
// WARPS: plain: 1 form right
// WARPS: rounded: 1 form right
// TILES-COUNT-2: scf.forall

#x = affine_map<(t, n, k) -> (t, k)>
#w = affine_map<(t, n, k) -> (n, k)>
#y = affine_map<(t, n, k) -> (t, n)>

func.func @plain(%x: tensor<?x128xbf16>, %w: tensor<64x128xbf16>) -> tensor<?x64xf32> {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %n = tensor.dim %x, %c0 : tensor<?x128xbf16>
  %e = tensor.empty(%n) : tensor<?x64xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<?x64xf32>) -> tensor<?x64xf32>
  %y = linalg.generic {indexing_maps = [#x, #w, #y], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %w : tensor<?x128xbf16>, tensor<64x128xbf16>) outs(%f : tensor<?x64xf32>) {
  ^bb0(%a: bf16, %b: bf16, %o: f32):
    %a32 = arith.extf %a : bf16 to f32
    %b32 = arith.extf %b : bf16 to f32
    %m = arith.mulf %a32, %b32 : f32
    %s = arith.addf %o, %m : f32
    linalg.yield %s : f32
  } -> tensor<?x64xf32>
  return %y : tensor<?x64xf32>
}

func.func @rounded(%x: tensor<?x64xbf16>, %w: tensor<192x64xbf16>) -> tensor<?x192xbf16> attributes {check.tolerance = 4.0e-3} {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %n = tensor.dim %x, %c0 : tensor<?x64xbf16>
  %e = tensor.empty(%n) : tensor<?x192xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<?x192xf32>) -> tensor<?x192xf32>
  %y = linalg.generic {indexing_maps = [#x, #w, #y], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %w : tensor<?x64xbf16>, tensor<192x64xbf16>) outs(%f : tensor<?x192xf32>) {
  ^bb0(%a: bf16, %b: bf16, %o: f32):
    %a32 = arith.extf %a : bf16 to f32
    %b32 = arith.extf %b : bf16 to f32
    %m = arith.mulf %a32, %b32 : f32
    %s = arith.addf %o, %m : f32
    linalg.yield %s : f32
  } -> tensor<?x192xf32>
  %r = arith.truncf %y : tensor<?x192xf32> to tensor<?x192xbf16>
  return %r : tensor<?x192xbf16>
}
