// RUN: strand-opt %s -strand-outline-kernels -strand-kernels-to-nvvm -strand-lanes | FileCheck %s

// Copies by the copy engine are told to the emulator instruction by instruction; maps lie in the cells themselves.
// CHECK:       call @strand_rt_boxes(
// CHECK-LABEL: llvm.func @k0_f(
// CHECK-SAME:    %[[MAPS:[^:]*]]: !llvm.ptr)
// CHECK:         %[[MAP:.*]] = llvm.ptrtoint %[[MAPS]] : !llvm.ptr to i64
// CHECK:         llvm.call @strand_lane_bulk_begin(%[[BARRIER:[^,]*]], %{{.*}}) : (i32, i64) -> ()
// CHECK:         llvm.call @strand_lane_bulk_expect(%{{[^,]*}}, %[[BARRIER]], %{{.*}}) : (i64, i32, i64) -> ()
// CHECK-NEXT:    %{{.*}} = llvm.mlir.constant
// CHECK-NEXT:    llvm.call @strand_lane_bulk_copy(%{{[^,]*}}, %[[BARRIER]], %[[TO:[^,]*]], %[[MAP]], %[[COLUMN:[^,]*]], %[[ROW:[^,]*]]) : (i64, i32, i32, i64, i32, i32) -> ()
// CHECK:         llvm.call @strand_lane_bulk_wait(%{{[^,]*}}, %[[BARRIER]], %{{.*}}) : (i64, i32, i32) -> ()
// CHECK:         llvm.call @strand_lane_bulk_begin(%[[BARRIER]], %{{.*}})
// CHECK-LABEL: llvm.func internal @k0_f.cells(
// CHECK:         %[[CELL:.*]] = llvm.getelementptr %{{.*}}[4]
// CHECK-NEXT:    llvm.call @k0_f({{.*}}, %[[CELL]])
func.func @f(%x: memref<?x64xbf16>, %barrier: i32, %to: i32, %column: i32, %row: i32) {
  scf.forall (%b) in (1) {
    %map = tile.boxes %x {columns = 64, box = array<i64: 16, 64>} : memref<?x64xbf16> -> !llvm.ptr
    scf.forall (%t) in (32) {
      %at = llvm.ptrtoint %map : !llvm.ptr to i64
      llvm.inline_asm has_side_effects asm_dialect = att "mbarrier.init.shared::cta.b64 [$0], 1;\0A", "r,~{memory}" %barrier : (i32) -> ()
      llvm.inline_asm has_side_effects asm_dialect = att "{\0A.reg .pred p;\0A.reg .b32 leader;\0Aelect.sync leader|p, 0xffffffff;\0A@p mbarrier.arrive.expect_tx.shared::cta.b64 _, [$0], 2048;\0A@p cp.async.bulk.tensor.2d.shared::cluster.global.tile.mbarrier::complete_tx::bytes [$1], [$2, {$3, $4}], [$0];\0A}\0A", "r,r,l,r,r,~{memory}" %barrier, %to, %at, %column, %row : (i32, i32, i64, i32, i32) -> ()
      llvm.inline_asm has_side_effects asm_dialect = att "{\0A.reg .pred p;\0Aawait:\0Ambarrier.try_wait.parity.shared::cta.b64 p, [$0], $1;\0A@!p bra await;\0A}\0A", "r,r,~{memory}" %barrier, %row : (i32, i32) -> ()
      llvm.inline_asm has_side_effects asm_dialect = att "mbarrier.inval.shared::cta.b64 [$0];\0A", "r,~{memory}" %barrier : (i32) -> ()
    } {mapping = [#gpu.thread<x>]}
  } {mapping = [#gpu.block<x>]}
  return
}
