// RUN: strand-opt %s -pass-pipeline='builtin.module(gpu.module(gpu.func(strand-numbers-anew)))' | FileCheck %s

// Behind the loop over tiles: numbers are read again, what is computed of them is computed again; what is read from memory or is
// made of arguments alone is not.
// CHECK-LABEL: gpu.func @rows
// CHECK-SAME:    %[[N:[a-z0-9]+]]: index
// CHECK:         %[[T:.*]] = gpu.thread_id x
// CHECK:         %[[B:.*]] = gpu.block_id x
// CHECK:         %[[HALF:.*]] = arith.divui %[[N]]
// CHECK:         %[[BEGIN:.*]] = memref.load %{{.*}}[%[[B]]]
// CHECK:         %[[PLACE:.*]] = arith.addi
// CHECK:         scf.for
// CHECK:           memref.store %{{.*}}, %{{.*}}[%[[PLACE]]]
// CHECK-DAG:     %[[T32:.*]] = llvm.inline_asm has_side_effects "mov.u32 $0, %tid.x;"
// CHECK-DAG:     %[[T2:.*]] = arith.index_castui %[[T32]]
// CHECK-DAG:     %[[B32:.*]] = llvm.inline_asm has_side_effects "mov.u32 $0, %ctaid.x;"
// CHECK-DAG:     %[[B2:.*]] = arith.index_castui %[[B32]]
// CHECK:         %[[PLACE2:.*]] = arith.addi
// CHECK:         scf.for %{{.*}} = %[[BEGIN]] to %[[HALF]]
// CHECK:           memref.store %{{.*}}, %{{.*}}[%[[PLACE2]]]
// CHECK-NOT:     inline_asm

// One loop, and what stands behind it: nothing changes.
// CHECK-LABEL: gpu.func @one
// CHECK-NOT:     inline_asm
// Nor where products stand behind it.
// CHECK-LABEL: gpu.func @products
// CHECK-NOT:     tid.x
gpu.module @device {
  gpu.func @rows(%n: index, %m: memref<?xf32>, %offsets: memref<?xindex>) kernel {
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c2 = arith.constant 2 : index
    %c64 = arith.constant 64 : index
    %x = arith.constant 1.0 : f32
    %t = gpu.thread_id x
    %b = gpu.block_id x
    %half = arith.divui %n, %c2 : index
    %begin = memref.load %offsets[%b] : memref<?xindex>
    %first = arith.muli %b, %c64 : index
    %place = arith.addi %first, %t : index
    scf.for %i = %c0 to %n step %c64 {
      memref.store %x, %m[%place] : memref<?xf32>
      gpu.barrier
    }
    scf.for %i = %begin to %half step %c1 {
      memref.store %x, %m[%place] : memref<?xf32>
      gpu.barrier
    }
    memref.store %x, %m[%t] : memref<?xf32>
    gpu.return
  }
  gpu.func @one(%n: index, %m: memref<?xf32>) kernel {
    %c0 = arith.constant 0 : index
    %c64 = arith.constant 64 : index
    %x = arith.constant 1.0 : f32
    %t = gpu.thread_id x
    scf.for %i = %c0 to %n step %c64 {
      memref.store %x, %m[%t] : memref<?xf32>
      gpu.barrier
    }
    memref.store %x, %m[%t] : memref<?xf32>
    gpu.return
  }
  gpu.func @products(%n: index, %m: memref<?xf32>) kernel {
    %c0 = arith.constant 0 : index
    %c64 = arith.constant 64 : index
    %x = arith.constant 1.0 : f32
    %t = gpu.thread_id x
    scf.for %i = %c0 to %n step %c64 {
      memref.store %x, %m[%t] : memref<?xf32>
      gpu.barrier
    }
    scf.for %i = %c0 to %n step %c64 {
      llvm.inline_asm has_side_effects "wgmma.fence.sync.aligned;", "" : () -> ()
      memref.store %x, %m[%t] : memref<?xf32>
      gpu.barrier
    }
    gpu.return
  }
}
