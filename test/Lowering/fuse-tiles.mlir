// RUN: strand-opt %s -strand-fuse-tiles -canonicalize -cse -split-input-file | FileCheck %s

// A chain moves into the columns that each block reads. Two results that are read at one place are computed together.
#id = affine_map<(t, d) -> (t, d)>
// CHECK-LABEL: func.func @chain(
// CHECK-SAME:    %[[X:.*]]: tensor<?x32xf32>, %{{.*}}: tensor<?x32xf32>)
// CHECK-NOT:     linalg.generic
// CHECK:         scf.forall (%[[I:.*]]) in (4)
// CHECK:           %[[AT:.*]] = arith.muli %[[I]], %c8
// CHECK:           %[[XS:.*]] = tensor.extract_slice %[[X]][0, %[[AT]]] [%{{.*}}, 8]
// CHECK:           %[[A:.*]] = linalg.generic {{.*}} ins(%[[XS]] : tensor<?x8xf32>)
// CHECK:             math.exp
// CHECK:           %[[B:.*]]:2 = linalg.generic {{.*}} ins(%[[A]] : tensor<?x8xf32>)
// CHECK:             math.sqrt
// CHECK:             math.absf
// CHECK-NOT:       linalg.generic
// CHECK:           linalg.mul ins(%[[B]]#0, %[[B]]#1 :
func.func @chain(%x: tensor<?x32xf32>, %y: tensor<?x32xf32>) -> tensor<?x32xf32> {
  %c0 = arith.constant 0 : index
  %c8 = arith.constant 8 : index
  %n = tensor.dim %x, %c0 : tensor<?x32xf32>
  %e = tensor.empty(%n) : tensor<?x32xf32>
  %a = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%x : tensor<?x32xf32>) outs(%e : tensor<?x32xf32>) {
  ^bb0(%in: f32, %out: f32):
    %v = math.exp %in : f32
    linalg.yield %v : f32
  } -> tensor<?x32xf32>
  %b:2 = linalg.generic {indexing_maps = [#id, #id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%a : tensor<?x32xf32>) outs(%e, %e : tensor<?x32xf32>, tensor<?x32xf32>) {
  ^bb0(%in: f32, %o0: f32, %o1: f32):
    %v = math.sqrt %in : f32
    %w = math.absf %in : f32
    linalg.yield %v, %w : f32, f32
  } -> (tensor<?x32xf32>, tensor<?x32xf32>)
  %r = scf.forall (%i) in (4) shared_outs(%out = %y) -> (tensor<?x32xf32>) {
    %at = arith.muli %i, %c8 : index
    %p = tensor.extract_slice %b#0[0, %at] [%n, 8] [1, 1] : tensor<?x32xf32> to tensor<?x8xf32>
    %q = tensor.extract_slice %b#1[0, %at] [%n, 8] [1, 1] : tensor<?x32xf32> to tensor<?x8xf32>
    %o = tensor.extract_slice %out[0, %at] [%n, 8] [1, 1] : tensor<?x32xf32> to tensor<?x8xf32>
    %s = linalg.mul ins(%p, %q : tensor<?x8xf32>, tensor<?x8xf32>) outs(%o : tensor<?x8xf32>) -> tensor<?x8xf32>
    scf.forall.in_parallel {
      tensor.parallel_insert_slice %s into %out[0, %at] [%n, 8] [1, 1] : tensor<?x8xf32> into tensor<?x32xf32>
    }
  }
  return %r : tensor<?x32xf32>
}

// -----

