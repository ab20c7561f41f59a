// RUN: strand-opt %s -strand-destinations -split-input-file | FileCheck %s

// The callee's tensor.empty becomes an argument; its size is computed again at each call, and what the caller hands in
// is the caller's own result, so the argument goes all the way up.
// CHECK-LABEL: func.func private @fresh(
// CHECK-SAME:    %{{.*}}: tensor<?x8xf32> {strand.rows}, %[[OUT:.*]]: tensor<?x8xf32> {strand.rows})
// CHECK-NOT:     tensor.empty
// CHECK:         linalg.exp ins({{.*}}) outs(%[[OUT]] :
func.func private @fresh(%x: tensor<?x8xf32> {strand.rows}) -> tensor<?x8xf32> {
  %c0 = arith.constant 0 : index
  %n = tensor.dim %x, %c0 : tensor<?x8xf32>
  %e = tensor.empty(%n) : tensor<?x8xf32>
  %y = linalg.exp ins(%x : tensor<?x8xf32>) outs(%e : tensor<?x8xf32>) -> tensor<?x8xf32>
  return %y : tensor<?x8xf32>
}
// CHECK-LABEL: func.func private @caller(
// CHECK-SAME:    %[[X:.*]]: tensor<?x8xf32>, %[[OUT:.*]]: tensor<?x8xf32>)
// CHECK:         %[[N:.*]] = tensor.dim %[[X]]
// CHECK:         %[[E:.*]] = tensor.empty(%[[N]])
// CHECK:         %[[A:.*]] = call @fresh(%[[X]], %[[E]])
// CHECK:         %[[B:.*]] = call @fresh(%[[A]], %[[OUT]])
// CHECK:         return %[[B]]
func.func private @caller(%x: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %a = call @fresh(%x) : (tensor<?x8xf32>) -> tensor<?x8xf32>
  %b = call @fresh(%a) : (tensor<?x8xf32>) -> tensor<?x8xf32>
  return %b : tensor<?x8xf32>
}

// -----

// A result in the buffer of an argument needs nothing.
// CHECK-LABEL: func.func private @in_place(%{{.*}}: tensor<?xf32>) -> tensor<?xf32>
func.func private @in_place(%x: tensor<?xf32>) -> tensor<?xf32> {
  %y = linalg.exp ins(%x : tensor<?xf32>) outs(%x : tensor<?xf32>) -> tensor<?xf32>
  return %y : tensor<?xf32>
}

// -----

// Through loops, parallel loops and insertions.
// CHECK-LABEL: func.func private @loops(
// CHECK-SAME:    %{{.*}}: index, %[[OUT:.*]]: tensor<?x8xf32>)
// CHECK:         scf.forall {{.*}} shared_outs(%{{.*}} = %[[OUT]])
func.func private @loops(%n: index) -> tensor<?x8xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %f = arith.constant 1.0 : f32
  %e = tensor.empty(%n) : tensor<?x8xf32>
  %a = scf.forall (%i) in (%n) shared_outs(%o = %e) -> tensor<?x8xf32> {
    %row = tensor.extract_slice %o[%i, 0] [1, 8] [1, 1] : tensor<?x8xf32> to tensor<8xf32>
    %v = linalg.fill ins(%f : f32) outs(%row : tensor<8xf32>) -> tensor<8xf32>
    scf.forall.in_parallel {
      tensor.parallel_insert_slice %v into %o[%i, 0] [1, 8] [1, 1] : tensor<8xf32> into tensor<?x8xf32>
    }
  }
  %b = scf.for %i = %c0 to %n step %c1 iter_args(%o = %a) -> tensor<?x8xf32> {
    %p = tensor.insert %f into %o[%i, %c0] : tensor<?x8xf32>
    scf.yield %p : tensor<?x8xf32>
  }
  return %b : tensor<?x8xf32>
}

// -----

// Both branches write into the one destination.
// CHECK-LABEL: func.func private @branch(
// CHECK-SAME:    %{{.*}}: tensor<4xf32>, %{{.*}}: i1, %[[OUT:.*]]: tensor<4xf32>)
// CHECK:         linalg.exp {{.*}} outs(%[[OUT]]
// CHECK:         linalg.log {{.*}} outs(%[[OUT]]
func.func private @branch(%x: tensor<4xf32>, %c: i1) -> tensor<4xf32> {
  %r = scf.if %c -> tensor<4xf32> {
    %e = tensor.empty() : tensor<4xf32>
    %y = linalg.exp ins(%x : tensor<4xf32>) outs(%e : tensor<4xf32>) -> tensor<4xf32>
    scf.yield %y : tensor<4xf32>
  } else {
    %e = tensor.empty() : tensor<4xf32>
    %y = linalg.log ins(%x : tensor<4xf32>) outs(%e : tensor<4xf32>) -> tensor<4xf32>
    scf.yield %y : tensor<4xf32>
  }
  return %r : tensor<4xf32>
}

