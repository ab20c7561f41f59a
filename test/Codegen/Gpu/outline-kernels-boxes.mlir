// RUN: strand-opt %s -strand-outline-kernels | FileCheck %s
// RUN: strand-opt %s -strand-outline-kernels -strand-kernels-to-nvvm | FileCheck %s --check-prefix=NVVM

// What a kernel says of boxes becomes a map in front of its launch: of x 2 n rows of 64, in boxes of 16 x 32. Maps are the last
// cells, 16 each, and one argument; boxes that are alike have one map.
// CHECK:       gpu.func @k0_f(%[[MAPS:.*]]: !llvm.ptr) kernel attributes {known_block_size = array<i32: 32, 1, 1>, strand.maps = 2 : i64}
// CHECK:         %[[C128:.*]] = arith.constant 128 : i64
// CHECK:         %[[SECOND:.*]] = llvm.getelementptr %[[MAPS]][%[[C128]]] : (!llvm.ptr, i64) -> !llvm.ptr, i8
// CHECK:         llvm.ptrtoint %[[MAPS]]
// CHECK-NEXT:    llvm.ptrtoint %[[SECOND]]
// CHECK-NEXT:    llvm.ptrtoint %[[MAPS]]
// CHECK-LABEL: func.func @f
// CHECK-SAME:    (%[[X:.*]]: memref<?x2x64xbf16>, %[[Y:.*]]: memref<8x128xbf16>, %{{.*}}: index, %[[CTX:.*]]: !llvm.ptr {strand.input = "ctx"})
// CHECK:         %[[CELLS:.*]] = llvm.alloca %c32_i64 x i64
// CHECK:         %[[SIZE:.*]] = memref.dim %[[X]], %c0
// CHECK:         %[[ROWS:.*]] = arith.muli %[[SIZE]], %c2 : index
// CHECK:         %[[COUNT:.*]] = arith.index_cast %[[ROWS]] : index to i64
// CHECK:         call @strand_rt_boxes(%[[CTX]], %[[CELLS]], %{{.*}}, %[[COUNT]], %c64_i64, %c16_i64, %c32_i64{{[_0-9]*}})
// CHECK:         %[[CELL:.*]] = llvm.getelementptr %[[CELLS]][%c128_i64]
// CHECK:         call @strand_rt_boxes(%[[CTX]], %[[CELL]], %{{.*}}, %c8_i64, %c128_i64{{[_0-9]*}}, %c8_i64{{[_0-9]*}}, %c64_i64{{[_0-9]*}})
// CHECK-NOT:     call @strand_rt_boxes
// CHECK:         call @strand_rt_launch(%[[CTX]], {{.*}}, %[[CELLS]], %c32_i64{{[_0-9]*}})
// NVVM:      llvm.func @k0_f(%{{.*}}: !llvm.ptr {llvm.align = 64 : i64, llvm.byval = !llvm.array<32 x i64>, nvvm.grid_constant})
func.func @f(%x: memref<?x2x64xbf16>, %y: memref<8x128xbf16>, %n: index) {
  scf.forall (%b) in (%n) {
    %out = memref.alloc() : memref<3xi64>
    %x1 = tile.boxes %x {columns = 64, box = array<i64: 16, 32>} : memref<?x2x64xbf16> -> !llvm.ptr
    %y1 = tile.boxes %y {columns = 128, box = array<i64: 8, 64>} : memref<8x128xbf16> -> !llvm.ptr
    %x2 = tile.boxes %x {columns = 64, box = array<i64: 16, 32>} : memref<?x2x64xbf16> -> !llvm.ptr
    %c0 = arith.constant 0 : index
    %c1 = arith.constant 1 : index
    %c2 = arith.constant 2 : index
    scf.forall (%t) in (32) {
      %u = llvm.ptrtoint %x1 : !llvm.ptr to i64
      %v = llvm.ptrtoint %y1 : !llvm.ptr to i64
      %w = llvm.ptrtoint %x2 : !llvm.ptr to i64
      memref.store %u, %out[%c0] : memref<3xi64>
      memref.store %v, %out[%c1] : memref<3xi64>
      memref.store %w, %out[%c2] : memref<3xi64>
    } {mapping = [#gpu.thread<x>]}
  } {mapping = [#gpu.block<x>]}
  return
}
