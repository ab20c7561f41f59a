// Attention over rows from before the call: tiles stay in registers and nothing spills.
// RUN: split-file %s %t
// RUN: strandc %t/ring.mlir --target=nvptx --emit=ptx -o %t/ring.ptx && FileCheck %s --check-prefix=RING --implicit-check-not=ld.global.v4 < %t/ring.ptx
// RUN: strandc %t/cache.mlir --target=nvptx --emit=ptx -o %t/cache.ptx && FileCheck %s --check-prefix=CACHE < %t/cache.ptx
// RUN: sed 's/x128x/x256x/g' %t/ring.mlir > %t/large.mlir && strandc %t/large.mlir --target=nvptx --emit=ptx -o %t/large.ptx && FileCheck %s --check-prefix=LARGE < %t/large.ptx
// RUN: %python %S/Inputs/ptxas.py sm_90a %t/ring.ptx | FileCheck %s --check-prefix=BUDGET
// RUN: %python %S/Inputs/ptxas.py sm_90a %t/large.ptx | FileCheck %s --check-prefix=BUDGET
// RUN: %python %S/Inputs/ptxas.py sm_90a %t/cache.ptx | FileCheck %s --check-prefix=BUDGET
// BUDGET: {{0 spills|ptxas is not installed: skipped}}

// The copy engine brings rows of the ring's copy as it does those of the call.
// RING: cp.async.bulk.tensor.2d
// RING: wgmma.mma_async.sync.aligned.m64n64k16.f32.bf16.bf16

// Heads of 256 leave no registers for queries, which are read where they lie in shared memory.
// LARGE: wgmma.mma_async.sync.aligned.m64n64k16.f32.bf16.bf16 {{{[^}]*}}}, first, second, 1, 1, 1, 0, 0;

// Rows of a cache in f32: four loads of 16 bytes on their way at least, then words of bf16, of two chunks of 16 bytes.
// CACHE: cp.async.bulk.tensor.2d
// CACHE-COUNT-4: ld.global.v4
// CACHE: cvt.rn.bf16x2.f32
// CACHE: st.shared.v4.b32
// CACHE: wgmma.mma_async.sync.aligned.m64n64k16.f32.bf16.bf16

//--- ring.mlir
func.func private @f.entry(%q16: tensor<?x4x128xbf16> {strand.rows, bufferization.writable = false}, %k16: tensor<?x2x128xbf16> {strand.rows, bufferization.writable = false}, %v16: tensor<?x2x128xbf16> {strand.rows, bufferization.writable = false}, %offsets: tensor<?xi32> {strand.input = "offsets", bufferization.writable = false}, %out: tensor<?x4x128xbf16> {strand.rows}) -> tensor<?x4x128xbf16> attributes {strand.entry = "f"} {
  %q = arith.extf %q16 : tensor<?x4x128xbf16> to tensor<?x4x128xf32>
  %k = arith.extf %k16 : tensor<?x2x128xbf16> to tensor<?x2x128xf32>
  %v = arith.extf %v16 : tensor<?x2x128xbf16> to tensor<?x2x128xf32>
  %y = strand.attention %q, %k, %v offsets %offsets {scale = 0.088 : f64, window = 1024 : i64}
    : (tensor<?x4x128xf32>, tensor<?x2x128xf32>, tensor<?x2x128xf32>, tensor<?xi32>) -> tensor<?x4x128xf32>
  %n = arith.truncf %y : tensor<?x4x128xf32> to tensor<?x4x128xbf16>
  %w = bufferization.materialize_in_destination %n in %out : (tensor<?x4x128xbf16>, tensor<?x4x128xbf16>) -> tensor<?x4x128xbf16>
  return %w : tensor<?x4x128xbf16>
}

//--- cache.mlir
func.func private @f.entry(%q16: tensor<?x4x128xbf16> {strand.rows, bufferization.writable = false}, %k16: tensor<?x2x128xbf16> {strand.rows, bufferization.writable = false}, %v16: tensor<?x2x128xbf16> {strand.rows, bufferization.writable = false}, %offsets: tensor<?xi32> {strand.input = "offsets", bufferization.writable = false}, %out: tensor<?x4x128xbf16> {strand.rows}) -> tensor<?x4x128xbf16> attributes {strand.entry = "f"} {
  %q = arith.extf %q16 : tensor<?x4x128xbf16> to tensor<?x4x128xf32>
  %k = arith.extf %k16 : tensor<?x2x128xbf16> to tensor<?x2x128xf32>
  %v = arith.extf %v16 : tensor<?x2x128xbf16> to tensor<?x2x128xf32>
  %y = strand.attention %q, %k, %v offsets %offsets {scale = 0.088 : f64}
    : (tensor<?x4x128xf32>, tensor<?x2x128xf32>, tensor<?x2x128xf32>, tensor<?xi32>) -> tensor<?x4x128xf32>
  %n = arith.truncf %y : tensor<?x4x128xf32> to tensor<?x4x128xbf16>
  %w = bufferization.materialize_in_destination %n in %out : (tensor<?x4x128xbf16>, tensor<?x4x128xbf16>) -> tensor<?x4x128xbf16>
  return %w : tensor<?x4x128xbf16>
}
