// --reproducible: a window of rows was summed over from its first row on without state, and with it from the first place of
// the state, where the window goes round.
// RUN: strand-check %s --seed=94000482 --rows=40 --reproducible | FileCheck %s --implicit-check-not=wrong
// CHECK: p200: 7 forms right
func.func @p200(%q: tensor<?x4x18xf32>, %k: tensor<?x2x18xf32>, %v: tensor<?x2x13xf32>,
    %offsets: tensor<?xi32>) -> tensor<?x4x13xf32> {
  %y = strand.attention %q, %k, %v offsets %offsets {scale = 0.25, window = 17 : i64}
      : (tensor<?x4x18xf32>, tensor<?x2x18xf32>, tensor<?x2x13xf32>, tensor<?xi32>) -> tensor<?x4x13xf32>
  return %y : tensor<?x4x13xf32>
}
