// What begins elsewhere than at 0. Element by element, what the first step makes of it is input of the first row.
//
// RUN: strand-opt %s -strand-infer-structure -canonicalize -cse -split-input-file -verify-diagnostics | FileCheck %s

// CHECK-LABEL: func.func @begins_at_a_number(
// CHECK-SAME:    %[[X:.*]]: tensor<?x4xf32>,
// CHECK:         %[[P:.*]] = strand.position %[[X]] offsets
// CHECK:         %[[START:.*]] = linalg.generic {{.*}} ins(%[[P]], %{{.*}} : tensor<?xi32>, tensor<4xf32>)
// CHECK:           arith.cmpi eq
// CHECK:           arith.select
// CHECK:         %[[INPUT:.*]] = linalg.generic {{.*}} ins(%[[X]], %[[START]] :
// CHECK:         strand.linear_recurrence decay(%[[X]]) input(%[[INPUT]])
// CHECK-NOT:     strand.scan
func.func @begins_at_a_number(%xs: tensor<?x4xf32>, %offsets: tensor<?xi32>) -> tensor<?x4xf32> {
  // expected-remark @below {{h is diagonal: h[i] = a[i] * h[i] + b[i]; becomes strand.linear_recurrence}}
  %y = strand.scan rows(%x = %xs : tensor<?x4xf32>) carry(%h : tensor<4xf32> = 1.0) offsets %offsets : tensor<?xi32> -> tensor<?x4xf32> {
    %0 = arith.mulf %x, %h : tensor<4xf32>
    %1 = arith.addf %0, %x : tensor<4xf32>
    strand.yield %1 : tensor<4xf32> next %1 : tensor<4xf32>
  }
  return %y : tensor<?x4xf32>
}

// -----

// CHECK-LABEL: func.func @begins_at_a_tensor(
// CHECK-SAME:    %[[X:.*]]: tensor<?x4xf32>, %[[W:.*]]: tensor<4xf32>,
// CHECK:         %[[P:.*]] = strand.position %[[X]] offsets
// CHECK:         linalg.generic {{.*}} ins(%[[P]], %[[W]] : tensor<?xi32>, tensor<4xf32>)
// CHECK:         strand.linear_recurrence decay(%[[X]])
func.func @begins_at_a_tensor(%xs: tensor<?x4xf32>, %w: tensor<4xf32>, %offsets: tensor<?xi32>) -> tensor<?x4xf32> {
  // expected-remark @below {{; becomes strand.linear_recurrence}}
  %y = strand.scan rows(%x = %xs : tensor<?x4xf32>) carry(%h : tensor<4xf32> = %w) offsets %offsets : tensor<?xi32> -> tensor<?x4xf32> {
    %0 = arith.mulf %x, %h : tensor<4xf32>
    %1 = arith.addf %0, %x : tensor<4xf32>
    strand.yield %1 : tensor<4xf32> next %1 : tensor<4xf32>
  }
  return %y : tensor<?x4xf32>
}

// -----

// It has no other input.
// CHECK-LABEL: func.func @decays_from_a_tensor(
// CHECK:         strand.linear_recurrence
func.func @decays_from_a_tensor(%xs: tensor<?x4xf32>, %w: tensor<4xf32>, %offsets: tensor<?xi32>) -> tensor<?x4xf32> {
  // expected-remark @below {{; becomes strand.linear_recurrence}}
  %y = strand.scan rows(%x = %xs : tensor<?x4xf32>) carry(%h : tensor<4xf32> = %w) offsets %offsets : tensor<?xi32> -> tensor<?x4xf32> {
    %0 = arith.mulf %x, %h : tensor<4xf32>
    strand.yield %0 : tensor<4xf32> next %0 : tensor<4xf32>
  }
  return %y : tensor<?x4xf32>
}

// -----

