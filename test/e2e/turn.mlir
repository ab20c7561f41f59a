// Rows turned around, of several types and items; and what is computed over them from the last row to the first.
// RUN: strand-check %s | FileCheck %s --implicit-check-not=wrong
// RUN: strand-check --kernels %s | FileCheck %s --implicit-check-not=wrong
// RUN: strand-check --lanes %s | FileCheck %s --implicit-check-not=wrong

// CHECK: turn: 2 forms right
func.func @turn(%x: tensor<?x2x3xf32>, %i: tensor<?xi32> {check.range = [0, 100]}, %offsets: tensor<?xi32>)
    -> (tensor<?x2x3xf32>, tensor<?xi32>) {
  %y = strand.turn %x offsets %offsets : tensor<?x2x3xf32>, tensor<?xi32>
  %z = strand.turn %i offsets %offsets : tensor<?xi32>, tensor<?xi32>
  return %y, %z : tensor<?x2x3xf32>, tensor<?xi32>
}

// CHECK: backwards: 2 forms right
func.func @backwards(%q: tensor<?x2x16xf32>, %k: tensor<?x2x16xf32>, %v: tensor<?x2x16xf32>, %offsets: tensor<?xi32>)
    -> tensor<?x2x16xf32> {
  %tq = strand.turn %q offsets %offsets : tensor<?x2x16xf32>, tensor<?xi32>
  %tk = strand.turn %k offsets %offsets : tensor<?x2x16xf32>, tensor<?xi32>
  %tv = strand.turn %v offsets %offsets : tensor<?x2x16xf32>, tensor<?xi32>
  %y = strand.linear_attention %tq, %tk, %tv offsets %offsets
      : (tensor<?x2x16xf32>, tensor<?x2x16xf32>, tensor<?x2x16xf32>, tensor<?xi32>) -> tensor<?x2x16xf32>
  %z = strand.turn %y offsets %offsets : tensor<?x2x16xf32>, tensor<?xi32>
  return %z : tensor<?x2x16xf32>
}
