// RUN: strand-opt %s -strand-merge-kernels | FileCheck %s

// Kernels 0 and 2 are one.
// CHECK: module attributes {gpu.container_module, strand.kernels = ["k0_a", "k1_a", "k0_a"]}
// CHECK: gpu.func @k0_a
// CHECK: gpu.func @k1_a
// CHECK-NOT: gpu.func
module attributes {gpu.container_module, strand.kernels = ["k0_a", "k1_a", "k2_b"]} {
  gpu.module @device {
    gpu.func @k0_a(%x: memref<4xf32>) kernel {
      %zero = arith.constant 0.0 : f32
      %i = gpu.thread_id x
      memref.store %zero, %x[%i] : memref<4xf32>
      gpu.return
    }
    gpu.func @k1_a(%x: memref<4xf32>) kernel {
      %one = arith.constant 1.0 : f32
      %i = gpu.thread_id x
      memref.store %one, %x[%i] : memref<4xf32>
      gpu.return
    }
    gpu.func @k2_b(%x: memref<4xf32>) kernel {
      %zero = arith.constant 0.0 : f32
      %i = gpu.thread_id x
      memref.store %zero, %x[%i] : memref<4xf32>
      gpu.return
    }
  }
}
