// Aaren: softmax attention of one query as a recurrence.
//
//   m' = max(m, s), u' = exp(m - m') u + exp(s - m'), w' alike with v, y = w' / u'.
//
// RUN: strand-opt %s -strand-infer-structure -verify-diagnostics -o /dev/null
// RUN: strand-check %s | FileCheck %s --implicit-check-not=wrong
// CHECK: aaren: 10 forms right

func.func @aaren(%ss: tensor<?xf32> {check.range = [-8.0, 8.0]}, %vs: tensor<?x3xf32>, %offsets: tensor<?xi32>) -> tensor<?x3xf32> {
  // expected-remark @below {{h0 is max-plus, diagonal: h0 = max(h0, b); becomes strand.associative_scan}}
  // expected-remark @below {{h1 is diagonal: h1 = exp(g) * h1 + b, given h0; becomes strand.linear_recurrence}}
  // expected-remark @below {{h2 is diagonal: h2[i] = exp(g) * h2[i] + b[i], given h0; becomes strand.linear_recurrence}}
  %r = strand.scan rows(%s = %ss : tensor<?xf32>, %v = %vs : tensor<?x3xf32>)
      carry(%m : tensor<f32>, %u : tensor<f32>, %w : tensor<3xf32>)
      offsets %offsets : tensor<?xi32> -> tensor<?x3xf32> {
    %0 = arith.maximumf %m, %s : tensor<f32>
    %1 = arith.subf %m, %0 : tensor<f32>
    %2 = math.exp %1 : tensor<f32>
    %3 = arith.subf %s, %0 : tensor<f32>
    %4 = math.exp %3 : tensor<f32>
    %5 = arith.mulf %2, %u : tensor<f32>
    %6 = arith.addf %5, %4 : tensor<f32>
    %7 = tensor.empty() : tensor<3xf32>
    %8 = linalg.broadcast ins(%2 : tensor<f32>) outs(%7 : tensor<3xf32>) dimensions = [0]
    %9 = arith.mulf %8, %w : tensor<3xf32>
    %10 = tensor.empty() : tensor<3xf32>
    %11 = linalg.broadcast ins(%4 : tensor<f32>) outs(%10 : tensor<3xf32>) dimensions = [0]
    %12 = arith.mulf %11, %v : tensor<3xf32>
    %13 = arith.addf %9, %12 : tensor<3xf32>
    %14 = tensor.empty() : tensor<3xf32>
    %15 = linalg.broadcast ins(%6 : tensor<f32>) outs(%14 : tensor<3xf32>) dimensions = [0]
    %16 = arith.divf %13, %15 : tensor<3xf32>
    strand.yield %16 : tensor<3xf32> next %0, %6, %13 : tensor<f32>, tensor<f32>, tensor<3xf32>
  }
  return %r : tensor<?x3xf32>
}
