// Maxima, minima and log-sum-exps as strand.associative_scan.
// RUN: strand-opt %s -strand-infer-structure -verify-diagnostics -o /dev/null
// RUN: strand-opt %s -strand-infer-structure -canonicalize -cse -mlir-print-op-on-diagnostic=false 2>/dev/null | FileCheck %s

// What it begins at may be any number; one part where nothing is added to the state.
// CHECK-LABEL: func.func @maximum(
// CHECK-SAME:    %[[X:.*]]: tensor<?x8xf32>, %[[OFFSETS:.*]]: tensor<?xi32>
// CHECK-NEXT:    %[[Y:.*]] = strand.associative_scan(%[[X]]) offsets %[[OFFSETS]] {identity = array<f64: 0xFFF0000000000000>, initial = array<f64: -1.000000e+00>}
// CHECK-NEXT:    ^bb0(%[[L:.*]]: f32, %[[R:.*]]: f32):
// CHECK-NEXT:      %[[M:.*]] = arith.maximumf %[[L]], %[[R]] : f32
// CHECK-NEXT:      strand.yield %[[M]]
// CHECK:         return %[[Y]]
func.func @maximum(%xs: tensor<?x8xf32>, %offsets: tensor<?xi32>) -> tensor<?x8xf32> {
  // expected-remark @below {{h is max-plus, diagonal: h[i] = max(h[i], b[i]); becomes strand.associative_scan}}
  %r = strand.scan rows(%x = %xs : tensor<?x8xf32>) carry(%h : tensor<8xf32> = -1.0)
      offsets %offsets : tensor<?xi32> -> tensor<?x8xf32> {
    %0 = arith.maximumf %h, %x : tensor<8xf32>
    strand.yield %0 : tensor<8xf32> next %0 : tensor<8xf32>
  }
  return %r : tensor<?x8xf32>
}

// What is added is the same in every row, and for heads; what begins at the identity needs no number.
// CHECK-LABEL: func.func @minimum_with_gate(
// CHECK-SAME:    %[[X:.*]]: tensor<?x4x3xf32>, %[[W:.*]]: tensor<4xf32>
// CHECK:         strand.associative_scan(%[[W]], %[[X]]) offsets %{{.*}} {identity = array<f64: 0.000000e+00, 0x7FF0000000000000>, indexing_maps = [#[[WMAP:.*]], #[[XMAP:.*]]], read = array<i64: 1>}
// CHECK-NEXT:    ^bb0(%[[W1:.*]]: f32, %[[X1:.*]]: f32, %[[W2:.*]]: f32, %[[X2:.*]]: f32):
// CHECK-NEXT:      %[[W12:.*]] = arith.addf %[[W1]], %[[W2]]
// CHECK-NEXT:      %[[MOVED:.*]] = arith.addf %[[X1]], %[[W2]]
// CHECK-NEXT:      %[[M:.*]] = arith.minimumf %[[MOVED]], %[[X2]]
// CHECK-NEXT:      strand.yield %[[W12]], %[[M]]
func.func @minimum_with_gate(%xs: tensor<?x4x3xf32>, %all_w: tensor<4xf32>, %offsets: tensor<?xi32>) -> tensor<?x4x3xf32> {
  // expected-remark @below {{h is min-plus, diagonal: h[i,j] = min(h[i,j] + A[i], b[i,j]); becomes strand.associative_scan}}
  %r = strand.scan rows(%x = %xs : tensor<?x4x3xf32>) with(%w = %all_w : tensor<4xf32>) carry(%h : tensor<4x3xf32> = 0x7F800000)
      offsets %offsets : tensor<?xi32> -> tensor<?x4x3xf32> {
    %e = tensor.empty() : tensor<4x3xf32>
    %wide = linalg.broadcast ins(%w : tensor<4xf32>) outs(%e : tensor<4x3xf32>) dimensions = [1]
    %0 = arith.addf %h, %wide : tensor<4x3xf32>
    %1 = arith.minimumf %0, %x : tensor<4x3xf32>
    strand.yield %1 : tensor<4x3xf32> next %1 : tensor<4x3xf32>
  }
  return %r : tensor<?x4x3xf32>
}