// -----

// Two results that shared one empty tensor get a destination each.
// CHECK-LABEL: func.func private @merged(
// CHECK-SAME:    %{{.*}}: tensor<4xf32>, %[[A:.*]]: tensor<4xf32>, %[[B:.*]]: tensor<4xf32>)
// CHECK:         linalg.exp {{.*}} outs(%[[A]]
// CHECK:         linalg.log {{.*}} outs(%[[B]]
func.func private @merged(%x: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
  %e = tensor.empty() : tensor<4xf32>
  %y = linalg.exp ins(%x : tensor<4xf32>) outs(%e : tensor<4xf32>) -> tensor<4xf32>
  %z = linalg.log ins(%x : tensor<4xf32>) outs(%e : tensor<4xf32>) -> tensor<4xf32>
  return %y, %z : tensor<4xf32>, tensor<4xf32>
}

// -----

// The destination has the type of the result; the reshape is undone where the buffer begins.
// CHECK-LABEL: func.func private @reshaped(
// CHECK-SAME:    %{{.*}}: tensor<?x4x8xf32> {strand.rows}, %[[OUT:.*]]: tensor<?x32xf32> {strand.rows})
// CHECK:         %[[SEEN:.*]] = tensor.expand_shape %[[OUT]]
// CHECK:         linalg.exp {{.*}} outs(%[[SEEN]]
func.func private @reshaped(%x: tensor<?x4x8xf32> {strand.rows}) -> tensor<?x32xf32> {
  %c0 = arith.constant 0 : index
  %n = tensor.dim %x, %c0 : tensor<?x4x8xf32>
  %e = tensor.empty(%n) : tensor<?x4x8xf32>
  %y = linalg.exp ins(%x : tensor<?x4x8xf32>) outs(%e : tensor<?x4x8xf32>) -> tensor<?x4x8xf32>
  %r = tensor.collapse_shape %y [[0], [1, 2]] : tensor<?x4x8xf32> into tensor<?x32xf32>
  return %r : tensor<?x32xf32>
}

// -----

// A size that is computed from arguments is computed again by the caller.
// CHECK-LABEL: func.func private @computed_size(
func.func private @computed_size(%x: tensor<?xf32>, %k: index) -> tensor<?xf32> {
  %c0 = arith.constant 0 : index
  %f = arith.constant 0.0 : f32
  %n = tensor.dim %x, %c0 : tensor<?xf32>
  %m = arith.addi %n, %k : index
  %e = tensor.empty(%m) : tensor<?xf32>
  %y = linalg.fill ins(%f : f32) outs(%e : tensor<?xf32>) -> tensor<?xf32>
  return %y : tensor<?xf32>
}
// CHECK-LABEL: func.func @user(
// CHECK-SAME:    %[[X:.*]]: tensor<?xf32>)
// CHECK:         %[[K:.*]] = arith.constant 3
// CHECK:         %[[N:.*]] = tensor.dim %[[X]]
// CHECK:         %[[M:.*]] = arith.addi %[[N]], %[[K]]
// CHECK:         tensor.empty(%[[M]])
func.func @user(%x: tensor<?xf32>) -> tensor<?xf32> {
  %k = arith.constant 3 : index
  %y = call @computed_size(%x, %k) : (tensor<?xf32>, index) -> tensor<?xf32>
  return %y : tensor<?xf32>
}

// -----

// What has no tie is copied into a destination.
// CHECK-LABEL: func.func private @a_part(
// CHECK-SAME:    %{{.*}}: tensor<?x8xf32>, %[[OUT:.*]]: tensor<8xf32>)
// CHECK:         linalg.copy ins(%{{.*}}) outs(%[[OUT]] :
func.func private @a_part(%x: tensor<?x8xf32>) -> tensor<8xf32> {
  %r = tensor.extract_slice %x[0, 0] [1, 8] [1, 1] : tensor<?x8xf32> to tensor<8xf32>
  return %r : tensor<8xf32>
}

