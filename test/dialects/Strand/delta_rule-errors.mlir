// RUN: strand-opt %s -split-input-file -verify-diagnostics

func.func @no_heads(%q: tensor<?x4xf32>, %k: tensor<?x4xf32>, %v: tensor<?x4x8xf32>, %o: tensor<?xi32>) {
  // expected-error @below {{C1: q must have rank 3 (rows x heads x size) and k its type, or that with factors behind the rows, not 'tensor<?x4xf32>' and 'tensor<?x4xf32>'}}
  %r = strand.delta_rule %q, %k, %v offsets %o
      : (tensor<?x4xf32>, tensor<?x4xf32>, tensor<?x4x8xf32>, tensor<?xi32>) -> tensor<?x4x8xf32>
  return
}

// -----

func.func @keys_of_another_type(%q: tensor<?x2x4xf32>, %k: tensor<?x2x5xf32>, %v: tensor<?x4x8xf32>, %o: tensor<?xi32>) {
  // expected-error @below {{C1: q must have rank 3 (rows x heads x size) and k its type, or that with factors behind the rows, not 'tensor<?x2x4xf32>' and 'tensor<?x2x5xf32>'}}
  %r = strand.delta_rule %q, %k, %v offsets %o
      : (tensor<?x2x4xf32>, tensor<?x2x5xf32>, tensor<?x4x8xf32>, tensor<?xi32>) -> tensor<?x4x8xf32>
  return
}

// -----

func.func @factors_of_another_type(%q: tensor<?x2x4xf32>, %k: tensor<?x3x1x4xf32>, %v: tensor<?x3x4x8xf32>, %o: tensor<?xi32>) {
  // expected-error @below {{C1: q must have rank 3 (rows x heads x size) and k its type, or that with factors behind the rows, not 'tensor<?x2x4xf32>' and 'tensor<?x3x1x4xf32>'}}
  %r = strand.delta_rule %q, %k, %v offsets %o
      : (tensor<?x2x4xf32>, tensor<?x3x1x4xf32>, tensor<?x3x4x8xf32>, tensor<?xi32>) -> tensor<?x4x8xf32>
  return
}

// -----

func.func @heads_do_not_divide(%q: tensor<?x2x4xf32>, %k: tensor<?x2x4xf32>, %v: tensor<?x3x8xf32>, %o: tensor<?xi32>) {
  // expected-error @below {{C2: v must be rows x heads x size, with a multiple of 2 heads, and the result that without factors, not 'tensor<?x3x8xf32>' and 'tensor<?x3x8xf32>'}}
  %r = strand.delta_rule %q, %k, %v offsets %o
      : (tensor<?x2x4xf32>, tensor<?x2x4xf32>, tensor<?x3x8xf32>, tensor<?xi32>) -> tensor<?x3x8xf32>
  return
}

// -----

func.func @result_of_another_type(%q: tensor<?x2x4xf32>, %k: tensor<?x2x4xf32>, %v: tensor<?x4x8xf32>, %o: tensor<?xi32>) {
  // expected-error @below {{C2: v must be rows x heads x size, with a multiple of 2 heads}}
  %r = strand.delta_rule %q, %k, %v offsets %o
      : (tensor<?x2x4xf32>, tensor<?x2x4xf32>, tensor<?x4x8xf32>, tensor<?xi32>) -> tensor<?x4x9xf32>
  return
}

// -----

func.func @values_without_factors(%q: tensor<?x2x4xf32>, %k: tensor<?x3x2x4xf32>, %v: tensor<?x4x8xf32>, %o: tensor<?xi32>) {
  // expected-error @below {{C2: v must be rows x 3 factors x heads x size, with a multiple of 2 heads, and the result that without factors, not 'tensor<?x4x8xf32>' and 'tensor<?x4x8xf32>'}}
  %r = strand.delta_rule %q, %k, %v offsets %o
      : (tensor<?x2x4xf32>, tensor<?x3x2x4xf32>, tensor<?x4x8xf32>, tensor<?xi32>) -> tensor<?x4x8xf32>
  return
}

// -----

func.func @other_factors(%q: tensor<?x2x4xf32>, %k: tensor<?x3x2x4xf32>, %v: tensor<?x2x4x8xf32>, %o: tensor<?xi32>) {
  // expected-error @below {{C2: v must be rows x 3 factors x heads x size}}
  %r = strand.delta_rule %q, %k, %v offsets %o
      : (tensor<?x2x4xf32>, tensor<?x3x2x4xf32>, tensor<?x2x4x8xf32>, tensor<?xi32>) -> tensor<?x4x8xf32>
  return
}

// -----

func.func @beta_of_another_shape(%q: tensor<?x2x4xf32>, %k: tensor<?x2x4xf32>, %v: tensor<?x4x8xf32>, %b: tensor<?x2xf32>, %o: tensor<?xi32>) {
  // expected-error @below {{C3: beta must be 'tensor<?x4x8xf32>' or that without its last dimension, not 'tensor<?x2xf32>'}}
  %r = strand.delta_rule %q, %k, %v beta %b offsets %o
      : (tensor<?x2x4xf32>, tensor<?x2x4xf32>, tensor<?x4x8xf32>, tensor<?x2xf32>, tensor<?xi32>) -> tensor<?x4x8xf32>
  return
}

// -----

func.func @beta_without_factors(%q: tensor<?x2x4xf32>, %k: tensor<?x3x2x4xf32>, %v: tensor<?x3x4x8xf32>, %b: tensor<?x4xf32>, %o: tensor<?xi32>) {
  // expected-error @below {{C3: beta must be 'tensor<?x3x4x8xf32>' or that without its last dimension, not 'tensor<?x4xf32>'}}
  %r = strand.delta_rule %q, %k, %v beta %b offsets %o
      : (tensor<?x2x4xf32>, tensor<?x3x2x4xf32>, tensor<?x3x4x8xf32>, tensor<?x4xf32>, tensor<?xi32>) -> tensor<?x4x8xf32>
  return
}

