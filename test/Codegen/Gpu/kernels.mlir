// RUN: strand-opt %s -pass-pipeline='builtin.module(func.func(strand-kernels{threads=64},canonicalize,cse))' | FileCheck %s
// RUN: strand-opt %s -pass-pipeline='builtin.module(func.func(strand-kernels{threads=64 shared=1024},canonicalize,cse))' | FileCheck %s --check-prefix=SMALL
// RUN: strand-opt %s -pass-pipeline='builtin.module(func.func(strand-kernels{threads=64 backwards},canonicalize,cse))' | FileCheck %s --check-prefix=BACK

#rc = affine_map<(d0, d1) -> (d0, d1)>
#cr = affine_map<(d0, d1) -> (d1, d0)>
#r = affine_map<(d0, d1) -> (d0)>
#c = affine_map<(d0, d1) -> (d1)>

// Elements of the output are shared out over the grid; neighbouring threads write neighbouring columns.
// CHECK-LABEL: func.func @transposed
// CHECK:         %[[ROWS:.*]] = memref.dim %arg0
// CHECK:         %[[COUNT:.*]] = arith.muli %[[ROWS]], %c8
// CHECK:         %[[BLOCKS:.*]] = arith.ceildivui %[[COUNT]], %c64
// CHECK:         scf.forall (%[[B:.*]]) in (%[[BLOCKS]]) {
// CHECK:           %[[FIRST:.*]] = arith.muli %[[B]], %c64
// CHECK:           scf.forall (%[[T:.*]]) in (64) {
// CHECK:             %[[I:.*]] = arith.addi %[[FIRST]], %[[T]]
// CHECK:             arith.cmpi ult, %[[I]], %[[COUNT]]
// CHECK:             %[[ROW:.*]] = arith.remui %[[I]], %[[ROWS]]
// CHECK:             %[[COLUMN:.*]] = arith.divui %[[I]], %[[ROWS]]
// CHECK:             memref.load %arg0[%[[ROW]], %[[COLUMN]]]
// CHECK:             memref.store %{{.*}}, %arg1[%[[COLUMN]], %[[ROW]]]
// CHECK:           } {mapping = [#gpu.thread<x>]}
// CHECK:         } {mapping = [#gpu.block<x>]}
// BACK-LABEL: func.func @transposed
// BACK:         scf.forall (%[[T:.*]]) in (64)
// BACK:           arith.subi %c63, %[[T]]
func.func @transposed(%x: memref<?x8xf32>, %y: memref<8x?xf32>) {
  linalg.generic {indexing_maps = [#rc, #cr], iterator_types = ["parallel", "parallel"]} ins(%x : memref<?x8xf32>) outs(%y : memref<8x?xf32>) {
  ^bb0(%in: f32, %out: f32):
    linalg.yield %in : f32
  }
  return
}

// A sum stays in a register; a state that an ordered loop carries is loaded and stored where it stands.
// CHECK-LABEL: func.func @recurrence
// CHECK:         scf.forall
// CHECK:           scf.forall
// CHECK:             %[[START:.*]] = memref.load %arg1[%[[COLUMN:.*]]]
// CHECK:             %[[SUM:.*]] = scf.for %[[ROW:.*]] = {{.*}} iter_args(%{{.*}} = %[[START]]) -> (f32) {
// CHECK:               memref.load %arg0[%[[ROW]], %[[COLUMN]]]
// CHECK:               memref.store %{{.*}}, %arg2[%[[ROW]], %[[COLUMN]]]
// CHECK:               scf.yield
// CHECK:             memref.store %[[SUM]], %arg1[%[[COLUMN]]]
func.func @recurrence(%x: memref<4x8xf32>, %s: memref<8xf32>, %y: memref<4x8xf32>) {
  linalg.generic {indexing_maps = [#rc, #c, #rc], iterator_types = ["reduction", "parallel"]} ins(%x : memref<4x8xf32>) outs(%s, %y : memref<8xf32>, memref<4x8xf32>) {
  ^bb0(%in: f32, %sum: f32, %out: f32):
    %next = arith.addf %sum, %in : f32
    linalg.yield %next, %next : f32, f32
  }
  return
}

// A parallel loop is a kernel; in it, ops on tiles are loops over threads, and what is stored once one thread stores. Where
// the ops in a loop leave each thread its own elements, threads go through it by themselves.
// CHECK-LABEL: func.func @tiles
// CHECK:         scf.forall (%[[B:.*]], %[[H:.*]]) in (%arg2, 2) {
// CHECK:           memref.load %arg1[%[[B]]]
// CHECK:           memref.alloc() : memref<16x32xf32>
// CHECK:           scf.forall (%[[T:.*]]) in (64) {
// CHECK:             scf.for %{{.*}} = %[[T]] to %c512 step %c64
// CHECK:               scf.for
// CHECK:           } {mapping = [#gpu.thread<x>]}
// CHECK:           scf.forall (%{{.*}}) in (1) {
// CHECK-NEXT:        memref.store %{{.*}}, %arg1[%[[B]]]
// CHECK-NEXT:      } {mapping = [#gpu.thread<x>]}
// CHECK:         } {mapping = [#gpu.block<x>, #gpu.block<y>]}
// The tile has 2048 bytes. Where it is too large for a block it is part of a buffer of all blocks.
// SMALL-LABEL: func.func @tiles
// SMALL:         %[[ALL:.*]] = memref.alloc(
// SMALL:         scf.forall (%[[B:.*]], %[[H:.*]]) in
// SMALL:           %[[TWICE:.*]] = arith.muli %[[B]], %c2
// SMALL:           %[[NUMBER:.*]] = arith.addi %[[TWICE]], %[[H]]
// SMALL:           %[[AT:.*]] = arith.muli %[[NUMBER]], %c2048
// SMALL:           memref.view %[[ALL]][%[[AT]]][] : memref<?xi8> to memref<16x32xf32>
func.func @tiles(%x: memref<?x16x32xf32>, %n: memref<?xi32>, %sequences: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %zero = arith.constant 0.0 : f32
  scf.forall (%b, %h) in (%sequences, 2) {
    %rows = memref.load %n[%b] : memref<?xi32>
    %end = arith.index_cast %rows : i32 to index
    %tile = memref.alloc() : memref<16x32xf32>
    scf.for %i = %c0 to %end step %c1 {
      linalg.fill ins(%zero : f32) outs(%tile : memref<16x32xf32>)
      %to = memref.subview %x[%i, 0, 0] [1, 16, 32] [1, 1, 1] : memref<?x16x32xf32> to memref<16x32xf32, strided<[32, 1], offset: ?>>
      memref.copy %tile, %to : memref<16x32xf32> to memref<16x32xf32, strided<[32, 1], offset: ?>>
    }
    memref.store %rows, %n[%b] : memref<?xi32>
  }
  return
}

// A long sum: a block for each row, whose threads take every 128th column and then add up what they have, two and two. The
// zeros that it begins at are no kernel of their own.
// CHECK-LABEL: func.func @row_sums
// CHECK-NOT:     memref.store
// CHECK:         scf.forall (%[[ROW:.*]]) in (%{{.*}}) {
// CHECK:           %[[SUMS:.*]] = memref.alloc() : memref<128xf32>
// CHECK:           scf.forall (%[[T:.*]]) in (128) {
// CHECK:             %[[PART:.*]] = scf.for %[[K:.*]] = %[[T]] to %c256 step %c128 iter_args(%{{.*}} = %{{.*}}) -> (f32) {
// CHECK:               memref.load %arg0[%[[ROW]], %[[K]]]
// CHECK:             memref.store %[[PART]], %[[SUMS]][%[[T]]]
// CHECK:           scf.forall (%[[T:.*]]) in (64) {
// CHECK:             %[[U:.*]] = arith.addi %[[T]], %c64
// CHECK:             memref.load %[[SUMS]][%[[U]]]
// CHECK-NOT:         memref.load %arg1
// CHECK:             memref.store %{{.*}}, %arg1[%[[ROW]]]
// CHECK:         } {mapping = [#gpu.block<x>]}
func.func @row_sums(%x: memref<?x256xf32>, %y: memref<?xf32>) {
  %zero = arith.constant 0.0 : f32
  linalg.fill ins(%zero : f32) outs(%y : memref<?xf32>)
  linalg.generic {indexing_maps = [#rc, #r], iterator_types = ["parallel", "reduction"]} ins(%x : memref<?x256xf32>) outs(%y : memref<?xf32>) {
  ^bb0(%in: f32, %out: f32):
    %square = arith.mulf %in, %in : f32
    %sum = arith.addf %out, %square : f32
    linalg.yield %sum : f32
  }
  return
}

// Elements that share inputs stay side by side, however long their sums are.
// CHECK-LABEL: func.func @product_of_heads
// CHECK-NOT:     memref.alloc
// CHECK:         return
func.func @product_of_heads(%x: memref<?x3x64xf32>, %w: memref<3x5x64xf32>, %y: memref<?x3x5xf32>) {
  linalg.generic {indexing_maps = [affine_map<(t, h, o, i) -> (t, h, i)>, affine_map<(t, h, o, i) -> (h, o, i)>, affine_map<(t, h, o, i) -> (t, h, o)>],
                  iterator_types = ["parallel", "parallel", "parallel", "reduction"]}
      ins(%x, %w : memref<?x3x64xf32>, memref<3x5x64xf32>) outs(%y : memref<?x3x5xf32>) {
  ^bb0(%a: f32, %b: f32, %out: f32):
    %product = arith.mulf %a, %b : f32
    %sum = arith.addf %out, %product : f32
    linalg.yield %sum : f32
  }
  return
}

// Loads of 8 steps come first, then the steps; then those that are left, one by one.
// CHECK-LABEL: func.func @steps_together
// CHECK:         scf.for %{{.*}} = %c0 to %c16 step %c8
// CHECK-COUNT-8:   memref.load %arg0
// CHECK-NOT:       memref.load %arg0
// CHECK:           arith.mulf
// CHECK-NEXT:      arith.addf
// CHECK-NEXT:      memref.store %{{.*}}, %arg2
// CHECK:           scf.yield
// CHECK:         scf.for %{{.*}} = %c16 to %c20 step %c1
func.func @steps_together(%x: memref<20x8xf32>, %s: memref<8xf32>, %y: memref<20x8xf32>) {
  linalg.generic {indexing_maps = [#rc, #c, #rc], iterator_types = ["reduction", "parallel"]} ins(%x : memref<20x8xf32>) outs(%s, %y : memref<8xf32>, memref<20x8xf32>) {
  ^bb0(%in: f32, %state: f32, %out: f32):
    %half = arith.constant 0.5 : f32
    %less = arith.mulf %state, %half : f32
    %next = arith.addf %less, %in : f32
    linalg.yield %next, %next : f32, f32
  }
  return
}
