// RUN: strand-opt %s | strand-opt | FileCheck %s
// RUN: strand-opt %s -strand-expand-chunks -canonicalize -cse | FileCheck %s --check-prefix=CHUNKS
// RUN: strand-opt %s -strand-decompose -canonicalize -cse | FileCheck %s --check-prefix=MEANING

// The rows of a tile but the first three are read in place; those are joined to the tail, in a buffer of six rows.
// CHUNKS-DAG:   #[[$WINDOW:.*]] = affine_map<(d0, d1, d2) -> (d0 + d2, d1)>
// CHUNKS-LABEL: @whole
// CHUNKS:       scf.forall (%[[S:.*]], %[[BLOCK:.*]]) in (%{{.*}}, 2) shared_outs
// CHUNKS:         %[[ZEROS:.*]] = linalg.fill {{.*}} -> tensor<3x512xf32>
// CHUNKS:         scf.for {{.*}} step %c16 iter_args(%{{.*}}, %[[TAIL:.*]] = %[[ZEROS]])
// CHUNKS:           %[[X:.*]] = tensor.extract_slice %arg0[{{.*}}] [16, 512]
// CHUNKS:           %[[HEAD:.*]] = tensor.insert_slice %[[TAIL]] into %{{.*}}[0, 0] [3, 512] {{.*}} into tensor<6x512xf32>
// CHUNKS:           %[[JOINED:.*]] = tensor.insert_slice %{{.*}} into %[[HEAD]][3, 0] [3, 512]
// CHUNKS:           linalg.generic {indexing_maps = [#[[$WINDOW]]{{.*}}"parallel", "parallel", "reduction"]} ins(%[[JOINED]], %{{.*}} : tensor<6x512xf32>, tensor<4x512xbf16>)
// CHUNKS:           linalg.generic {indexing_maps = [#[[$WINDOW]]{{.*}} ins(%[[X]], %{{.*}} : tensor<16x512xf32>, tensor<4x512xbf16>) outs(%{{.*}} : tensor<13x512xf32>)
// CHUNKS:           linalg.copy ins(%{{.*}} : tensor<3x512xf32>) outs(%[[TAIL]]
// CHUNKS:         scf.for {{.*}} step %c1
// CHUNKS:           tensor<4x512xf32>, tensor<4x512xbf16>) outs(%{{.*}} : tensor<1x512xf32>)
// CHECK-LABEL:  @whole
// CHECK:        strand.causal_conv %arg0, %arg1 bias %arg2 offsets %arg3 : (tensor<?x1024xf32>, tensor<4x1024xbf16>, tensor<1024xf16>, tensor<?xi32>) -> tensor<?x1024xf32>
func.func @whole(%x: tensor<?x1024xf32>, %w: tensor<4x1024xbf16>, %b: tensor<1024xf16>, %o: tensor<?xi32>) -> tensor<?x1024xf32> {
  %y = strand.causal_conv %x, %w bias %b offsets %o : (tensor<?x1024xf32>, tensor<4x1024xbf16>, tensor<1024xf16>, tensor<?xi32>) -> tensor<?x1024xf32>
  return %y : tensor<?x1024xf32>
}

// In the advance form the tail comes from the sequence's slot, and goes there.
// MEANING-LABEL: @with_state
// MEANING:       scf.for %[[S:.*]] = %c0 to %{{.*}} step %c1 iter_args(%{{.*}} = %{{.*}}, %[[STATE:.*]] = %arg3)
// MEANING:         tensor.extract_slice %[[STATE]][%[[SLOT:.*]], 0, 0] [1, 1, 8]
// MEANING:         scf.for
// MEANING:         tensor.insert_slice %{{.*}} into %[[STATE]][%[[SLOT]], 0, 0] [1, 1, 8]
// CHECK-LABEL:  @with_state
// CHECK:        strand.causal_conv %arg0, %arg1 offsets %arg2 states(%arg3) slots %arg4
func.func @with_state(%x: tensor<?x8xf64>, %w: tensor<2x8xf64>, %o: tensor<?xi32>, %t: tensor<?x1x8xf64>, %s: tensor<?xi32>)
    -> (tensor<?x8xf64>, tensor<?x1x8xf64>) {
  %y:2 = strand.causal_conv %x, %w offsets %o states(%t) slots %s
    : (tensor<?x8xf64>, tensor<2x8xf64>, tensor<?xi32>, tensor<?x1x8xf64>, tensor<?xi32>) -> (tensor<?x8xf64>, tensor<?x1x8xf64>)
  return %y#0, %y#1 : tensor<?x8xf64>, tensor<?x1x8xf64>
}

// One tap looks back at nothing: it carries nothing, and no buffer is made.
// CHUNKS-LABEL: @one_tap
// CHUNKS-NOT:   tensor.insert_slice {{.*}} into tensor<0
// CHUNKS:       linalg.generic {{.*}} ins(%{{.*}}, %arg1 : tensor<16x8xf32>, tensor<1x8xf32>)
// CHUNKS-NOT:   linalg.copy
// CHECK-LABEL:  @one_tap
func.func @one_tap(%x: tensor<?x8xf32>, %w: tensor<1x8xf32>, %o: tensor<?xi32>) -> tensor<?x8xf32> {
  %y = strand.causal_conv %x, %w offsets %o : (tensor<?x8xf32>, tensor<1x8xf32>, tensor<?xi32>) -> tensor<?x8xf32>
  return %y : tensor<?x8xf32>
}

// A row a sequence: no tiles of more.
// CHUNKS-LABEL: @single_rows
// CHUNKS:       scf.forall
// CHUNKS:       scf.for {{.*}} step %c1
// CHUNKS-NOT:   scf.for
// CHUNKS:       scf.forall.in_parallel
func.func @single_rows(%x: tensor<?x8xf32>, %w: tensor<3x8xf32>, %o: tensor<?xi32>) -> tensor<?x8xf32> attributes {strand.single_row} {
  %y = strand.causal_conv %x, %w offsets %o : (tensor<?x8xf32>, tensor<3x8xf32>, tensor<?xi32>) -> tensor<?x8xf32>
  return %y : tensor<?x8xf32>
}
