// All forms of strand.linear_attention divided by its normaliser against its meaning in f64.
// RUN: strand-check %s | FileCheck %s --implicit-check-not=wrong

// CHECK-DAG: no_gate: 10 forms right
func.func @no_gate(%q: tensor<?x2x16xf32> {check.range = [0.1, 1.0]},
                   %k: tensor<?x2x16xf32> {check.range = [0.1, 1.0]}, %v: tensor<?x2x16xf32>, %offsets: tensor<?xi32>)
    -> tensor<?x2x16xf32> {
  %y = strand.linear_attention %q, %k, %v offsets %offsets {normalized}
      : (tensor<?x2x16xf32>, tensor<?x2x16xf32>, tensor<?x2x16xf32>, tensor<?xi32>) -> tensor<?x2x16xf32>
  return %y : tensor<?x2x16xf32>
}

// CHECK-DAG: constant_decay: 10 forms right
func.func @constant_decay(%q: tensor<?x1x8xf32> {check.range = [0.1, 1.0]},
                          %k: tensor<?x1x8xf32> {check.range = [0.1, 1.0]}, %v: tensor<?x2x12xf32>,
                          %offsets: tensor<?xi32>) -> tensor<?x2x12xf32> {
  %y = strand.linear_attention %q, %k, %v offsets %offsets {decay = array<f64: -0.7, -0.02>, normalized}
      : (tensor<?x1x8xf32>, tensor<?x1x8xf32>, tensor<?x2x12xf32>, tensor<?xi32>) -> tensor<?x2x12xf32>
  return %y : tensor<?x2x12xf32>
}

// CHECK-DAG: scalar_gate: 10 forms right
func.func @scalar_gate(%q: tensor<?x2x12xf32> {check.range = [0.1, 1.0]},
                       %k: tensor<?x2x12xf32> {check.range = [0.1, 1.0]}, %v: tensor<?x2x20xf32>,
                       %g: tensor<?x2xf32> {check.kind = "gates"}, %offsets: tensor<?xi32>) -> tensor<?x2x20xf32> {
  %y = strand.linear_attention %q, %k, %v gate %g offsets %offsets {normalized, scale = 0.5 : f64}
      : (tensor<?x2x12xf32>, tensor<?x2x12xf32>, tensor<?x2x20xf32>, tensor<?x2xf32>, tensor<?xi32>) -> tensor<?x2x20xf32>
  return %y : tensor<?x2x20xf32>
}

// CHECK-DAG: vector_gate: 10 forms right
func.func @vector_gate(%q: tensor<?x1x16xf32> {check.range = [0.1, 1.0]},
                       %k: tensor<?x1x16xf32> {check.range = [0.1, 1.0]}, %v: tensor<?x2x16xf32>,
                       %g: tensor<?x2x16xf32> {check.kind = "gates"}, %offsets: tensor<?xi32>) -> tensor<?x2x16xf32> {
  %y = strand.linear_attention %q, %k, %v gate %g offsets %offsets {normalized}
      : (tensor<?x1x16xf32>, tensor<?x1x16xf32>, tensor<?x2x16xf32>, tensor<?x2x16xf32>, tensor<?xi32>) -> tensor<?x2x16xf32>
  return %y : tensor<?x2x16xf32>
}
