// RUN: strand-opt %s -split-input-file | strand-opt -split-input-file | FileCheck %s
// RUN: strand-opt %s -split-input-file -mlir-print-op-generic | strand-opt -split-input-file | FileCheck %s
// RUN: strand-opt %s -split-input-file -canonicalize | FileCheck %s --check-prefix=CANON
// RUN: strand-opt %s -split-input-file -strand-decompose | FileCheck %s --check-prefix=MEANING
// RUN: strand-opt %s -split-input-file -strand-expand-chunks -canonicalize | FileCheck %s --check-prefix=TILES
// RUN: strand-opt %s -split-input-file -strand-expand-chunks=form=three-phase -canonicalize | FileCheck %s --check-prefix=SPANS

// CHECK-LABEL: func.func @running_maximum(
// CHECK:         strand.associative_scan(%{{.*}}) offsets %{{.*}} {identity = array<f64: 0xFFF0000000000000>} : (tensor<?x64xf32>, tensor<?xi32>) -> tensor<?x64xf32> {
// CHECK-NEXT:    ^bb0(%[[L:.*]]: f32, %[[R:.*]]: f32):
// CHECK-NEXT:      %[[M:.*]] = arith.maximumf %[[L]], %[[R]] : f32
// CHECK-NEXT:      strand.yield %[[M]] : f32

// Rows go into the loop in order, the carried value through it.
// MEANING-LABEL: func.func @running_maximum(
// MEANING:         %[[LOW:.*]] = arith.constant 0xFF800000 : f32
// MEANING:         linalg.fill ins(%[[LOW]]
// MEANING:         scf.for
// MEANING:           linalg.generic {{.*}} iterator_types = ["reduction", "parallel"]} ins(%{{.*}} : tensor<1x64xf32>) outs(%{{.*}}, %{{.*}} : tensor<1x64xf32>, tensor<64xf32>)
// MEANING-NEXT:      ^bb0(%[[X:.*]]: f32, %{{.*}}: f32, %[[P:.*]]: f32):
// MEANING-NEXT:        %[[M:.*]] = arith.maximumf %[[P]], %[[X]]
// MEANING-NEXT:        linalg.yield %[[M]], %[[M]]

// TILES-LABEL: func.func @running_maximum(
// TILES:         scf.forall
// TILES:           linalg.generic {{.*}} ins(%{{.*}} : tensor<16x64xf32>) outs(%{{.*}}, %{{.*}} : tensor<16x64xf32>, tensor<64xf32>) attrs = {strand.streams}
func.func @running_maximum(%x: tensor<?x64xf32>, %offsets: tensor<?xi32>) -> tensor<?x64xf32> {
  %y = strand.associative_scan(%x) offsets %offsets {identity = array<f64: 0xFFF0000000000000>}
      : (tensor<?x64xf32>, tensor<?xi32>) -> tensor<?x64xf32> {
  ^bb0(%l: f32, %r: f32):
    %0 = arith.maximumf %l, %r : f32
    strand.yield %0 : f32
  }
  return %y : tensor<?x64xf32>
}

// -----

