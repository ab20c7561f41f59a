// RUN: strand-opt %s -strand-fuse-results -split-input-file | FileCheck %s
#td = affine_map<(t, d) -> (t, d)>
#d = affine_map<(t, d) -> (d)>
#t = affine_map<(t, d) -> (t)>

// What reads the rows of a recurrence is computed with them; the recurrence itself goes on with what it was.
// CHECK-LABEL: func.func @narrowed(
// CHECK-SAME:    %[[A:.*]]: tensor<16x8xf32>, %[[Z:.*]]: tensor<8xf32>, %[[H:.*]]: tensor<8xf32>, %[[Y:.*]]: tensor<16x8xf32>, %[[OUT:.*]]: tensor<16x8xbf16>)
// CHECK:         %[[R:.*]]:2 = linalg.generic {{.*}} iterator_types = ["reduction", "parallel"]} ins(%[[A]], %[[Z]] : tensor<16x8xf32>, tensor<8xf32>) outs(%[[OUT]], %[[H]] : tensor<16x8xbf16>, tensor<8xf32>) attrs = {strand.streams} {
// CHECK:           ^bb0(%[[IN:.*]]: f32, %[[W:.*]]: f32, %{{.*}}: bf16, %[[STATE:.*]]: f32):
// CHECK:             %[[NEXT:.*]] = arith.addf %[[STATE]], %[[IN]]
// CHECK:             %[[SCALED:.*]] = arith.mulf %[[NEXT]], %[[W]]
// CHECK:             %[[NARROW:.*]] = arith.truncf %[[SCALED]]
// CHECK:             linalg.yield %[[NARROW]], %[[NEXT]] : bf16, f32
// CHECK-NOT:     linalg.generic
// CHECK:         return %[[R]]#0, %[[R]]#1
func.func @narrowed(%a: tensor<16x8xf32>, %z: tensor<8xf32>, %h: tensor<8xf32>, %y: tensor<16x8xf32>, %out: tensor<16x8xbf16>) -> (tensor<16x8xbf16>, tensor<8xf32>) {
  %r:2 = linalg.generic {indexing_maps = [#td, #td, #d], iterator_types = ["reduction", "parallel"]}
      ins(%a : tensor<16x8xf32>) outs(%y, %h : tensor<16x8xf32>, tensor<8xf32>) attrs = {strand.streams} {
  ^bb0(%in: f32, %row: f32, %state: f32):
    %next = arith.addf %state, %in : f32
    linalg.yield %next, %next : f32, f32
  } -> (tensor<16x8xf32>, tensor<8xf32>)
  %n = linalg.generic {indexing_maps = [#td, #d, #td], iterator_types = ["parallel", "parallel"]}
      ins(%r#0, %z : tensor<16x8xf32>, tensor<8xf32>) outs(%out : tensor<16x8xbf16>) {
  ^bb0(%in: f32, %w: f32, %o: bf16):
    %scaled = arith.mulf %in, %w : f32
    %narrow = arith.truncf %scaled : f32 to bf16
    linalg.yield %narrow : bf16
  } -> tensor<16x8xbf16>
  return %n, %r#1 : tensor<16x8xbf16>, tensor<8xf32>
}

// -----

// A sum is whole only at the end, and what somebody else reads has to stay.
#td = affine_map<(t, d) -> (t, d)>
#t = affine_map<(t, d) -> (t)>
#id = affine_map<(t) -> (t)>
// CHECK-LABEL: func.func @sums(
// CHECK-COUNT-2: linalg.generic
func.func @sums(%a: tensor<16x8xf32>, %y: tensor<16xf32>, %out: tensor<16xbf16>) -> tensor<16xbf16> {
  %r = linalg.generic {indexing_maps = [#td, #t], iterator_types = ["parallel", "reduction"]} ins(%a : tensor<16x8xf32>) outs(%y : tensor<16xf32>) {
  ^bb0(%in: f32, %sum: f32):
    %next = arith.addf %sum, %in : f32
    linalg.yield %next : f32
  } -> tensor<16xf32>
  %n = linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]} ins(%r : tensor<16xf32>) outs(%out : tensor<16xbf16>) {
  ^bb0(%in: f32, %o: bf16):
    %narrow = arith.truncf %in : f32 to bf16
    linalg.yield %narrow : bf16
  } -> tensor<16xbf16>
  return %n : tensor<16xbf16>
}

// -----

// Several results that one op reads, each element once, are computed where it reads them.
#td = affine_map<(t, d) -> (t, d)>
#d = affine_map<(t, d) -> (d)>
// CHECK-LABEL: func.func @gates(
// CHECK-SAME:    %[[X:.*]]: tensor<16x8xf32>, %[[W:.*]]: tensor<8xf32>, %[[H:.*]]: tensor<8xf32>, %{{.*}}: tensor<16x8xf32>)
// CHECK-NOT:     linalg.generic
// CHECK:         %[[R:.*]] = linalg.generic {{.*}} iterator_types = ["reduction", "parallel"]} ins(%[[X]], %[[W]] : tensor<16x8xf32>, tensor<8xf32>) outs(%[[H]] : tensor<8xf32>) {
// CHECK:           ^bb0(%[[IN:.*]]: f32, %[[V:.*]]: f32, %[[STATE:.*]]: f32):
// CHECK:             %[[A:.*]] = arith.negf %[[IN]]
// CHECK:             %[[B:.*]] = arith.mulf %[[IN]], %[[V]]
// CHECK:             %[[KEPT:.*]] = arith.mulf %[[A]], %[[STATE]]
// CHECK:             arith.addf %[[KEPT]], %[[B]]
// CHECK-NOT:     linalg.generic
func.func @gates(%x: tensor<16x8xf32>, %w: tensor<8xf32>, %h: tensor<8xf32>, %e: tensor<16x8xf32>) -> tensor<8xf32> {
  %g:2 = linalg.generic {indexing_maps = [#td, #d, #td, #td], iterator_types = ["parallel", "parallel"]}
      ins(%x, %w : tensor<16x8xf32>, tensor<8xf32>) outs(%e, %e : tensor<16x8xf32>, tensor<16x8xf32>) {
  ^bb0(%in: f32, %v: f32, %o: f32, %p: f32):
    %a = arith.negf %in : f32
    %b = arith.mulf %in, %v : f32
    linalg.yield %a, %b : f32, f32
  } -> (tensor<16x8xf32>, tensor<16x8xf32>)
  %r = linalg.generic {indexing_maps = [#td, #td, #d], iterator_types = ["reduction", "parallel"]}
      ins(%g#0, %g#1 : tensor<16x8xf32>, tensor<16x8xf32>) outs(%h : tensor<8xf32>) {
  ^bb0(%a: f32, %b: f32, %state: f32):
    %kept = arith.mulf %a, %state : f32
    %next = arith.addf %kept, %b : f32
    linalg.yield %next : f32
  } -> tensor<8xf32>
  return %r : tensor<8xf32>
}
