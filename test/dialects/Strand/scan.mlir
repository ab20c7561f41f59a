// RUN: strand-opt %s -split-input-file | strand-opt -split-input-file | FileCheck %s
// RUN: strand-opt %s -split-input-file -mlir-print-op-generic | strand-opt -split-input-file | FileCheck %s
// RUN: strand-opt %s -split-input-file -canonicalize | FileCheck %s --check-prefix=CANON
// RUN: strand-opt %s -split-input-file -strand-decompose | FileCheck %s --check-prefix=MEANING
// RUN: strand-opt %s -split-input-file -strand-expand-chunks | FileCheck %s --check-prefix=TILES

// CHECK-LABEL: func.func @dense_network(
// CHECK:         strand.scan rows(%[[X:.*]] = %{{.*}} : tensor<?x4xf32>) with(%[[U:.*]] = %{{.*}} : tensor<4x4xf32>) carry(%[[H:.*]] : tensor<4xf32>) offsets %{{.*}} : tensor<?xi32> -> tensor<?x4xf32> {
// CHECK-NEXT:      linalg.vecmat ins(%[[H]], %[[U]] :
// CHECK-NEXT:      math.tanh
// CHECK-NEXT:      strand.yield %[[Y:.*]] : tensor<4xf32> next %[[Y]] : tensor<4xf32>

// The next value goes into the carry; one loop writes it and the output.
// MEANING-LABEL: func.func @dense_network(
// MEANING:         scf.for {{.*}} = %{{.*}} to
// MEANING:           scf.for %[[T:.*]] = %{{.*}} iter_args(%[[OUT:.*]] = %{{.*}}, %[[H:.*]] = %{{.*}}) -> (tensor<?x4xf32>, tensor<4xf32>)
// MEANING-DAG:         %[[PLACE:.*]] = tensor.extract_slice %[[OUT]][%[[T]], 0] [1, 4] [1, 1]
// MEANING-DAG:         %[[X:.*]] = tensor.extract_slice %{{.*}}[%[[T]], 0] [1, 4] [1, 1]
// MEANING:             %[[SUM:.*]] = linalg.vecmat ins(%[[H]], %{{.*}}) outs(%[[X]] :
// MEANING:             %[[BOTH:.*]]:2 = linalg.generic {{.*}} ins(%[[SUM]] : tensor<4xf32>) outs(%[[PLACE]], %{{.*}} :
// MEANING:               math.tanh
// MEANING:             %[[NEXT:.*]] = bufferization.materialize_in_destination %[[BOTH]]#1 in %[[H]]
// MEANING:             %[[ROW:.*]] = tensor.insert_slice %[[BOTH]]#0 into %[[OUT]][%[[T]], 0]
// MEANING:             scf.yield %[[ROW]], %[[NEXT]]

// TILES-LABEL: func.func @dense_network(
// TILES-SAME:    attributes {strand.notes = [{{{.*}}fallback = true, form = "step loop", op = "strand.scan", tile = 1
// TILES:         scf.forall (%{{.*}}, %{{.*}}) in (%{{.*}}, 1) shared_outs
// TILES:           scf.for
// TILES:             linalg.vecmat
func.func @dense_network(%input: tensor<?x4xf32>, %weight: tensor<4x4xf32>, %offsets: tensor<?xi32>) -> tensor<?x4xf32> {
  %y = strand.scan rows(%x = %input : tensor<?x4xf32>) with(%u = %weight : tensor<4x4xf32>) carry(%h : tensor<4xf32>)
       offsets %offsets : tensor<?xi32> -> tensor<?x4xf32> {
    %0 = linalg.vecmat ins(%h, %u : tensor<4xf32>, tensor<4x4xf32>) outs(%x : tensor<4xf32>) -> tensor<4xf32>
    %1 = math.tanh %0 : tensor<4xf32>
    strand.yield %1 : tensor<4xf32> next %1 : tensor<4xf32>
  }
  return %y : tensor<?x4xf32>
}

// -----

