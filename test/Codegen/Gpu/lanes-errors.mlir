// RUN: strand-opt %s -strand-outline-kernels -strand-kernels-to-nvvm -strand-lanes -split-input-file -verify-diagnostics
func.func @f(%x: memref<128xf32>, %first: i64) {
  scf.forall (%b) in (1) {
    scf.forall (%t) in (128) {
      // expected-error @below {{the lane emulator cannot read wgmma.mma_async.sync.aligned.m64n8k8.f32.tf32.tf32 {$0}, $1, $1, 1, 1, 1;}}
      %r = llvm.inline_asm has_side_effects asm_dialect = att "wgmma.mma_async.sync.aligned.m64n8k8.f32.tf32.tf32 {$0}, $1, $1, 1, 1, 1;\0A", "=f,l" %first : (i64) -> f32
      memref.store %r, %x[%t] : memref<128xf32>
    } {mapping = [#gpu.thread<x>]}
  } {mapping = [#gpu.block<x>]}
  return
}

// -----

func.func @g(%barrier: i32) {
  scf.forall (%b) in (1) {
    scf.forall (%t) in (32) {
      // expected-error @below {{the lane emulator cannot read mbarrier.arrive.shared::cta.b64 _, [$0];}}
      llvm.inline_asm has_side_effects asm_dialect = att "mbarrier.arrive.shared::cta.b64 _, [$0];\0A", "r" %barrier : (i32) -> ()
    } {mapping = [#gpu.thread<x>]}
  } {mapping = [#gpu.block<x>]}
  return
}
