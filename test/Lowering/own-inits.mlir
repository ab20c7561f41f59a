// RUN: strand-opt %s -pass-pipeline='builtin.module(func.func(strand-own-inits))' | FileCheck %s

// Of two users in its own block one keeps the fill.
// CHECK-LABEL: @two_users
// CHECK: %[[A:.*]] = linalg.fill
// CHECK: %[[B:.*]] = linalg.fill
// CHECK-NOT: linalg.fill
// CHECK: return
func.func @two_users(%in: tensor<4xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
  %one = arith.constant 1.0 : f32
  %empty = tensor.empty() : tensor<4xf32>
  %fill = linalg.fill ins(%one : f32) outs(%empty : tensor<4xf32>) -> tensor<4xf32>
  %x = linalg.exp ins(%in : tensor<4xf32>) outs(%fill : tensor<4xf32>) -> tensor<4xf32>
  %y = linalg.log ins(%x : tensor<4xf32>) outs(%fill : tensor<4xf32>) -> tensor<4xf32>
  return %x, %y : tensor<4xf32>, tensor<4xf32>
}

// A user in a loop gets its own in the loop, though it is the only one: it writes into it in every iteration.
// CHECK-LABEL: @user_in_a_loop
// CHECK-NOT: linalg.fill
// CHECK: scf.for
// CHECK-NEXT: tensor.empty
// CHECK-NEXT: linalg.fill
// CHECK-NEXT: linalg.reduce
func.func @user_in_a_loop(%x: tensor<8x4xf32>, %into: tensor<4xf32>) -> tensor<4xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  %zero = arith.constant 0.0 : f32
  %empty = tensor.empty() : tensor<4xf32>
  %fill = linalg.fill ins(%zero : f32) outs(%empty : tensor<4xf32>) -> tensor<4xf32>
  %r = scf.for %i = %c0 to %c8 step %c1 iter_args(%sum = %into) -> (tensor<4xf32>) {
    %all = linalg.reduce {arith.addf} ins(%x : tensor<8x4xf32>) outs(%fill : tensor<4xf32>) dimensions = [0]
    %next = linalg.add ins(%all, %sum : tensor<4xf32>, tensor<4xf32>) outs(%sum : tensor<4xf32>) -> tensor<4xf32>
    scf.yield %next : tensor<4xf32>
  }
  return %r : tensor<4xf32>
}