// Initial values: 0, numbers, a tensor; rows of numbers of several types; two results.
// CHECK-LABEL: func.func @initial_values(
// CHECK:         carry(%{{.*}} : tensor<4xf32>, %{{.*}} : tensor<f32> = 0xFF800000, %{{.*}} : tensor<4xf32> = %{{.*}}, %{{.*}} : tensor<i32> = 7) offsets %{{.*}} : tensor<3xi32> -> (tensor<?xf32>, tensor<?x4xf32>) {
// The tensor is taken in the first row, which a number of its own tells from the others.
// MEANING-LABEL: func.func @initial_values(
// MEANING-SAME:    %{{.*}}: tensor<?x4xf32>, %{{.*}}: tensor<?xi1>, %[[W:.*]]: tensor<4xf32>
// MEANING:         linalg.generic {{.*}} ins(%[[BEGUN:.*]], %[[W]] : tensor<i32>, tensor<4xf32>)
// MEANING:           arith.cmpi eq
// MEANING:           arith.select
// MEANING:         linalg.fill {{.*}} outs(%[[BEGUN]] : tensor<i32>)
func.func @initial_values(%input: tensor<?x4xf32>, %on: tensor<?xi1>, %w: tensor<4xf32>, %offsets: tensor<3xi32>)
    -> (tensor<?xf32>, tensor<?x4xf32>) {
  %y:2 = strand.scan rows(%x = %input : tensor<?x4xf32>, %b = %on : tensor<?xi1>)
         carry(%zero : tensor<4xf32> = 0.0, %low : tensor<f32> = 0xFF800000, %h : tensor<4xf32> = %w, %n : tensor<i32> = 7)
         offsets %offsets : tensor<3xi32> -> (tensor<?xf32>, tensor<?x4xf32>) {
    %0 = arith.addf %zero, %x : tensor<4xf32>
    %1 = arith.mulf %0, %h : tensor<4xf32>
    %2 = arith.sitofp %n : tensor<i32> to tensor<f32>
    %3 = arith.maximumf %low, %2 : tensor<f32>
    %4 = arith.select %b, %3, %low : tensor<i1>, tensor<f32>
    %one = arith.constant dense<1> : tensor<i32>
    %5 = arith.addi %n, %one : tensor<i32>
    strand.yield %4, %1 : tensor<f32>, tensor<4xf32> next %0, %4, %1, %5 : tensor<4xf32>, tensor<f32>, tensor<4xf32>, tensor<i32>
  }
  return %y#0, %y#1 : tensor<?xf32>, tensor<?x4xf32>
}

// -----

// With states they go in and come out in the slots; `begun` is one of them where a value begins at a tensor.
// CHECK-LABEL: func.func @states(
// CHECK:         strand.scan rows({{.*}}) carry(%{{.*}} : tensor<4xf32> = %{{.*}}) offsets %{{.*}} : tensor<?xi32> states(%{{.*}} : tensor<?x4xf32>, %{{.*}} : tensor<?xi32>) slots %{{.*}} : tensor<?xi32> -> (tensor<?x4xf32>, tensor<?x4xf32>, tensor<?xi32>) {
// TILES-LABEL: func.func @states(
// TILES-SAME:    %[[S:[a-z0-9]*]]: tensor<?x4xf32>, %[[BEGUN:[a-z0-9]*]]: tensor<?xi32>, %{{.*}}: tensor<?xi32>, %{{.*}}: tensor<?xi32>)
// TILES:         scf.forall (%[[B:.*]], %{{.*}}) in (%{{.*}}, 1) shared_outs(%{{.*}} = %{{.*}}, %[[S0:.*]] = %[[S]], %[[N0:.*]] = %[[BEGUN]])
// TILES:           tensor.extract_slice %[[S0]][%{{.*}}, 0] [1, 4] [1, 1]
// TILES:           tensor.extract_slice %[[N0]][%{{.*}}] [1] [1]
func.func @states(%input: tensor<?x4xf32>, %w: tensor<4xf32>, %s: tensor<?x4xf32>, %begun: tensor<?xi32>,
                  %offsets: tensor<?xi32>, %slots: tensor<?xi32>) -> (tensor<?x4xf32>, tensor<?x4xf32>, tensor<?xi32>) {
  %y:3 = strand.scan rows(%x = %input : tensor<?x4xf32>) carry(%h : tensor<4xf32> = %w) offsets %offsets : tensor<?xi32>
         states(%s : tensor<?x4xf32>, %begun : tensor<?xi32>) slots %slots : tensor<?xi32>
         -> (tensor<?x4xf32>, tensor<?x4xf32>, tensor<?xi32>) {
    %0 = arith.mulf %h, %x : tensor<4xf32>
    strand.yield %h : tensor<4xf32> next %0 : tensor<4xf32>
  }
  return %y#0, %y#1, %y#2 : tensor<?x4xf32>, tensor<?x4xf32>, tensor<?xi32>
}

