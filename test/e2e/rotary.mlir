// All forms of strand.position and strand.rotary against the meaning in f64.
// RUN: strand-check %s | FileCheck %s --implicit-check-not=wrong

// CHECK-DAG: position: 7 forms right
func.func @position(%x: tensor<?x2xf32>, %offsets: tensor<?xi32>) -> tensor<?xi32> {
  %p = strand.position %x offsets %offsets : (tensor<?x2xf32>, tensor<?xi32>) -> tensor<?xi32>
  return %p : tensor<?xi32>
}

// CHECK-DAG: rotary: 7 forms right
func.func @rotary(%x: tensor<?x2x8xf32>, %offsets: tensor<?xi32>) -> tensor<?x2x8xf32> {
  %p = strand.position %x offsets %offsets : (tensor<?x2x8xf32>, tensor<?xi32>) -> tensor<?xi32>
  %y = strand.rotary %x, %p {base = 10000.0 : f64} : tensor<?x2x8xf32>, tensor<?xi32>
  return %y : tensor<?x2x8xf32>
}
