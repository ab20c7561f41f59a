// The options of strand-check, and that a seed says everything.
// RUN: strand-check %s --verbose > %t.1 && strand-check %s --verbose > %t.2 && cmp %t.1 %t.2
// RUN: strand-check %s --verbose --seed=2 > %t.3 && not cmp -s %t.1 %t.3
// RUN: FileCheck %s < %t.1
// RUN: strand-check %s --forms=cut,whole | FileCheck %s --check-prefix=FORMS
// RUN: strand-check %s --function=second --rows=3 | FileCheck %s --check-prefix=SECOND
// RUN: strand-check %s --function=first --verbose --levels=2,0 --bits=256 | FileCheck %s --check-prefix=LEVELS
// RUN: not strand-check %s --levels=4 2>&1 | FileCheck %s --check-prefix=LEVEL
// RUN: not strand-check %s --without-barriers 2>&1 | FileCheck %s --check-prefix=BARRIERS
// RUN: not strand-check %s --without-fences 2>&1 | FileCheck %s --check-prefix=FENCES
// RUN: not strand-check %s --wrong-descriptors 2>&1 | FileCheck %s --check-prefix=FIELDS
// RUN: not strand-check %s --wrong-copies 2>&1 | FileCheck %s --check-prefix=COPIES
// RUN: not strand-check %s --gpu-arch=sm_80 2>&1 | FileCheck %s --check-prefix=CHIP
// RUN: not strand-check %s --lanes --gpu-arch=sm_70 2>&1 | FileCheck %s --check-prefix=OLD
// RUN: not strand-check %s --lanes --reproducible 2>&1 | FileCheck %s --check-prefix=PROMISE
// RUN: not strand-check %s --kernels --reproducible 2>&1 | FileCheck %s --check-prefix=PROMISE
// RUN: strand-check %s --rows=0 | FileCheck %s --check-prefix=NONE
#td = affine_map<(t, d) -> (t, d)>

// CHECK:      first: whole  {{256|512}} bits, level 1, 1 thread: error {{[0-9.]+}}e-{{0[89]}}, largest {{[0-9.]+}}e-{{0[78]}}
// CHECK-NEXT: first: whole  {{256|512}} bits, level 1, 3 threads: error
// CHECK-NEXT: first: packed
// CHECK:      first: churn  256 bits, level 1, 3 threads: error
// CHECK-NEXT: first: 10 forms right, worst
// CHECK-NEXT: second: whole
// CHECK:      second: 2 forms right, worst 0.0e+00 (whole)
// LEVELS-NOT: 512 bits
// LEVELS: first: whole  256 bits, level 2, 1 thread:
// LEVELS-NOT: 512 bits
// LEVELS: first: whole  256 bits, level 0, 1 thread:
// LEVELS-NOT: 512 bits
// LEVELS: first: 10 forms right
// LEVEL: strand-check: error: --levels has 4; 0 to 3 are needed
// BARRIERS: strand-check: error: --without-barriers is for the lane emulator; give it with --lanes
// FENCES: strand-check: error: --without-fences is for the lane emulator; give it with --lanes
// FIELDS: strand-check: error: --wrong-descriptors is for the lane emulator; give it with --lanes
// COPIES: strand-check: error: --wrong-copies is for the lane emulator; give it with --lanes
// CHIP: strand-check: error: --gpu-arch is for the lane emulator; give it with --lanes
// OLD: strand-check: error: GPU 'sm_70' is not known; name chips from sm_80 on
// PROMISE: strand-check: error: --reproducible is a promise of CPUs; it cannot be joined with --{{lanes|kernels}}
// FORMS: first: 2 forms right, worst
// FORMS: second: 1 form right, worst 0.0e+00 (whole)
// SECOND-NOT: first
// SECOND: second: 2 forms right, worst 0.0e+00 (whole)
// NONE: first: 10 forms right, worst 0.0e+00 (whole)
func.func @first(%x: tensor<?x8xf32>, %a: tensor<?x8xf32> {check.range = [-0.9, 0.9]}, %offsets: tensor<?xi32>) -> tensor<?x8xf32> {
  %y = strand.linear_recurrence decay(%a) input(%x) offsets %offsets {indexing_maps = [#td, #td, #td]}
      : (tensor<?x8xf32>, tensor<?x8xf32>, tensor<?xi32>) -> tensor<?x8xf32>
  return %y : tensor<?x8xf32>
}
func.func @second(%x: tensor<?xf32>) -> tensor<?xf32> { return %x : tensor<?xf32> }
