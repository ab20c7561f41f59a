// Two carried values that are one complex number.
//
// RUN: strand-opt %s -strand-infer-structure -verify-diagnostics -o %t
// RUN: FileCheck %s < %t

// Both parts are read: a' = 0.9 (cos w + i sin w), the input is real.
// CHECK-LABEL: @both_parts
// CHECK: %[[Y:.*]], %[[I:.*]] = strand.complex_recurrence decay(%{{.*}}) turn(%{{.*}}) input(%{{.*}}) offsets %{{.*}} {both,
// CHECK: return %[[Y]], %[[I]] :
func.func @both_parts(%ws: tensor<?x8xf32>, %us: tensor<?x8xf32>, %offsets: tensor<?xi32>) -> (tensor<?x8xf32>, tensor<?x8xf32>) {
  // expected-remark @below {{h0 is complex diagonal: h0[i] = a0[i] * h0[i] + a1[i] * h1[i] + b[i]; becomes strand.complex_recurrence}}
  // expected-remark @below {{h1 is complex diagonal: h1[i] = a0[i] * h0[i] + a1[i] * h1[i]; becomes strand.complex_recurrence}}
  %r:2 = strand.scan rows(%w = %ws : tensor<?x8xf32>, %u = %us : tensor<?x8xf32>)
      carry(%p : tensor<8xf32>, %q : tensor<8xf32>) offsets %offsets : tensor<?xi32> -> (tensor<?x8xf32>, tensor<?x8xf32>) {
    %keep = arith.constant dense<0.9> : tensor<8xf32>
    %cos = math.cos %w : tensor<8xf32>
    %sin = math.sin %w : tensor<8xf32>
    %c = arith.mulf %keep, %cos : tensor<8xf32>
    %s = arith.mulf %keep, %sin : tensor<8xf32>
    %0 = arith.mulf %c, %p : tensor<8xf32>
    %1 = arith.mulf %s, %q : tensor<8xf32>
    %2 = arith.subf %0, %1 : tensor<8xf32>
    %p1 = arith.addf %2, %u : tensor<8xf32>
    %3 = arith.mulf %s, %p : tensor<8xf32>
    %4 = arith.mulf %c, %q : tensor<8xf32>
    %q1 = arith.addf %3, %4 : tensor<8xf32>
    strand.yield %p1, %q1 : tensor<8xf32>, tensor<8xf32> next %p1, %q1 : tensor<8xf32>, tensor<8xf32>
  }
  return %r#0, %r#1 : tensor<?x8xf32>, tensor<?x8xf32>
}

// The value with the input is the real part, here the second: what is read is the other.
// CHECK-LABEL: @input_to_the_second
// CHECK: strand.complex_recurrence decay(%{{.*}}) turn(%{{.*}}) input(%{{.*}}) offsets %{{.*}} {both,
// CHECK-NOT: strand.scan
func.func @input_to_the_second(%us: tensor<?x8xf32>, %all_c: tensor<8xf32>, %all_s: tensor<8xf32>, %offsets: tensor<?xi32>)
    -> tensor<?x8xf32> {
  // expected-remark @below {{h0 is complex diagonal: h0[i] = A0[i] * h0[i] + A1[i] * h1[i]; becomes strand.complex_recurrence}}
  // expected-remark @below {{h1 is complex diagonal: h1[i] = A0[i] * h0[i] + A1[i] * h1[i] + b[i]; becomes strand.complex_recurrence}}
  %r = strand.scan rows(%u = %us : tensor<?x8xf32>) with(%c = %all_c : tensor<8xf32>, %s = %all_s : tensor<8xf32>)
      carry(%p : tensor<8xf32>, %q : tensor<8xf32>) offsets %offsets : tensor<?xi32> -> tensor<?x8xf32> {
    %0 = arith.mulf %c, %p : tensor<8xf32>
    %1 = arith.mulf %s, %q : tensor<8xf32>
    %p1 = arith.subf %0, %1 : tensor<8xf32>
    %2 = arith.mulf %s, %p : tensor<8xf32>
    %3 = arith.mulf %c, %q : tensor<8xf32>
    %4 = arith.addf %2, %3 : tensor<8xf32>
    %q1 = arith.addf %4, %u : tensor<8xf32>
    strand.yield %p1 : tensor<8xf32> next %p1, %q1 : tensor<8xf32>, tensor<8xf32>
  }
  return %r : tensor<?x8xf32>
}

