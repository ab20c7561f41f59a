// RUN: strand-opt %s | strand-opt | FileCheck %s
// RUN: strand-opt %s --mlir-print-op-generic | strand-opt | FileCheck %s
// RUN: strand-opt %s --canonicalize | FileCheck %s --check-prefix=FOLD

// CHECK-LABEL: @plain
// CHECK: strand.fast_weight %{{[a-z0-9]+}}, %{{[a-z0-9]+}}, %{{[a-z0-9]+}} rate %{{[a-z0-9]+}} offsets %{{[a-z0-9]+}} {block = 16 : i64} :
// CHECK-NOT: slope
func.func @plain(%q: tensor<?x2x4xf32>, %k: tensor<?x2x4xf32>, %v: tensor<?x2x8xf32>, %rate: tensor<?x2xf32>,
                 %offsets: tensor<?xi32>) -> tensor<?x2x8xf32> {
  %y = strand.fast_weight %q, %k, %v rate %rate offsets %offsets {block = 16}
      : (tensor<?x2x4xf32>, tensor<?x2x4xf32>, tensor<?x2x8xf32>, tensor<?x2xf32>, tensor<?xi32>) -> tensor<?x2x8xf32>
  return %y : tensor<?x2x8xf32>
}

// CHECK-LABEL: @momentum_gate_and_state
// CHECK: strand.fast_weight {{.*}} momentum %{{[a-z0-9]+}} gate %{{[a-z0-9]+}} offsets %{{[a-z0-9]+}}
// CHECK-SAME: states(%{{[a-z0-9]+}}, %{{[a-z0-9]+}}, %{{[a-z0-9]+}}, %{{[a-z0-9]+}}) slots %{{[a-z0-9]+}}
func.func @momentum_gate_and_state(%q: tensor<?x2x4xf64>, %k: tensor<?x2x4xf64>, %v: tensor<?x2x8xf64>,
    %rate: tensor<?x2xf64>, %eta: tensor<?x2xf64>, %beta: tensor<?x2xf64>, %offsets: tensor<?xi32>, %count: tensor<?xi32>,
    %anchor: tensor<?x2x4x8xf64>, %memory: tensor<?x2x4x8xf64>, %sum: tensor<?x2x4x8xf64>, %slots: tensor<?xi32>)
    -> tensor<?x2x8xf64> {
  %y:5 = strand.fast_weight %q, %k, %v rate %rate momentum %eta gate %beta offsets %offsets
      states(%count, %anchor, %memory, %sum) slots %slots {block = 1}
      : (tensor<?x2x4xf64>, tensor<?x2x4xf64>, tensor<?x2x8xf64>, tensor<?x2xf64>, tensor<?x2xf64>, tensor<?x2xf64>,
         tensor<?xi32>, tensor<?xi32>, tensor<?x2x4x8xf64>, tensor<?x2x4x8xf64>, tensor<?x2x4x8xf64>, tensor<?xi32>)
      -> (tensor<?x2x8xf64>, tensor<?xi32>, tensor<?x2x4x8xf64>, tensor<?x2x4x8xf64>, tensor<?x2x4x8xf64>)
  return %y#0 : tensor<?x2x8xf64>
}

// CHECK-LABEL: @rescale_init_and_slope
// CHECK: strand.fast_weight {{.*}} rescale %{{[a-z0-9]+}} init(%{{[a-z0-9]+}}) with(%{{[a-z0-9]+}})
// CHECK-SAME: -> tensor<?x2x8xf32> slope {
// CHECK: ^bb0(%{{.*}}: tensor<8xf32>, %{{.*}}: tensor<8xf32>, %{{.*}}: tensor<8xf32>):
// CHECK: strand.yield %{{.*}} : tensor<8xf32>
func.func @rescale_init_and_slope(%q: tensor<?x2x4xf32>, %k: tensor<?x2x4xf32>, %v: tensor<?x2x8xf32>,
    %rate: tensor<?x2xf32>, %tau: tensor<?x2xf32>, %init: tensor<2x4x8xf32>, %w: tensor<2x8xf32>, %offsets: tensor<?xi32>)
    -> tensor<?x2x8xf32> {
  %y = strand.fast_weight %q, %k, %v rate %rate rescale %tau init(%init) with(%w) offsets %offsets {block = 2}
      : (tensor<?x2x4xf32>, tensor<?x2x4xf32>, tensor<?x2x8xf32>, tensor<?x2xf32>, tensor<?x2xf32>, tensor<2x4x8xf32>,
         tensor<2x8xf32>, tensor<?xi32>) -> tensor<?x2x8xf32> slope {
  ^bb0(%z: tensor<8xf32>, %target: tensor<8xf32>, %scale: tensor<8xf32>):
    %e = arith.subf %z, %target : tensor<8xf32>
    %s = arith.mulf %e, %scale : tensor<8xf32>
    strand.yield %s : tensor<8xf32>
  }
  return %y : tensor<?x2x8xf32>
}

