// RUN: strand-opt %s -strand-expand-chunks=form=three-phase -canonicalize -cse -split-input-file | FileCheck %s
// RUN: strand-opt %s -strand-expand-chunks=form=associative -canonicalize -cse -split-input-file | FileCheck %s --check-prefix=TREE
// RUN: strand-opt %s -strand-expand-chunks=form=auto -canonicalize -cse -split-input-file | FileCheck %s --check-prefix=AUTO
// RUN: strand-opt %s -pass-pipeline='builtin.module(func.func(strand-expand-chunks{form=auto vector-bits=1024 teams=8 device},canonicalize,cse))' -split-input-file | FileCheck %s --check-prefix=DEVICE
// RUN: strand-opt %s -strand-expand-chunks=form=step -canonicalize -cse -split-input-file | FileCheck %s --check-prefix=STEP

// Spans of whole tiles, numbered through all sequences: sequence s begins with number offset[s] / length + s, and the sequence
// of a number is searched for. Then, each for all spans or sequences and the one block:
// summaries from the neutral transfer and a state of zero, none for the last span of a sequence; the states before each
// span, one after another; outputs of each span; what the last span ended with into the slot.
#td = affine_map<(t, d) -> (t, d)>
// CHECK-LABEL: func.func @recurrence(
// CHECK-SAME:    %[[A:[a-z0-9]+]]: tensor<?x64xf32>, %[[X:[a-z0-9]+]]: tensor<?x64xf32>, %[[OFFSETS:[a-z0-9]+]]: tensor<?xi32>,
// CHECK-SAME:    %[[H:[a-z0-9]+]]: tensor<?x64xf32>
// CHECK-SAME:    fallback = false, form = "three-phase"
// CHECK-DAG:     %[[ZERO:.*]] = arith.constant 0.0
// CHECK-DAG:     %[[ONE:.*]] = arith.constant 1.0
// CHECK:         %[[SHARE:.*]] = arith.ceildivui %{{.*}}, %c16 : index
// CHECK:         %[[TILES:.*]] = arith.ceildivui %[[SHARE]], %c16
// CHECK:         %[[LENGTH:.*]] = arith.muli %{{.*}}, %c16
// CHECK:         %[[LENGTH32:.*]] = arith.index_cast %[[LENGTH]] : index to i32
// CHECK:         %[[WHOLE:.*]] = arith.divui %{{.*}}, %[[LENGTH]]
// CHECK:         %[[NUMBERS:.*]] = arith.addi %[[WHOLE]], %[[SEQUENCES:.*]] : index
// CHECK:         %[[SPANS:.*]] = arith.minui %[[NUMBERS]],
// CHECK:         %[[SUMMARY:.*]]:2 = scf.forall (%[[P:.*]]) in (%[[SPANS]]) shared_outs(
// CHECK:           %[[S:.*]]:2 = scf.while (%{{.*}} = %c0, %{{.*}} = %[[SEQUENCES]])
// CHECK:             tensor.extract %[[OFFSETS]]
// CHECK:             %[[QUOTIENT:.*]] = arith.divui %{{.*}}, %[[LENGTH32]] : i32
// CHECK:             %[[PAST:.*]] = arith.index_cast %[[QUOTIENT]]
// CHECK:             %[[BEGIN:.*]] = arith.addi %[[PAST]],
// CHECK:             arith.cmpi ule, %[[BEGIN]], %[[P]]
// CHECK:           %[[LAST:.*]] = arith.cmpi ule
// CHECK:           linalg.fill ins(%[[ONE]]
// CHECK:           linalg.fill ins(%[[ZERO]]
// CHECK:           arith.select %[[LAST]], %c0
// CHECK:           linalg.generic {{.*}} iterator_types = ["reduction", "parallel"]} ins(%{{.*}}, %{{.*}} : tensor<16x64xf32>, tensor<16x64xf32>) outs(%{{.*}}, %{{.*}} : tensor<64xf32>, tensor<64xf32>)
// CHECK:         %[[STARTS:.*]] = scf.forall (%{{.*}}) in (%[[SEQUENCES]]) shared_outs
// CHECK:           linalg.copy
// CHECK:           scf.for
// CHECK:             tensor.insert_slice
// CHECK:             tensor.extract_slice %[[SUMMARY]]#0
// CHECK:             tensor.extract_slice %[[SUMMARY]]#1
// CHECK:         %[[OUT:.*]]:2 = scf.forall (%{{.*}}) in (%[[SPANS]]) shared_outs(%{{.*}} = %{{.*}}, %{{.*}} = %[[STARTS]])
// CHECK:         %[[NEXT:.*]] = scf.forall (%{{.*}}) in (%[[SEQUENCES]]) shared_outs(%{{.*}} = %[[H]])
// CHECK:           tensor.extract_slice %[[OUT]]#1
// CHECK:         return %[[OUT]]#0, %[[NEXT]]

