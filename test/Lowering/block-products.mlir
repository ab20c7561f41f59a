// RUN: strand-opt %s -strand-block-products -canonicalize -cse -split-input-file | FileCheck %s
// RUN: strand-opt %s -pass-pipeline="builtin.module(func.func(strand-block-products{rows=64 columns=64}),canonicalize,cse)" \
// RUN:   -split-input-file | FileCheck %s --check-prefix=SMALL

// Whole tiles of 128 rows and 128 columns go by themselves, what alone reads them with them; the rest of the rows stays a product.
#x = affine_map<(t, n, k) -> (t, k)>
#w = affine_map<(t, n, k) -> (n, k)>
#y = affine_map<(t, n, k) -> (t, n)>
#id = affine_map<(t, n) -> (t, n)>
// CHECK-LABEL: func.func @rounded(
// CHECK-SAME:    %[[X:.*]]: tensor<?x192xbf16>, %[[W:.*]]: tensor<256x192xbf16>)
// CHECK-DAG:     %[[R:.*]] = arith.constant 128 : index
// CHECK:         %[[N:.*]] = tensor.dim %[[X]]
// CHECK:         %[[REST:.*]] = arith.remui %[[N]], %[[R]]
// CHECK:         %[[WHOLE:.*]] = arith.subi %[[N]], %[[REST]]
// CHECK:         %[[TILES:.*]] = arith.divui %[[WHOLE]], %[[R]]
// CHECK:         %[[MOST:.*]] = scf.forall (%[[I:.*]], %[[J:.*]]) in (%[[TILES]], 2) shared_outs(%[[OUT:.*]] = %{{.*}}) -> (tensor<?x256xbf16>)
// CHECK:           scf.for %[[ROW:[a-z0-9]*]] =
// CHECK:             linalg.fill
// CHECK:             %[[SUMS:.*]] = scf.for %[[K:[a-z0-9]*]] = %{{.*}} to %c192 step %c64
// CHECK-DAG:           tensor.extract_slice %[[X]][%[[ROW]], %[[K]]] [128, 64]
// CHECK-DAG:           tensor.extract_slice %[[W]][%{{.*}}, %[[K]]] [128, 64]
// CHECK:               arith.mulf
// CHECK:             linalg.generic {{.*}} ins(%[[SUMS]] : tensor<128x128xf32>) outs(%{{.*}} : tensor<128x128xbf16>)
// CHECK-NEXT:        ^bb0
// CHECK-NEXT:          arith.truncf
// CHECK:           tensor.parallel_insert_slice
// CHECK:         %[[FEW:.*]] = tensor.extract_slice %[[X]][%[[WHOLE]], 0] [%[[REST]], 192]
// CHECK:         linalg.generic {{.*}} ins(%[[FEW]], %[[W]] : {{.*}})
// CHECK:         arith.truncf
// CHECK:         tensor.insert_slice %{{.*}} into %[[MOST]][%[[WHOLE]], 0]
// SMALL-LABEL: func.func @rounded(
// SMALL:         scf.forall (%{{.*}}, %{{.*}}) in (%{{.*}}, 4)
func.func @rounded(%x: tensor<?x192xbf16>, %w: tensor<256x192xbf16>) -> tensor<?x256xbf16> {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %n = tensor.dim %x, %c0 : tensor<?x192xbf16>
  %e = tensor.empty(%n) : tensor<?x256xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<?x256xf32>) -> tensor<?x256xf32>
  %y = linalg.generic {indexing_maps = [#x, #w, #y], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %w : tensor<?x192xbf16>, tensor<256x192xbf16>) outs(%f : tensor<?x256xf32>) {
  ^bb0(%a: bf16, %b: bf16, %o: f32):
    %a32 = arith.extf %a : bf16 to f32
    %b32 = arith.extf %b : bf16 to f32
    %m = arith.mulf %a32, %b32 : f32
    %s = arith.addf %o, %m : f32
    linalg.yield %s : f32
  } -> tensor<?x256xf32>
  %e16 = tensor.empty(%n) : tensor<?x256xbf16>
  %r = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%y : tensor<?x256xf32>) outs(%e16 : tensor<?x256xbf16>) {
  ^bb0(%a: f32, %o: bf16):
    %t = arith.truncf %a : f32 to bf16
    linalg.yield %t : bf16
  } -> tensor<?x256xbf16>
  return %r : tensor<?x256xbf16>
}

// -----

// 96 columns are no multiple of 64; rows in f32 are multiplied in three parts, by other kernels; a part of rows that begins
// at column 3 is not aligned.
#x = affine_map<(t, n, k) -> (t, k)>
#w = affine_map<(t, n, k) -> (n, k)>
#y = affine_map<(t, n, k) -> (t, n)>
// CHECK-LABEL: func.func @others(
// CHECK-NOT:     scf.forall
// CHECK:         return
func.func @others(%x: tensor<?x64xbf16>, %x32: tensor<?x64xf32>, %long: tensor<?x128xbf16>, %w: tensor<96x64xbf16>, %v: tensor<64x64xbf16>)
    -> (tensor<?x96xf32>, tensor<?x64xf32>, tensor<?x64xf32>) {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %n = tensor.dim %x, %c0 : tensor<?x64xbf16>
  %e = tensor.empty(%n) : tensor<?x96xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<?x96xf32>) -> tensor<?x96xf32>
  %e64 = tensor.empty(%n) : tensor<?x64xf32>
  %f64 = linalg.fill ins(%zero : f32) outs(%e64 : tensor<?x64xf32>) -> tensor<?x64xf32>
  %odd = linalg.generic {indexing_maps = [#x, #w, #y], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %w : tensor<?x64xbf16>, tensor<96x64xbf16>) outs(%f : tensor<?x96xf32>) {
  ^bb0(%a: bf16, %b: bf16, %o: f32):
    %a32 = arith.extf %a : bf16 to f32
    %b32 = arith.extf %b : bf16 to f32
    %m = arith.mulf %a32, %b32 : f32
    %s = arith.addf %o, %m : f32
    linalg.yield %s : f32
  } -> tensor<?x96xf32>
  %wide = linalg.generic {indexing_maps = [#x, #w, #y], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x32, %v : tensor<?x64xf32>, tensor<64x64xbf16>) outs(%f64 : tensor<?x64xf32>) {
  ^bb0(%a: f32, %b: bf16, %o: f32):
    %b32 = arith.extf %b : bf16 to f32
    %m = arith.mulf %a, %b32 : f32
    %s = arith.addf %o, %m : f32
    linalg.yield %s : f32
  } -> tensor<?x64xf32>
  %part = tensor.extract_slice %long[0, 3] [%n, 64] [1, 1] : tensor<?x128xbf16> to tensor<?x64xbf16>
  %shifted = linalg.generic {indexing_maps = [#x, #w, #y], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%part, %v : tensor<?x64xbf16>, tensor<64x64xbf16>) outs(%f64 : tensor<?x64xf32>) {
  ^bb0(%a: bf16, %b: bf16, %o: f32):
    %a32 = arith.extf %a : bf16 to f32
    %b32 = arith.extf %b : bf16 to f32
    %m = arith.mulf %a32, %b32 : f32
    %s = arith.addf %o, %m : f32
    linalg.yield %s : f32
  } -> tensor<?x64xf32>
  return %odd, %wide, %shifted : tensor<?x96xf32>, tensor<?x64xf32>, tensor<?x64xf32>
}
