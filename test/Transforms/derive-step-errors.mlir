// RUN: strand-opt %s -strand-derive-step -split-input-file -verify-diagnostics

// expected-error @below {{cannot be copied as @step: there is one already}}
func.func private @advance(%x: tensor<?xi32>) -> tensor<?xi32> {
  return %x : tensor<?xi32>
}
func.func private @step(%x: tensor<?xi32>) -> tensor<?xi32> {
  return %x : tensor<?xi32>
}

// -----

// expected-error @below {{cannot be copied as @layer.step: there is one already}}
func.func private @layer(%x: tensor<?xi32>) -> tensor<?xi32> {
  return %x : tensor<?xi32>
}
func.func private @layer.step(%x: tensor<?xi32>) -> tensor<?xi32> {
  return %x : tensor<?xi32>
}
func.func private @advance(%x: tensor<?xi32>) -> tensor<?xi32> {
  %y = call @layer(%x) : (tensor<?xi32>) -> tensor<?xi32>
  return %y : tensor<?xi32>
}
