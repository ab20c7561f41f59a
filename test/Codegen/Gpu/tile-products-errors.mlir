// RUN: strand-opt %s -split-input-file -verify-diagnostics -pass-pipeline='builtin.module(gpu.module(gpu.func(strand-tile-products)))'

gpu.module @device {
  gpu.func @threads(%x: memref<8x32xf32>, %w: memref<16x32xf32>, %y: memref<8x16xf32>) kernel attributes {known_block_size = array<i32: 48, 1, 1>} {
    // expected-error @+1 {{stands in a kernel whose threads are not known to be warps of 32}}
    tile.product %x times %w into %y {transposed, warp = array<i64: 16, 8>} : memref<8x32xf32>, memref<16x32xf32>, memref<8x16xf32>
    gpu.return
  }
}

// -----

gpu.module @device {
  gpu.func @pieces(%x: memref<?x32xf32>, %w: memref<?x32xbf16>, %y: memref<?x?xf32>, %stage: memref<32768xi8>) kernel attributes {known_block_size = array<i32: 128, 1, 1>} {
    // expected-error @+1 {{has 2 pieces for the 4 warps of the block; each takes one}}
    tile.product %x times %w into %y through %stage : memref<32768xi8> {transposed, block = array<i64: 64, 32>, warp = array<i64: 32, 32>} : memref<?x32xf32>, memref<?x32xbf16>, memref<?x?xf32>
    gpu.return
  }
}
