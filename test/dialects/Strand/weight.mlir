// RUN: strand-opt %s | strand-opt | FileCheck %s
// RUN: strand-opt %s --mlir-print-op-generic | strand-opt | FileCheck %s

// CHECK-LABEL: @named
// CHECK: strand.weight "model.layers.0.mlp.up_proj.weight" : tensor<512x192xbf16>
func.func @named() -> tensor<512x192xbf16> {
  %w = strand.weight "model.layers.0.mlp.up_proj.weight" : tensor<512x192xbf16>
  return %w : tensor<512x192xbf16>
}

// CHECK-LABEL: @in_panels
// CHECK: strand.weight "w" panel 32 : tensor<3x192x32xf32>
func.func @in_panels() -> tensor<3x192x32xf32> {
  %w = strand.weight "w" panel 32 : tensor<3x192x32xf32>
  return %w : tensor<3x192x32xf32>
}

// Every type that a checkpoint may hold; none of them is read, so none is kept where ops without effects go.
// CHECK-LABEL: @types
// CHECK: strand.weight "a" : tensor<f64>
// CHECK: strand.weight "b" : tensor<4xf16>
// CHECK: strand.weight "c" : tensor<4xi32>
func.func @types() {
  %a = strand.weight "a" : tensor<f64>
  %b = strand.weight "b" : tensor<4xf16>
  %c = strand.weight "c" : tensor<4xi32>
  return
}
