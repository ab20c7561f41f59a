// RUN: strand-opt %s | strand-opt | FileCheck %s
// RUN: strand-opt %s --mlir-print-op-generic | strand-opt | FileCheck %s
// RUN: strand-opt %s --canonicalize | FileCheck %s --check-prefix=FOLD

// CHECK-LABEL: @plain
// CHECK: strand.delta_rule %{{[a-z0-9]+}}, %{{[a-z0-9]+}}, %{{[a-z0-9]+}} offsets %{{[a-z0-9]+}} :
// CHECK-SAME: (tensor<?x2x4xf32>, tensor<?x2x4xf32>, tensor<?x2x8xf32>, tensor<?xi32>) -> tensor<?x2x8xf32>
func.func @plain(%q: tensor<?x2x4xf32>, %k: tensor<?x2x4xf32>, %v: tensor<?x2x8xf32>, %offsets: tensor<?xi32>) -> tensor<?x2x8xf32> {
  %y = strand.delta_rule %q, %k, %v offsets %offsets
      : (tensor<?x2x4xf32>, tensor<?x2x4xf32>, tensor<?x2x8xf32>, tensor<?xi32>) -> tensor<?x2x8xf32>
  return %y : tensor<?x2x8xf32>
}

// Value heads in groups, a number a row as beta and as the gate, a scale.
// CHECK-LABEL: @gated
// CHECK: strand.delta_rule {{.*}} beta %{{[a-z0-9]+}} gate %{{[a-z0-9]+}} offsets %{{[a-z0-9]+}} {scale = 5.000000e-01 : f64} :
func.func @gated(%q: tensor<?x2x4xf32>, %k: tensor<?x2x4xf32>, %v: tensor<?x6x8xf32>, %beta: tensor<?x6xf32>,
                 %g: tensor<?x6xf32>, %offsets: tensor<?xi32>) -> tensor<?x6x8xf32> {
  %y = strand.delta_rule %q, %k, %v beta %beta gate %g offsets %offsets {scale = 0.5 : f64}
      : (tensor<?x2x4xf32>, tensor<?x2x4xf32>, tensor<?x6x8xf32>, tensor<?x6xf32>, tensor<?x6xf32>, tensor<?xi32>) -> tensor<?x6x8xf32>
  return %y : tensor<?x6x8xf32>
}

// CHECK-LABEL: @vectors_of_beta_and_gate
// CHECK: strand.delta_rule {{.*}} beta %{{[a-z0-9]+}} gate %{{[a-z0-9]+}} offsets
// CHECK-SAME: tensor<?x2x8xf64>, tensor<?x2x4xf64>, tensor<?xi32>) -> tensor<?x2x8xf64>
func.func @vectors_of_beta_and_gate(%q: tensor<?x2x4xf64>, %k: tensor<?x2x4xf64>, %v: tensor<?x2x8xf64>,
                                    %beta: tensor<?x2x8xf64>, %g: tensor<?x2x4xf64>, %offsets: tensor<?xi32>) -> tensor<?x2x8xf64> {
  %y = strand.delta_rule %q, %k, %v beta %beta gate %g offsets %offsets
      : (tensor<?x2x4xf64>, tensor<?x2x4xf64>, tensor<?x2x8xf64>, tensor<?x2x8xf64>, tensor<?x2x4xf64>, tensor<?xi32>) -> tensor<?x2x8xf64>
  return %y : tensor<?x2x8xf64>
}

