// RUN: strand-opt %s -strand-pack-weights=panel=4 -canonicalize -cse -split-input-file | FileCheck %s
// RUN: strand-opt %s -strand-pack-weights=panel=0 -canonicalize -cse -split-input-file | FileCheck %s --check-prefix=PLAIN
// RUN: strand-opt %s -strand-pack-weights="panel=4 one-order" -canonicalize -cse -split-input-file | FileCheck %s --check-prefix=ONE

// x W^T with W [8, 3] in two panels of 4 columns: a product over (rows, panels, columns of a panel, K) on a view of the
// result. The weight is an argument that says its name and its panels.
#x = affine_map<(m, n, k) -> (m, k)>
#w = affine_map<(m, n, k) -> (n, k)>
#y = affine_map<(m, n, k) -> (m, n)>
// CHECK-DAG: #[[$X:.*]] = affine_map<(d0, d1, d2, d3) -> (d0, d3)>
// CHECK-DAG: #[[$W:.*]] = affine_map<(d0, d1, d2, d3) -> (d1, d3, d2)>
// CHECK-DAG: #[[$Y:.*]] = affine_map<(d0, d1, d2, d3) -> (d0, d1, d2)>
// CHECK-LABEL: func.func private @advance(
// CHECK-SAME:    %[[ROWS:[a-z0-9]+]]: tensor<?x3xf32>, %[[PACKED:[a-z0-9]+]]: tensor<2x3x4xf32> {strand.panel = 4 : i64, strand.weight = "w"})
// CHECK-NOT:     strand.weight "
// CHECK:         %[[N:.*]] = tensor.dim %[[ROWS]]
// CHECK:         %[[WIDE:.*]] = tensor.expand_shape %{{.*}} {{\[\[}}0], [1, 2]] output_shape [%[[N]], 2, 4] : tensor<?x8xf32> into tensor<?x2x4xf32>
// CHECK:         %[[ZERO:.*]] = linalg.fill {{.*}} outs(%[[WIDE]] :
// CHECK:         %[[P:.*]] = linalg.generic {indexing_maps = [#[[$X]], #[[$W]], #[[$Y]]], iterator_types = ["parallel", "parallel", "parallel", "reduction"]}
// CHECK-SAME:      ins(%[[ROWS]], %[[PACKED]] : {{.*}}) outs(%[[ZERO]] :
// CHECK:         tensor.collapse_shape %[[P]] {{\[\[}}0], [1, 2]]
// PLAIN-LABEL: func.func private @advance(
// PLAIN-SAME:    tensor<8x3xf32> {strand.weight = "w"})
// PLAIN-NOT:     tensor.expand_shape
func.func private @advance(%x: tensor<?x3xf32>) -> tensor<?x8xf32> {
  %w = strand.weight "w" : tensor<8x3xf32>
  %zero = arith.constant 0.0 : f32
  %c0 = arith.constant 0 : index
  %n = tensor.dim %x, %c0 : tensor<?x3xf32>
  %e = tensor.empty(%n) : tensor<?x8xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<?x8xf32>) -> tensor<?x8xf32>
  %y = linalg.generic {indexing_maps = [#x, #w, #y], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %w : tensor<?x3xf32>, tensor<8x3xf32>) outs(%f : tensor<?x8xf32>) {
  ^bb0(%a: f32, %b: f32, %out: f32):
    %p = arith.mulf %a, %b : f32
    %s = arith.addf %out, %p : f32
    linalg.yield %s : f32
  } -> tensor<?x8xf32>
  return %y : tensor<?x8xf32>
}

// -----

