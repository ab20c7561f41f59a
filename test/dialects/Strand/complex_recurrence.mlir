// RUN: strand-opt %s | strand-opt | FileCheck %s
// RUN: strand-opt %s --mlir-print-op-generic | strand-opt | FileCheck %s
// RUN: strand-opt %s -canonicalize | FileCheck %s --check-prefix=FOLDED
#td = affine_map<(t, d) -> (t, d)>
#d = affine_map<(t, d) -> (d)>
#nd_td = affine_map<(t, n, d) -> (t, d)>
#nd_nd = affine_map<(t, n, d) -> (n, d)>

// CHECK-LABEL: @whole
// CHECK: strand.complex_recurrence decay(%{{.*}}) turn(%{{.*}}) input(%{{.*}}) imag(%{{.*}}) offsets %{{.*}} {both, indexing_maps = [#map, #map1, #map, #map, #map], log}
// CHECK-SAME: : (tensor<?x8xf32>, tensor<8xf32>, tensor<?x8xf32>, tensor<?x8xf32>, tensor<?xi32>) -> (tensor<?x8xf32>, tensor<?x8xf32>)
// FOLDED-LABEL: @whole
// FOLDED: {both,
func.func @whole(%g: tensor<?x8xf32>, %w: tensor<8xf32>, %x: tensor<?x8xf32>, %offsets: tensor<?xi32>)
    -> (tensor<?x8xf32>, tensor<?x8xf32>) {
  %y:2 = strand.complex_recurrence decay(%g) turn(%w) input(%x) imag(%x) offsets %offsets
      {log, both, indexing_maps = [#td, #d, #td, #td, #td]}
      : (tensor<?x8xf32>, tensor<8xf32>, tensor<?x8xf32>, tensor<?x8xf32>, tensor<?xi32>) -> (tensor<?x8xf32>, tensor<?x8xf32>)
  return %y#0, %y#1 : tensor<?x8xf32>, tensor<?x8xf32>
}

// CHECK-LABEL: @read_with_state
// CHECK: strand.complex_recurrence decay(%{{.*}}) turn(%{{.*}}) input(%{{.*}}) read(%{{.*}}, %{{.*}}) offsets %{{.*}} states(%{{.*}}, %{{.*}}) slots %{{.*}} {
func.func @read_with_state(%a: tensor<4x8xf64>, %x: tensor<?x8xf64>, %offsets: tensor<?xi32>, %h: tensor<?x4x8xf64>,
                           %slots: tensor<?xi32>) -> (tensor<?x8xf64>, tensor<?x4x8xf64>, tensor<?x4x8xf64>) {
  %y:3 = strand.complex_recurrence decay(%a) turn(%a) input(%x) read(%a, %a) offsets %offsets states(%h, %h) slots %slots
      {indexing_maps = [#nd_nd, #nd_nd, #nd_td, #nd_nd, #nd_nd, #nd_td]}
      : (tensor<4x8xf64>, tensor<4x8xf64>, tensor<?x8xf64>, tensor<4x8xf64>, tensor<4x8xf64>, tensor<?xi32>,
         tensor<?x4x8xf64>, tensor<?x4x8xf64>, tensor<?xi32>) -> (tensor<?x8xf64>, tensor<?x4x8xf64>, tensor<?x4x8xf64>)
  return %y#0, %y#1, %y#2 : tensor<?x8xf64>, tensor<?x4x8xf64>, tensor<?x4x8xf64>
}

// The imaginary part goes where nobody reads it.
// FOLDED-LABEL: @real_part
// FOLDED: %[[Y:.*]] = strand.complex_recurrence decay(%{{.*}}) turn(%{{.*}}) input(%{{.*}}) offsets %{{.*}} {indexing_maps = [
// FOLDED-NOT: both
// FOLDED: return %[[Y]] :
func.func @real_part(%a: tensor<8xf32>, %x: tensor<?x8xf32>, %offsets: tensor<?xi32>) -> tensor<?x8xf32> {
  %y:2 = strand.complex_recurrence decay(%a) turn(%a) input(%x) offsets %offsets {both, indexing_maps = [#d, #d, #td, #td]}
      : (tensor<8xf32>, tensor<8xf32>, tensor<?x8xf32>, tensor<?xi32>) -> (tensor<?x8xf32>, tensor<?x8xf32>)
  return %y#0 : tensor<?x8xf32>
}

// FOLDED-LABEL: @real_part_with_state
// FOLDED: %[[Y:.*]], %[[H:.*]]:2 = strand.complex_recurrence {{.*}} states(
// FOLDED-NOT: both
// FOLDED: return %[[Y]], %[[H]]#0, %[[H]]#1 :
func.func @real_part_with_state(%a: tensor<8xf32>, %x: tensor<?x8xf32>, %offsets: tensor<?xi32>, %h: tensor<?x8xf32>,
                                %slots: tensor<?xi32>) -> (tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>) {
  %y:4 = strand.complex_recurrence decay(%a) turn(%a) input(%x) offsets %offsets states(%h, %h) slots %slots
      {both, indexing_maps = [#d, #d, #td, #td]}
      : (tensor<8xf32>, tensor<8xf32>, tensor<?x8xf32>, tensor<?xi32>, tensor<?x8xf32>, tensor<?x8xf32>, tensor<?xi32>)
      -> (tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>)
  return %y#0, %y#2, %y#3 : tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>
}
