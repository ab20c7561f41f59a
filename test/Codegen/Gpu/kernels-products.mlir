// RUN: strand-opt %s -pass-pipeline='builtin.module(func.func(strand-kernels{tensor-cores},canonicalize,cse))' | FileCheck %s
// RUN: strand-opt %s -pass-pipeline='builtin.module(func.func(strand-kernels,canonicalize,cse))' | FileCheck %s --check-prefix=LOOPS

#mk = affine_map<(m, n, k) -> (m, k)>
#nk = affine_map<(m, n, k) -> (n, k)>
#mn = affine_map<(m, n, k) -> (m, n)>

// Blocks of the same rows are neighbours. A block has 128 columns and 64 rows, or those that are left; its 128 threads come to the product, which begins at
// zero. As loops of a CPU both are thread loops.
// CHECK-LABEL: func.func @many_rows
// CHECK:         scf.forall (%[[I:.*]], %[[J:.*]]) in (%{{.*}}, 3) {
// CHECK:           arith.minui %{{.*}}, %c64
// CHECK:           %[[STAGE:.*]] = memref.alloc() : memref<40960xi8>
// CHECK:           scf.forall (%{{.*}}) in (128) {
// CHECK-NEXT:        tile.product %{{.*}} through %[[STAGE]] : memref<40960xi8> {block = array<i64: 128, 64>, fresh, transposed, warp = array<i64: 64, 32>} : memref<?x64xf32, strided<[64, 1], offset: ?>>, memref<128x64xbf16, strided<[64, 1], offset: ?>>
// CHECK:           } {mapping = [#gpu.thread<x>]}
// CHECK:         } {mapping = [#gpu.block<x>, #gpu.block<y>]}
// LOOPS-LABEL: func.func @many_rows
// LOOPS:         scf.forall (%{{.*}}, %{{.*}}) in (%{{.*}}, 3) {
// LOOPS-COUNT-2:   scf.forall (%{{.*}}) in (256)
// LOOPS-NOT:     linalg
func.func @many_rows(%x: memref<?x64xf32>, %w: memref<384x64xbf16>, %y: memref<?x384xf32>) {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%y : memref<?x384xf32>)
  linalg.generic {indexing_maps = [#mk, #nk, #mn], iterator_types = ["parallel", "parallel", "reduction"]} ins(%x, %w : memref<?x64xf32>, memref<384x64xbf16>) outs(%y : memref<?x384xf32>) {
  ^bb0(%a: f32, %b: bf16, %out: f32):
    %0 = arith.extf %b : bf16 to f32
    %1 = arith.mulf %a, %0 : f32
    %2 = arith.addf %out, %1 : f32
    linalg.yield %2 : f32
  }
  return
}

