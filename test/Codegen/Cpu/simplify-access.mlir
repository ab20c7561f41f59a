// RUN: strand-opt %s -strand-simplify-access | FileCheck %s

// Of a view of a view numbers are left.
// CHECK-LABEL: func.func @views(
// CHECK-SAME:    %[[X:.*]]: memref<64x8xf32>, %[[I:.*]]: index)
// CHECK-NOT:     memref.subview
// CHECK:         %[[BASE:.*]], %{{.*}}, %{{.*}}:2, %{{.*}}:2 = memref.extract_strided_metadata %[[X]]
// CHECK:         affine.apply
// CHECK:         memref.reinterpret_cast %[[BASE]]
// CHECK-NOT:     memref.subview
func.func @views(%x: memref<64x8xf32>, %i: index) -> f32 {
  %a = memref.subview %x[%i, 0] [4, 8] [1, 1] : memref<64x8xf32> to memref<4x8xf32, strided<[8, 1], offset: ?>>
  %b = memref.subview %a[1, 2] [2, 4] [1, 1] : memref<4x8xf32, strided<[8, 1], offset: ?>> to memref<2x4xf32, strided<[8, 1], offset: ?>>
  %c = memref.load %b[%i, %i] : memref<2x4xf32, strided<[8, 1], offset: ?>>
  return %c : f32
}

// CHECK-LABEL: func.func @vectors(
// CHECK-NOT:     vector.step
// CHECK:         arith.constant dense<[0, 1, 2, 3]> : vector<4xindex>
func.func @vectors() -> vector<4xindex> {
  %s = vector.step : vector<4xindex>
  return %s : vector<4xindex>
}
