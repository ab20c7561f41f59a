// RUN: strand-opt %s -split-input-file -verify-diagnostics -strand-embed-kernels=prefix=net | FileCheck %s
// RUN: strand-opt %s -split-input-file -verify-diagnostics -strand-embed-kernels -strand-loops-to-llvm > /dev/null

// Version 1, two kernels by name, two images: machine code and PTX.
// CHECK-NOT: strand.kernels
// CHECK: llvm.mlir.global external constant @net_device() {{.*}} : !llvm.struct<(i64, i64, ptr, i64, ptr)> {
// CHECK:   llvm.mlir.constant(1 : i64)
// CHECK:   llvm.mlir.constant(2 : i64)
// CHECK:   llvm.mlir.addressof @net.kernels
// CHECK:   llvm.mlir.addressof @net.images
// CHECK: llvm.mlir.global private constant @net.images() {{.*}} : !llvm.array<2 x struct<(ptr, i64, i64, ptr)>> {
// CHECK-DAG: llvm.mlir.global private constant @net.chip.1("sm_80\00")
// CHECK-DAG: llvm.mlir.global private constant @net.image.1("PTX\00") {{.*}}alignment = 64
// CHECK-DAG: llvm.mlir.global private constant @net.image.0("\7FELF\00")
// CHECK: llvm.mlir.global private constant @net.kernel.1("k1_g\00")
// CHECK: llvm.mlir.global private constant @net.kernel.0("k0_f\00")
// CHECK-NOT: gpu.binary
module attributes {gpu.container_module, strand.kernels = ["k0_f", "k1_g"]} {
  gpu.binary @device [#gpu.object<#nvvm.target<chip = "sm_90a">, bin = "\7FELF">, #gpu.object<#nvvm.target<chip = "sm_80">, assembly = "PTX">]
}

// -----

// expected-error @+1 {{has 1 gpu.binary and no strand.kernels; one of each is needed, as strand-outline-kernels leaves them}}
module attributes {gpu.container_module} {
  gpu.binary @device [#gpu.object<#nvvm.target<chip = "sm_90a">, bin = "\7FELF">]
}
