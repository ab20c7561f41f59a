// Cumulative maximum; what it begins at is below every input.
//
//   h' = max(h, x).
//
// RUN: strand-opt %s -strand-infer-structure -verify-diagnostics -o /dev/null
// RUN: strand-check %s | FileCheck %s --implicit-check-not=wrong
// CHECK: cumulative_max: 10 forms right

func.func @cumulative_max(%xs: tensor<?x8xf32>, %offsets: tensor<?xi32>) -> tensor<?x8xf32> {
  // expected-remark @below {{h is max-plus, diagonal: h[i] = max(h[i], b[i]); becomes strand.associative_scan}}
  %r = strand.scan rows(%x = %xs : tensor<?x8xf32>) carry(%h : tensor<8xf32> = -1.0e30)
      offsets %offsets : tensor<?xi32> -> tensor<?x8xf32> {
    %0 = arith.maximumf %h, %x : tensor<8xf32>
    strand.yield %0 : tensor<8xf32> next %0 : tensor<8xf32>
  }
  return %r : tensor<?x8xf32>
}
