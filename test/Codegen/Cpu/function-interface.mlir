// RUN: strand-opt %s -strand-function-interface -split-input-file | FileCheck %s

// Buffers and their dynamic sizes come from two lists, in the order of the arguments; threads and scratch do not count.
// CHECK-LABEL: func.func private @f.entry(
// CHECK-LABEL: func.func @f_call(
// CHECK-SAME:    %[[CTX:.*]]: !llvm.ptr, %[[BUFFERS:.*]]: !llvm.ptr, %[[SIZES:.*]]: !llvm.ptr, %[[SCRATCH:.*]]: !llvm.ptr)
// CHECK:         %[[X:.*]] = llvm.load %[[BUFFERS]]
// CHECK:         %[[ROWS:.*]] = llvm.load %[[SIZES]]
// CHECK:         llvm.insertvalue %[[X]]
// CHECK:         llvm.insertvalue %[[ROWS]]
// CHECK:         %[[AT_W:.*]] = llvm.getelementptr %[[BUFFERS]][%{{.*}}] {{.*}}, i8
// CHECK:         llvm.load %[[AT_W]]
// CHECK:         %[[AT_S:.*]] = llvm.getelementptr %[[BUFFERS]][%{{.*}}] {{.*}}, i8
// CHECK:         llvm.load %[[AT_S]]
// CHECK:         %[[AT_SLOTS:.*]] = llvm.getelementptr %[[SIZES]][%{{.*}}] {{.*}}, i8
// CHECK:         llvm.load %[[AT_SLOTS]]
// CHECK:         %[[AT_CACHE:.*]] = llvm.getelementptr %[[SIZES]][%{{.*}}] {{.*}}, i8
// CHECK:         llvm.load %[[AT_CACHE]]
// CHECK:         llvm.insertvalue %[[SCRATCH]]
// CHECK:         call @f.entry(%{{.*}}, %{{.*}}, %{{.*}}, %{{.*}}, %[[CTX]]) :
// CHECK-LABEL: func.func @f_scratch(
// CHECK-SAME:    %[[R:.*]]: i64, %[[B:.*]]: i64) -> i64
// CHECK:         %[[R1:.*]] = arith.index_cast %[[R]]
// CHECK:         %[[B1:.*]] = arith.index_cast %[[B]]
// CHECK:         %[[BYTES:.*]] = call @f.entry.scratch(%[[R1]], %[[B1]])
// CHECK:         %[[BYTES64:.*]] = arith.index_cast %[[BYTES]]
// CHECK:         return %[[BYTES64]]
func.func private @f.entry.scratch(%rows: index, %sequences: index) -> index {
  return %rows : index
}
func.func private @f.entry(%x: memref<?x8xf32>, %w: memref<8xf32>, %s: memref<?x?x8xf32>, %scratch: memref<?xi8> {strand.scratch},
                           %ctx: !llvm.ptr {strand.input = "ctx"}) attributes {strand.entry = "f"} {
  return
}

// -----

// No scratch: no bytes. What has no mark stays as it is.
// CHECK-LABEL: func.func @f_call(
// CHECK-LABEL: func.func @f_scratch(
// CHECK:         %[[ZERO:.*]] = arith.constant 0 : i64
// CHECK:         return %[[ZERO]]
// CHECK-NOT:   func.func @other
func.func private @f.entry(%x: memref<?x8xf32>) attributes {strand.entry = "f"} {
  return
}
func.func private @other(%x: memref<?x8xf32>) {
  return
}
