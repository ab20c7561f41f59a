// RUN: strand-opt %s | strand-opt | FileCheck %s
// RUN: strand-opt %s -one-shot-bufferize="bufferize-function-boundaries function-boundary-type-conversion=identity-layout-map" -canonicalize | FileCheck %s --check-prefix=BUFFERS

// What is left of a product is written where the library would have written it.
// CHECK-LABEL: @on_tensors
// CHECK: tile.library_product %{{.*}} times %{{.*}} into %{{.*}} {from = 32 : i64} : tensor<?x64xbf16>, tensor<128x64xbf16>, tensor<?x128xf32> -> tensor<?x128xf32>
// BUFFERS-LABEL: @on_tensors
// BUFFERS-SAME: %[[X:.*]]: memref<?x64xbf16{{.*}}>, %[[W:.*]]: memref<128x64xbf16{{.*}}>, %[[F:.*]]: f32
// BUFFERS: %[[Y:.*]] = memref.alloc(%{{.*}}) {{.*}}: memref<?x128xf32>
// BUFFERS-NEXT: %[[LEFT:.*]] = tile.library_product %[[X]] times %[[W]] into %[[Y]] {from = 32 : i64}
// BUFFERS-NEXT: scf.if %[[LEFT]] {
// BUFFERS-NEXT:   linalg.fill ins(%[[F]] : f32) outs(%[[Y]]
// BUFFERS-NOT: memref.alloc
// BUFFERS-NOT: memref.copy
// BUFFERS: return %[[Y]]
func.func @on_tensors(%x: tensor<?x64xbf16>, %w: tensor<128x64xbf16>, %f: f32) -> tensor<?x128xf32> {
  %c0 = arith.constant 0 : index
  %n = tensor.dim %x, %c0 : tensor<?x64xbf16>
  %e = tensor.empty(%n) : tensor<?x128xf32>
  %y, %left = tile.library_product %x times %w into %e {from = 32 : i64} : tensor<?x64xbf16>, tensor<128x64xbf16>, tensor<?x128xf32> -> tensor<?x128xf32>
  %own = scf.if %left -> tensor<?x128xf32> {
    %o = linalg.fill ins(%f : f32) outs(%y : tensor<?x128xf32>) -> tensor<?x128xf32>
    scf.yield %o : tensor<?x128xf32>
  } else {
    scf.yield %y : tensor<?x128xf32>
  }
  return %own : tensor<?x128xf32>
}

// What is added to is read, so that a copy of it is where it is needed again.
// CHECK-LABEL: @added
// CHECK: tile.library_product %{{.*}} times %{{.*}} onto %{{.*}} {from = 16 : i64}
// BUFFERS-LABEL: @added
// BUFFERS-SAME: memref<128x64xbf16>, %[[R:.*]]: memref<?x128xf32>)
// BUFFERS: %[[Y:.*]] = memref.alloc
// BUFFERS: memref.copy %[[R]], %[[Y]]
// BUFFERS: tile.library_product %{{.*}} onto %[[Y]]
func.func @added(%x: tensor<?x64xbf16>, %w: tensor<128x64xbf16>, %r: tensor<?x128xf32>) -> (tensor<?x128xf32>, i1, tensor<?x128xf32>) {
  %y, %left = tile.library_product %x times %w onto %r {from = 16 : i64} : tensor<?x64xbf16>, tensor<128x64xbf16>, tensor<?x128xf32> -> tensor<?x128xf32>
  return %y, %left, %r : tensor<?x128xf32>, i1, tensor<?x128xf32>
}

// CHECK-LABEL: @on_buffers
// CHECK: tile.library_product %{{.*}} : memref<?x64xbf16, strided<[192, 1], offset: ?>>, memref<128x64xbf16>, memref<?x128xbf16>
func.func @on_buffers(%x: memref<?x64xbf16, strided<[192, 1], offset: ?>>, %w: memref<128x64xbf16>, %y: memref<?x128xbf16>) -> i1 {
  %left = tile.library_product %x times %w into %y {from = 1 : i64} : memref<?x64xbf16, strided<[192, 1], offset: ?>>, memref<128x64xbf16>, memref<?x128xbf16>
  return %left : i1
}
