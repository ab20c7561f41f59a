// Two sums that begin at one filled tensor, one of them a result: each needs a zero of its own.
// RUN: strand-check %s --levels=1,0 | FileCheck %s --implicit-check-not=wrong
#tij = affine_map<(t, i, j) -> (t, i, j)>
#ti = affine_map<(t, i, j) -> (t, i)>

// CHECK-DAG: sums: 7 forms right
func.func @sums(%x: tensor<?x1x8xf32>, %z: tensor<?x1x8xf32>, %offsets: tensor<?xi32>)
    -> (tensor<?x1x8xf32>, tensor<?x1xf32>) {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %n = tensor.dim %x, %c0 : tensor<?x1x8xf32>
  %e = tensor.empty(%n) : tensor<?x1xf32>
  %none = linalg.fill ins(%zero : f32) outs(%e : tensor<?x1xf32>) -> tensor<?x1xf32>
  %s = strand.shift %z by 1 offsets %offsets : (tensor<?x1x8xf32>, tensor<?xi32>) -> tensor<?x1x8xf32>
  %result = linalg.generic {indexing_maps = [#tij, #ti], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%s : tensor<?x1x8xf32>) outs(%none : tensor<?x1xf32>) {
  ^bb0(%in: f32, %sum: f32):
    %more = arith.addf %sum, %in : f32
    linalg.yield %more : f32
  } -> tensor<?x1xf32>
  %weight = linalg.generic {indexing_maps = [#tij, #ti], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x : tensor<?x1x8xf32>) outs(%none : tensor<?x1xf32>) {
  ^bb0(%in: f32, %sum: f32):
    %more = arith.addf %sum, %in : f32
    linalg.yield %more : f32
  } -> tensor<?x1xf32>
  %e3 = tensor.empty(%n) : tensor<?x1x8xf32>
  %y = linalg.generic {indexing_maps = [#tij, #ti, #tij], iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%x, %weight : tensor<?x1x8xf32>, tensor<?x1xf32>) outs(%e3 : tensor<?x1x8xf32>) {
  ^bb0(%in: f32, %w: f32, %out: f32):
    %m = arith.mulf %in, %w : f32
    linalg.yield %m : f32
  } -> tensor<?x1x8xf32>
  return %y, %result : tensor<?x1x8xf32>, tensor<?x1xf32>
}
