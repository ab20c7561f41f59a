// RUN: strand-opt %s -strand-library-products -canonicalize -cse -split-input-file | FileCheck %s
// RUN: strand-opt %s -pass-pipeline="builtin.module(func.func(strand-library-products,strand-block-products),canonicalize,cse)" \
// RUN:   -split-input-file | FileCheck %s --check-prefix=BLOCKS

// The library is asked for the rounded product; what is left is written where it would have written it, by tiles as without.
#x = affine_map<(t, n, k) -> (t, k)>
#w = affine_map<(t, n, k) -> (n, k)>
#y = affine_map<(t, n, k) -> (t, n)>
#id = affine_map<(t, n) -> (t, n)>
// CHECK-LABEL: func.func @rounded(
// CHECK-SAME:    %[[X:.*]]: tensor<?x1024xbf16>, %[[W:.*]]: tensor<2048x1024xbf16>)
// CHECK-SAME:    strand.notes = [{at = {{.*}}, columns = 2048 : i64, depth = 1024 : i64, fallback = false, form = "library, or own kernels", from_rows = 1 : i64, op = "tile.library_product", type = bf16}]
// CHECK:         %[[N:.*]] = tensor.dim %[[X]], %c0
// CHECK:         %[[E:.*]] = tensor.empty(%[[N]]) : tensor<?x2048xbf16>
// CHECK:         %[[Y:.*]], %[[LEFT:.*]] = tile.library_product %[[X]] times %[[W]] into %[[E]] {from = 1 : i64}
// CHECK:         %[[R:.*]] = scf.if %[[LEFT]] -> (tensor<?x2048xbf16>)
// CHECK:           tensor.empty(%[[N]]) : tensor<?x2048xf32>
// CHECK:           %[[F:.*]] = linalg.fill
// CHECK:           %[[P:.*]] = linalg.generic {{.*}} ins(%[[X]], %[[W]] : {{.*}}) outs(%[[F]]
// CHECK:           linalg.generic {{.*}} ins(%[[P]] : {{.*}}) outs(%[[Y]] : tensor<?x2048xbf16>)
// CHECK:             arith.truncf
// CHECK:         } else {
// CHECK-NEXT:      scf.yield %[[Y]]
// CHECK:         return %[[R]], %[[N]]
// BLOCKS-LABEL: func.func @rounded(
// BLOCKS:        %[[Y:.*]], %[[LEFT:.*]] = tile.library_product
// BLOCKS:        scf.if %[[LEFT]]
// BLOCKS:          scf.forall {{.*}} shared_outs(%{{.*}} = %[[Y]])
// BLOCKS:          tensor.insert_slice
// BLOCKS-NEXT:     scf.yield
func.func @rounded(%x: tensor<?x1024xbf16>, %w: tensor<2048x1024xbf16>) -> (tensor<?x2048xbf16>, index) {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %n = tensor.dim %x, %c0 : tensor<?x1024xbf16>
  %e = tensor.empty(%n) : tensor<?x2048xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<?x2048xf32>) -> tensor<?x2048xf32>
  %y = linalg.generic {indexing_maps = [#x, #w, #y], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %w : tensor<?x1024xbf16>, tensor<2048x1024xbf16>) outs(%f : tensor<?x2048xf32>) {
  ^bb0(%a: bf16, %b: bf16, %o: f32):
    %a32 = arith.extf %a : bf16 to f32
    %b32 = arith.extf %b : bf16 to f32
    %m = arith.mulf %a32, %b32 : f32
    %s = arith.addf %o, %m : f32
    linalg.yield %s : f32
  } -> tensor<?x2048xf32>
  %e16 = tensor.empty(%n) : tensor<?x2048xbf16>
  %r = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%y : tensor<?x2048xf32>) outs(%e16 : tensor<?x2048xbf16>) {
  ^bb0(%a: f32, %o: bf16):
    %t = arith.truncf %a : f32 to bf16
    linalg.yield %t : bf16
  } -> tensor<?x2048xbf16>
  %rows = tensor.dim %r, %c0 : tensor<?x2048xbf16>
  return %r, %rows : tensor<?x2048xbf16>, index
}

// -----

