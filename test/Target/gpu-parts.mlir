// Rows in f32 on the way to wgmma: each factor in three parts, of which the products that count are six. One text has those of
// some of the depth, one after the other on the same sums; the sums begin at zero and are added to others as f32.
// RUN: strandc %s --target=nvptx --emit=ptx -o %t.ptx && FileCheck %s < %t.ptx
// RUN: %python %S/Inputs/ptxas.py sm_90a %t.ptx | FileCheck %s --check-prefix=BUDGET
// BUDGET: {{0 spills|ptxas is not installed: skipped}}

// Loads of 16 bytes; words of a part, then of what is left, three times.
// CHECK:         ld.global.v4
// CHECK-COUNT-3: st.shared.v4.b32
// Scores: 2 steps of the depth of 32, 6 products each, from zero.
// CHECK:          wgmma.fence.sync.aligned;
// CHECK:          wgmma.mma_async.sync.aligned.m64n64k16.f32.bf16.bf16 {{{[^}]*}}}, first, second, p, 1, 1, 0, 0;
// CHECK-COUNT-11: wgmma.mma_async.sync.aligned.m64n64k16.f32.bf16.bf16 {{{[^}]*}}}, first, second, 1, 1, 1, 0, 0;
func.func private @f.entry(%q: tensor<?x2x32xf32> {strand.rows, bufferization.writable = false}, %k: tensor<?x2x32xf32> {strand.rows, bufferization.writable = false}, %v: tensor<?x2x32xf32> {strand.rows, bufferization.writable = false}, %g: tensor<?x2xf32> {strand.rows, bufferization.writable = false}, %offsets: tensor<?xi32> {strand.input = "offsets", bufferization.writable = false}, %out: tensor<?x2x32xf32> {strand.rows}) -> tensor<?x2x32xf32> attributes {strand.entry = "f", strand.whole} {
  %y = strand.linear_attention %q, %k, %v gate %g offsets %offsets
      : (tensor<?x2x32xf32>, tensor<?x2x32xf32>, tensor<?x2x32xf32>, tensor<?x2xf32>, tensor<?xi32>) -> tensor<?x2x32xf32>
  %written = bufferization.materialize_in_destination %y in %out : (tensor<?x2x32xf32>, tensor<?x2x32xf32>) -> tensor<?x2x32xf32>
  return %written : tensor<?x2x32xf32>
}
