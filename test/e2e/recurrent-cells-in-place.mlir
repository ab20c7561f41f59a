// RUN: strandc %s --compile-to=buffers -o - | FileCheck %s --check-prefix=COPIES
// RUN: strandc %s --compile-to=vectors -o - | FileCheck %s --check-prefix=ALLOCS
// RUN: strandc %s --compile-to=buffers --strict -o - | FileCheck %s --check-prefix=STRICT

// Sequences that step together: a row is copied where it goes to its sequence, or its state to its slot, but never rows
// of several sequences, and nothing is allocated once there is an arena. That is the form to have: --strict agrees.
// COPIES:     func.func private @advance
// COPIES-NOT: memref.copy {{.*}} to memref<?x
// COPIES:     math.tanh
// COPIES-NOT: memref.copy {{.*}} to memref<?x
// ALLOCS-NOT: memref.alloc{{[( ]}}
// ALLOCS:     func.func @m_advance
// ALLOCS-NOT: memref.alloc{{[( ]}}
// STRICT:     func.func private @advance
func.func @forward(%tokens: tensor<?xi32>, %offsets: tensor<?xi32>) -> tensor<?x8xf32> {
  %y = strand.scan rows(%t = %tokens : tensor<?xi32>) carry(%h : tensor<8xf32> = 1.0)
       offsets %offsets : tensor<?xi32> -> tensor<?x8xf32> {
    %u = arith.constant dense<0.25> : tensor<8x8xf32>
    %x = arith.sitofp %t : tensor<i32> to tensor<f32>
    %e = tensor.empty() : tensor<8xf32>
    %b = linalg.broadcast ins(%x : tensor<f32>) outs(%e : tensor<8xf32>) dimensions = [0]
    %0 = linalg.matvec ins(%u, %h : tensor<8x8xf32>, tensor<8xf32>) outs(%b : tensor<8xf32>) -> tensor<8xf32>
    %h1 = math.tanh %0 : tensor<8xf32>
    strand.yield %h1 : tensor<8xf32> next %h1 : tensor<8xf32>
  }
  return %y : tensor<?x8xf32>
}
