// RUN: strand-opt %s -split-input-file -verify-diagnostics

func.func @strided(%x: memref<8x64xbf16, strided<[128, 1]>>) {
  // expected-error @+1 {{C1: the matrix is row-major memory}}
  %map = tile.boxes %x {columns = 64, box = array<i64: 8, 64>} : memref<8x64xbf16, strided<[128, 1]>> -> !llvm.ptr
  return
}

// -----

func.func @odd_columns(%x: memref<8x100xbf16>) {
  // expected-error @+1 {{C2: rows have a multiple of 8 columns; they have 100}}
  %map = tile.boxes %x {columns = 100, box = array<i64: 8, 64>} : memref<8x100xbf16> -> !llvm.ptr
  return
}

// -----

func.func @no_dimensions(%x: memref<?x2x64xbf16>) {
  // expected-error @+1 {{C2: rows of 96 columns are no dimensions of}}
  %map = tile.boxes %x {columns = 96, box = array<i64: 8, 64>} : memref<?x2x64xbf16> -> !llvm.ptr
  return
}

// -----

func.func @unknown_columns(%x: memref<8x?xbf16>) {
  // expected-error @+1 {{C2: rows of 64 columns are no dimensions of}}
  %map = tile.boxes %x {columns = 64, box = array<i64: 8, 64>} : memref<8x?xbf16> -> !llvm.ptr
  return
}

// -----

func.func @one_size(%x: memref<8x64xbf16>) {
  // expected-error @+1 {{C3: a box has rows and columns; it has 1 sizes}}
  %map = tile.boxes %x {columns = 64, box = array<i64: 64>} : memref<8x64xbf16> -> !llvm.ptr
  return
}

// -----

func.func @too_many_rows(%x: memref<?x64xbf16>) {
  // expected-error @+1 {{C3: a box has 1 to 256 rows; it has 512}}
  %map = tile.boxes %x {columns = 64, box = array<i64: 512, 64>} : memref<?x64xbf16> -> !llvm.ptr
  return
}

// -----

func.func @wide(%x: memref<?x128xbf16>) {
  // expected-error @+1 {{C3: a box has 16, 32 or 64 of the 128 columns; it has 128}}
  %map = tile.boxes %x {columns = 128, box = array<i64: 8, 128>} : memref<?x128xbf16> -> !llvm.ptr
  return
}

// -----

func.func @wider_than_the_matrix(%x: memref<?x32xbf16>) {
  // expected-error @+1 {{C3: a box has 16, 32 or 64 of the 32 columns; it has 64}}
  %map = tile.boxes %x {columns = 32, box = array<i64: 8, 64>} : memref<?x32xbf16> -> !llvm.ptr
  return
}
