// RUN: strand-opt %s -strand-outline-kernels -strand-kernels-to-nvvm -strand-lanes | FileCheck %s

// What threads do together, and where they read and write, is told to the emulator.
// CHECK:       call @strand_lane_launch(%{{.*}}, %{{.*}}, %{{.*}}, %c64_i64, %c256_i64, %{{.*}})
// CHECK-NOT:   gpu.module
// CHECK-LABEL: llvm.func @k0_f(
// CHECK:         llvm.call @strand_lane_shared() : () -> !llvm.ptr
// CHECK:         llvm.call @strand_lane_block()
// CHECK:         llvm.call @strand_lane_thread()
// CHECK:         llvm.call @strand_lane_touch(%[[AT:.*]], %{{.*}}, %{{.*}}, %{{.*}})
// CHECK-NEXT:    llvm.load %[[AT]] : !llvm.ptr -> f32
// CHECK:         llvm.call @strand_lane_touch(
// CHECK-NEXT:    llvm.store
// CHECK:         llvm.call @strand_lane_barrier(
// CHECK:         llvm.return
// CHECK-LABEL: llvm.func internal @k0_f.cells(
// CHECK:         llvm.call @k0_f(
func.func @f(%x: memref<?x64xf32>, %n: index) {
  scf.forall (%b) in (%n) {
    %row = memref.subview %x[%b, 0] [1, 64] [1, 1] : memref<?x64xf32> to memref<64xf32, strided<[1], offset: ?>>
    %c63 = arith.constant 63 : index
    %one = memref.alloc() : memref<64xf32>
    scf.forall (%t) in (64) {
      %v = memref.load %row[%t] : memref<64xf32, strided<[1], offset: ?>>
      memref.store %v, %one[%t] : memref<64xf32>
    } {mapping = [#gpu.thread<x>]}
    scf.forall (%t) in (64) {
      %last = arith.subi %c63, %t : index
      %v = memref.load %one[%last] : memref<64xf32>
      memref.store %v, %row[%t] : memref<64xf32, strided<[1], offset: ?>>
    } {mapping = [#gpu.thread<x>]}
  } {mapping = [#gpu.block<x>]}
  return
}