// -----

// Backwards: rows from the last to the first, no tiles.
// CHECK-LABEL: func.func @backwards(
// CHECK:         strand.scan reverse rows(
// MEANING-LABEL: func.func @backwards(
// MEANING:         scf.for %[[B:[a-z0-9]*]] = %{{.*}} to %{{.*}} step %[[ONE:[a-z0-9]*]]
// MEANING:           tensor.extract %{{.*}}[%[[B]]]
// MEANING:           tensor.extract
// MEANING-NEXT:      %[[END:.*]] = arith.index_cast
// MEANING-NEXT:      %[[LAST:.*]] = arith.subi %[[END]], %[[ONE]] : index
// MEANING:           scf.for %[[I:[a-z0-9]*]] = %{{.*}} to %{{.*}} step
// MEANING:           %[[T:.*]] = arith.subi %[[LAST]], %[[I]] : index
// MEANING:           tensor.extract_slice %{{.*}}[%[[T]], 0] [1, 4] [1, 1]
// TILES-LABEL: func.func @backwards(
// TILES:         scf.forall
// TILES:           %[[ROWS:.*]] = arith.subi %[[END:.*]], %[[FIRST:.*]] : index
// TILES:           scf.for %[[I:.*]] = %{{.*}} to %[[ROWS]]
// TILES:             %[[LEFT:.*]] = arith.subi %[[ROWS]], %{{.*}} : index
// TILES:             %[[AT:.*]] = arith.subi %[[LEFT]], %[[I]] : index
// TILES:             %[[ROW:.*]] = arith.addi %[[FIRST]], %[[AT]] : index
// TILES:             tensor.extract_slice %{{.*}}[%[[ROW]], 0] [1, 4]
func.func @backwards(%input: tensor<?x4xf32>, %offsets: tensor<?xi32>) -> tensor<?x4xf32> {
  %y = strand.scan reverse rows(%x = %input : tensor<?x4xf32>) carry(%h : tensor<4xf32>) offsets %offsets : tensor<?xi32> -> tensor<?x4xf32> {
    %0 = arith.addf %h, %x : tensor<4xf32>
    strand.yield %0 : tensor<4xf32> next %0 : tensor<4xf32>
  }
  return %y : tensor<?x4xf32>
}

// -----

// What nobody reads goes: an output, the carried value that only it needed, an input, an invariant.
// CANON-LABEL: func.func @unused(
// CANON-SAME:    %[[X:[a-z0-9]*]]: tensor<?x4xf32>, %[[Z:[a-z0-9]*]]: tensor<?x4xf32>, %[[W:[a-z0-9]*]]: tensor<4xf32>
// CANON:         %[[Y:.*]] = strand.scan rows(%[[x:.*]] = %[[X]] : tensor<?x4xf32>) carry(%[[h:.*]] : tensor<4xf32> = 2.000000e+00) offsets %{{.*}} : tensor<?xi32> -> tensor<?x4xf32> {
// CANON-NEXT:      %[[N:.*]] = arith.mulf %[[h]], %[[x]]
// CANON-NEXT:      strand.yield %[[N]] : tensor<4xf32> next %[[N]] : tensor<4xf32>
// CANON:         return %[[Y]]
func.func @unused(%input: tensor<?x4xf32>, %other: tensor<?x4xf32>, %w: tensor<4xf32>, %offsets: tensor<?xi32>) -> tensor<?x4xf32> {
  %y:2 = strand.scan rows(%z = %other : tensor<?x4xf32>, %x = %input : tensor<?x4xf32>) with(%v = %w : tensor<4xf32>)
         carry(%g : tensor<4xf32>, %h : tensor<4xf32> = 2.0) offsets %offsets : tensor<?xi32> -> (tensor<?x4xf32>, tensor<?x4xf32>) {
    %0 = arith.mulf %h, %x : tensor<4xf32>
    %1 = arith.addf %g, %z : tensor<4xf32>
    %2 = arith.mulf %1, %v : tensor<4xf32>
    strand.yield %2, %0 : tensor<4xf32>, tensor<4xf32> next %1, %0 : tensor<4xf32>, tensor<4xf32>
  }
  return %y#1 : tensor<?x4xf32>
}