// A state wider than a row, read by the imaginary part alone.
// CHECK-LABEL: @imaginary_reading
// CHECK: strand.complex_recurrence decay(%{{.*}}) turn(%{{.*}}) input(%{{.*}}) read(%{{.*}}, %{{.*}}) offsets
// CHECK-NOT: strand.scan
func.func @imaginary_reading(%xs: tensor<?x6xf32>, %all_c: tensor<6x4xf32>, %all_s: tensor<6x4xf32>, %all_k: tensor<6x4xf32>,
                             %offsets: tensor<?xi32>) -> tensor<?x6xf32> {
  // expected-remark @below {{h0 is complex diagonal: h0[i,j] = A0[i,j] * h0[i,j] + A1[i,j] * h1[i,j] + b[i]; becomes strand.complex_recurrence}}
  // expected-remark @below {{h1 is complex diagonal: h1[i,j] = A0[i,j] * h0[i,j] + A1[i,j] * h1[i,j]; becomes strand.complex_recurrence}}
  %r = strand.scan rows(%x = %xs : tensor<?x6xf32>)
      with(%c = %all_c : tensor<6x4xf32>, %s = %all_s : tensor<6x4xf32>, %k = %all_k : tensor<6x4xf32>)
      carry(%p : tensor<6x4xf32>, %q : tensor<6x4xf32>) offsets %offsets : tensor<?xi32> -> tensor<?x6xf32> {
    %e = tensor.empty() : tensor<6x4xf32>
    %xn = linalg.broadcast ins(%x : tensor<6xf32>) outs(%e : tensor<6x4xf32>) dimensions = [1]
    %0 = arith.mulf %c, %p : tensor<6x4xf32>
    %1 = arith.mulf %s, %q : tensor<6x4xf32>
    %2 = arith.subf %0, %1 : tensor<6x4xf32>
    %p1 = arith.addf %2, %xn : tensor<6x4xf32>
    %3 = arith.mulf %s, %p : tensor<6x4xf32>
    %4 = arith.mulf %c, %q : tensor<6x4xf32>
    %q1 = arith.addf %3, %4 : tensor<6x4xf32>
    %5 = arith.mulf %k, %q1 : tensor<6x4xf32>
    %zero = arith.constant dense<0.0> : tensor<6xf32>
    %y = linalg.reduce { arith.addf } ins(%5 : tensor<6x4xf32>) outs(%zero : tensor<6xf32>) dimensions = [1]
    strand.yield %y : tensor<6xf32> next %p1, %q1 : tensor<6x4xf32>, tensor<6x4xf32>
  }
  return %r : tensor<?x6xf32>
}

