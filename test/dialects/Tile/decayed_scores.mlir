// RUN: strand-opt %s | strand-opt | FileCheck %s

// CHECK-LABEL: @buffers
// CHECK: tile.decayed_scores %{{.*}}, %{{.*}} with %{{.*}} gates %{{.*}}, %{{.*}} into %{{.*}}, %{{.*}} exclusive : memref<64x32xbf16>
func.func @buffers(%q: memref<64x32xbf16>, %k: memref<64x32xbf16>, %g: memref<64x32xbf16>, %h: memref<64x32xbf16>, %x: memref<64x64xf32>, %y: memref<64x64xf32>) {
  tile.decayed_scores %q, %k with %k gates %g, %h into %x, %y exclusive
    : memref<64x32xbf16>, memref<64x32xbf16> with memref<64x32xbf16> gates memref<64x32xbf16>, memref<64x32xbf16> into memref<64x64xf32>, memref<64x64xf32>
  return
}

// CHECK-LABEL: @tensors
// CHECK: %[[S:.*]] = tile.decayed_scores %{{.*}} with %{{.*}} gates %{{.*}} into %{{.*}} -> tensor<16x16xf32>
// CHECK: return %[[S]]
func.func @tensors(%q: tensor<16x32xbf16>, %g: tensor<16x32xbf16>, %x: tensor<16x16xf32>) -> tensor<16x16xf32> {
  %s = tile.decayed_scores %q with %q gates %g into %x : tensor<16x32xbf16> with tensor<16x32xbf16> gates tensor<16x32xbf16> into tensor<16x16xf32> -> tensor<16x16xf32>
  return %s : tensor<16x16xf32>
}
