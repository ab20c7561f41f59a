// RUN: strand-opt %s -strand-inline-formulas -split-input-file | FileCheck %s

// A formula of a formula, called twice, with a result that is an argument: all in place, and gone.
// CHECK-LABEL: func.func @forward(
// CHECK-SAME:    %[[X:.*]]: tensor<?x8xf32>) -> (tensor<?x8xf32>, tensor<?x8xf32>)
// CHECK-NEXT:    %[[E1:.*]] = math.exp %[[X]]
// CHECK-NEXT:    %[[S1:.*]] = arith.addf %[[E1]], %[[X]]
// CHECK-NEXT:    %[[E2:.*]] = math.exp %[[S1]]
// CHECK-NEXT:    %[[S2:.*]] = arith.addf %[[E2]], %[[S1]]
// CHECK-NEXT:    return %[[S2]], %[[S1]]
// CHECK-NOT:   func.func
func.func @forward(%x: tensor<?x8xf32>) -> (tensor<?x8xf32>, tensor<?x8xf32>) {
  %a:2 = call @both(%x) : (tensor<?x8xf32>) -> (tensor<?x8xf32>, tensor<?x8xf32>)
  %b:2 = call @both(%a#0) : (tensor<?x8xf32>) -> (tensor<?x8xf32>, tensor<?x8xf32>)
  return %b#0, %b#1 : tensor<?x8xf32>, tensor<?x8xf32>
}
func.func private @both(%x: tensor<?x8xf32>) -> (tensor<?x8xf32>, tensor<?x8xf32>) {
  %e = call @formula(%x) : (tensor<?x8xf32>) -> tensor<?x8xf32>
  %y = arith.addf %e, %x : tensor<?x8xf32>
  return %y, %x : tensor<?x8xf32>, tensor<?x8xf32>
}
func.func private @formula(%x: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %y = math.exp %x : tensor<?x8xf32>
  return %y : tensor<?x8xf32>
}

// -----

// Also where the call stands in a region: one of a scan's step, for example.
// CHECK-LABEL: func.func @in_a_region(
// CHECK:         scf.if
// CHECK-NEXT:      math.exp
// CHECK-NOT:   func.func
func.func @in_a_region(%x: tensor<?x8xf32>, %c: i1) -> tensor<?x8xf32> {
  %r = scf.if %c -> tensor<?x8xf32> {
    %y = func.call @formula(%x) : (tensor<?x8xf32>) -> tensor<?x8xf32>
    scf.yield %y : tensor<?x8xf32>
  } else {
    scf.yield %x : tensor<?x8xf32>
  }
  return %r : tensor<?x8xf32>
}
func.func private @formula(%x: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %y = math.exp %x : tensor<?x8xf32>
  return %y : tensor<?x8xf32>
}

// -----

// What stays: functions that carry state, in themselves or in what they call; public ones; those marked no_inline; those
// without a body; those of several blocks; and those that nobody calls.
#td = affine_map<(t, d) -> (t, d)>
// CHECK-LABEL: func.func @stays(
// CHECK-DAG:     call @layer(
// CHECK-DAG:     call @elsewhere(
// CHECK-DAG:     call @marked(
// CHECK-DAG:     call @public(
// CHECK-DAG:     call @blocks(
// CHECK-NOT:     call @formula(
// CHECK-LABEL: func.func private @layer(
// CHECK-DAG:     call @mixer(
// CHECK-DAG:     math.exp
// CHECK-LABEL: func.func private @mixer(
// CHECK-LABEL: func.func private @elsewhere(
// CHECK-LABEL: func.func private @marked(
// CHECK-LABEL: func.func @public(
// CHECK-LABEL: func.func private @blocks(
// CHECK-LABEL: func.func private @advance(
func.func @stays(%x: tensor<?x8xf32>, %offsets: tensor<?xi32>) -> tensor<?x8xf32> {
  %a = call @layer(%x, %offsets) : (tensor<?x8xf32>, tensor<?xi32>) -> tensor<?x8xf32>
  %b = call @elsewhere(%a) : (tensor<?x8xf32>) -> tensor<?x8xf32>
  %c = call @marked(%b) : (tensor<?x8xf32>) -> tensor<?x8xf32>
  %d = call @public(%c) : (tensor<?x8xf32>) -> tensor<?x8xf32>
  %e = call @blocks(%d) : (tensor<?x8xf32>) -> tensor<?x8xf32>
  %f = call @formula(%e) : (tensor<?x8xf32>) -> tensor<?x8xf32>
  return %f : tensor<?x8xf32>
}
func.func private @layer(%x: tensor<?x8xf32>, %offsets: tensor<?xi32>) -> tensor<?x8xf32> {
  %a = call @mixer(%x, %offsets) : (tensor<?x8xf32>, tensor<?xi32>) -> tensor<?x8xf32>
  %b = call @formula(%a) : (tensor<?x8xf32>) -> tensor<?x8xf32>
  return %b : tensor<?x8xf32>
}
func.func private @mixer(%x: tensor<?x8xf32>, %offsets: tensor<?xi32>) -> tensor<?x8xf32> {
  %y = strand.linear_recurrence decay(%x) input(%x) offsets %offsets {indexing_maps = [#td, #td, #td]}
      : (tensor<?x8xf32>, tensor<?x8xf32>, tensor<?xi32>) -> tensor<?x8xf32>
  return %y : tensor<?x8xf32>
}
func.func private @elsewhere(tensor<?x8xf32>) -> tensor<?x8xf32>
func.func private @marked(%x: tensor<?x8xf32>) -> tensor<?x8xf32> attributes {no_inline} {
  return %x : tensor<?x8xf32>
}
func.func @public(%x: tensor<?x8xf32>) -> tensor<?x8xf32> {
  return %x : tensor<?x8xf32>
}
func.func private @blocks(%x: tensor<?x8xf32>) -> tensor<?x8xf32> {
  cf.br ^next(%x : tensor<?x8xf32>)
^next(%y: tensor<?x8xf32>):
  return %y : tensor<?x8xf32>
}
func.func private @formula(%x: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %y = math.exp %x : tensor<?x8xf32>
  return %y : tensor<?x8xf32>
}
func.func private @advance(%x: tensor<?x8xf32>) -> tensor<?x8xf32> {
  return %x : tensor<?x8xf32>
}
