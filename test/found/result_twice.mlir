// Results of a function that are one value.
// RUN: strand-check %s --levels=1 | FileCheck %s --implicit-check-not=wrong

// CHECK-DAG: of_a_row: 2 forms right
func.func @of_a_row(%x: tensor<?x12xf32>) -> (tensor<?x12xf32>, tensor<?x12xf32>, tensor<?x12xf32>) {
  %y = math.exp %x : tensor<?x12xf32>
  return %y, %y, %y : tensor<?x12xf32>, tensor<?x12xf32>, tensor<?x12xf32>
}

// CHECK-DAG: of_an_argument: 2 forms right
func.func @of_an_argument(%x: tensor<?x12xf32>) -> (tensor<?x12xf32>, tensor<?x12xf32>) {
  return %x, %x : tensor<?x12xf32>, tensor<?x12xf32>
}

// CHECK-DAG: beside_what_reads_it: 2 forms right
func.func @beside_what_reads_it(%x: tensor<?x12xf32>) -> (tensor<?x12xf32>, tensor<?x12xf32>, tensor<?x12xf32>) {
  %y = math.exp %x : tensor<?x12xf32>
  %z = arith.addf %x, %y : tensor<?x12xf32>
  return %y, %z, %y : tensor<?x12xf32>, tensor<?x12xf32>, tensor<?x12xf32>
}

// CHECK-DAG: of_a_sequence: {{[7-9]|1[0-9]}} forms right
func.func @of_a_sequence(%x: tensor<?x12xf32>, %offsets: tensor<?xi32>) -> (tensor<?x12xf32>, tensor<?x12xf32>) {
  %y = strand.associative_scan(%x) offsets %offsets {identity = array<f64: 0xFFF0000000000000>}
      : (tensor<?x12xf32>, tensor<?xi32>) -> tensor<?x12xf32> {
  ^bb0(%l: f32, %r: f32):
    %0 = arith.maximumf %l, %r : f32
    strand.yield %0 : f32
  }
  return %y, %y : tensor<?x12xf32>, tensor<?x12xf32>
}
