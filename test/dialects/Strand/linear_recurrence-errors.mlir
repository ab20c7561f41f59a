// RUN: strand-opt %s -split-input-file -verify-diagnostics

#td = affine_map<(t, d) -> (t, d)>
func.func @too_few_maps(%a: tensor<?x8xf32>, %x: tensor<?x8xf32>, %o: tensor<?xi32>) {
  // expected-error @below {{C1: wants 3 indexing maps, has 2}}
  %y = strand.linear_recurrence decay(%a) input(%x) offsets %o {indexing_maps = [#td, #td]}
      : (tensor<?x8xf32>, tensor<?x8xf32>, tensor<?xi32>) -> tensor<?x8xf32>
  return
}

// -----

#td = affine_map<(t, d) -> (t, d)>
func.func @no_projection(%a: tensor<?x8xf32>, %x: tensor<?x8xf32>, %o: tensor<?xi32>) {
  // expected-error @below {{C1: indexing map 1 is not a projected permutation of the dimensions of map 0}}
  %y = strand.linear_recurrence decay(%a) input(%x) offsets %o {indexing_maps = [#td, affine_map<(t, d) -> (t, d + 1)>, #td]}
      : (tensor<?x8xf32>, tensor<?x8xf32>, tensor<?xi32>) -> tensor<?x8xf32>
  return
}

// -----

#td = affine_map<(t, d) -> (t, d)>
#tnd_td = affine_map<(t, n, d) -> (t, d)>
func.func @other_dimensions(%a: tensor<?x8xf32>, %x: tensor<?x8xf32>, %o: tensor<?xi32>) {
  // expected-error @below {{C1: indexing map 2 is not a projected permutation of the dimensions of map 0}}
  %y = strand.linear_recurrence decay(%a) input(%x) offsets %o {indexing_maps = [#td, #td, #tnd_td]}
      : (tensor<?x8xf32>, tensor<?x8xf32>, tensor<?xi32>) -> tensor<?x8xf32>
  return
}

// -----

#td = affine_map<(t, d) -> (t, d)>
#d = affine_map<(t, d) -> (d)>
func.func @rank(%a: tensor<?x8xf32>, %x: tensor<?x8xf32>, %o: tensor<?xi32>) {
  // expected-error @below {{C1: indexing map 0 gives 1 indices to rank 2}}
  %y = strand.linear_recurrence decay(%a) input(%x) offsets %o {indexing_maps = [#d, #td, #td]}
      : (tensor<?x8xf32>, tensor<?x8xf32>, tensor<?xi32>) -> tensor<?x8xf32>
  return
}

// -----

#td = affine_map<(t, d) -> (t, d)>
#d = affine_map<(t, d) -> (d)>
func.func @no_rows(%a: tensor<8xf32>, %o: tensor<?xi32>) {
  // expected-error @below {{C1: no operand has rows: every indexing map lacks dimension 0}}
  %y = strand.linear_recurrence decay(%a) input(%a) offsets %o {indexing_maps = [#d, #d, #td]}
      : (tensor<8xf32>, tensor<8xf32>, tensor<?xi32>) -> tensor<?x8xf32>
  return
}

// -----

#td = affine_map<(t, d) -> (t, d)>
func.func @no_input(%a: tensor<?x8xf32>, %x: tensor<?x8xf32>, %o: tensor<?xi32>) {
  // expected-error @below {{C2: wants at least one decay and one input}}
  %y = strand.linear_recurrence decay(%a) input() offsets %o {indexing_maps = [#td, #td]}
      : (tensor<?x8xf32>, tensor<?xi32>) -> tensor<?x8xf32>
  return
}

// -----

#td = affine_map<(t, d) -> (t, d)>
func.func @no_decay(%a: tensor<?x8xf32>, %x: tensor<?x8xf32>, %o: tensor<?xi32>) {
  // expected-error @below {{C2: wants at least one decay and one input}}
  %y = strand.linear_recurrence decay() input(%x) offsets %o {indexing_maps = [#td, #td]}
      : (tensor<?x8xf32>, tensor<?xi32>) -> tensor<?x8xf32>
  return
}

// -----

#td = affine_map<(t, d) -> (t, d)>
func.func @sizes_disagree(%a: tensor<?x8xf32>, %x: tensor<?x9xf32>, %o: tensor<?xi32>) {
  // expected-error @below {{C3: a dimension of the state has no static size, or operands disagree on it}}
  %y = strand.linear_recurrence decay(%a) input(%x) offsets %o {indexing_maps = [#td, #td, #td]}
      : (tensor<?x8xf32>, tensor<?x9xf32>, tensor<?xi32>) -> tensor<?x8xf32>
  return
}

// -----

#td = affine_map<(t, d) -> (t, d)>
func.func @unknown_size(%a: tensor<?x?xf32>, %o: tensor<?xi32>) {
  // expected-error @below {{C3: a dimension of the state has no static size, or operands disagree on it}}
  %y = strand.linear_recurrence decay(%a) input(%a) offsets %o {indexing_maps = [#td, #td, #td]}
      : (tensor<?x?xf32>, tensor<?x?xf32>, tensor<?xi32>) -> tensor<?x?xf32>
  return
}

// -----

#tnd_td = affine_map<(t, n, d) -> (t, d)>
func.func @dimension_that_nobody_has(%a: tensor<?x8xf32>, %x: tensor<?x8xf32>, %o: tensor<?xi32>) {
  // expected-error @below {{C3: a dimension of the state has no static size, or operands disagree on it}}
  %y = strand.linear_recurrence decay(%a) input(%x) offsets %o {indexing_maps = [#tnd_td, #tnd_td, #tnd_td]}
      : (tensor<?x8xf32>, tensor<?x8xf32>, tensor<?xi32>) -> tensor<?x8xf32>
  return
}

// -----

#td = affine_map<(t, d) -> (t, d)>
func.func @result_size(%a: tensor<?x8xf32>, %x: tensor<?x8xf32>, %o: tensor<?xi32>) {
  // expected-error @below {{C3: the result has size 9 where the state has 8}}
  %y = strand.linear_recurrence decay(%a) input(%x) offsets %o {indexing_maps = [#td, #td, #td]}
      : (tensor<?x8xf32>, tensor<?x8xf32>, tensor<?xi32>) -> tensor<?x9xf32>
  return
}

// -----

#td = affine_map<(t, d) -> (t, d)>
func.func @result_order(%a: tensor<?x8xf32>, %x: tensor<?x8xf32>, %o: tensor<?xi32>) {
  // expected-error @below {{C4: the result's map must begin with t and end with the innermost dimension}}
  %y = strand.linear_recurrence decay(%a) input(%x) offsets %o {indexing_maps = [#td, #td, affine_map<(t, d) -> (d, t)>]}
      : (tensor<?x8xf32>, tensor<?x8xf32>, tensor<?xi32>) -> tensor<8x?xf32>
  return
}

// -----

#tnd = affine_map<(t, n, d) -> (t, n, d)>
#tnd_td = affine_map<(t, n, d) -> (t, d)>
func.func @innermost_is_summed(%a: tensor<?x4x8xf32>, %c: tensor<?x8xf32>, %o: tensor<?xi32>) {
  // expected-error @below {{C4: the result's map must begin with t and end with the innermost dimension}}
  %y = strand.linear_recurrence decay(%a) input(%a) read(%c) offsets %o {indexing_maps = [#tnd, #tnd, #tnd_td, affine_map<(t, n, d) -> (t, n)>]}
      : (tensor<?x4x8xf32>, tensor<?x4x8xf32>, tensor<?x8xf32>, tensor<?xi32>) -> tensor<?x4xf32>
  return
}

// -----

#tnd = affine_map<(t, n, d) -> (t, n, d)>
#tnd_td = affine_map<(t, n, d) -> (t, d)>
func.func @sum_without_read(%a: tensor<?x4x8xf32>, %o: tensor<?xi32>) {
  // expected-error @below {{C5: without `read` the result has every dimension of the state}}
  %y = strand.linear_recurrence decay(%a) input(%a) offsets %o {indexing_maps = [#tnd, #tnd, #tnd_td]}
      : (tensor<?x4x8xf32>, tensor<?x4x8xf32>, tensor<?xi32>) -> tensor<?x8xf32>
  return
}

// -----

#td = affine_map<(t, d) -> (t, d)>
func.func @two_float_types(%a: tensor<?x8xf32>, %x: tensor<?x8xf64>, %o: tensor<?xi32>) {
  // expected-error @below {{C6: wants one type of floats, has 'f32' and others}}
  %y = strand.linear_recurrence decay(%a) input(%x) offsets %o {indexing_maps = [#td, #td, #td]}
      : (tensor<?x8xf32>, tensor<?x8xf64>, tensor<?xi32>) -> tensor<?x8xf32>
  return
}

// -----

#td = affine_map<(t, d) -> (t, d)>
// States, slots and next states go together.
func.func @state_without_slots(%a: tensor<?x8xf32>, %x: tensor<?x8xf32>, %o: tensor<?xi32>, %h: tensor<?x8xf32>) {
  // expected-error @below {{states and slots go together: 1 states, 0 slots}}
  %y:2 = "strand.linear_recurrence"(%a, %x, %o, %h) <{indexing_maps = [#td, #td, #td], operandSegmentSizes = array<i32: 1, 1, 0, 1, 1, 0>}>
      : (tensor<?x8xf32>, tensor<?x8xf32>, tensor<?xi32>, tensor<?x8xf32>) -> (tensor<?x8xf32>, tensor<?x8xf32>)
  return
}

// -----

#td = affine_map<(t, d) -> (t, d)>
func.func @slots_without_state(%a: tensor<?x8xf32>, %x: tensor<?x8xf32>, %o: tensor<?xi32>, %s: tensor<?xi32>) {
  // expected-error @below {{states and slots go together: 0 states, 1 slots}}
  %y = "strand.linear_recurrence"(%a, %x, %o, %s) <{indexing_maps = [#td, #td, #td], operandSegmentSizes = array<i32: 1, 1, 0, 1, 0, 1>}>
      : (tensor<?x8xf32>, tensor<?x8xf32>, tensor<?xi32>, tensor<?xi32>) -> tensor<?x8xf32>
  return
}

// -----

#td = affine_map<(t, d) -> (t, d)>
func.func @two_states(%a: tensor<?x8xf32>, %x: tensor<?x8xf32>, %o: tensor<?xi32>, %h: tensor<?x8xf32>, %s: tensor<?xi32>) {
  // expected-error @below {{carries 1 values, but has 2 state operands}}
  %y:3 = strand.linear_recurrence decay(%a) input(%x) offsets %o states(%h, %h) slots %s {indexing_maps = [#td, #td, #td]}
      : (tensor<?x8xf32>, tensor<?x8xf32>, tensor<?xi32>, tensor<?x8xf32>, tensor<?x8xf32>, tensor<?xi32>) -> (tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>)
  return
}

// -----

#td = affine_map<(t, d) -> (t, d)>
func.func @no_next(%a: tensor<?x8xf32>, %x: tensor<?x8xf32>, %o: tensor<?xi32>, %h: tensor<?x8xf32>, %s: tensor<?xi32>) {
  // expected-error @below {{wants 2 results, has 1}}
  %y = strand.linear_recurrence decay(%a) input(%x) offsets %o states(%h) slots %s {indexing_maps = [#td, #td, #td]}
      : (tensor<?x8xf32>, tensor<?x8xf32>, tensor<?xi32>, tensor<?x8xf32>, tensor<?xi32>) -> tensor<?x8xf32>
  return
}

// -----

#td = affine_map<(t, d) -> (t, d)>
func.func @next_without_state(%a: tensor<?x8xf32>, %x: tensor<?x8xf32>, %o: tensor<?xi32>) {
  // expected-error @below {{wants 1 results, has 2}}
  %y:2 = strand.linear_recurrence decay(%a) input(%x) offsets %o {indexing_maps = [#td, #td, #td]}
      : (tensor<?x8xf32>, tensor<?x8xf32>, tensor<?xi32>) -> (tensor<?x8xf32>, tensor<?x8xf32>)
  return
}

// -----

#td = affine_map<(t, d) -> (t, d)>
func.func @state_of_another_shape(%a: tensor<?x8xf32>, %x: tensor<?x8xf32>, %o: tensor<?xi32>, %h: tensor<?x9xf32>, %s: tensor<?xi32>) {
  // expected-error @below {{state 'h' must be slots x 8 of 'f32', not 'tensor<?x9xf32>'}}
  %y:2 = strand.linear_recurrence decay(%a) input(%x) offsets %o states(%h) slots %s {indexing_maps = [#td, #td, #td]}
      : (tensor<?x8xf32>, tensor<?x8xf32>, tensor<?xi32>, tensor<?x9xf32>, tensor<?xi32>) -> (tensor<?x8xf32>, tensor<?x9xf32>)
  return
}

// -----

#td = affine_map<(t, d) -> (t, d)>
func.func @next_of_another_type(%a: tensor<?x8xf32>, %x: tensor<?x8xf32>, %o: tensor<?xi32>, %h: tensor<?x8xf32>, %s: tensor<?xi32>) {
  // expected-error @below {{the next 'h' must have the type of the state, 'tensor<?x8xf32>'}}
  %y:2 = strand.linear_recurrence decay(%a) input(%x) offsets %o states(%h) slots %s {indexing_maps = [#td, #td, #td]}
      : (tensor<?x8xf32>, tensor<?x8xf32>, tensor<?xi32>, tensor<?x8xf32>, tensor<?xi32>) -> (tensor<?x8xf32>, tensor<4x8xf32>)
  return
}

// -----

#dt = affine_map<(t, d) -> (d, t)>
#td = affine_map<(t, d) -> (t, d)>
func.func @rows_behind(%a: tensor<5x?xf32>, %x: tensor<?x5xf32>, %o: tensor<?xi32>) {
  // expected-error @below {{C1: indexing map 0 reads rows, dimension 0, behind another dimension}}
  %y = strand.linear_recurrence decay(%a) input(%x) offsets %o {indexing_maps = [#dt, #td, #td]}
      : (tensor<5x?xf32>, tensor<?x5xf32>, tensor<?xi32>) -> tensor<?x5xf32>
  return
}

// -----

#td = affine_map<(t, d) -> (t, d)>
func.func @other_rows(%a: tensor<4x5xf32>, %x: tensor<?x5xf32>, %o: tensor<?xi32>) {
  // expected-error @below {{C3: operand 0 and the result have different rows: 'tensor<4x5xf32>' and 'tensor<?x5xf32>'}}
  %y = strand.linear_recurrence decay(%a) input(%x) offsets %o {indexing_maps = [#td, #td, #td]}
      : (tensor<4x5xf32>, tensor<?x5xf32>, tensor<?xi32>) -> tensor<?x5xf32>
  return
}
