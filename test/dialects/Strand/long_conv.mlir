// RUN: strand-opt %s | strand-opt | FileCheck %s
// RUN: strand-opt %s --mlir-print-op-generic | strand-opt | FileCheck %s

// CHECK-LABEL: @whole
// CHECK: strand.long_conv %{{.*}}, %{{.*}} offsets %{{.*}} : (tensor<?x8xf32>, tensor<2048x8xbf16>, tensor<?xi32>) -> tensor<?x8xf32>
func.func @whole(%x: tensor<?x8xf32>, %h: tensor<2048x8xbf16>, %offsets: tensor<?xi32>) -> tensor<?x8xf32> {
  %y = strand.long_conv %x, %h offsets %offsets : (tensor<?x8xf32>, tensor<2048x8xbf16>, tensor<?xi32>) -> tensor<?x8xf32>
  return %y : tensor<?x8xf32>
}

// CHECK-LABEL: @with_state
// CHECK: %{{.*}}, %{{.*}} = strand.long_conv %{{.*}}, %{{.*}} offsets %{{.*}} states(%{{.*}}) slots %{{.*}} :
func.func @with_state(%x: tensor<?x8xf64>, %h: tensor<20x8xf64>, %offsets: tensor<?xi32>, %tail: tensor<?x19x8xf64>,
                      %slots: tensor<?xi32>) -> (tensor<?x8xf64>, tensor<?x19x8xf64>) {
  %y:2 = strand.long_conv %x, %h offsets %offsets states(%tail) slots %slots
      : (tensor<?x8xf64>, tensor<20x8xf64>, tensor<?xi32>, tensor<?x19x8xf64>, tensor<?xi32>) -> (tensor<?x8xf64>, tensor<?x19x8xf64>)
  return %y#0, %y#1 : tensor<?x8xf64>, tensor<?x19x8xf64>
}

// One tap carries nothing.
// CHECK-LABEL: @one_tap
// CHECK: strand.long_conv
func.func @one_tap(%x: tensor<?x8xf32>, %h: tensor<1x8xf32>, %offsets: tensor<?xi32>) -> tensor<?x8xf32> {
  %y = strand.long_conv %x, %h offsets %offsets : (tensor<?x8xf32>, tensor<1x8xf32>, tensor<?xi32>) -> tensor<?x8xf32>
  return %y : tensor<?x8xf32>
}
