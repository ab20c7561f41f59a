// All forms of strand.attention over all earlier rows against the meaning in f64.
// RUN: strand-check %s | FileCheck %s --implicit-check-not=wrong

// Grouped heads; the cache holds every row.
// CHECK-DAG: attention: 7 forms right
func.func @attention(%q: tensor<?x4x16xf32>, %k: tensor<?x2x16xf32>, %v: tensor<?x2x24xf32>, %offsets: tensor<?xi32>)
    -> tensor<?x4x24xf32> {
  %y = strand.attention %q, %k, %v offsets %offsets {scale = 0.25}
      : (tensor<?x4x16xf32>, tensor<?x2x16xf32>, tensor<?x2x24xf32>, tensor<?xi32>) -> tensor<?x4x24xf32>
  return %y : tensor<?x4x24xf32>
}
