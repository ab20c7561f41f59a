// RUN: strand-opt %s -strand-pack-weights -split-input-file -verify-diagnostics

func.func private @layer() -> tensor<4xf32> {
  // expected-error @below {{stands outside @advance; read weights in @forward and hand them to the functions that use them}}
  %w = strand.weight "w" : tensor<4xf32>
  return %w : tensor<4xf32>
}
func.func private @advance() -> tensor<4xf32> {
  %y = call @layer() : () -> tensor<4xf32>
  return %y : tensor<4xf32>
}

// -----

func.func private @advance(%c: i1, %x: tensor<4xf32>) -> tensor<4xf32> {
  %y = scf.if %c -> tensor<4xf32> {
    // expected-error @below {{stands outside @advance}}
    %w = strand.weight "w" : tensor<4xf32>
    scf.yield %w : tensor<4xf32>
  } else {
    scf.yield %x : tensor<4xf32>
  }
  return %y : tensor<4xf32>
}
