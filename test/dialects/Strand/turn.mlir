// RUN: strand-opt %s | strand-opt | FileCheck %s
// RUN: strand-opt %s -canonicalize | FileCheck %s --check-prefix=FOLD
// RUN: strand-opt %s -pass-pipeline='builtin.module(func.func(strand-decompose),canonicalize,cse)' | FileCheck %s --check-prefix=ROWS

// CHECK-LABEL: @turn
// CHECK: strand.turn %{{.*}} offsets %{{.*}} : tensor<?x4xf32>, tensor<?xi32>
// ROWS-LABEL: @turn
// ROWS: %[[SOURCES:.*]] = linalg.generic
// ROWS:   scf.while
// ROWS: scf.forall (%[[T:.*]]) in (%{{.*}})
// ROWS:   tensor.extract %[[SOURCES]][%[[T]]]
// ROWS:   tensor.extract_slice %arg0[%{{.*}}, 0] [1, 4]
// ROWS:   tensor.parallel_insert_slice %{{.*}} into %{{.*}}[%[[T]], 0] [1, 4]
func.func @turn(%x: tensor<?x4xf32>, %offsets: tensor<?xi32>) -> tensor<?x4xf32> {
  %y = strand.turn %x offsets %offsets : tensor<?x4xf32>, tensor<?xi32>
  return %y : tensor<?x4xf32>
}

// FOLD-LABEL: @twice
// FOLD-NEXT: return %arg0
func.func @twice(%x: tensor<?xi1>, %offsets: tensor<?xi32>) -> tensor<?xi1> {
  %y = strand.turn %x offsets %offsets : tensor<?xi1>, tensor<?xi32>
  %z = strand.turn %y offsets %offsets : tensor<?xi1>, tensor<?xi32>
  return %z : tensor<?xi1>
}

// FOLD-LABEL: @by_other_offsets
// FOLD-COUNT-2: strand.turn
func.func @by_other_offsets(%x: tensor<?xi32>, %offsets: tensor<?xi32>, %others: tensor<?xi32>) -> tensor<?xi32> {
  %y = strand.turn %x offsets %offsets : tensor<?xi32>, tensor<?xi32>
  %z = strand.turn %y offsets %others : tensor<?xi32>, tensor<?xi32>
  return %z : tensor<?xi32>
}