// 6 columns: one panel, and the two that do not fill one as a product of their own. bf16 stays bf16; what the product
// accumulates on stays too.
#x = affine_map<(m, n, k) -> (m, k)>
#w = affine_map<(m, n, k) -> (n, k)>
#y = affine_map<(m, n, k) -> (m, n)>
// CHECK-LABEL: func.func private @advance(
// CHECK-SAME:    %[[X:[a-z0-9]+]]: tensor<?x3xf32>, %[[R:[a-z0-9]+]]: tensor<?x6xf32>, %[[W:[a-z0-9]+]]: tensor<2x3x4xbf16> {strand.panel = 4 : i64, strand.weight = "w"})
// CHECK-NOT:     linalg.fill
// CHECK:         %[[HEAD:.*]] = tensor.extract_slice %[[R]][0, 0] [%{{.*}}, 4] [1, 1]
// CHECK:         %[[WHOLE:.*]] = tensor.extract_slice %[[W]][0, 0, 0] [1, 3, 4] [1, 1, 1] : tensor<2x3x4xbf16> to tensor<1x3x4xbf16>
// CHECK:         linalg.generic {{.*}} ins(%[[X]], %[[WHOLE]] :
// CHECK:           arith.extf %{{.*}} : bf16 to f32
// CHECK:         %[[PUT:.*]] = tensor.insert_slice %{{.*}} into %[[R]][0, 0] [%{{.*}}, 4] [1, 1]
// CHECK:         %[[TAIL:.*]] = tensor.extract_slice %[[PUT]][0, 4] [%{{.*}}, 2] [1, 1]
// CHECK:         %[[REST:.*]] = tensor.extract_slice %[[W]][1, 0, 0] [1, 3, 2] [1, 1, 1] : tensor<2x3x4xbf16> to tensor<3x2xbf16>
// CHECK:         linalg.generic {{.*}} ins(%[[X]], %[[REST]] : {{.*}}) outs(%[[TAIL]] :
// CHECK:         tensor.insert_slice %{{.*}} into %[[PUT]][0, 4] [%{{.*}}, 2] [1, 1]
// PLAIN-LABEL: func.func private @advance(
// PLAIN-SAME:    tensor<6x3xbf16> {strand.weight = "w"})
func.func private @advance(%x: tensor<?x3xf32>, %r: tensor<?x6xf32>) -> tensor<?x6xf32> {
  %w = strand.weight "w" : tensor<6x3xbf16>
  %y = linalg.generic {indexing_maps = [#x, #w, #y], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %w : tensor<?x3xf32>, tensor<6x3xbf16>) outs(%r : tensor<?x6xf32>) {
  ^bb0(%a: f32, %b: bf16, %out: f32):
    %wide = arith.extf %b : bf16 to f32
    %p = arith.mulf %a, %wide : f32
    %s = arith.addf %out, %p : f32
    linalg.yield %s : f32
  } -> tensor<?x6xf32>
  return %y : tensor<?x6xf32>
}

// -----

// Through calls, all weights that come to one product together. Arguments of @advance and @step agree.
#x = affine_map<(m, n, k) -> (m, k)>
#w = affine_map<(m, n, k) -> (n, k)>
#y = affine_map<(m, n, k) -> (m, n)>
// CHECK-LABEL: func.func private @layer(
// CHECK-SAME:    %{{.*}}: tensor<?x4xf32>, %{{.*}}: tensor<1x4x4xf32>, %{{.*}}: tensor<?x4xf32>) -> tensor<?x4xf32>
func.func private @layer(%x: tensor<?x4xf32>, %w: tensor<4x4xf32>, %y: tensor<?x4xf32>) -> tensor<?x4xf32> {
  %z = linalg.generic {indexing_maps = [#x, #w, #y], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %w : tensor<?x4xf32>, tensor<4x4xf32>) outs(%y : tensor<?x4xf32>) {
  ^bb0(%a: f32, %b: f32, %out: f32):
    %p = arith.mulf %a, %b : f32
    %s = arith.addf %out, %p : f32
    linalg.yield %s : f32
  } -> tensor<?x4xf32>
  return %z : tensor<?x4xf32>
}
// CHECK-LABEL: func.func private @advance(
// CHECK-SAME:    %{{[a-z0-9]+}}: tensor<?x4xf32>, %[[A:[a-z0-9]+]]: tensor<1x4x4xf32> {strand.panel = 4 : i64, strand.weight = "a"},
// CHECK-SAME:    %[[B:[a-z0-9]+]]: tensor<1x4x4xf32> {strand.panel = 4 : i64, strand.weight = "b"})
// CHECK:         call @layer(%{{.*}}, %[[A]], %{{.*}}) : (tensor<?x4xf32>, tensor<1x4x4xf32>, tensor<?x4xf32>)
// CHECK:         call @layer(%{{.*}}, %[[B]], %{{.*}})
func.func private @advance(%x: tensor<?x4xf32>) -> tensor<?x4xf32> {
  %a = strand.weight "a" : tensor<4x4xf32>
  %b = strand.weight "b" : tensor<4x4xf32>
  %y = call @layer(%x, %a, %x) : (tensor<?x4xf32>, tensor<4x4xf32>, tensor<?x4xf32>) -> tensor<?x4xf32>
  %z = call @layer(%y, %b, %y) : (tensor<?x4xf32>, tensor<4x4xf32>, tensor<?x4xf32>) -> tensor<?x4xf32>
  return %z : tensor<?x4xf32>
}
// CHECK-LABEL: func.func private @step(
// CHECK-SAME:    %{{[a-z0-9]+}}: tensor<?x4xf32>, %{{[a-z0-9]+}}: tensor<1x4x4xf32> {strand.panel = 4 : i64, strand.weight = "a"},
// CHECK-SAME:    %[[B:[a-z0-9]+]]: tensor<1x4x4xf32> {strand.panel = 4 : i64, strand.weight = "b"})
// CHECK:         call @layer(%{{.*}}, %[[B]], %{{.*}})
func.func private @step(%x: tensor<?x4xf32>) -> tensor<?x4xf32> {
  %b = strand.weight "b" : tensor<4x4xf32>
  %y = call @layer(%x, %b, %x) : (tensor<?x4xf32>, tensor<4x4xf32>, tensor<?x4xf32>) -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}

// -----

// An embedding that is the head's matrix as well: single elements are read from the panels.
#x = affine_map<(m, n, k) -> (m, k)>
#w = affine_map<(m, n, k) -> (n, k)>
#y = affine_map<(m, n, k) -> (m, n)>
#t = affine_map<(t, d) -> (t)>
#td = affine_map<(t, d) -> (t, d)>
// CHECK-LABEL: func.func private @advance(
// CHECK-SAME:    %[[W:[a-z0-9]+]]: tensor<2x3x4xf32> {strand.panel = 4 : i64, strand.weight = "embed"})
// CHECK:         %[[ID:.*]] = arith.index_cast
// CHECK:         %[[J:.*]] = linalg.index 1
// CHECK:         %[[PANEL:.*]] = arith.divui %[[ID]], %c4
// CHECK:         %[[IN:.*]] = arith.remui %[[ID]], %c4
// CHECK:         tensor.extract %[[W]][%[[PANEL]], %[[J]], %[[IN]]]
func.func private @advance(%tokens: tensor<?xi32>, %x: tensor<?x3xf32>, %y: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %w = strand.weight "embed" : tensor<8x3xf32>
  %e = linalg.generic {indexing_maps = [#t, #td], iterator_types = ["parallel", "parallel"]}
      ins(%tokens : tensor<?xi32>) outs(%x : tensor<?x3xf32>) {
  ^bb0(%id: i32, %out: f32):
    %i = arith.index_cast %id : i32 to index
    %j = linalg.index 1 : index
    %v = tensor.extract %w[%i, %j] : tensor<8x3xf32>
    linalg.yield %v : f32
  } -> tensor<?x3xf32>
  %z = linalg.generic {indexing_maps = [#x, #w, #y], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%e, %w : tensor<?x3xf32>, tensor<8x3xf32>) outs(%y : tensor<?x8xf32>) {
  ^bb0(%a: f32, %b: f32, %out: f32):
    %p = arith.mulf %a, %b : f32
    %s = arith.addf %out, %p : f32
    linalg.yield %s : f32
  } -> tensor<?x8xf32>
  return %z : tensor<?x8xf32>
}

// -----

// What stays as it is: a matrix that is read in another way too, one that is not transposed, one that only an embedding
// reads, a vector.
#x = affine_map<(m, n, k) -> (m, k)>
#w = affine_map<(m, n, k) -> (n, k)>
#untransposed = affine_map<(m, n, k) -> (k, n)>
#y = affine_map<(m, n, k) -> (m, n)>
// CHECK-LABEL: func.func private @advance(
// CHECK-SAME:    tensor<4x4xf32> {strand.weight = "read_twice"},
// CHECK-SAME:    tensor<4x4xf32> {strand.weight = "untransposed"},
// CHECK-SAME:    tensor<4x4xf32> {strand.weight = "elements"},
// CHECK-SAME:    tensor<4xf32> {strand.weight = "vector"})
func.func private @advance(%x: tensor<?x4xf32>) -> (tensor<?x4xf32>, tensor<4x4xf32>, f32, tensor<4xf32>) {
  %c0 = arith.constant 0 : index
  %a = strand.weight "read_twice" : tensor<4x4xf32>
  %b = strand.weight "untransposed" : tensor<4x4xf32>
  %c = strand.weight "elements" : tensor<4x4xf32>
  %d = strand.weight "vector" : tensor<4xf32>
  %y = linalg.generic {indexing_maps = [#x, #w, #y], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %a : tensor<?x4xf32>, tensor<4x4xf32>) outs(%x : tensor<?x4xf32>) {
  ^bb0(%p: f32, %q: f32, %out: f32):
    %m = arith.mulf %p, %q : f32
    %s = arith.addf %out, %m : f32
    linalg.yield %s : f32
  } -> tensor<?x4xf32>
  %z = linalg.generic {indexing_maps = [#x, #untransposed, #y], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%y, %b : tensor<?x4xf32>, tensor<4x4xf32>) outs(%y : tensor<?x4xf32>) {
  ^bb0(%p: f32, %q: f32, %out: f32):
    %m = arith.mulf %p, %q : f32
    %s = arith.addf %out, %m : f32
    linalg.yield %s : f32
  } -> tensor<?x4xf32>
  %e = tensor.extract %c[%c0, %c0] : tensor<4x4xf32>
  return %z, %a, %e, %d : tensor<?x4xf32>, tensor<4x4xf32>, f32, tensor<4xf32>
}

// -----

// A product in a loop whose matrix is no weight: in panels in front of the loop, where its rows fill them, and once for
// all products that read it; not if sums are to take one order, for that of a lone row is not packed.
// ONE-LABEL:   func.func @in_a_loop(
// ONE-NOT:       tensor.expand_shape
// ONE:           return
#x = affine_map<(m, n, k) -> (m, k)>
#w = affine_map<(m, n, k) -> (n, k)>
#y = affine_map<(m, n, k) -> (m, n)>
// CHECK-LABEL: func.func @in_a_loop(
// CHECK-SAME:    %[[X:.*]]: tensor<?x3xf32>, %[[A:.*]]: tensor<8x3xf32>, %[[B:.*]]: tensor<6x3xf32>,
// CHECK:         %[[SPLIT:.*]] = tensor.expand_shape %[[A]] {{.*}} into tensor<2x4x3xf32>
// CHECK:         %[[PANELS:.*]] = linalg.generic {{.*}} ins(%[[SPLIT]] : tensor<2x4x3xf32>) outs(%{{.*}} : tensor<2x3x4xf32>)
// CHECK:         scf.for
// CHECK-COUNT-2:   linalg.generic {{.*}} ins(%[[X]], %[[PANELS]] : tensor<?x3xf32>, tensor<2x3x4xf32>)
// CHECK:           linalg.generic {{.*}} ins(%[[X]], %[[B]] : tensor<?x3xf32>, tensor<6x3xf32>)
// CHECK:         }
func.func @in_a_loop(%x: tensor<?x3xf32>, %a: tensor<8x3xf32>, %b: tensor<6x3xf32>, %r: tensor<?x8xf32>, %s: tensor<?x6xf32>,
                     %n: index) -> (tensor<?x8xf32>, tensor<?x6xf32>) {
  %zero = arith.constant 0 : index
  %one = arith.constant 1 : index
  %y:2 = scf.for %t = %zero to %n step %one iter_args(%p = %r, %q = %s) -> (tensor<?x8xf32>, tensor<?x6xf32>) {
    %0 = linalg.generic {indexing_maps = [#x, #w, #y], iterator_types = ["parallel", "parallel", "reduction"]}
        ins(%x, %a : tensor<?x3xf32>, tensor<8x3xf32>) outs(%p : tensor<?x8xf32>) {
    ^bb0(%c: f32, %d: f32, %out: f32):
      %m = arith.mulf %c, %d : f32
      %sum = arith.addf %out, %m : f32
      linalg.yield %sum : f32
    } -> tensor<?x8xf32>
    %1 = linalg.generic {indexing_maps = [#x, #w, #y], iterator_types = ["parallel", "parallel", "reduction"]}
        ins(%x, %a : tensor<?x3xf32>, tensor<8x3xf32>) outs(%0 : tensor<?x8xf32>) {
    ^bb0(%c: f32, %d: f32, %out: f32):
      %m = arith.mulf %c, %d : f32
      %sum = arith.addf %out, %m : f32
      linalg.yield %sum : f32
    } -> tensor<?x8xf32>
    %2 = linalg.generic {indexing_maps = [#x, #w, #y], iterator_types = ["parallel", "parallel", "reduction"]}
        ins(%x, %b : tensor<?x3xf32>, tensor<6x3xf32>) outs(%q : tensor<?x6xf32>) {
    ^bb0(%c: f32, %d: f32, %out: f32):
      %m = arith.mulf %c, %d : f32
      %sum = arith.addf %out, %m : f32
      linalg.yield %sum : f32
    } -> tensor<?x6xf32>
    scf.yield %1, %2 : tensor<?x8xf32>, tensor<?x6xf32>
  }
  return %y#0, %y#1 : tensor<?x8xf32>, tensor<?x6xf32>
}
