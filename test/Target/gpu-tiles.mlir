// Products of tiles: of four warps together on sm_90a; on other chips, and in code that several share, of each warp.
// RUN: strandc %s --target=nvptx --emit=ptx -o %t.ptx && FileCheck %s < %t.ptx
// RUN: FileCheck %s --check-prefix=VALUES < %t.ptx
// RUN: strandc %s --target=nvptx --gpu-arch=sm_90 --emit=ptx | FileCheck %s --check-prefix=WARP --implicit-check-not=wgmma.mma
// RUN: strandc %s --target=nvptx --gpu-arch=sm_90a,sm_80 --compile-to=kernels | FileCheck %s --check-prefix=SHARED --implicit-check-not=wgmma.mma
// RUN: %python %S/Inputs/ptxas.py sm_90a %t.ptx | FileCheck %s --check-prefix=BUDGET
// BUDGET: {{0 spills|ptxas is not installed: skipped}}
// WARP: mma.sync.aligned.m16n8k16
// SHARED: nvvm.mma.sync

// CHECK: .extern .shared .align 1024
// three maps, in boxes of 64 rows; shorter sequences have a kernel of their own
// CHECK: .param .align 64 .b8 {{.*}}[384]
// CHECK: .maxntid 128
// 64 queries in registers. The copy engine brings rows: panels of 64 channels of queries; of keys and of values. Scores from
// zero.
// CHECK:      mbarrier.init.shared::cta.b64
// CHECK:      fence.proxy.async.shared::cta;
// CHECK-NEXT: bar.sync 0;
// CHECK:      elect.sync leader|p, 0xffffffff;
// CHECK-NEXT: @p mbarrier.arrive.expect_tx.shared::cta.b64 _, [%[[QUERIES:.*]]], 16384;
// CHECK-COUNT-2: @p cp.async.bulk.tensor.2d.shared::cluster.global.tile.mbarrier::complete_tx::bytes [{{.*}}], [%rd{{[0-9]+}}, {{{[^}]*}}}], [%[[QUERIES]]];
// CHECK:      mbarrier.try_wait.parity.shared::cta.b64 p, [%[[QUERIES]]], %r{{[0-9]+}};
// CHECK-COUNT-8: ldmatrix
// CHECK:      @p mbarrier.arrive.expect_tx.shared::cta.b64 _, [%[[FIRST:.*]]], 32768;
// CHECK-COUNT-4: @p cp.async.bulk.tensor.2d.shared::cluster.global.tile.mbarrier::complete_tx::bytes [{{.*}}], [%rd{{[0-9]+}}, {{{[^}]*}}}], [%[[FIRST]]];
// CHECK:      wgmma.mma_async.sync.aligned.m64n64k16.f32.bf16.bf16 {{{[^}]*}}}, {{{[^}]*}}}, second, p, 1, 1, 0;
// CHECK-COUNT-7: wgmma.mma_async.sync.aligned.m64n64k16.f32.bf16.bf16 {{{[^}]*}}}, {{{[^}]*}}}, second, 1, 1, 1, 0;
// CHECK-NEXT: wgmma.commit_group.sync.aligned;
// CHECK-NEXT: wgmma.wait_group.sync.aligned 0;
// Values lie with the depth along their rows.
// VALUES:      wgmma.fence.sync.aligned;
// VALUES-COUNT-4: wgmma.mma_async.sync.aligned.m64n128k16.f32.bf16.bf16 {{{[^}]*}}}, {{{[^}]*}}}, second, 1, 1, 1, 1;
// VALUES-NEXT: wgmma.commit_group.sync.aligned;
// VALUES-NEXT: wgmma.wait_group.sync.aligned 0;
func.func private @f.entry(%q16: tensor<?x2x128xbf16> {strand.rows, bufferization.writable = false}, %k16: tensor<?x2x128xbf16> {strand.rows, bufferization.writable = false}, %v16: tensor<?x2x128xbf16> {strand.rows, bufferization.writable = false}, %offsets: tensor<?xi32> {strand.input = "offsets", bufferization.writable = false}, %out: tensor<?x2x128xbf16> {strand.rows}) -> tensor<?x2x128xbf16> attributes {strand.entry = "f", strand.whole} {
  %q = arith.extf %q16 : tensor<?x2x128xbf16> to tensor<?x2x128xf32>
  %k = arith.extf %k16 : tensor<?x2x128xbf16> to tensor<?x2x128xf32>
  %v = arith.extf %v16 : tensor<?x2x128xbf16> to tensor<?x2x128xf32>
  %y = strand.attention %q, %k, %v offsets %offsets
      {scale = 0.08838834764831845 : f64} : (tensor<?x2x128xf32>, tensor<?x2x128xf32>, tensor<?x2x128xf32>, tensor<?xi32>) -> tensor<?x2x128xf32>
  %narrow = arith.truncf %y : tensor<?x2x128xf32> to tensor<?x2x128xbf16>
  %written = bufferization.materialize_in_destination %narrow in %out : (tensor<?x2x128xbf16>, tensor<?x2x128xbf16>) -> tensor<?x2x128xbf16>
  return %written : tensor<?x2x128xbf16>
}
