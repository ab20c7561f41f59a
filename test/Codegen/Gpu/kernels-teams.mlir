// RUN: strand-opt %s -pass-pipeline='builtin.module(func.func(strand-kernels,canonicalize,cse))' -split-input-file | FileCheck %s
#td = affine_map<(t, d) -> (t, d)>
#dt = affine_map<(t, d) -> (d, t)>
#d = affine_map<(t, d) -> (d)>
#id = affine_map<(d) -> (d)>

// Teams of 32 threads take 16 rows each: all that they read comes first, 8 teams are the 256 threads. What they will read when
// the loop comes here again is asked for. The states between teams go through shared memory, and one warp joins them without
// waiting.
// CHECK-LABEL: func.func @teams
// CHECK:         scf.forall (%{{.*}}) in (%arg4) {
// CHECK:           %[[SUMS:.*]] = memref.alloc() : memref<8x32xf32>
// CHECK:           scf.for %[[AT:.*]] = %c0 to %[[END:.*]] step %c128
// CHECK:             scf.forall (%[[T:.*]]) in (256) {
// CHECK:               %[[TEAM:.*]] = arith.divui %[[T]], %c32
// CHECK:               %[[I:.*]] = arith.remui %[[T]], %c32
// CHECK:               %[[NEXT:.*]] = arith.addi %[[AT]], %c128
// CHECK:               %[[BEHIND:.*]] = arith.addi %[[AT]], %c256
// CHECK:               arith.cmpi ule, %[[BEHIND]], %[[END]]
// CHECK:               scf.if
// CHECK:                 memref.prefetch %{{.*}}, read, locality<2>, data : memref<16x32xbf16,
// CHECK:               memref.subview %[[SUMS]][%[[TEAM]], 0] [1, 32]
// CHECK-COUNT-16:      memref.load %{{.*}} : memref<16x32xbf16,
// CHECK-NOT:           memref.load
// CHECK:               memref.store %{{.*}}[%[[I]]] : memref<32xf32,
// CHECK:             } {mapping = [#gpu.thread<x>]}
// CHECK-NEXT:        scf.forall (%{{.*}}) in (32) {
// CHECK-NEXT:          scf.for %{{.*}} = %c0 to %c8 step %c1
// CHECK:             } {mapping = [#gpu.thread<x>]}
// CHECK-NOT:         memref.prefetch
// CHECK:           } {mapping = [#gpu.block<x>]}
// CHECK:         return
func.func @teams(%x: memref<?x64xbf16>, %h: memref<32xf32>, %y: memref<?x64xf32>, %rows: index, %blocks: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  %c16 = arith.constant 16 : index
  %c128 = arith.constant 128 : index
  scf.forall (%b) in (%blocks) {
    %sums = memref.alloc() : memref<8x32xf32>
    scf.for %at = %c0 to %rows step %c128 {
      scf.forall (%team) in (8) {
        %own = memref.subview %sums[%team, 0] [1, 32] [1, 1] : memref<8x32xf32> to memref<32xf32, strided<[1], offset: ?>>
        %skip = arith.muli %team, %c16 : index
        %row = arith.addi %at, %skip : index
        %part = memref.subview %x[%row, 32] [16, 32] [1, 1] : memref<?x64xbf16> to memref<16x32xbf16, strided<[64, 1], offset: ?>>
        linalg.generic {indexing_maps = [#td, #d], iterator_types = ["reduction", "parallel"]}
            ins(%part : memref<16x32xbf16, strided<[64, 1], offset: ?>>) outs(%own : memref<32xf32, strided<[1], offset: ?>>) {
        ^bb0(%in: bf16, %state: f32):
          %wide = arith.extf %in : bf16 to f32
          %next = arith.addf %state, %wide : f32
          linalg.yield %next : f32
        }
      }
      scf.for %team = %c0 to %c8 step %c1 {
        %own = memref.subview %sums[%team, 0] [1, 32] [1, 1] : memref<8x32xf32> to memref<32xf32, strided<[1], offset: ?>>
        linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]}
            ins(%own : memref<32xf32, strided<[1], offset: ?>>) outs(%h : memref<32xf32>) {
        ^bb0(%in: f32, %state: f32):
          %next = arith.addf %state, %in : f32
          linalg.yield %next : f32
        }
      }
    }
  }
  return
}

// -----

