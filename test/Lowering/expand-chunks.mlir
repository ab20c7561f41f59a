// RUN: strand-opt %s -strand-expand-chunks -canonicalize -cse -split-input-file | FileCheck %s
// RUN: strand-opt %s -pass-pipeline="builtin.module(func.func(strand-expand-chunks{vector-bits=256 tile-length=8},canonicalize,cse))" \
// RUN:   -split-input-file | FileCheck %s --check-prefix=SHORT

// A task for each sequence and block of channels (2080 = 5 x 416), which walks the tiles of its sequence; its part of the
// result and its slot of the state go in and are put back at the same place. What was chosen is noted.
#td = affine_map<(t, d) -> (t, d)>
// CHECK-LABEL: func.func @recurrence(
// CHECK-SAME:    %[[A:[a-z0-9]+]]: tensor<?x2080xf32>, %[[X:[a-z0-9]+]]: tensor<?x2080xf32>, %[[OFFSETS:[a-z0-9]+]]: tensor<?xi32>,
// CHECK-SAME:    %[[H:[a-z0-9]+]]: tensor<?x2080xf32>, %[[SLOTS:[a-z0-9]+]]: tensor<?xi32>)
// CHECK-SAME:    blocks = 5 : i64, {{.*}}fallback = false, form = "chunk", op = "strand.linear_recurrence", tile = 16 : i64
// CHECK:         %[[ENTRIES:.*]] = tensor.dim %[[OFFSETS]]
// CHECK:         %[[SEQUENCES:.*]] = arith.subi %[[ENTRIES]], %{{.*}}
// CHECK:         %[[R:.*]]:2 = scf.forall (%[[S:.*]], %[[B:.*]]) in (%[[SEQUENCES]], 5) shared_outs(%[[Y:.*]] = %{{.*}}, %[[STATE:.*]] = %[[H]])
// CHECK:           %[[LO32:.*]] = tensor.extract %[[OFFSETS]][%[[S]]]
// CHECK:           %[[LO:.*]] = arith.index_cast %[[LO32]]
// CHECK:           %[[HI32:.*]] = tensor.extract %[[OFFSETS]]
// CHECK:           %[[HI:.*]] = arith.index_cast %[[HI32]]
// CHECK:           %[[ROWS:.*]] = arith.subi %[[HI]], %[[LO]]
// CHECK:           %[[SLOT32:.*]] = tensor.extract %[[SLOTS]][%[[S]]]
// CHECK:           %[[SLOT:.*]] = arith.index_cast %[[SLOT32]]
// CHECK:           %[[AT:.*]] = arith.muli %[[B]], %{{.*}}
// CHECK:           %[[YS:.*]] = tensor.extract_slice %[[Y]][%[[LO]], %[[AT]]] [%[[ROWS]], 416]
// CHECK:           %[[HS:.*]] = tensor.extract_slice %[[STATE]][%[[SLOT]], %[[AT]]] [1, 416]
// CHECK:           %[[L:.*]]:2 = scf.for %[[ROW:.*]] = %{{.*}} to %[[LAST:.*]] step %c16 iter_args(%{{.*}} = %[[YS]], %[[C:.*]] = %[[HS]])
// CHECK:             %[[AT_ROW:.*]] = arith.addi %[[LO]], %[[ROW]]
// CHECK:             tensor.extract_slice %[[A]][%[[AT_ROW]], %[[AT]]] [16, 416]
// CHECK:             linalg.generic {{.*}} outs(%{{.*}}, %[[C]] :
// CHECK:           %[[T:.*]]:2 = scf.for %{{.*}} = %[[LAST]] to %[[ROWS]] step %c1 iter_args(%{{.*}} = %[[L]]#0, %{{.*}} = %[[L]]#1)
// CHECK-NOT:       scf.for %
// CHECK:           scf.forall.in_parallel
// CHECK-NEXT:        tensor.parallel_insert_slice %[[T]]#0 into %[[Y]][%[[LO]], %[[AT]]] [%[[ROWS]], 416]
// CHECK-NEXT:        tensor.parallel_insert_slice %[[T]]#1 into %[[STATE]][%[[SLOT]], %[[AT]]] [1, 416]
// CHECK:         return %[[R]]#0, %[[R]]#1
// SHORT-LABEL: func.func @recurrence(
func.func @recurrence(%a: tensor<?x2080xf32>, %x: tensor<?x2080xf32>, %offsets: tensor<?xi32>, %h: tensor<?x2080xf32>, %slots: tensor<?xi32>)
    -> (tensor<?x2080xf32>, tensor<?x2080xf32>) {
  %y:2 = strand.linear_recurrence decay(%a) input(%x) offsets %offsets states(%h) slots %slots {indexing_maps = [#td, #td, #td]}
      : (tensor<?x2080xf32>, tensor<?x2080xf32>, tensor<?xi32>, tensor<?x2080xf32>, tensor<?xi32>)
      -> (tensor<?x2080xf32>, tensor<?x2080xf32>)
  return %y#0, %y#1 : tensor<?x2080xf32>, tensor<?x2080xf32>
}

// -----

// Tiles of 32 rows while so many are left, then single rows. Without state operands a sequence begins at the initial value.
// CHECK-LABEL: func.func @whole_sequences(
// CHECK-SAME:    blocks = 2 : i64, {{.*}}fallback = false, form = "chunk", op = "strand.linear_attention", tile = 32 : i64
// CHECK-DAG:     %[[ZERO:.*]] = arith.constant 0.000000e+00 : f32
// CHECK:         scf.forall (%{{.*}}, %[[HEAD:.*]]) in (%{{.*}}, 2) shared_outs(%[[Y:.*]] = %{{.*}})
// CHECK:           %[[LO:.*]] = arith.index_cast
// CHECK:           %[[ROWS:.*]] = arith.subi %{{.*}}, %[[LO]]
// CHECK:           %[[FIRST:.*]] = linalg.fill ins(%[[ZERO]] : f32) outs(%{{.*}} : tensor<1x4x8xf32>)
// CHECK:           %[[REST:.*]] = arith.remui %[[ROWS]], %c32
// CHECK:           %[[END:.*]] = arith.subi %[[ROWS]], %[[REST]]
// CHECK:           %[[TILES:.*]]:2 = scf.for %{{.*}} = %c0 to %[[END]] step %c32 iter_args(%{{.*}} = %{{.*}}, %{{.*}} = %[[FIRST]])
// CHECK:             tensor.extract_slice %{{.*}}[%{{.*}}, %[[HEAD]], 0] [32, 1, 8]
// CHECK:           scf.for %{{.*}} = %[[END]] to %[[ROWS]] step %c1 iter_args(%{{.*}} = %[[TILES]]#0, %{{.*}} = %[[TILES]]#1)
// CHECK:             tensor.extract_slice %{{.*}}[%{{.*}}, %[[HEAD]], 0] [1, 1, 8]
// CHECK:           scf.forall.in_parallel
// CHECK-NEXT:        tensor.parallel_insert_slice %{{.*}} into %[[Y]][%[[LO]], %[[HEAD]], 0] [%[[ROWS]], 1, 8]
// SHORT-LABEL: func.func @whole_sequences(
// SHORT-SAME:    tile = 8 : i64
// SHORT:         arith.remui %{{.*}}, %c8
// SHORT:         tensor.extract_slice %{{.*}} [8, 1, 8] [1, 1, 1]
func.func @whole_sequences(%q: tensor<?x2x4xf32>, %k: tensor<?x2x4xf32>, %v: tensor<?x2x8xf32>, %offsets: tensor<?xi32>) -> tensor<?x2x8xf32> {
  %y = strand.linear_attention %q, %k, %v offsets %offsets
      : (tensor<?x2x4xf32>, tensor<?x2x4xf32>, tensor<?x2x8xf32>, tensor<?xi32>) -> tensor<?x2x8xf32>
  return %y : tensor<?x2x8xf32>
}

// -----

// One row a sequence: no tiles.
// CHECK-LABEL: func.func @single_row(
// CHECK-SAME:    form = "step"
// CHECK-SAME:    tile = 1 : i64
// CHECK-NOT:     arith.remui
// CHECK:         scf.for %
// CHECK-NOT:     scf.for %
// CHECK:         scf.forall.in_parallel
// SHORT-LABEL: func.func @single_row(
// SHORT-SAME:    tile = 1 : i64
func.func @single_row(%q: tensor<?x2x4xf32>, %k: tensor<?x2x4xf32>, %v: tensor<?x2x8xf32>, %offsets: tensor<?xi32>) -> tensor<?x2x8xf32>
    attributes {strand.single_row} {
  %y = strand.linear_attention %q, %k, %v offsets %offsets
      : (tensor<?x2x4xf32>, tensor<?x2x4xf32>, tensor<?x2x8xf32>, tensor<?xi32>) -> tensor<?x2x8xf32>
  return %y : tensor<?x2x8xf32>
}
