// RUN: not strand-opt %s -strand-expand-chunks=form=spiral 2>&1 | FileCheck %s
// CHECK: expand-chunks-errors.mlir:[[@LINE+1]]:1: error: form 'spiral' is none of auto, step, chunk, three-phase, associative
func.func @f() { return }

// RUN: not strand-opt %s -strand-expand-chunks=teams=0 2>&1 | FileCheck %s --check-prefix=TEAMS
// TEAMS: error: vector-bits is 512, tile-length 0 and teams 0; a vector has 32 bits at least, tiles are not negative, and there is a team at least
