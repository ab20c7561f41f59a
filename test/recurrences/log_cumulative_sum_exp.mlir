// Log of the cumulative sum of exponentials.
//
//   h' = log(exp h + exp x), the larger taken out.
//
// RUN: strand-opt %s -strand-infer-structure -verify-diagnostics -o /dev/null
// RUN: strand-check %s | FileCheck %s --implicit-check-not=wrong
// CHECK: log_cumulative_sum_exp: 10 forms right

func.func @log_cumulative_sum_exp(%xs: tensor<?x8xf32> {check.range = [-8.0, 8.0]}, %offsets: tensor<?xi32>) -> tensor<?x8xf32> {
  // expected-remark @below {{h is log-sum-exp, diagonal: h[i] = lse(h[i], b[i]); becomes strand.associative_scan}}
  %r = strand.scan rows(%x = %xs : tensor<?x8xf32>)
      carry(%z : tensor<8xf32>) offsets %offsets : tensor<?xi32> -> tensor<?x8xf32> {
    %0 = arith.maximumf %z, %x : tensor<8xf32>
    %1 = arith.subf %z, %0 : tensor<8xf32>
    %2 = math.exp %1 : tensor<8xf32>
    %3 = arith.subf %x, %0 : tensor<8xf32>
    %4 = math.exp %3 : tensor<8xf32>
    %5 = arith.addf %2, %4 : tensor<8xf32>
    %6 = math.log %5 : tensor<8xf32>
    %7 = arith.addf %0, %6 : tensor<8xf32>
    strand.yield %7 : tensor<8xf32> next %7 : tensor<8xf32>
  }
  return %r : tensor<?x8xf32>
}
