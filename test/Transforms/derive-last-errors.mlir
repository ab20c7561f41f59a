// RUN: strand-opt %s -strand-derive-last -split-input-file -verify-diagnostics

// expected-error @below {{has no argument with strand.input = "offsets", which says where the last rows are}}
func.func private @advance(%offsets: tensor<?xi32>, %x: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %y = math.exp %x : tensor<?x8xf32>
  return %y : tensor<?x8xf32>
}