// Summaries are joined with those 1, 2, 4, 8 before them, two rounds a turn.
// TREE-LABEL:  func.func @recurrence(
// TREE-SAME:     form = "associative"
// TREE:          scf.forall
// TREE:          scf.for %[[I:.*]] = %c0 to %c2 step %c1
// TREE:            %[[DISTANCE:.*]] = arith.shli %c1
// TREE:            scf.forall
// TREE:              arith.cmpi uge, %{{.*}}, %[[DISTANCE]]
// TREE:            %[[TWICE:.*]] = arith.addi %[[DISTANCE]], %[[DISTANCE]]
// TREE:            scf.forall
// TREE:              arith.cmpi uge, %{{.*}}, %[[TWICE]]

// The call decides: one block where sequences are tasks for all threads; else blocks of two vectors, in spans or in order
// by the longest sequence, rows, number of sequences and threads.
// AUTO-LABEL:  func.func @recurrence(
// AUTO-SAME:     form = "chunk or three-phase"
// AUTO-SAME:     why = "by the lengths and threads of a call: one sequence has 1 to 2 tasks"
// AUTO:          %[[THREADS:.*]] = strand.threads : index
// AUTO:          %[[SUFFICE:.*]] = arith.cmpi uge, %{{.*}}, %[[THREADS]]
// AUTO:          scf.if %[[SUFFICE]]
// AUTO:            scf.forall (%{{.*}}) in (%{{[0-9]+}}) shared_outs
// AUTO-NOT:        scf.forall (
// AUTO:          } else {
// AUTO:            arith.maxui
// AUTO:            %[[FASTER:.*]] = arith.cmpi ult
// AUTO:            %[[FITS:.*]] = arith.cmpi ule
// AUTO:            %[[PAYS:.*]] = arith.andi %[[FASTER]], %[[FITS]]
// AUTO:            scf.if %[[PAYS]]
// AUTO-COUNT-4:      scf.forall (
// AUTO:            } else {
// AUTO:              scf.forall (%{{.*}}, %{{.*}}) in (%{{[0-9]+}}, 2)
// AUTO-NOT:          scf.forall (

// On a device by rows and sequences alone: lengths are read by blocks, never by the host. Blocks are of 32 channels, and
// teams of threads share the rows of a span.
// DEVICE-LABEL: func.func @recurrence(
// DEVICE-SAME:    form = "chunk or three-phase"
// DEVICE-SAME:    why = "by the rows and sequences of a call: one sequence has 2 tasks"
// DEVICE-NOT:     strand.threads
// DEVICE-NOT:     tensor.extract
// DEVICE:         %[[LONGEST:.*]] = arith.ceildivui
// DEVICE:         %[[FASTER:.*]] = arith.cmpi ult
// DEVICE:         %[[FITS:.*]] = arith.cmpi ule
// DEVICE:         %[[PAYS:.*]] = arith.andi %[[FASTER]], %[[FITS]]
// DEVICE:         scf.if %[[PAYS]]
// DEVICE:           scf.forall (%{{.*}}, %{{.*}}) in (%{{.*}}, 2)
// DEVICE:             scf.for %{{.*}} step %c128
// DEVICE:               scf.forall (%{{.*}}) in (8)
// DEVICE:           } else {
// DEVICE:             scf.forall (%{{.*}}, %{{.*}}) in (%{{.*}}, 2)

