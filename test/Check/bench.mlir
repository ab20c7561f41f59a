// strand-bench times whole sequences, or one row of each from states that go on.
// RUN: strand-bench %s --function=sum --rows=12 --sequences=3 --seconds=0.01 | FileCheck %s --check-prefix=TIME
// RUN: strand-bench %s --function=sum --rows=3 --sequences=3 --step --seconds=0.01 | FileCheck %s --check-prefix=TIME
// TIME: {"compile_s":{{.*}},"ms_median":{{.*}},"ms_min":{{.*}},"peer":"strand","repetitions":{{[0-9]+}}}

// The state begins at what is given, and the result is compared with that of the first call: 1 + 2.
// RUN: mkdir -p %t
// RUN: %python -c "import numpy as n; [n.save('%t/' + k, n.full((3, 4), v, 'f4')) for k, v in dict(x=1, s=2, y=3).items()]"
// RUN: strand-bench %s --function=sum --rows=3 --sequences=3 --step --inputs=%t --state=s --reference=%t/y.npy --seconds=0.01 \
// RUN:   | FileCheck %s --check-prefix=RIGHT
// RUN: strand-bench %s --function=sum --rows=3 --sequences=3 --step --inputs=%t --reference=%t/y.npy --seconds=0.01 \
// RUN:   | FileCheck %s --check-prefix=OTHER
// RIGHT: "err":0,
// OTHER: "err":0.66

// RUN: not strand-bench %s --function=sum --rows=12 --sequences=3 --step 2>&1 | FileCheck %s --check-prefix=ROWS
// RUN: not strand-bench %s --function=both --rows=3 --sequences=3 --step --inputs=%t --state=s 2>&1 \
// RUN:   | FileCheck %s --check-prefix=TWO
// RUN: not strand-bench %s --function=cached --rows=3 --sequences=3 --step 2>&1 | FileCheck %s --check-prefix=CACHE
// ROWS: error: --step takes one row of each sequence, not 12 rows of 3 sequences
// TWO: error: --state: the function carries 2 states, not one
// CACHE: error: --step: state '{{.*}}' grows by a row a call, and calls are repeated
#id = affine_map<(t, d) -> (t, d)>
func.func @sum(%x: tensor<?x4xf32> {bench.input = "x"}, %offsets: tensor<?xi32>) -> tensor<?x4xf32> {
  %one = arith.constant dense<1.0> : tensor<4xf32>
  %y = strand.linear_recurrence decay(%one) input(%x) offsets %offsets
      {indexing_maps = [affine_map<(t, d) -> (d)>, #id, #id]} : (tensor<4xf32>, tensor<?x4xf32>, tensor<?xi32>) -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}
func.func @both(%x: tensor<?x4xf32>, %offsets: tensor<?xi32>) -> tensor<?x4xf32> {
  %y = call @sum(%x, %offsets) : (tensor<?x4xf32>, tensor<?xi32>) -> tensor<?x4xf32>
  %z = call @sum(%y, %offsets) : (tensor<?x4xf32>, tensor<?xi32>) -> tensor<?x4xf32>
  return %z : tensor<?x4xf32>
}
func.func @cached(%q: tensor<?x1x4xf32>, %offsets: tensor<?xi32>) -> tensor<?x1x4xf32> {
  %y = strand.attention %q, %q, %q offsets %offsets {scale = 0.5}
      : (tensor<?x1x4xf32>, tensor<?x1x4xf32>, tensor<?x1x4xf32>, tensor<?xi32>) -> tensor<?x1x4xf32>
  return %y : tensor<?x1x4xf32>
}
