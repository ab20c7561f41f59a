// RUN: strand-opt %s -pass-pipeline='builtin.module(func.func(strand-kernels,canonicalize,cse))' -split-input-file | FileCheck %s
#y = affine_map<(t, n, d) -> (t, d)>
#c = affine_map<(t, n, d) -> (t, n)>
#a = affine_map<(t, n, d) -> (n, d)>

// A state of 8 numbers a channel goes through all rows in registers: it is read and written once, as is what is the same in
// all rows. Rows are read two and two, before anything is computed of them; what a row
// has for all of the state is read once.
// CHECK-LABEL: func.func @selective
// CHECK:         scf.forall
// CHECK:           scf.forall
// CHECK-COUNT-8:     memref.load %arg1
// CHECK-NOT:         memref.load %arg1
// CHECK-COUNT-8:     memref.load %arg3
// CHECK-NOT:         memref.load %arg3
// CHECK:             %[[R:.*]]:8 = scf.for %[[ROW:.*]] = %c0 to %c16 step %c2 iter_args(
// CHECK-COUNT-2:       memref.load %arg0
// CHECK-NOT:           memref.load %arg0
// CHECK-NOT:           memref.load %arg1
// CHECK-NOT:           memref.load %arg3
// CHECK:               memref.load %arg4[%[[ROW]],
// CHECK-NOT:           memref.load
// CHECK:               memref.store %{{.*}}, %arg4[%[[ROW]],
// CHECK:               scf.yield
// CHECK-COUNT-8:     memref.store %{{.*}}, %arg3
// CHECK-NOT:         memref.store
// CHECK:         return
func.func @selective(%x: memref<16x32xf32>, %a: memref<8x32xf32>, %c: memref<16x8xf32>, %h: memref<8x32xf32>, %y: memref<16x32xf32>, %n: index) {
  scf.forall (%b) in (%n) {
    linalg.generic {indexing_maps = [#y, #a, #c, #y, #a], iterator_types = ["reduction", "reduction", "parallel"]}
        ins(%x, %a, %c : memref<16x32xf32>, memref<8x32xf32>, memref<16x8xf32>) outs(%y, %h : memref<16x32xf32>, memref<8x32xf32>) {
    ^bb0(%in: f32, %decay: f32, %read: f32, %sum: f32, %state: f32):
      %kept = arith.mulf %state, %decay : f32
      %next = arith.addf %kept, %in : f32
      %p = arith.mulf %next, %read : f32
      %s = arith.addf %sum, %p : f32
      linalg.yield %s, %next : f32, f32
    }
  }
  return
}

// -----

// A state of 64 numbers is too many.
#y = affine_map<(t, n, d) -> (t, d)>
#a = affine_map<(t, n, d) -> (n, d)>
// CHECK-LABEL: func.func @large
// CHECK:         scf.for
// CHECK:           scf.for
// CHECK:             memref.store %{{.*}}, %arg1
// CHECK:         return
func.func @large(%x: memref<16x32xf32>, %h: memref<64x32xf32>, %y: memref<16x32xf32>, %n: index) {
  scf.forall (%b) in (%n) {
    linalg.generic {indexing_maps = [#y, #y, #a], iterator_types = ["reduction", "reduction", "parallel"]}
        ins(%x : memref<16x32xf32>) outs(%y, %h : memref<16x32xf32>, memref<64x32xf32>) {
    ^bb0(%in: f32, %sum: f32, %state: f32):
      %next = arith.addf %state, %in : f32
      %s = arith.addf %sum, %next : f32
      linalg.yield %s, %next : f32, f32
    }
  }
  return
}
