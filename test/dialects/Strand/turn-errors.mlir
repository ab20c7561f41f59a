// RUN: strand-opt %s -split-input-file -verify-diagnostics -strand-derive-advance

func.func @c1_no_rows(%x: tensor<f32>, %offsets: tensor<?xi32>) {
  // expected-error @+1 {{C1: the operand must be rows x a static item, not 'tensor<f32>'}}
  %y = strand.turn %x offsets %offsets : tensor<f32>, tensor<?xi32>
  return
}

// -----

func.func @c1_item_of_unknown_size(%x: tensor<?x?xf32>, %offsets: tensor<?xi32>) {
  // expected-error @+1 {{C1: the operand must be rows x a static item, not 'tensor<?x?xf32>'}}
  %y = strand.turn %x offsets %offsets : tensor<?x?xf32>, tensor<?xi32>
  return
}

// -----

func.func @forward(%x: tensor<?x4xf32>, %offsets: tensor<?xi32>) -> tensor<?x4xf32> {
  // expected-error @+1 {{is reverse: a row depends on all rows behind it, so its sequence has to come in one piece}}
  %y = strand.turn %x offsets %offsets : tensor<?x4xf32>, tensor<?xi32>
  return %y : tensor<?x4xf32>
}