// CHECK-LABEL: @two_layers
// CHECK: strand.fast_weight {{.*}} rescale %{{[a-z0-9]+}} init(%{{[a-z0-9]+}}, %{{[a-z0-9]+}}) bias(%{{[a-z0-9]+}}, %{{[a-z0-9]+}})
// CHECK-SAME: activation gelu_tanh offsets %{{[a-z0-9]+}} {block = 16 : i64} :
func.func @two_layers(%q: tensor<?x2x4xf32>, %k: tensor<?x2x4xf32>, %v: tensor<?x2x8xf32>, %rate: tensor<?x2xf32>,
    %tau: tensor<?x2xf32>, %w1: tensor<2x4x16xf32>, %w2: tensor<2x16x8xf32>, %b1: tensor<2x16xf32>, %b2: tensor<2x8xf32>,
    %offsets: tensor<?xi32>) -> tensor<?x2x8xf32> {
  %y = strand.fast_weight %q, %k, %v rate %rate rescale %tau init(%w1, %w2) bias(%b1, %b2) activation gelu_tanh
      offsets %offsets {block = 16}
      : (tensor<?x2x4xf32>, tensor<?x2x4xf32>, tensor<?x2x8xf32>, tensor<?x2xf32>, tensor<?x2xf32>, tensor<2x4x16xf32>,
         tensor<2x16x8xf32>, tensor<2x16xf32>, tensor<2x8xf32>, tensor<?xi32>) -> tensor<?x2x8xf32>
  return %y : tensor<?x2x8xf32>
}

// CHECK-LABEL: @three_layers_and_state
// CHECK: strand.fast_weight {{.*}} init(%{{[a-z0-9]+}}, %{{[a-z0-9]+}}, %{{[a-z0-9]+}}) activation silu offsets %{{[a-z0-9]+}} states(
func.func @three_layers_and_state(%q: tensor<?x2x4xf32>, %k: tensor<?x2x4xf32>, %v: tensor<?x2x8xf32>,
    %rate: tensor<?x2xf32>, %w1: tensor<2x4x3xf32>, %w2: tensor<2x3x5xf32>, %w3: tensor<2x5x8xf32>, %offsets: tensor<?xi32>,
    %count: tensor<?xi32>, %a1: tensor<?x2x4x3xf32>, %a2: tensor<?x2x3x5xf32>, %a3: tensor<?x2x5x8xf32>,
    %m1: tensor<?x2x4x3xf32>, %m2: tensor<?x2x3x5xf32>, %m3: tensor<?x2x5x8xf32>, %slots: tensor<?xi32>) -> tensor<?x2x8xf32> {
  %y:8 = strand.fast_weight %q, %k, %v rate %rate init(%w1, %w2, %w3) activation silu offsets %offsets
      states(%count, %a1, %a2, %a3, %m1, %m2, %m3) slots %slots {block = 4}
      : (tensor<?x2x4xf32>, tensor<?x2x4xf32>, tensor<?x2x8xf32>, tensor<?x2xf32>, tensor<2x4x3xf32>, tensor<2x3x5xf32>,
         tensor<2x5x8xf32>, tensor<?xi32>, tensor<?xi32>, tensor<?x2x4x3xf32>, tensor<?x2x3x5xf32>, tensor<?x2x5x8xf32>,
         tensor<?x2x4x3xf32>, tensor<?x2x3x5xf32>, tensor<?x2x5x8xf32>, tensor<?xi32>)
      -> (tensor<?x2x8xf32>, tensor<?xi32>, tensor<?x2x4x3xf32>, tensor<?x2x3x5xf32>, tensor<?x2x5x8xf32>,
          tensor<?x2x4x3xf32>, tensor<?x2x3x5xf32>, tensor<?x2x5x8xf32>)
  return %y#0 : tensor<?x2x8xf32>
}

