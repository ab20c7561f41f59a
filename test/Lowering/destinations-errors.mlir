// RUN: strand-opt %s -strand-destinations -split-input-file -verify-diagnostics

func.func private @count() -> index
// expected-error @below {{dimension 0 of result 0 cannot be computed from the operands; compute it in the caller and pass it as an index}}
func.func private @size_of_its_own() -> tensor<?xf32> {
  %n = call @count() : () -> index
  %f = arith.constant 0.0 : f32
  %e = tensor.empty(%n) : tensor<?xf32>
  %y = linalg.fill ins(%f : f32) outs(%e : tensor<?xf32>) -> tensor<?xf32>
  return %y : tensor<?xf32>
}
func.func private @caller() -> tensor<?xf32> {
  %y = call @size_of_its_own() : () -> tensor<?xf32>
  return %y : tensor<?xf32>
}

// -----

// expected-error @below {{calls itself, directly or through others; models have no recursion}}
func.func private @again(%x: tensor<4xf32>) -> tensor<4xf32> {
  %y = call @again(%x) : (tensor<4xf32>) -> tensor<4xf32>
  return %y : tensor<4xf32>
}

// -----

// expected-error @below {{has branches between blocks; destinations need structured control flow}}
func.func private @blocks(%x: tensor<4xf32>, %c: i1) -> tensor<4xf32> {
  cf.cond_br %c, ^a, ^b
^a:
  return %x : tensor<4xf32>
^b:
  return %x : tensor<4xf32>
}
