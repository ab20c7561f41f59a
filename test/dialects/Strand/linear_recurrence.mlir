// RUN: strand-opt %s | strand-opt | FileCheck %s
// RUN: strand-opt %s --mlir-print-op-generic | strand-opt | FileCheck %s
#td = affine_map<(t, d) -> (t, d)>
#d = affine_map<(t, d) -> (d)>
#nd_td = affine_map<(t, n, d) -> (t, d)>
#nd_tn = affine_map<(t, n, d) -> (t, n)>
#nd_nd = affine_map<(t, n, d) -> (n, d)>
#all = affine_map<(t, n, d) -> (t, n, d)>

// CHECK-LABEL: @whole
// CHECK: strand.linear_recurrence decay(%{{.*}}) input(%{{.*}}) offsets %{{.*}} {indexing_maps = [#map, #map, #map], log}
// CHECK-SAME: : (tensor<?x64xf32>, tensor<?x64xf32>, tensor<?xi32>) -> tensor<?x64xf32>
func.func @whole(%a: tensor<?x64xf32>, %x: tensor<?x64xf32>, %offsets: tensor<?xi32>) -> tensor<?x64xf32> {
  %y = strand.linear_recurrence decay(%a) input(%x) offsets %offsets {log, indexing_maps = [#td, #td, #td]}
      : (tensor<?x64xf32>, tensor<?x64xf32>, tensor<?xi32>) -> tensor<?x64xf32>
  return %y : tensor<?x64xf32>
}

// CHECK-LABEL: @with_state
// CHECK: %{{.*}}, %{{.*}} = strand.linear_recurrence decay(%{{.*}}) input(%{{.*}}) offsets %{{.*}} states(%{{.*}}) slots %{{.*}} {
// CHECK-SAME: : (tensor<?x64xf32>, tensor<?x64xf32>, tensor<?xi32>, tensor<?x64xf32>, tensor<?xi32>) -> (tensor<?x64xf32>, tensor<?x64xf32>)
func.func @with_state(%a: tensor<?x64xf32>, %x: tensor<?x64xf32>, %offsets: tensor<?xi32>, %h: tensor<?x64xf32>, %slots: tensor<?xi32>)
    -> (tensor<?x64xf32>, tensor<?x64xf32>) {
  %y:2 = strand.linear_recurrence decay(%a) input(%x) offsets %offsets states(%h) slots %slots {indexing_maps = [#td, #td, #td]}
      : (tensor<?x64xf32>, tensor<?x64xf32>, tensor<?xi32>, tensor<?x64xf32>, tensor<?xi32>) -> (tensor<?x64xf32>, tensor<?x64xf32>)
  return %y#0, %y#1 : tensor<?x64xf32>, tensor<?x64xf32>
}

// Several factors, a read-out, rows that are not the first operand, f64.
// CHECK-LABEL: @selective_scan
// CHECK: strand.linear_recurrence decay(%{{.*}}, %{{.*}}) input(%{{.*}}, %{{.*}}, %{{.*}}) read(%{{.*}}) offsets %{{.*}}
func.func @selective_scan(%delta: tensor<?x8xf64>, %A: tensor<4x8xf64>, %x: tensor<?x8xf64>, %B: tensor<?x4xf64>,
                          %C: tensor<?x4xf64>, %offsets: tensor<?xi32>) -> tensor<?x8xf64> {
  %y = strand.linear_recurrence decay(%delta, %A) input(%delta, %x, %B) read(%C) offsets %offsets
      {log, indexing_maps = [#nd_td, #nd_nd, #nd_td, #nd_td, #nd_tn, #nd_tn, #nd_td]}
      : (tensor<?x8xf64>, tensor<4x8xf64>, tensor<?x8xf64>, tensor<?x8xf64>, tensor<?x4xf64>, tensor<?x4xf64>, tensor<?xi32>)
      -> tensor<?x8xf64>
  return %y : tensor<?x8xf64>
}

// A result of every dimension without a read-out; a decay that is the same in every row.
// CHECK-LABEL: @matrix
// CHECK: strand.linear_recurrence {{.*}} -> tensor<?x4x8xf32>
func.func @matrix(%w: tensor<4x8xf32>, %k: tensor<?x4xf32>, %v: tensor<?x8xf32>, %offsets: tensor<?xi32>) -> tensor<?x4x8xf32> {
  %y = strand.linear_recurrence decay(%w) input(%k, %v) offsets %offsets {indexing_maps = [#nd_nd, #nd_tn, #nd_td, #all]}
      : (tensor<4x8xf32>, tensor<?x4xf32>, tensor<?x8xf32>, tensor<?xi32>) -> tensor<?x4x8xf32>
  return %y : tensor<?x4x8xf32>
}
