// All forms of strand.linear_recurrence against its meaning in f64.
// RUN: strand-check %s | FileCheck %s --implicit-check-not=wrong

#td = affine_map<(t, d) -> (t, d)>
#d = affine_map<(t, d) -> (d)>
#t_nd = affine_map<(t, n, d) -> (t, n, d)>
#nd_td = affine_map<(t, n, d) -> (t, d)>
#nd_tn = affine_map<(t, n, d) -> (t, n)>
#nd_nd = affine_map<(t, n, d) -> (n, d)>
#nd_n = affine_map<(t, n, d) -> (n)>

// CHECK-DAG: decay_as_it_is: 10 forms right
func.func @decay_as_it_is(%a: tensor<?x64xf32> {check.range = [-1.0, 1.0]}, %x: tensor<?x64xf32>, %offsets: tensor<?xi32>)
    -> tensor<?x64xf32> {
  %y = strand.linear_recurrence decay(%a) input(%x) offsets %offsets {indexing_maps = [#td, #td, #td]}
      : (tensor<?x64xf32>, tensor<?x64xf32>, tensor<?xi32>) -> tensor<?x64xf32>
  return %y : tensor<?x64xf32>
}

// CHECK-DAG: strong_and_weak_gates: 10 forms right
func.func @strong_and_weak_gates(%g: tensor<?x192xf32> {check.kind = "gates"}, %x: tensor<?x192xf32>, %offsets: tensor<?xi32>)
    -> tensor<?x192xf32> {
  %y = strand.linear_recurrence decay(%g) input(%x) offsets %offsets {log, indexing_maps = [#td, #td, #td]}
      : (tensor<?x192xf32>, tensor<?x192xf32>, tensor<?xi32>) -> tensor<?x192xf32>
  return %y : tensor<?x192xf32>
}

// No multiple of a vector: 37 = 2 * 16 + 4 + 1.
// CHECK-DAG: odd_width: 10 forms right
func.func @odd_width(%g: tensor<?x37xf32> {check.kind = "gates"}, %x: tensor<?x37xf32>, %offsets: tensor<?xi32>)
    -> tensor<?x37xf32> {
  %y = strand.linear_recurrence decay(%g) input(%x) offsets %offsets {log, indexing_maps = [#td, #td, #td]}
      : (tensor<?x37xf32>, tensor<?x37xf32>, tensor<?xi32>) -> tensor<?x37xf32>
  return %y : tensor<?x37xf32>
}

// CHECK-DAG: one_channel: 10 forms right
func.func @one_channel(%g: tensor<?x1xf32> {check.kind = "gates"}, %x: tensor<?x1xf32>, %offsets: tensor<?xi32>)
    -> tensor<?x1xf32> {
  %y = strand.linear_recurrence decay(%g) input(%x) offsets %offsets {log, indexing_maps = [#td, #td, #td]}
      : (tensor<?x1xf32>, tensor<?x1xf32>, tensor<?xi32>) -> tensor<?x1xf32>
  return %y : tensor<?x1xf32>
}

// Several blocks of channels, which are tasks of their own: 2080 = 5 * 416.
// CHECK-DAG: several_blocks: 10 forms right
func.func @several_blocks(%g: tensor<?x2080xf32> {check.range = [-3.0, -0.01]}, %x: tensor<?x2080xf32>, %offsets: tensor<?xi32>)
    -> tensor<?x2080xf32> {
  %y = strand.linear_recurrence decay(%g) input(%x) offsets %offsets {log, indexing_maps = [#td, #td, #td]}
      : (tensor<?x2080xf32>, tensor<?x2080xf32>, tensor<?xi32>) -> tensor<?x2080xf32>
  return %y : tensor<?x2080xf32>
}

// The same decay in every row, and two factors of input.
// CHECK-DAG: constant_decay: 10 forms right
func.func @constant_decay(%g: tensor<48xf32> {check.range = [-2.0, -0.001]}, %x: tensor<?x48xf32>, %w: tensor<48xf32>,
                          %offsets: tensor<?xi32>) -> tensor<?x48xf32> {
  %y = strand.linear_recurrence decay(%g) input(%x, %w) offsets %offsets {log, indexing_maps = [#d, #td, #d, #td]}
      : (tensor<48xf32>, tensor<?x48xf32>, tensor<48xf32>, tensor<?xi32>) -> tensor<?x48xf32>
  return %y : tensor<?x48xf32>
}

// CHECK-DAG: factors_as_they_are: 10 forms right
func.func @factors_as_they_are(%a: tensor<?x40xf32> {check.range = [0.0, 1.0]}, %b: tensor<40xf32> {check.range = [0.5, 1.0]},
                               %x: tensor<?x40xf32>, %offsets: tensor<?xi32>) -> tensor<?x40xf32> {
  %y = strand.linear_recurrence decay(%a, %b) input(%x) offsets %offsets {indexing_maps = [#td, #d, #td, #td]}
      : (tensor<?x40xf32>, tensor<40xf32>, tensor<?x40xf32>, tensor<?xi32>) -> tensor<?x40xf32>
  return %y : tensor<?x40xf32>
}

// Selective scan: a = exp(delta A), b = delta x B, read by C.
// CHECK-DAG: selective_scan: 10 forms right
func.func @selective_scan(%delta: tensor<?x96xf32> {check.range = [0.001, 0.5]}, %a: tensor<16x96xf32> {check.range = [-16.0, -1.0]},
                          %x: tensor<?x96xf32>, %b: tensor<?x16xf32>, %c: tensor<?x16xf32>, %offsets: tensor<?xi32>)
    -> tensor<?x96xf32> {
  %y = strand.linear_recurrence decay(%delta, %a) input(%delta, %x, %b) read(%c) offsets %offsets
      {log, indexing_maps = [#nd_td, #nd_nd, #nd_td, #nd_td, #nd_tn, #nd_tn, #nd_td]}
      : (tensor<?x96xf32>, tensor<16x96xf32>, tensor<?x96xf32>, tensor<?x96xf32>, tensor<?x16xf32>, tensor<?x16xf32>,
         tensor<?xi32>) -> tensor<?x96xf32>
  return %y : tensor<?x96xf32>
}

// Neither dimension a multiple of anything.
// CHECK-DAG: odd_scan: 10 forms right
func.func @odd_scan(%delta: tensor<?x21xf32> {check.range = [0.001, 0.5]}, %a: tensor<5x21xf32> {check.range = [-16.0, -1.0]},
                    %x: tensor<?x21xf32>, %b: tensor<?x5xf32>, %c: tensor<?x5xf32>, %offsets: tensor<?xi32>)
    -> tensor<?x21xf32> {
  %y = strand.linear_recurrence decay(%delta, %a) input(%delta, %x, %b) read(%c) offsets %offsets
      {log, indexing_maps = [#nd_td, #nd_nd, #nd_td, #nd_td, #nd_tn, #nd_tn, #nd_td]}
      : (tensor<?x21xf32>, tensor<5x21xf32>, tensor<?x21xf32>, tensor<?x21xf32>, tensor<?x5xf32>, tensor<?x5xf32>,
         tensor<?xi32>) -> tensor<?x21xf32>
  return %y : tensor<?x21xf32>
}

// A read-out that sums nothing, and one by a constant.
// CHECK-DAG: read_in_place: 10 forms right
func.func @read_in_place(%g: tensor<?x33xf32> {check.kind = "gates"}, %x: tensor<?x33xf32>, %c: tensor<?x33xf32>,
                         %offsets: tensor<?xi32>) -> tensor<?x33xf32> {
  %y = strand.linear_recurrence decay(%g) input(%x) read(%c) offsets %offsets {log, indexing_maps = [#td, #td, #td, #td]}
      : (tensor<?x33xf32>, tensor<?x33xf32>, tensor<?x33xf32>, tensor<?xi32>) -> tensor<?x33xf32>
  return %y : tensor<?x33xf32>
}
// CHECK-DAG: read_by_a_constant: 10 forms right
func.func @read_by_a_constant(%g: tensor<?x4xf32> {check.kind = "gates"}, %x: tensor<?x24xf32>, %c: tensor<4xf32>,
                              %offsets: tensor<?xi32>) -> tensor<?x24xf32> {
  %y = strand.linear_recurrence decay(%g) input(%x) read(%c) offsets %offsets
      {log, indexing_maps = [#nd_tn, #nd_td, #nd_n, #nd_td]}
      : (tensor<?x4xf32>, tensor<?x24xf32>, tensor<4xf32>, tensor<?xi32>) -> tensor<?x24xf32>
  return %y : tensor<?x24xf32>
}

// A matrix state that is the result itself.
// CHECK-DAG: matrix_state: 10 forms right
func.func @matrix_state(%g: tensor<?x3xf32> {check.kind = "gates"}, %k: tensor<?x3xf32>, %v: tensor<?x20xf32>,
                        %offsets: tensor<?xi32>) -> tensor<?x3x20xf32> {
  %y = strand.linear_recurrence decay(%g) input(%k, %v) offsets %offsets
      {log, indexing_maps = [#nd_tn, #nd_tn, #nd_td, #t_nd]}
      : (tensor<?x3xf32>, tensor<?x3xf32>, tensor<?x20xf32>, tensor<?xi32>) -> tensor<?x3x20xf32>
  return %y : tensor<?x3x20xf32>
}

// Two of them in turn, with row-wise ops between, in a function of their own.
// CHECK-DAG: two_layers: 10 forms right
func.func private @layer(%x: tensor<?x32xf32>, %w: tensor<32xf32>, %offsets: tensor<?xi32>) -> tensor<?x32xf32> {
  %c0 = arith.constant 0 : index
  %n = tensor.dim %x, %c0 : tensor<?x32xf32>
  %e = tensor.empty(%n) : tensor<?x32xf32>
  %g = linalg.generic {indexing_maps = [#td, #d, #td], iterator_types = ["parallel", "parallel"]}
      ins(%x, %w : tensor<?x32xf32>, tensor<32xf32>) outs(%e : tensor<?x32xf32>) {
  ^bb0(%in: f32, %scale: f32, %out: f32):
    %m = arith.mulf %in, %scale : f32
    %s = arith.mulf %m, %m : f32
    %minus = arith.negf %s : f32
    linalg.yield %minus : f32
  } -> tensor<?x32xf32>
  %y = strand.linear_recurrence decay(%g) input(%x) offsets %offsets {log, indexing_maps = [#td, #td, #td]}
      : (tensor<?x32xf32>, tensor<?x32xf32>, tensor<?xi32>) -> tensor<?x32xf32>
  return %y : tensor<?x32xf32>
}
func.func @two_layers(%x: tensor<?x32xf32>, %w: tensor<32xf32>, %u: tensor<32xf32>, %offsets: tensor<?xi32>) -> tensor<?x32xf32> {
  %a = call @layer(%x, %w, %offsets) : (tensor<?x32xf32>, tensor<32xf32>, tensor<?xi32>) -> tensor<?x32xf32>
  %b = call @layer(%a, %u, %offsets) : (tensor<?x32xf32>, tensor<32xf32>, tensor<?xi32>) -> tensor<?x32xf32>
  return %b : tensor<?x32xf32>
}
