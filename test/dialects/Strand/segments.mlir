// RUN: strand-opt %s | strand-opt | FileCheck %s
// RUN: strand-opt %s -canonicalize | FileCheck %s --check-prefix=FOLD
// RUN: strand-opt %s -strand-decompose -canonicalize -cse | FileCheck %s --check-prefix=MEANING

// The number of rows that are kept is data; it is bounded where it is first used.
// MEANING-LABEL: @compact
// MEANING:       %[[ROWS:.*]] = tensor.dim %arg0, %c0
// MEANING:       %[[BUFFER:.*]] = tensor.empty(%[[ROWS]]) : tensor<?x64xf32>
// MEANING:       %[[ENDS:.*]] = tensor.insert %c0_i32 into %{{.*}}[%c0]
// MEANING:       %[[ALL:.*]]:3 = scf.for %{{.*}} iter_args(%{{.*}} = %[[BUFFER]], %{{.*}} = %[[ENDS]], %{{.*}} = %c0)
// MEANING:         scf.for %[[T:.*]] = {{.*}} iter_args(%[[KEPT:.*]] = %{{.*}}, %[[M:.*]] = %{{.*}})
// MEANING:           %[[FIRES:.*]] = tensor.extract %arg1[%[[T]]]
// MEANING:           scf.if %[[FIRES]]
// MEANING:             tensor.insert_slice %{{.*}} into %[[KEPT]][%[[M]], 0] [1, 64]
// MEANING:         tensor.insert %{{.*}} into
// MEANING:       %[[BOUNDED:.*]] = arith.minsi %[[ALL]]#2, %[[ROWS]]
// MEANING:       tensor.extract_slice %[[ALL]]#0[0, 0] [%[[BOUNDED]], 64]
// CHECK-LABEL:   @compact
// CHECK:         strand.compact %arg0, %arg1 offsets %arg2 : (tensor<?x64xf32>, tensor<?xi1>, tensor<?xi32>) -> (tensor<?x64xf32>, tensor<?xi32>)
func.func @compact(%x: tensor<?x64xf32>, %mask: tensor<?xi1>, %o: tensor<?xi32>) -> (tensor<?x64xf32>, tensor<?xi32>) {
  %kept, %inner = strand.compact %x, %mask offsets %o : (tensor<?x64xf32>, tensor<?xi1>, tensor<?xi32>) -> (tensor<?x64xf32>, tensor<?xi32>)
  return %kept, %inner : tensor<?x64xf32>, tensor<?xi32>
}

// CHECK-LABEL: @compact_ids
// CHECK:       strand.compact
func.func @compact_ids(%x: tensor<16xi32>, %mask: tensor<16xi1>, %o: tensor<3xi32>) -> (tensor<?xi32>, tensor<3xi32>) {
  %kept, %inner = strand.compact %x, %mask offsets %o : (tensor<16xi32>, tensor<16xi1>, tensor<3xi32>) -> (tensor<?xi32>, tensor<3xi32>)
  return %kept, %inner : tensor<?xi32>, tensor<3xi32>
}

// MEANING-LABEL: @expand
// MEANING:       scf.for %[[S:.*]] = {{.*}} iter_args(%{{.*}}, %[[STATE:.*]] = %arg4)
// MEANING:         tensor.extract_slice %[[STATE]][%[[SLOT:.*]], 0, 0] [1, 2, 3]
// MEANING:         tensor.extract %arg2[%[[S]]]
// MEANING:         scf.for %[[T:.*]] = {{.*}} iter_args(%[[Y:.*]] = %{{.*}}, %[[LAST:.*]] = %{{.*}}, %[[M:.*]] = %{{.*}})
// MEANING:           scf.if
// MEANING:             tensor.extract_slice %arg0[%[[M]], 0, 0] [1, 2, 3]
// MEANING:             linalg.copy {{.*}} outs(%[[LAST]]
// MEANING:           tensor.insert_slice %{{.*}} into %[[Y]][%[[T]], 0, 0] [1, 2, 3]
// MEANING:         tensor.insert_slice %{{.*}} into %[[STATE]][%[[SLOT]], 0, 0]
// CHECK-LABEL:   @expand
// CHECK:         strand.expand %arg0, %arg1 inner_offsets %arg2 offsets %arg3 states(%arg4) slots %arg5
func.func @expand(%inner: tensor<?x2x3xf64>, %mask: tensor<?xi1>, %i: tensor<?xi32>, %o: tensor<?xi32>, %last: tensor<?x2x3xf64>, %s: tensor<?xi32>)
    -> (tensor<?x2x3xf64>, tensor<?x2x3xf64>) {
  %y:2 = strand.expand %inner, %mask inner_offsets %i offsets %o states(%last) slots %s
    : (tensor<?x2x3xf64>, tensor<?xi1>, tensor<?xi32>, tensor<?xi32>, tensor<?x2x3xf64>, tensor<?xi32>) -> (tensor<?x2x3xf64>, tensor<?x2x3xf64>)
  return %y#0, %y#1 : tensor<?x2x3xf64>, tensor<?x2x3xf64>
}

// A mask that is true everywhere keeps every row, and every row is then its own inner row.
// FOLD-LABEL:  @every_row
// FOLD-NEXT:   return %arg0, %arg1
// CHECK-LABEL: @every_row
func.func @every_row(%x: tensor<?x64xf32>, %o: tensor<?xi32>, %rows: index) -> (tensor<?x64xf32>, tensor<?xi32>) {
  %true = arith.constant true
  %e = tensor.empty(%rows) : tensor<?xi1>
  %mask = linalg.fill ins(%true : i1) outs(%e : tensor<?xi1>) -> tensor<?xi1>
  %kept, %inner = strand.compact %x, %mask offsets %o : (tensor<?x64xf32>, tensor<?xi1>, tensor<?xi32>) -> (tensor<?x64xf32>, tensor<?xi32>)
  %again = tensor.splat %true[%rows] : tensor<?xi1>
  %y = strand.expand %kept, %again inner_offsets %inner offsets %o : (tensor<?x64xf32>, tensor<?xi1>, tensor<?xi32>, tensor<?xi32>) -> tensor<?x64xf32>
  return %y, %inner : tensor<?x64xf32>, tensor<?xi32>
}

// No fold for a mask that is false everywhere, nor where the state would be left behind.
// FOLD-LABEL:  @not_every_row
// FOLD:        strand.compact
// FOLD:        strand.expand
// CHECK-LABEL: @not_every_row
func.func @not_every_row(%x: tensor<?x64xf32>, %o: tensor<?xi32>, %rows: index, %last: tensor<?x64xf32>, %s: tensor<?xi32>)
    -> (tensor<?x64xf32>, tensor<?x64xf32>) {
  %true = arith.constant true
  %false = arith.constant false
  %none = tensor.splat %false[%rows] : tensor<?xi1>
  %all = tensor.splat %true[%rows] : tensor<?xi1>
  %kept, %inner = strand.compact %x, %none offsets %o : (tensor<?x64xf32>, tensor<?xi1>, tensor<?xi32>) -> (tensor<?x64xf32>, tensor<?xi32>)
  %y:2 = strand.expand %kept, %all inner_offsets %inner offsets %o states(%last) slots %s
    : (tensor<?x64xf32>, tensor<?xi1>, tensor<?xi32>, tensor<?xi32>, tensor<?x64xf32>, tensor<?xi32>) -> (tensor<?x64xf32>, tensor<?x64xf32>)
  return %y#0, %y#1 : tensor<?x64xf32>, tensor<?x64xf32>
}