// exp(dt (-a + i w)) of a row's step and constants: logarithm and angle in factors, nothing is stored for all rows.
// CHECK-LABEL: @polar
// CHECK: strand.complex_recurrence decay(%{{.*}}, %{{.*}}) turn(%{{.*}}, %{{.*}}) input(%{{.*}}) read(%{{.*}}) offsets %{{.*}} {{{.*}}log}
// CHECK-NOT: strand.scan
func.func @polar(%xs: tensor<?x6xf32>, %dts: tensor<?x6xf32>, %all_a: tensor<6x4xf32>, %all_w: tensor<6x4xf32>,
                 %all_k: tensor<6x4xf32>, %offsets: tensor<?xi32>) -> tensor<?x6xf32> {
  // expected-remark @below {{h0 is complex diagonal: h0[i,j] = a0[i,j] * h0[i,j] + a1[i,j] * h1[i,j] + b[i]; becomes strand.complex_recurrence}}
  // expected-remark @below {{h1 is complex diagonal: h1[i,j] = a0[i,j] * h0[i,j] + a1[i,j] * h1[i,j]; becomes strand.complex_recurrence}}
  %r = strand.scan rows(%x = %xs : tensor<?x6xf32>, %dt = %dts : tensor<?x6xf32>)
      with(%a = %all_a : tensor<6x4xf32>, %w = %all_w : tensor<6x4xf32>, %k = %all_k : tensor<6x4xf32>)
      carry(%p : tensor<6x4xf32>, %q : tensor<6x4xf32>) offsets %offsets : tensor<?xi32> -> tensor<?x6xf32> {
    %e = tensor.empty() : tensor<6x4xf32>
    %xn = linalg.broadcast ins(%x : tensor<6xf32>) outs(%e : tensor<6x4xf32>) dimensions = [1]
    %dn = linalg.broadcast ins(%dt : tensor<6xf32>) outs(%e : tensor<6x4xf32>) dimensions = [1]
    %square = arith.mulf %a, %a : tensor<6x4xf32>
    %minus = arith.negf %square : tensor<6x4xf32>
    %dd = arith.mulf %dn, %dn : tensor<6x4xf32>
    %log = arith.mulf %dd, %minus : tensor<6x4xf32>
    %rho = math.exp %log : tensor<6x4xf32>
    %angle = arith.mulf %dn, %w : tensor<6x4xf32>
    %cos = math.cos %angle : tensor<6x4xf32>
    %sin = math.sin %angle : tensor<6x4xf32>
    %c = arith.mulf %rho, %cos : tensor<6x4xf32>
    %s = arith.mulf %rho, %sin : tensor<6x4xf32>
    %0 = arith.mulf %c, %p : tensor<6x4xf32>
    %1 = arith.mulf %s, %q : tensor<6x4xf32>
    %2 = arith.subf %0, %1 : tensor<6x4xf32>
    %p1 = arith.addf %2, %xn : tensor<6x4xf32>
    %3 = arith.mulf %s, %p : tensor<6x4xf32>
    %4 = arith.mulf %c, %q : tensor<6x4xf32>
    %q1 = arith.addf %3, %4 : tensor<6x4xf32>
    %5 = arith.mulf %k, %p1 : tensor<6x4xf32>
    %zero = arith.constant dense<0.0> : tensor<6xf32>
    %y = linalg.reduce { arith.addf } ins(%5 : tensor<6x4xf32>) outs(%zero : tensor<6xf32>) dimensions = [1]
    strand.yield %y : tensor<6xf32> next %p1, %q1 : tensor<6x4xf32>, tensor<6x4xf32>
  }
  return %r : tensor<?x6xf32>
}

// One complex number.
// CHECK-LABEL: @one_number
// CHECK: strand.complex_recurrence
// CHECK-NOT: strand.scan
func.func @one_number(%us: tensor<?xf32>, %ws: tensor<?xf32>, %offsets: tensor<?xi32>) -> tensor<?xf32> {
  // expected-remark @below {{h0 is complex diagonal: h0 = a0 * h0 + a1 * h1 + b; becomes strand.complex_recurrence}}
  // expected-remark @below {{h1 is complex diagonal: h1 = a0 * h0 + a1 * h1 + b; becomes strand.complex_recurrence}}
  %r = strand.scan rows(%u = %us : tensor<?xf32>, %w = %ws : tensor<?xf32>)
      carry(%p : tensor<f32>, %q : tensor<f32>) offsets %offsets : tensor<?xi32> -> tensor<?xf32> {
    %c = math.cos %w : tensor<f32>
    %s = math.sin %w : tensor<f32>
    %0 = arith.mulf %c, %p : tensor<f32>
    %1 = arith.mulf %s, %q : tensor<f32>
    %2 = arith.subf %0, %1 : tensor<f32>
    %p1 = arith.addf %2, %u : tensor<f32>
    %3 = arith.mulf %s, %p : tensor<f32>
    %4 = arith.mulf %c, %q : tensor<f32>
    %5 = arith.addf %3, %4 : tensor<f32>
    %q1 = arith.subf %5, %w : tensor<f32>
    %y = arith.mulf %p1, %q1 : tensor<f32>
    strand.yield %y : tensor<f32> next %p1, %q1 : tensor<f32>, tensor<f32>
  }
  return %r : tensor<?xf32>
}
