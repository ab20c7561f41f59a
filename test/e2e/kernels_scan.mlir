// Scans as kernels: teams of threads take spans of a tile of 128 rows.
// RUN: strand-check --kernels --rows=700 %s | FileCheck %s --implicit-check-not=wrong
// RUN: strand-check --lanes --rows=300 --forms=packed,batch %s | FileCheck %s --check-prefix=LANES --implicit-check-not=wrong

// The barriers between summaries, starts and outputs are needed.
// RUN: strand-check --lanes --rows=300 --forms=packed --function=narrow --without-barriers --verbose %s | FileCheck %s --check-prefix=FAULT
// FAULT-DAG: barrier [[BETWEEN:[0-9]+]] of k{{[0-9]+}}_narrow: {{.*}} shared memory at {{[0-9]+}}: written here, read by thread {{.*}} since the last barrier
// FAULT-DAG: barrier [[BEHIND:[0-9]+]] of k{{[0-9]+}}_narrow: {{.*}} shared memory at {{[0-9]+}}: read here, written by thread {{.*}} since the last barrier
// FAULT: narrow: form packed: {{[2-9]}} of {{[0-9]+}} barriers are missed

#td = affine_map<(t, d) -> (t, d)>

// Rows in bf16; 48 channels are two blocks.
// CHECK-DAG: narrow: 7 forms right
// LANES-DAG: narrow: 2 forms right
func.func @narrow(%g: tensor<?x48xbf16> {check.kind = "gates"}, %x: tensor<?x48xbf16>, %offsets: tensor<?xi32>) -> tensor<?x48xf32> {
  %a = arith.extf %g : tensor<?x48xbf16> to tensor<?x48xf32>
  %b = arith.extf %x : tensor<?x48xbf16> to tensor<?x48xf32>
  %y = strand.linear_recurrence decay(%a) input(%b) offsets %offsets {log, indexing_maps = [#td, #td, #td]}
      : (tensor<?x48xf32>, tensor<?x48xf32>, tensor<?xi32>) -> tensor<?x48xf32>
  return %y : tensor<?x48xf32>
}

// What is made of the result reads rows, too; the state is not rounded.
// CHECK-DAG: gated: 7 forms right
// LANES-DAG: gated: 2 forms right
func.func @gated(%g: tensor<?x37xf32> {check.kind = "gates"}, %x: tensor<?x37xf32>, %z: tensor<?x37xf32>, %offsets: tensor<?xi32>) -> tensor<?x37xf32> {
  %y = strand.linear_recurrence decay(%g) input(%x) offsets %offsets {log, indexing_maps = [#td, #td, #td]}
      : (tensor<?x37xf32>, tensor<?x37xf32>, tensor<?xi32>) -> tensor<?x37xf32>
  %r = arith.mulf %y, %z : tensor<?x37xf32>
  return %r : tensor<?x37xf32>
}
