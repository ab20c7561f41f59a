// RUN: strand-opt %s -split-input-file -verify-diagnostics -strand-derive-advance | FileCheck %s

// Each carried value is a state with its own initial value; one more says whether the one that begins at a tensor has begun.
// CHECK-LABEL: func.func private @advance(
// CHECK-SAME:    tensor<?x4xf32> {strand.initial = -1.000000e+00 : f32, strand.state = "cell.h0"},
// CHECK-SAME:    tensor<?xf32> {strand.initial = 0.000000e+00 : f32, strand.state = "cell.h1"},
// CHECK-SAME:    tensor<?xi32> {strand.initial = 0 : i32, strand.state = "cell.begun"},
// CHECK:         strand.scan {{.*}} states(%{{.*}} : tensor<?x4xf32>, %{{.*}} : tensor<?xf32>, %{{.*}} : tensor<?xi32>) slots
// CHECK-SAME:      -> (tensor<?x4xf32>, tensor<?x4xf32>, tensor<?xf32>, tensor<?xi32>) attributes {strand.name = "cell"}
func.func @forward(%tokens: tensor<?xi32>, %offsets: tensor<?xi32>) -> tensor<?x4xf32> {
  %w = strand.weight "start" : tensor<f32>
  %y = strand.scan rows(%t = %tokens : tensor<?xi32>) carry(%h : tensor<4xf32> = -1.0, %g : tensor<f32> = %w)
       offsets %offsets : tensor<?xi32> -> tensor<?x4xf32> attributes {strand.name = "cell"} {
    %x = arith.sitofp %t : tensor<i32> to tensor<f32>
    %0 = arith.addf %g, %x : tensor<f32>
    %1 = math.sin %h : tensor<4xf32>
    %e = tensor.empty() : tensor<4xf32>
    %2 = linalg.broadcast ins(%0 : tensor<f32>) outs(%e : tensor<4xf32>) dimensions = [0]
    %3 = arith.addf %1, %2 : tensor<4xf32>
    strand.yield %3 : tensor<4xf32> next %3, %0 : tensor<4xf32>, tensor<f32>
  }
  return %y : tensor<?x4xf32>
}

// -----

func.func @forward(%tokens: tensor<?xi32>, %offsets: tensor<?xi32>) -> tensor<?xi32> {
  // expected-error @below {{'strand.scan' op is reverse: a row depends on all rows behind it, so its sequence has to come in one piece}}
  %y = strand.scan reverse rows(%t = %tokens : tensor<?xi32>) carry(%h : tensor<i32>)
       offsets %offsets : tensor<?xi32> -> tensor<?xi32> {
    %0 = arith.addi %h, %t : tensor<i32>
    strand.yield %0 : tensor<i32> next %0 : tensor<i32>
  }
  return %y : tensor<?xi32>
}
