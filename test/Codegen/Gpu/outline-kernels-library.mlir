// RUN: strand-opt %s -strand-outline-kernels -canonicalize | FileCheck %s
// RUN: strand-opt %s -strand-outline-kernels -strand-loops-to-llvm | FileCheck %s --check-prefix=LLVM

// Rows of 64 from column 128 of 192 on; 2 bytes each. The kernel is launched where the library has left the product.
// CHECK-LABEL: func.func @f(
// CHECK-SAME:    %[[CTX:[a-z0-9]*]]: !llvm.ptr {strand.input = "ctx"}
// CHECK:         %[[LEFT:.*]] = call @strand_rt_library_product(%[[CTX]], %{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %c128_i64{{[_0-9]*}}, %c64_i64{{[_0-9]*}}, %c192_i64{{[_0-9]*}}, %c64_i64{{[_0-9]*}}, %c128_i64{{[_0-9]*}}, %c1_i64{{[_0-9]*}}, %c0_i64{{[_0-9]*}}, %c32_i64{{[_0-9]*}})
// CHECK:         %[[IS_LEFT:.*]] = arith.cmpi ne, %[[LEFT]], %c0_i64
// CHECK:         scf.if %[[IS_LEFT]]
// CHECK:           call @strand_rt_launch(
// LLVM: llvm.func @strand_rt_library_product(!llvm.ptr, !llvm.ptr, !llvm.ptr, !llvm.ptr, i64, i64, i64, i64, i64, i64, i64, i64, i64) -> i64
// LLVM-LABEL: llvm.func @f(
// LLVM:         llvm.call @strand_rt_library_product(
func.func @f(%long: memref<?x192xbf16>, %w: memref<128x64xbf16>, %y: memref<?x128xbf16>, %n: index) {
  %x = memref.subview %long[0, 128] [%n, 64] [1, 1] : memref<?x192xbf16> to memref<?x64xbf16, strided<[192, 1], offset: 128>>
  %left = tile.library_product %x times %w into %y {from = 32 : i64}
      : memref<?x64xbf16, strided<[192, 1], offset: 128>>, memref<128x64xbf16>, memref<?x128xbf16>
  scf.if %left {
    scf.forall (%b) in (%n) {
      scf.forall (%t) in (32) {
        %v = memref.load %w[%t, %b] : memref<128x64xbf16>
        memref.store %v, %y[%b, %t] : memref<?x128xbf16>
      } {mapping = [#gpu.thread<x>]}
    } {mapping = [#gpu.block<x>]}
  }
  return
}