// A matrix that no cache holds is read once: blocks of the same columns are neighbours.
// CHECK-LABEL: func.func @large_matrix
// CHECK:         scf.forall (%{{.*}}, %{{.*}}) in (1024, %{{.*}}) {
func.func @large_matrix(%x: memref<?x128xf32>, %w: memref<131072x128xbf16>, %y: memref<?x131072xf32>) {
  linalg.generic {indexing_maps = [#mk, #nk, #mn], iterator_types = ["parallel", "parallel", "reduction"]} ins(%x, %w : memref<?x128xf32>, memref<131072x128xbf16>) outs(%y : memref<?x131072xf32>) {
  ^bb0(%a: f32, %b: bf16, %out: f32):
    %0 = arith.extf %b : bf16 to f32
    %1 = arith.mulf %a, %0 : f32
    %2 = arith.addf %out, %1 : f32
    linalg.yield %2 : f32
  }
  return
}

// With one row a sequence a warp is a block: 16 columns, 8 rows.
// CHECK-LABEL: func.func @few_rows
// CHECK:         scf.forall (%{{.*}}, %{{.*}}) in (24, %{{.*}}) {
// CHECK:           scf.forall (%{{.*}}) in (32) {
// CHECK:             tile.product {{.*}} {transposed, warp = array<i64: 16, 8>}
func.func @few_rows(%x: memref<?x64xf32>, %w: memref<384x64xbf16>, %y: memref<?x384xf32>) attributes {strand.single_row} {
  linalg.generic {indexing_maps = [#mk, #nk, #mn], iterator_types = ["parallel", "parallel", "reduction"]} ins(%x, %w : memref<?x64xf32>, memref<384x64xbf16>) outs(%y : memref<?x384xf32>) {
  ^bb0(%a: f32, %b: bf16, %out: f32):
    %0 = arith.extf %b : bf16 to f32
    %1 = arith.mulf %a, %0 : f32
    %2 = arith.addf %out, %1 : f32
    linalg.yield %2 : f32
  }
  return
}

// Where the depth is long, each warp of a block sums up a part of it, and then a thread adds up what there is of an element.
// Of many sequences a warp takes 16 rows, and more columns with them.
// CHECK-LABEL: func.func @few_rows_of_depth
// CHECK:         %[[ROWS:.*]] = memref.dim %{{.*}}, %c0
// CHECK:         %[[FEW:.*]] = arith.cmpi ule, %[[ROWS]], %c16
// CHECK:         scf.if %[[FEW]]
// CHECK:         scf.forall (%{{.*}}, %{{.*}}) in (24, %{{.*}}) {
// CHECK:           %[[PARTS:.*]] = memref.alloc() : memref<4x8x16xf32>
// CHECK:           scf.forall (%[[T:.*]]) in (128) {
// CHECK:             %[[WARP:.*]] = arith.divui %[[T]], %c32
// CHECK:             %[[FIRST:.*]] = arith.muli %[[WARP]], %c64
// CHECK:             memref.subview %{{.*}}[0, %[[FIRST]]] [%{{.*}}, 64] [1, 1]
// CHECK:             memref.subview %[[PARTS]][%[[WARP]], 0, 0] [1, %{{.*}}, 16]
// CHECK:             tile.product {{.*}} {each_warp, fresh, transposed, warp = array<i64: 16, 8>}
// CHECK:           scf.forall (%[[E:.*]]) in (128) {
// CHECK:             scf.for %{{.*}} = %[[E]] to %{{.*}} step %c128
// CHECK:             scf.for {{.*}} = %c0 to %c4 step %c1
// CHECK:               arith.addf
// CHECK:             memref.store
// CHECK:         } else {
// CHECK:           scf.forall (%{{.*}}, %{{.*}}) in (6, %{{.*}}) {
// CHECK:             memref.alloc() : memref<4x16x64xf32>
// CHECK:             tile.product {{.*}} {each_warp, fresh, transposed, warp = array<i64: 64, 16>}
// LOOPS-LABEL: func.func @few_rows_of_depth
// LOOPS-NOT:     memref.alloc
// LOOPS:         return
func.func @few_rows_of_depth(%x: memref<?x256xf32>, %w: memref<384x256xbf16>, %y: memref<?x384xf32>) attributes {strand.single_row} {
  linalg.generic {indexing_maps = [#mk, #nk, #mn], iterator_types = ["parallel", "parallel", "reduction"]} ins(%x, %w : memref<?x256xf32>, memref<384x256xbf16>) outs(%y : memref<?x384xf32>) {
  ^bb0(%a: f32, %b: bf16, %out: f32):
    %0 = arith.extf %b : bf16 to f32
    %1 = arith.mulf %a, %0 : f32
    %2 = arith.addf %out, %1 : f32
    linalg.yield %2 : f32
  }
  return
}

// A product on tiles: the 8 warps of a block share out its 16 fragments. One of 4 rows is no work for tensor cores.
// CHECK-LABEL: func.func @in_a_block
// CHECK:         scf.forall (%{{.*}}) in (256) {
// CHECK-NEXT:      tile.product {{.*}} warp = array<i64: 16, 16>}
// CHECK-NOT:     linalg
// CHECK:         return
func.func @in_a_block(%x: memref<?x32x16xf32>, %w: memref<64x16xf32>, %y: memref<32x64xf32>, %z: memref<4x64xf32>, %n: index) {
  scf.forall (%i) in (%n) {
    %xs = memref.subview %x[%i, 0, 0] [1, 32, 16] [1, 1, 1] : memref<?x32x16xf32> to memref<32x16xf32, strided<[16, 1], offset: ?>>
    linalg.generic {indexing_maps = [#mk, #nk, #mn], iterator_types = ["parallel", "parallel", "reduction"]} ins(%xs, %w : memref<32x16xf32, strided<[16, 1], offset: ?>>, memref<64x16xf32>) outs(%y : memref<32x64xf32>) {
    ^bb0(%a: f32, %b: f32, %out: f32):
      %1 = arith.mulf %a, %b : f32
      %2 = arith.addf %out, %1 : f32
      linalg.yield %2 : f32
    }
    %few = memref.subview %x[%i, 0, 0] [1, 4, 16] [1, 1, 1] : memref<?x32x16xf32> to memref<4x16xf32, strided<[16, 1], offset: ?>>
    linalg.generic {indexing_maps = [#mk, #nk, #mn], iterator_types = ["parallel", "parallel", "reduction"]} ins(%few, %w : memref<4x16xf32, strided<[16, 1], offset: ?>>, memref<64x16xf32>) outs(%z : memref<4x64xf32>) {
    ^bb0(%a: f32, %b: f32, %out: f32):
      %1 = arith.mulf %a, %b : f32
      %2 = arith.addf %out, %1 : f32
      linalg.yield %2 : f32
    }
  }
  return
}
