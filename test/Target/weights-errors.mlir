// RUN: %python %S/Inputs/safetensors.py %t.safetensors shape:F32:3x4 type:I32:4 row:F32:4
// RUN: not strandc %s --weights=%t.safetensors --emit=weights -o %t.block 2>&1 | FileCheck %s --implicit-check-not=error:
// RUN: not ls %t.block
// RUN: not strandc %s --emit=weights -o %t.block 2>&1 | FileCheck %s --check-prefix=NONE --implicit-check-not=error:

// NONE: error: the model reads weights ('absent' is the first); name their file with --weights=
// CHECK: error: weight 'absent' is not in '{{.*}}.safetensors', or has a type that is not read
// CHECK: error: weight 'shape' is 3x4xf32; the model reads 4x3xf32
// CHECK: error: weight 'type' is 4xi32; the model reads 4xf32
// CHECK: error: weight 'row' is 4xf32; the model reads 1x4x4xf32 in panels of 4
func.func private @advance(
    %a: memref<3xf32> {strand.weight = "absent"}, %b: memref<4x3xf32> {strand.weight = "shape"},
    %c: memref<4xf32> {strand.weight = "type"}, %d: memref<1x4x4xf32> {strand.weight = "row", strand.panel = 4}) {
  return
}
