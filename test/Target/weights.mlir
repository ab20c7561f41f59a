// The block of weights: offsets of 64, panels filled up with zeros, f16 and f32 converted to what the code reads.
// RUN: %python %S/Inputs/safetensors.py %t.safetensors plain:F32:3 panels:BF16:3x4 half:F16:2 wide:F32:2x3
// RUN: strandc %s --weights=%t.safetensors --emit=weights -o %t.block
// RUN: %python %S/Inputs/block.py %t.block | FileCheck %s
// RUN: strandc %s --weights=%t.safetensors --emit=obj -o %t.o
// RUN: llvm-readelf -SsW %t.o | FileCheck %s --check-prefix=OBJECT

// CHECK: 320 bytes
// CHECK-NEXT: f32 at 0: -3 -2.875 -2.75
// panels of 2: rows 0 and 1, then row 2 and zeros
// CHECK-NEXT: bf16 at 64: -3 -2.5 -2.875 -2.375 -2.75 -2.25 -2.625 -2.125 -2 0 -1.875 0 -1.75 0 -1.625 0
// CHECK-NEXT: f32 at 128: -3 -2.875
// CHECK-NEXT: bf16 at 192: -3 -2.625 0 0 -2.875 -2.5 0 0 -2.75 -2.375 0 0
// CHECK-NEXT: f32 at 256: -3 -2.875 -2.75

// OBJECT: .lrodata PROGBITS {{0+}} 200000 000140 00 Al 0 0 2097152
// OBJECT: OBJECT GLOBAL HIDDEN {{.*}} m_weights
func.func private @advance(
    %tokens: memref<?xi32> {strand.input = "tokens", strand.rows}, %offsets: memref<?xi32> {strand.input = "offsets"},
    %slots: memref<?xi32> {strand.input = "slots", strand.sequences},
    %a: memref<3xf32> {strand.weight = "plain"}, %b: memref<2x4x2xbf16> {strand.weight = "panels", strand.panel = 2},
    %c: memref<2xf32> {strand.weight = "half"}, %d: memref<1x3x4xbf16> {strand.weight = "wide", strand.panel = 4},
    %e: memref<3xf32> {strand.weight = "plain"}, %logits: memref<?x4xf32> {strand.input = "logits"}) {
  return
}
