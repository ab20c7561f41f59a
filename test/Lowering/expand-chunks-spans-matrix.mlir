// RUN: strand-opt %s -strand-expand-chunks=form=three-phase -canonicalize -cse -split-input-file | FileCheck %s
// RUN: strand-opt %s -pass-pipeline='builtin.module(func.func(strand-expand-chunks{form=three-phase vector-bits=1024 teams=8 device},canonicalize,cse))' -split-input-file | FileCheck %s --check-prefix=DEVICE

// What a span makes of the state before it is a matrix that begins as the identity; spans are joined by products with it.
// CHECK-LABEL: func.func @delta(
// CHECK-SAME:    form = "three-phase"
// CHECK:         %[[SUMMARY:.*]]:2 = scf.forall {{.*}} -> (tensor<?x2x4x4xf32>, tensor<?x2x4x3xf32>)
// CHECK:           linalg.generic {{.*}} outs(%{{.*}} : tensor<1x4x4xf32>)
// CHECK:             %[[ROW:.*]] = linalg.index 1
// CHECK:             %[[COLUMN:.*]] = linalg.index 2
// CHECK:             arith.cmpi eq, %[[ROW]], %[[COLUMN]]
// CHECK:           linalg.fill {{.*}} outs(%{{.*}} : tensor<1x4x3xf32>)
// CHECK:         scf.forall {{.*}} -> (tensor<?x2x4x3xf32>)
// CHECK:           scf.for
// CHECK:             %[[T:.*]] = tensor.extract_slice %[[SUMMARY]]#0
// CHECK:             %[[S:.*]] = tensor.extract_slice %[[SUMMARY]]#1
// CHECK:             %[[OWN:.*]] = linalg.copy ins(%[[S]]
// CHECK:             %[[AFTER:.*]] = linalg.generic {{.*}} ins(%[[T]], %{{.*}} : tensor<1x4x4xf32>, tensor<1x4x3xf32>) outs(%[[OWN]]
// CHECK:             linalg.copy ins(%[[AFTER]]
// DEVICE-LABEL: func.func @delta(
// DEVICE-SAME:    fallback = true, form = "chunk"
// DEVICE-SAME:    why = "the op cannot be split over time"
func.func @delta(%q: tensor<?x2x4xf32>, %k: tensor<?x2x4xf32>, %v: tensor<?x2x3xf32>, %beta: tensor<?x2xf32>,
                 %offsets: tensor<?xi32>) -> tensor<?x2x3xf32> {
  %y = strand.delta_rule %q, %k, %v beta %beta offsets %offsets
      : (tensor<?x2x4xf32>, tensor<?x2x4xf32>, tensor<?x2x3xf32>, tensor<?x2xf32>, tensor<?xi32>) -> tensor<?x2x3xf32>
  return %y : tensor<?x2x3xf32>
}

// -----

// Each value channel would have a matrix of its own.
// CHECK-LABEL: func.func @beta_of_channels(
// CHECK-SAME:    fallback = true, form = "chunk"
// CHECK-SAME:    why = "the op cannot be split over time"
func.func @beta_of_channels(%q: tensor<?x2x4xf32>, %k: tensor<?x2x4xf32>, %v: tensor<?x2x3xf32>, %beta: tensor<?x2x3xf32>,
                            %offsets: tensor<?xi32>) -> tensor<?x2x3xf32> {
  %y = strand.delta_rule %q, %k, %v beta %beta offsets %offsets
      : (tensor<?x2x4xf32>, tensor<?x2x4xf32>, tensor<?x2x3xf32>, tensor<?x2x3xf32>, tensor<?xi32>) -> tensor<?x2x3xf32>
  return %y : tensor<?x2x3xf32>
}