// Two parts of a complex number, at a tensor and at 1.
// CHECK-LABEL: func.func @complex(
// CHECK:         strand.complex_recurrence decay(%{{.*}}) turn(%{{.*}}) input(%{{.*}}) imag(%{{.*}})
func.func @complex(%us: tensor<?x8xf32>, %all_c: tensor<8xf32>, %all_s: tensor<8xf32>, %w: tensor<8xf32>, %offsets: tensor<?xi32>)
    -> tensor<?x8xf32> {
  // expected-remark @below {{h0 is complex diagonal: h0[i] = A0[i] * h0[i] + A1[i] * h1[i] + b[i]; becomes strand.complex_recurrence}}
  // expected-remark @below {{h1 is complex diagonal: h1[i] = A0[i] * h0[i] + A1[i] * h1[i]; becomes strand.complex_recurrence}}
  %r = strand.scan rows(%u = %us : tensor<?x8xf32>) with(%c = %all_c : tensor<8xf32>, %s = %all_s : tensor<8xf32>)
      carry(%p : tensor<8xf32> = %w, %q : tensor<8xf32> = 1.0) offsets %offsets : tensor<?xi32> -> tensor<?x8xf32> {
    %0 = arith.mulf %c, %p : tensor<8xf32>
    %1 = arith.mulf %s, %q : tensor<8xf32>
    %2 = arith.subf %0, %1 : tensor<8xf32>
    %p1 = arith.addf %2, %u : tensor<8xf32>
    %3 = arith.mulf %s, %p : tensor<8xf32>
    %4 = arith.mulf %c, %q : tensor<8xf32>
    %q1 = arith.addf %3, %4 : tensor<8xf32>
    strand.yield %p1 : tensor<8xf32> next %p1, %q1 : tensor<8xf32>, tensor<8xf32>
  }
  return %r : tensor<?x8xf32>
}

// -----

// What is read is the value before the step: in the first row that is the tensor itself, which no rows before it hold.
// CHECK-LABEL: func.func @read_before_the_step(
// CHECK:         strand.scan
func.func @read_before_the_step(%xs: tensor<?x4xf32>, %w: tensor<4xf32>, %offsets: tensor<?xi32>) -> tensor<?x4xf32> {
  // expected-remark @below {{stays a scan: what is read of it cannot be computed for all rows at once}}
  %y = strand.scan rows(%x = %xs : tensor<?x4xf32>) carry(%h : tensor<4xf32> = %w) offsets %offsets : tensor<?xi32> -> tensor<?x4xf32> {
    %0 = arith.mulf %x, %h : tensor<4xf32>
    %1 = arith.addf %0, %x : tensor<4xf32>
    strand.yield %h : tensor<4xf32> next %1 : tensor<4xf32>
  }
  return %y : tensor<?x4xf32>
}

// -----

#k = affine_map<(i, j) -> (i)>
#v = affine_map<(i, j) -> (j)>
#kv = affine_map<(i, j) -> (i, j)>

// A matrix is read by itself: under the decays so far, of which there are none here.
// CHECK-LABEL: func.func @matrix_that_begins_at_a_tensor(
// CHECK-SAME:    %[[W:[a-z0-9]+]]: tensor<4x3xf32>,
// CHECK:         %[[Y:.*]] = strand.linear_attention
// CHECK:         %[[ROWS:.*]] = tensor.collapse_shape %[[Y]]
// CHECK:         %[[READ:.*]] = linalg.generic {{.*}} ins(%{{.*}}, %[[W]] : tensor<?x4xf32>, tensor<4x3xf32>)
// CHECK:         linalg.generic {{.*}} ins(%[[ROWS]], %[[READ]] :
// CHECK-NOT:     strand.scan
func.func @matrix_that_begins_at_a_tensor(%ks: tensor<?x4xf32>, %vs: tensor<?x3xf32>,
    %w: tensor<4x3xf32>, %offsets: tensor<?xi32>)
    -> tensor<?x3xf32> {
  // expected-remark @below {{becomes strand.linear_attention}}
  %y = strand.scan rows(%k = %ks : tensor<?x4xf32>, %v = %vs : tensor<?x3xf32>) carry(%h : tensor<4x3xf32> = %w)
       offsets %offsets : tensor<?xi32> -> tensor<?x3xf32> {
    %0 = linalg.generic {indexing_maps = [#k, #v, #kv], iterator_types = ["parallel", "parallel"]}
        ins(%k, %v : tensor<4xf32>, tensor<3xf32>) outs(%h : tensor<4x3xf32>) {
    ^bb0(%a: f32, %b: f32, %c: f32):
      %1 = arith.mulf %a, %b : f32
      %2 = arith.addf %1, %c : f32
      linalg.yield %2 : f32
    } -> tensor<4x3xf32>
    %zero = arith.constant dense<0.0> : tensor<3xf32>
    %y = linalg.vecmat ins(%k, %0 : tensor<4xf32>, tensor<4x3xf32>) outs(%zero : tensor<3xf32>) -> tensor<3xf32>
    strand.yield %y : tensor<3xf32> next %0 : tensor<4x3xf32>
  }
  return %y : tensor<?x3xf32>
}