// A number of each row.
// CHECK-LABEL: func.func @of_numbers(
// CHECK:         strand.associative_scan(%{{.*}}) offsets %{{.*}} : (tensor<?xf32>, tensor<?xi32>) -> tensor<?xf32>
func.func @of_numbers(%xs: tensor<?xf32>, %offsets: tensor<?xi32>) -> tensor<?xf32> {
  // expected-remark @below {{h is max-plus, diagonal: h = max(h, b); becomes strand.associative_scan}}
  %r = strand.scan rows(%x = %xs : tensor<?xf32>) carry(%h : tensor<f32>) offsets %offsets : tensor<?xi32> -> tensor<?xf32> {
    %0 = arith.maximumf %h, %x : tensor<f32>
    strand.yield %0 : tensor<f32> next %0 : tensor<f32>
  }
  return %r : tensor<?xf32>
}

// log(exp h + exp x) as it stands: the join takes the larger out, and x is x, not the logarithm of its exponential.
// CHECK-LABEL: func.func @log_sum_exp(
// CHECK-SAME:    %[[X:.*]]: tensor<?x8xf32>, %[[OFFSETS:.*]]: tensor<?xi32>
// CHECK:         strand.associative_scan(%[[X]]) offsets
// CHECK-NEXT:    ^bb0(%[[L:.*]]: f32, %[[R:.*]]: f32):
// CHECK-DAG:       %[[MOST:.*]] = arith.maximumf %[[L]], %[[R]]
// CHECK-DAG:       %[[LEAST:.*]] = arith.minimumf %[[L]], %[[R]]
// CHECK:           arith.cmpf oeq, %[[MOST]], %[[LEAST]]
// CHECK:           %[[RATIO:.*]] = math.exp
// CHECK:           %[[LOG:.*]] = math.log1p %[[RATIO]]
// CHECK:           %[[Y:.*]] = arith.addf %[[MOST]], %[[LOG]]
// CHECK:           strand.yield %[[Y]]
func.func @log_sum_exp(%xs: tensor<?x8xf32>, %offsets: tensor<?xi32>) -> tensor<?x8xf32> {
  // expected-remark @below {{h is log-sum-exp, diagonal: h[i] = lse(h[i], b[i]); becomes strand.associative_scan}}
  %r = strand.scan rows(%x = %xs : tensor<?x8xf32>) carry(%h : tensor<8xf32>)
      offsets %offsets : tensor<?xi32> -> tensor<?x8xf32> {
    %0 = math.exp %h : tensor<8xf32>
    %1 = math.exp %x : tensor<8xf32>
    %2 = arith.addf %0, %1 : tensor<8xf32>
    %3 = math.log %2 : tensor<8xf32>
    strand.yield %3 : tensor<8xf32> next %3 : tensor<8xf32>
  }
  return %r : tensor<?x8xf32>
}

// Weights are logarithms where they are plainly positive: log(exp(h) sigmoid(w) + exp(x)).
// CHECK-LABEL: func.func @weighed(
// CHECK-NOT:     strand.scan
// CHECK:         strand.associative_scan(%{{.*}}, %{{.*}}) offsets
func.func @weighed(%xs: tensor<?x8xf32>, %ws: tensor<?x8xf32>, %offsets: tensor<?xi32>) -> tensor<?x8xf32> {
  // expected-remark @below {{h is log-sum-exp, diagonal: h[i] = lse(h[i] + a[i], b[i]); becomes strand.associative_scan}}
  %r = strand.scan rows(%x = %xs : tensor<?x8xf32>, %w = %ws : tensor<?x8xf32>) carry(%h : tensor<8xf32>)
      offsets %offsets : tensor<?xi32> -> tensor<?x8xf32> {
    %one = arith.constant dense<1.0> : tensor<8xf32>
    %n = arith.negf %w : tensor<8xf32>
    %e = math.exp %n : tensor<8xf32>
    %d = arith.addf %one, %e : tensor<8xf32>
    %s = arith.divf %one, %d : tensor<8xf32>
    %0 = math.exp %h : tensor<8xf32>
    %1 = arith.mulf %0, %s : tensor<8xf32>
    %2 = math.exp %x : tensor<8xf32>
    %3 = arith.addf %1, %2 : tensor<8xf32>
    %4 = math.log %3 : tensor<8xf32>
    strand.yield %4 : tensor<8xf32> next %4 : tensor<8xf32>
  }
  return %r : tensor<?x8xf32>
}

