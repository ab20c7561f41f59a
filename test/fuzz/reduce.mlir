// What strand-fuzz takes away from a program that is wrong: here all but the product that overflows in f32.
// RUN: strand-fuzz --reduce=%s | FileCheck %s
// RUN: not strand-fuzz --reduce=%S/Inputs/right.mlir 2>&1 | FileCheck %s --check-prefix=RIGHT
// RIGHT: right.mlir: nothing is wrong with it

// CHECK: // strand-check --seed=1 --rows=300
// CHECK: // form whole is wrong:
// CHECK: func.func @overflows(%{{[^,]*}}: tensor<?x4xf32>) -> tensor<?x4xf32>
// CHECK-NOT: strand.shift
// CHECK-NOT: math.tanh
// CHECK: %[[Y:.*]] = arith.mulf
// CHECK-NOT: arith.addf
// CHECK: return %[[Y]] : tensor<?x4xf32>
func.func @overflows(%x: tensor<?x4xf32>, %z: tensor<?x4xf32>, %offsets: tensor<?xi32>)
    -> (tensor<?x4xf32>, tensor<?x4xf32>) {
  %large = arith.constant 3.0e38 : f32
  %zero = arith.constant 0 : index
  %n = tensor.dim %x, %zero : tensor<?x4xf32>
  %e = tensor.empty(%n) : tensor<?x4xf32>
  %all = linalg.fill ins(%large : f32) outs(%e : tensor<?x4xf32>) -> tensor<?x4xf32>
  %s = strand.shift %z by 2 offsets %offsets : (tensor<?x4xf32>, tensor<?xi32>) -> tensor<?x4xf32>
  %t = math.tanh %s : tensor<?x4xf32>
  %y = arith.mulf %x, %all : tensor<?x4xf32>
  %sum = arith.addf %y, %t : tensor<?x4xf32>
  return %t, %sum : tensor<?x4xf32>, tensor<?x4xf32>
}
