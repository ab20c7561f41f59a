// RUN: strand-opt %s --pass-pipeline='builtin.module(func.func(strand-vectorize{one-order=true},canonicalize,cse))' | FileCheck %s --check-prefix=ONE
// RUN: strand-opt %s --pass-pipeline='builtin.module(func.func(strand-vectorize,canonicalize,cse))' | FileCheck %s --check-prefix=TWO

// Rows times rows, so that the lanes are parts of sums: a lone row has two of them for each element, many rows one, unless
// the order is to be the same.
// ONE-LABEL: func.func @dots(
// ONE-NOT:     step %c32
// TWO-LABEL: func.func @dots(
// TWO:         step %c32
func.func @dots(%x: memref<?x160xf32>, %w: memref<64x160xf32>, %y: memref<?x64xf32>) {
  linalg.generic {indexing_maps = [affine_map<(t, n, k) -> (t, k)>, affine_map<(t, n, k) -> (n, k)>, affine_map<(t, n, k) -> (t, n)>],
                  iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %w : memref<?x160xf32>, memref<64x160xf32>) outs(%y : memref<?x64xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %p = arith.mulf %a, %b : f32
    %s = arith.addf %c, %p : f32
    linalg.yield %s : f32
  }
  return
}

// A product that is no term of a sum over a reduction stays one: it may as well be stored before the op.
// ONE-LABEL: func.func @update(
// ONE-NOT:     vector.fma
// ONE:         arith.mulf {{.*}} vector
// ONE:         arith.addf {{.*}} vector
// TWO-LABEL: func.func @update(
// TWO:         vector.fma
func.func @update(%x: memref<?x64xf32>, %y: memref<?x64xf32>) {
  linalg.generic {indexing_maps = [affine_map<(t, n) -> (t, n)>, affine_map<(t, n) -> (t, n)>], iterator_types = ["parallel", "parallel"]}
      ins(%x : memref<?x64xf32>) outs(%y : memref<?x64xf32>) {
  ^bb0(%a: f32, %c: f32):
    %p = arith.mulf %a, %a : f32
    %s = arith.addf %c, %p : f32
    linalg.yield %s : f32
  }
  return
}

// The sums of rows that share a matrix and of a lone row have as many parts.
// ONE-LABEL: func.func @lone(
// ONE-NOT:     step %c32
// TWO-LABEL: func.func @lone(
// TWO:         step %c32
func.func @lone(%x: memref<160xf32>, %w: memref<64x160xf32>, %y: memref<64xf32>) {
  linalg.generic {indexing_maps = [affine_map<(n, k) -> (k)>, affine_map<(n, k) -> (n, k)>, affine_map<(n, k) -> (n)>],
                  iterator_types = ["parallel", "reduction"]}
      ins(%x, %w : memref<160xf32>, memref<64x160xf32>) outs(%y : memref<64xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %p = arith.mulf %a, %b : f32
    %s = arith.addf %c, %p : f32
    linalg.yield %s : f32
  }
  return
}
