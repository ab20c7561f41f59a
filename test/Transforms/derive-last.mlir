// RUN: strand-opt %s -strand-derive-last -canonicalize -cse -split-input-file | FileCheck %s

// What follows the last op with state is computed on one row a sequence: row offsets[s + 1] - 1, or the first where a
// sequence in front has no rows. The op with state sees all rows, and what it carries is the result as before.
#td = affine_map<(t, d) -> (t, d)>
#d = affine_map<(t, d) -> (d)>
// CHECK-LABEL: func.func private @advance(
// CHECK:         tensor.dim %{{.*}}, %c0 : tensor<?x8xf32>
// CHECK-NOT:     tensor.extract
// CHECK-LABEL: func.func private @last(
// CHECK-SAME:    %[[OFFSETS:[a-z0-9]+]]: tensor<?xi32> {strand.input = "offsets"}
// CHECK-SAME:    -> (tensor<?x8xf32>, tensor<?x8xf32>)
// CHECK:         %[[Y:.*]], %[[NEXT:.*]] = strand.linear_recurrence
// CHECK:         %[[ENTRIES:.*]] = tensor.dim %[[OFFSETS]], %c0
// CHECK:         %[[SEQUENCES:.*]] = arith.subi %[[ENTRIES]], %c1
// CHECK:         %[[FEW:.*]] = tensor.empty(%[[SEQUENCES]]) : tensor<?x8xf32>
// CHECK:         %[[LAST:.*]] = linalg.generic
// CHECK:           %[[S:.*]] = linalg.index 0
// CHECK:           %[[D:.*]] = linalg.index 1
// CHECK:           %[[S1:.*]] = arith.addi %[[S]], %c1
// CHECK:           %[[END32:.*]] = tensor.extract %[[OFFSETS]][%[[S1]]]
// CHECK:           %[[END:.*]] = arith.index_cast %[[END32]]
// CHECK:           %[[ROW:.*]] = arith.subi %[[END]], %c1
// CHECK:           %[[AT:.*]] = arith.maxsi %[[ROW]], %c0
// CHECK:           tensor.extract %[[Y]][%[[AT]], %[[D]]]
// CHECK:         %[[LOGITS:.*]] = linalg.generic {{.*}} ins(%[[LAST]], %{{.*}} outs(%[[FEW]] :
// CHECK:           arith.mulf
// CHECK:         return %[[LOGITS]], %[[NEXT]]
func.func private @advance(%tokens: tensor<?xi32> {strand.input = "tokens"},
    %offsets: tensor<?xi32> {strand.input = "offsets"}, %x: tensor<?x8xf32>, %h: tensor<?x8xf32>,
    %slots: tensor<?xi32> {strand.input = "slots"}, %w: tensor<8xf32>) -> (tensor<?x8xf32>, tensor<?x8xf32>) {
  %c0 = arith.constant 0 : index
  %y:2 = strand.linear_recurrence decay(%x) input(%x) offsets %offsets states(%h) slots %slots
      {indexing_maps = [#td, #td, #td]}
      : (tensor<?x8xf32>, tensor<?x8xf32>, tensor<?xi32>, tensor<?x8xf32>, tensor<?xi32>)
      -> (tensor<?x8xf32>, tensor<?x8xf32>)
  %n = tensor.dim %y#0, %c0 : tensor<?x8xf32>
  %e = tensor.empty(%n) : tensor<?x8xf32>
  %logits = linalg.generic {indexing_maps = [#td, #d, #td], iterator_types = ["parallel", "parallel"]}
      ins(%y#0, %w : tensor<?x8xf32>, tensor<8xf32>) outs(%e : tensor<?x8xf32>) {
  ^bb0(%in: f32, %b: f32, %out: f32):
    %v = arith.mulf %in, %b : f32
    linalg.yield %v : f32
  } -> tensor<?x8xf32>
  return %logits, %y#1 : tensor<?x8xf32>, tensor<?x8xf32>
}

// -----

// Two ways around the state, rows of the input among them: each begins with its last rows. What is the same for all rows,
// and what the state needs, is as it was.
#td = affine_map<(t, d) -> (t, d)>
// CHECK-LABEL: func.func private @last(
// CHECK-SAME:    %[[X:[a-z0-9]+]]: tensor<?x8xf32>, %[[W:[a-z0-9]+]]: tensor<8xf32>)
// CHECK:         %[[SQUARE:.*]] = arith.mulf %[[W]], %[[W]] : tensor<8xf32>
// CHECK:         %[[ALL:.*]] = math.exp %[[X]] : tensor<?x8xf32>
// CHECK:         %[[Y:.*]] = call @mixer(%[[ALL]], %[[SQUARE]])
// CHECK:         %[[LAST_Y:.*]] = linalg.generic
// CHECK:           tensor.extract %[[Y]]
// CHECK:         %[[LAST_X:.*]] = linalg.generic
// CHECK:           tensor.extract %[[X]]
// CHECK:         %[[FEW:.*]] = math.exp %[[LAST_X]] : tensor<?x8xf32>
// CHECK:         %[[SUM:.*]] = arith.addf %[[LAST_Y]], %[[FEW]]
// CHECK:         return %[[SUM]]
func.func private @mixer(tensor<?x8xf32>, tensor<8xf32>) -> tensor<?x8xf32>
func.func private @advance(%offsets: tensor<?xi32> {strand.input = "offsets"}, %x: tensor<?x8xf32>, %w: tensor<8xf32>)
    -> tensor<?x8xf32> {
  %square = arith.mulf %w, %w : tensor<8xf32>
  %all = math.exp %x : tensor<?x8xf32>
  %y = call @mixer(%all, %square) : (tensor<?x8xf32>, tensor<8xf32>) -> tensor<?x8xf32>
  %sum = arith.addf %y, %all : tensor<?x8xf32>
  return %sum : tensor<?x8xf32>
}

// -----

// Nothing behind the state, so nothing to save.
#td = affine_map<(t, d) -> (t, d)>
// CHECK-LABEL: func.func private @advance(
// CHECK-NOT:   @last
func.func private @advance(%offsets: tensor<?xi32> {strand.input = "offsets"}, %x: tensor<?x8xf32>, %h: tensor<?x8xf32>,
                           %slots: tensor<?xi32> {strand.input = "slots"}) -> (tensor<?x8xf32>, tensor<?x8xf32>) {
  %y:2 = strand.linear_recurrence decay(%x) input(%x) offsets %offsets states(%h) slots %slots
      {indexing_maps = [#td, #td, #td]}
      : (tensor<?x8xf32>, tensor<?x8xf32>, tensor<?xi32>, tensor<?x8xf32>, tensor<?xi32>)
      -> (tensor<?x8xf32>, tensor<?x8xf32>)
  return %y#0, %y#1 : tensor<?x8xf32>, tensor<?x8xf32>
}

// -----

// No @advance; and one that has its @last already.
// CHECK-LABEL: func.func @forward(
// CHECK-NOT:   func.func
func.func @forward(%x: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %y = math.exp %x : tensor<?x8xf32>
  return %y : tensor<?x8xf32>
}

// -----

// CHECK-LABEL: func.func private @advance(
// CHECK-LABEL: func.func private @last(
// CHECK-NOT:     tensor.extract
func.func private @advance(%offsets: tensor<?xi32> {strand.input = "offsets"}, %x: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %y = math.exp %x : tensor<?x8xf32>
  return %y : tensor<?x8xf32>
}
func.func private @last(%offsets: tensor<?xi32>, %x: tensor<?x8xf32>) -> tensor<?x8xf32> {
  return %x : tensor<?x8xf32>
}