// Rows in order carry what is read and nothing else: of the sum of g no row is kept. It is the transfer of a span, which
// begins at the identities, where a sequence begins at `initial`.
#td = affine_map<(t, d) -> (t, d)>
#d = affine_map<(t, d) -> (d)>
// CHECK-LABEL: func.func @one_part_is_read(
// CHECK:         strand.associative_scan(%{{.*}}, %{{.*}}) offsets %{{.*}} {identity = array<f64: 0.000000e+00, 0xFFF0000000000000>, indexing_maps = [#{{.*}}, #{{.*}}], initial = array<f64: 2.500000e+00>, read = array<i64: 1>}
// MEANING-LABEL: func.func @one_part_is_read(
// MEANING:         %[[BEGIN:.*]] = arith.constant 2.5
// MEANING:         linalg.fill ins(%[[BEGIN]]
// MEANING:         ^bb0(%[[G:.*]]: f32, %[[X:.*]]: f32, %{{.*}}: f32, %[[H:.*]]: f32):
// MEANING-NEXT:      %[[MOVED:.*]] = arith.addf %[[H]], %[[G]]
// MEANING-NEXT:      %[[NEXT:.*]] = arith.maximumf %[[MOVED]], %[[X]]
// MEANING-NEXT:      linalg.yield %[[NEXT]], %[[NEXT]]
// SPANS-LABEL: func.func @one_part_is_read(
// SPANS-DAG:     %[[ZERO:.*]] = arith.constant 0.0
// SPANS-DAG:     %[[LOW:.*]] = arith.constant 0xFF800000
// SPANS:         linalg.fill ins(%[[ZERO]]
// SPANS:         linalg.fill ins(%[[LOW]]
// SPANS:         linalg.generic {{.*}} ins(%{{.*}}, %{{.*}} : tensor<64xf32>, tensor<16x64xf32>) outs(%{{.*}}, %{{.*}} : tensor<64xf32>, tensor<64xf32>)
// SPANS-NEXT:    ^bb0(%[[G:.*]]: f32, %[[X:.*]]: f32, %[[SUM:.*]]: f32, %[[H:.*]]: f32):
// SPANS-NEXT:      %[[NEXT:.*]] = arith.addf %[[SUM]], %[[G]]
func.func @one_part_is_read(%g: tensor<64xf32>, %x: tensor<?x64xf32>, %offsets: tensor<?xi32>) -> tensor<?x64xf32> {
  %h = strand.associative_scan(%g, %x) offsets %offsets
      {identity = array<f64: 0.0, 0xFFF0000000000000>, indexing_maps = [#d, #td], initial = array<f64: 2.5>, read = array<i64: 1>}
      : (tensor<64xf32>, tensor<?x64xf32>, tensor<?xi32>) -> tensor<?x64xf32> {
  ^bb0(%g1: f32, %x1: f32, %g2: f32, %x2: f32):
    %0 = arith.addf %g1, %g2 : f32
    %1 = arith.addf %x1, %g2 : f32
    %2 = arith.maximumf %1, %x2 : f32
    strand.yield %0, %2 : f32, f32
  }
  return %h : tensor<?x64xf32>
}

// -----

// State, of two types.
// CHECK-LABEL: func.func @with_state(
// CHECK:         %{{.*}}:4 = strand.associative_scan(%{{.*}}, %{{.*}}) offsets %{{.*}} states(%{{.*}}, %{{.*}}) slots %{{.*}} {identity
// CHECK-SAME:      -> (tensor<?xf64>, tensor<?xi32>, tensor<?xf64>, tensor<?xi32>) {
// With state all stays, read or not.
// CANON-LABEL: func.func @with_state(
// CANON:         strand.associative_scan(%{{.*}}, %{{.*}}) offsets
func.func @with_state(%x: tensor<?xf64>, %at: tensor<?xi32>, %offsets: tensor<?xi32>, %s: tensor<?xf64>, %n: tensor<?xi32>,
                      %slots: tensor<?xi32>) -> (tensor<?xf64>, tensor<?xf64>, tensor<?xi32>) {
  %y:4 = strand.associative_scan(%x, %at) offsets %offsets states(%s, %n) slots %slots {identity = array<f64: 0xFFF0000000000000, -1.0>}
      : (tensor<?xf64>, tensor<?xi32>, tensor<?xi32>, tensor<?xf64>, tensor<?xi32>, tensor<?xi32>)
      -> (tensor<?xf64>, tensor<?xi32>, tensor<?xf64>, tensor<?xi32>) {
  ^bb0(%x1: f64, %t1: i32, %x2: f64, %t2: i32):
    %0 = arith.cmpf ogt, %x2, %x1 : f64
    %1 = arith.select %0, %x2, %x1 : f64
    %2 = arith.select %0, %t2, %t1 : i32
    strand.yield %1, %2 : f64, i32
  }
  return %y#0, %y#2, %y#3 : tensor<?xf64>, tensor<?xf64>, tensor<?xi32>
}

// -----

// From the last row to the first, in tiles of one row.
// CHECK-LABEL: func.func @rest(
// CHECK:         strand.associative_scan reverse(%{{.*}}) offsets
// MEANING-LABEL: func.func @rest(
// MEANING:         %[[LAST:.*]] = arith.subi %[[END:[0-9]+]], %c1
// MEANING-NEXT:    %[[ROWS:.*]] = arith.subi %[[END]],
// MEANING:         scf.for %[[I:.*]] = %{{[a-z0-9_]+}} to %[[ROWS]] step
// MEANING-NEXT:      %[[T:.*]] = arith.subi %[[LAST]], %[[I]]
// TILES-LABEL: func.func @rest(
// TILES:         scf.forall
// TILES:           %[[ROWS:.*]] = arith.subi %[[END:.*]], %[[FIRST:.*]] : index
// TILES:           scf.for %[[I:.*]] = %{{.*}} to %[[ROWS]]
// TILES:             %[[LEFT:.*]] = arith.subi %[[ROWS]], %{{.*}} : index
// TILES:             %[[AT:.*]] = arith.subi %[[LEFT]], %[[I]] : index
// TILES:             %[[ROW:.*]] = arith.addi %[[FIRST]], %[[AT]] : index
// TILES:             tensor.extract_slice %{{.*}}[%[[ROW]], 0] [1, 4]
func.func @rest(%x: tensor<?x4xf32>, %offsets: tensor<?xi32>) -> tensor<?x4xf32> {
  %y = strand.associative_scan reverse(%x) offsets %offsets {identity = array<f64: 0.0>} : (tensor<?x4xf32>, tensor<?xi32>) -> tensor<?x4xf32> {
  ^bb0(%l: f32, %r: f32):
    %0 = arith.addf %l, %r : f32
    strand.yield %0 : f32
  }
  return %y : tensor<?x4xf32>
}

// -----

// A result that nobody reads, and the part that it alone is made of.
// CANON-LABEL: func.func @unread(
// CANON-SAME:    %[[A:.*]]: tensor<?x4xf32>, %[[B:.*]]: tensor<?x4xf32>, %[[C:.*]]: tensor<?x4xf32>
// CANON:         strand.associative_scan(%[[B]], %[[C]]) offsets %{{.*}} {identity = array<f64: 1.000000e+00, 2.000000e+00>, initial = array<f64: 7.000000e+00>, read = array<i64: 1>}
// CANON-NEXT:    ^bb0(%[[B1:.*]]: f32, %[[C1:.*]]: f32, %[[B2:.*]]: f32, %[[C2:.*]]: f32):
// CANON-DAG:       %[[BB:.*]] = arith.mulf %[[B1]], %[[B2]]
// CANON-DAG:       %[[CB:.*]] = arith.mulf %[[C1]], %[[B2]]
// CANON:           %[[CC:.*]] = arith.addf %[[CB]], %[[C2]]
// CANON:           strand.yield %[[BB]], %[[CC]]
func.func @unread(%a: tensor<?x4xf32>, %b: tensor<?x4xf32>, %c: tensor<?x4xf32>, %offsets: tensor<?xi32>) -> tensor<?x4xf32> {
  %y:3 = strand.associative_scan(%a, %b, %c) offsets %offsets {identity = array<f64: 0.0, 1.0, 2.0>, initial = array<f64: 5.0, 6.0, 7.0>}
      : (tensor<?x4xf32>, tensor<?x4xf32>, tensor<?x4xf32>, tensor<?xi32>) -> (tensor<?x4xf32>, tensor<?x4xf32>, tensor<?x4xf32>) {
  ^bb0(%a1: f32, %b1: f32, %c1: f32, %a2: f32, %b2: f32, %c2: f32):
    %0 = arith.addf %a1, %a2 : f32
    %1 = arith.mulf %b1, %b2 : f32
    %2 = arith.mulf %c1, %b2 : f32
    %3 = arith.addf %2, %c2 : f32
    strand.yield %0, %1, %3 : f32, f32, f32
  }
  return %y#2 : tensor<?x4xf32>
}

// -----

// A number of each row: an element of no dimension.
// TILES-LABEL: func.func @numbers(
// TILES:         linalg.generic {{.*}} iterator_types = ["reduction"]} ins(%{{.*}} : tensor<16xf32>) outs(%{{.*}}, %{{.*}} : tensor<16xf32>, tensor<f32>)
func.func @numbers(%x: tensor<?xf32>, %offsets: tensor<?xi32>) -> tensor<?xf32> {
  %y = strand.associative_scan(%x) offsets %offsets {identity = array<f64: 1.0>} : (tensor<?xf32>, tensor<?xi32>) -> tensor<?xf32> {
  ^bb0(%l: f32, %r: f32):
    %0 = arith.mulf %l, %r : f32
    strand.yield %0 : f32
  }
  return %y : tensor<?xf32>
}
