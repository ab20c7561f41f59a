// RUN: strand-opt %s | strand-opt | FileCheck %s
// RUN: strand-opt %s --mlir-print-op-generic | strand-opt | FileCheck %s

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
// CHECK: strand.fast_weight {{.*}} rescale %{{[a-z0-9]+}} init %{{[a-z0-9]+}} with(%{{[a-z0-9]+}})
// CHECK-SAME: -> tensor<?x2x8xf32> slope {
// CHECK: ^bb0(%{{.*}}: tensor<8xf32>, %{{.*}}: tensor<8xf32>, %{{.*}}: tensor<8xf32>):
// CHECK: strand.yield %{{.*}} : tensor<8xf32>
func.func @rescale_init_and_slope(%q: tensor<?x2x4xf32>, %k: tensor<?x2x4xf32>, %v: tensor<?x2x8xf32>,
    %rate: tensor<?x2xf32>, %tau: tensor<?x2xf32>, %init: tensor<2x4x8xf32>, %w: tensor<2x8xf32>, %offsets: tensor<?xi32>)
    -> tensor<?x2x8xf32> {
  %y = strand.fast_weight %q, %k, %v rate %rate rescale %tau init %init with(%w) offsets %offsets {block = 2}
      : (tensor<?x2x4xf32>, tensor<?x2x4xf32>, tensor<?x2x8xf32>, tensor<?x2xf32>, tensor<?x2xf32>, tensor<2x4x8xf32>,
         tensor<2x8xf32>, tensor<?xi32>) -> tensor<?x2x8xf32> slope {
  ^bb0(%z: tensor<8xf32>, %target: tensor<8xf32>, %scale: tensor<8xf32>):
    %e = arith.subf %z, %target : tensor<8xf32>
    %s = arith.mulf %e, %scale : tensor<8xf32>
    strand.yield %s : tensor<8xf32>
  }
  return %y : tensor<?x2x8xf32>
}