// Threads that read what others write wait: columns here, rows there.
#td = affine_map<(t, d) -> (t, d)>
#dt = affine_map<(t, d) -> (d, t)>
// CHECK-LABEL: func.func @meeting
// CHECK:         scf.for
// CHECK:           scf.forall (%{{.*}}) in (256)
// CHECK:           } {mapping = [#gpu.thread<x>]}
// CHECK:           scf.forall (%{{.*}}) in (256)
// CHECK:           } {mapping = [#gpu.thread<x>]}
func.func @meeting(%x: memref<16x16xf32>, %y: memref<16x16xf32>, %n: index, %blocks: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  scf.forall (%b) in (%blocks) {
    scf.for %i = %c0 to %n step %c1 {
      linalg.generic {indexing_maps = [#td, #td], iterator_types = ["parallel", "parallel"]} ins(%x : memref<16x16xf32>) outs(%y : memref<16x16xf32>) {
      ^bb0(%in: f32, %out: f32):
        %s = arith.addf %in, %out : f32
        linalg.yield %s : f32
      }
      linalg.generic {indexing_maps = [#dt, #td], iterator_types = ["parallel", "parallel"]} ins(%y : memref<16x16xf32>) outs(%x : memref<16x16xf32>) {
      ^bb0(%in: f32, %out: f32):
        linalg.yield %in : f32
      }
    }
  }
  return
}

// -----

// The same columns at another offset are another thread's.
#id = affine_map<(d) -> (d)>
// CHECK-LABEL: func.func @beside
// CHECK:         scf.for
// CHECK:           scf.forall (%{{.*}}) in (256)
func.func @beside(%x: memref<33xf32>, %n: index, %blocks: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  scf.forall (%b) in (%blocks) {
    %from = memref.subview %x[0] [32] [1] : memref<33xf32> to memref<32xf32, strided<[1]>>
    %to = memref.subview %x[1] [32] [1] : memref<33xf32> to memref<32xf32, strided<[1], offset: 1>>
    scf.for %i = %c0 to %n step %c1 {
      linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]}
          ins(%from : memref<32xf32, strided<[1]>>) outs(%to : memref<32xf32, strided<[1], offset: 1>>) {
      ^bb0(%in: f32, %out: f32):
        %s = arith.addf %in, %out : f32
        linalg.yield %s : f32
      }
    }
  }
  return
}

// -----

// What one element of an op reads and another one writes is no thread's own, however often the op stands there.
#td = affine_map<(t, d) -> (t, d)>
#t = affine_map<(t, d) -> (t)>
#d = affine_map<(t, d) -> (d)>
#id = affine_map<(t) -> (t)>
// CHECK-LABEL: func.func @sums
// CHECK:         scf.for
// CHECK:           scf.forall (%{{.*}}) in (256)
func.func @sums(%x: memref<16xf32>, %y: memref<16xf32>, %w: memref<16x16xf32>, %n: index, %blocks: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  scf.forall (%b) in (%blocks) {
    scf.for %i = %c0 to %n step %c1 {
      linalg.generic {indexing_maps = [#td, #d, #t], iterator_types = ["parallel", "reduction"]} ins(%w, %x : memref<16x16xf32>, memref<16xf32>) outs(%y : memref<16xf32>) {
      ^bb0(%a: f32, %v: f32, %out: f32):
        %p = arith.mulf %a, %v : f32
        %s = arith.addf %p, %out : f32
        linalg.yield %s : f32
      }
      linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]} ins(%y : memref<16xf32>) outs(%x : memref<16xf32>) {
      ^bb0(%in: f32, %out: f32):
        linalg.yield %in : f32
      }
    }
  }
  return
}

// -----

// A loop whose result others use is no thread's own: it stays around the threads.
#id = affine_map<(d) -> (d)>
// CHECK-LABEL: func.func @sum_beside
// CHECK:         %[[SUM:.*]] = scf.for {{.*}} -> (f32) {
// CHECK:           scf.forall (%{{.*}}) in (256)
// CHECK:         math.exp %[[SUM]]
func.func @sum_beside(%x: memref<16xf32>, %y: memref<16xf32>, %g: memref<?xf32>, %n: index, %blocks: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %zero = arith.constant 0.0 : f32
  scf.forall (%b) in (%blocks) {
    %v = memref.load %g[%b] : memref<?xf32>
    %sum = scf.for %i = %c0 to %n step %c1 iter_args(%s = %zero) -> (f32) {
      %next = arith.addf %s, %v : f32
      linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]} ins(%x : memref<16xf32>) outs(%y : memref<16xf32>) {
      ^bb0(%in: f32, %out: f32):
        %p = arith.addf %out, %in : f32
        linalg.yield %p : f32
      }
      scf.yield %next : f32
    }
    %e = math.exp %sum : f32
    linalg.fill ins(%e : f32) outs(%x : memref<16xf32>)
  }
  return
}
