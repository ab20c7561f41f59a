// RUN: strand-opt %s -strand-fuse-rows -split-input-file | FileCheck %s
// RUN: strand-opt %s -strand-fuse-rows=one-order -split-input-file | FileCheck %s --check-prefix=ONE

// Element-wise ops of arith and math become linalg, and one op.
// CHECK-LABEL: func.func @chain(
// CHECK:         linalg.generic
// CHECK:           arith.mulf
// CHECK:           math.exp
// CHECK:           arith.addf
// CHECK-NOT:     linalg.generic
// CHECK:         return
func.func @chain(%x: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %a = arith.mulf %x, %x : tensor<?x8xf32>
  %b = math.exp %a : tensor<?x8xf32>
  %c = arith.addf %b, %x : tensor<?x8xf32>
  return %c : tensor<?x8xf32>
}

// -----

// What two read stays.
// CHECK-LABEL: func.func @two_readers(
// CHECK:         linalg.generic
// CHECK:           math.exp
// CHECK:         linalg.generic
// CHECK:           math.sqrt
// CHECK:         linalg.generic
// CHECK:           math.absf
func.func @two_readers(%x: tensor<?x8xf32>) -> (tensor<?x8xf32>, tensor<?x8xf32>) {
  %a = math.exp %x : tensor<?x8xf32>
  %b = math.sqrt %a : tensor<?x8xf32>
  %c = math.absf %a : tensor<?x8xf32>
  return %b, %c : tensor<?x8xf32>, tensor<?x8xf32>
}

// -----

