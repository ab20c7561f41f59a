// RUN: strand-opt %s -strand-decompose -canonicalize -cse -split-input-file | FileCheck %s

// Loops over sequences and their rows around the step of one row. The state begins at its initial value; for an op that
// has a faster form this is noted as a fallback.
#td = affine_map<(t, d) -> (t, d)>
// CHECK-LABEL: func.func @whole_sequences(
// CHECK-SAME:    %[[A:[a-z0-9]+]]: tensor<?x8xf32>, %[[X:[a-z0-9]+]]: tensor<?x8xf32>, %[[OFFSETS:[a-z0-9]+]]: tensor<?xi32>)
// CHECK-SAME:    fallback = true, form = "rows", name = "mixer", op = "strand.linear_recurrence"
// CHECK-DAG:     %[[ZERO:.*]] = arith.constant 0.000000e+00 : f32
// CHECK:         scf.for %[[S:.*]] = %c0 to %{{.*}} step %c1 iter_args(%{{.*}} = %{{.*}}) -> (tensor<?x8xf32>)
// CHECK:           %[[LO32:.*]] = tensor.extract %[[OFFSETS]][%[[S]]]
// CHECK:           %[[LO:.*]] = arith.index_cast %[[LO32]]
// CHECK:           %[[HI32:.*]] = tensor.extract %[[OFFSETS]]
// CHECK:           %[[HI:.*]] = arith.index_cast %[[HI32]]
// CHECK:           %[[H:.*]] = linalg.fill ins(%[[ZERO]] : f32)
// CHECK:           scf.for %[[T:.*]] = %[[LO]] to %[[HI]] step %c1 iter_args(%[[Y:.*]] = %{{.*}}, %{{.*}} = %[[H]])
// CHECK:             tensor.extract_slice %[[Y]][%[[T]], 0] [1, 8]
// CHECK:             tensor.extract_slice %[[A]][%[[T]], 0] [1, 8]
// CHECK:             tensor.extract_slice %[[X]][%[[T]], 0] [1, 8]
// CHECK:             linalg.generic
// CHECK:               math.exp
// CHECK:             tensor.insert_slice %{{.*}} into %[[Y]][%[[T]], 0] [1, 8]
// CHECK-NOT:     strand.linear_recurrence
func.func @whole_sequences(%a: tensor<?x8xf32>, %x: tensor<?x8xf32>, %offsets: tensor<?xi32>) -> tensor<?x8xf32> {
  %y = strand.linear_recurrence decay(%a) input(%x) offsets %offsets {log, strand.name = "mixer", indexing_maps = [#td, #td, #td]}
      : (tensor<?x8xf32>, tensor<?x8xf32>, tensor<?xi32>) -> tensor<?x8xf32>
  return %y : tensor<?x8xf32>
}

// -----

// With state it begins at the sequence's slot and goes back there.
#td = affine_map<(t, d) -> (t, d)>
// CHECK-LABEL: func.func @with_state(
// CHECK-SAME:    %[[H:[a-z0-9]+]]: tensor<?x8xf32>, %[[SLOTS:[a-z0-9]+]]: tensor<?xi32>)
// CHECK:         %[[R:.*]]:2 = scf.for %[[S:.*]] = %c0 to %{{.*}} iter_args(%{{.*}} = %{{.*}}, %[[STATE:.*]] = %[[H]])
// CHECK:           %[[SLOT32:.*]] = tensor.extract %[[SLOTS]][%[[S]]]
// CHECK:           %[[SLOT:.*]] = arith.index_cast %[[SLOT32]]
// CHECK:           %[[BEFORE:.*]] = tensor.extract_slice %[[STATE]][%[[SLOT]], 0] [1, 8]
// CHECK:           %[[AFTER:.*]]:2 = scf.for {{.*}} iter_args(%{{.*}} = %{{.*}}, %{{.*}} = %[[BEFORE]])
// CHECK:           tensor.insert_slice %[[AFTER]]#1 into %[[STATE]][%[[SLOT]], 0] [1, 8]
// CHECK:         return %[[R]]#0, %[[R]]#1
func.func @with_state(%a: tensor<?x8xf32>, %x: tensor<?x8xf32>, %offsets: tensor<?xi32>, %h: tensor<?x8xf32>, %slots: tensor<?xi32>)
    -> (tensor<?x8xf32>, tensor<?x8xf32>) {
  %y:2 = strand.linear_recurrence decay(%a) input(%x) offsets %offsets states(%h) slots %slots {indexing_maps = [#td, #td, #td]}
      : (tensor<?x8xf32>, tensor<?x8xf32>, tensor<?xi32>, tensor<?x8xf32>, tensor<?xi32>) -> (tensor<?x8xf32>, tensor<?x8xf32>)
  return %y#0, %y#1 : tensor<?x8xf32>, tensor<?x8xf32>
}

// -----

// Upstream's aggregated ops are not ours.
// CHECK-LABEL: func.func @not_ours(
// CHECK:         linalg.softmax
func.func @not_ours(%x: tensor<4x8xf32>, %y: tensor<4x8xf32>) -> tensor<4x8xf32> {
  %s = linalg.softmax dimension(1) ins(%x : tensor<4x8xf32>) outs(%y : tensor<4x8xf32>) -> tensor<4x8xf32>
  return %s : tensor<4x8xf32>
}
