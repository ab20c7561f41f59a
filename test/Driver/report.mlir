// The report of forms, as text and as JSON, and --strict: what takes a slow form, where it stands and why.
// RUN: rm -rf %t && mkdir %t && cd %t
// RUN: strandc %s --emit=obj -o m.o --report 2>&1 | FileCheck %s --check-prefix=TEXT
// RUN: strandc %s --emit=obj -o m.o --report=r.json && FileCheck %s --check-prefix=JSON < r.json
// RUN: not strandc %s --emit=obj -o m.o --form=three-phase --strict 2>&1 | FileCheck %s --check-prefix=STRICT
// RUN: strandc %s --emit=obj -o m.o --reproducible --report 2>&1 | FileCheck %s --check-prefix=STEP
// RUN: not strandc %s --emit=obj -o m.o --reproducible --form=chunk 2>&1 | FileCheck %s --check-prefix=PINNED
// RUN: not strandc %s --emit=obj -o m.o --form=spiral 2>&1 | FileCheck %s --check-prefix=NAME

// TEXT-DAG: strand.linear_recurrence: at {{.*}}report.mlir:[[#@LINE+17]]:8, blocks 1, cost 192, fallback false, form chunk or three-phase, function recurrence, tile 16, type f32, why by the lengths and threads of a call: one sequence has 1 task
// TEXT-DAG: strand.attention: at {{.*}}report.mlir:[[#@LINE+21]]:8, blocks 2, fallback false, form chunk, function attention, {{.*}}type f32, why tiles in order
// JSON-DAG: "form": "chunk or three-phase"
// JSON-DAG: "cost": 192
// JSON-DAG: "type": "f32"
// STRICT:      error: --strict: there is no fast form for
// STRICT-NEXT:   {{.*}}report.mlir:[[#@LINE+16]]:8: strand.attention of @attention takes the form chunk: the op cannot be split over time
// STRICT-NOT:  recurrence
// STEP-DAG: form step loop, function recurrence, tile 1, type f32, why asked for
// STEP-DAG: form step loop, function attention, tile 1
// PINNED: strandc: error: --reproducible pins the form step; it cannot be joined with --form=chunk
// NAME: strandc: error: option --form: 'spiral' is none of auto, step, chunk, three-phase, associative
#td = affine_map<(t, d) -> (t, d)>

module {
func.func private @recurrence(%a: tensor<?x16xf32> {strand.rows}, %x: tensor<?x16xf32> {strand.rows},
                              %offsets: tensor<?xi32> {strand.offsets}) -> tensor<?x16xf32> {
  %y = strand.linear_recurrence decay(%a) input(%x) offsets %offsets {indexing_maps = [#td, #td, #td]}
      : (tensor<?x16xf32>, tensor<?x16xf32>, tensor<?xi32>) -> tensor<?x16xf32>
  return %y : tensor<?x16xf32>
}
func.func private @attention(%q: tensor<?x2x8xf32> {strand.rows}, %offsets: tensor<?xi32> {strand.offsets}) -> tensor<?x2x8xf32> {
  %y = strand.attention %q, %q, %q offsets %offsets {scale = 1.0 : f64}
      : (tensor<?x2x8xf32>, tensor<?x2x8xf32>, tensor<?x2x8xf32>, tensor<?xi32>) -> tensor<?x2x8xf32>
  return %y : tensor<?x2x8xf32>
}
}
