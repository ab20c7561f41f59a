// All forms of strand.attention over all earlier rows, which lie in caches, against its meaning in f64.
// RUN: strand-check %s | FileCheck %s --implicit-check-not=wrong

// A key head for each query head.
// CHECK-DAG: a_head_each: 7 forms right
func.func @a_head_each(%q: tensor<?x2x8xf32>, %k: tensor<?x2x8xf32>, %v: tensor<?x2x16xf32>, %offsets: tensor<?xi32>)
    -> tensor<?x2x16xf32> {
  %y = strand.attention %q, %k, %v offsets %offsets {scale = 0.3535533905932738 : f64}
      : (tensor<?x2x8xf32>, tensor<?x2x8xf32>, tensor<?x2x16xf32>, tensor<?xi32>) -> tensor<?x2x16xf32>
  return %y : tensor<?x2x16xf32>
}

// Groups of query heads, and the sums of weights.
// CHECK-DAG: grouped: 7 forms right
func.func @grouped(%q: tensor<?x6x64xf32>, %k: tensor<?x2x64xf32>, %v: tensor<?x2x64xf32>, %offsets: tensor<?xi32>)
    -> (tensor<?x6x64xf32>, tensor<?x6xf32>) {
  %y, %lse = strand.attention %q, %k, %v offsets %offsets {scale = 0.125 : f64, lse}
      : (tensor<?x6x64xf32>, tensor<?x2x64xf32>, tensor<?x2x64xf32>, tensor<?xi32>)
      -> (tensor<?x6x64xf32>, tensor<?x6xf32>)
  return %y, %lse : tensor<?x6x64xf32>, tensor<?x6xf32>
}

// Sizes that are multiples of nothing.
// CHECK-DAG: odd_sizes: 7 forms right
func.func @odd_sizes(%q: tensor<?x17x13xf32>, %k: tensor<?x1x13xf32>, %v: tensor<?x1x5xf32>, %offsets: tensor<?xi32>)
    -> tensor<?x17x5xf32> {
  %y = strand.attention %q, %k, %v offsets %offsets {scale = 0.2773500981126146 : f64}
      : (tensor<?x17x13xf32>, tensor<?x1x13xf32>, tensor<?x1x5xf32>, tensor<?xi32>) -> tensor<?x17x5xf32>
  return %y : tensor<?x17x5xf32>
}

// Two panels of queries in a tile, and blocks of 16 keys for a single row.
// CHECK-DAG: wide_heads: 7 forms right
func.func @wide_heads(%q: tensor<?x1x256xf32>, %k: tensor<?x1x256xf32>, %v: tensor<?x1x256xf32>,
                      %offsets: tensor<?xi32>)
    -> tensor<?x1x256xf32> {
  %y = strand.attention %q, %k, %v offsets %offsets {scale = 0.0625 : f64}
      : (tensor<?x1x256xf32>, tensor<?x1x256xf32>, tensor<?x1x256xf32>, tensor<?xi32>) -> tensor<?x1x256xf32>
  return %y : tensor<?x1x256xf32>
}

// Nothing but ones.
// CHECK-DAG: all_sizes_one: 7 forms right
func.func @all_sizes_one(%q: tensor<?x1x1xf32>, %k: tensor<?x1x1xf32>, %v: tensor<?x1x1xf32>, %offsets: tensor<?xi32>)
    -> (tensor<?x1x1xf32>, tensor<?x1xf32>) {
  %y, %lse = strand.attention %q, %k, %v offsets %offsets {scale = 1.0 : f64, lse}
      : (tensor<?x1x1xf32>, tensor<?x1x1xf32>, tensor<?x1x1xf32>, tensor<?xi32>) -> (tensor<?x1x1xf32>, tensor<?x1xf32>)
  return %y, %lse : tensor<?x1x1xf32>, tensor<?x1xf32>
}

// Keys and values, and so the caches, in bf16.
// CHECK-DAG: narrow: 7 forms right
func.func @narrow(%q: tensor<?x4x16xf32>, %k: tensor<?x2x16xbf16>, %v: tensor<?x2x24xbf16>, %offsets: tensor<?xi32>)
    -> (tensor<?x4x24xf32>, tensor<?x4xf32>) {
  %y, %lse = strand.attention %q, %k, %v offsets %offsets {scale = 0.25 : f64, lse}
      : (tensor<?x4x16xf32>, tensor<?x2x16xbf16>, tensor<?x2x24xbf16>, tensor<?xi32>)
      -> (tensor<?x4x24xf32>, tensor<?x4xf32>)
  return %y, %lse : tensor<?x4x24xf32>, tensor<?x4xf32>
}