// CHECK-LABEL: @factors_with_state
// CHECK: strand.delta_rule {{.*}} beta %{{[a-z0-9]+}} offsets %{{[a-z0-9]+}} states(%{{[a-z0-9]+}}) slots %{{[a-z0-9]+}} :
// CHECK-SAME: -> (tensor<?x2x8xf32>, tensor<?x2x4x8xf32>)
func.func @factors_with_state(%q: tensor<?x1x4xf32>, %k: tensor<?x3x1x4xf32>, %v: tensor<?x3x2x8xf32>, %beta: tensor<?x3x2xf32>,
    %offsets: tensor<?xi32>, %s: tensor<?x2x4x8xf32>, %slots: tensor<?xi32>) -> (tensor<?x2x8xf32>, tensor<?x2x4x8xf32>) {
  %y:2 = strand.delta_rule %q, %k, %v beta %beta offsets %offsets states(%s) slots %slots
      : (tensor<?x1x4xf32>, tensor<?x3x1x4xf32>, tensor<?x3x2x8xf32>, tensor<?x3x2xf32>, tensor<?xi32>, tensor<?x2x4x8xf32>, tensor<?xi32>)
      -> (tensor<?x2x8xf32>, tensor<?x2x4x8xf32>)
  return %y#0, %y#1 : tensor<?x2x8xf32>, tensor<?x2x4x8xf32>
}

// CHECK-LABEL: @low_rank
// CHECK: strand.delta_rule {{.*}} low_rank %{{[a-z0-9]+}}, %{{[a-z0-9]+}} gate %{{[a-z0-9]+}} offsets
func.func @low_rank(%q: tensor<?x2x4xf32>, %k: tensor<?x2x4xf32>, %v: tensor<?x2x8xf32>, %a: tensor<?x2x4xf32>,
                    %b: tensor<?x2x4xf32>, %g: tensor<?x2x4xf32>, %offsets: tensor<?xi32>) -> tensor<?x2x8xf32> {
  %y = strand.delta_rule %q, %k, %v low_rank %a, %b gate %g offsets %offsets
      : (tensor<?x2x4xf32>, tensor<?x2x4xf32>, tensor<?x2x8xf32>, tensor<?x2x4xf32>, tensor<?x2x4xf32>, tensor<?x2x4xf32>, tensor<?xi32>)
      -> tensor<?x2x8xf32>
  return %y : tensor<?x2x8xf32>
}

// A beta of ones and a gate of zeros say nothing.
// FOLD-LABEL: @says_nothing
// FOLD: strand.delta_rule %{{[a-z0-9]+}}, %{{[a-z0-9]+}}, %{{[a-z0-9]+}} offsets
func.func @says_nothing(%q: tensor<?x2x4xf32>, %k: tensor<?x2x4xf32>, %v: tensor<?x2x8xf32>, %rows: index, %offsets: tensor<?xi32>)
    -> tensor<?x2x8xf32> {
  %zero = arith.constant 0.0 : f32
  %one = arith.constant 1.0 : f32
  %empty = tensor.empty(%rows) : tensor<?x2xf32>
  %ones = linalg.fill ins(%one : f32) outs(%empty : tensor<?x2xf32>) -> tensor<?x2xf32>
  %zeros = linalg.fill ins(%zero : f32) outs(%empty : tensor<?x2xf32>) -> tensor<?x2xf32>
  %y = strand.delta_rule %q, %k, %v beta %ones gate %zeros offsets %offsets
      : (tensor<?x2x4xf32>, tensor<?x2x4xf32>, tensor<?x2x8xf32>, tensor<?x2xf32>, tensor<?x2xf32>, tensor<?xi32>) -> tensor<?x2x8xf32>
  return %y : tensor<?x2x8xf32>
}

// A constant of one row, and a beta that does something.
// FOLD-LABEL: @one_row
// FOLD: strand.delta_rule %{{[a-z0-9]+}}, %{{[a-z0-9]+}}, %{{[a-z0-9]+}} beta %{{[a-z0-9_]+}} offsets
func.func @one_row(%q: tensor<1x2x4xf32>, %k: tensor<1x2x4xf32>, %v: tensor<1x2x8xf32>, %offsets: tensor<?xi32>) -> tensor<1x2x8xf32> {
  %beta = arith.constant dense<0.5> : tensor<1x2xf32>
  %gate = arith.constant dense<0.0> : tensor<1x2xf32>
  %y = strand.delta_rule %q, %k, %v beta %beta gate %gate offsets %offsets
      : (tensor<1x2x4xf32>, tensor<1x2x4xf32>, tensor<1x2x8xf32>, tensor<1x2xf32>, tensor<1x2xf32>, tensor<?xi32>) -> tensor<1x2x8xf32>
  return %y : tensor<1x2x8xf32>
}
