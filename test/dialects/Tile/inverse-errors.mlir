// RUN: strand-opt %s -split-input-file -verify-diagnostics

func.func @not_square(%n: memref<32x16xf32>, %x: memref<32x16xbf16>) {
  // expected-error @+1 {{C1: all matrices are square and of one size}}
  tile.inverse %n into %x : memref<32x16xf32>, memref<32x16xbf16>
  return
}

// -----

func.func @two_sizes(%n: memref<32x32xf32>, %x: memref<16x16xbf16>) {
  // expected-error @+1 {{C1: all matrices are square and of one size}}
  tile.inverse %n into %x : memref<32x32xf32>, memref<16x16xbf16>
  return
}

// -----

func.func @odd_size(%n: memref<48x48xf32>, %x: memref<48x48xbf16>) {
  // expected-error @+1 {{C2: the size is 16, 32 or 64; it is 48}}
  tile.inverse %n into %x : memref<48x48xf32>, memref<48x48xbf16>
  return
}

// -----

func.func @no_result(%n: tensor<16x16xf32>, %x: tensor<16x16xbf16>) {
  // expected-error @+1 {{C0: has a result for each destination if all operands are tensors, and none if all are buffers}}
  tile.inverse %n into %x : tensor<16x16xf32>, tensor<16x16xbf16>
  return
}
