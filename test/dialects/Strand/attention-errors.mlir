// RUN: strand-opt %s -split-input-file -verify-diagnostics

func.func @c1_rank(%q: tensor<?x8xf32>, %k: tensor<?x2x8xf32>, %o: tensor<?xi32>) {
  // expected-error @+1 {{C1: q and k must be rows x heads x one size, q with a multiple of k's heads, not 'tensor<?x8xf32>' and 'tensor<?x2x8xf32>'}}
  %y = strand.attention %q, %k, %k offsets %o {scale = 1.0 : f64} : (tensor<?x8xf32>, tensor<?x2x8xf32>, tensor<?x2x8xf32>, tensor<?xi32>) -> tensor<?x2x8xf32>
  return
}

// -----

func.func @c1_size(%q: tensor<?x2x4xf32>, %k: tensor<?x2x8xf32>, %o: tensor<?xi32>) {
  // expected-error @+1 {{C1: q and k must be rows x heads x one size}}
  %y = strand.attention %q, %k, %k offsets %o {scale = 1.0 : f64} : (tensor<?x2x4xf32>, tensor<?x2x8xf32>, tensor<?x2x8xf32>, tensor<?xi32>) -> tensor<?x2x8xf32>
  return
}

// -----

func.func @c1_heads(%q: tensor<?x3x8xf32>, %k: tensor<?x2x8xf32>, %o: tensor<?xi32>) {
  // expected-error @+1 {{C1: q and k must be rows x heads x one size, q with a multiple of k's heads}}
  %y = strand.attention %q, %k, %k offsets %o {scale = 1.0 : f64} : (tensor<?x3x8xf32>, tensor<?x2x8xf32>, tensor<?x2x8xf32>, tensor<?xi32>) -> tensor<?x3x8xf32>
  return
}

// -----

func.func @c2(%q: tensor<?x2x8xf32>, %v: tensor<?x1x8xf32>, %o: tensor<?xi32>) {
  // expected-error @+1 {{C2: v must be rows x 2 x a size, not 'tensor<?x1x8xf32>'}}
  %y = strand.attention %q, %q, %v offsets %o {scale = 1.0 : f64} : (tensor<?x2x8xf32>, tensor<?x2x8xf32>, tensor<?x1x8xf32>, tensor<?xi32>) -> tensor<?x2x8xf32>
  return
}

// -----

func.func @c3(%q: tensor<?x2x8xf32>, %v: tensor<?x2x4xf32>, %o: tensor<?xi32>) {
  // expected-error @+1 {{C3: the result must be rows x 2 x 4, not 'tensor<?x2x8xf32>'}}
  %y = strand.attention %q, %q, %v offsets %o {scale = 1.0 : f64} : (tensor<?x2x8xf32>, tensor<?x2x8xf32>, tensor<?x2x4xf32>, tensor<?xi32>) -> tensor<?x2x8xf32>
  return
}

// -----

func.func @c4_dynamic(%q: tensor<?x2x?xf32>, %o: tensor<?xi32>) {
  // expected-error @+1 {{C4: sizes behind the rows must be static, at least 1, and elements 'f32', not 'tensor<?x2x?xf32>'}}
  %y = strand.attention %q, %q, %q offsets %o {scale = 1.0 : f64} : (tensor<?x2x?xf32>, tensor<?x2x?xf32>, tensor<?x2x?xf32>, tensor<?xi32>) -> tensor<?x2x?xf32>
  return
}

// -----

func.func @c4_empty(%q: tensor<?x2x8xf32>, %v: tensor<?x2x0xf32>, %o: tensor<?xi32>) {
  // expected-error @+1 {{C4: sizes behind the rows must be static, at least 1, and elements 'f32', not 'tensor<?x2x0xf32>'}}
  %y = strand.attention %q, %q, %v offsets %o {scale = 1.0 : f64} : (tensor<?x2x8xf32>, tensor<?x2x8xf32>, tensor<?x2x0xf32>, tensor<?xi32>) -> tensor<?x2x0xf32>
  return
}

// -----

func.func @c4_types(%q: tensor<?x2x8xf32>, %v: tensor<?x2x8xf64>, %o: tensor<?xi32>) {
  // expected-error @+1 {{C4: sizes behind the rows must be static, at least 1, and elements 'f32', not 'tensor<?x2x8xf64>'}}
  %y = strand.attention %q, %q, %v offsets %o {scale = 1.0 : f64} : (tensor<?x2x8xf32>, tensor<?x2x8xf32>, tensor<?x2x8xf64>, tensor<?xi32>) -> tensor<?x2x8xf32>
  return
}

// -----

func.func @c4_kept(%q: tensor<?x2x8xf32>, %k: tensor<?x2x8xbf16>, %v: tensor<?x2x8xf32>, %o: tensor<?xi32>) {
  // expected-error @+1 {{C4: sizes behind the rows must be static, at least 1, and elements 'bf16', not 'tensor<?x2x8xf32>'}}
  %y = strand.attention %q, %k, %v offsets %o {scale = 1.0 : f64} : (tensor<?x2x8xf32>, tensor<?x2x8xbf16>, tensor<?x2x8xf32>, tensor<?xi32>) -> tensor<?x2x8xf32>
  return
}

