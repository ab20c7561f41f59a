// --reproducible: a small model gives the same bits for any batch, place in the batch, cut and number of threads. 36 draws
// of lengths and rows, 14 runs each for every vector width.
// RUN: strand-check %s --reproducible --trials=36 --rows=60 | FileCheck %s --implicit-check-not=wrong
// CHECK: model: 7 forms right, worst {{.*}}, the same bits in {{504|1008}} runs

#td = affine_map<(t, d) -> (t, d)>
#t = affine_map<(t, d) -> (t)>
#d = affine_map<(t, d) -> (d)>
#tn = affine_map<(t, n, k) -> (t, n)>
#tk = affine_map<(t, n, k) -> (t, k)>
#nk = affine_map<(t, n, k) -> (n, k)>

// x / sqrt(mean of squares)
func.func private @norm(%x: tensor<?x32xf32>) -> tensor<?x32xf32> {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %n = tensor.dim %x, %c0 : tensor<?x32xf32>
  %e = tensor.empty(%n) : tensor<?xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<?xf32>) -> tensor<?xf32>
  %s = linalg.generic {indexing_maps = [#td, #t], iterator_types = ["parallel", "reduction"]} ins(%x : tensor<?x32xf32>) outs(%f : tensor<?xf32>) {
  ^bb0(%in: f32, %sum: f32):
    %p = arith.mulf %in, %in : f32
    %r = arith.addf %sum, %p : f32
    linalg.yield %r : f32
  } -> tensor<?xf32>
  %ye = tensor.empty(%n) : tensor<?x32xf32>
  %y = linalg.generic {indexing_maps = [#td, #t, #td], iterator_types = ["parallel", "parallel"]}
      ins(%x, %s : tensor<?x32xf32>, tensor<?xf32>) outs(%ye : tensor<?x32xf32>) {
  ^bb0(%in: f32, %sum: f32, %out: f32):
    %w = arith.constant 0.03125 : f32
    %eps = arith.constant 1.0e-5 : f32
    %m = arith.mulf %sum, %w : f32
    %q = arith.addf %m, %eps : f32
    %i = math.sqrt %q : f32
    %r = arith.divf %in, %i : f32
    linalg.yield %r : f32
  } -> tensor<?x32xf32>
  return %y : tensor<?x32xf32>
}

// x W^T
func.func private @project(%x: tensor<?x32xf32>, %w: tensor<32x32xf32>) -> tensor<?x32xf32> {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %n = tensor.dim %x, %c0 : tensor<?x32xf32>
  %e = tensor.empty(%n) : tensor<?x32xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<?x32xf32>) -> tensor<?x32xf32>
  %y = linalg.generic {indexing_maps = [#tk, #nk, #tn], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %w : tensor<?x32xf32>, tensor<32x32xf32>) outs(%f : tensor<?x32xf32>) {
  ^bb0(%a: f32, %b: f32, %sum: f32):
    %p = arith.mulf %a, %b : f32
    %r = arith.addf %sum, %p : f32
    linalg.yield %r : f32
  } -> tensor<?x32xf32>
  return %y : tensor<?x32xf32>
}

func.func private @plus(%x: tensor<?x32xf32>, %y: tensor<?x32xf32>) -> tensor<?x32xf32> {
  %c0 = arith.constant 0 : index
  %n = tensor.dim %x, %c0 : tensor<?x32xf32>
  %e = tensor.empty(%n) : tensor<?x32xf32>
  %s = linalg.add ins(%x, %y : tensor<?x32xf32>, tensor<?x32xf32>) outs(%e : tensor<?x32xf32>) -> tensor<?x32xf32>
  return %s : tensor<?x32xf32>
}

// A diagonal recurrence, a matrix state with gates, and attention, each behind a norm and projections, added to x.
func.func @model(%x: tensor<?x32xf32>, %g: tensor<?x32xf32> {check.kind = "gates"}, %gate: tensor<?x2xf32> {check.kind = "gates"},
                 %wa: tensor<32x32xf32> {check.range = [-0.3, 0.3]}, %wb: tensor<32x32xf32> {check.range = [-0.3, 0.3]},
                 %wc: tensor<32x32xf32> {check.range = [-0.3, 0.3]}, %offsets: tensor<?xi32>)
    -> tensor<?x32xf32> attributes {check.tolerance = 2.0e-6} {
  %n0 = call @norm(%x) : (tensor<?x32xf32>) -> tensor<?x32xf32>
  %a0 = call @project(%n0, %wa) : (tensor<?x32xf32>, tensor<32x32xf32>) -> tensor<?x32xf32>
  %h = strand.linear_recurrence decay(%g) input(%a0) offsets %offsets {log, indexing_maps = [#td, #td, #td]}
      : (tensor<?x32xf32>, tensor<?x32xf32>, tensor<?xi32>) -> tensor<?x32xf32>
  %x1 = call @plus(%x, %h) : (tensor<?x32xf32>, tensor<?x32xf32>) -> tensor<?x32xf32>

  %n1 = call @norm(%x1) : (tensor<?x32xf32>) -> tensor<?x32xf32>
  %k1 = call @project(%n1, %wb) : (tensor<?x32xf32>, tensor<32x32xf32>) -> tensor<?x32xf32>
  %v1 = call @project(%n1, %wc) : (tensor<?x32xf32>, tensor<32x32xf32>) -> tensor<?x32xf32>
  %c0 = arith.constant 0 : index
  %n = tensor.dim %x, %c0 : tensor<?x32xf32>
  %kh = tensor.expand_shape %k1 [[0], [1, 2]] output_shape [%n, 2, 16] : tensor<?x32xf32> into tensor<?x2x16xf32>
  %vh = tensor.expand_shape %v1 [[0], [1, 2]] output_shape [%n, 2, 16] : tensor<?x32xf32> into tensor<?x2x16xf32>
  %s = strand.linear_attention %kh, %kh, %vh gate %gate offsets %offsets {scale = 0.25 : f64}
      : (tensor<?x2x16xf32>, tensor<?x2x16xf32>, tensor<?x2x16xf32>, tensor<?x2xf32>, tensor<?xi32>) -> tensor<?x2x16xf32>
  %s1 = tensor.collapse_shape %s [[0], [1, 2]] : tensor<?x2x16xf32> into tensor<?x32xf32>
  %x2 = call @plus(%x1, %s1) : (tensor<?x32xf32>, tensor<?x32xf32>) -> tensor<?x32xf32>

  %n2 = call @norm(%x2) : (tensor<?x32xf32>) -> tensor<?x32xf32>
  %q2 = call @project(%n2, %wc) : (tensor<?x32xf32>, tensor<32x32xf32>) -> tensor<?x32xf32>
  %qh = tensor.expand_shape %q2 [[0], [1, 2]] output_shape [%n, 2, 16] : tensor<?x32xf32> into tensor<?x2x16xf32>
  %at = strand.attention %qh, %qh, %qh offsets %offsets {scale = 0.25 : f64}
      : (tensor<?x2x16xf32>, tensor<?x2x16xf32>, tensor<?x2x16xf32>, tensor<?xi32>) -> tensor<?x2x16xf32>
  %a2 = tensor.collapse_shape %at [[0], [1, 2]] : tensor<?x2x16xf32> into tensor<?x32xf32>
  %x3 = call @plus(%x2, %a2) : (tensor<?x32xf32>, tensor<?x32xf32>) -> tensor<?x32xf32>
  return %x3 : tensor<?x32xf32>
}
