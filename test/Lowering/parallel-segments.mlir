// RUN: strand-opt %s -strand-parallel-segments -canonicalize | FileCheck %s

// Counts of the mask: of pieces of 512 rows side by side, summed up over the pieces, then of each row. The inner offsets are
// counts; kept rows are as many as there are rows, each found by halving, zero behind the last.
// CHECK-LABEL: func.func @compact(
// CHECK-SAME:    %[[X:.*]]: tensor<?x8xf32>, %[[MASK:.*]]: tensor<?xi1>, %[[OFFSETS:.*]]: tensor<?xi32>)
// CHECK:         %[[ROWS:.*]] = tensor.dim %[[MASK]]
// CHECK:         %[[PIECES:.*]] = arith.ceildivui %[[ROWS]], %c512
// CHECK:         %[[SUMS:.*]] = linalg.generic {{.*}} outs(%{{.*}} : tensor<?xi32>)
// CHECK:           scf.for
// CHECK:             tensor.extract %[[MASK]]
// CHECK:         %[[BEFORE:.*]] = scf.for %{{.*}} = %c1 to %[[PIECES]] step %c1 iter_args(%{{.*}} = %[[SUMS]])
// CHECK:         %[[COUNTS:.*]] = linalg.generic
// CHECK:           tensor.extract %[[BEFORE]]
// CHECK:         %[[INNER:.*]] = linalg.generic
// CHECK:           tensor.extract %[[OFFSETS]]
// CHECK:           tensor.extract %[[COUNTS]]
// CHECK:         %[[SOURCES:.*]] = linalg.generic
// CHECK:           scf.while
// CHECK:             tensor.extract %[[COUNTS]]
// CHECK:         %[[EMPTY:.*]] = tensor.empty(%[[ROWS]]) : tensor<?x8xf32>
// CHECK:         %[[KEPT:.*]] = linalg.generic {{.*}} outs(%[[EMPTY]] :
// CHECK:           tensor.extract %[[SOURCES]]
// CHECK:           tensor.extract %[[X]]
// CHECK:         return %[[KEPT]], %[[INNER]]
func.func @compact(%x: tensor<?x8xf32>, %m: tensor<?xi1>, %offsets: tensor<?xi32>) -> (tensor<?x8xf32>, tensor<?xi32>) {
  %kept, %inner = strand.compact %x, %m offsets %offsets : (tensor<?x8xf32>, tensor<?xi1>, tensor<?xi32>) -> (tensor<?x8xf32>, tensor<?xi32>)
  return %kept, %inner : tensor<?x8xf32>, tensor<?xi32>
}

// Each row takes the inner row that its count says, or the state of its sequence; then each sequence keeps the last.
// CHECK-LABEL: func.func @expand(
// CHECK-SAME:    %[[INNER:.*]]: tensor<?x8xf32>, %{{.*}}: tensor<?xi1>, %[[BEGINS:.*]]: tensor<?xi32>, %{{.*}}: tensor<?xi32>, %[[STATE:.*]]: tensor<?x8xf32>, %[[SLOTS:.*]]: tensor<?xi32>)
// CHECK:         %[[SOURCES:.*]] = linalg.generic
// CHECK:           scf.while
// CHECK:           tensor.extract %[[BEGINS]]
// CHECK:         %[[Y:.*]] = linalg.generic
// CHECK:           tensor.extract %[[INNER]]
// CHECK:           tensor.extract %[[SLOTS]]
// CHECK:           tensor.extract %[[STATE]]
// CHECK:         %[[NEXT:.*]] = scf.forall {{.*}} shared_outs(%{{.*}} = %[[STATE]])
// CHECK:           tensor.extract_slice %[[INNER]]
// CHECK:         return %[[Y]], %[[NEXT]]
func.func @expand(%x: tensor<?x8xf32>, %m: tensor<?xi1>, %inner: tensor<?xi32>, %offsets: tensor<?xi32>, %s: tensor<?x8xf32>,
                  %slots: tensor<?xi32>) -> (tensor<?x8xf32>, tensor<?x8xf32>) {
  %y:2 = strand.expand %x, %m inner_offsets %inner offsets %offsets states(%s) slots %slots
      : (tensor<?x8xf32>, tensor<?xi1>, tensor<?xi32>, tensor<?xi32>, tensor<?x8xf32>, tensor<?xi32>) -> (tensor<?x8xf32>, tensor<?x8xf32>)
  return %y#0, %y#1 : tensor<?x8xf32>, tensor<?x8xf32>
}
