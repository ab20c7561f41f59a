// RUN: strand-opt %s -split-input-file -verify-diagnostics

func.func @keys_of_another_type(%q: tensor<?x2x4xf32>, %k: tensor<?x2x5xf32>, %v: tensor<?x4x8xf32>, %o: tensor<?xi32>) {
  // expected-error @below {{C1: q and k must have one type of rank 3 (rows x heads x size), not 'tensor<?x2x4xf32>' and 'tensor<?x2x5xf32>'}}
  %y = strand.linear_attention %q, %k, %v offsets %o
      : (tensor<?x2x4xf32>, tensor<?x2x5xf32>, tensor<?x4x8xf32>, tensor<?xi32>) -> tensor<?x4x8xf32>
  return
}

// -----

func.func @no_heads(%q: tensor<?x4xf32>, %k: tensor<?x4xf32>, %v: tensor<?x4x8xf32>, %o: tensor<?xi32>) {
  // expected-error @below {{C1: q and k must have one type of rank 3}}
  %y = strand.linear_attention %q, %k, %v offsets %o
      : (tensor<?x4xf32>, tensor<?x4xf32>, tensor<?x4x8xf32>, tensor<?xi32>) -> tensor<?x4x8xf32>
  return
}

// -----

func.func @result_of_another_type(%q: tensor<?x2x4xf32>, %k: tensor<?x2x4xf32>, %v: tensor<?x4x8xf32>, %o: tensor<?xi32>) {
  // expected-error @below {{C2: v and the result must have one type, rows x heads x size, with a multiple of 2 heads}}
  %y = strand.linear_attention %q, %k, %v offsets %o
      : (tensor<?x2x4xf32>, tensor<?x2x4xf32>, tensor<?x4x8xf32>, tensor<?xi32>) -> tensor<?x4x9xf32>
  return
}

// -----

func.func @heads_do_not_divide(%q: tensor<?x2x4xf32>, %k: tensor<?x2x4xf32>, %v: tensor<?x3x8xf32>, %o: tensor<?xi32>) {
  // expected-error @below {{C2: v and the result must have one type, rows x heads x size, with a multiple of 2 heads}}
  %y = strand.linear_attention %q, %k, %v offsets %o
      : (tensor<?x2x4xf32>, tensor<?x2x4xf32>, tensor<?x3x8xf32>, tensor<?xi32>) -> tensor<?x3x8xf32>
  return
}

// -----

func.func @values_without_heads(%q: tensor<?x2x4xf32>, %k: tensor<?x2x4xf32>, %v: tensor<?x8xf32>, %o: tensor<?xi32>) {
  // expected-error @below {{C2: v and the result must have one type}}
  %y = strand.linear_attention %q, %k, %v offsets %o
      : (tensor<?x2x4xf32>, tensor<?x2x4xf32>, tensor<?x8xf32>, tensor<?xi32>) -> tensor<?x8xf32>
  return
}

// -----

func.func @gate_of_another_shape(%q: tensor<?x2x4xf32>, %k: tensor<?x2x4xf32>, %v: tensor<?x4x8xf32>, %g: tensor<?x2xf32>, %o: tensor<?xi32>) {
  // expected-error @below {{C3: the gate must be rows x 4 or rows x 4 x 4, not 'tensor<?x2xf32>'}}
  %y = strand.linear_attention %q, %k, %v gate %g offsets %o
      : (tensor<?x2x4xf32>, tensor<?x2x4xf32>, tensor<?x4x8xf32>, tensor<?x2xf32>, tensor<?xi32>) -> tensor<?x4x8xf32>
  return
}

// -----

func.func @gate_of_the_values(%q: tensor<?x2x4xf32>, %k: tensor<?x2x4xf32>, %v: tensor<?x4x8xf32>, %g: tensor<?x4x8xf32>, %o: tensor<?xi32>) {
  // expected-error @below {{C3: the gate must be rows x 4 or rows x 4 x 4, not 'tensor<?x4x8xf32>'}}
  %y = strand.linear_attention %q, %k, %v gate %g offsets %o
      : (tensor<?x2x4xf32>, tensor<?x2x4xf32>, tensor<?x4x8xf32>, tensor<?x4x8xf32>, tensor<?xi32>) -> tensor<?x4x8xf32>
  return
}

// -----

