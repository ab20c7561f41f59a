// RUN: strand-opt %s -split-input-file -verify-diagnostics

func.func @x_and_result_differ(%x: tensor<?x8xf32>, %w: tensor<4x8xf32>, %o: tensor<?xi32>) -> tensor<?x9xf32> {
  // expected-error @below {{C1: x and the result must have one type, rows x D with D static, not 'tensor<?x8xf32>' and 'tensor<?x9xf32>'}}
  %y = strand.causal_conv %x, %w offsets %o : (tensor<?x8xf32>, tensor<4x8xf32>, tensor<?xi32>) -> tensor<?x9xf32>
  return %y : tensor<?x9xf32>
}

// -----

func.func @channels_unknown(%x: tensor<?x?xf32>, %w: tensor<4x8xf32>, %o: tensor<?xi32>) -> tensor<?x?xf32> {
  // expected-error @below {{C1: x and the result must have one type, rows x D with D static}}
  %y = strand.causal_conv %x, %w offsets %o : (tensor<?x?xf32>, tensor<4x8xf32>, tensor<?xi32>) -> tensor<?x?xf32>
  return %y : tensor<?x?xf32>
}

// -----

func.func @weight_of_other_channels(%x: tensor<?x8xf32>, %w: tensor<8x4xf32>, %o: tensor<?xi32>) -> tensor<?x8xf32> {
  // expected-error @below {{C2: weight must be taps x 8 of a type no wider than 'f32', not 'tensor<8x4xf32>'}}
  %y = strand.causal_conv %x, %w offsets %o : (tensor<?x8xf32>, tensor<8x4xf32>, tensor<?xi32>) -> tensor<?x8xf32>
  return %y : tensor<?x8xf32>
}

// -----

func.func @no_taps(%x: tensor<?x8xf32>, %w: tensor<0x8xf32>, %o: tensor<?xi32>) -> tensor<?x8xf32> {
  // expected-error @below {{C2: weight must be taps x 8}}
  %y = strand.causal_conv %x, %w offsets %o : (tensor<?x8xf32>, tensor<0x8xf32>, tensor<?xi32>) -> tensor<?x8xf32>
  return %y : tensor<?x8xf32>
}

// -----

func.func @weight_wider_than_rows(%x: tensor<?x8xf32>, %w: tensor<4x8xf64>, %o: tensor<?xi32>) -> tensor<?x8xf32> {
  // expected-error @below {{C2: weight must be taps x 8 of a type no wider than 'f32', not 'tensor<4x8xf64>'}}
  %y = strand.causal_conv %x, %w offsets %o : (tensor<?x8xf32>, tensor<4x8xf64>, tensor<?xi32>) -> tensor<?x8xf32>
  return %y : tensor<?x8xf32>
}

// -----

func.func @bias_of_other_channels(%x: tensor<?x8xf32>, %w: tensor<4x8xf32>, %b: tensor<4xf32>, %o: tensor<?xi32>) -> tensor<?x8xf32> {
  // expected-error @below {{C3: bias must be 8 values of a type no wider than 'f32', not 'tensor<4xf32>'}}
  %y = strand.causal_conv %x, %w bias %b offsets %o : (tensor<?x8xf32>, tensor<4x8xf32>, tensor<4xf32>, tensor<?xi32>) -> tensor<?x8xf32>
  return %y : tensor<?x8xf32>
}

// -----

func.func @tail_of_four_rows(%x: tensor<?x8xf32>, %w: tensor<4x8xf32>, %o: tensor<?xi32>, %t: tensor<?x4x8xf32>, %s: tensor<?xi32>)
    -> (tensor<?x8xf32>, tensor<?x4x8xf32>) {
  // expected-error @below {{state 'tail' must be slots x 3, 8 of 'f32', not 'tensor<?x4x8xf32>'}}
  %y:2 = strand.causal_conv %x, %w offsets %o states(%t) slots %s
    : (tensor<?x8xf32>, tensor<4x8xf32>, tensor<?xi32>, tensor<?x4x8xf32>, tensor<?xi32>) -> (tensor<?x8xf32>, tensor<?x4x8xf32>)
  return %y#0, %y#1 : tensor<?x8xf32>, tensor<?x4x8xf32>
}
