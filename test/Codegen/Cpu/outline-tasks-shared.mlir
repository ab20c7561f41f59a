// A frame over the limit: buffers share places that are large enough, whatever their shapes, where their uses do not
// overlap. The largest comes first, and one that is in use beside it has a place of its own.
// RUN: strand-opt %s -strand-outline-tasks=frame-limit=1024 | FileCheck %s

// CHECK-LABEL: func.func private @shapes.task0(
// CHECK:         %[[LARGE:.*]] = memref.alloca() {alignment = 64 : i64} : memref<8x16xf32>
// CHECK:         %[[SMALL:.*]] = memref.alloca() {alignment = 64 : i64} : memref<64xf32>
// CHECK-NOT:     memref.alloca
// CHECK:         linalg.fill ins(%{{.*}} : f32) outs(%[[LARGE]] : memref<8x16xf32>)
// CHECK:         linalg.fill ins(%{{.*}} : f32) outs(%[[SMALL]] : memref<64xf32>)
// CHECK:         %[[OTHER:.*]] = memref.reinterpret_cast %[[LARGE]] to offset: [0], sizes: [4, 4, 7], strides: [28, 7, 1] : memref<8x16xf32> to memref<4x4x7xf32>
// CHECK:         linalg.fill ins(%{{.*}} : f32) outs(%[[OTHER]] : memref<4x4x7xf32>)
func.func private @shapes(%y: memref<4xf32>, %f: f32) {
  scf.forall (%i) in (4) {
    %c0 = arith.constant 0 : index
    %a = memref.alloc() : memref<8x16xf32>
    linalg.fill ins(%f : f32) outs(%a : memref<8x16xf32>)
    %b = memref.alloc() : memref<64xf32>
    linalg.fill ins(%f : f32) outs(%b : memref<64xf32>)
    %va = memref.load %a[%c0, %c0] : memref<8x16xf32>
    %c = memref.alloc() : memref<4x4x7xf32>
    linalg.fill ins(%f : f32) outs(%c : memref<4x4x7xf32>)
    %vb = memref.load %b[%c0] : memref<64xf32>
    %vc = memref.load %c[%c0, %c0, %c0] : memref<4x4x7xf32>
    %s = arith.addf %va, %vb : f32
    %t = arith.addf %s, %vc : f32
    memref.store %t, %y[%i] : memref<4xf32>
  }
  return
}
