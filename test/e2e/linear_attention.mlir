// All forms of strand.linear_attention without a gate, with a constant or with one number a row, against its meaning in f64.
// RUN: strand-check %s | FileCheck %s --implicit-check-not=wrong

// CHECK-DAG: no_gate: 10 forms right
func.func @no_gate(%q: tensor<?x2x16xf32>, %k: tensor<?x2x16xf32>, %v: tensor<?x2x16xf32>, %offsets: tensor<?xi32>)
    -> tensor<?x2x16xf32> {
  %y = strand.linear_attention %q, %k, %v offsets %offsets {scale = 0.25 : f64}
      : (tensor<?x2x16xf32>, tensor<?x2x16xf32>, tensor<?x2x16xf32>, tensor<?xi32>) -> tensor<?x2x16xf32>
  return %y : tensor<?x2x16xf32>
}

// CHECK-DAG: constant_decay: 10 forms right
func.func @constant_decay(%q: tensor<?x2x32xf32>, %k: tensor<?x2x32xf32>, %v: tensor<?x2x32xf32>,
                          %offsets: tensor<?xi32>) -> tensor<?x2x32xf32> {
  %y = strand.linear_attention %q, %k, %v offsets %offsets {decay = array<f64: -0.5, -0.05>, scale = 0.1767766952966369 : f64}
      : (tensor<?x2x32xf32>, tensor<?x2x32xf32>, tensor<?x2x32xf32>, tensor<?xi32>) -> tensor<?x2x32xf32>
  return %y : tensor<?x2x32xf32>
}

// Every row multiplies the state by exp(-0.003), in f32 off by up to 2^-24 of it, always to the same side: after the 200
// rows of the longest sequence 200 * 2^-24 = 1.2e-5.
// CHECK-DAG: decay_near_one: 10 forms right
func.func @decay_near_one(%q: tensor<?x2x16xf32>, %k: tensor<?x2x16xf32>, %v: tensor<?x2x16xf32>,
                          %offsets: tensor<?xi32>) -> tensor<?x2x16xf32>
    attributes {check.tolerance = 1.2e-5} {
  %y = strand.linear_attention %q, %k, %v offsets %offsets {decay = array<f64: -0.003, -0.0001>}
      : (tensor<?x2x16xf32>, tensor<?x2x16xf32>, tensor<?x2x16xf32>, tensor<?xi32>) -> tensor<?x2x16xf32>
  return %y : tensor<?x2x16xf32>
}

// Three value heads a key head.
// CHECK-DAG: grouped_heads: 10 forms right
func.func @grouped_heads(%q: tensor<?x2x16xf32>, %k: tensor<?x2x16xf32>, %v: tensor<?x6x16xf32>,
                         %g: tensor<?x6xf32> {check.kind = "gates"}, %offsets: tensor<?xi32>) -> tensor<?x6x16xf32> {
  %y = strand.linear_attention %q, %k, %v gate %g offsets %offsets
      : (tensor<?x2x16xf32>, tensor<?x2x16xf32>, tensor<?x6x16xf32>, tensor<?x6xf32>, tensor<?xi32>) -> tensor<?x6x16xf32>
  return %y : tensor<?x6x16xf32>
}

// Sizes that are multiples of nothing.
// CHECK-DAG: odd_sizes: 10 forms right
func.func @odd_sizes(%q: tensor<?x1x13xf32>, %k: tensor<?x1x13xf32>, %v: tensor<?x3x19xf32>,
                     %g: tensor<?x3xf32> {check.kind = "gates"}, %offsets: tensor<?xi32>) -> tensor<?x3x19xf32> {
  %y = strand.linear_attention %q, %k, %v gate %g offsets %offsets
      : (tensor<?x1x13xf32>, tensor<?x1x13xf32>, tensor<?x3x19xf32>, tensor<?x3xf32>, tensor<?xi32>) -> tensor<?x3x19xf32>
  return %y : tensor<?x3x19xf32>
}

// CHECK-DAG: all_sizes_one: 10 forms right
func.func @all_sizes_one(%q: tensor<?x1x1xf32>, %k: tensor<?x1x1xf32>, %v: tensor<?x1x1xf32>,
                         %g: tensor<?x1xf32> {check.kind = "gates"}, %offsets: tensor<?xi32>) -> tensor<?x1x1xf32> {
  %y = strand.linear_attention %q, %k, %v gate %g offsets %offsets
      : (tensor<?x1x1xf32>, tensor<?x1x1xf32>, tensor<?x1x1xf32>, tensor<?x1xf32>, tensor<?xi32>) -> tensor<?x1x1xf32>
  return %y : tensor<?x1x1xf32>
}
