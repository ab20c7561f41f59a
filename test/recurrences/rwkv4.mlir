// RWKV-4, a weighted mean, under a running maximum.
//
//   p' = max(p - w, k), numerator and denominator under exp(p - w - p').
//
// RUN: strand-opt %s -strand-infer-structure -verify-diagnostics -o /dev/null
// RUN: strand-check %s | FileCheck %s --implicit-check-not=wrong
// CHECK: rwkv4: 10 forms right

func.func @rwkv4(%ks: tensor<?x8xf32> {check.range = [-4.0, 4.0]}, %vs: tensor<?x8xf32>,
    %all_w: tensor<8xf32> {check.range = [0.01, 3.0]}, %all_u: tensor<8xf32>, %offsets: tensor<?xi32>) -> tensor<?x8xf32> {
  // expected-remark @below {{h2 is max-plus, diagonal: h2[i] = max(h2[i] + A[i], b[i]); becomes strand.associative_scan}}
  // expected-remark @below {{h0 is diagonal: h0[i] = exp(g[i]) * h0[i] + b[i], given h2; becomes strand.linear_recurrence}}
  // expected-remark @below {{h1 is diagonal: h1[i] = exp(g[i]) * h1[i] + b[i], given h2; becomes strand.linear_recurrence}}
  %r = strand.scan rows(%k = %ks : tensor<?x8xf32>, %v = %vs : tensor<?x8xf32>)
      with(%w = %all_w : tensor<8xf32>, %u = %all_u : tensor<8xf32>)
      carry(%a : tensor<8xf32>, %bb : tensor<8xf32>, %p : tensor<8xf32>)
      offsets %offsets : tensor<?xi32> -> tensor<?x8xf32> {
    %0 = arith.addf %u, %k : tensor<8xf32>
    %1 = arith.maximumf %p, %0 : tensor<8xf32>
    %2 = arith.subf %p, %1 : tensor<8xf32>
    %3 = math.exp %2 : tensor<8xf32>
    %4 = arith.subf %0, %1 : tensor<8xf32>
    %5 = math.exp %4 : tensor<8xf32>
    %6 = arith.mulf %3, %a : tensor<8xf32>
    %7 = arith.mulf %5, %v : tensor<8xf32>
    %8 = arith.addf %6, %7 : tensor<8xf32>
    %9 = arith.mulf %3, %bb : tensor<8xf32>
    %10 = arith.addf %9, %5 : tensor<8xf32>
    %11 = arith.divf %8, %10 : tensor<8xf32>
    %12 = arith.subf %p, %w : tensor<8xf32>
    %13 = arith.maximumf %12, %k : tensor<8xf32>
    %14 = arith.subf %12, %13 : tensor<8xf32>
    %15 = math.exp %14 : tensor<8xf32>
    %16 = arith.subf %k, %13 : tensor<8xf32>
    %17 = math.exp %16 : tensor<8xf32>
    %18 = arith.mulf %15, %a : tensor<8xf32>
    %19 = arith.mulf %17, %v : tensor<8xf32>
    %20 = arith.addf %18, %19 : tensor<8xf32>
    %21 = arith.mulf %15, %bb : tensor<8xf32>
    %22 = arith.addf %21, %17 : tensor<8xf32>
    strand.yield %11 : tensor<8xf32> next %20, %22, %13 : tensor<8xf32>, tensor<8xf32>, tensor<8xf32>
  }
  return %r : tensor<?x8xf32>
}
