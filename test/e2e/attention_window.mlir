// All forms of strand.attention with a window against the meaning in f64.
// RUN: strand-check %s | FileCheck %s --implicit-check-not=wrong

// The cache is a ring of 20 rows; the log-sum-exp is a second result.
// CHECK-DAG: window: 7 forms right
func.func @window(%q: tensor<?x4x16xf32>, %k: tensor<?x2x16xf32>, %v: tensor<?x2x24xf32>, %offsets: tensor<?xi32>)
    -> (tensor<?x4x24xf32>, tensor<?x4xf32>) {
  %y:2 = strand.attention %q, %k, %v offsets %offsets {scale = 0.25, window = 20 : i64, lse}
      : (tensor<?x4x16xf32>, tensor<?x2x16xf32>, tensor<?x2x24xf32>, tensor<?xi32>) -> (tensor<?x4x24xf32>, tensor<?x4xf32>)
  return %y#0, %y#1 : tensor<?x4x24xf32>, tensor<?x4xf32>
}
