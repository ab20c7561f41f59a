// RUN: strand-opt %s -strand-outline-kernels -canonicalize -cse | FileCheck %s
// RUN: strand-opt %s -strand-outline-kernels -strand-kernels-to-nvvm | FileCheck %s --check-prefix=NVVM

// CHECK: module attributes {gpu.container_module, strand.kernels = ["k0_layer_step", "k1_main"]}

// A buffer comes in as its pointer and its dynamic sizes; views are made again. Two buffers whose times do not overlap
// share their place, which a barrier between keeps right.
// CHECK:       gpu.func @k0_layer_step(%[[P:.*]]: !llvm.ptr, %[[ROWS:.*]]: i64) kernel attributes {known_block_size = array<i32: 64, 1, 1>} {
// CHECK:         %[[SHARED:.*]] = gpu.dynamic_shared_memory
// CHECK:         %[[BLOCK:.*]] = gpu.block_id  x
// CHECK:         %[[A:.*]] = memref.view %[[SHARED]][%c0][]
// CHECK:         %[[THREAD:.*]] = gpu.thread_id  x
// CHECK:         memref.store
// CHECK:         gpu.barrier
// CHECK:         arith.addf {{.*}} fastmath<contract>
// CHECK:         gpu.barrier
// CHECK-NOT:     memref.view %[[SHARED]]
// CHECK-NOT:     gpu.barrier
// CHECK:         memref.store
// CHECK:         gpu.barrier
// One thread of 64, behind a barrier because all read what it may write in the block's memory; of the device's they have
// read nothing.
// CHECK-NEXT:    %[[LAST:.*]] = memref.load
// CHECK-NEXT:    gpu.barrier
// CHECK-NEXT:    %[[ONE:.*]] = arith.cmpi ult, %[[THREAD]], %c1
// CHECK-NEXT:    scf.if %[[ONE]] {
// CHECK-NEXT:      memref.store %[[LAST]], %[[TWO:.*]][%[[THREAD]]]
// CHECK:         gpu.barrier
// CHECK-NEXT:    %[[AGAIN:.*]] = memref.load %[[TWO]][%c0]
// CHECK-NEXT:    scf.if %[[ONE]] {
// CHECK:         gpu.return

// CHECK:       gpu.func @k1_main(
// CHECK-NOT:     gpu.barrier
// CHECK:         gpu.return

// CHECK-LABEL: func.func private @layer.step(
// CHECK-SAME:    %[[X:[^:]*]]: memref<?x64xf32>, %[[COUNT:[^:]*]]: index, %[[CTX:[^:]*]]: !llvm.ptr {strand.input = "ctx"}) {
// CHECK-DAG:     %[[CELLS:.*]] = llvm.alloca %{{.*}} x i64
// CHECK-DAG:     %[[ADDRESS:.*]] = memref.extract_aligned_pointer_as_index %[[X]]
// CHECK:         call @strand_rt_launch(%[[CTX]], %c0_i64, %{{.*}}, %c64_i64, %c256_i64, %[[CELLS]], %c2_i64)
// CHECK-LABEL: func.func @main(
// CHECK-SAME:    %[[CTX:[^:]*]]: !llvm.ptr {strand.input = "ctx"}) {
// CHECK:         call @layer.step(%{{.*}}, %{{.*}}, %[[CTX]])
// CHECK:         call @strand_rt_launch(%[[CTX]], %c1_i64, %c4_i64,

// NVVM: llvm.func @k0_layer_step(%{{.*}}: !llvm.ptr, %{{.*}}: i64) attributes {{.*}}nvvm.kernel, nvvm.maxntid = array<i32: 64, 1, 1>
// NVVM: nvvm.read.ptx.sreg.tid.x
// NVVM: nvvm.barrier
// NVVM: llvm.intr.fma
func.func private @layer.step(%x: memref<?x64xf32>, %n: index) {
  %c0 = arith.constant 0 : index
  scf.forall (%b) in (%n) {
    %row = memref.subview %x[%b, 0] [1, 64] [1, 1] : memref<?x64xf32> to memref<64xf32, strided<[1], offset: ?>>
    %one = memref.alloc() : memref<64xf32>
    scf.forall (%t) in (64) {
      %v = memref.load %row[%t] : memref<64xf32, strided<[1], offset: ?>>
      memref.store %v, %one[%t] : memref<64xf32>
    } {mapping = [#gpu.thread<x>]}
    scf.forall (%t) in (64) {
      %v = memref.load %one[%t] : memref<64xf32>
      %w = arith.addf %v, %v : f32
      %u = math.fma %w, %v, %v : f32
      memref.store %u, %row[%t] : memref<64xf32, strided<[1], offset: ?>>
    } {mapping = [#gpu.thread<x>]}
    %two = memref.alloc() : memref<64xf32>
    scf.forall (%t) in (64) {
      %v = memref.load %row[%t] : memref<64xf32, strided<[1], offset: ?>>
      memref.store %v, %two[%t] : memref<64xf32>
    } {mapping = [#gpu.thread<x>]}
    %last = memref.load %two[%c0] : memref<64xf32>
    scf.forall (%t) in (1) {
      memref.store %last, %two[%t] : memref<64xf32>
    } {mapping = [#gpu.thread<x>]}
    %again = memref.load %two[%c0] : memref<64xf32>
    scf.forall (%t) in (1) {
      memref.store %again, %row[%t] : memref<64xf32, strided<[1], offset: ?>>
    } {mapping = [#gpu.thread<x>]}
  } {mapping = [#gpu.block<x>]}
  return
}

func.func @main(%x: memref<?x64xf32>, %n: index) {
  %zero = arith.constant 0.0 : f32
  call @layer.step(%x, %n) : (memref<?x64xf32>, index) -> ()
  scf.forall (%b) in (4) {
    scf.forall (%t) in (64) {
      memref.store %zero, %x[%b, %t] : memref<?x64xf32>
    } {mapping = [#gpu.thread<x>]}
  } {mapping = [#gpu.block<x>]}
  return
}
