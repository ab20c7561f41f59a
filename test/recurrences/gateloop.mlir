// GateLoop with modulus 1: a turn by an angle of the row.
//
//   (p, q)' = R(t) (p, q) + (u, 0).
//
// RUN: strand-opt %s -strand-infer-structure -verify-diagnostics -o /dev/null
// RUN: strand-check %s | FileCheck %s --implicit-check-not=wrong
// CHECK: gateloop: {{[7-9]|1[0-9]}} forms right

func.func @gateloop(%ts: tensor<?x8xf32> {check.range = [-3.0, 3.0]}, %us: tensor<?x8xf32>, %offsets: tensor<?xi32>) -> tensor<?x8xf32> {
  // expected-remark @below {{h0 is complex diagonal: h0[i] = a0[i] * h0[i] + a1[i] * h1[i] + b[i]; becomes strand.complex_recurrence}}
  // expected-remark @below {{h1 is complex diagonal: h1[i] = a0[i] * h0[i] + a1[i] * h1[i]; becomes strand.complex_recurrence}}
  %r = strand.scan rows(%t = %ts : tensor<?x8xf32>, %u = %us : tensor<?x8xf32>)
      carry(%p : tensor<8xf32>, %q : tensor<8xf32>) offsets %offsets : tensor<?xi32> -> tensor<?x8xf32> {
    %0 = math.cos %t : tensor<8xf32>
    %1 = math.sin %t : tensor<8xf32>
    %2 = arith.mulf %0, %p : tensor<8xf32>
    %3 = arith.mulf %1, %q : tensor<8xf32>
    %4 = arith.subf %2, %3 : tensor<8xf32>
    %5 = arith.addf %4, %u : tensor<8xf32>
    %6 = arith.mulf %1, %p : tensor<8xf32>
    %7 = arith.mulf %0, %q : tensor<8xf32>
    %8 = arith.addf %6, %7 : tensor<8xf32>
    strand.yield %5 : tensor<8xf32> next %5, %8 : tensor<8xf32>, tensor<8xf32>
  }
  return %r : tensor<?x8xf32>
}