// STEP-LABEL:  func.func @recurrence(
// STEP-SAME:     form = "step loop"
// STEP-NOT:      tensor<16x64xf32>
// STEP:          return
func.func @recurrence(%a: tensor<?x64xf32>, %x: tensor<?x64xf32>, %offsets: tensor<?xi32>, %h: tensor<?x64xf32>, %slots: tensor<?xi32>)
    -> (tensor<?x64xf32>, tensor<?x64xf32>) {
  %y:2 = strand.linear_recurrence decay(%a) input(%x) offsets %offsets states(%h) slots %slots {indexing_maps = [#td, #td, #td]}
      : (tensor<?x64xf32>, tensor<?x64xf32>, tensor<?xi32>, tensor<?x64xf32>, tensor<?xi32>)
      -> (tensor<?x64xf32>, tensor<?x64xf32>)
  return %y#0, %y#1 : tensor<?x64xf32>, tensor<?x64xf32>
}

// -----

// A state without decay has no transfer. Many heads are tasks enough. A single row is a step in any form.
// CHECK-LABEL: func.func @heads(
// CHECK:         scf.forall (%{{.*}}, %{{.*}}) in (%{{.*}}, 17) shared_outs(%{{.*}} = %{{.*}}) -> (tensor<?x17x4x8xf32>)
// AUTO-LABEL:  func.func @heads(
// AUTO-SAME:     form = "chunk"
// AUTO-SAME:     why = "17 blocks are tasks enough for one sequence"
// AUTO-NOT:      strand.threads
func.func @heads(%q: tensor<?x17x4xf32>, %k: tensor<?x17x4xf32>, %v: tensor<?x17x8xf32>, %offsets: tensor<?xi32>) -> tensor<?x17x8xf32> {
  %y = strand.linear_attention %q, %k, %v offsets %offsets
      : (tensor<?x17x4xf32>, tensor<?x17x4xf32>, tensor<?x17x8xf32>, tensor<?xi32>) -> tensor<?x17x8xf32>
  return %y : tensor<?x17x8xf32>
}
// CHECK-LABEL: func.func @single_row(
// CHECK-SAME:    form = "step"
// CHECK-COUNT-1: scf.forall (
// CHECK-NOT:     scf.forall (
func.func @single_row(%q: tensor<?x2x4xf32>, %k: tensor<?x2x4xf32>, %v: tensor<?x2x8xf32>, %offsets: tensor<?xi32>) -> tensor<?x2x8xf32>
    attributes {strand.single_row} {
  %y = strand.linear_attention %q, %k, %v offsets %offsets
      : (tensor<?x2x4xf32>, tensor<?x2x4xf32>, tensor<?x2x8xf32>, tensor<?xi32>) -> tensor<?x2x8xf32>
  return %y : tensor<?x2x8xf32>
}

// -----

// What cannot be split goes tile by tile, and the report calls that a fallback where it was asked for.
// CHECK-LABEL: func.func @attention(
// CHECK-SAME:    fallback = true, form = "chunk"
// CHECK-SAME:    why = "the op cannot be split over time"
// AUTO-LABEL:  func.func @attention(
// AUTO-SAME:     fallback = false, form = "chunk"
func.func @attention(%q: tensor<?x2x8xf32>, %offsets: tensor<?xi32>) -> tensor<?x2x8xf32> {
  %y = strand.attention %q, %q, %q offsets %offsets {scale = 1.0 : f64}
      : (tensor<?x2x8xf32>, tensor<?x2x8xf32>, tensor<?x2x8xf32>, tensor<?xi32>) -> tensor<?x2x8xf32>
  return %y : tensor<?x2x8xf32>
}
