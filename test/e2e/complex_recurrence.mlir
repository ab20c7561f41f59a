// All forms of strand.complex_recurrence against its meaning in f64.
// RUN: strand-check %s | FileCheck %s --implicit-check-not=wrong

#td = affine_map<(t, d) -> (t, d)>
#d = affine_map<(t, d) -> (d)>
#t_nd = affine_map<(t, n, d) -> (t, n, d)>
#nd_td = affine_map<(t, n, d) -> (t, d)>
#nd_tn = affine_map<(t, n, d) -> (t, n)>
#nd_nd = affine_map<(t, n, d) -> (n, d)>

// Strong, weak and mixed moduli, any angle.
// CHECK-DAG: gates_and_angles: 10 forms right
func.func @gates_and_angles(%g: tensor<?x96xf32> {check.kind = "gates"}, %w: tensor<?x96xf32> {check.range = [-3.2, 3.2]},
                            %x: tensor<?x96xf32>, %xi: tensor<?x96xf32>, %offsets: tensor<?xi32>)
    -> (tensor<?x96xf32>, tensor<?x96xf32>) {
  %y:2 = strand.complex_recurrence decay(%g) turn(%w) input(%x) imag(%xi) offsets %offsets
      {log, both, indexing_maps = [#td, #td, #td, #td, #td]}
      : (tensor<?x96xf32>, tensor<?x96xf32>, tensor<?x96xf32>, tensor<?x96xf32>, tensor<?xi32>)
      -> (tensor<?x96xf32>, tensor<?x96xf32>)
  return %y#0, %y#1 : tensor<?x96xf32>, tensor<?x96xf32>
}

// Parts as they are, of modulus up to 1, of both signs.
// CHECK-DAG: parts_as_they_are: 10 forms right
func.func @parts_as_they_are(%a: tensor<?x64xf32> {check.range = [-0.7, 0.7]}, %ai: tensor<?x64xf32> {check.range = [-0.7, 0.7]},
                             %x: tensor<?x64xf32>, %offsets: tensor<?xi32>) -> tensor<?x64xf32> {
  %y = strand.complex_recurrence decay(%a) turn(%ai) input(%x) offsets %offsets {indexing_maps = [#td, #td, #td, #td]}
      : (tensor<?x64xf32>, tensor<?x64xf32>, tensor<?x64xf32>, tensor<?xi32>) -> tensor<?x64xf32>
  return %y : tensor<?x64xf32>
}

// Turns by any angle that hardly decay.
// CHECK-DAG: turns: 10 forms right
func.func @turns(%g: tensor<?x32xf32> {check.range = [-1.0e-3, -1.0e-5]}, %w: tensor<?x32xf32> {check.range = [-3.2, 3.2]},
                 %x: tensor<?x32xf32>, %offsets: tensor<?xi32>) -> tensor<?x32xf32> {
  %y = strand.complex_recurrence decay(%g) turn(%w) input(%x) offsets %offsets {log, indexing_maps = [#td, #td, #td, #td]}
      : (tensor<?x32xf32>, tensor<?x32xf32>, tensor<?x32xf32>, tensor<?xi32>) -> tensor<?x32xf32>
  return %y : tensor<?x32xf32>
}

// The same transition in every row, large angles (S4D): [n, d] complex states, read by constants.
// CHECK-DAG: time_invariant: 10 forms right
func.func @time_invariant(%a: tensor<6x40xf32> {check.range = [-0.7, 0.7]}, %ai: tensor<6x40xf32> {check.range = [-0.7, 0.7]},
                          %x: tensor<?x40xf32>, %c: tensor<6x40xf32>, %ci: tensor<6x40xf32>, %offsets: tensor<?xi32>)
    -> tensor<?x40xf32> {
  %y = strand.complex_recurrence decay(%a) turn(%ai) input(%x) read(%c, %ci) offsets %offsets
      {indexing_maps = [#nd_nd, #nd_nd, #nd_td, #nd_nd, #nd_nd, #nd_td]}
      : (tensor<6x40xf32>, tensor<6x40xf32>, tensor<?x40xf32>, tensor<6x40xf32>, tensor<6x40xf32>, tensor<?xi32>)
      -> tensor<?x40xf32>
  return %y : tensor<?x40xf32>
}

// CHECK-DAG: time_invariant_logarithm: 10 forms right
func.func @time_invariant_logarithm(%g: tensor<33xf32> {check.range = [-0.5, -1.0e-4]}, %w: tensor<33xf32> {check.range = [-20.0, 20.0]},
                                    %x: tensor<?x33xf32>, %offsets: tensor<?xi32>) -> (tensor<?x33xf32>, tensor<?x33xf32>) {
  %y:2 = strand.complex_recurrence decay(%g) turn(%w) input(%x) offsets %offsets {log, both, indexing_maps = [#d, #d, #td, #td]}
      : (tensor<33xf32>, tensor<33xf32>, tensor<?x33xf32>, tensor<?xi32>) -> (tensor<?x33xf32>, tensor<?x33xf32>)
  return %y#0, %y#1 : tensor<?x33xf32>, tensor<?x33xf32>
}

// A step of the row times a constant, complex input and reading of the row; neither dimension a multiple of anything.
// CHECK-DAG: selective: 10 forms right
func.func @selective(%dt: tensor<?x21xf32> {check.range = [0.001, 0.5]}, %a: tensor<5x21xf32> {check.range = [-4.0, -0.1]},
                     %ai: tensor<5x21xf32> {check.range = [-6.0, 6.0]}, %x: tensor<?x21xf32>, %b: tensor<?x5xf32>,
                     %bi: tensor<?x5xf32>, %c: tensor<?x5xf32>, %ci: tensor<?x5xf32>, %offsets: tensor<?xi32>)
    -> tensor<?x21xf32> {
  %y = strand.complex_recurrence decay(%dt, %a) turn(%dt, %ai) input(%dt, %x, %b) imag(%dt, %x, %bi) read(%c, %ci)
      offsets %offsets
      {log, indexing_maps = [#nd_td, #nd_nd, #nd_td, #nd_nd, #nd_td, #nd_td, #nd_tn, #nd_td, #nd_td, #nd_tn, #nd_tn, #nd_tn, #nd_td]}
      : (tensor<?x21xf32>, tensor<5x21xf32>, tensor<?x21xf32>, tensor<5x21xf32>, tensor<?x21xf32>, tensor<?x21xf32>,
         tensor<?x5xf32>, tensor<?x21xf32>, tensor<?x21xf32>, tensor<?x5xf32>, tensor<?x5xf32>, tensor<?x5xf32>,
         tensor<?xi32>) -> tensor<?x21xf32>
  return %y : tensor<?x21xf32>
}

// A real reading, and one channel.
// CHECK-DAG: real_reading: 10 forms right
func.func @real_reading(%g: tensor<?x1xf32> {check.kind = "gates"}, %w: tensor<1xf32> {check.range = [-3.0, 3.0]},
                        %x: tensor<?x1xf32>, %c: tensor<?x1xf32>, %offsets: tensor<?xi32>) -> tensor<?x1xf32> {
  %y = strand.complex_recurrence decay(%g) turn(%w) input(%x) read(%c) offsets %offsets
      {log, indexing_maps = [#td, #d, #td, #td, #td]}
      : (tensor<?x1xf32>, tensor<1xf32>, tensor<?x1xf32>, tensor<?x1xf32>, tensor<?xi32>) -> tensor<?x1xf32>
  return %y : tensor<?x1xf32>
}

// Several blocks of channels, which are tasks of their own.
// CHECK-DAG: several_blocks: 10 forms right
func.func @several_blocks(%g: tensor<2080xf32> {check.range = [-1.0, -0.01]}, %w: tensor<2080xf32> {check.range = [-3.2, 3.2]},
                          %x: tensor<?x2080xf32>, %offsets: tensor<?xi32>) -> (tensor<?x2080xf32>, tensor<?x2080xf32>) {
  %y:2 = strand.complex_recurrence decay(%g) turn(%w) input(%x) offsets %offsets {log, both, indexing_maps = [#d, #d, #td, #td]}
      : (tensor<2080xf32>, tensor<2080xf32>, tensor<?x2080xf32>, tensor<?xi32>) -> (tensor<?x2080xf32>, tensor<?x2080xf32>)
  return %y#0, %y#1 : tensor<?x2080xf32>, tensor<?x2080xf32>
}

// A matrix state that is the results themselves.
// CHECK-DAG: matrix_state: 10 forms right
func.func @matrix_state(%g: tensor<?x3xf32> {check.kind = "gates"}, %w: tensor<?x20xf32> {check.range = [-3.2, 3.2]},
                        %k: tensor<?x3xf32>, %v: tensor<?x20xf32>, %offsets: tensor<?xi32>)
    -> (tensor<?x3x20xf32>, tensor<?x3x20xf32>) {
  %y:2 = strand.complex_recurrence decay(%g) turn(%w) input(%k, %v) offsets %offsets
      {log, both, indexing_maps = [#nd_tn, #nd_td, #nd_tn, #nd_td, #t_nd]}
      : (tensor<?x3xf32>, tensor<?x20xf32>, tensor<?x3xf32>, tensor<?x20xf32>, tensor<?xi32>)
      -> (tensor<?x3x20xf32>, tensor<?x3x20xf32>)
  return %y#0, %y#1 : tensor<?x3x20xf32>, tensor<?x3x20xf32>
}
