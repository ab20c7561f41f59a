// RUN: strand-opt %s -split-input-file -verify-diagnostics

func.func @no_result(%q: tensor<16x32xbf16>, %x: tensor<16x16xf32>) {
  // expected-error @+1 {{C0: has a result for each destination}}
  tile.decayed_scores %q with %q gates %q into %x : tensor<16x32xbf16> with tensor<16x32xbf16> gates tensor<16x32xbf16> into tensor<16x16xf32>
  return
}

// -----

func.func @two_sizes(%q: memref<16x32xbf16>, %g: memref<16x16xbf16>, %x: memref<16x16xf32>) {
  // expected-error @+1 {{C1: all factors and gates are of one size}}
  tile.decayed_scores %q with %q gates %g into %x : memref<16x32xbf16> with memref<16x32xbf16> gates memref<16x16xbf16> into memref<16x16xf32>
  return
}

// -----

func.func @odd_size(%q: memref<16x40xbf16>, %x: memref<16x16xf32>) {
  // expected-error @+1 {{C1: rows and channels are multiples of 16; they are 16 and 40}}
  tile.decayed_scores %q with %q gates %q into %x : memref<16x40xbf16> with memref<16x40xbf16> gates memref<16x40xbf16> into memref<16x16xf32>
  return
}

// -----

func.func @too_few(%q: memref<16x32xbf16>, %x: memref<16x16xf32>) {
  // expected-error @+1 {{C2: has 2 left and 1 right factors and 1 destinations}}
  tile.decayed_scores %q, %q with %q gates %q into %x : memref<16x32xbf16>, memref<16x32xbf16> with memref<16x32xbf16> gates memref<16x32xbf16> into memref<16x16xf32>
  return
}

// -----

func.func @not_square(%q: memref<16x32xbf16>, %x: memref<16x32xf32>) {
  // expected-error @+1 {{C2: scores are 16 x 16}}
  tile.decayed_scores %q with %q gates %q into %x : memref<16x32xbf16> with memref<16x32xbf16> gates memref<16x32xbf16> into memref<16x32xf32>
  return
}

// -----

func.func @three_parts(%q: memref<16x32xbf16>, %x: memref<16x16xf32>) {
  // expected-error @+1 {{C3: has a left and a right factor and 1 or 2 parts of gates, not 1, 1 and 3}}
  tile.decayed_scores %q with %q gates %q, %q, %q into %x : memref<16x32xbf16> with memref<16x32xbf16> gates memref<16x32xbf16>, memref<16x32xbf16>, memref<16x32xbf16> into memref<16x16xf32>
  return
}
