// All forms of strand.linear_attention with a bonus for the row's own token against its meaning in f64.
// RUN: strand-check %s | FileCheck %s --implicit-check-not=wrong

// CHECK-DAG: no_gate: 10 forms right
func.func @no_gate(%q: tensor<?x1x16xf32>, %k: tensor<?x1x16xf32>, %v: tensor<?x2x16xf32>, %u: tensor<2x16xf32>,
                   %offsets: tensor<?xi32>) -> tensor<?x2x16xf32> {
  %y = strand.linear_attention %q, %k, %v bonus %u offsets %offsets
      : (tensor<?x1x16xf32>, tensor<?x1x16xf32>, tensor<?x2x16xf32>, tensor<2x16xf32>, tensor<?xi32>) -> tensor<?x2x16xf32>
  return %y : tensor<?x2x16xf32>
}

// RWKV-5.
// CHECK-DAG: constant_decay: 10 forms right
func.func @constant_decay(%q: tensor<?x2x16xf32>, %k: tensor<?x2x16xf32>, %v: tensor<?x2x24xf32>,
                          %u: tensor<2x16xf32>, %offsets: tensor<?xi32>) -> tensor<?x2x24xf32> {
  %y = strand.linear_attention %q, %k, %v bonus %u offsets %offsets {decay = array<f64: -0.9, -0.02>}
      : (tensor<?x2x16xf32>, tensor<?x2x16xf32>, tensor<?x2x24xf32>, tensor<2x16xf32>, tensor<?xi32>) -> tensor<?x2x24xf32>
  return %y : tensor<?x2x24xf32>
}

// CHECK-DAG: scalar_gate: 10 forms right
func.func @scalar_gate(%q: tensor<?x1x8xf32>, %k: tensor<?x1x8xf32>, %v: tensor<?x2x16xf32>,
                       %g: tensor<?x2xf32> {check.kind = "gates"}, %u: tensor<2x8xf32>, %offsets: tensor<?xi32>)
    -> tensor<?x2x16xf32> {
  %y = strand.linear_attention %q, %k, %v gate %g bonus %u offsets %offsets
      : (tensor<?x1x8xf32>, tensor<?x1x8xf32>, tensor<?x2x16xf32>, tensor<?x2xf32>, tensor<2x8xf32>, tensor<?xi32>) -> tensor<?x2x16xf32>
  return %y : tensor<?x2x16xf32>
}

// RWKV-6.
// CHECK-DAG: vector_gate: 10 forms right
func.func @vector_gate(%q: tensor<?x2x16xf32>, %k: tensor<?x2x16xf32>, %v: tensor<?x2x16xf32>,
                       %g: tensor<?x2x16xf32> {check.kind = "gates"}, %u: tensor<2x16xf32>, %offsets: tensor<?xi32>)
    -> tensor<?x2x16xf32> {
  %y = strand.linear_attention %q, %k, %v gate %g bonus %u offsets %offsets {scale = 0.25 : f64}
      : (tensor<?x2x16xf32>, tensor<?x2x16xf32>, tensor<?x2x16xf32>, tensor<?x2x16xf32>, tensor<2x16xf32>, tensor<?xi32>) -> tensor<?x2x16xf32>
  return %y : tensor<?x2x16xf32>
}
