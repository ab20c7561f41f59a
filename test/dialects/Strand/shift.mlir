// RUN: strand-opt %s | strand-opt | FileCheck %s
// RUN: strand-opt %s -canonicalize | FileCheck %s --check-prefix=FOLD
// RUN: strand-opt %s -strand-expand-chunks -canonicalize -cse | FileCheck %s --check-prefix=CHUNKS

// A tile begins with the rows carried into it and goes on with its own, read in place.
// CHUNKS-LABEL: @items_of_ids
// CHUNKS:       linalg.fill ins(%c7_i32 : i32) outs(%{{.*}} : tensor<2x3x8xi32>)
// CHUNKS:       scf.for {{.*}} step %c16 iter_args(%{{.*}}, %[[LAST:.*]] =
// CHUNKS:         linalg.copy ins(%[[LAST]] : tensor<2x3x8xi32>)
// CHUNKS:         tensor.extract_slice %arg0[%{{.*}}, 0, 0] [14, 3, 8]
// CHUNKS:         linalg.copy {{.*}} outs(%{{.*}} : tensor<14x3x8xi32>)
// CHUNKS:         linalg.copy {{.*}} outs(%[[LAST]] : tensor<2x3x8xi32>)
// CHUNKS:       scf.for {{.*}} step %c1
// CHUNKS:         tensor.empty() : tensor<3x3x8xi32>
// CHECK-LABEL:  @items_of_ids
// CHECK:        strand.shift %arg0 by 2 offsets %arg1 {fill = 7.000000e+00 : f32} : (tensor<?x3x8xi32>, tensor<?xi32>) -> tensor<?x3x8xi32>
func.func @items_of_ids(%x: tensor<?x3x8xi32>, %o: tensor<?xi32>) -> tensor<?x3x8xi32> {
  %y = strand.shift %x by 2 offsets %o {fill = 7.0 : f32} : (tensor<?x3x8xi32>, tensor<?xi32>) -> tensor<?x3x8xi32>
  return %y : tensor<?x3x8xi32>
}

// CHUNKS-LABEL: @scalars_with_state
// CHUNKS:       scf.forall (%{{.*}}) in (%{{.*}}) shared_outs(%{{.*}}, %[[STATE:.*]] = %arg2)
// CHUNKS:         tensor.extract_slice %[[STATE]][%{{.*}}, 0] [1, 1] [1, 1] : tensor<?x1xf64> to tensor<1xf64>
// CHECK-LABEL:  @scalars_with_state
// CHECK:        strand.shift %arg0 by 1 offsets %arg1 states(%arg2) slots %arg3
func.func @scalars_with_state(%x: tensor<?xf64>, %o: tensor<?xi32>, %l: tensor<?x1xf64>, %s: tensor<?xi32>) -> (tensor<?xf64>, tensor<?x1xf64>) {
  %y:2 = strand.shift %x by 1 offsets %o states(%l) slots %s : (tensor<?xf64>, tensor<?xi32>, tensor<?x1xf64>, tensor<?xi32>) -> (tensor<?xf64>, tensor<?x1xf64>)
  return %y#0, %y#1 : tensor<?xf64>, tensor<?x1xf64>
}

// FOLD-LABEL:  @two_in_a_row
// FOLD-NEXT:   %[[Y:.*]] = strand.shift %arg0 by 5 offsets %arg1
// FOLD-NEXT:   return %[[Y]]
// CHECK-LABEL: @two_in_a_row
func.func @two_in_a_row(%x: tensor<?x8xf32>, %o: tensor<?xi32>) -> tensor<?x8xf32> {
  %y = strand.shift %x by 2 offsets %o : (tensor<?x8xf32>, tensor<?xi32>) -> tensor<?x8xf32>
  %z = strand.shift %y by 3 offsets %o : (tensor<?x8xf32>, tensor<?xi32>) -> tensor<?x8xf32>
  return %z : tensor<?x8xf32>
}

// FOLD-LABEL:   @other_fill_or_sequences
// FOLD-COUNT-3: strand.shift
// CHECK-LABEL:  @other_fill_or_sequences
func.func @other_fill_or_sequences(%x: tensor<?x8xf32>, %o: tensor<?xi32>, %p: tensor<?xi32>) -> tensor<?x8xf32> {
  %y = strand.shift %x by 2 offsets %o : (tensor<?x8xf32>, tensor<?xi32>) -> tensor<?x8xf32>
  %z = strand.shift %y by 3 offsets %o {fill = 1.0 : f32} : (tensor<?x8xf32>, tensor<?xi32>) -> tensor<?x8xf32>
  %u = strand.shift %z by 3 offsets %p {fill = 1.0 : f32} : (tensor<?x8xf32>, tensor<?xi32>) -> tensor<?x8xf32>
  return %u : tensor<?x8xf32>
}
