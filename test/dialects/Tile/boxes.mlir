// RUN: strand-opt %s | strand-opt | FileCheck %s

// CHECK-LABEL: @rows_of_heads
// CHECK: tile.boxes %{{.*}} {box = array<i64: 64, 64>, columns = 12288 : i64} : memref<?x96x128xbf16> -> !llvm.ptr
func.func @rows_of_heads(%k: memref<?x96x128xbf16>) -> !llvm.ptr {
  %map = tile.boxes %k {columns = 12288, box = array<i64: 64, 64>} : memref<?x96x128xbf16> -> !llvm.ptr
  return %map : !llvm.ptr
}

// CHECK-LABEL: @each_head_is_a_row
// CHECK: tile.boxes %{{.*}} {box = array<i64: 16, 32>, columns = 32 : i64}
func.func @each_head_is_a_row(%k: memref<?x2x32xbf16>) -> !llvm.ptr {
  %map = tile.boxes %k {columns = 32, box = array<i64: 16, 32>} : memref<?x2x32xbf16> -> !llvm.ptr
  return %map : !llvm.ptr
}