func.func @too_few_decays(%q: tensor<?x2x4xf32>, %k: tensor<?x2x4xf32>, %v: tensor<?x4x8xf32>, %o: tensor<?xi32>) {
  // expected-error @below {{C4: `decay` wants 4 entries and no gate, has 2}}
  %y = strand.linear_attention %q, %k, %v offsets %o {decay = array<f64: -0.5, -0.25>}
      : (tensor<?x2x4xf32>, tensor<?x2x4xf32>, tensor<?x4x8xf32>, tensor<?xi32>) -> tensor<?x4x8xf32>
  return
}

// -----

func.func @decay_and_gate(%q: tensor<?x2x4xf32>, %k: tensor<?x2x4xf32>, %v: tensor<?x4x8xf32>, %g: tensor<?x4xf32>, %o: tensor<?xi32>) {
  // expected-error @below {{C4: `decay` wants 4 entries and no gate, has 4}}
  %y = strand.linear_attention %q, %k, %v gate %g offsets %o {decay = array<f64: -0.5, -0.25, -0.5, -0.25>}
      : (tensor<?x2x4xf32>, tensor<?x2x4xf32>, tensor<?x4x8xf32>, tensor<?x4xf32>, tensor<?xi32>) -> tensor<?x4x8xf32>
  return
}

// -----

func.func @bonus_of_another_shape(%q: tensor<?x2x4xf32>, %k: tensor<?x2x4xf32>, %v: tensor<?x4x8xf32>, %u: tensor<2x4xf32>, %o: tensor<?xi32>) {
  // expected-error @below {{C5: the bonus must be 4 x 4, not 'tensor<2x4xf32>'}}
  %y = strand.linear_attention %q, %k, %v bonus %u offsets %o
      : (tensor<?x2x4xf32>, tensor<?x2x4xf32>, tensor<?x4x8xf32>, tensor<2x4xf32>, tensor<?xi32>) -> tensor<?x4x8xf32>
  return
}

// -----

func.func @bonus_and_normaliser(%q: tensor<?x2x4xf32>, %k: tensor<?x2x4xf32>, %v: tensor<?x4x8xf32>, %u: tensor<4x4xf32>, %o: tensor<?xi32>) {
  // expected-error @below {{C6: `normalized` and a bonus exclude each other}}
  %y = strand.linear_attention %q, %k, %v bonus %u offsets %o {normalized}
      : (tensor<?x2x4xf32>, tensor<?x2x4xf32>, tensor<?x4x8xf32>, tensor<4x4xf32>, tensor<?xi32>) -> tensor<?x4x8xf32>
  return
}

// -----

func.func @two_float_types(%q: tensor<?x2x4xf32>, %k: tensor<?x2x4xf32>, %v: tensor<?x4x8xf32>, %g: tensor<?x4xf64>, %o: tensor<?xi32>) {
  // expected-error @below {{C7: wants one type of floats, has 'f32' and others}}
  %y = strand.linear_attention %q, %k, %v gate %g offsets %o
      : (tensor<?x2x4xf32>, tensor<?x2x4xf32>, tensor<?x4x8xf32>, tensor<?x4xf64>, tensor<?xi32>) -> tensor<?x4x8xf32>
  return
}

// -----

// Two states with a normaliser.
func.func @normaliser_without_state(%q: tensor<?x2x4xf32>, %k: tensor<?x2x4xf32>, %v: tensor<?x4x8xf32>, %o: tensor<?xi32>, %s: tensor<?x4x4x8xf32>, %n: tensor<?xi32>) {
  // expected-error @below {{carries 2 values, but has 1 state operands}}
  %y:2 = strand.linear_attention %q, %k, %v offsets %o states(%s) slots %n {normalized}
      : (tensor<?x2x4xf32>, tensor<?x2x4xf32>, tensor<?x4x8xf32>, tensor<?xi32>, tensor<?x4x4x8xf32>, tensor<?xi32>) -> (tensor<?x4x8xf32>, tensor<?x4x4x8xf32>)
  return
}

// -----

func.func @state_of_another_shape(%q: tensor<?x2x4xf32>, %k: tensor<?x2x4xf32>, %v: tensor<?x4x8xf32>, %o: tensor<?xi32>, %s: tensor<?x4x8x4xf32>, %n: tensor<?xi32>) {
  // expected-error @below {{state 's' must be slots x 4, 4, 8 of 'f32', not 'tensor<?x4x8x4xf32>'}}
  %y:2 = strand.linear_attention %q, %k, %v offsets %o states(%s) slots %n
      : (tensor<?x2x4xf32>, tensor<?x2x4xf32>, tensor<?x4x8xf32>, tensor<?xi32>, tensor<?x4x8x4xf32>, tensor<?xi32>) -> (tensor<?x4x8xf32>, tensor<?x4x8x4xf32>)
  return
}
