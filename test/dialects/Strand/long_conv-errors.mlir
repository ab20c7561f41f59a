// RUN: strand-opt %s -split-input-file -verify-diagnostics

func.func @other_type(%x: tensor<?x8xf32>, %h: tensor<20x8xf32>, %o: tensor<?xi32>) {
  // expected-error @below {{C1: x and the result must have one type, rows x D with D static and not 0, not 'tensor<?x8xf32>' and 'tensor<?x9xf32>'}}
  %y = strand.long_conv %x, %h offsets %o : (tensor<?x8xf32>, tensor<20x8xf32>, tensor<?xi32>) -> tensor<?x9xf32>
  return
}

// -----

func.func @unknown_channels(%x: tensor<?x?xf32>, %h: tensor<20x8xf32>, %o: tensor<?xi32>) {
  // expected-error @below {{C1: x and the result must have one type, rows x D with D static and not 0, not}}
  %y = strand.long_conv %x, %h offsets %o : (tensor<?x?xf32>, tensor<20x8xf32>, tensor<?xi32>) -> tensor<?x?xf32>
  return
}

// -----

func.func @other_channels(%x: tensor<?x8xf32>, %h: tensor<20x9xf32>, %o: tensor<?xi32>) {
  // expected-error @below {{C2: the filter must be taps x 8 of a type no wider than 'f32', not 'tensor<20x9xf32>'}}
  %y = strand.long_conv %x, %h offsets %o : (tensor<?x8xf32>, tensor<20x9xf32>, tensor<?xi32>) -> tensor<?x8xf32>
  return
}

// -----

func.func @unknown_taps(%x: tensor<?x8xf32>, %h: tensor<?x8xf32>, %o: tensor<?xi32>) {
  // expected-error @below {{C2: the filter must be taps x 8 of a type no wider than 'f32', not 'tensor<?x8xf32>'}}
  %y = strand.long_conv %x, %h offsets %o : (tensor<?x8xf32>, tensor<?x8xf32>, tensor<?xi32>) -> tensor<?x8xf32>
  return
}

// -----

func.func @wider_filter(%x: tensor<?x8xf32>, %h: tensor<20x8xf64>, %o: tensor<?xi32>) {
  // expected-error @below {{C2: the filter must be taps x 8 of a type no wider than 'f32', not 'tensor<20x8xf64>'}}
  %y = strand.long_conv %x, %h offsets %o : (tensor<?x8xf32>, tensor<20x8xf64>, tensor<?xi32>) -> tensor<?x8xf32>
  return
}

// -----

func.func @tail_of_another_length(%x: tensor<?x8xf32>, %h: tensor<20x8xf32>, %o: tensor<?xi32>, %tail: tensor<?x20x8xf32>, %s: tensor<?xi32>) {
  // expected-error @below {{state 'tail' must be slots x 19, 8 of 'f32', not 'tensor<?x20x8xf32>'}}
  %y:2 = strand.long_conv %x, %h offsets %o states(%tail) slots %s
      : (tensor<?x8xf32>, tensor<20x8xf32>, tensor<?xi32>, tensor<?x20x8xf32>, tensor<?xi32>) -> (tensor<?x8xf32>, tensor<?x20x8xf32>)
  return
}

// -----

func.func @too_many_taps(%x: tensor<?x8xf32>, %h: tensor<4097x8xf32>, %o: tensor<?xi32>) {
  // expected-error @below {{C2: the filter has 4097 taps, of which there may be 4096}}
  %y = strand.long_conv %x, %h offsets %o : (tensor<?x8xf32>, tensor<4097x8xf32>, tensor<?xi32>) -> tensor<?x8xf32>
  return
}

// -----

func.func @no_channels(%x: tensor<?x0xf32>, %h: tensor<4x0xf32>, %o: tensor<?xi32>) {
  // expected-error @below {{C1: x and the result must have one type, rows x D with D static and not 0}}
  %y = strand.long_conv %x, %h offsets %o : (tensor<?x0xf32>, tensor<4x0xf32>, tensor<?xi32>) -> tensor<?x0xf32>
  return
}
