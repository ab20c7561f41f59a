// RUN: strand-opt %s -strand-derive-advance -split-input-file | FileCheck %s
#td = affine_map<(t, d) -> (t, d)>
#t = affine_map<(t, d) -> (t)>

// @forward becomes the private @advance, whose arguments say what they are; states come behind the old operands, slots
// last; next states behind the old results.
// CHECK-LABEL: func.func private @advance(
// CHECK-SAME:    %{{.*}}: tensor<?xi32> {strand.input = "tokens"}, %[[OFFSETS:.*]]: tensor<?xi32> {strand.input = "offsets"},
// CHECK-SAME:    %[[H:.*]]: tensor<?x8xf32> {strand.initial = 0.000000e+00 : f32, strand.state = "linear_recurrence.h"},
// CHECK-SAME:    %[[SLOTS:.*]]: tensor<?xi32> {strand.input = "slots"}) -> (tensor<?x8xf32>, tensor<?x8xf32>)
// CHECK:         %[[Y:.*]], %[[NEXT:.*]] = strand.linear_recurrence {{.*}} offsets %[[OFFSETS]] states(%[[H]]) slots %[[SLOTS]]
// CHECK:         return %[[Y]], %[[NEXT]]
func.func @forward(%tokens: tensor<?xi32>, %offsets: tensor<?xi32>) -> tensor<?x8xf32> {
  %c0 = arith.constant 0 : index
  %n = tensor.dim %tokens, %c0 : tensor<?xi32>
  %e = tensor.empty(%n) : tensor<?x8xf32>
  %x = linalg.generic {indexing_maps = [#t, #td], iterator_types = ["parallel", "parallel"]}
      ins(%tokens : tensor<?xi32>) outs(%e : tensor<?x8xf32>) {
  ^bb0(%in: i32, %out: f32):
    %f = arith.sitofp %in : i32 to f32
    linalg.yield %f : f32
  } -> tensor<?x8xf32>
  %y = strand.linear_recurrence decay(%x) input(%x) offsets %offsets {indexing_maps = [#td, #td, #td]}
      : (tensor<?x8xf32>, tensor<?x8xf32>, tensor<?xi32>) -> tensor<?x8xf32>
  return %y : tensor<?x8xf32>
}

// -----

// Calls carry what their callees carry. Each step of a path is the given name, else the callee or mnemonic, told apart by
// a number; a function without state stays as it is.
#td = affine_map<(t, d) -> (t, d)>
// CHECK-LABEL: func.func private @layer(
// CHECK-SAME:    %[[X:[a-z0-9]+]]: tensor<?x8xf32>, %{{[a-z0-9]+}}: tensor<?xi32>, %[[A:[a-z0-9]+]]: tensor<?x8xf32>,
// CHECK-SAME:    %[[B:[a-z0-9]+]]: tensor<?x8xf32>, %[[SLOTS:[a-z0-9]+]]: tensor<?xi32>)
// CHECK-SAME:    -> (tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>)
// CHECK:         %[[Y:.*]], %[[NEXT_A:.*]] = strand.linear_recurrence {{.*}} states(%[[A]]) slots %[[SLOTS]]
// CHECK:         %[[Z:.*]], %[[NEXT_B:.*]] = strand.linear_recurrence {{.*}} states(%[[B]]) slots %[[SLOTS]]
// CHECK:         return %[[Z]], %[[NEXT_A]], %[[NEXT_B]]
func.func private @layer(%x: tensor<?x8xf32>, %offsets: tensor<?xi32>) -> tensor<?x8xf32> {
  %y = strand.linear_recurrence decay(%x) input(%x) offsets %offsets {indexing_maps = [#td, #td, #td]}
      : (tensor<?x8xf32>, tensor<?x8xf32>, tensor<?xi32>) -> tensor<?x8xf32>
  %z = strand.linear_recurrence decay(%y) input(%x) offsets %offsets {indexing_maps = [#td, #td, #td]}
      : (tensor<?x8xf32>, tensor<?x8xf32>, tensor<?xi32>) -> tensor<?x8xf32>
  return %z : tensor<?x8xf32>
}
// CHECK-LABEL: func.func private @stateless(%{{.*}}: tensor<?x8xf32>) -> tensor<?x8xf32>
func.func private @stateless(%x: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %y = arith.mulf %x, %x : tensor<?x8xf32>
  return %y : tensor<?x8xf32>
}
func.func private @embed(%tokens: tensor<?xi32>) -> tensor<?x8xf32>
// CHECK-LABEL: func.func private @advance(
// CHECK-SAME:    strand.state = "layers.0.linear_recurrence.h"}
// CHECK-SAME:    strand.state = "layers.0.linear_recurrence_1.h"}
// CHECK-SAME:    strand.state = "layer.linear_recurrence.h"}
// CHECK-SAME:    strand.state = "layer.linear_recurrence_1.h"}
// CHECK-SAME:    strand.state = "layer_1.linear_recurrence.h"}
// CHECK-SAME:    strand.state = "layer_1.linear_recurrence_1.h"}
// CHECK:         call @embed(%{{[a-z0-9]+}}) :
// CHECK:         %[[C:.*]]:3 = call @layer({{.*}}) {strand.name = "layers.0"} :
// CHECK:         call @stateless(%[[C]]#0) :
func.func @forward(%tokens: tensor<?xi32>, %offsets: tensor<?xi32>) -> tensor<?x8xf32> {
  %x = call @embed(%tokens) : (tensor<?xi32>) -> tensor<?x8xf32>
  %a = call @layer(%x, %offsets) {strand.name = "layers.0"} : (tensor<?x8xf32>, tensor<?xi32>) -> tensor<?x8xf32>
  %b = call @stateless(%a) : (tensor<?x8xf32>) -> tensor<?x8xf32>
  %c = call @layer(%b, %offsets) : (tensor<?x8xf32>, tensor<?xi32>) -> tensor<?x8xf32>
  %d = call @layer(%c, %offsets) : (tensor<?x8xf32>, tensor<?xi32>) -> tensor<?x8xf32>
  return %d : tensor<?x8xf32>
}

// -----

// Without @forward too; what a function marked strand.entry carries is said at its arguments. A model without state has
// no slots.
// CHECK-LABEL: func.func @marked(
// CHECK-SAME:    %{{[a-z0-9]+}}: tensor<?x2x4xf32>, %{{[a-z0-9]+}}: tensor<?xi32>,
// CHECK-SAME:    %[[S:[a-z0-9]+]]: tensor<?x2x4x4xf32> {strand.initial = 0.000000e+00 : f32, strand.state = "mixer.s"},
// CHECK-SAME:    %[[Z:[a-z0-9]+]]: tensor<?x2x4xf32> {strand.initial = 0.000000e+00 : f32, strand.state = "mixer.z"},
// CHECK-SAME:    %{{[a-z0-9]+}}: tensor<?xi32> {strand.input = "slots"})
// CHECK:         states(%[[S]], %[[Z]])
func.func @marked(%x: tensor<?x2x4xf32>, %offsets: tensor<?xi32>) -> tensor<?x2x4xf32> attributes {strand.entry = "f"} {
  %y = strand.linear_attention %x, %x, %x offsets %offsets {normalized, strand.name = "mixer"}
      : (tensor<?x2x4xf32>, tensor<?x2x4xf32>, tensor<?x2x4xf32>, tensor<?xi32>) -> tensor<?x2x4xf32>
  return %y : tensor<?x2x4xf32>
}
// CHECK-LABEL: func.func private @advance(
// CHECK-SAME:    %{{[a-z0-9]+}}: tensor<?xi32> {strand.input = "tokens"}, %{{[a-z0-9]+}}: tensor<?xi32> {strand.input = "offsets"})
// CHECK-SAME:    -> tensor<?xi32> {
func.func @forward(%tokens: tensor<?xi32>, %offsets: tensor<?xi32>) -> tensor<?xi32> {
  return %tokens : tensor<?xi32>
}

// -----

// What treats each row by itself: maps that keep dimension 0, sums along a row, products of rows and a matrix, shapes
// behind dimension 0, slices of all rows.
// CHECK-LABEL: func.func private @row_wise(
#r = affine_map<(t, d) -> (t)>
#id = affine_map<(t, d) -> (t, d)>
#t = affine_map<(t, n, k) -> (t, k)>
#w = affine_map<(t, n, k) -> (n, k)>
#y = affine_map<(t, n, k) -> (t, n)>
func.func private @row_wise(%x: tensor<?x8xf32>, %w: tensor<4x8xf32>) -> tensor<?x2x2xf32> {
  %zero = arith.constant 0.0 : f32
  %c0 = arith.constant 0 : index
  %n = tensor.dim %x, %c0 : tensor<?x8xf32>
  %e = tensor.empty(%n) : tensor<?xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<?xf32>) -> tensor<?xf32>
  %sum = linalg.generic {indexing_maps = [#id, #r], iterator_types = ["parallel", "reduction"]}
      ins(%x : tensor<?x8xf32>) outs(%f : tensor<?xf32>) {
  ^bb0(%a: f32, %b: f32):
    %s = arith.addf %a, %b : f32
    linalg.yield %s : f32
  } -> tensor<?xf32>
  %e4 = tensor.empty(%n) : tensor<?x4xf32>
  %scaled = linalg.generic {indexing_maps = [#t, #w, #y], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %w : tensor<?x8xf32>, tensor<4x8xf32>) outs(%e4 : tensor<?x4xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %p = arith.mulf %a, %b : f32
    %s = arith.addf %p, %c : f32
    linalg.yield %s : f32
  } -> tensor<?x4xf32>
  %double = arith.addf %scaled, %scaled : tensor<?x4xf32>
  %padded = tensor.pad %double low[0, 1] high[0, 3] {
  ^bb0(%i: index, %j: index):
    tensor.yield %zero : f32
  } : tensor<?x4xf32> to tensor<?x8xf32>
  %part = tensor.extract_slice %padded[0, 2] [%n, 4] [1, 1] : tensor<?x8xf32> to tensor<?x4xf32>
  %pairs = tensor.expand_shape %part [[0], [1, 2]] output_shape [%n, 2, 2] : tensor<?x4xf32> into tensor<?x2x2xf32>
  return %pairs : tensor<?x2x2xf32>
}

// -----

// A function for whole sequences carries nothing.
// CHECK-LABEL: func.func private @whole(
// CHECK-SAME:    tensor<?xi32>) -> tensor<?x8xf32> attributes
// CHECK:         strand.linear_recurrence {{.*}} offsets %{{.*}} {indexing_maps
#td = affine_map<(t, d) -> (t, d)>
func.func private @whole(%x: tensor<?x8xf32>, %offsets: tensor<?xi32>) -> tensor<?x8xf32> attributes {strand.whole} {
  %y = strand.linear_recurrence decay(%x) input(%x) offsets %offsets {indexing_maps = [#td, #td, #td]}
      : (tensor<?x8xf32>, tensor<?x8xf32>, tensor<?xi32>) -> tensor<?x8xf32>
  return %y : tensor<?x8xf32>
}
