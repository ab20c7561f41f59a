// All forms of strand.compact and strand.expand around a recurrence against the meaning in f64.
// RUN: strand-check %s | FileCheck %s --implicit-check-not=wrong
// RUN: strand-check --kernels --rows=1300 --forms=packed,cut,rows,batch,churn,spans %s | FileCheck %s --check-prefix=KERNELS --implicit-check-not=wrong
// RUN: strand-check --lanes --rows=60 --forms=packed,batch,rows %s | FileCheck %s --check-prefix=LANES --implicit-check-not=wrong

#td = affine_map<(t, d) -> (t, d)>

// The recurrence runs over the rows whose bit is set, each sequence's own; a row between them sees the last one.
// As kernels, where the host does not know how many rows are kept.
// CHECK-DAG: hierarchy: 10 forms right
// KERNELS: hierarchy: 6 forms right
// LANES: hierarchy: 3 forms right
func.func @hierarchy(%x: tensor<?x16xf32>, %g: tensor<?x16xf32> {check.kind = "gates"}, %m: tensor<?xi1>, %offsets: tensor<?xi32>)
    -> tensor<?x16xf32> {
  %kept, %inner = strand.compact %x, %m offsets %offsets
      : (tensor<?x16xf32>, tensor<?xi1>, tensor<?xi32>) -> (tensor<?x16xf32>, tensor<?xi32>)
  %gk, %inner2 = strand.compact %g, %m offsets %offsets
      : (tensor<?x16xf32>, tensor<?xi1>, tensor<?xi32>) -> (tensor<?x16xf32>, tensor<?xi32>)
  %h = strand.linear_recurrence decay(%gk) input(%kept) offsets %inner {log, indexing_maps = [#td, #td, #td]}
      : (tensor<?x16xf32>, tensor<?x16xf32>, tensor<?xi32>) -> tensor<?x16xf32>
  %y = strand.expand %h, %m inner_offsets %inner offsets %offsets
      : (tensor<?x16xf32>, tensor<?xi1>, tensor<?xi32>, tensor<?xi32>) -> tensor<?x16xf32>
  return %y : tensor<?x16xf32>
}
