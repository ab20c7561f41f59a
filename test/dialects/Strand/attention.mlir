// RUN: strand-opt %s | strand-opt | FileCheck %s
// RUN: strand-opt %s -pass-pipeline='builtin.module(func.func(strand-expand-chunks),canonicalize,cse)' | FileCheck %s --check-prefix=TILES
// RUN: strand-opt %s -pass-pipeline='builtin.module(func.func(strand-decompose),canonicalize,cse)' | FileCheck %s --check-prefix=ROWS

// Without state the earlier rows are in the operands: nothing but y is carried, and nothing is raised behind the loops.
// CHECK-LABEL: @whole
// CHECK: strand.attention %{{.*}}, %{{.*}}, %{{.*}} offsets %{{.*}} {scale = 1.250000e-01 : f64} : (tensor<?x8x64xf32>, tensor<?x2x64xf32>, tensor<?x2x64xf32>, tensor<?xi32>) -> tensor<?x8x64xf32>
// TILES-LABEL: @whole
// TILES: %[[Y:.*]] = scf.forall (%{{.*}}, %{{.*}}) in (%{{.*}}, 2) shared_outs(%{{.*}} = %{{.*}}) -> (tensor<?x8x64xf32>)
// TILES:   scf.for %[[AT:.*]] = %c0 to %{{.*}} step %c256 iter_args(%{{.*}}) -> (tensor<?x4x64xf32>)
// TILES:     %[[ROW:.*]] = arith.addi %{{.*}}, %[[AT]] : index
// TILES:     scf.for %[[FROM:.*]] = %c0 to %{{.*}} step %c64
// TILES:       scf.for %[[P:.*]] = %[[FROM]] to
// TILES:         %[[SUM:.*]] = arith.addi %[[ROW]], %[[P]]
// TILES:         %[[KEY:.*]] = arith.subi %[[SUM]], %[[AT]]
// TILES:         tensor.extract_slice %arg1[%[[KEY]], %{{.*}}, 0] [1, 1, 64]
// TILES:   scf.for {{.*}} step %c32
// TILES:   scf.for {{.*}} step %c1
// TILES: return %[[Y]]
// ROWS-LABEL: @whole
// ROWS: %[[LO:.*]] = arith.index_cast
// ROWS: scf.for %[[T:.*]] = %[[LO]] to %{{.*}} step %c1
// ROWS:   %[[P:.*]] = arith.subi %[[T]], %[[LO]]
// ROWS:   %[[COUNT:.*]] = arith.addi %[[P]], %c1
// ROWS:   scf.for %[[J:.*]] = %c0 to %[[COUNT]] step %c1
func.func @whole(%q: tensor<?x8x64xf32>, %k: tensor<?x2x64xf32>, %v: tensor<?x2x64xf32>, %offsets: tensor<?xi32>)
    -> tensor<?x8x64xf32> {
  %y = strand.attention %q, %k, %v offsets %offsets {scale = 0.125 : f64}
      : (tensor<?x8x64xf32>, tensor<?x2x64xf32>, tensor<?x2x64xf32>, tensor<?xi32>) -> tensor<?x8x64xf32>
  return %y : tensor<?x8x64xf32>
}

