// RUN: strand-opt %s | strand-opt | FileCheck %s
// RUN: strand-opt %s --mlir-print-op-generic | strand-opt | FileCheck %s

// CHECK-LABEL: @plain
// CHECK: strand.linear_attention %{{[a-z0-9]+}}, %{{[a-z0-9]+}}, %{{[a-z0-9]+}} offsets %{{[a-z0-9]+}} :
// CHECK-SAME: (tensor<?x2x4xf32>, tensor<?x2x4xf32>, tensor<?x2x8xf32>, tensor<?xi32>) -> tensor<?x2x8xf32>
func.func @plain(%q: tensor<?x2x4xf32>, %k: tensor<?x2x4xf32>, %v: tensor<?x2x8xf32>, %offsets: tensor<?xi32>) -> tensor<?x2x8xf32> {
  %y = strand.linear_attention %q, %k, %v offsets %offsets
      : (tensor<?x2x4xf32>, tensor<?x2x4xf32>, tensor<?x2x8xf32>, tensor<?xi32>) -> tensor<?x2x8xf32>
  return %y : tensor<?x2x8xf32>
}

// Value heads in groups, a number a row as the gate, a scale.
// CHECK-LABEL: @grouped
// CHECK: strand.linear_attention {{.*}} gate %{{[a-z0-9]+}} offsets %{{[a-z0-9]+}} {scale = 5.000000e-01 : f64} :
func.func @grouped(%q: tensor<?x2x4xf32>, %k: tensor<?x2x4xf32>, %v: tensor<?x6x8xf32>, %g: tensor<?x6xf32>, %offsets: tensor<?xi32>)
    -> tensor<?x6x8xf32> {
  %y = strand.linear_attention %q, %k, %v gate %g offsets %offsets {scale = 0.5 : f64}
      : (tensor<?x2x4xf32>, tensor<?x2x4xf32>, tensor<?x6x8xf32>, tensor<?x6xf32>, tensor<?xi32>) -> tensor<?x6x8xf32>
  return %y : tensor<?x6x8xf32>
}

// CHECK-LABEL: @vector_gate_and_bonus
// CHECK: strand.linear_attention {{.*}} gate %{{[a-z0-9]+}} bonus %{{[a-z0-9]+}} offsets %{{[a-z0-9]+}} :
func.func @vector_gate_and_bonus(%q: tensor<?x2x4xf64>, %k: tensor<?x2x4xf64>, %v: tensor<?x2x8xf64>, %g: tensor<?x2x4xf64>,
                                 %u: tensor<2x4xf64>, %offsets: tensor<?xi32>) -> tensor<?x2x8xf64> {
  %y = strand.linear_attention %q, %k, %v gate %g bonus %u offsets %offsets
      : (tensor<?x2x4xf64>, tensor<?x2x4xf64>, tensor<?x2x8xf64>, tensor<?x2x4xf64>, tensor<2x4xf64>, tensor<?xi32>)
      -> tensor<?x2x8xf64>
  return %y : tensor<?x2x8xf64>
}

// CHECK-LABEL: @constant_decay_normalized_with_state
// CHECK: strand.linear_attention {{.*}} offsets %{{[a-z0-9]+}} states(%{{[a-z0-9]+}}, %{{[a-z0-9]+}}) slots %{{[a-z0-9]+}}
// CHECK-SAME: {decay = array<f64: -5.000000e-01, -2.500000e-01>, normalized}
// CHECK-SAME: -> (tensor<?x2x8xf32>, tensor<?x2x4x8xf32>, tensor<?x2x4xf32>)
func.func @constant_decay_normalized_with_state(%q: tensor<?x2x4xf32>, %k: tensor<?x2x4xf32>, %v: tensor<?x2x8xf32>,
    %offsets: tensor<?xi32>, %s: tensor<?x2x4x8xf32>, %z: tensor<?x2x4xf32>, %slots: tensor<?xi32>)
    -> (tensor<?x2x8xf32>, tensor<?x2x4x8xf32>, tensor<?x2x4xf32>) {
  %y:3 = strand.linear_attention %q, %k, %v offsets %offsets states(%s, %z) slots %slots
      {decay = array<f64: -0.5, -0.25>, normalized}
      : (tensor<?x2x4xf32>, tensor<?x2x4xf32>, tensor<?x2x8xf32>, tensor<?xi32>, tensor<?x2x4x8xf32>, tensor<?x2x4xf32>,
         tensor<?xi32>) -> (tensor<?x2x8xf32>, tensor<?x2x4x8xf32>, tensor<?x2x4xf32>)
  return %y#0, %y#1, %y#2 : tensor<?x2x8xf32>, tensor<?x2x4x8xf32>, tensor<?x2x4xf32>
}
