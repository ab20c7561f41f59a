// RUN: strand-opt %s --pass-pipeline='builtin.module(func.func(strand-block-rows,canonicalize,cse))' --split-input-file | FileCheck %s

// A view that the run reads, and that is a result: it is made of the whole tensor behind the loop, which fills one tensor.
// CHECK-LABEL: @view_inside_and_outside
// CHECK: %[[LOOP:.*]]:2 = scf.forall
// CHECK-SAME: shared_outs(%{{.*}} = %{{.*}}, %{{.*}} = %{{.*}}) -> (tensor<?x8xf32>, tensor<?x2x4xf32>)
// CHECK: linalg.exp
// CHECK: tensor.expand_shape
// CHECK: linalg.square
// CHECK: %[[VIEW:.*]] = tensor.expand_shape %[[LOOP]]#0
// CHECK: return %[[VIEW]], %[[LOOP]]#1
func.func private @view_inside_and_outside(%x: tensor<?x8xf32>) -> (tensor<?x2x4xf32>, tensor<?x2x4xf32>) {
  %c0 = arith.constant 0 : index
  %n = tensor.dim %x, %c0 : tensor<?x8xf32>
  %e = tensor.empty(%n) : tensor<?x8xf32>
  %y = linalg.exp ins(%x : tensor<?x8xf32>) outs(%e : tensor<?x8xf32>) -> tensor<?x8xf32>
  %v = tensor.expand_shape %y [[0], [1, 2]] output_shape [%n, 2, 4] : tensor<?x8xf32> into tensor<?x2x4xf32>
  %e2 = tensor.empty(%n) : tensor<?x2x4xf32>
  %z = linalg.square ins(%v : tensor<?x2x4xf32>) outs(%e2 : tensor<?x2x4xf32>) -> tensor<?x2x4xf32>
  return %v, %z : tensor<?x2x4xf32>, tensor<?x2x4xf32>
}
