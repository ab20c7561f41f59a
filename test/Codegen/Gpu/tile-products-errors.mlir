// RUN: strand-opt %s -split-input-file -verify-diagnostics -pass-pipeline='builtin.module(gpu.module(gpu.func(strand-tile-products)))'

#mk = affine_map<(m, n, k) -> (m, k)>
#nk = affine_map<(m, n, k) -> (n, k)>
#mn = affine_map<(m, n, k) -> (m, n)>
gpu.module @device {
  gpu.func @tile(%x: memref<8x32xf32>, %w: memref<16x32xf32>, %y: memref<8x16xf32>) kernel attributes {known_block_size = array<i32: 32, 1, 1>} {
    // expected-error @+1 {{strand.warp_tile must hold a multiple of 16 columns and one of 8 rows}}
    linalg.generic {indexing_maps = [#mk, #nk, #mn], iterator_types = ["parallel", "parallel", "reduction"]} ins(%x, %w : memref<8x32xf32>, memref<16x32xf32>) outs(%y : memref<8x16xf32>) attrs = {strand.warp_tile = array<i64: 8, 8>} {
    ^bb0(%in: f32, %in_1: f32, %out: f32):
      %1 = arith.mulf %in, %in_1 : f32
      %2 = arith.addf %out, %1 : f32
      linalg.yield %2 : f32
    }
    gpu.return
  }
}

// -----

#mk = affine_map<(m, n, k) -> (m, k)>
#nk = affine_map<(m, n, k) -> (n, k)>
#mn = affine_map<(m, n, k) -> (m, n)>
gpu.module @device {
  gpu.func @threads(%x: memref<8x32xf32>, %w: memref<16x32xf32>, %y: memref<8x16xf32>) kernel attributes {known_block_size = array<i32: 48, 1, 1>} {
    // expected-error @+1 {{stands in a kernel whose threads are not known to be warps of 32}}
    linalg.generic {indexing_maps = [#mk, #nk, #mn], iterator_types = ["parallel", "parallel", "reduction"]} ins(%x, %w : memref<8x32xf32>, memref<16x32xf32>) outs(%y : memref<8x16xf32>) attrs = {strand.warp_tile = array<i64: 16, 8>} {
    ^bb0(%in: f32, %in_1: f32, %out: f32):
      %1 = arith.mulf %in, %in_1 : f32
      %2 = arith.addf %out, %1 : f32
      linalg.yield %2 : f32
    }
    gpu.return
  }
}

// -----

gpu.module @device {
  gpu.func @sum(%x: memref<8x32xf32>, %y: memref<8x32xf32>) kernel attributes {known_block_size = array<i32: 32, 1, 1>} {
    // expected-error @+1 {{is marked strand.warp_tile and is no product that tensor cores take}}
    linalg.add {strand.warp_tile = array<i64: 16, 8>} ins(%x, %x : memref<8x32xf32>, memref<8x32xf32>) outs(%y : memref<8x32xf32>)
    gpu.return
  }
}
