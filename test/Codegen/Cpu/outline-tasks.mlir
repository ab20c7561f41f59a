// RUN: strand-opt %s -strand-outline-tasks -split-input-file | FileCheck %s

// CHECK: func.func private @strand_rt_parallel_for(!llvm.ptr, i64, !llvm.ptr, !llvm.ptr)

// The task: two dimensions from one number, the captured values from the struct, constants written again, temporaries on
// the frame, of which two that are not in use at the same time share a place.
// CHECK-LABEL: func.func private @heads.task0(
// CHECK-SAME:    %[[ARGS:.*]]: !llvm.ptr, %[[I:.*]]: i64) attributes {passthrough = ["noinline"]}
// CHECK-COUNT-2: memref.alloca() {alignment = 64 : i64} : memref<8xf32>
// CHECK-NOT:     memref.alloca
// CHECK:         llvm.getelementptr %[[ARGS]][0, 0]
// CHECK:         %[[POINTER:.*]] = llvm.load {{.*}} -> !llvm.ptr
// CHECK:         %[[ROWS:.*]] = llvm.load {{.*}} -> i64
// CHECK:         llvm.insertvalue %[[POINTER]], %{{.*}}[1]
// CHECK:         llvm.insertvalue %[[ROWS]], %{{.*}}[3, 0]
// CHECK:         %[[Y:.*]] = builtin.unrealized_conversion_cast {{.*}} to memref<?x4x8xf32>
// CHECK:         llvm.load {{.*}} -> f32
// CHECK:         %[[C4:.*]] = arith.constant 4 : index
// CHECK:         %[[N:.*]] = arith.index_cast %[[I]] : i64 to index
// CHECK:         %[[H:.*]] = arith.remui %[[N]], %[[C4]]
// CHECK:         %[[S:.*]] = arith.divui %[[N]], %[[C4]]
// CHECK:         memref.subview %[[Y]][%[[S]], %[[H]], 0]
// CHECK-NOT:     memref.alloc(
// CHECK-NOT:     memref.dealloc
// CHECK:         return

// CHECK-LABEL: func.func private @heads(
// CHECK-SAME:    %{{.*}}: memref<?x4x8xf32>, %{{.*}}: f32, %[[CTX:.*]]: !llvm.ptr {strand.input = "ctx"})
// CHECK:         %[[ARGS:.*]] = llvm.alloca
// CHECK-SAME:      !llvm.struct<(ptr, i64, f32)>
// CHECK:         llvm.store {{.*}} : !llvm.ptr, !llvm.ptr
// CHECK:         llvm.store {{.*}} : i64, !llvm.ptr
// CHECK:         llvm.store {{.*}} : f32, !llvm.ptr
// CHECK:         %[[TOTAL:.*]] = arith.muli
// CHECK:         %[[TOTAL64:.*]] = arith.index_cast %[[TOTAL]]
// CHECK:         arith.cmpi eq, %[[TOTAL64]]
// CHECK:         scf.if
// CHECK:           func.call @heads.task0(%[[ARGS]],
// CHECK:         } else {
// CHECK:           %[[F:.*]] = func.constant @heads.task0
// CHECK:           %[[FN:.*]] = builtin.unrealized_conversion_cast %[[F]] : (!llvm.ptr, i64) -> () to !llvm.ptr
// CHECK:           func.call @strand_rt_parallel_for(%[[CTX]], %[[TOTAL64]], %[[FN]], %[[ARGS]])
func.func private @heads(%y: memref<?x4x8xf32>, %f: f32) {
  %c0 = arith.constant 0 : index
  %n = memref.dim %y, %c0 : memref<?x4x8xf32>
  scf.forall (%s, %h) in (%n, 4) {
    %row = memref.subview %y[%s, %h, 0] [1, 1, 8] [1, 1, 1] : memref<?x4x8xf32> to memref<8xf32, strided<[1], offset: ?>>
    %a = memref.alloc() : memref<8xf32>
    %b = memref.alloc() : memref<8xf32>
    %c = memref.alloc() : memref<8xf32>
    linalg.fill ins(%f : f32) outs(%a : memref<8xf32>)
    linalg.exp ins(%a : memref<8xf32>) outs(%b : memref<8xf32>)
    linalg.exp ins(%b : memref<8xf32>) outs(%c : memref<8xf32>)
    linalg.exp ins(%c : memref<8xf32>) outs(%row : memref<8xf32, strided<[1], offset: ?>>)
    memref.dealloc %a : memref<8xf32>
    memref.dealloc %b : memref<8xf32>
    memref.dealloc %c : memref<8xf32>
  }
  return
}

// A caller hands its own threads on.
// CHECK-LABEL: func.func private @caller(
// CHECK-SAME:    %[[CTX:[^:]*]]: !llvm.ptr {strand.input = "ctx"})
// CHECK:         call @heads(%{{.*}}, %{{.*}}, %[[CTX]])
func.func private @caller(%y: memref<?x4x8xf32>, %f: f32) {
  call @heads(%y, %f) : (memref<?x4x8xf32>, f32) -> ()
  return
}

