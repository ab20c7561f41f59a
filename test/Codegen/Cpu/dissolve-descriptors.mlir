// RUN: strand-opt %s -pass-pipeline="builtin.module(llvm.func(strand-dissolve-descriptors))" | FileCheck %s

// Fields that the function put in itself; of the descriptor nothing is left.
// CHECK-LABEL: llvm.func @own(
// CHECK-SAME:    %[[P:.*]]: !llvm.ptr, %[[N:.*]]: i64) -> i64
// CHECK-NEXT:    %[[X:.*]] = llvm.load %[[P]]
// CHECK-NEXT:    %[[SUM:.*]] = llvm.add %[[X]], %[[N]]
// CHECK-NEXT:    llvm.return %[[SUM]]
llvm.func @own(%p: !llvm.ptr, %n: i64) -> i64 {
  %none = llvm.mlir.poison : !llvm.struct<(ptr, i64, array<1 x i64>)>
  %a = llvm.insertvalue %p, %none[0] : !llvm.struct<(ptr, i64, array<1 x i64>)>
  %b = llvm.insertvalue %n, %a[2, 0] : !llvm.struct<(ptr, i64, array<1 x i64>)>
  %at = llvm.extractvalue %b[0] : !llvm.struct<(ptr, i64, array<1 x i64>)>
  %size = llvm.extractvalue %b[2, 0] : !llvm.struct<(ptr, i64, array<1 x i64>)>
  %x = llvm.load %at : !llvm.ptr -> i64
  %sum = llvm.add %x, %size : i64
  llvm.return %sum : i64
}

// Of a descriptor that goes on to somebody else, all of it stays; so does a field that came with an argument.
// CHECK-LABEL: llvm.func @others(
// CHECK-SAME:    %[[D:.*]]: !llvm.struct<(ptr, i64)>, %[[N:.*]]: i64)
// CHECK-DAG:     %[[P:.*]] = llvm.extractvalue %[[D]][0]
// CHECK-DAG:     %[[E:.*]] = llvm.insertvalue %[[N]], %[[D]][1]
// CHECK:         llvm.store %[[E]], %[[P]]
// CHECK:         llvm.store %[[N]], %[[P]]
llvm.func @others(%d: !llvm.struct<(ptr, i64)>, %n: i64) {
  %e = llvm.insertvalue %n, %d[1] : !llvm.struct<(ptr, i64)>
  %p = llvm.extractvalue %e[0] : !llvm.struct<(ptr, i64)>
  %m = llvm.extractvalue %e[1] : !llvm.struct<(ptr, i64)>
  llvm.store %e, %p : !llvm.struct<(ptr, i64)>, !llvm.ptr
  llvm.store %m, %p : i64, !llvm.ptr
  llvm.return
}
