// minLSTM: forget and input gate, made to sum to 1.
//
//   f = sigmoid(x_f), i = sigmoid(x_i), h' = f / (f + i) h + i / (f + i) c.
//
// RUN: strand-opt %s -strand-infer-structure -verify-diagnostics -o /dev/null
// RUN: strand-check %s | FileCheck %s --implicit-check-not=wrong
// CHECK: minlstm: {{[7-9]|1[0-9]}} forms right

func.func @minlstm(%fs: tensor<?x8xf32> {check.range = [-8.0, 8.0]}, %is: tensor<?x8xf32> {check.range = [-8.0, 8.0]},
    %cs: tensor<?x8xf32>, %offsets: tensor<?xi32>) -> tensor<?x8xf32> {
  // expected-remark @below {{h is diagonal: h[i] = a[i] * h[i] + b[i]; becomes strand.linear_recurrence}}
  %r = strand.scan rows(%xf = %fs : tensor<?x8xf32>, %xi = %is : tensor<?x8xf32>, %c = %cs : tensor<?x8xf32>)
      carry(%h : tensor<8xf32>) offsets %offsets : tensor<?xi32> -> tensor<?x8xf32> {
    %one = arith.constant dense<1.0> : tensor<8xf32>
    %0 = arith.negf %xf : tensor<8xf32>
    %1 = math.exp %0 : tensor<8xf32>
    %2 = arith.addf %one, %1 : tensor<8xf32>
    %f = arith.divf %one, %2 : tensor<8xf32>
    %3 = arith.negf %xi : tensor<8xf32>
    %4 = math.exp %3 : tensor<8xf32>
    %5 = arith.addf %one, %4 : tensor<8xf32>
    %i = arith.divf %one, %5 : tensor<8xf32>
    %sum = arith.addf %f, %i : tensor<8xf32>
    %keep = arith.divf %f, %sum : tensor<8xf32>
    %add = arith.divf %i, %sum : tensor<8xf32>
    %6 = arith.mulf %keep, %h : tensor<8xf32>
    %7 = arith.mulf %add, %c : tensor<8xf32>
    %8 = arith.addf %6, %7 : tensor<8xf32>
    strand.yield %8 : tensor<8xf32> next %8 : tensor<8xf32>
  }
  return %r : tensor<?x8xf32>
}
