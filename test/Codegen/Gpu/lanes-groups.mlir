// RUN: strand-opt %s -strand-outline-kernels -strand-kernels-to-nvvm -strand-lanes | FileCheck %s

// A product of a warpgroup is told to the emulator instruction by instruction, with sums in front of words in one array.
// CHECK-LABEL: llvm.func @k0_f(
// CHECK:         %[[WORDS:.*]] = llvm.alloca %{{.*}} x i32
// CHECK:         llvm.call @strand_lane_proxy_fence(%{{.*}}) : (i64) -> ()
// CHECK:         llvm.call @strand_lane_barrier(
// the sums that are added to
// CHECK-COUNT-4: llvm.store %{{.*}} : f32, !llvm.ptr
// CHECK:         llvm.call @strand_lane_group_fence(
// first from registers
// CHECK-COUNT-4: llvm.store %{{.*}} : i32, !llvm.ptr
// CHECK:         %[[NONE:.*]] = llvm.mlir.constant(0 : i64) : i64
// the second's descriptor: an operand below 0x40000040
// CHECK:         %[[LOWER:.*]] = llvm.zext %arg2 : i32 to i64
// CHECK:         arith.constant 4611686293305294848 : i64
// CHECK:         %[[SECOND:.*]] = arith.addi %[[LOWER]],
// CHECK:         llvm.call @strand_lane_group_multiply(%{{[^,]*}}, %[[SUMS:[^,]*]], %[[FIRST:[^,]*]], %{{[^,]*}}, %[[SECOND]], %{{.*}}) : (i64, !llvm.ptr, !llvm.ptr, i64, i64, i64, i64, i64, i64) -> ()
// then from shared memory
// CHECK:         %[[NULL:.*]] = llvm.mlir.zero : !llvm.ptr
// CHECK:         arith.constant 24 : i32
// CHECK:         %[[BEHIND:.*]] = arith.addi %arg3,
// CHECK:         llvm.zext %[[BEHIND]] : i32 to i64
// CHECK:         llvm.call @strand_lane_group_multiply(%{{[^,]*}}, %{{[^,]*}}, %[[NULL]], %{{[^,]*}}, %{{[^,]*}}, %{{.*}})
// CHECK:         llvm.call @strand_lane_group_commit() : () -> ()
// CHECK:         llvm.call @strand_lane_group_wait(%{{[^,]*}}, %{{[^,]*}}, %[[WORDS]], %{{.*}}) : (i64, i64, !llvm.ptr, i64) -> ()
// CHECK-COUNT-4: llvm.load %{{.*}} : !llvm.ptr -> f32
func.func @f(%x: memref<128xf32>, %first: i32, %second: i32, %word: i32) {
  scf.forall (%b) in (1) {
    scf.forall (%t) in (128) {
      %v = memref.load %x[%t] : memref<128xf32>
      nvvm.fence.proxy {kind = #nvvm.proxy_kind<async.shared>, space = #nvvm.shared_space<cta>}
      gpu.barrier
      %r = llvm.inline_asm has_side_effects asm_dialect = att "{\0A.reg .b32 lower;\0A.reg .b64 first, second;\0Awgmma.fence.sync.aligned;\0Amov.b64 second, {$12, 0x40000040};\0Awgmma.mma_async.sync.aligned.m64n8k16.f32.bf16.bf16 {$0, $1, $2, $3}, {$8, $9, $10, $11}, second, 1, 1, 1, 1;\0Aadd.s32 lower, $13, 24;\0Amov.b64 first, {lower, 0x80000020};\0Awgmma.mma_async.sync.aligned.m64n8k16.f32.bf16.bf16 {$0, $1, $2, $3}, first, second, 1, 1, 1, 0, 1;\0Awgmma.commit_group.sync.aligned;\0Awgmma.wait_group.sync.aligned 0;\0A}\0A", "=&f,=&f,=&f,=&f,0,1,2,3,r,r,r,r,r,r,~{memory}" %v, %v, %v, %v, %word, %word, %word, %word, %second, %first : (f32, f32, f32, f32, i32, i32, i32, i32, i32, i32) -> !llvm.struct<(f32, f32, f32, f32)>
      %s = llvm.extractvalue %r[3] : !llvm.struct<(f32, f32, f32, f32)>
      memref.store %s, %x[%t] : memref<128xf32>
    } {mapping = [#gpu.thread<x>]}
  } {mapping = [#gpu.block<x>]}
  return
}