// Blocks own heads of the ring and share the count, which is read as it was and raised behind them. A tile reads the ring,
// then writes its last 5 rows; a single row is written first.
// CHECK-LABEL: @ring
// CHECK: strand.attention {{.*}} states(%{{.*}}, %{{.*}}, %{{.*}}) slots %{{.*}} {lse, scale = 5.000000e-01 : f64, window = 5 : i64}
// TILES-LABEL: @ring
// TILES: %[[ALL:.*]]:4 = scf.forall (%[[S:.*]], %[[HEAD:.*]]) in (%{{.*}}, 2) shared_outs(%{{.*}}, %{{.*}}, %[[K:.*]] = %arg5, %{{.*}} = %arg6)
// TILES:   %[[COUNT:.*]] = tensor.extract %arg4[
// TILES:   %[[SEEN:.*]] = arith.index_cast %[[COUNT]]
// TILES:   tensor.extract_slice %[[K]][%{{.*}}, 0, %[[HEAD]], 0] [1, 5, 1, 8] [1, 1, 1, 1] : tensor<?x5x2x8xf32> to tensor<5x1x8xf32>
// TILES:   scf.for %[[AT:.*]] = %c0 to %{{.*}} step %c256 iter_args(%{{.*}}, %{{.*}}, %[[RING:.*]] = %{{.*}}, %{{.*}})
// TILES:     %[[BEFORE:.*]] = arith.addi %[[SEEN]], %[[AT]]
// TILES:     %[[LATE:.*]] = arith.maxui %[[BEFORE]], %c4
// TILES:     %[[FIRST:.*]] = arith.subi %[[LATE]], %c4
// TILES:     scf.for %{{.*}} = %[[FIRST]] to %{{.*}} step %c64
// TILES:       %[[PLACE:.*]] = arith.remui %{{.*}}, %c5
// TILES:       tensor.extract_slice %[[RING]][%[[PLACE]], 0, 0] [1, 1, 8]
// TILES:     scf.for %{{.*}} = %c251 to %c256 step %c1 iter_args(%[[INTO:.*]] = %[[RING]], %{{.*}})
// TILES:       %[[PLACE:.*]] = arith.remui %{{.*}}, %c5
// TILES:       tensor.insert_slice %{{.*}} into %[[INTO]][%[[PLACE]], 0, 0] [1, 1, 8]
// TILES:   scf.for {{.*}} step %c32
// TILES:   scf.for %[[AT:.*]] = {{.*}} step %c1 iter_args(%{{.*}}, %{{.*}}, %[[RING:.*]] = %{{.*}}, %{{.*}})
// TILES:     %[[NEW:.*]] = tensor.insert_slice %{{.*}} into %[[RING]][
// TILES:     tensor.extract_slice %[[NEW]][
// TILES: %[[NEXT:.*]] = scf.for %[[S:.*]] = %c0 to %{{.*}} step %c1 iter_args(%[[COUNTS:.*]] = %arg4)
// TILES:   %[[OLD:.*]] = tensor.extract %[[COUNTS]][%[[SLOT:.*]]]
// TILES:   %[[RAISED:.*]] = arith.addi %[[OLD]], %{{.*}} : i32
// TILES:   tensor.insert %[[RAISED]] into %[[COUNTS]][%[[SLOT]]]
// TILES: return %[[ALL]]#0, %[[ALL]]#1, %[[NEXT]], %[[ALL]]#2, %[[ALL]]#3
// ROWS-LABEL: @ring
// ROWS: %[[PLACE:.*]] = arith.remui %{{.*}}, %c5
// ROWS: tensor.insert_slice %{{.*}} into %{{.*}}[%{{.*}}, %[[PLACE]], 0, 0] [1, 1, 2, 8]
// ROWS: arith.minui %{{.*}}, %c5
func.func @ring(%q: tensor<?x4x8xf32>, %k: tensor<?x2x8xf32>, %v: tensor<?x2x16xf32>, %offsets: tensor<?xi32>,
                %count: tensor<?xi32>, %ks: tensor<?x5x2x8xf32>, %vs: tensor<?x5x2x16xf32>, %slots: tensor<?xi32>)
    -> (tensor<?x4x16xf32>, tensor<?x4xf32>, tensor<?xi32>, tensor<?x5x2x8xf32>, tensor<?x5x2x16xf32>) {
  %y, %others:4 = strand.attention %q, %k, %v offsets %offsets states(%count, %ks, %vs) slots %slots
        {scale = 0.5 : f64, window = 5, lse}
      : (tensor<?x4x8xf32>, tensor<?x2x8xf32>, tensor<?x2x16xf32>, tensor<?xi32>, tensor<?xi32>, tensor<?x5x2x8xf32>,
         tensor<?x5x2x16xf32>, tensor<?xi32>)
      -> (tensor<?x4x16xf32>, tensor<?x4xf32>, tensor<?xi32>, tensor<?x5x2x8xf32>, tensor<?x5x2x16xf32>)
  return %y, %others#0, %others#1, %others#2, %others#3
      : tensor<?x4x16xf32>, tensor<?x4xf32>, tensor<?xi32>, tensor<?x5x2x8xf32>, tensor<?x5x2x16xf32>
}

// A cache is written at the position itself. In a function for single rows there is one length of tile.
// CHECK-LABEL: @cache_of_single_rows
// TILES-LABEL: @cache_of_single_rows
// TILES: tensor.extract_slice %{{.*}}[%{{.*}}, 0, %{{.*}}, 0] [1, %{{.*}}, 1, 8] [1, 1, 1, 1] : tensor<?x?x2x8xf32> to tensor<?x1x8xf32>
// TILES-NOT: scf.for {{.*}} step %c256
// TILES: scf.for %[[AT:.*]] = %c0 to %{{.*}} step %c1 iter_args
// TILES: arith.addi %{{.*}}, %[[AT]]
// TILES: %[[BEFORE:.*]] = arith.addi %{{.*}}, %[[AT]]
// TILES: tensor.insert_slice %{{.*}} into %{{.*}}[%[[BEFORE]], 0, 0] [1, 1, 8]
// TILES: tensor.extract_slice %{{.*}} [64, 1, 8] [1, 1, 1] : tensor<?x1x8xf32> to tensor<64x8xf32>
// ROWS-LABEL: @cache_of_single_rows
func.func @cache_of_single_rows(%q: tensor<?x2x8xf32>, %offsets: tensor<?xi32>, %count: tensor<?xi32>,
                                %ks: tensor<?x?x2x8xf32>, %vs: tensor<?x?x2x8xf32>, %slots: tensor<?xi32>)
    -> (tensor<?x2x8xf32>, tensor<?xi32>, tensor<?x?x2x8xf32>, tensor<?x?x2x8xf32>) attributes {strand.single_row} {
  %y, %next:3 = strand.attention %q, %q, %q offsets %offsets states(%count, %ks, %vs) slots %slots {scale = 0.5 : f64}
      : (tensor<?x2x8xf32>, tensor<?x2x8xf32>, tensor<?x2x8xf32>, tensor<?xi32>, tensor<?xi32>, tensor<?x?x2x8xf32>,
         tensor<?x?x2x8xf32>, tensor<?xi32>)
      -> (tensor<?x2x8xf32>, tensor<?xi32>, tensor<?x?x2x8xf32>, tensor<?x?x2x8xf32>)
  return %y, %next#0, %next#1, %next#2
      : tensor<?x2x8xf32>, tensor<?xi32>, tensor<?x?x2x8xf32>, tensor<?x?x2x8xf32>
}
