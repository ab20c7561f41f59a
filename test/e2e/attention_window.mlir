// All forms of strand.attention with a window against its meaning in f64.
// RUN: strand-check %s | FileCheck %s --implicit-check-not=wrong

// A row that sees itself alone.
// CHECK-DAG: itself: 7 forms right
func.func @itself(%q: tensor<?x2x8xf32>, %k: tensor<?x2x8xf32>, %v: tensor<?x2x8xf32>, %offsets: tensor<?xi32>)
    -> tensor<?x2x8xf32> {
  %y = strand.attention %q, %k, %v offsets %offsets {scale = 0.3535533905932738 : f64, window = 1}
      : (tensor<?x2x8xf32>, tensor<?x2x8xf32>, tensor<?x2x8xf32>, tensor<?xi32>) -> tensor<?x2x8xf32>
  return %y : tensor<?x2x8xf32>
}

// A window below a block of keys; two query heads a key head.
// CHECK-DAG: less_than_a_block: 7 forms right
func.func @less_than_a_block(%q: tensor<?x4x16xf32>, %k: tensor<?x2x16xf32>, %v: tensor<?x2x8xf32>,
                             %offsets: tensor<?xi32>)
    -> (tensor<?x4x8xf32>, tensor<?x4xf32>) {
  %y, %lse = strand.attention %q, %k, %v offsets %offsets {scale = 0.25 : f64, window = 5, lse}
      : (tensor<?x4x16xf32>, tensor<?x2x16xf32>, tensor<?x2x8xf32>, tensor<?xi32>)
      -> (tensor<?x4x8xf32>, tensor<?x4xf32>)
  return %y, %lse : tensor<?x4x8xf32>, tensor<?x4xf32>
}

// A window of one row more than a block of keys.
// CHECK-DAG: a_block_and_a_row: 7 forms right
func.func @a_block_and_a_row(%q: tensor<?x2x64xf32>, %k: tensor<?x1x64xf32>, %v: tensor<?x1x64xf32>,
                             %offsets: tensor<?xi32>)
    -> tensor<?x2x64xf32> {
  %y = strand.attention %q, %k, %v offsets %offsets {scale = 0.125 : f64, window = 65}
      : (tensor<?x2x64xf32>, tensor<?x1x64xf32>, tensor<?x1x64xf32>, tensor<?xi32>) -> tensor<?x2x64xf32>
  return %y : tensor<?x2x64xf32>
}

// Sizes that are multiples of nothing.
// CHECK-DAG: odd_sizes: 7 forms right
func.func @odd_sizes(%q: tensor<?x17x13xf32>, %k: tensor<?x1x13xf32>, %v: tensor<?x1x5xf32>, %offsets: tensor<?xi32>)
    -> (tensor<?x17x5xf32>, tensor<?x17xf32>) {
  %y, %lse = strand.attention %q, %k, %v offsets %offsets {scale = 0.2773500981126146 : f64, window = 70, lse}
      : (tensor<?x17x13xf32>, tensor<?x1x13xf32>, tensor<?x1x5xf32>, tensor<?xi32>)
      -> (tensor<?x17x5xf32>, tensor<?x17xf32>)
  return %y, %lse : tensor<?x17x5xf32>, tensor<?x17xf32>
}

// Two panels of queries in a tile, and blocks of 16 keys for a single row.
// CHECK-DAG: wide_heads: 7 forms right
func.func @wide_heads(%q: tensor<?x1x256xf32>, %k: tensor<?x1x256xf32>, %v: tensor<?x1x256xf32>,
                      %offsets: tensor<?xi32>)
    -> tensor<?x1x256xf32> {
  %y = strand.attention %q, %k, %v offsets %offsets {scale = 0.0625 : f64, window = 40}
      : (tensor<?x1x256xf32>, tensor<?x1x256xf32>, tensor<?x1x256xf32>, tensor<?xi32>) -> tensor<?x1x256xf32>
  return %y : tensor<?x1x256xf32>
}

// Panels of 32 queries.
// CHECK-DAG: very_wide_heads: 7 forms right
func.func @very_wide_heads(%q: tensor<?x1x520xf32>, %k: tensor<?x1x520xf32>, %v: tensor<?x1x520xf32>,
                           %offsets: tensor<?xi32>)
    -> tensor<?x1x520xf32> {
  %y = strand.attention %q, %k, %v offsets %offsets {scale = 0.0438529 : f64, window = 40}
      : (tensor<?x1x520xf32>, tensor<?x1x520xf32>, tensor<?x1x520xf32>, tensor<?xi32>) -> tensor<?x1x520xf32>
  return %y : tensor<?x1x520xf32>
}

// No sequence is as long as the window.
// CHECK-DAG: longer_than_all: 7 forms right
func.func @longer_than_all(%q: tensor<?x2x16xf32>, %k: tensor<?x2x16xf32>, %v: tensor<?x2x16xf32>,
                           %offsets: tensor<?xi32>)
    -> tensor<?x2x16xf32> {
  %y = strand.attention %q, %k, %v offsets %offsets {scale = 0.25 : f64, window = 1000}
      : (tensor<?x2x16xf32>, tensor<?x2x16xf32>, tensor<?x2x16xf32>, tensor<?xi32>) -> tensor<?x2x16xf32>
  return %y : tensor<?x2x16xf32>
}

// Keys and values, and so the rings, in bf16.
// CHECK-DAG: narrow: 7 forms right
func.func @narrow(%q: tensor<?x4x16xf32>, %k: tensor<?x2x16xbf16>, %v: tensor<?x2x24xbf16>, %offsets: tensor<?xi32>)
    -> tensor<?x4x24xf32> {
  %y = strand.attention %q, %k, %v offsets %offsets {scale = 0.25 : f64, window = 19 : i64}
      : (tensor<?x4x16xf32>, tensor<?x2x16xbf16>, tensor<?x2x24xbf16>, tensor<?xi32>) -> tensor<?x4x24xf32>
  return %y : tensor<?x4x24xf32>
}
