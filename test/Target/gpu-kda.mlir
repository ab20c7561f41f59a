// The delta rule with a decay for each channel, of heads of 128: what is known of a tile stays in registers without spills, and
// what does not takes so much shared memory that two blocks fit on a multiprocessor (115712 bytes each).
// RUN: strandc %s --target=nvptx --emit=ptx -o %t.ptx
// RUN: %python %S/Inputs/ptxas.py sm_90a %t.ptx | FileCheck %s
// RUN: strandc %s --target=nvptx --compile-to=kernels | FileCheck %s --check-prefix=SHARED
// CHECK: {{0 spills|ptxas is not installed: skipped}}
// SHARED: memref.alloc() {alignment = 1024 : i64, strand.shared} : memref<109568xi8>
func.func private @f.entry(%q16: tensor<?x2x128xbf16> {strand.rows, bufferization.writable = false}, %k16: tensor<?x2x128xbf16> {strand.rows, bufferization.writable = false}, %v16: tensor<?x2x128xbf16> {strand.rows, bufferization.writable = false}, %beta: tensor<?x2xf32> {strand.rows, bufferization.writable = false}, %g16: tensor<?x2x128xbf16> {strand.rows, bufferization.writable = false}, %offsets: tensor<?xi32> {strand.input = "offsets", bufferization.writable = false}, %out: tensor<?x2x128xbf16> {strand.rows}) -> tensor<?x2x128xbf16> attributes {strand.entry = "f", strand.whole} {
  %q = arith.extf %q16 : tensor<?x2x128xbf16> to tensor<?x2x128xf32>
  %k = arith.extf %k16 : tensor<?x2x128xbf16> to tensor<?x2x128xf32>
  %v = arith.extf %v16 : tensor<?x2x128xbf16> to tensor<?x2x128xf32>
  %g = arith.extf %g16 : tensor<?x2x128xbf16> to tensor<?x2x128xf32>
  %y = strand.delta_rule %q, %k, %v beta %beta gate %g offsets %offsets {scale = 0.08838834764831845 : f64}
      : (tensor<?x2x128xf32>, tensor<?x2x128xf32>, tensor<?x2x128xf32>, tensor<?x2xf32>, tensor<?x2x128xf32>, tensor<?xi32>) -> tensor<?x2x128xf32>
  %narrow = arith.truncf %y : tensor<?x2x128xf32> to tensor<?x2x128xbf16>
  %written = bufferization.materialize_in_destination %narrow in %out : (tensor<?x2x128xbf16>, tensor<?x2x128xbf16>) -> tensor<?x2x128xbf16>
  return %written : tensor<?x2x128xbf16>
}
