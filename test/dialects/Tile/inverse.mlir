// RUN: strand-opt %s | strand-opt | FileCheck %s
// RUN: strand-opt %s -one-shot-bufferize=bufferize-function-boundaries | FileCheck %s --check-prefix=BUFFERS

// CHECK-LABEL: @on_tensors
// CHECK: tile.inverse %{{.*}} into %{{.*}} : tensor<32x32xf32>, tensor<32x32xbf16> -> tensor<32x32xbf16>
// BUFFERS-LABEL: @on_tensors
// BUFFERS-SAME: %[[N:.*]]: memref<32x32xf32
// BUFFERS: %[[X:.*]] = memref.alloc() {{.*}}: memref<32x32xbf16>
// BUFFERS: tile.inverse %[[N]] into %[[X]]
// BUFFERS: return %[[X]]
func.func @on_tensors(%n: tensor<32x32xf32>) -> tensor<32x32xbf16> {
  %e = tensor.empty() : tensor<32x32xbf16>
  %x = tile.inverse %n into %e : tensor<32x32xf32>, tensor<32x32xbf16> -> tensor<32x32xbf16>
  return %x : tensor<32x32xbf16>
}

// CHECK-LABEL: @on_buffers
// CHECK: tile.inverse %{{.*}} into %{{.*}} : memref<64x64xf32>, memref<64x64xbf16>
func.func @on_buffers(%n: memref<64x64xf32>, %x: memref<64x64xbf16>) {
  tile.inverse %n into %x : memref<64x64xf32>, memref<64x64xbf16>
  return
}

// CHECK-LABEL: @in_parts
// CHECK: tile.inverse %{{.*}} into %{{.*}}, %{{.*}}, %{{.*}} : memref<16x16xf32>, memref<16x16xbf16>, memref<16x16xbf16>, memref<16x16xbf16>
func.func @in_parts(%n: memref<16x16xf32>, %x: memref<16x16xbf16>, %y: memref<16x16xbf16>, %z: memref<16x16xbf16>) {
  tile.inverse %n into %x, %y, %z : memref<16x16xf32>, memref<16x16xbf16>, memref<16x16xbf16>, memref<16x16xbf16>
  return
}