// A gate of zeros, a rescale of ones and one layer that begins at zeros say nothing.
// FOLD-LABEL: @says_nothing
// FOLD: strand.fast_weight %{{[a-z0-9]+}}, %{{[a-z0-9]+}}, %{{[a-z0-9]+}} rate %{{[a-z0-9]+}} offsets
// FOLD: strand.fast_weight %{{[a-z0-9]+}}, %{{[a-z0-9]+}}, %{{[a-z0-9]+}} rate %{{[a-z0-9]+}} offsets
func.func @says_nothing(%q: tensor<?x2x4xf32>, %k: tensor<?x2x4xf32>, %v: tensor<?x2x8xf32>, %rate: tensor<?x2xf32>,
                        %rows: index, %offsets: tensor<?xi32>) -> (tensor<?x2x8xf32>, tensor<?x2x8xf32>) {
  %zero = arith.constant 0.0 : f32
  %one = arith.constant 1.0 : f32
  %empty = tensor.empty(%rows) : tensor<?x2xf32>
  %gate = linalg.fill ins(%zero : f32) outs(%empty : tensor<?x2xf32>) -> tensor<?x2xf32>
  %tau = linalg.fill ins(%one : f32) outs(%empty : tensor<?x2xf32>) -> tensor<?x2xf32>
  %init = arith.constant dense<0.0> : tensor<2x4x8xf32>
  %y = strand.fast_weight %q, %k, %v rate %rate gate %gate init(%init) offsets %offsets {block = 3}
      : (tensor<?x2x4xf32>, tensor<?x2x4xf32>, tensor<?x2x8xf32>, tensor<?x2xf32>, tensor<?x2xf32>, tensor<2x4x8xf32>,
         tensor<?xi32>) -> tensor<?x2x8xf32>
  %z = strand.fast_weight %q, %k, %v rate %rate rescale %tau offsets %offsets {block = 3}
      : (tensor<?x2x4xf32>, tensor<?x2x4xf32>, tensor<?x2x8xf32>, tensor<?x2xf32>, tensor<?x2xf32>, tensor<?xi32>)
      -> tensor<?x2x8xf32>
  return %y, %z : tensor<?x2x8xf32>, tensor<?x2x8xf32>
}

// Zeros of two layers are where they begin, and with a state the sum of a rescale is a part of it.
// FOLD-LABEL: @says_something
// FOLD: strand.fast_weight {{.*}} init(%{{[a-z0-9_]+}}, %{{[a-z0-9_]+}})
// FOLD: strand.fast_weight {{.*}} rescale
func.func @says_something(%q: tensor<?x2x4xf32>, %k: tensor<?x2x4xf32>, %v: tensor<?x2x4xf32>, %rate: tensor<?x2xf32>,
                          %rows: index, %offsets: tensor<?xi32>, %count: tensor<?xi32>, %anchor: tensor<?x2x4x4xf32>,
                          %sum: tensor<?x2x4x4xf32>, %slots: tensor<?xi32>) -> (tensor<?x2x4xf32>, tensor<?x2x4xf32>) {
  %one = arith.constant 1.0 : f32
  %empty = tensor.empty(%rows) : tensor<?x2xf32>
  %tau = linalg.fill ins(%one : f32) outs(%empty : tensor<?x2xf32>) -> tensor<?x2xf32>
  %init = arith.constant dense<0.0> : tensor<2x4x4xf32>
  %y = strand.fast_weight %q, %k, %v rate %rate init(%init, %init) activation tanh offsets %offsets {block = 3}
      : (tensor<?x2x4xf32>, tensor<?x2x4xf32>, tensor<?x2x4xf32>, tensor<?x2xf32>, tensor<2x4x4xf32>, tensor<2x4x4xf32>,
         tensor<?xi32>) -> tensor<?x2x4xf32>
  %z:4 = strand.fast_weight %q, %k, %v rate %rate rescale %tau offsets %offsets states(%count, %anchor, %sum) slots %slots
      {block = 3}
      : (tensor<?x2x4xf32>, tensor<?x2x4xf32>, tensor<?x2x4xf32>, tensor<?x2xf32>, tensor<?x2xf32>, tensor<?xi32>,
         tensor<?xi32>, tensor<?x2x4x4xf32>, tensor<?x2x4x4xf32>, tensor<?xi32>)
      -> (tensor<?x2x4xf32>, tensor<?xi32>, tensor<?x2x4x4xf32>, tensor<?x2x4x4xf32>)
  return %y, %z#0 : tensor<?x2x4xf32>, tensor<?x2x4xf32>
}
