// All forms of strand.linear_attention with a gate for each channel against its meaning in f64.
// RUN: strand-check %s | FileCheck %s --implicit-check-not=wrong

// CHECK-DAG: vector_gate: 10 forms right
func.func @vector_gate(%q: tensor<?x2x16xf32>, %k: tensor<?x2x16xf32>, %v: tensor<?x4x16xf32>,
                       %g: tensor<?x4x16xf32> {check.kind = "gates"}, %offsets: tensor<?xi32>) -> tensor<?x4x16xf32> {
  %y = strand.linear_attention %q, %k, %v gate %g offsets %offsets {scale = 0.25 : f64}
      : (tensor<?x2x16xf32>, tensor<?x2x16xf32>, tensor<?x4x16xf32>, tensor<?x4x16xf32>, tensor<?xi32>) -> tensor<?x4x16xf32>
  return %y : tensor<?x4x16xf32>
}

// CHECK-DAG: odd_sizes: 10 forms right
func.func @odd_sizes(%q: tensor<?x1x11xf32>, %k: tensor<?x1x11xf32>, %v: tensor<?x2x21xf32>,
                     %g: tensor<?x2x11xf32> {check.kind = "gates"}, %offsets: tensor<?xi32>) -> tensor<?x2x21xf32> {
  %y = strand.linear_attention %q, %k, %v gate %g offsets %offsets
      : (tensor<?x1x11xf32>, tensor<?x1x11xf32>, tensor<?x2x21xf32>, tensor<?x2x11xf32>, tensor<?xi32>) -> tensor<?x2x21xf32>
  return %y : tensor<?x2x21xf32>
}

// CHECK-DAG: wide: 10 forms right
func.func @wide(%q: tensor<?x1x64xf32>, %k: tensor<?x1x64xf32>, %v: tensor<?x1x48xf32>,
                %g: tensor<?x1x64xf32> {check.kind = "gates"}, %offsets: tensor<?xi32>) -> tensor<?x1x48xf32> {
  %y = strand.linear_attention %q, %k, %v gate %g offsets %offsets
      : (tensor<?x1x64xf32>, tensor<?x1x64xf32>, tensor<?x1x48xf32>, tensor<?x1x64xf32>, tensor<?xi32>) -> tensor<?x1x48xf32>
  return %y : tensor<?x1x48xf32>
}
