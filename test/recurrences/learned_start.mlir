// A gated recurrence that begins at a learned vector, and an oscillator whose amplitude is 1 before its first row.
//
//   h' = a h + (1 - a) x from h0, and p + i q = r exp(i w) (p + i q) + u from 1.
//
// RUN: strand-opt %s -strand-infer-structure -verify-diagnostics -o /dev/null
// RUN: strand-check %s | FileCheck %s --implicit-check-not=wrong
// CHECK-DAG: learned_start: {{[7-9]|1[0-9]}} forms right
// CHECK-DAG: oscillator: {{[7-9]|1[0-9]}} forms right

func.func @learned_start(%xs: tensor<?x8xf32>, %as: tensor<?x8xf32> {check.range = [0.0, 1.0]}, %h0: tensor<8xf32>,
                         %offsets: tensor<?xi32>) -> tensor<?x8xf32> {
  // expected-remark @below {{h is diagonal: h[i] = a[i] * h[i] + b[i]; becomes strand.linear_recurrence}}
  %r = strand.scan rows(%x = %xs : tensor<?x8xf32>, %a = %as : tensor<?x8xf32>) carry(%h : tensor<8xf32> = %h0)
      offsets %offsets : tensor<?xi32> -> tensor<?x8xf32> {
    %one = arith.constant dense<1.0> : tensor<8xf32>
    %0 = arith.mulf %a, %h : tensor<8xf32>
    %1 = arith.subf %one, %a : tensor<8xf32>
    %2 = arith.mulf %1, %x : tensor<8xf32>
    %3 = arith.addf %0, %2 : tensor<8xf32>
    strand.yield %3 : tensor<8xf32> next %3 : tensor<8xf32>
  }
  return %r : tensor<?x8xf32>
}

func.func @oscillator(%us: tensor<?x8xf32>, %rs: tensor<?x8xf32> {check.range = [0.0, 1.0]}, %all_w: tensor<8xf32>,
                      %offsets: tensor<?xi32>) -> (tensor<?x8xf32>, tensor<?x8xf32>) {
  // expected-remark @below {{h0 is complex diagonal: h0[i] = a0[i] * h0[i] + a1[i] * h1[i] + b[i]; becomes strand.complex_recurrence}}
  // expected-remark @below {{h1 is complex diagonal: h1[i] = a0[i] * h0[i] + a1[i] * h1[i]; becomes strand.complex_recurrence}}
  %r:2 = strand.scan rows(%u = %us : tensor<?x8xf32>, %r = %rs : tensor<?x8xf32>) with(%w = %all_w : tensor<8xf32>)
      carry(%p : tensor<8xf32> = 1.0, %q : tensor<8xf32>) offsets %offsets : tensor<?xi32> -> (tensor<?x8xf32>, tensor<?x8xf32>) {
    %cos = math.cos %w : tensor<8xf32>
    %sin = math.sin %w : tensor<8xf32>
    %c = arith.mulf %r, %cos : tensor<8xf32>
    %s = arith.mulf %r, %sin : tensor<8xf32>
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
