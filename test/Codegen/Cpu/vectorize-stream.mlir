// RUN: strand-opt %s -split-input-file --pass-pipeline='builtin.module(func.func(strand-vectorize{stream=4096},canonicalize,cse))' | FileCheck %s
// RUN: strand-opt %s -split-input-file --pass-pipeline='builtin.module(func.func(strand-vectorize{stream=0},canonicalize,cse))' | FileCheck %s --check-prefix=NEVER

// A marked result is stored past the caches where its buffer has more than 4,096 bytes (64 rows) and the address of the
// tile is one of vectors; the task orders that at its end.
// CHECK-LABEL: func.func @marked(
// CHECK-DAG:     %[[ROWS:.*]] = memref.dim %[[Y:arg[0-9]+]], %c0
// CHECK-DAG:     arith.constant 63 : index
// CHECK:         scf.forall
// CHECK:           %[[LARGE:.*]] = arith.cmpi ugt, %{{.*}}, %c64
// CHECK:           memref.extract_aligned_pointer_as_index
// CHECK:           memref.extract_strided_metadata
// CHECK:           %[[ALIGNED:.*]] = arith.cmpi eq
// CHECK:           %[[BOTH:.*]] = arith.andi %[[LARGE]], %[[ALIGNED]]
// CHECK:           scf.if %[[BOTH]]
// CHECK:             vector.store {{.*}} {alignment = 64 : i64, nontemporal = true}
// CHECK:           } else {
// CHECK-NOT:         nontemporal
// CHECK:             vector.store
// CHECK:           llvm.fence seq_cst
// NEVER-NOT:     nontemporal
// NEVER-NOT:     llvm.fence
#id = affine_map<(t, d) -> (t, d)>
func.func @marked(%x: memref<?x16xf32>, %y: memref<?x16xf32>) {
  %c0 = arith.constant 0 : index
  %n = memref.dim %x, %c0 : memref<?x16xf32>
  scf.forall (%i) in (%n) {
    %in = memref.subview %x[%i, 0] [1, 16] [1, 1] : memref<?x16xf32> to memref<1x16xf32, strided<[16, 1], offset: ?>>
    %out = memref.subview %y[%i, 0] [1, 16] [1, 1] : memref<?x16xf32> to memref<1x16xf32, strided<[16, 1], offset: ?>>
    linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
        ins(%in : memref<1x16xf32, strided<[16, 1], offset: ?>>) outs(%out : memref<1x16xf32, strided<[16, 1], offset: ?>>)
        attrs = {strand.streams} {
    ^bb0(%a: f32, %b: f32):
      %s = arith.addf %a, %a : f32
      linalg.yield %s : f32
    }
  }
  return
}

// -----

// Rows of another length than whole vectors are not aligned.
// CHECK-LABEL: func.func @odd_rows(
// CHECK-NOT:     nontemporal
// CHECK-NOT:     llvm.fence
#id = affine_map<(t, d) -> (t, d)>
func.func @odd_rows(%x: memref<?x17xf32>, %y: memref<?x17xf32>) {
  %c0 = arith.constant 0 : index
  %n = memref.dim %x, %c0 : memref<?x17xf32>
  scf.forall (%i) in (%n) {
    %in = memref.subview %x[%i, 0] [2, 17] [1, 1] : memref<?x17xf32> to memref<2x17xf32, strided<[17, 1], offset: ?>>
    %out = memref.subview %y[%i, 0] [2, 17] [1, 1] : memref<?x17xf32> to memref<2x17xf32, strided<[17, 1], offset: ?>>
    linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
        ins(%in : memref<2x17xf32, strided<[17, 1], offset: ?>>) outs(%out : memref<2x17xf32, strided<[17, 1], offset: ?>>)
        attrs = {strand.streams} {
    ^bb0(%a: f32, %b: f32):
      %s = arith.addf %a, %a : f32
      linalg.yield %s : f32
    }
  }
  return
}
