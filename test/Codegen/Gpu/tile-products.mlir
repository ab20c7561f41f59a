// RUN: strand-opt %s -pass-pipeline='builtin.module(gpu.module(gpu.func(strand-tile-products),canonicalize,cse))' | FileCheck %s

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
    %x = builtin.unrealized_conversion_cast %xs : !llvm.ptr to memref<8x512xf32>
    %w = builtin.unrealized_conversion_cast %ws : !llvm.ptr to memref<16x512xbf16>
    %y = builtin.unrealized_conversion_cast %ys : !llvm.ptr to memref<8x16xf32>
    tile.product %x times %w into %y {fresh, transposed, warp = array<i64: 16, 8>} : memref<8x512xf32>, memref<16x512xbf16>, memref<8x16xf32>
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
    tile.product %x times %w into %y {warp = array<i64: 16, 8>} : memref<?x16xf32>, memref<16x16xf32>, memref<?x16xf32>
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
    tile.product %x times %w into %y {transposed, warp = array<i64: 16, 8>} : memref<8x40xf32, strided<[44, 1], offset: 3>>, memref<16x40xbf16>, memref<8x16xf32>
    gpu.return
  }

  // Through a stage: threads put the first step into it, cut into parts, and meet. Then each multiplies what is there, while
  // the next step is on its way to the other place: 4 chunks of 16 bytes of the matrix, 2 of 32 bytes of rows. A warp's 64 x 32
  // are 4 x 4 fragments; in each half of the step's depth, 4 loads of fragments of the matrix and 6 of rows in three parts,
  // 48 products of parts. Sums of two steps are added to those before.
  // CHECK-LABEL: gpu.func @staged
  // CHECK-COUNT-4: vector.load {{.*}} : memref<?x256xbf16>, vector<8xbf16>
  // CHECK-COUNT-4: vector.load {{.*}} : memref<?x256xf32>, vector<4xf32>
  // CHECK-COUNT-10: llvm.store {{.*}} {alignment = 16 : i64} : vector<4xi32>, !llvm.ptr<3>
  // CHECK-NEXT:    gpu.barrier
  // CHECK:         scf.for %{{.*}} = %c0 to %c4 step %c1
  // CHECK-COUNT-4:   vector.load {{.*}} : memref<?x256xbf16>, vector<8xbf16>
  // CHECK-COUNT-4:   vector.load {{.*}} : memref<?x256xf32>, vector<4xf32>
  // CHECK-COUNT-7:   nvvm.ldmatrix {{.*}}num = 4
  // CHECK-COUNT-12:  nvvm.mma.sync
  // CHECK:           nvvm.ldmatrix
  // CHECK-COUNT-10:  llvm.store {{.*}} !llvm.ptr<3>
  // CHECK-NEXT:      gpu.barrier
  // CHECK-COUNT-96:  nvvm.mma.sync
  // CHECK:           gpu.barrier
  // CHECK-NOT:       nvvm.mma.sync
  // CHECK:           scf.yield
  // CHECK-NOT:     nvvm.mma.sync
  // CHECK:         memref.store
  gpu.func @staged(%xs: !llvm.ptr, %ws: !llvm.ptr, %ys: !llvm.ptr, %stages: !llvm.ptr) kernel attributes {known_block_size = array<i32: 128, 1, 1>} {
    %x = builtin.unrealized_conversion_cast %xs : !llvm.ptr to memref<?x256xf32>
    %w = builtin.unrealized_conversion_cast %ws : !llvm.ptr to memref<?x256xbf16>
    %y = builtin.unrealized_conversion_cast %ys : !llvm.ptr to memref<?x?xf32>
    %stage = builtin.unrealized_conversion_cast %stages : !llvm.ptr to memref<40960xi8>
    tile.product %x times %w into %y through %stage : memref<40960xi8> {fresh, transposed, block = array<i64: 128, 64>, warp = array<i64: 64, 32>} : memref<?x256xf32>, memref<?x256xbf16>, memref<?x?xf32>
    gpu.return
  }
}
