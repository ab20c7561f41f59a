// A leaky peak of two signals: what was largest so far falls by a rate of its own in each row, and by no less than a floor.
//
//   h' = max(h - a, x, z, -1).
//
// RUN: strand-opt %s -strand-infer-structure -verify-diagnostics -o /dev/null
// RUN: strand-check %s | FileCheck %s --implicit-check-not=wrong
// CHECK: several_maxima: {{[7-9]|1[0-9]}} forms right

func.func @several_maxima(%xs: tensor<?x8xf32>, %zs: tensor<?xf32>, %as: tensor<?x8xf32> {check.range = [0.0, 1.0]},
                          %offsets: tensor<?xi32>) -> tensor<?x8xf32> {
  // expected-remark @below {{h is max-plus, diagonal: h[i] = max(-1, b, h[i] + a[i], b[i]); becomes strand.associative_scan}}
  %r = strand.scan rows(%x = %xs : tensor<?x8xf32>, %z = %zs : tensor<?xf32>, %a = %as : tensor<?x8xf32>)
      carry(%h : tensor<8xf32>) offsets %offsets : tensor<?xi32> -> tensor<?x8xf32> {
    %floor = arith.constant dense<-1.0> : tensor<8xf32>
    %e = tensor.empty() : tensor<8xf32>
    %wide = linalg.broadcast ins(%z : tensor<f32>) outs(%e : tensor<8xf32>) dimensions = [0]
    %0 = arith.subf %h, %a : tensor<8xf32>
    %1 = arith.maximumf %0, %x : tensor<8xf32>
    %2 = arith.maximumf %1, %wide : tensor<8xf32>
    %3 = arith.maximumf %2, %floor : tensor<8xf32>
    strand.yield %3 : tensor<8xf32> next %3 : tensor<8xf32>
  }
  return %r : tensor<?x8xf32>
}
