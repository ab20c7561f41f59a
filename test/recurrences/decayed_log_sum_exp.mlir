// The same under a decay, as minGRU computes in logarithms.
//
//   h' = log(exp(h + g) + exp(x)).
//
// RUN: strand-opt %s -strand-infer-structure -verify-diagnostics -o /dev/null
// RUN: strand-check %s | FileCheck %s --implicit-check-not=wrong
// CHECK: decayed_log_sum_exp: 10 forms right

func.func @decayed_log_sum_exp(%xs: tensor<?x8xf32> {check.range = [-8.0, 8.0]},
    %gs: tensor<?x8xf32> {check.kind = "gates"}, %offsets: tensor<?xi32>) -> tensor<?x8xf32> {
  // expected-remark @below {{h is log-sum-exp, diagonal: h[i] = lse(h[i] + a[i], b[i]); becomes strand.associative_scan}}
  %r = strand.scan rows(%x = %xs : tensor<?x8xf32>, %g = %gs : tensor<?x8xf32>)
      carry(%z : tensor<8xf32>) offsets %offsets : tensor<?xi32> -> tensor<?x8xf32> {
    %0 = arith.addf %z, %g : tensor<8xf32>
    %1 = arith.maximumf %0, %x : tensor<8xf32>
    %2 = arith.subf %0, %x : tensor<8xf32>
    %3 = math.absf %2 : tensor<8xf32>
    %4 = arith.negf %3 : tensor<8xf32>
    %5 = math.exp %4 : tensor<8xf32>
    %6 = math.log1p %5 : tensor<8xf32>
    %7 = arith.addf %1, %6 : tensor<8xf32>
    strand.yield %7 : tensor<8xf32> next %7 : tensor<8xf32>
  }
  return %r : tensor<?x8xf32>
}
