// All forms of strand.shift against the meaning in f64.
// RUN: strand-check %s | FileCheck %s --implicit-check-not=wrong

// CHECK-DAG: shift: 7 forms right
func.func @shift(%x: tensor<?x20xf32>, %offsets: tensor<?xi32>) -> tensor<?x20xf32> {
  %y = strand.shift %x by 3 offsets %offsets {fill = 2.5 : f32}
      : (tensor<?x20xf32>, tensor<?xi32>) -> tensor<?x20xf32>
  return %y : tensor<?x20xf32>
}

// CHECK-DAG: shift_ints: 7 forms right
func.func @shift_ints(%x: tensor<?xi32> {check.range = [0, 255]}, %offsets: tensor<?xi32>) -> tensor<?xi32> {
  %y = strand.shift %x by 1 offsets %offsets {fill = 256.0 : f32} : (tensor<?xi32>, tensor<?xi32>) -> tensor<?xi32>
  return %y : tensor<?xi32>
}
