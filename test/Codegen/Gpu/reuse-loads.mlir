// RUN: strand-opt %s -pass-pipeline='builtin.module(gpu.module(gpu.func(strand-reuse-loads)))' | FileCheck %s

// What a thread read in front of a barrier it has behind it, in branches too. What is written is read again.
// CHECK-LABEL: gpu.func @k
// CHECK:         %[[V:.*]] = memref.load %arg0[%arg2]
// CHECK:         %[[W:.*]] = memref.load %arg1[%arg2]
// CHECK:         gpu.barrier
// CHECK-NOT:     memref.load %arg0[%arg2]
// CHECK:         %[[AGAIN:.*]] = memref.load %arg1[%arg2]
// CHECK:         memref.store %[[V]], %arg1[%arg2]
// CHECK:         memref.store %[[AGAIN]], %arg1[%arg3]
// CHECK:         scf.if
// CHECK-NEXT:      %[[OTHER:.*]] = memref.load %arg0[%arg3]
// CHECK-NEXT:      %[[SUM:.*]] = arith.addf %[[V]], %[[OTHER]]
// CHECK:         memref.load %arg0[%arg3]
gpu.module @device {
  gpu.func @k(%x: memref<?xf32>, %y: memref<?xf32>, %i: index, %j: index, %c: i1) kernel {
    %v = memref.load %x[%i] : memref<?xf32>
    %w = memref.load %y[%i] : memref<?xf32>
    memref.store %w, %y[%j] : memref<?xf32>
    gpu.barrier
    %v1 = memref.load %x[%i] : memref<?xf32>
    %w1 = memref.load %y[%i] : memref<?xf32>
    memref.store %v1, %y[%i] : memref<?xf32>
    memref.store %w1, %y[%j] : memref<?xf32>
    scf.if %c {
      %v2 = memref.load %x[%i] : memref<?xf32>
      %o = memref.load %x[%j] : memref<?xf32>
      %s = arith.addf %v2, %o : f32
      memref.store %s, %y[%i] : memref<?xf32>
    }
    %o1 = memref.load %x[%j] : memref<?xf32>
    memref.store %o1, %y[%i] : memref<?xf32>
    gpu.return
  }
}
