// RUN: strand-opt %s -pass-pipeline='builtin.module(gpu.module(gpu.func(strand-tile-products),canonicalize,cse))' | FileCheck %s

#mk = affine_map<(m, n, k) -> (m, k)>
#nk = affine_map<(m, n, k) -> (n, k)>
#kn = affine_map<(m, n, k) -> (k, n)>
#mn = affine_map<(m, n, k) -> (m, n)>

gpu.module @device {
  // A warp has one fragment, and of each of its lines four runs of 8 values: 8 loads of 16 bytes from the matrix are under
  // way while the step before is multiplied. Three products of a fragment for each half of a run: f32 is three parts.
  // CHECK-LABEL: gpu.func @decode
  // CHECK-COUNT-8: vector.load {{.*}} {alignment = 16 : i64} : memref<16x512xbf16>, vector<8xbf16>
  // CHECK:         %[[SUMS:.*]]:{{[0-9]+}} = scf.for %[[K:.*]] = %c128 to %c512 step %c128
  // CHECK-COUNT-8:   vector.load {{.*}} {alignment = 16 : i64} : memref<16x512xbf16>, vector<8xbf16>
  // CHECK-COUNT-24:  nvvm.mma.sync {{.*}}shape = #nvvm.shape<m = 16, n = 8, k = 16>
  // CHECK:           scf.yield
  // CHECK-COUNT-24:  nvvm.mma.sync
  // CHECK-NOT:     linalg
  // CHECK-NOT:     memref.load
  // CHECK:         gpu.return
  gpu.func @decode(%xs: !llvm.ptr, %ws: !llvm.ptr, %ys: !llvm.ptr) kernel attributes {known_block_size = array<i32: 32, 1, 1>} {
    %zero = arith.constant 0.0 : f32
    %x = builtin.unrealized_conversion_cast %xs : !llvm.ptr to memref<8x512xf32>
    %w = builtin.unrealized_conversion_cast %ws : !llvm.ptr to memref<16x512xbf16>
    %y = builtin.unrealized_conversion_cast %ys : !llvm.ptr to memref<8x16xf32>
    linalg.fill ins(%zero : f32) outs(%y : memref<8x16xf32>)
    linalg.generic {indexing_maps = [#mk, #nk, #mn], iterator_types = ["parallel", "parallel", "reduction"]} ins(%x, %w : memref<8x512xf32>, memref<16x512xbf16>) outs(%y : memref<8x16xf32>) attrs = {strand.warp_tile = array<i64: 16, 8>} {
    ^bb0(%in: f32, %in_1: bf16, %out: f32):
      %0 = arith.extf %in_1 : bf16 to f32
      %1 = arith.mulf %in, %0 : f32
      %2 = arith.addf %out, %1 : f32
      linalg.yield %2 : f32
    }
    gpu.return
  }

  // Rows that are not known in number: the last one is read again, and what lies beyond is not stored. What is summed up is
  // added to what is there. A matrix [k, n] in f32 is read value by value: 6 products of parts for each 16 of the depth.
  // CHECK-LABEL: gpu.func @edges
  // CHECK:         %[[LAST:.*]] = arith.subi %{{.*}}, %c1
  // CHECK:         arith.minui %{{.*}}, %[[LAST]]
  // CHECK:         memref.load {{.*}} : memref<16x16xf32>
  // CHECK-NOT:     scf.for
  // CHECK-COUNT-6: nvvm.mma.sync
  // CHECK-NOT:     nvvm.mma.sync
  // CHECK:         scf.if
  // CHECK:           %[[OLD:.*]] = memref.load {{.*}} : memref<?x16xf32>
  // CHECK:           arith.addf %[[OLD]]
  // CHECK:           memref.store
  gpu.func @edges(%xs: !llvm.ptr, %ws: !llvm.ptr, %ys: !llvm.ptr) kernel attributes {known_block_size = array<i32: 64, 1, 1>} {
    %x = builtin.unrealized_conversion_cast %xs : !llvm.ptr to memref<?x16xf32>
    %w = builtin.unrealized_conversion_cast %ws : !llvm.ptr to memref<16x16xf32>
    %y = builtin.unrealized_conversion_cast %ys : !llvm.ptr to memref<?x16xf32>
    linalg.generic {indexing_maps = [#mk, #kn, #mn], iterator_types = ["parallel", "parallel", "reduction"]} ins(%x, %w : memref<?x16xf32>, memref<16x16xf32>) outs(%y : memref<?x16xf32>) attrs = {strand.warp_tile = array<i64: 16, 8>} {
    ^bb0(%in: f32, %in_1: f32, %out: f32):
      %1 = arith.mulf %in, %in_1 : f32
      %2 = arith.addf %out, %1 : f32
      linalg.yield %2 : f32
    }
    gpu.return
  }

  // A depth of 40 is a step of 32 and one whose loads end at 40: the lanes beyond read what is there, and take zeros. A column
  // of a wider buffer begins where 16 bytes do not.
  // CHECK-LABEL: gpu.func @tail
  // CHECK:         vector.load {{.*}} : memref<16x40xbf16>, vector<8xbf16>
  // CHECK:         memref.load {{.*}} : memref<8x40xf32
  // CHECK:         %[[IN:.*]] = arith.cmpi ult, %{{.*}}, %c40
  // CHECK:         %[[AT:.*]] = arith.minui %{{.*}}, %c32
  // CHECK:         vector.load %{{.*}}[%{{.*}}, %[[AT]]] {{.*}} : memref<16x40xbf16>, vector<8xbf16>
  // CHECK:         arith.select %[[IN]]
  gpu.func @tail(%xs: !llvm.ptr, %ws: !llvm.ptr, %ys: !llvm.ptr) kernel attributes {known_block_size = array<i32: 32, 1, 1>} {
    %wide = builtin.unrealized_conversion_cast %xs : !llvm.ptr to memref<8x44xf32>
    %x = memref.subview %wide[0, 3] [8, 40] [1, 1] : memref<8x44xf32> to memref<8x40xf32, strided<[44, 1], offset: 3>>
    %w = builtin.unrealized_conversion_cast %ws : !llvm.ptr to memref<16x40xbf16>
    %y = builtin.unrealized_conversion_cast %ys : !llvm.ptr to memref<8x16xf32>
    linalg.generic {indexing_maps = [#mk, #nk, #mn], iterator_types = ["parallel", "parallel", "reduction"]} ins(%x, %w : memref<8x40xf32, strided<[44, 1], offset: 3>>, memref<16x40xbf16>) outs(%y : memref<8x16xf32>) attrs = {strand.warp_tile = array<i64: 16, 8>} {
    ^bb0(%in: f32, %in_1: bf16, %out: f32):
      %0 = arith.extf %in_1 : bf16 to f32
      %1 = arith.mulf %in, %0 : f32
      %2 = arith.addf %out, %1 : f32
      linalg.yield %2 : f32
    }
    gpu.return
  }
}