// -----

// Public functions keep their signature.
// CHECK-LABEL: func.func @public(%{{.*}}: tensor<4xf32>) -> tensor<4xf32>
func.func @public(%x: tensor<4xf32>) -> tensor<4xf32> {
  %e = tensor.empty() : tensor<4xf32>
  %y = linalg.exp ins(%x : tensor<4xf32>) outs(%e : tensor<4xf32>) -> tensor<4xf32>
  return %y : tensor<4xf32>
}

// -----

// The first result of @advance are the logits; a state stays in its buffer.
// CHECK-LABEL: func.func private @advance(
// CHECK-SAME:    %{{.*}}: tensor<?xi32>, %{{.*}}: tensor<?x8xf32> {strand.state = "h"},
// CHECK-SAME:    %{{.*}}: tensor<?x8xf32> {strand.input = "logits"})
func.func private @advance(%tokens: tensor<?xi32>, %h: tensor<?x8xf32> {strand.state = "h"})
    -> (tensor<?x8xf32>, tensor<?x8xf32>) {
  %c0 = arith.constant 0 : index
  %f = arith.constant 0.0 : f32
  %n = tensor.dim %tokens, %c0 : tensor<?xi32>
  %e = tensor.empty(%n) : tensor<?x8xf32>
  %y = linalg.fill ins(%f : f32) outs(%e : tensor<?x8xf32>) -> tensor<?x8xf32>
  %g = linalg.exp ins(%h : tensor<?x8xf32>) outs(%h : tensor<?x8xf32>) -> tensor<?x8xf32>
  return %y, %g : tensor<?x8xf32>, tensor<?x8xf32>
}

// -----

// Callers want a buffer for each result: the second one, which is the first in another shape, is copied.
// CHECK-LABEL: func.func private @twice(
// CHECK-SAME:    %{{.*}}: tensor<?x4xf32>, %[[A:.*]]: tensor<?x4xf32>, %[[B:.*]]: tensor<?x2x2xf32>)
// CHECK: %[[Y:.*]] = linalg.exp {{.*}} outs(%[[A]] : tensor<?x4xf32>)
// CHECK: %[[E:.*]] = tensor.expand_shape %[[Y]]
// CHECK: %[[C:.*]] = linalg.copy ins(%[[E]] : tensor<?x2x2xf32>) outs(%[[B]] : tensor<?x2x2xf32>)
// CHECK: return %[[Y]], %[[C]]
func.func private @twice(%x: tensor<?x4xf32>) -> (tensor<?x4xf32>, tensor<?x2x2xf32>) {
  %c0 = arith.constant 0 : index
  %n = tensor.dim %x, %c0 : tensor<?x4xf32>
  %e = tensor.empty(%n) : tensor<?x4xf32>
  %y = linalg.exp ins(%x : tensor<?x4xf32>) outs(%e : tensor<?x4xf32>) -> tensor<?x4xf32>
  %r = tensor.expand_shape %y [[0], [1, 2]] output_shape [%n, 2, 2] : tensor<?x4xf32> into tensor<?x2x2xf32>
  return %y, %r : tensor<?x4xf32>, tensor<?x2x2xf32>
}

// -----

// A filled tensor that two ops begin from: the one that is the result gets its own, in the destination.
// CHECK-LABEL: func.func private @one_fill(
// CHECK-SAME:    %{{.*}}: tensor<?x4xf32>, %[[DEST:.*]]: tensor<?x4xf32>)
// CHECK: %[[FILL:.*]] = linalg.fill {{.*}} outs(%[[DEST]] : tensor<?x4xf32>)
// CHECK: %[[A:.*]] = linalg.add {{.*}} outs(%[[FILL]] : tensor<?x4xf32>)
// CHECK: return %[[A]]
func.func private @one_fill(%x: tensor<?x4xf32>) -> tensor<?x4xf32> {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %n = tensor.dim %x, %c0 : tensor<?x4xf32>
  %e = tensor.empty(%n) : tensor<?x4xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<?x4xf32>) -> tensor<?x4xf32>
  %a = linalg.exp ins(%x : tensor<?x4xf32>) outs(%f : tensor<?x4xf32>) -> tensor<?x4xf32>
  %b = linalg.add ins(%a, %x : tensor<?x4xf32>, tensor<?x4xf32>) outs(%f : tensor<?x4xf32>) -> tensor<?x4xf32>
  return %b : tensor<?x4xf32>
}
