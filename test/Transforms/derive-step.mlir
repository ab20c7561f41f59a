// RUN: strand-opt %s -strand-derive-step -split-input-file | FileCheck %s

// @advance and what it calls, directly or through others, twice; what it does not call, once.
// CHECK-LABEL: func.func private @inner(
// CHECK-NOT:     strand.single_row
// CHECK-LABEL: func.func private @inner.step(
// CHECK-SAME:    attributes {no_inline, strand.single_row}
// CHECK-LABEL: func.func private @outer(
// CHECK:         call @inner(
// CHECK-LABEL: func.func private @outer.step(
// CHECK-SAME:    attributes {strand.single_row}
// CHECK:         call @inner.step(
// CHECK-LABEL: func.func private @declared(
// CHECK-NOT:   @declared.step
// CHECK-LABEL: func.func private @other(
// CHECK-NOT:   @other.step
// CHECK-LABEL: func.func private @advance(
// CHECK-SAME:    {strand.input = "tokens"}
// CHECK:         call @outer(
// CHECK:         call @declared(
// CHECK-LABEL: func.func private @step(
// CHECK-SAME:    {strand.input = "tokens"}
// CHECK-SAME:    attributes {strand.single_row}
// CHECK:         call @outer.step(
// CHECK:         call @declared(
func.func private @inner(%x: tensor<?xi32>) -> tensor<?xi32> attributes {no_inline} {
  return %x : tensor<?xi32>
}
func.func private @outer(%x: tensor<?xi32>) -> tensor<?xi32> {
  %y = call @inner(%x) : (tensor<?xi32>) -> tensor<?xi32>
  return %y : tensor<?xi32>
}
func.func private @declared(%x: tensor<?xi32>) -> tensor<?xi32>
func.func private @other(%x: tensor<?xi32>) -> tensor<?xi32> {
  return %x : tensor<?xi32>
}
func.func private @advance(%x: tensor<?xi32> {strand.input = "tokens"}) -> tensor<?xi32> {
  %y = call @outer(%x) : (tensor<?xi32>) -> tensor<?xi32>
  %z = call @declared(%y) : (tensor<?xi32>) -> tensor<?xi32>
  return %z : tensor<?xi32>
}

// -----

// Nothing to do.
// CHECK-LABEL: func.func private @without_a_model(
// CHECK-NOT:   .step
func.func private @without_a_model(%x: tensor<?xi32>) -> tensor<?xi32> {
  return %x : tensor<?xi32>
}