// Several inputs are joined in front, and so is what is added to the state: max(h + w, h + x, x, z, 1).
// CHECK-LABEL: func.func @several_inputs(
// CHECK-SAME:    %[[X:.*]]: tensor<?x8xf32>, %[[Z:.*]]: tensor<?xf32>, %[[W:.*]]: tensor<8xf32>
// CHECK:         %[[A:.*]] = linalg.generic {{.*}} ins(%{{.*}}, %[[X]] : tensor<?x8xf32>, tensor<?x8xf32>)
// CHECK:           arith.maximumf
// CHECK:         %[[B:.*]] = linalg.generic {{.*}} ins(%{{.*}}, %{{.*}}, %[[X]] :
// CHECK:           arith.maximumf
// CHECK:           arith.maximumf
// CHECK:         strand.associative_scan(%[[A]], %[[B]]) offsets
func.func @several_inputs(%xs: tensor<?x8xf32>, %zs: tensor<?xf32>, %all_w: tensor<8xf32>, %offsets: tensor<?xi32>)
    -> tensor<?x8xf32> {
  // expected-remark @below {{; becomes strand.associative_scan}}
  %r = strand.scan rows(%x = %xs : tensor<?x8xf32>, %z = %zs : tensor<?xf32>) with(%w = %all_w : tensor<8xf32>)
      carry(%h : tensor<8xf32>) offsets %offsets : tensor<?xi32> -> tensor<?x8xf32> {
    %one = arith.constant dense<1.0> : tensor<8xf32>
    %e = tensor.empty() : tensor<8xf32>
    %wide = linalg.broadcast ins(%z : tensor<f32>) outs(%e : tensor<8xf32>) dimensions = [0]
    %0 = arith.addf %h, %w : tensor<8xf32>
    %1 = arith.addf %h, %x : tensor<8xf32>
    %2 = arith.maximumf %0, %x : tensor<8xf32>
    %3 = arith.maximumf %2, %wide : tensor<8xf32>
    %4 = arith.maximumf %3, %1 : tensor<8xf32>
    %5 = arith.maximumf %4, %one : tensor<8xf32>
    strand.yield %5 : tensor<8xf32> next %5 : tensor<8xf32>
  }
  return %r : tensor<?x8xf32>
}

// log(exp(h) + exp(x) + exp(z)).
// CHECK-LABEL: func.func @several_exponentials(
// CHECK-NOT:     strand.scan
// CHECK:         math.log1p
// CHECK:         strand.associative_scan(%{{[a-z0-9_]+}}) offsets
func.func @several_exponentials(%xs: tensor<?x8xf32>, %zs: tensor<?x8xf32>, %offsets: tensor<?xi32>) -> tensor<?x8xf32> {
  // expected-remark @below {{; becomes strand.associative_scan}}
  %r = strand.scan rows(%x = %xs : tensor<?x8xf32>, %z = %zs : tensor<?x8xf32>) carry(%h : tensor<8xf32>)
      offsets %offsets : tensor<?xi32> -> tensor<?x8xf32> {
    %0 = math.exp %h : tensor<8xf32>
    %1 = math.exp %x : tensor<8xf32>
    %2 = math.exp %z : tensor<8xf32>
    %3 = arith.addf %0, %1 : tensor<8xf32>
    %4 = arith.addf %3, %2 : tensor<8xf32>
    %5 = math.log %4 : tensor<8xf32>
    strand.yield %5 : tensor<8xf32> next %5 : tensor<8xf32>
  }
  return %r : tensor<?x8xf32>
}

//===--- no match ------------------------------------------------------------------------------------------------===//

// log(exp(h) + w): w may be negative as long as the sum is not.
// CHECK-LABEL: func.func @weight_of_any_sign(
// CHECK:         strand.scan
func.func @weight_of_any_sign(%ws: tensor<?x8xf32>, %offsets: tensor<?xi32>) -> tensor<?x8xf32> {
  // expected-remark @below {{h is log-sum-exp, diagonal: h[i] = lse(h[i], b[i]); stays a scan: a factor of it is not plainly positive}}
  %r = strand.scan rows(%w = %ws : tensor<?x8xf32>) carry(%h : tensor<8xf32>)
      offsets %offsets : tensor<?xi32> -> tensor<?x8xf32> {
    %0 = math.exp %h : tensor<8xf32>
    %1 = arith.addf %0, %w : tensor<8xf32>
    %2 = math.log %1 : tensor<8xf32>
    strand.yield %2 : tensor<8xf32> next %2 : tensor<8xf32>
  }
  return %r : tensor<?x8xf32>
}

