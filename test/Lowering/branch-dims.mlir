// RUN: strand-opt %s -strand-branch-dims -canonicalize | FileCheck %s

// Branches within branches that write into one tensor: its size.
// CHECK-LABEL: func.func @one(
// CHECK-SAME:    %[[N:[a-z0-9]+]]: index
// CHECK:         return %{{.*}}, %[[N]]
func.func @one(%n: index, %p: i1, %q: i1, %x: tensor<4xf32>) -> (tensor<?x4xf32>, index) {
  %zero = arith.constant 0 : index
  %empty = tensor.empty(%n) : tensor<?x4xf32>
  %y = scf.if %p -> tensor<?x4xf32> {
    %inner = scf.if %q -> tensor<?x4xf32> {
      %a = scf.forall (%i) in (%n) shared_outs(%o = %empty) -> (tensor<?x4xf32>) {
        scf.forall.in_parallel {
          tensor.parallel_insert_slice %x into %o[%i, 0] [1, 4] [1, 1] : tensor<4xf32> into tensor<?x4xf32>
        }
      }
      scf.yield %a : tensor<?x4xf32>
    } else {
      scf.yield %empty : tensor<?x4xf32>
    }
    scf.yield %inner : tensor<?x4xf32>
  } else {
    scf.yield %empty : tensor<?x4xf32>
  }
  %size = tensor.dim %y, %zero : tensor<?x4xf32>
  return %y, %size : tensor<?x4xf32>, index
}

// Two tensors, which need not be of one size.
// CHECK-LABEL: func.func @two(
// CHECK:         %[[Y:.*]] = scf.if
// CHECK:         %[[SIZE:.*]] = tensor.dim %[[Y]]
// CHECK:         return %[[SIZE]]
func.func @two(%n: index, %m: index, %p: i1) -> index {
  %zero = arith.constant 0 : index
  %y = scf.if %p -> tensor<?x4xf32> {
    %a = tensor.empty(%n) : tensor<?x4xf32>
    scf.yield %a : tensor<?x4xf32>
  } else {
    %b = tensor.empty(%m) : tensor<?x4xf32>
    scf.yield %b : tensor<?x4xf32>
  }
  %size = tensor.dim %y, %zero : tensor<?x4xf32>
  return %size : index
}
