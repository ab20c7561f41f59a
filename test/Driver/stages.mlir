// Stopping at a stage, keeping all of them, and the hash: of the model, not of the target or of file names.
// RUN: rm -rf %t && mkdir %t && cd %t
// RUN: strandc %s --compile-to=model | FileCheck %s --check-prefix=MODEL
// RUN: strandc %s --compile-to=llvm -o last.mlir --save-stages=kept
// RUN: ls kept | FileCheck %s --check-prefix=KEPT
// RUN: cmp last.mlir kept/06-llvm.mlir
// RUN: strandc %s --compile-to=model --cpu=x86-64-v2 | grep -o 'strand.hash = "[0-9a-f]*"' > a
// RUN: cp %s other.mlir && strandc other.mlir --compile-to=model --cpu=x86-64-v3 | grep -o 'strand.hash = "[0-9a-f]*"' > b
// RUN: cmp a b
// RUN: sed 's/1.0/2.0/' %s > changed.mlir && strandc changed.mlir --compile-to=model | grep -o 'strand.hash = "[0-9a-f]*"' > c
// RUN: not cmp a c
// RUN: not strandc %s --emit=obj -o strict.o --strict 2>&1 | FileCheck %s --check-prefix=STRICT
// RUN: strandc %s --emit=obj -o loose.o --report 2>&1 | FileCheck %s --check-prefix=REPORT

// MODEL: strand.hash = "{{[0-9a-f]+}}"
// KEPT: 00-model.mlir
// KEPT-NEXT: 01-structure.mlir
// KEPT: 06-llvm.mlir
// STRICT: error: --strict: there is no fast form for
// STRICT-NEXT: m.py:3:5: scan of @f takes the form loops: its step branches
// REPORT: s stage model
// REPORT: s  machine code
// REPORT: scan: at m.py:3:5, fallback true, form loops, function f, why its step branches
module {
  func.func @f(%a: f32) -> f32 attributes {strand.notes = [{op = "scan", form = "loops", fallback, at = "m.py:3:5", why = "its step branches"}, {op = "matmul", form = "panels"}]} {
    %b = arith.constant 1.0 : f32
    %c = arith.addf %a, %b : f32
    return %c : f32
  }
}