// -----

func.func @c5_no_rows(%q: tensor<?x2x8xf32>, %o: tensor<?xi32>) {
  // expected-error @+1 {{C5: a window has 1 to 2147483647 rows, not 0}}
  %y = strand.attention %q, %q, %q offsets %o {scale = 1.0 : f64, window = 0} : (tensor<?x2x8xf32>, tensor<?x2x8xf32>, tensor<?x2x8xf32>, tensor<?xi32>) -> tensor<?x2x8xf32>
  return
}

// -----

func.func @c5_too_many_rows(%q: tensor<?x2x8xf32>, %o: tensor<?xi32>) {
  // expected-error @+1 {{C5: a window has 1 to 2147483647 rows, not 2147483648}}
  %y = strand.attention %q, %q, %q offsets %o {scale = 1.0 : f64, window = 2147483648} : (tensor<?x2x8xf32>, tensor<?x2x8xf32>, tensor<?x2x8xf32>, tensor<?xi32>) -> tensor<?x2x8xf32>
  return
}

// -----

func.func @c6_missing(%q: tensor<?x2x8xf32>, %o: tensor<?xi32>) {
  // expected-error @+1 {{C6: the second result must be the log-sum-exp, 'tensor<?x2xf32>'}}
  %y = strand.attention %q, %q, %q offsets %o {scale = 1.0 : f64, lse} : (tensor<?x2x8xf32>, tensor<?x2x8xf32>, tensor<?x2x8xf32>, tensor<?xi32>) -> tensor<?x2x8xf32>
  return
}

// -----

func.func @c6_another_shape(%q: tensor<?x2x8xf32>, %o: tensor<?xi32>) {
  // expected-error @+1 {{C6: the second result must be the log-sum-exp, 'tensor<?x2xf32>'}}
  %y, %l = strand.attention %q, %q, %q offsets %o {scale = 1.0 : f64, lse} : (tensor<?x2x8xf32>, tensor<?x2x8xf32>, tensor<?x2x8xf32>, tensor<?xi32>) -> (tensor<?x2x8xf32>, tensor<?x3xf32>)
  return
}

// -----

func.func @c6_not_asked_for(%q: tensor<?x2x8xf32>, %o: tensor<?xi32>) {
  // expected-error @+1 {{C6: without `lse` only the next states follow the result}}
  %y, %l = strand.attention %q, %q, %q offsets %o {scale = 1.0 : f64} : (tensor<?x2x8xf32>, tensor<?x2x8xf32>, tensor<?x2x8xf32>, tensor<?xi32>) -> (tensor<?x2x8xf32>, tensor<?x2xf32>)
  return
}

// -----

func.func @c7(%q: tensor<?x2x8xf32>, %o: tensor<?xi32>) {
  // expected-error @+1 {{C7: the scale must be finite, not }}
  %y = strand.attention %q, %q, %q offsets %o {scale = 0x7FF0000000000000 : f64} : (tensor<?x2x8xf32>, tensor<?x2x8xf32>, tensor<?x2x8xf32>, tensor<?xi32>) -> tensor<?x2x8xf32>
  return
}

// -----

func.func @a_cache_where_a_ring_is_due(%q: tensor<?x2x8xf32>, %o: tensor<?xi32>, %k: tensor<?x?x2x8xf32>) {
  // expected-error @+1 {{state 'k' must be slots x 4, 2, 8 of 'f32', not 'tensor<?x?x2x8xf32>'}}
  %y, %n:3 = strand.attention %q, %q, %q offsets %o states(%o, %k, %k) slots %o {scale = 1.0 : f64, window = 4}
      : (tensor<?x2x8xf32>, tensor<?x2x8xf32>, tensor<?x2x8xf32>, tensor<?xi32>, tensor<?xi32>, tensor<?x?x2x8xf32>, tensor<?x?x2x8xf32>, tensor<?xi32>)
      -> (tensor<?x2x8xf32>, tensor<?xi32>, tensor<?x?x2x8xf32>, tensor<?x?x2x8xf32>)
  return
}

// -----

func.func @a_ring_where_a_cache_is_due(%q: tensor<?x2x8xf32>, %o: tensor<?xi32>, %k: tensor<?x2x8xf32>) {
  // expected-error @+1 {{state 'k' must be slots x cache rows x 2, 8 of 'f32', not 'tensor<?x2x8xf32>'}}
  %y, %n:3 = strand.attention %q, %q, %q offsets %o states(%o, %k, %k) slots %o {scale = 1.0 : f64}
      : (tensor<?x2x8xf32>, tensor<?x2x8xf32>, tensor<?x2x8xf32>, tensor<?xi32>, tensor<?xi32>, tensor<?x2x8xf32>, tensor<?x2x8xf32>, tensor<?xi32>)
      -> (tensor<?x2x8xf32>, tensor<?xi32>, tensor<?x2x8xf32>, tensor<?x2x8xf32>)
  return
}