// CHECK-LABEL: func.func @begins_at_a_tensor(
// CHECK:         strand.scan
// expected-remark @below {{h begins at this tensor, so h stays a scan: let it begin where the op does, and hand the tensor in as its state}}
func.func @begins_at_a_tensor(%xs: tensor<?x8xf32>, %h0: tensor<8xf32>, %offsets: tensor<?xi32>) -> tensor<?x8xf32> {
  // expected-remark @below {{h is max-plus, diagonal: h[i] = max(h[i], b[i]); stays a scan: it begins at a tensor, and that op at a number}}
  %r = strand.scan rows(%x = %xs : tensor<?x8xf32>) carry(%h : tensor<8xf32> = %h0)
      offsets %offsets : tensor<?xi32> -> tensor<?x8xf32> {
    %0 = arith.maximumf %h, %x : tensor<8xf32>
    strand.yield %0 : tensor<8xf32> next %0 : tensor<8xf32>
  }
  return %r : tensor<?x8xf32>
}

// CHECK-LABEL: func.func @backwards(
// CHECK:         strand.scan reverse
func.func @backwards(%xs: tensor<?x8xf32>, %offsets: tensor<?xi32>) -> tensor<?x8xf32> {
  // expected-remark @below {{h is max-plus, diagonal: h[i] = max(h[i], b[i]); stays a scan: it goes from the last row to the first; to turn its rows around for strand.associative_scan would take as long}}
  %r = strand.scan reverse rows(%x = %xs : tensor<?x8xf32>) carry(%h : tensor<8xf32>)
      offsets %offsets : tensor<?xi32> -> tensor<?x8xf32> {
    %0 = arith.maximumf %h, %x : tensor<8xf32>
    strand.yield %0 : tensor<8xf32> next %0 : tensor<8xf32>
  }
  return %r : tensor<?x8xf32>
}

// Without an input it is a sum.
// CHECK-LABEL: func.func @no_input(
// CHECK:         strand.scan
func.func @no_input(%xs: tensor<?x8xf32>, %zs: tensor<?x8xf32>, %offsets: tensor<?xi32>) -> tensor<?x8xf32> {
  // expected-remark @below {{h is max-plus, diagonal: h[i] = max(h[i] + a[i], h[i] + a[i]); stays a scan: it has no input}}
  %r = strand.scan rows(%x = %xs : tensor<?x8xf32>, %z = %zs : tensor<?x8xf32>) carry(%h : tensor<8xf32>)
      offsets %offsets : tensor<?xi32> -> tensor<?x8xf32> {
    %0 = arith.addf %h, %x : tensor<8xf32>
    %1 = arith.addf %h, %z : tensor<8xf32>
    %2 = arith.maximumf %0, %1 : tensor<8xf32>
    strand.yield %2 : tensor<8xf32> next %2 : tensor<8xf32>
  }
  return %r : tensor<?x8xf32>
}

// All of the state would have to be stored for all rows; a row is what goes in or out.
// CHECK-LABEL: func.func @wide(
// CHECK:         strand.scan
func.func @wide(%xs: tensor<?x8xf32>, %ks: tensor<?x4xf32>, %offsets: tensor<?xi32>) -> tensor<?x8xf32> {
  // expected-remark @below {{h is max-plus, diagonal: h[i,j] = max(h[i,j], b[i,j]); stays a scan: it is wider than a row}}
  %r = strand.scan rows(%x = %xs : tensor<?x8xf32>, %k = %ks : tensor<?x4xf32>) carry(%h : tensor<4x8xf32>)
      offsets %offsets : tensor<?xi32> -> tensor<?x8xf32> {
    %e = tensor.empty() : tensor<4x8xf32>
    %kx = linalg.generic {indexing_maps = [affine_map<(i, j) -> (i)>, affine_map<(i, j) -> (j)>, affine_map<(i, j) -> (i, j)>],
        iterator_types = ["parallel", "parallel"]} ins(%k, %x : tensor<4xf32>, tensor<8xf32>) outs(%e : tensor<4x8xf32>) {
    ^bb0(%p: f32, %q: f32, %out: f32):
      %_m = arith.mulf %p, %q : f32
      linalg.yield %_m : f32
    } -> tensor<4x8xf32>
    %0 = arith.maximumf %h, %kx : tensor<4x8xf32>
    %zero = arith.constant dense<0.0> : tensor<8xf32>
    %1 = linalg.vecmat ins(%k, %0 : tensor<4xf32>, tensor<4x8xf32>) outs(%zero : tensor<8xf32>) -> tensor<8xf32>
    strand.yield %1 : tensor<8xf32> next %0 : tensor<4x8xf32>
  }
  return %r : tensor<?x8xf32>
}
