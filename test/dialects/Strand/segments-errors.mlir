// RUN: strand-opt %s -split-input-file -verify-diagnostics

func.func @kept_of_another_item(%x: tensor<?x8xf32>, %mask: tensor<?xi1>, %o: tensor<?xi32>) -> tensor<?x9xf32> {
  // expected-error @below {{C1: what is kept of 'tensor<?x8xf32>' must be a dynamic number of rows of the same static item, not 'tensor<?x9xf32>'}}
  %kept, %i = strand.compact %x, %mask offsets %o : (tensor<?x8xf32>, tensor<?xi1>, tensor<?xi32>) -> (tensor<?x9xf32>, tensor<?xi32>)
  return %kept : tensor<?x9xf32>
}

// -----

func.func @kept_of_known_number(%x: tensor<16x8xf32>, %mask: tensor<16xi1>, %o: tensor<?xi32>) -> tensor<16x8xf32> {
  // expected-error @below {{C1: what is kept of 'tensor<16x8xf32>' must be a dynamic number of rows}}
  %kept, %i = strand.compact %x, %mask offsets %o : (tensor<16x8xf32>, tensor<16xi1>, tensor<?xi32>) -> (tensor<16x8xf32>, tensor<?xi32>)
  return %kept : tensor<16x8xf32>
}

// -----

func.func @expanded_to_another_type(%x: tensor<?x8xf32>, %mask: tensor<?xi1>, %i: tensor<?xi32>, %o: tensor<?xi32>) -> tensor<?x8xf64> {
  // expected-error @below {{C1: inner rows and the result must have one static item, not 'tensor<?x8xf32>' and 'tensor<?x8xf64>'}}
  %y = strand.expand %x, %mask inner_offsets %i offsets %o : (tensor<?x8xf32>, tensor<?xi1>, tensor<?xi32>, tensor<?xi32>) -> tensor<?x8xf64>
  return %y : tensor<?x8xf64>
}

// -----

func.func @state_of_another_item(%x: tensor<?x8xf32>, %mask: tensor<?xi1>, %i: tensor<?xi32>, %o: tensor<?xi32>,
    %l: tensor<?x7xf32>, %s: tensor<?xi32>) -> (tensor<?x8xf32>, tensor<?x7xf32>) {
  // expected-error @below {{state 'last' must be slots x 8 of 'f32', not 'tensor<?x7xf32>'}}
  %y:2 = strand.expand %x, %mask inner_offsets %i offsets %o states(%l) slots %s
    : (tensor<?x8xf32>, tensor<?xi1>, tensor<?xi32>, tensor<?xi32>, tensor<?x7xf32>, tensor<?xi32>) -> (tensor<?x8xf32>, tensor<?x7xf32>)
  return %y#0, %y#1 : tensor<?x8xf32>, tensor<?x7xf32>
}
