// RUN: strand-opt %s -split-input-file -verify-diagnostics

func.func @c1_no_rows(%x: tensor<f32>, %offsets: tensor<?xi32>) {
  // expected-error @+1 {{C1: the operand must have rows, as many as 'tensor<?xi32>', not 'tensor<f32>'}}
  %p = strand.position %x offsets %offsets : (tensor<f32>, tensor<?xi32>) -> tensor<?xi32>
  return
}

// -----

func.func @c1_another_number_of_rows(%x: tensor<3xf32>, %offsets: tensor<?xi32>) {
  // expected-error @+1 {{C1: the operand must have rows, as many as 'tensor<4xi32>', not 'tensor<3xf32>'}}
  %p = strand.position %x offsets %offsets : (tensor<3xf32>, tensor<?xi32>) -> tensor<4xi32>
  return
}

// -----

func.func @state_of_another_shape(%x: tensor<?xi32>, %offsets: tensor<?xi32>, %count: tensor<?x1xi32>) {
  // expected-error @+1 {{state 'count' must be slots of 'i32', not 'tensor<?x1xi32>'}}
  %p, %next = strand.position %x offsets %offsets states(%count) slots %offsets
      : (tensor<?xi32>, tensor<?xi32>, tensor<?x1xi32>, tensor<?xi32>) -> (tensor<?xi32>, tensor<?x1xi32>)
  return
}