// From a task it is called without threads.
// CHECK-LABEL: func.func private @from_task.task0(
// CHECK:         %[[NONE:.*]] = llvm.mlir.zero : !llvm.ptr
// CHECK:         call @heads(%{{.*}}, %{{.*}}, %[[NONE]])
func.func private @from_task(%y: memref<?x4x8xf32>, %f: f32, %n: index) {
  scf.forall (%i) in (%n) {
    func.call @heads(%y, %f) : (memref<?x4x8xf32>, f32) -> ()
  }
  return
}

// -----

// Bounds and steps; a size that is at most 16 takes the place of 16; the constant count needs no test for 1.
// CHECK-LABEL: func.func private @steps.task0(
// CHECK:         %[[PLACE:.*]] = memref.alloca() {alignment = 64 : i64} : memref<512xi8>
// CHECK:         %[[N:.*]] = arith.index_cast %{{.*}} : i64 to index
// CHECK:         %[[AT:.*]] = arith.muli %[[N]], %
// CHECK:         %[[I:.*]] = arith.addi %[[AT]], %
// CHECK:         memref.view %[[PLACE]]
// CHECK-LABEL: func.func private @steps(
// CHECK-NOT:     scf.if
// CHECK:         %[[COUNT:.*]] = arith.constant 7 : i64
// CHECK:         call @strand_rt_parallel_for(%{{.*}}, %[[COUNT]],
func.func private @steps(%n: index, %f: f32) {
  scf.forall (%i) = (3) to (100) step (16) {
    %left = arith.subi %n, %i : index
    %c16 = arith.constant 16 : index
    %m = arith.minsi %left, %c16 : index
    %a = memref.alloc(%m) : memref<?x8xf32>
    linalg.fill ins(%f : f32) outs(%a : memref<?x8xf32>)
  }
  return
}

// -----

// One iteration is its body; its temporary lives on the function's frame.
// CHECK-LABEL: func.func private @one(
// CHECK-SAME:    %{{.*}}: memref<4xf32>) {
// CHECK:         memref.alloca()
// CHECK-NOT:     scf.forall
// CHECK:         return
func.func private @one(%x: memref<4xf32>) {
  scf.forall (%i, %j) in (1, 1) {
    %a = memref.alloc() : memref<4xf32>
    linalg.exp ins(%x : memref<4xf32>) outs(%a : memref<4xf32>)
    linalg.exp ins(%a : memref<4xf32>) outs(%x : memref<4xf32>)
  }
  return
}

// -----

// A parallel loop in a task is an ordinary loop.
// CHECK-LABEL: func.func private @nested.task0(
// CHECK:         scf.for
// CHECK:           memref.store
// CHECK-LABEL: func.func private @nested(
// CHECK-NOT:     @nested.task1
func.func private @nested(%x: memref<8x8xf32>, %f: f32) {
  scf.forall (%i) in (8) {
    scf.forall (%j) in (8) {
      memref.store %f, %x[%i, %j] : memref<8x8xf32>
    }
  }
  return
}

// -----

// Nothing parallel: nothing changes.
// CHECK-LABEL: func.func private @serial(%{{.*}}: memref<4xf32>) {
func.func private @serial(%x: memref<4xf32>) {
  linalg.exp ins(%x : memref<4xf32>) outs(%x : memref<4xf32>)
  return
}

// -----

// The number of threads: that of the caller, and one in a task.
// CHECK: func.func private @strand_rt_threads(!llvm.ptr) -> i64
// CHECK-LABEL: func.func private @threads.task0(
// CHECK-DAG:     %[[ONE:.*]] = arith.constant 1 : index
// CHECK:         memref.store %[[ONE]]
// CHECK-LABEL: func.func private @threads(
// CHECK-SAME:    %[[CTX:[^:]*]]: !llvm.ptr {strand.input = "ctx"})
// CHECK:         %[[N:.*]] = call @strand_rt_threads(%[[CTX]]) : (!llvm.ptr) -> i64
// CHECK:         arith.index_cast %[[N]] : i64 to index
func.func private @threads(%y: memref<?xindex>) -> index {
  %all = strand.threads : index
  scf.forall (%i) in (%all) {
    %own = strand.threads : index
    memref.store %own, %y[%i] : memref<?xindex>
  }
  return %all : index
}

// -----

// Of a view with an offset and strides that its type leaves open, they are handed over.
// CHECK-LABEL: func.func private @view.task0(
// CHECK:         %[[POINTER:.*]] = llvm.load {{.*}} -> !llvm.ptr
// CHECK:         %[[OFFSET:.*]] = llvm.load {{.*}} -> i64
// CHECK:         %[[STRIDE:.*]] = llvm.load {{.*}} -> i64
// CHECK:         llvm.insertvalue %[[OFFSET]], %{{.*}}[2]
// CHECK:         llvm.insertvalue %[[STRIDE]], %{{.*}}[4, 0]
// CHECK-LABEL: func.func private @view(
// CHECK:         llvm.alloca {{.*}} !llvm.struct<(f32, ptr, i64, i64)>
func.func private @view(%x: memref<4x8xf32, strided<[?, 1], offset: ?>>, %f: f32) {
  scf.forall (%i) in (4) {
    memref.store %f, %x[%i, %i] : memref<4x8xf32, strided<[?, 1], offset: ?>>
  }
  return
}
