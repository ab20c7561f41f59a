// What a function returns is an argument in another shape: no buffer of its own, and not the argument's either.
// RUN: strand-check %s --levels=1,0 --plain-factor=8 | FileCheck %s --implicit-check-not=wrong
// CHECK: reshaped: 2 forms right

func.func @reshaped(%x: tensor<?x64xf32>) -> tensor<?x2x32xf32> {
  %c0 = arith.constant 0 : index
  %n = tensor.dim %x, %c0 : tensor<?x64xf32>
  %y = tensor.expand_shape %x [[0], [1, 2]] output_shape [%n, 2, 32] : tensor<?x64xf32> into tensor<?x2x32xf32>
  return %y : tensor<?x2x32xf32>
}
