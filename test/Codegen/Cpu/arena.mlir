// RUN: strand-opt %s -strand-arena -split-input-file | FileCheck %s

// Three buffers of 32 bytes a row; the third begins when the first is no longer in use, so two slots are enough.
// CHECK-LABEL: func.func private @three.scratch(
// CHECK-SAME:    %[[ROWS:.*]]: index, %{{.*}}: index) -> index
// CHECK:         arith.muli %[[ROWS]], %{{.*}}
// CHECK-LABEL: func.func private @three(
// CHECK-SAME:    %[[X:.*]]: memref<?x8xf32> {strand.rows}, %[[ARENA:.*]]: memref<?xi8> {strand.scratch})
// CHECK:         %[[A:.*]] = memref.view %[[ARENA]][%[[FIRST:.*]]][%
// CHECK:         %[[B:.*]] = memref.view %[[ARENA]][%[[SECOND:.*]]][%
// CHECK:         linalg.exp ins(%[[X]] {{.*}} outs(%[[A]]
// CHECK:         linalg.exp ins(%[[A]] {{.*}} outs(%[[B]]
// CHECK:         %[[C:.*]] = memref.view %[[ARENA]][%[[FIRST]]][%
// CHECK:         linalg.exp ins(%[[B]] {{.*}} outs(%[[C]]
// CHECK-NOT:     memref.alloc
// CHECK-NOT:     memref.dealloc
func.func private @three(%x: memref<?x8xf32> {strand.rows}) {
  %c0 = arith.constant 0 : index
  %n = memref.dim %x, %c0 : memref<?x8xf32>
  %a = memref.alloc(%n) : memref<?x8xf32>
  %b = memref.alloc(%n) : memref<?x8xf32>
  linalg.exp ins(%x : memref<?x8xf32>) outs(%a : memref<?x8xf32>)
  linalg.exp ins(%a : memref<?x8xf32>) outs(%b : memref<?x8xf32>)
  memref.dealloc %a : memref<?x8xf32>
  %c = memref.alloc(%n) : memref<?x8xf32>
  linalg.exp ins(%b : memref<?x8xf32>) outs(%c : memref<?x8xf32>)
  linalg.exp ins(%c : memref<?x8xf32>) outs(%x : memref<?x8xf32>)
  return
}
// A call takes a part of the caller's arena, as large as the callee says for its rows.
// CHECK-LABEL: func.func private @caller.scratch(
// CHECK:         call @three.scratch(
// CHECK-LABEL: func.func private @caller(
// CHECK:         %[[PART:.*]] = memref.view %{{.*}}: memref<?xi8> to memref<?xi8>
// CHECK:         call @three(%{{.*}}, %[[PART]])
func.func private @caller(%x: memref<?x8xf32> {strand.rows}) {
  call @three(%x) : (memref<?x8xf32>) -> ()
  return
}

// -----

// Marks are inferred: from what a call hands in, to callees of which all callers agree.
// CHECK-LABEL: func.func private @layer(
// CHECK-SAME:    memref<?x8xf32> {strand.rows}, %{{.*}}: index {strand.sequences}, %{{.*}}: memref<?xi8> {strand.scratch})
func.func private @layer(%x: memref<?x8xf32>, %sequences: index) {
  %f = arith.constant 0.0 : f32
  %a = memref.alloc(%sequences) : memref<?xf32>
  linalg.fill ins(%f : f32) outs(%a : memref<?xf32>)
  return
}
// CHECK-LABEL: func.func private @advance(
// CHECK-SAME:    memref<?xi32> {strand.input = "tokens", strand.rows}, %{{.*}}: memref<?xi32> {strand.input = "slots", strand.sequences},
func.func private @advance(%tokens: memref<?xi32> {strand.input = "tokens"}, %slots: memref<?xi32> {strand.input = "slots"}) {
  %c0 = arith.constant 0 : index
  %n = memref.dim %tokens, %c0 : memref<?xi32>
  %m = memref.dim %slots, %c0 : memref<?xi32>
  %a = memref.alloc(%n) : memref<?x8xf32>
  call @layer(%a, %m) : (memref<?x8xf32>, index) -> ()
  return
}

// -----