// -----

// An input stays for its rows. With states every carried value stays.
// CANON-LABEL: func.func @what_stays(
// CANON:         strand.scan rows(%{{.*}} = %{{.*}} : tensor<?x4xf32>) carry(%{{.*}} : tensor<f32>, %{{.*}} : tensor<f32>) offsets
// CANON-SAME:      -> (tensor<?xf32>, tensor<?xf32>, tensor<?xf32>) {
func.func @what_stays(%input: tensor<?x4xf32>, %other: tensor<?x3xf32>, %s0: tensor<?xf32>, %s1: tensor<?xf32>,
                      %offsets: tensor<?xi32>, %slots: tensor<?xi32>) -> (tensor<?xf32>, tensor<?xf32>) {
  %y:3 = strand.scan rows(%x = %input : tensor<?x4xf32>, %z = %other : tensor<?x3xf32>) carry(%n : tensor<f32>, %m : tensor<f32>)
         offsets %offsets : tensor<?xi32> states(%s0 : tensor<?xf32>, %s1 : tensor<?xf32>) slots %slots : tensor<?xi32>
         -> (tensor<?xf32>, tensor<?xf32>, tensor<?xf32>) {
    %one = arith.constant dense<1.0> : tensor<f32>
    %0 = arith.addf %n, %one : tensor<f32>
    strand.yield %0 : tensor<f32> next %0, %m : tensor<f32>, tensor<f32>
  }
  return %y#0, %y#1 : tensor<?xf32>, tensor<?xf32>
}

// -----

// One input read once, constants inside, and a carried value that never changes is a constant.
// CANON-LABEL: func.func @simpler(
// CANON:         %[[HALF:.*]] = arith.constant dense<5.000000e-01>
// CANON:         strand.scan rows(%[[X:.*]] = %{{.*}} : tensor<?x4xf32>) carry(%[[H:.*]] : tensor<4xf32>) offsets
// CANON-DAG:       %[[THREE:.*]] = arith.constant dense<3.000000e+00>
// CANON-DAG:       %[[TWO:.*]] = arith.constant dense<2.000000e+00>
// CANON:           arith.mulf %[[X]], %[[X]]
// CANON:           arith.addf %{{.*}}, %[[H]]
func.func @simpler(%input: tensor<?x4xf32>, %offsets: tensor<?xi32>) -> (tensor<?x4xf32>, tensor<4xf32>) {
  %half = arith.constant dense<0.5> : tensor<4xf32>
  %three = arith.constant dense<3.0> : tensor<4xf32>
  %y = strand.scan rows(%x = %input : tensor<?x4xf32>, %z = %input : tensor<?x4xf32>) with(%w = %three : tensor<4xf32>)
       carry(%h : tensor<4xf32>, %c : tensor<4xf32> = 2.0) offsets %offsets : tensor<?xi32> -> tensor<?x4xf32> {
    %0 = arith.mulf %x, %z : tensor<4xf32>
    %1 = arith.addf %0, %h : tensor<4xf32>
    %2 = arith.maximumf %1, %w : tensor<4xf32>
    %3 = arith.minimumf %2, %c : tensor<4xf32>
    strand.yield %3 : tensor<4xf32> next %3, %c : tensor<4xf32>, tensor<4xf32>
  }
  return %y, %half : tensor<?x4xf32>, tensor<4xf32>
}
