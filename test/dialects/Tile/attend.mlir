// RUN: strand-opt %s | strand-opt | FileCheck %s
// RUN: strand-opt %s -one-shot-bufferize=bufferize-function-boundaries | FileCheck %s --check-prefix=BUFFERS

// CHECK-LABEL: @on_tensors
// CHECK: tile.attend %{{.*}} over %{{.*}}, %{{.*}} into %{{.*}}, %{{.*}}, %{{.*}} {rounded, scale = 1.250000e-01 : f64} : tensor<4x64xf32>, tensor<?x64xbf16>, tensor<?x32xbf16>, tensor<4x32xf32>, tensor<4xf32>, tensor<4xf32> -> tensor<4x32xf32>, tensor<4xf32>, tensor<4xf32>
// BUFFERS-LABEL: @on_tensors
// BUFFERS: %[[Y:.*]] = memref.alloc() {{.*}}: memref<4x32xf32>
// BUFFERS: tile.attend %{{.*}} over %{{.*}}, %{{.*}} into %[[Y]]
// BUFFERS: return %[[Y]]
func.func @on_tensors(%q: tensor<4x64xf32>, %k: tensor<?x64xbf16>, %v: tensor<?x32xbf16>) -> tensor<4x32xf32> {
  %a = tensor.empty() : tensor<4x32xf32>
  %m = tensor.empty() : tensor<4xf32>
  %l = tensor.empty() : tensor<4xf32>
  %y:3 = tile.attend %q over %k, %v into %a, %m, %l {scale = 0.125 : f64, rounded}
    : tensor<4x64xf32>, tensor<?x64xbf16>, tensor<?x32xbf16>, tensor<4x32xf32>, tensor<4xf32>, tensor<4xf32>
    -> tensor<4x32xf32>, tensor<4xf32>, tensor<4xf32>
  return %y#0 : tensor<4x32xf32>
}
