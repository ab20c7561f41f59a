// Objects and static libraries for another architecture; programs need a linker for it.
// RUN: rm -rf %t && mkdir %t && cd %t
// RUN: %python %S/Inputs/safetensors.py w.safetensors table:BF16:8x4 bias:F32:4
// RUN: strandc %S/link.mlir --weights=w.safetensors --target=aarch64-linux-gnu --cpu=neoverse-n1 --emit=obj -o model.o
// RUN: llvm-readelf -hSW model.o | FileCheck %s
// RUN: strandc %S/link.mlir --weights=w.safetensors --target=aarch64-linux-gnu --cpu=neoverse-n1 --emit=static -o model.a
// RUN: llvm-ar t model.a | FileCheck %s --check-prefix=MEMBERS
// RUN: not strandc %S/link.mlir --weights=w.safetensors --target=aarch64-linux-gnu --cpu=generic -o model 2>&1 | FileCheck %s --check-prefix=LINK

// CHECK: Machine: AArch64
// CHECK: .rodata.weights PROGBITS {{0+}} {{[0-9a-f]+}} 000080 00 A 0 0 2097152
// MEMBERS: m.o
// MEMBERS-NEXT: m_weights.o
// LINK: error: linking for aarch64-unknown-linux-gnu needs a C compiler for it (--linker=)
