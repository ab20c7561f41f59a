// The delta rule of low rank with a decay for each channel (RWKV-7), of heads of 64: two blocks fit on a multiprocessor (115712
// bytes each). What waits while scores and the inverse are computed lies in shared memory: products of warpgroups read both
// factors there.
// RUN: strandc %s --target=nvptx --emit=ptx -o %t.ptx && FileCheck %s < %t.ptx
// RUN: strandc %s --target=nvptx --compile-to=kernels | FileCheck %s --check-prefix=SHARED
// CHECK: wgmma.mma_async.sync.aligned.m64n64k16.f32.bf16.bf16 {{{[^}]*}}}, first, second, 1, 1, 1, 0, 1;
// SHARED: memref.alloc() {alignment = 1024 : i64, strand.shared} : memref<108544xi8>
func.func private @f.entry(%q16: tensor<?x2x64xbf16> {strand.rows, bufferization.writable = false}, %k16: tensor<?x2x64xbf16> {strand.rows, bufferization.writable = false}, %v16: tensor<?x2x64xbf16> {strand.rows, bufferization.writable = false}, %a16: tensor<?x2x64xbf16> {strand.rows, bufferization.writable = false}, %b16: tensor<?x2x64xbf16> {strand.rows, bufferization.writable = false}, %g16: tensor<?x2x64xbf16> {strand.rows, bufferization.writable = false}, %offsets: tensor<?xi32> {strand.input = "offsets", bufferization.writable = false}, %out: tensor<?x2x64xbf16> {strand.rows}) -> tensor<?x2x64xbf16> attributes {strand.entry = "f", strand.whole} {
  %q = arith.extf %q16 : tensor<?x2x64xbf16> to tensor<?x2x64xf32>
  %k = arith.extf %k16 : tensor<?x2x64xbf16> to tensor<?x2x64xf32>
  %v = arith.extf %v16 : tensor<?x2x64xbf16> to tensor<?x2x64xf32>
  %a = arith.extf %a16 : tensor<?x2x64xbf16> to tensor<?x2x64xf32>
  %b = arith.extf %b16 : tensor<?x2x64xbf16> to tensor<?x2x64xf32>
  %g = arith.extf %g16 : tensor<?x2x64xbf16> to tensor<?x2x64xf32>
  %y = strand.delta_rule %q, %k, %v low_rank %a, %b gate %g offsets %offsets
      : (tensor<?x2x64xf32>, tensor<?x2x64xf32>, tensor<?x2x64xf32>, tensor<?x2x64xf32>, tensor<?x2x64xf32>, tensor<?x2x64xf32>, tensor<?xi32>) -> tensor<?x2x64xf32>
  %narrow = arith.truncf %y : tensor<?x2x64xf32> to tensor<?x2x64xbf16>
  %written = bufferization.materialize_in_destination %narrow in %out : (tensor<?x2x64xbf16>, tensor<?x2x64xbf16>) -> tensor<?x2x64xbf16>
  return %written : tensor<?x2x64xbf16>
}
