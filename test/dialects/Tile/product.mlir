// RUN: strand-opt %s | strand-opt | FileCheck %s

// CHECK-LABEL: func.func @in_registers
// CHECK: tile.product %{{.*}} times %{{.*}} into %{{.*}} {fresh, transposed, warp = array<i64: 16, 8>} : memref<8x512xf32>, memref<16x512xbf16>, memref<8x16xf32>
func.func @in_registers(%x: memref<8x512xf32>, %w: memref<16x512xbf16>, %y: memref<8x16xf32>) {
  tile.product %x times %w into %y {fresh, transposed, warp = array<i64: 16, 8>} : memref<8x512xf32>, memref<16x512xbf16>, memref<8x16xf32>
  return
}

// CHECK-LABEL: func.func @through_a_stage
// CHECK: tile.product %{{.*}} times %{{.*}} into %{{.*}} through %{{.*}} : memref<32768xi8> {block = array<i64: 64, 64>, warp = array<i64: 32, 32>}
func.func @through_a_stage(%x: memref<?x64xbf16>, %w: memref<64x?xf32>, %y: memref<?x?xf32>, %stage: memref<32768xi8>) {
  tile.product %x times %w into %y through %stage : memref<32768xi8> {block = array<i64: 64, 64>, warp = array<i64: 32, 32>} : memref<?x64xbf16>, memref<64x?xf32>, memref<?x?xf32>
  return
}
