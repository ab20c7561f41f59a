// RUN: strand-opt %s -split-input-file -verify-diagnostics -strand-device-intrinsics | FileCheck %s

// CHECK-NOT: llvm.func @__nv
llvm.func @__nv_fmaf(f32, f32, f32) -> f32
llvm.func @__nv_sqrt(f64) -> f64
llvm.func @__nv_fabsf(f32) -> f32
llvm.func @__nv_exp2f(f32) -> f32
// CHECK-LABEL: llvm.func @k
llvm.func @k(%x: f32, %y: f64) -> f32 {
  // CHECK: %[[A:.*]] = llvm.intr.fma(%arg0, %arg0, %arg0) : (f32, f32, f32) -> f32
  %a = llvm.call @__nv_fmaf(%x, %x, %x) : (f32, f32, f32) -> f32
  // CHECK: llvm.intr.sqrt(%arg1) : (f64) -> f64
  %b = llvm.call @__nv_sqrt(%y) : (f64) -> f64
  // CHECK: %[[C:.*]] = llvm.intr.fabs(%[[A]]) : (f32) -> f32
  %c = llvm.call @__nv_fabsf(%a) : (f32) -> f32
  // CHECK: %[[D:.*]] = llvm.call_intrinsic "llvm.nvvm.ex2.approx.ftz"(%[[C]]) : (f32) -> f32
  %d = llvm.call @__nv_exp2f(%c) : (f32) -> f32
  // CHECK: llvm.return %[[D]]
  llvm.return %d : f32
}

// -----

llvm.func @__nv_exp(f64) -> f64
llvm.func @k(%x: f64) -> f64 {
  // expected-error @+1 {{a kernel needs the function exp on 'f64', for which there is no arithmetic; strand-expand-math has it for f32}}
  %a = llvm.call @__nv_exp(%x) : (f64) -> f64
  llvm.return %a : f64
}

// -----

// CHECK-LABEL: llvm.func @ahead
// CHECK-NEXT:    llvm.inline_asm has_side_effects {{.*}}"prefetch.L2 [$0];", "l" %arg0 : (!llvm.ptr) -> ()
// CHECK-NEXT:    llvm.return
llvm.func @ahead(%p: !llvm.ptr) {
  "llvm.intr.prefetch"(%p) <{cache = 1 : i32, hint = 2 : i32, rw = 0 : i32}> : (!llvm.ptr) -> ()
  llvm.return
}

// -----

// Maps of matrices are the last argument itself.
// CHECK-LABEL: llvm.func @copies
// CHECK-SAME: (%arg0: i64, %arg1: !llvm.ptr {llvm.align = 64 : i64, llvm.byval = !llvm.array<32 x i64>, nvvm.grid_constant})
// CHECK-SAME: attributes {nvvm.kernel}
llvm.func @copies(%x: i64, %maps: !llvm.ptr) attributes {nvvm.kernel, strand.maps = 2 : i64} {
  llvm.return
}
