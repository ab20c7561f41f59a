// RUN: strand-opt %s -split-input-file -verify-diagnostics

#td = affine_map<(t, d) -> (t, d)>
#d = affine_map<(t, d) -> (d)>
func.func @too_few_maps(%a: tensor<?x8xf32>, %o: tensor<?xi32>) {
  // expected-error @below {{C1: wants 4 indexing maps, has 3}}
  %y = strand.complex_recurrence decay(%a) turn(%a) input(%a) offsets %o {indexing_maps = [#td, #td, #td]}
      : (tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>, tensor<?xi32>) -> tensor<?x8xf32>
  return
}

// -----

#td = affine_map<(t, d) -> (t, d)>
#d = affine_map<(t, d) -> (d)>
func.func @no_projection(%a: tensor<?x8xf32>, %o: tensor<?xi32>) {
  // expected-error @below {{C1: indexing map 1 is not a projected permutation of the dimensions of map 0}}
  %y = strand.complex_recurrence decay(%a) turn(%a) input(%a) offsets %o {indexing_maps = [#td, affine_map<(t, d) -> (t, d + 1)>, #td, #td]}
      : (tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>, tensor<?xi32>) -> tensor<?x8xf32>
  return
}

// -----

#td = affine_map<(t, d) -> (t, d)>
#d = affine_map<(t, d) -> (d)>
func.func @rank(%a: tensor<?x8xf32>, %o: tensor<?xi32>) {
  // expected-error @below {{C1: indexing map 2 gives 1 indices to rank 2}}
  %y = strand.complex_recurrence decay(%a) turn(%a) input(%a) offsets %o {indexing_maps = [#td, #td, #d, #td]}
      : (tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>, tensor<?xi32>) -> tensor<?x8xf32>
  return
}

// -----

#td = affine_map<(t, d) -> (t, d)>
#d = affine_map<(t, d) -> (d)>
func.func @no_rows(%a: tensor<8xf32>, %o: tensor<?xi32>) {
  // expected-error @below {{C1: no operand has rows: every indexing map lacks dimension 0}}
  %y = strand.complex_recurrence decay(%a) turn(%a) input(%a) offsets %o {indexing_maps = [#d, #d, #d, #td]}
      : (tensor<8xf32>, tensor<8xf32>, tensor<8xf32>, tensor<?xi32>) -> tensor<?x8xf32>
  return
}

// -----

#td = affine_map<(t, d) -> (t, d)>
#d = affine_map<(t, d) -> (d)>
func.func @no_turn(%a: tensor<?x8xf32>, %o: tensor<?xi32>) {
  // expected-error @below {{C2: wants at least one decay, one turn and one input, and at most two read, has 1, 0, 1 and 0}}
  %y = strand.complex_recurrence decay(%a) turn() input(%a) offsets %o {indexing_maps = [#td, #td, #td]}
      : (tensor<?x8xf32>, tensor<?x8xf32>, tensor<?xi32>) -> tensor<?x8xf32>
  return
}

// -----

#td = affine_map<(t, d) -> (t, d)>
#d = affine_map<(t, d) -> (d)>
func.func @three_readings(%a: tensor<?x8xf32>, %o: tensor<?xi32>) {
  // expected-error @below {{C2: wants at least one decay, one turn and one input, and at most two read, has 1, 1, 1 and 3}}
  %y = strand.complex_recurrence decay(%a) turn(%a) input(%a) read(%a, %a, %a) offsets %o {indexing_maps = [#td, #td, #td, #td, #td, #td, #td]}
      : (tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>, tensor<?xi32>) -> tensor<?x8xf32>
  return
}

// -----

#td = affine_map<(t, d) -> (t, d)>
#d = affine_map<(t, d) -> (d)>
func.func @sizes_disagree(%a: tensor<?x8xf32>, %x: tensor<?x9xf32>, %o: tensor<?xi32>) {
  // expected-error @below {{C3: a dimension of the state has no static size, or operands disagree on it}}
  %y = strand.complex_recurrence decay(%a) turn(%a) input(%x) offsets %o {indexing_maps = [#td, #td, #td, #td]}
      : (tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x9xf32>, tensor<?xi32>) -> tensor<?x8xf32>
  return
}

// -----

#td = affine_map<(t, d) -> (t, d)>
#d = affine_map<(t, d) -> (d)>
func.func @result_size(%a: tensor<?x8xf32>, %o: tensor<?xi32>) {
  // expected-error @below {{C3: the result has size 9 where the state has 8}}
  %y = strand.complex_recurrence decay(%a) turn(%a) input(%a) offsets %o {indexing_maps = [#td, #td, #td, #td]}
      : (tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>, tensor<?xi32>) -> tensor<?x9xf32>
  return
}

// -----

#td = affine_map<(t, d) -> (t, d)>
#d = affine_map<(t, d) -> (d)>
func.func @result_order(%a: tensor<?x8xf32>, %o: tensor<?xi32>) {
  // expected-error @below {{C4: the result's map must begin with t and end with the innermost dimension}}
  %y = strand.complex_recurrence decay(%a) turn(%a) input(%a) offsets %o {indexing_maps = [#td, #td, #td, affine_map<(t, d) -> (d, t)>]}
      : (tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>, tensor<?xi32>) -> tensor<8x?xf32>
  return
}

// -----

#tnd = affine_map<(t, n, d) -> (t, n, d)>
func.func @sum_without_read(%a: tensor<?x4x8xf32>, %o: tensor<?xi32>) {
  // expected-error @below {{C5: without `read` the result has every dimension of the state}}
  %y = strand.complex_recurrence decay(%a) turn(%a) input(%a) offsets %o
      {indexing_maps = [#tnd, #tnd, #tnd, affine_map<(t, n, d) -> (t, d)>]}
      : (tensor<?x4x8xf32>, tensor<?x4x8xf32>, tensor<?x4x8xf32>, tensor<?xi32>) -> tensor<?x8xf32>
  return
}

// -----

#td = affine_map<(t, d) -> (t, d)>
#d = affine_map<(t, d) -> (d)>
func.func @two_float_types(%a: tensor<?x8xf32>, %x: tensor<?x8xf64>, %o: tensor<?xi32>) {
  // expected-error @below {{C6: wants one type of floats, has 'f32' and others}}
  %y = strand.complex_recurrence decay(%a) turn(%a) input(%x) offsets %o {indexing_maps = [#td, #td, #td, #td]}
      : (tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf64>, tensor<?xi32>) -> tensor<?x8xf32>
  return
}

// -----

#td = affine_map<(t, d) -> (t, d)>
#d = affine_map<(t, d) -> (d)>
func.func @both_and_read(%a: tensor<?x8xf32>, %o: tensor<?xi32>) {
  // expected-error @below {{C7: `both` excludes `read` and wants a second result of type 'tensor<?x8xf32>'}}
  %y:2 = strand.complex_recurrence decay(%a) turn(%a) input(%a) read(%a) offsets %o {both, indexing_maps = [#td, #td, #td, #td, #td]}
      : (tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>, tensor<?xi32>) -> (tensor<?x8xf32>, tensor<?x8xf32>)
  return
}

// -----

#td = affine_map<(t, d) -> (t, d)>
#d = affine_map<(t, d) -> (d)>
func.func @both_with_one_result(%a: tensor<?x8xf32>, %o: tensor<?xi32>) {
  // expected-error @below {{C7: `both` excludes `read` and wants a second result of type 'tensor<?x8xf32>'}}
  %y = strand.complex_recurrence decay(%a) turn(%a) input(%a) offsets %o {both, indexing_maps = [#td, #td, #td, #td]}
      : (tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>, tensor<?xi32>) -> tensor<?x8xf32>
  return
}

// -----

#td = affine_map<(t, d) -> (t, d)>
#d = affine_map<(t, d) -> (d)>
func.func @two_results_without_both(%a: tensor<?x8xf32>, %o: tensor<?xi32>) {
  // expected-error @below {{C7: without `both` only the next states follow the result}}
  %y:2 = strand.complex_recurrence decay(%a) turn(%a) input(%a) offsets %o {indexing_maps = [#td, #td, #td, #td]}
      : (tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>, tensor<?xi32>) -> (tensor<?x8xf32>, tensor<?x8xf32>)
  return
}

// -----

#td = affine_map<(t, d) -> (t, d)>
#d = affine_map<(t, d) -> (d)>
func.func @one_state(%a: tensor<?x8xf32>, %h: tensor<?x8xf32>, %s: tensor<?xi32>, %o: tensor<?xi32>) {
  // expected-error @below {{carries 2 values, but has 1 state operands}}
  %y:2 = strand.complex_recurrence decay(%a) turn(%a) input(%a) offsets %o states(%h) slots %s {indexing_maps = [#td, #td, #td, #td]}
      : (tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>, tensor<?xi32>, tensor<?x8xf32>, tensor<?xi32>) -> (tensor<?x8xf32>, tensor<?x8xf32>)
  return
}
