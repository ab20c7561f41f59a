// All forms of strand.position and strand.rotary against their meaning in f64.
// RUN: strand-check %s | FileCheck %s --implicit-check-not=wrong

// CHECK-DAG: positions: 7 forms right
func.func @positions(%x: tensor<?x4xf32>, %offsets: tensor<?xi32>) -> tensor<?xi32> {
  %p = strand.position %x offsets %offsets : (tensor<?x4xf32>, tensor<?xi32>) -> tensor<?xi32>
  return %p : tensor<?xi32>
}

// CHECK-DAG: turned_twice: 7 forms right
func.func @turned_twice(%x: tensor<?x3x12xf32>, %offsets: tensor<?xi32>) -> tensor<?x3x12xf32> {
  %p = strand.position %x offsets %offsets : (tensor<?x3x12xf32>, tensor<?xi32>) -> tensor<?xi32>
  %y = strand.rotary %x, %p {base = 10000.0 : f64, dims = 8} : tensor<?x3x12xf32>, tensor<?xi32>
  %z = strand.rotary %y, %p {base = 100.0 : f64, interleaved} : tensor<?x3x12xf32>, tensor<?xi32>
  return %z : tensor<?x3x12xf32>
}
