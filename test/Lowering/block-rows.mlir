// RUN: strand-opt %s -strand-block-rows -canonicalize -cse -split-input-file | FileCheck %s
// RUN: strand-opt %s -pass-pipeline="builtin.module(func.func(strand-block-rows{cache=2240 unit=4},canonicalize,cse))" \
// RUN:   -split-input-file | FileCheck %s --check-prefix=SMALL

// Three ops, one loop. Eight blocks where there are rows for them, of whole register tiles (14 rows), none longer than 16
// tiles; where the cache holds less, than what it holds: the exponentials and their sum take 36 bytes a row, so 60 rows
// of 2240 bytes. What is not used outside is made of a block's rows; the result is written where it belongs.
#id = affine_map<(t, d) -> (t, d)>
#t = affine_map<(t, d) -> (t)>
// CHECK-LABEL: func.func @one_loop(
// CHECK-SAME:    %[[X:.*]]: tensor<?x8xf32>)
// CHECK-DAG:     %[[TILE:.*]] = arith.constant 14 : index
// CHECK-DAG:     %[[EIGHT:.*]] = arith.constant 112 : index
// CHECK-DAG:     %[[MOST:.*]] = arith.constant 224 : index
// CHECK:         %[[N:.*]] = tensor.dim %[[X]]
// CHECK:         %[[SHARE:.*]] = arith.divui %[[N]], %[[EIGHT]]
// CHECK:         %[[WHOLE:.*]] = arith.muli %[[SHARE]], %[[TILE]]
// CHECK:         %[[LEAST:.*]] = arith.maxui %[[WHOLE]], %[[TILE]]
// CHECK:         %[[LENGTH:.*]] = arith.minui %[[LEAST]], %[[MOST]]
// CHECK:         %[[BLOCKS:.*]] = arith.ceildivui %[[N]], %[[LENGTH]]
// CHECK:         %[[R:.*]] = scf.forall (%[[I:.*]]) in (%[[BLOCKS]]) shared_outs(%[[OUT:.*]] = %{{.*}})
// CHECK:           %[[FIRST:.*]] = arith.muli %[[I]], %[[LENGTH]]
// CHECK:           %[[LEFT:.*]] = arith.subi %[[N]], %[[FIRST]]
// CHECK:           %[[C:.*]] = arith.minui %[[LEFT]], %[[LENGTH]]
// CHECK:           %[[COUNT:.*]] = arith.minui %[[C]], %[[MOST]]
// CHECK-DAG:       %[[TO:.*]] = tensor.extract_slice %[[OUT]][%[[FIRST]], 0] [%[[COUNT]], 8]
// CHECK-DAG:       %[[FROM:.*]] = tensor.extract_slice %[[X]][%[[FIRST]], 0] [%[[COUNT]], 8]
// CHECK:           %[[A:.*]] = linalg.generic {{.*}} ins(%[[FROM]] :
// CHECK:           tensor.empty(%[[COUNT]]) : tensor<?xf32>
// CHECK:           linalg.fill
// CHECK:           %[[SUM:.*]] = linalg.generic {{.*}} ins(%[[A]] :
// CHECK:           %[[Y:.*]] = linalg.generic {{.*}} ins(%[[A]], %[[SUM]] : {{.*}} outs(%[[TO]] :
// CHECK:           scf.forall.in_parallel {
// CHECK-NEXT:        tensor.parallel_insert_slice %[[Y]] into %[[OUT]][%[[FIRST]], 0] [%[[COUNT]], 8]
// CHECK-NOT:     linalg.generic
// CHECK:         return %[[R]]
// SMALL-LABEL: func.func @one_loop(
// SMALL-DAG:     arith.constant 4 : index
// SMALL-DAG:     arith.constant 32 : index
// SMALL-DAG:     arith.constant 60 : index
// SMALL:         scf.forall
func.func @one_loop(%x: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %n = tensor.dim %x, %c0 : tensor<?x8xf32>
  %e = tensor.empty(%n) : tensor<?x8xf32>
  %a = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%x : tensor<?x8xf32>) outs(%e : tensor<?x8xf32>) {
  ^bb0(%in: f32, %out: f32):
    %v = math.exp %in : f32
    linalg.yield %v : f32
  } -> tensor<?x8xf32>
  %s = tensor.empty(%n) : tensor<?xf32>
  %z = linalg.fill ins(%zero : f32) outs(%s : tensor<?xf32>) -> tensor<?xf32>
  %sum = linalg.generic {indexing_maps = [#id, #t], iterator_types = ["parallel", "reduction"]}
      ins(%a : tensor<?x8xf32>) outs(%z : tensor<?xf32>) {
  ^bb0(%in: f32, %out: f32):
    %v = arith.addf %in, %out : f32
    linalg.yield %v : f32
  } -> tensor<?xf32>
  %y = linalg.generic {indexing_maps = [#id, #t, #id], iterator_types = ["parallel", "parallel"]}
      ins(%a, %sum : tensor<?x8xf32>, tensor<?xf32>) outs(%e : tensor<?x8xf32>) {
  ^bb0(%in: f32, %d: f32, %out: f32):
    %v = arith.divf %in, %d : f32
    linalg.yield %v : f32
  } -> tensor<?x8xf32>
  return %y : tensor<?x8xf32>
}

// -----

// What is updated stays in its place.
#id = affine_map<(t, d) -> (t, d)>
// CHECK-LABEL: func.func @in_place(
// CHECK-SAME:    %[[X:.*]]: tensor<?x8xf32>)
// CHECK:         scf.forall {{.*}} shared_outs(%[[OUT:.*]] = %[[X]])
// CHECK:           %[[PART:.*]] = tensor.extract_slice %[[OUT]]
// CHECK-NOT:       tensor.empty
// CHECK:           %[[A:.*]] = linalg.generic {{.*}} outs(%[[PART]] :
// CHECK:           %[[B:.*]] = linalg.generic {{.*}} outs(%[[A]] :
// CHECK:           tensor.parallel_insert_slice %[[B]] into %[[OUT]]
// SMALL-LABEL: func.func @in_place(
func.func @in_place(%x: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %a = linalg.generic {indexing_maps = [#id], iterator_types = ["parallel", "parallel"]} outs(%x : tensor<?x8xf32>) {
  ^bb0(%out: f32):
    %v = math.exp %out : f32
    linalg.yield %v : f32
  } -> tensor<?x8xf32>
  %b = linalg.generic {indexing_maps = [#id], iterator_types = ["parallel", "parallel"]} outs(%a : tensor<?x8xf32>) {
  ^bb0(%out: f32):
    %v = math.sqrt %out : f32
    linalg.yield %v : f32
  } -> tensor<?x8xf32>
  return %b : tensor<?x8xf32>
}

// -----

// Both results are used outside; the op on other rows between them stays outside, and so does the view that only the
// caller reads.
#id = affine_map<(t, d) -> (t, d)>
// CHECK-LABEL: func.func @around_others(
// CHECK:         %[[U:.*]] = linalg.generic
// CHECK:           math.sqrt
// CHECK:         %[[R:.*]]:2 = scf.forall {{.*}} shared_outs(%[[OUT0:.*]] = %{{.*}}, %[[OUT1:.*]] = %{{.*}})
// CHECK:           %[[A:.*]] = linalg.generic
// CHECK:             math.exp
// CHECK:           %[[B:.*]] = linalg.generic {{.*}} ins(%[[A]] :
// CHECK:             math.absf
// CHECK-DAG:       tensor.parallel_insert_slice %[[A]] into %[[OUT0]]
// CHECK-DAG:       tensor.parallel_insert_slice %[[B]] into %[[OUT1]]
// CHECK:         %[[HEADS:.*]] = tensor.expand_shape %[[R]]#1
// CHECK:         return %[[R]]#0, %[[U]], %[[HEADS]]
// SMALL-LABEL: func.func @around_others(
func.func @around_others(%x: tensor<?x8xf32>, %w: tensor<?x8xf32>)
    -> (tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x2x4xf32>) {
  %c0 = arith.constant 0 : index
  %n = tensor.dim %x, %c0 : tensor<?x8xf32>
  %e = tensor.empty(%n) : tensor<?x8xf32>
  %a = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%x : tensor<?x8xf32>) outs(%e : tensor<?x8xf32>) {
  ^bb0(%in: f32, %out: f32):
    %v = math.exp %in : f32
    linalg.yield %v : f32
  } -> tensor<?x8xf32>
  %u = linalg.generic {indexing_maps = [#id], iterator_types = ["parallel", "parallel"]} outs(%w : tensor<?x8xf32>) {
  ^bb0(%out: f32):
    %v = math.sqrt %out : f32
    linalg.yield %v : f32
  } -> tensor<?x8xf32>
  %b = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%a : tensor<?x8xf32>) outs(%e : tensor<?x8xf32>) {
  ^bb0(%in: f32, %out: f32):
    %v = math.absf %in : f32
    linalg.yield %v : f32
  } -> tensor<?x8xf32>
  %heads = tensor.expand_shape %b [[0], [1, 2]] output_shape [%n, 2, 4] : tensor<?x8xf32> into tensor<?x2x4xf32>
  return %a, %u, %heads : tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x2x4xf32>
}

// -----

// An op that sums over rows needs all of them: no block may pass it. One op alone on either side is no run.
#id = affine_map<(t, d) -> (t, d)>
#d = affine_map<(t, d) -> (d)>
// CHECK-LABEL: func.func @sum_over_rows(
// CHECK-NOT:     scf.forall
// CHECK:         return
// SMALL-LABEL: func.func @sum_over_rows(
func.func @sum_over_rows(%x: tensor<?x8xf32>, %s: tensor<8xf32>) -> tensor<?x8xf32> {
  %a = linalg.generic {indexing_maps = [#id], iterator_types = ["parallel", "parallel"]} outs(%x : tensor<?x8xf32>) {
  ^bb0(%out: f32):
    %v = math.exp %out : f32
    linalg.yield %v : f32
  } -> tensor<?x8xf32>
  %sum = linalg.generic {indexing_maps = [#id, #d], iterator_types = ["reduction", "parallel"]}
      ins(%a : tensor<?x8xf32>) outs(%s : tensor<8xf32>) {
  ^bb0(%in: f32, %out: f32):
    %v = arith.addf %in, %out : f32
    linalg.yield %v : f32
  } -> tensor<8xf32>
  %b = linalg.generic {indexing_maps = [#d, #id], iterator_types = ["parallel", "parallel"]}
      ins(%sum : tensor<8xf32>) outs(%a : tensor<?x8xf32>) {
  ^bb0(%in: f32, %out: f32):
    %v = arith.subf %out, %in : f32
    linalg.yield %v : f32
  } -> tensor<?x8xf32>
  return %b : tensor<?x8xf32>
}

// -----

// An op whose body asks for the number of its row would be given that of the block.
#id = affine_map<(t, d) -> (t, d)>
// CHECK-LABEL: func.func @number_of_a_row(
// CHECK-NOT:     scf.forall
// CHECK:         return
// SMALL-LABEL: func.func @number_of_a_row(
func.func @number_of_a_row(%x: tensor<?x8xi64>) -> tensor<?x8xi64> {
  %a = linalg.generic {indexing_maps = [#id], iterator_types = ["parallel", "parallel"]} outs(%x : tensor<?x8xi64>) {
  ^bb0(%out: i64):
    %i = linalg.index 0 : index
    %v = arith.index_cast %i : index to i64
    linalg.yield %v : i64
  } -> tensor<?x8xi64>
  %b = linalg.generic {indexing_maps = [#id], iterator_types = ["parallel", "parallel"]} outs(%a : tensor<?x8xi64>) {
  ^bb0(%out: i64):
    %v = arith.addi %out, %out : i64
    linalg.yield %v : i64
  } -> tensor<?x8xi64>
  return %b : tensor<?x8xi64>
}

// -----

// Rows of different tensors, which may be of different number; a function for single rows; a function without a body.
#id = affine_map<(t, d) -> (t, d)>
// CHECK-LABEL: func.func @other_rows(
// CHECK-NOT:     scf.forall
// CHECK-LABEL: func.func @single_row(
// CHECK-NOT:     scf.forall
// CHECK:       func.func private @elsewhere(
// SMALL-LABEL: func.func @other_rows(
func.func @other_rows(%x: tensor<?x8xf32>, %w: tensor<?x8xf32>) -> (tensor<?x8xf32>, tensor<?x8xf32>) {
  %a = linalg.generic {indexing_maps = [#id], iterator_types = ["parallel", "parallel"]} outs(%x : tensor<?x8xf32>) {
  ^bb0(%out: f32):
    %v = math.exp %out : f32
    linalg.yield %v : f32
  } -> tensor<?x8xf32>
  %b = linalg.generic {indexing_maps = [#id], iterator_types = ["parallel", "parallel"]} outs(%w : tensor<?x8xf32>) {
  ^bb0(%out: f32):
    %v = math.sqrt %out : f32
    linalg.yield %v : f32
  } -> tensor<?x8xf32>
  return %a, %b : tensor<?x8xf32>, tensor<?x8xf32>
}
func.func @single_row(%x: tensor<?x8xf32>) -> tensor<?x8xf32> attributes {strand.single_row} {
  %a = linalg.generic {indexing_maps = [#id], iterator_types = ["parallel", "parallel"]} outs(%x : tensor<?x8xf32>) {
  ^bb0(%out: f32):
    %v = math.exp %out : f32
    linalg.yield %v : f32
  } -> tensor<?x8xf32>
  %b = linalg.generic {indexing_maps = [#id], iterator_types = ["parallel", "parallel"]} outs(%a : tensor<?x8xf32>) {
  ^bb0(%out: f32):
    %v = math.sqrt %out : f32
    linalg.yield %v : f32
  } -> tensor<?x8xf32>
  return %b : tensor<?x8xf32>
}
func.func private @elsewhere(tensor<?x8xf32>) -> tensor<?x8xf32>
