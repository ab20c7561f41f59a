// RUN: strand-opt %s -pass-pipeline='builtin.module(func.func(strand-expand-chunks{vector-bits=1024 teams=4 readers},canonicalize,cse))' | FileCheck %s

// 4 teams of 16 rows each: summaries of all, the states before each, outputs; then tiles of 16 rows and of one. What reads the
// result is part of each tile, so that what the op itself gives is stored nowhere.
#td = affine_map<(t, d) -> (t, d)>
// CHECK-LABEL: func.func @recurrence(
// CHECK-SAME:    %[[A:[a-z0-9]+]]: tensor<?x64xf32>, %[[X:[a-z0-9]+]]: tensor<?x64xf32>, %[[Z:[a-z0-9]+]]: tensor<?x64xf32>
// CHECK:         %[[R:.*]] = scf.forall (%{{.*}}, %[[B:.*]]) in (%{{.*}}, 2) shared_outs(%{{.*}} = %{{.*}}) -> (tensor<?x64xbf16>) {
// CHECK:           scf.for %[[AT:.*]] = %c0 to %{{.*}} step %c64
// CHECK:             %[[SUMMARIES:.*]]:2 = scf.forall (%[[TEAM:.*]]) in (4) shared_outs
// CHECK-DAG:           linalg.fill ins(%cst{{.*}} : f32)
// CHECK-DAG:           %[[SKIP:.*]] = arith.muli %[[TEAM]], %c16
// CHECK-DAG:           arith.addi %[[AT]], %[[SKIP]]
// CHECK:               linalg.generic
// CHECK:               tensor.parallel_insert_slice
// CHECK:             %[[STARTS:.*]]:2 = scf.for %[[K:.*]] = %c0 to %c4 step %c1
// CHECK:               tensor.insert_slice
// CHECK:               tensor.extract_slice %[[SUMMARIES]]#0[%[[K]], 0] [1, 32]
// CHECK:               linalg.generic
// CHECK:             scf.forall (%{{.*}}) in (4) shared_outs(%{{.*}} = %{{.*}}) -> (tensor<?x32xbf16>) {
// CHECK:               tensor.extract_slice %[[STARTS]]#0[
// CHECK:               linalg.generic {{.*}} iterator_types = ["reduction", "parallel"]
// CHECK:               tensor.extract_slice %[[Z]]
// CHECK:               linalg.generic {{.*}} iterator_types = ["parallel", "parallel"]
// CHECK:                 arith.truncf
// CHECK:               tensor.parallel_insert_slice
// CHECK:           scf.for %{{.*}} step %c16
// CHECK:           scf.for %{{.*}} step %c1
// CHECK:         return %[[R]]
func.func @recurrence(%a: tensor<?x64xf32>, %x: tensor<?x64xf32>, %z: tensor<?x64xf32>, %offsets: tensor<?xi32>) -> tensor<?x64xbf16> {
  %c0 = arith.constant 0 : index
  %y = strand.linear_recurrence decay(%a) input(%x) offsets %offsets {indexing_maps = [#td, #td, #td]}
      : (tensor<?x64xf32>, tensor<?x64xf32>, tensor<?xi32>) -> tensor<?x64xf32>
  %rows = tensor.dim %y, %c0 : tensor<?x64xf32>
  %empty = tensor.empty(%rows) : tensor<?x64xbf16>
  %r = linalg.generic {indexing_maps = [#td, #td, #td], iterator_types = ["parallel", "parallel"]}
      ins(%y, %z : tensor<?x64xf32>, tensor<?x64xf32>) outs(%empty : tensor<?x64xbf16>) {
  ^bb0(%h: f32, %gate: f32, %o: bf16):
    %p = arith.mulf %h, %gate : f32
    %n = arith.truncf %p : f32 to bf16
    linalg.yield %n : bf16
  } -> tensor<?x64xbf16>
  return %r : tensor<?x64xbf16>
}

// A single row, or an op whose tiles hold products, has no teams.
// CHECK-LABEL: func.func @attention(
// CHECK:         scf.forall
// CHECK-NOT:     scf.forall (
// CHECK:         return
func.func @attention(%q: tensor<?x2x8xf32>, %offsets: tensor<?xi32>) -> tensor<?x2x8xf32> {
  %y = strand.linear_attention %q, %q, %q offsets %offsets : (tensor<?x2x8xf32>, tensor<?x2x8xf32>, tensor<?x2x8xf32>, tensor<?xi32>) -> tensor<?x2x8xf32>
  return %y : tensor<?x2x8xf32>
}
