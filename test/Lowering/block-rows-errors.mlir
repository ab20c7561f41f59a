// RUN: not strand-opt %s -pass-pipeline="builtin.module(func.func(strand-block-rows{unit=0}))" 2>&1 \
// RUN:   | FileCheck %s --check-prefix=UNIT
// RUN: not strand-opt %s -pass-pipeline="builtin.module(func.func(strand-block-rows{cache=-4096}))" 2>&1 \
// RUN:   | FileCheck %s --check-prefix=MEMORY
// UNIT: error: strand-block-rows: cache is 524288 and unit is 0; both must be at least 1
// MEMORY: error: strand-block-rows: cache is -4096 and unit is 14; both must be at least 1
func.func @f() {
  return
}
