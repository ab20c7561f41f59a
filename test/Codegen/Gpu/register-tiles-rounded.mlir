// Factors that lie in memory in f32 and are rounded.
// RUN: strand-opt %s -strand-register-tiles=wgmma | FileCheck %s

#two = affine_map<(i, j) -> (i, j)>

// Threads load 16 bytes at a time, 64 x 32 numbers are 2 chunks of 8 for each of 128; both chunks are on their way before the
// first is stored, rounded. The copy engine brings the other factor. Products find what threads stored behind a fence.
// CHECK-LABEL: func @rounded
// CHECK:       tile.boxes %arg0
// CHECK-NOT:   tile.boxes
// CHECK:       scf.for
// CHECK:         nvvm.fence.proxy
// CHECK-NEXT:    gpu.barrier
// CHECK:         scf.if
// CHECK-COUNT-4:   vector.load %{{.*}} {alignment = 16 : i64} : memref<64x32xf32, {{.*}}>, vector<4xf32>
// CHECK-NOT:       vector.load
// CHECK:           arith.truncf %{{.*}} : vector<2xf32> to vector<2xbf16>
// CHECK:           llvm.store %{{.*}} {alignment = 16 : i64} : vector<4xi32>, !llvm.ptr<3>
// CHECK:           llvm.store %{{.*}} {alignment = 16 : i64} : vector<4xi32>, !llvm.ptr<3>
// CHECK-NOT:       llvm.store
// CHECK:         wgmma.mma_async
func.func @rounded(%q: memref<?x32xbf16>, %k: memref<?x?x32xf32>, %y: memref<?x64xf32>, %slot: index, %rows: index) {
  %zero = arith.constant 0.0 : f32
  %c0 = arith.constant 0 : index
  %c64 = arith.constant 64 : index
  scf.forall (%h) in (1) {
    scf.for %at = %c0 to %rows step %c64 {
      %qt = memref.subview %q[%at, 0] [64, 32] [1, 1] : memref<?x32xbf16> to memref<64x32xbf16, strided<[32, 1], offset: ?>>
      %kt = memref.subview %k[%slot, %at, 0] [1, 64, 32] [1, 1, 1] : memref<?x?x32xf32> to memref<64x32xf32, strided<[32, 1], offset: ?>>
      %yt = memref.subview %y[%at, 0] [64, 64] [1, 1] : memref<?x64xf32> to memref<64x64xf32, strided<[64, 1], offset: ?>>
      %k16 = memref.alloc() : memref<64x32xbf16>
      linalg.generic {indexing_maps = [#two, #two], iterator_types = ["parallel", "parallel"]} ins(%kt : memref<64x32xf32, strided<[32, 1], offset: ?>>) outs(%k16 : memref<64x32xbf16>) {
      ^bb0(%a: f32, %o: bf16):
        %n = arith.truncf %a : f32 to bf16
        linalg.yield %n : bf16
      }
      linalg.fill ins(%zero : f32) outs(%yt : memref<64x64xf32, strided<[64, 1], offset: ?>>)
      linalg.generic {indexing_maps = [affine_map<(r, s, i) -> (r, i)>, affine_map<(r, s, i) -> (s, i)>, affine_map<(r, s, i) -> (r, s)>],
                      iterator_types = ["parallel", "parallel", "reduction"]}
          ins(%qt, %k16 : memref<64x32xbf16, strided<[32, 1], offset: ?>>, memref<64x32xbf16>) outs(%yt : memref<64x64xf32, strided<[64, 1], offset: ?>>) {
      ^bb0(%a: bf16, %b: bf16, %o: f32):
        %x = arith.extf %a : bf16 to f32
        %z = arith.extf %b : bf16 to f32
        %p = arith.mulf %x, %z : f32
        %s = arith.addf %o, %p : f32
        linalg.yield %s : f32
      }
    }
  }
  return
}

// What is read in f32 as well is rounded on its way to the product, and loaded element by element.
// CHECK-LABEL: func @also_read
// CHECK:       vector.load
// CHECK:       memref.load %{{.*}} : memref<64x32xf32,
// CHECK:       wgmma.mma_async
// CHECK:       return
func.func @also_read(%q: memref<?x32xbf16>, %k: memref<?x?x32xf32>, %y: memref<?x64xf32>, %slot: index, %rows: index) {
  %zero = arith.constant 0.0 : f32
  %c0 = arith.constant 0 : index
  %c64 = arith.constant 64 : index
  scf.forall (%h) in (1) {
    scf.for %at = %c0 to %rows step %c64 {
      %qt = memref.subview %q[%at, 0] [64, 32] [1, 1] : memref<?x32xbf16> to memref<64x32xbf16, strided<[32, 1], offset: ?>>
      %kt = memref.subview %k[%slot, %at, 0] [1, 64, 32] [1, 1, 1] : memref<?x?x32xf32> to memref<64x32xf32, strided<[32, 1], offset: ?>>
      %yt = memref.subview %y[%at, 0] [64, 64] [1, 1] : memref<?x64xf32> to memref<64x64xf32, strided<[64, 1], offset: ?>>
      %k16 = memref.alloc() : memref<64x32xbf16>
      linalg.generic {indexing_maps = [#two, #two], iterator_types = ["parallel", "parallel"]} ins(%kt : memref<64x32xf32, strided<[32, 1], offset: ?>>) outs(%k16 : memref<64x32xbf16>) {
      ^bb0(%a: f32, %o: bf16):
        %n = arith.truncf %a : f32 to bf16
        linalg.yield %n : bf16
      }
      linalg.fill ins(%zero : f32) outs(%yt : memref<64x64xf32, strided<[64, 1], offset: ?>>)
      %least = memref.alloc() : memref<64xf32>
      linalg.fill ins(%zero : f32) outs(%least : memref<64xf32>)
      linalg.generic {indexing_maps = [#two, affine_map<(i, j) -> (i)>], iterator_types = ["parallel", "reduction"]} ins(%kt : memref<64x32xf32, strided<[32, 1], offset: ?>>) outs(%least : memref<64xf32>) {
      ^bb0(%a: f32, %o: f32):
        %m = arith.minnumf %o, %a : f32
        linalg.yield %m : f32
      }
      linalg.generic {indexing_maps = [affine_map<(r, s) -> (r)>, affine_map<(r, s) -> (r, s)>], iterator_types = ["parallel", "parallel"]} ins(%least : memref<64xf32>) outs(%yt : memref<64x64xf32, strided<[64, 1], offset: ?>>) {
      ^bb0(%a: f32, %o: f32):
        linalg.yield %a : f32
      }
      linalg.generic {indexing_maps = [affine_map<(r, s, i) -> (r, i)>, affine_map<(r, s, i) -> (s, i)>, affine_map<(r, s, i) -> (r, s)>],
                      iterator_types = ["parallel", "parallel", "reduction"]}
          ins(%qt, %k16 : memref<64x32xbf16, strided<[32, 1], offset: ?>>, memref<64x32xbf16>) outs(%yt : memref<64x64xf32, strided<[64, 1], offset: ?>>) {
      ^bb0(%a: bf16, %b: bf16, %o: f32):
        %x = arith.extf %a : bf16 to f32
        %z = arith.extf %b : bf16 to f32
        %p = arith.mulf %x, %z : f32
        %s = arith.addf %o, %p : f32
        linalg.yield %s : f32
      }
    }
  }
  return
}