// A buffer made before a loop is in use in all of it, one made in the loop within an iteration: they do not share.
// CHECK-LABEL: func.func private @loop(
// CHECK:         %[[A:.*]] = memref.view %{{.*}}[%[[FIRST:.*]]][]
// CHECK:         scf.for
// CHECK-NOT:       memref.view %{{.*}}[%[[FIRST]]][]
// CHECK:           memref.view %{{.*}}[%{{.*}}][] : memref<?xi8> to memref<8xf32>
func.func private @loop(%x: memref<8xf32>, %n: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %a = memref.alloc() : memref<8xf32>
  scf.for %i = %c0 to %n step %c1 {
    linalg.exp ins(%x : memref<8xf32>) outs(%a : memref<8xf32>)
    %b = memref.alloc() : memref<8xf32>
    linalg.exp ins(%a : memref<8xf32>) outs(%b : memref<8xf32>)
    linalg.exp ins(%b : memref<8xf32>) outs(%x : memref<8xf32>)
  }
  return
}

// -----

// Sizes that follow from a count of tiles: ceil(rows / 64) * 4096 bytes is 64 rows + 4032, not 4096 rows.
// CHECK-LABEL: func.func private @tiles.scratch(
// CHECK-DAG:     %[[PER_ROW:.*]] = arith.constant 64 : index
// CHECK-DAG:     %[[MORE:.*]] = arith.constant 4032 : index
// CHECK:         %[[R:.*]] = arith.muli %{{.*}}, %[[PER_ROW]]
// CHECK:         arith.addi %[[MORE]], %[[R]]
func.func private @tiles(%rows: index {strand.rows}, %count: memref<1xi32>) {
  %c0 = arith.constant 0 : index
  %f = arith.constant 0.0 : f32
  %tiles = affine.apply affine_map<(d0) -> (d0 ceildiv 64)>(%rows)
  %a = memref.alloc(%tiles) : memref<?x32x32xf32>
  linalg.fill ins(%f : f32) outs(%a : memref<?x32x32xf32>)
  return
}

// -----

// A size that depends on data, with its bound said by minsi.
// CHECK-LABEL: func.func private @data.scratch(
// CHECK-SAME:    %[[ROWS:.*]]: index,
// CHECK:         arith.muli %[[ROWS]], %c4
func.func private @data(%rows: index {strand.rows}, %count: memref<1xi32>) {
  %c0 = arith.constant 0 : index
  %f = arith.constant 0.0 : f32
  %k = memref.load %count[%c0] : memref<1xi32>
  %n = arith.index_cast %k : i32 to index
  %m = arith.minsi %n, %rows : index
  %a = memref.alloc(%m) : memref<?xf32>
  linalg.fill ins(%f : f32) outs(%a : memref<?xf32>)
  return
}

// -----

// What a parallel loop makes for itself is left to strand-outline-tasks.
// CHECK-LABEL: func.func private @parallel(%{{.*}}: memref<8xf32>) {
// CHECK:         memref.alloc()
func.func private @parallel(%x: memref<8xf32>) {
  scf.forall (%i) in (4) {
    %a = memref.alloc() : memref<8xf32>
    linalg.exp ins(%x : memref<8xf32>) outs(%a : memref<8xf32>)
  }
  return
}

// -----

// A result that is an argument, seen through a reshape there and back, is dropped.
// CHECK-LABEL: func.func private @same(%{{.*}}: memref<?x32xf32>) {
func.func private @same(%x: memref<?x32xf32>) -> memref<?x32xf32> {
  %c0 = arith.constant 0 : index
  %n = memref.dim %x, %c0 : memref<?x32xf32>
  %e = memref.expand_shape %x [[0], [1, 2]] output_shape [%n, 4, 8] : memref<?x32xf32> into memref<?x4x8xf32>
  %c = memref.collapse_shape %e [[0], [1, 2]] : memref<?x4x8xf32> into memref<?x32xf32>
  return %c : memref<?x32xf32>
}
// CHECK-LABEL: func.func private @uses_same(
// CHECK-SAME:    %[[X:.*]]: memref<?x32xf32>)
// CHECK:         call @same(%[[X]])
// CHECK:         linalg.exp ins(%[[X]] {{.*}} outs(%[[X]]
func.func private @uses_same(%x: memref<?x32xf32>) {
  %y = call @same(%x) : (memref<?x32xf32>) -> memref<?x32xf32>
  linalg.exp ins(%y : memref<?x32xf32>) outs(%y : memref<?x32xf32>)
  return
}

// -----

