// RUN: strandc %s --compile-to=buffers -o - | FileCheck %s --check-prefix=COPIES
// RUN: strandc %s --compile-to=vectors -o - | FileCheck %s --check-prefix=ALLOCS

// Two carried values, one read by both next values and an output of its own, stay where they are: nothing is copied for a
// row, and nothing is allocated once there is an arena.
// COPIES-NOT: memref.copy
// COPIES:     func.func private @advance
// COPIES-NOT: memref.copy
// COPIES:     math.tanh
// COPIES-NOT: memref.copy
// ALLOCS-NOT: memref.alloc{{[( ]}}
// ALLOCS:     func.func @m_advance
// ALLOCS-NOT: memref.alloc{{[( ]}}
func.func @forward(%tokens: tensor<?xi32>, %offsets: tensor<?xi32>) -> tensor<?x8xf32> {
  %y = strand.scan rows(%t = %tokens : tensor<?xi32>) carry(%h : tensor<8xf32>, %c : tensor<8xf32> = 1.0)
       offsets %offsets : tensor<?xi32> -> tensor<?x8xf32> {
    %u = arith.constant dense<0.25> : tensor<8xf32>
    %x = arith.sitofp %t : tensor<i32> to tensor<f32>
    %e = tensor.empty() : tensor<8xf32>
    %uh = arith.mulf %u, %h : tensor<8xf32>
    %b = linalg.broadcast ins(%x : tensor<f32>) outs(%e : tensor<8xf32>) dimensions = [0]
    %0 = arith.addf %uh, %b : tensor<8xf32>
    %f = math.tanh %0 : tensor<8xf32>
    %fc = arith.mulf %f, %c : tensor<8xf32>
    %c1 = arith.addf %fc, %h : tensor<8xf32>
    %h1 = math.tanh %c1 : tensor<8xf32>
    strand.yield %h1 : tensor<8xf32> next %h1, %c1 : tensor<8xf32>, tensor<8xf32>
  }
  return %y : tensor<?x8xf32>
}