// -----

func.func @low_rank_of_another_type(%q: tensor<?x2x4xf32>, %k: tensor<?x2x4xf32>, %v: tensor<?x4x8xf32>, %a: tensor<?x2x4xf32>, %b: tensor<?x4x4xf32>, %o: tensor<?xi32>) {
  // expected-error @below {{C4: `low_rank` wants a and b of the type 'tensor<?x2x4xf32>', no beta and no factors, has 'tensor<?x2x4xf32>', 'tensor<?x4x4xf32>'}}
  %r = strand.delta_rule %q, %k, %v low_rank %a, %b offsets %o
      : (tensor<?x2x4xf32>, tensor<?x2x4xf32>, tensor<?x4x8xf32>, tensor<?x2x4xf32>, tensor<?x4x4xf32>, tensor<?xi32>) -> tensor<?x4x8xf32>
  return
}

// -----

func.func @low_rank_and_beta(%q: tensor<?x2x4xf32>, %k: tensor<?x2x4xf32>, %v: tensor<?x4x8xf32>, %beta: tensor<?x4xf32>, %a: tensor<?x2x4xf32>, %b: tensor<?x2x4xf32>, %o: tensor<?xi32>) {
  // expected-error @below {{C4: `low_rank` wants a and b of the type 'tensor<?x2x4xf32>', no beta and no factors, has 'tensor<?x2x4xf32>', 'tensor<?x2x4xf32>' and beta}}
  %r = strand.delta_rule %q, %k, %v beta %beta low_rank %a, %b offsets %o
      : (tensor<?x2x4xf32>, tensor<?x2x4xf32>, tensor<?x4x8xf32>, tensor<?x4xf32>, tensor<?x2x4xf32>, tensor<?x2x4xf32>, tensor<?xi32>) -> tensor<?x4x8xf32>
  return
}

// -----

func.func @low_rank_and_factors(%q: tensor<?x2x4xf32>, %k: tensor<?x3x2x4xf32>, %v: tensor<?x3x4x8xf32>, %a: tensor<?x2x4xf32>, %b: tensor<?x2x4xf32>, %o: tensor<?xi32>) {
  // expected-error @below {{C4: `low_rank` wants a and b of the type 'tensor<?x2x4xf32>', no beta and no factors, has 'tensor<?x2x4xf32>', 'tensor<?x2x4xf32>' and factors}}
  %r = strand.delta_rule %q, %k, %v low_rank %a, %b offsets %o
      : (tensor<?x2x4xf32>, tensor<?x3x2x4xf32>, tensor<?x3x4x8xf32>, tensor<?x2x4xf32>, tensor<?x2x4xf32>, tensor<?xi32>) -> tensor<?x4x8xf32>
  return
}

// -----

func.func @gate_of_another_shape(%q: tensor<?x2x4xf32>, %k: tensor<?x2x4xf32>, %v: tensor<?x4x8xf32>, %g: tensor<?x2xf32>, %o: tensor<?xi32>) {
  // expected-error @below {{C5: the gate must be rows x 4 or rows x 4 x 4, not 'tensor<?x2xf32>'}}
  %r = strand.delta_rule %q, %k, %v gate %g offsets %o
      : (tensor<?x2x4xf32>, tensor<?x2x4xf32>, tensor<?x4x8xf32>, tensor<?x2xf32>, tensor<?xi32>) -> tensor<?x4x8xf32>
  return
}

// -----

func.func @gate_of_the_values(%q: tensor<?x2x4xf32>, %k: tensor<?x2x4xf32>, %v: tensor<?x4x8xf32>, %g: tensor<?x4x8xf32>, %o: tensor<?xi32>) {
  // expected-error @below {{C5: the gate must be rows x 4 or rows x 4 x 4, not 'tensor<?x4x8xf32>'}}
  %r = strand.delta_rule %q, %k, %v gate %g offsets %o
      : (tensor<?x2x4xf32>, tensor<?x2x4xf32>, tensor<?x4x8xf32>, tensor<?x4x8xf32>, tensor<?xi32>) -> tensor<?x4x8xf32>
  return
}

// -----

func.func @two_float_types(%q: tensor<?x2x4xf32>, %k: tensor<?x2x4xf32>, %v: tensor<?x4x8xf32>, %g: tensor<?x4xf64>, %o: tensor<?xi32>) {
  // expected-error @below {{C6: wants one type of floats, has 'f32' and others}}
  %r = strand.delta_rule %q, %k, %v gate %g offsets %o
      : (tensor<?x2x4xf32>, tensor<?x2x4xf32>, tensor<?x4x8xf32>, tensor<?x4xf64>, tensor<?xi32>) -> tensor<?x4x8xf32>
  return
}

// -----

func.func @state_of_another_shape(%q: tensor<?x2x4xf32>, %k: tensor<?x2x4xf32>, %v: tensor<?x4x8xf32>, %o: tensor<?xi32>, %s: tensor<?x4x8x4xf32>, %n: tensor<?xi32>) {
  // expected-error @below {{state 's' must be slots x 4, 4, 8 of 'f32', not 'tensor<?x4x8x4xf32>'}}
  %y:2 = strand.delta_rule %q, %k, %v offsets %o states(%s) slots %n
      : (tensor<?x2x4xf32>, tensor<?x2x4xf32>, tensor<?x4x8xf32>, tensor<?xi32>, tensor<?x4x8x4xf32>, tensor<?xi32>) -> (tensor<?x4x8xf32>, tensor<?x4x8x4xf32>)
  return
}
