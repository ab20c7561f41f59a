// RUN: strand-opt %s -strand-inline-formulas -split-input-file -verify-diagnostics

// expected-error @below {{calls itself, directly or through others; models have no recursion}}
func.func private @a(%x: tensor<?xf32>) -> tensor<?xf32> {
  %y = call @b(%x) : (tensor<?xf32>) -> tensor<?xf32>
  return %y : tensor<?xf32>
}
func.func private @b(%x: tensor<?xf32>) -> tensor<?xf32> {
  %y = call @a(%x) : (tensor<?xf32>) -> tensor<?xf32>
  return %y : tensor<?xf32>
}
