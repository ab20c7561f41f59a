// RUN: strand-opt %s | strand-opt | FileCheck %s
// RUN: strand-opt %s -pass-pipeline='builtin.module(func.func(strand-decompose),canonicalize,cse)' | FileCheck %s --check-prefix=ROWS

// CHECK-LABEL: @whole
// CHECK: strand.position %{{.*}} offsets %{{.*}} : (tensor<?xi32>, tensor<?xi32>) -> tensor<?xi32>
// ROWS-LABEL: @whole
// ROWS: %[[OUT:.*]] = tensor.empty(%{{.*}}) : tensor<?xi32>
// ROWS: scf.for {{.*}} iter_args(%[[S:.*]] = %[[OUT]])
// ROWS: linalg.fill ins(%c0_i32
// ROWS:   scf.for %[[T:.*]] = {{.*}} iter_args(%[[P:.*]] = %[[S]], %[[COUNT:.*]] =
// ROWS:     %[[C:.*]] = tensor.extract %[[COUNT]][]
// ROWS:     tensor.insert %[[C]] into %[[P]][%[[T]]]
// ROWS:     arith.addi %[[C]], %c1_i32
func.func @whole(%tokens: tensor<?xi32>, %offsets: tensor<?xi32>) -> tensor<?xi32> {
  %p = strand.position %tokens offsets %offsets : (tensor<?xi32>, tensor<?xi32>) -> tensor<?xi32>
  return %p : tensor<?xi32>
}

// CHECK-LABEL: @with_state
// CHECK: strand.position %{{.*}} offsets %{{.*}} states(%{{.*}}) slots %{{.*}} : (tensor<?x4xf32>, tensor<?xi32>, tensor<?xi32>, tensor<?xi32>) -> (tensor<?xi32>, tensor<?xi32>)
// ROWS-LABEL: @with_state
// ROWS: %[[S:.*]] = tensor.extract %arg3[
// ROWS: %[[SLOT:.*]] = arith.index_cast %[[S]]
// ROWS: tensor.extract_slice %{{.*}}[%[[SLOT]]] [1] [1] : tensor<?xi32> to tensor<i32>
// ROWS: tensor.insert_slice %{{.*}} into %{{.*}}[%[[SLOT]]] [1] [1] : tensor<i32> into tensor<?xi32>
func.func @with_state(%x: tensor<?x4xf32>, %offsets: tensor<?xi32>, %count: tensor<?xi32>, %slots: tensor<?xi32>)
    -> (tensor<?xi32>, tensor<?xi32>) {
  %p, %next = strand.position %x offsets %offsets states(%count) slots %slots
      : (tensor<?x4xf32>, tensor<?xi32>, tensor<?xi32>, tensor<?xi32>) -> (tensor<?xi32>, tensor<?xi32>)
  return %p, %next : tensor<?xi32>, tensor<?xi32>
}