// Rows that are parts of longer ones, and sums that several ops read, which stay in f32.
#x = affine_map<(t, n, k) -> (t, k)>
#w = affine_map<(t, n, k) -> (n, k)>
#y = affine_map<(t, n, k) -> (t, n)>
// CHECK-LABEL: func.func @part(
// CHECK:         %[[PART:.*]] = tensor.extract_slice
// CHECK:         %[[Y:.*]], %{{.*}} = tile.library_product %[[PART]] times %{{.*}} -> tensor<?x1024xf32>
// CHECK:         scf.if
// CHECK-NOT:       tensor.empty
// CHECK:           linalg.fill {{.*}} outs(%[[Y]] : tensor<?x1024xf32>)
func.func @part(%long: tensor<?x3072xbf16>, %w: tensor<1024x1024xbf16>) -> tensor<?x1024xf32> {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %n = tensor.dim %long, %c0 : tensor<?x3072xbf16>
  %x = tensor.extract_slice %long[0, 1024] [%n, 1024] [1, 1] : tensor<?x3072xbf16> to tensor<?x1024xbf16>
  %e = tensor.empty(%n) : tensor<?x1024xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<?x1024xf32>) -> tensor<?x1024xf32>
  %y = linalg.generic {indexing_maps = [#x, #w, #y], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %w : tensor<?x1024xbf16>, tensor<1024x1024xbf16>) outs(%f : tensor<?x1024xf32>) {
  ^bb0(%a: bf16, %b: bf16, %o: f32):
    %a32 = arith.extf %a : bf16 to f32
    %b32 = arith.extf %b : bf16 to f32
    %m = arith.mulf %a32, %b32 : f32
    %s = arith.addf %o, %m : f32
    linalg.yield %s : f32
  } -> tensor<?x1024xf32>
  return %y : tensor<?x1024xf32>
}

// -----

// Another op than a rounding is computed on tiles, or by itself behind the library, into one place.
#x = affine_map<(t, n, k) -> (t, k)>
#w = affine_map<(t, n, k) -> (n, k)>
#y = affine_map<(t, n, k) -> (t, n)>
#id = affine_map<(t, n) -> (t, n)>
// CHECK-LABEL: func.func @active(
// CHECK:         %[[Y:.*]] = tensor.empty(%{{.*}}) : tensor<?x1024xbf16>
// CHECK:         %[[SUMS:.*]], %[[LEFT:.*]] = tile.library_product %{{.*}} -> tensor<?x1024xf32>
// CHECK:         scf.if %[[LEFT]] -> (tensor<?x1024xbf16>)
// CHECK:           arith.mulf
// CHECK:           linalg.generic {{.*}} outs(%[[Y]] : tensor<?x1024xbf16>)
// CHECK:             arith.maximumf
// CHECK:         } else {
// CHECK-NEXT:      linalg.generic {{.*}} ins(%[[SUMS]] : tensor<?x1024xf32>) outs(%[[Y]] : tensor<?x1024xbf16>)
// CHECK:             arith.maximumf
func.func @active(%x: tensor<?x1024xbf16>, %w: tensor<1024x1024xbf16>) -> tensor<?x1024xbf16> {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %n = tensor.dim %x, %c0 : tensor<?x1024xbf16>
  %e = tensor.empty(%n) : tensor<?x1024xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<?x1024xf32>) -> tensor<?x1024xf32>
  %y = linalg.generic {indexing_maps = [#x, #w, #y], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %w : tensor<?x1024xbf16>, tensor<1024x1024xbf16>) outs(%f : tensor<?x1024xf32>) {
  ^bb0(%a: bf16, %b: bf16, %o: f32):
    %a32 = arith.extf %a : bf16 to f32
    %b32 = arith.extf %b : bf16 to f32
    %m = arith.mulf %a32, %b32 : f32
    %s = arith.addf %o, %m : f32
    linalg.yield %s : f32
  } -> tensor<?x1024xf32>
  %e16 = tensor.empty(%n) : tensor<?x1024xbf16>
  %active = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%y : tensor<?x1024xf32>) outs(%e16 : tensor<?x1024xbf16>) {
  ^bb0(%a: f32, %o: bf16):
    %t = arith.maximumf %a, %zero : f32
    %r = arith.truncf %t : f32 to bf16
    linalg.yield %r : bf16
  } -> tensor<?x1024xbf16>
  return %active : tensor<?x1024xbf16>
}

// -----

