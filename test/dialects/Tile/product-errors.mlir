// RUN: strand-opt %s -split-input-file -verify-diagnostics

func.func @depths(%x: memref<8x32xf32>, %w: memref<16x64xf32>, %y: memref<8x16xf32>) {
  // expected-error @+1 {{C1: the depth of rows and matrix is the same and known; there are 'memref<8x32xf32>' and 'memref<16x64xf32>'}}
  tile.product %x times %w into %y {transposed, warp = array<i64: 16, 8>} : memref<8x32xf32>, memref<16x64xf32>, memref<8x16xf32>
  return
}

// -----

func.func @unknown_depth(%x: memref<8x?xf32>, %w: memref<?x16xf32>, %y: memref<8x16xf32>) {
  // expected-error @+1 {{C1: the depth of rows and matrix is the same and known}}
  tile.product %x times %w into %y {warp = array<i64: 16, 8>} : memref<8x?xf32>, memref<?x16xf32>, memref<8x16xf32>
  return
}

// -----

func.func @sums(%x: memref<8x32xf32>, %w: memref<16x32xf32>, %y: memref<8x32xf32>) {
  // expected-error @+1 {{C2: sums are rows x columns of the matrix; they are 'memref<8x32xf32>'}}
  tile.product %x times %w into %y {transposed, warp = array<i64: 16, 8>} : memref<8x32xf32>, memref<16x32xf32>, memref<8x32xf32>
  return
}

// -----

func.func @warp(%x: memref<8x32xf32>, %w: memref<16x32xf32>, %y: memref<8x16xf32>) {
  // expected-error @+1 {{C3: a warp's piece is a multiple of 16 columns and 8 rows}}
  tile.product %x times %w into %y {transposed, warp = array<i64: 8, 8>} : memref<8x32xf32>, memref<16x32xf32>, memref<8x16xf32>
  return
}

// -----

func.func @warp_of_a_stage(%x: memref<8x32xf32>, %w: memref<16x32xf32>, %y: memref<8x16xf32>, %s: memref<65536xi8>) {
  // expected-error @+1 {{C3: a warp's piece is a multiple of 16 columns and 16 rows}}
  tile.product %x times %w into %y through %s : memref<65536xi8> {transposed, block = array<i64: 16, 8>, warp = array<i64: 16, 8>} : memref<8x32xf32>, memref<16x32xf32>, memref<8x16xf32>
  return
}

// -----

func.func @no_stage(%x: memref<8x32xf32>, %w: memref<16x32xf32>, %y: memref<8x16xf32>) {
  // expected-error @+1 {{C4: a block's piece goes with a stage}}
  tile.product %x times %w into %y {transposed, block = array<i64: 16, 16>, warp = array<i64: 16, 16>} : memref<8x32xf32>, memref<16x32xf32>, memref<8x16xf32>
  return
}

// -----

func.func @block(%x: memref<8x32xf32>, %w: memref<16x32xf32>, %y: memref<8x16xf32>, %s: memref<65536xi8>) {
  // expected-error @+1 {{C4: a block's piece is a multiple of a warp's, [16, 16]; it is [24, 16]}}
  tile.product %x times %w into %y through %s : memref<65536xi8> {transposed, block = array<i64: 24, 16>, warp = array<i64: 16, 16>} : memref<8x32xf32>, memref<16x32xf32>, memref<8x16xf32>
  return
}

// -----

func.func @stage(%x: memref<8x32xf32>, %w: memref<16x32xbf16>, %y: memref<8x16xf32>, %s: memref<8191xi8>) {
  // expected-error @+1 {{C5: the stage holds 8192 bytes; it is 'memref<8191xi8>'}}
  tile.product %x times %w into %y through %s : memref<8191xi8> {transposed, block = array<i64: 16, 16>, warp = array<i64: 16, 16>} : memref<8x32xf32>, memref<16x32xbf16>, memref<8x16xf32>
  return
}