// Into a sum along a row, which reads each element once.
#id = affine_map<(t, d) -> (t, d)>
#t = affine_map<(t, d) -> (t)>
// CHECK-LABEL: func.func @into_a_sum(
// CHECK:         linalg.generic {{.*}} iterator_types = ["parallel", "reduction"]}
// CHECK:           arith.mulf
// CHECK:           arith.addf
// CHECK-NOT:     linalg.generic
// CHECK:         return
func.func @into_a_sum(%x: tensor<?x8xf32>, %y: tensor<?xf32>) -> tensor<?xf32> {
  %square = arith.mulf %x, %x : tensor<?x8xf32>
  %s = linalg.generic {indexing_maps = [#id, #t], iterator_types = ["parallel", "reduction"]}
      ins(%square : tensor<?x8xf32>) outs(%y : tensor<?xf32>) {
  ^bb0(%a: f32, %out: f32):
    %b = arith.addf %a, %out : f32
    linalg.yield %b : f32
  } -> tensor<?xf32>
  return %s : tensor<?xf32>
}

// -----

// Not into a product, where it would be computed for every column.
#x = affine_map<(m, n, k) -> (m, k)>
#w = affine_map<(m, n, k) -> (n, k)>
#y = affine_map<(m, n, k) -> (m, n)>
// CHECK-LABEL: func.func @not_into_a_product(
// CHECK:         linalg.generic
// CHECK:           math.exp
// CHECK:         linalg.generic {{.*}} iterator_types = ["parallel", "parallel", "reduction"]}
// CHECK-NOT:       math.exp
// CHECK:         return
func.func @not_into_a_product(%x: tensor<?x8xf32>, %w: tensor<4x8xf32>, %y: tensor<?x4xf32>) -> tensor<?x4xf32> {
  %e = math.exp %x : tensor<?x8xf32>
  %p = linalg.generic {indexing_maps = [#x, #w, #y], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%e, %w : tensor<?x8xf32>, tensor<4x8xf32>) outs(%y : tensor<?x4xf32>) {
  ^bb0(%a: f32, %b: f32, %out: f32):
    %m = arith.mulf %a, %b : f32
    %s = arith.addf %out, %m : f32
    linalg.yield %s : f32
  } -> tensor<?x4xf32>
  return %p : tensor<?x4xf32>
}

// -----

// x + product, either way around, accumulates on x; what the product began with goes. With one order for all forms the
// product begins at 0, as it does where x is not there yet.
// ONE-LABEL:   func.func @residual(
// ONE:           %[[ZEROS:.*]] = linalg.fill
// ONE-COUNT-2:   outs(%[[ZEROS]] :
#x = affine_map<(m, n, k) -> (m, k)>
#w = affine_map<(m, n, k) -> (n, k)>
#y = affine_map<(m, n, k) -> (m, n)>
// CHECK-LABEL: func.func @residual(
// CHECK-SAME:    %[[X:[a-z0-9]+]]: tensor<?x8xf32>, %{{[a-z0-9]+}}: tensor<8x8xf32>, %[[R:[a-z0-9]+]]: tensor<?x8xf32>)
// CHECK-NOT:     linalg.fill
// CHECK:         %[[A:.*]] = linalg.generic {{.*}} ins(%[[X]], %{{.*}} : {{.*}}) outs(%[[R]] :
// CHECK:         %[[B:.*]] = linalg.generic {{.*}} ins(%[[A]], %{{.*}} : {{.*}}) outs(%[[A]] :
// CHECK:         return %[[B]]
func.func @residual(%x: tensor<?x8xf32>, %w: tensor<8x8xf32>, %r: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %zero = arith.constant 0.0 : f32
  %c0 = arith.constant 0 : index
  %n = tensor.dim %x, %c0 : tensor<?x8xf32>
  %e = tensor.empty(%n) : tensor<?x8xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<?x8xf32>) -> tensor<?x8xf32>
  %p = linalg.generic {indexing_maps = [#x, #w, #y], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %w : tensor<?x8xf32>, tensor<8x8xf32>) outs(%f : tensor<?x8xf32>) {
  ^bb0(%a: f32, %b: f32, %out: f32):
    %m = arith.mulf %a, %b : f32
    %s = arith.addf %out, %m : f32
    linalg.yield %s : f32
  } -> tensor<?x8xf32>
  %h = arith.addf %p, %r : tensor<?x8xf32>
  %q = linalg.generic {indexing_maps = [#x, #w, #y], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%h, %w : tensor<?x8xf32>, tensor<8x8xf32>) outs(%f : tensor<?x8xf32>) {
  ^bb0(%a: f32, %b: f32, %out: f32):
    %m = arith.mulf %a, %b : f32
    %s = arith.addf %out, %m : f32
    linalg.yield %s : f32
  } -> tensor<?x8xf32>
  %y = arith.addf %h, %q : tensor<?x8xf32>
  return %y : tensor<?x8xf32>
}

// -----

// A product that another op reads too, and one that begins with something else than zeros, stay.
#x = affine_map<(m, n, k) -> (m, k)>
#w = affine_map<(m, n, k) -> (n, k)>
#y = affine_map<(m, n, k) -> (m, n)>
// CHECK-LABEL: func.func @no_residual(
// CHECK-SAME:    %{{.*}}: tensor<?x8xf32>, %{{.*}}: tensor<8x8xf32>, %[[R:[a-z0-9]+]]: tensor<?x8xf32>)
// CHECK:         %[[P:.*]] = linalg.generic {{.*}} iterator_types = ["parallel", "parallel", "reduction"]} {{.*}} outs(%[[R]] :
// CHECK:         %[[S:.*]] = linalg.generic {{.*}} iterator_types = ["parallel", "parallel"]} ins(%[[P]], %{{.*}} :
// CHECK:         return %[[S]]
func.func @no_residual(%x: tensor<?x8xf32>, %w: tensor<8x8xf32>, %r: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %p = linalg.generic {indexing_maps = [#x, #w, #y], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %w : tensor<?x8xf32>, tensor<8x8xf32>) outs(%r : tensor<?x8xf32>) {
  ^bb0(%a: f32, %b: f32, %out: f32):
    %m = arith.mulf %a, %b : f32
    %s = arith.addf %out, %m : f32
    linalg.yield %s : f32
  } -> tensor<?x8xf32>
  %y = arith.addf %p, %x : tensor<?x8xf32>
  return %y : tensor<?x8xf32>
}

// -----

// An update in place of what each row repeats: done for every element of the row it would read its own result.
#r = affine_map<(i, j) -> (j)>
#s = affine_map<(i, j) -> (i, j)>
#one = affine_map<(j) -> (j)>
// CHECK-LABEL: func.func @repeated_update(
// CHECK:         %[[N:.*]] = linalg.generic {{.*}} iterator_types = ["parallel"]} ins(%{{.*}} : tensor<8xf32>) outs(%{{.*}} : tensor<8xf32>)
// CHECK:         linalg.generic {{.*}} iterator_types = ["parallel", "parallel"]} ins(%[[N]] : tensor<8xf32>) outs(%{{.*}} : tensor<4x8xf32>)
func.func @repeated_update(%v: tensor<8xf32>, %read: tensor<8xf32>, %state: tensor<4x8xf32>) -> tensor<4x8xf32> {
  %n = linalg.generic {indexing_maps = [#one, #one], iterator_types = ["parallel"]}
      ins(%v : tensor<8xf32>) outs(%read : tensor<8xf32>) {
  ^bb0(%a: f32, %out: f32):
    %d = arith.subf %a, %out : f32
    linalg.yield %d : f32
  } -> tensor<8xf32>
  %y = linalg.generic {indexing_maps = [#r, #s], iterator_types = ["parallel", "parallel"]}
      ins(%n : tensor<8xf32>) outs(%state : tensor<4x8xf32>) {
  ^bb0(%a: f32, %out: f32):
    %d = arith.addf %a, %out : f32
    linalg.yield %d : f32
  } -> tensor<4x8xf32>
  return %y : tensor<4x8xf32>
}