// Rows that a product is added to; kernels for few single rows take as many as the library has to have.
#x = affine_map<(t, n, k) -> (t, k)>
#w = affine_map<(t, n, k) -> (n, k)>
#y = affine_map<(t, n, k) -> (t, n)>
// CHECK-LABEL: func.func @added(
// CHECK-SAME:    %[[R:[a-z0-9]*]]: tensor<?x1024xf32>)
// CHECK:         %[[Y:.*]], %[[LEFT:.*]] = tile.library_product %{{.*}} onto %[[R]] {from = 16 : i64}
// CHECK:         scf.if %[[LEFT]]
// CHECK-NEXT:      linalg.generic {{.*}} outs(%[[Y]] : tensor<?x1024xf32>)
// CHECK:         } else {
// CHECK-NEXT:      scf.yield %[[Y]]
func.func @added(%x: tensor<?x1024xbf16>, %w: tensor<1024x1024xbf16>, %f: tensor<?x1024xf32>) -> tensor<?x1024xf32> attributes {strand.single_row} {
  %y = linalg.generic {indexing_maps = [#x, #w, #y], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %w : tensor<?x1024xbf16>, tensor<1024x1024xbf16>) outs(%f : tensor<?x1024xf32>) {
  ^bb0(%a: bf16, %b: bf16, %o: f32):
    %a32 = arith.extf %a : bf16 to f32
    %b32 = arith.extf %b : bf16 to f32
    %m = arith.mulf %a32, %b32 : f32
    %s = arith.addf %o, %m : f32
    linalg.yield %s : f32
  } -> tensor<?x1024xf32>
  return %y : tensor<?x1024xf32>
}

// -----

// A matrix of few numbers; rows in f32; rows that begin at column 3; a product
// in a loop.
#x = affine_map<(t, n, k) -> (t, k)>
#w = affine_map<(t, n, k) -> (n, k)>
#y = affine_map<(t, n, k) -> (t, n)>
#id = affine_map<(t, n) -> (t, n)>
// CHECK-LABEL: func.func @others(
// CHECK-NOT:     tile.library_product
// CHECK:         return
func.func @others(%x: tensor<?x1024xbf16>, %x32: tensor<?x1024xf32>, %long: tensor<?x2048xbf16>, %w: tensor<1024x1024xbf16>,
    %few: tensor<64x64xbf16>, %narrow: tensor<?x64xbf16>, %times: index)
    -> (tensor<?x64xf32>, tensor<?x1024xf32>, tensor<?x1024xf32>, tensor<?x1024xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %zero = arith.constant 0.0 : f32
  %n = tensor.dim %x, %c0 : tensor<?x1024xbf16>
  %e = tensor.empty(%n) : tensor<?x1024xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<?x1024xf32>) -> tensor<?x1024xf32>
  %e64 = tensor.empty(%n) : tensor<?x64xf32>
  %f64 = linalg.fill ins(%zero : f32) outs(%e64 : tensor<?x64xf32>) -> tensor<?x64xf32>
  %small = linalg.generic {indexing_maps = [#x, #w, #y], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%narrow, %few : tensor<?x64xbf16>, tensor<64x64xbf16>) outs(%f64 : tensor<?x64xf32>) {
  ^bb0(%a: bf16, %b: bf16, %o: f32):
    %a32 = arith.extf %a : bf16 to f32
    %b32 = arith.extf %b : bf16 to f32
    %m = arith.mulf %a32, %b32 : f32
    %s = arith.addf %o, %m : f32
    linalg.yield %s : f32
  } -> tensor<?x64xf32>
  %wide = linalg.generic {indexing_maps = [#x, #w, #y], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x32, %w : tensor<?x1024xf32>, tensor<1024x1024xbf16>) outs(%f : tensor<?x1024xf32>) {
  ^bb0(%a: f32, %b: bf16, %o: f32):
    %b32 = arith.extf %b : bf16 to f32
    %m = arith.mulf %a, %b32 : f32
    %s = arith.addf %o, %m : f32
    linalg.yield %s : f32
  } -> tensor<?x1024xf32>
  %part = tensor.extract_slice %long[0, 3] [%n, 1024] [1, 1] : tensor<?x2048xbf16> to tensor<?x1024xbf16>
  %shifted = linalg.generic {indexing_maps = [#x, #w, #y], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%part, %w : tensor<?x1024xbf16>, tensor<1024x1024xbf16>) outs(%f : tensor<?x1024xf32>) {
  ^bb0(%a: bf16, %b: bf16, %o: f32):
    %a32 = arith.extf %a : bf16 to f32
    %b32 = arith.extf %b : bf16 to f32
    %m = arith.mulf %a32, %b32 : f32
    %s = arith.addf %o, %m : f32
    linalg.yield %s : f32
  } -> tensor<?x1024xf32>
  %again = scf.for %i = %c0 to %times step %c1 iter_args(%z = %e) -> tensor<?x1024xf32> {
    %fz = linalg.fill ins(%zero : f32) outs(%z : tensor<?x1024xf32>) -> tensor<?x1024xf32>
    %inside = linalg.generic {indexing_maps = [#x, #w, #y], iterator_types = ["parallel", "parallel", "reduction"]}
        ins(%x, %w : tensor<?x1024xbf16>, tensor<1024x1024xbf16>) outs(%fz : tensor<?x1024xf32>) {
    ^bb0(%a: bf16, %b: bf16, %o: f32):
      %a32 = arith.extf %a : bf16 to f32
      %b32 = arith.extf %b : bf16 to f32
      %m = arith.mulf %a32, %b32 : f32
      %s = arith.addf %o, %m : f32
      linalg.yield %s : f32
    } -> tensor<?x1024xf32>
    scf.yield %inside : tensor<?x1024xf32>
  }
  return %small, %wide, %shifted, %again : tensor<?x64xf32>, tensor<?x1024xf32>, tensor<?x1024xf32>, tensor<?x1024xf32>
}