// A row of a tile with the dimension of rows dropped, at a place that depends on the block through a loop; the number of
// a channel is that of the whole tensor.
#id = affine_map<(t, d) -> (t, d)>
// CHECK-LABEL: func.func @row_of_a_tile(
// CHECK-NOT:     linalg.generic
// CHECK:         scf.forall (%[[I:.*]]) in (4)
// CHECK:           scf.for %[[T:.*]] = %[[FIRST:.*]] to
// CHECK:             %[[A:.*]] = linalg.generic {{.*}} outs(%{{.*}} : tensor<1x8xi64>)
// CHECK:               %[[D:.*]] = linalg.index 1
// CHECK:               arith.index_cast %[[D]]
// CHECK:             tensor.extract_slice %[[A]][0, 0] [1, 8] [1, 1] : tensor<1x8xi64> to tensor<8xi64>
func.func @row_of_a_tile(%e: tensor<64x8xi64>, %y: tensor<64x8xi64>) -> tensor<64x8xi64> {
  %c1 = arith.constant 1 : index
  %c16 = arith.constant 16 : index
  %a = linalg.generic {indexing_maps = [#id], iterator_types = ["parallel", "parallel"]} outs(%e : tensor<64x8xi64>) {
  ^bb0(%out: i64):
    %d = linalg.index 1 : index
    %v = arith.index_cast %d : index to i64
    linalg.yield %v : i64
  } -> tensor<64x8xi64>
  %r = scf.forall (%i) in (4) shared_outs(%out = %y) -> (tensor<64x8xi64>) {
    %first = arith.muli %i, %c16 : index
    %end = arith.addi %first, %c16 : index
    %mine = tensor.extract_slice %out[%first, 0] [16, 8] [1, 1] : tensor<64x8xi64> to tensor<16x8xi64>
    %s = scf.for %t = %first to %end step %c1 iter_args(%into = %mine) -> (tensor<16x8xi64>) {
      %row = tensor.extract_slice %a[%t, 0] [1, 8] [1, 1] : tensor<64x8xi64> to tensor<8xi64>
      %to = arith.subi %t, %first : index
      %next = tensor.insert_slice %row into %into[%to, 0] [1, 8] [1, 1] : tensor<8xi64> into tensor<16x8xi64>
      scf.yield %next : tensor<16x8xi64>
    }
    scf.forall.in_parallel {
      tensor.parallel_insert_slice %s into %out[%first, 0] [16, 8] [1, 1] : tensor<16x8xi64> into tensor<64x8xi64>
    }
  }
  return %r : tensor<64x8xi64>
}

// -----

// What stays: a slice that does not move with a block (all blocks would compute it), one with gaps, a sum, and what is
// read as a whole besides.
#id = affine_map<(t, d) -> (t, d)>
#t = affine_map<(t, d) -> (t)>
// CHECK-LABEL: func.func @stays(
// CHECK:         linalg.generic
// CHECK:           math.exp
// CHECK:         linalg.generic
// CHECK:           math.sqrt
// CHECK:         linalg.generic
// CHECK:           arith.addf
// CHECK:         linalg.generic
// CHECK:           math.absf
// CHECK:         scf.forall
// CHECK-NOT:       linalg.generic
// CHECK:         return
func.func @stays(%x: tensor<64x32xf32>, %z: tensor<64xf32>, %y: tensor<64x32xf32>)
    -> (tensor<64x32xf32>, tensor<64x32xf32>) {
  %c8 = arith.constant 8 : index
  %c16 = arith.constant 16 : index
  %e = tensor.empty() : tensor<64x32xf32>
  %common = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%x : tensor<64x32xf32>) outs(%e : tensor<64x32xf32>) {
  ^bb0(%in: f32, %out: f32):
    %v = math.exp %in : f32
    linalg.yield %v : f32
  } -> tensor<64x32xf32>
  %gaps = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%x : tensor<64x32xf32>) outs(%e : tensor<64x32xf32>) {
  ^bb0(%in: f32, %out: f32):
    %v = math.sqrt %in : f32
    linalg.yield %v : f32
  } -> tensor<64x32xf32>
  %sum = linalg.generic {indexing_maps = [#id, #t], iterator_types = ["parallel", "reduction"]}
      ins(%x : tensor<64x32xf32>) outs(%z : tensor<64xf32>) {
  ^bb0(%in: f32, %out: f32):
    %v = arith.addf %in, %out : f32
    linalg.yield %v : f32
  } -> tensor<64xf32>
  %whole = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%x : tensor<64x32xf32>) outs(%e : tensor<64x32xf32>) {
  ^bb0(%in: f32, %out: f32):
    %v = math.absf %in : f32
    linalg.yield %v : f32
  } -> tensor<64x32xf32>
  %r = scf.forall (%i) in (4) shared_outs(%out = %y) -> (tensor<64x32xf32>) {
    %at = arith.muli %i, %c16 : index
    %p = tensor.extract_slice %common[0, 0] [16, 32] [1, 1] : tensor<64x32xf32> to tensor<16x32xf32>
    %q = tensor.extract_slice %gaps[%at, 0] [16, 16] [1, 2] : tensor<64x32xf32> to tensor<16x16xf32>
    %s = tensor.extract_slice %sum[%at] [16] [1] : tensor<64xf32> to tensor<16xf32>
    %w = tensor.extract_slice %whole[%at, 0] [16, 32] [1, 1] : tensor<64x32xf32> to tensor<16x32xf32>
    %o = tensor.extract_slice %out[%at, 0] [16, 32] [1, 1] : tensor<64x32xf32> to tensor<16x32xf32>
    %f = linalg.add ins(%p, %w : tensor<16x32xf32>, tensor<16x32xf32>) outs(%o : tensor<16x32xf32>) -> tensor<16x32xf32>
    %g = tensor.insert_slice %q into %f[0, 0] [16, 16] [1, 1] : tensor<16x16xf32> into tensor<16x32xf32>
    %h = tensor.insert_slice %s into %g[0, 0] [16, 1] [1, 1] : tensor<16xf32> into tensor<16x32xf32>
    scf.forall.in_parallel {
      tensor.parallel_insert_slice %h into %out[%at, 0] [16, 32] [1, 1] : tensor<16x32xf32> into tensor<64x32xf32>
    }
  }
  return %r, %whole : tensor<64x32xf32>, tensor<64x32xf32>
}

// -----

// Along a loop that is taken once, not moving is no waste.
#id = affine_map<(t, d) -> (t, d)>
// CHECK-LABEL: func.func @one_block(
// CHECK-NOT:     linalg.generic
// CHECK:         scf.forall
// CHECK:           linalg.generic
func.func @one_block(%x: tensor<64x32xf32>, %y: tensor<64x32xf32>) -> tensor<64x32xf32> {
  %c16 = arith.constant 16 : index
  %e = tensor.empty() : tensor<64x32xf32>
  %a = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel", "parallel"]}
      ins(%x : tensor<64x32xf32>) outs(%e : tensor<64x32xf32>) {
  ^bb0(%in: f32, %out: f32):
    %v = math.exp %in : f32
    linalg.yield %v : f32
  } -> tensor<64x32xf32>
  %r = scf.forall (%i, %j) in (4, 1) shared_outs(%out = %y) -> (tensor<64x32xf32>) {
    %at = arith.muli %i, %c16 : index
    %p = tensor.extract_slice %a[%at, 0] [16, 32] [1, 1] : tensor<64x32xf32> to tensor<16x32xf32>
    scf.forall.in_parallel {
      tensor.parallel_insert_slice %p into %out[%at, 0] [16, 32] [1, 1] : tensor<16x32xf32> into tensor<64x32xf32>
    }
  }
  return %r : tensor<64x32xf32>
}
