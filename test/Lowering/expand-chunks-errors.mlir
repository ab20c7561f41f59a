// RUN: not strand-opt %s -strand-expand-chunks=form=spiral 2>&1 | FileCheck %s
// CHECK: expand-chunks-errors.mlir:[[@LINE+1]]:1: error: form 'spiral' is none of auto, step, chunk, three-phase, associative
func.func @f() { return }