// Offsets have one entry more than there are sequences; a function that is handed nothing else of them knows their number
// by it, and is given scratch for as many.
// CHECK-LABEL: func.func private @ends.scratch(
// CHECK-SAME:    %{{.*}}: index, %[[SEQUENCES:.*]]: index) -> index
// CHECK:         arith.muli %[[SEQUENCES]], %{{.*}}
// CHECK-LABEL: func.func private @ends(
// CHECK-SAME:    %[[OFFSETS:.*]]: memref<?xi32> {strand.offsets}, %{{.*}}: memref<?xi8> {strand.scratch})
// CHECK-DAG:     %[[ONE:.*]] = arith.constant 1 : index
// CHECK:         %[[ENTRIES:.*]] = memref.dim %[[OFFSETS]]
// CHECK:         %[[SOME:.*]] = arith.maxui %[[ENTRIES]], %[[ONE]]
// CHECK:         arith.subi %[[SOME]], %[[ONE]]
func.func private @ends(%offsets: memref<?xi32>) {
  %c0 = arith.constant 0 : index
  %n = memref.dim %offsets, %c0 : memref<?xi32>
  %a = memref.alloc(%n) : memref<?xi32>
  linalg.copy ins(%offsets : memref<?xi32>) outs(%a : memref<?xi32>)
  return
}
// CHECK-LABEL: func.func private @advance.scratch(
// CHECK-SAME:    %{{.*}}: index, %[[SEQUENCES:.*]]: index) -> index
// CHECK:         %[[PART:.*]] = arith.muli %[[SEQUENCES]]
// CHECK-NEXT:    %[[ALL:.*]] = arith.addi %{{.*}}, %[[PART]]
// CHECK-NEXT:    call @ends.scratch(%{{.*}}, %[[ALL]])
// CHECK-LABEL: func.func private @advance(
// CHECK-SAME:    %{{.*}}: memref<?xi32> {strand.input = "offsets", strand.offsets}
func.func private @advance(%offsets: memref<?xi32> {strand.input = "offsets"}) {
  call @ends(%offsets) : (memref<?xi32>) -> ()
  return
}

// -----

// Parts of sequences: as many for each as their rows make if all are equally long, so that all together are no more than
// rows / 256 and the sequences.
// CHECK-LABEL: func.func private @parts.scratch(
// CHECK-SAME:    %[[ROWS:.*]]: index, %[[SEQUENCES:.*]]: index) -> index
// CHECK:         arith.muli %[[ROWS]]
// CHECK:         arith.muli %[[SEQUENCES]]
func.func private @parts(%x: memref<?x8xf32> {strand.rows}, %n: index {strand.sequences}) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c256 = arith.constant 256 : index
  %c512 = arith.constant 512 : index
  %rows = memref.dim %x, %c0 : memref<?x8xf32>
  %some = arith.maxui %n, %c1 : index
  %share = arith.muli %some, %c256 : index
  %each = arith.ceildivui %rows, %share : index
  %parts = arith.maxui %each, %c1 : index
  %bytes = arith.muli %n, %c512 : index
  %all = arith.muli %parts, %bytes : index
  %y = memref.alloc(%all) : memref<?xi8>
  %zero = arith.constant 0 : i8
  linalg.fill ins(%zero : i8) outs(%y : memref<?xi8>)
  return
}

// -----

// What branches answer is as large as the larger of what they answer: a copy of it takes 32 bytes a row, as it does.
// CHECK-LABEL: func.func private @branches.scratch(
// CHECK-SAME:    %[[ROWS:.*]]: index, %{{.*}}: index) -> index
// CHECK-COUNT-2: arith.muli %[[ROWS]], %
// CHECK-LABEL: func.func private @branches(
// CHECK:         %[[Y:.*]] = scf.if
// CHECK:         %[[N:.*]] = memref.dim %[[Y]]
// CHECK:         %[[COPY:.*]] = memref.view %{{.*}}[%{{.*}}][%[[N]]]
// CHECK:         memref.copy %[[Y]], %[[COPY]]
func.func private @branches(%x: memref<?x8xf32> {strand.rows}, %which: i1) {
  %c0 = arith.constant 0 : index
  %n = memref.dim %x, %c0 : memref<?x8xf32>
  %y = scf.if %which -> (memref<?x8xf32>) {
    %a = memref.alloc(%n) : memref<?x8xf32>
    linalg.exp ins(%x : memref<?x8xf32>) outs(%a : memref<?x8xf32>)
    scf.yield %a : memref<?x8xf32>
  } else {
    scf.yield %x : memref<?x8xf32>
  }
  %m = memref.dim %y, %c0 : memref<?x8xf32>
  %copy = memref.alloc(%m) : memref<?x8xf32>
  memref.copy %y, %copy : memref<?x8xf32> to memref<?x8xf32>
  linalg.exp ins(%copy : memref<?x8xf32>) outs(%x : memref<?x8xf32>)
  return
}
