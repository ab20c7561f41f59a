// RG-LRU of Hawk and Griffin.
//
//   a = exp(-softplus(l) sigmoid(r)), h' = a h + sqrt(1 - a^2) x.
//
// RUN: strand-opt %s -strand-infer-structure -verify-diagnostics -o /dev/null
// 1 - a^2 loses digits where a is near 1, as it is written: the bound is 4 times what plain loops in f32 lose.
// RUN: strand-check --plain-factor=4 %s | FileCheck %s --implicit-check-not=wrong
// CHECK: rglru: {{[7-9]|1[0-9]}} forms right

func.func @rglru(%xs: tensor<?x8xf32>, %rs: tensor<?x8xf32> {check.range = [-8.0, 8.0]},
    %all_l: tensor<8xf32> {check.range = [-4.0, 4.0]}, %offsets: tensor<?xi32>) -> tensor<?x8xf32> {
  // expected-remark @below {{h is diagonal: h[i] = exp(g[i]) * h[i] + b[i]; becomes strand.linear_recurrence}}
  %r = strand.scan rows(%x = %xs : tensor<?x8xf32>, %r = %rs : tensor<?x8xf32>) with(%l = %all_l : tensor<8xf32>)
      carry(%h : tensor<8xf32>) offsets %offsets : tensor<?xi32> -> tensor<?x8xf32> {
    %0 = math.exp %l : tensor<8xf32>
    %1 = math.log1p %0 : tensor<8xf32>
    %c0 = arith.constant dense<1.0> : tensor<8xf32>
    %3 = arith.negf %r : tensor<8xf32>
    %4 = math.exp %3 : tensor<8xf32>
    %5 = arith.addf %c0, %4 : tensor<8xf32>
    %6 = arith.divf %c0, %5 : tensor<8xf32>
    %7 = arith.mulf %1, %6 : tensor<8xf32>
    %8 = arith.negf %7 : tensor<8xf32>
    %9 = math.exp %8 : tensor<8xf32>
    %10 = arith.mulf %9, %h : tensor<8xf32>
    %11 = arith.mulf %9, %9 : tensor<8xf32>
    %12 = arith.subf %c0, %11 : tensor<8xf32>
    %13 = math.sqrt %12 : tensor<8xf32>
    %14 = arith.mulf %13, %x : tensor<8xf32>
    %15 = arith.addf %10, %14 : tensor<8xf32>
    strand.yield %15 : tensor<8xf32> next %15 : tensor<8xf32>
  }
  return %r : tensor<?x8xf32>
}
