// RUN: strand-opt %s -split-input-file -verify-diagnostics

func.func @no_result(%x: tensor<?x64xbf16>, %w: tensor<128x64xbf16>, %y: tensor<?x128xf32>) -> i1 {
  // expected-error @+1 {{C0: has a result beside `left` if all operands are tensors, and none if all are buffers}}
  %left = tile.library_product %x times %w into %y {from = 32 : i64} : tensor<?x64xbf16>, tensor<128x64xbf16>, tensor<?x128xf32>
  return %left : i1
}

// -----

func.func @another_type(%x: tensor<?x64xbf16>, %w: tensor<128x64xbf16>, %y: tensor<?x128xf32>) -> i1 {
  // expected-error @+1 {{C0: the result is of the type of what it is computed into, 'tensor<?x128xf32>'}}
  %r, %left = tile.library_product %x times %w into %y {from = 32 : i64} : tensor<?x64xbf16>, tensor<128x64xbf16>, tensor<?x128xf32> -> tensor<?x128xbf16>
  return %left : i1
}

// -----

func.func @two_depths(%x: memref<?x64xbf16>, %w: memref<128x32xbf16>, %y: memref<?x128xf32>) -> i1 {
  // expected-error @+1 {{C1: rows, matrix and result are m x k, n x k and m x n with known n and k}}
  %left = tile.library_product %x times %w into %y {from = 32 : i64} : memref<?x64xbf16>, memref<128x32xbf16>, memref<?x128xf32>
  return %left : i1
}

// -----

func.func @unknown_depth(%x: memref<?x?xbf16>, %w: memref<128x32xbf16>, %y: memref<?x128xf32>) -> i1 {
  // expected-error @+1 {{C1: rows, matrix and result are m x k, n x k and m x n with known n and k}}
  %left = tile.library_product %x times %w into %y {from = 32 : i64} : memref<?x?xbf16>, memref<128x32xbf16>, memref<?x128xf32>
  return %left : i1
}

// -----

func.func @by_column(%x: memref<?x32xbf16, strided<[1, 64]>>, %w: memref<128x32xbf16>, %y: memref<?x128xf32>) -> i1 {
  // expected-error @+1 {{C2: the elements of a row lie one behind the other, not as in 'memref<?x32xbf16, strided<[1, 64]>>'}}
  %left = tile.library_product %x times %w into %y {from = 32 : i64} : memref<?x32xbf16, strided<[1, 64]>>, memref<128x32xbf16>, memref<?x128xf32>
  return %left : i1
}

// -----

func.func @added_to_bf16(%x: memref<?x32xbf16>, %w: memref<128x32xbf16>, %y: memref<?x128xbf16>) -> i1 {
  // expected-error @+1 {{C3: a product is added to f32, not to 'memref<?x128xbf16>'}}
  %left = tile.library_product %x times %w onto %y {from = 32 : i64} : memref<?x32xbf16>, memref<128x32xbf16>, memref<?x128xbf16>
  return %left : i1
}
