// RUN: strand-opt %s -split-input-file -verify-diagnostics

func.func @keys_of_another_type(%q: tensor<?x2x4xf32>, %k: tensor<?x2x5xf32>, %v: tensor<?x2x8xf32>, %rate: tensor<?x2xf32>, %o: tensor<?xi32>) {
  // expected-error @below {{C1: q and k must have one type of rank 3 (rows x heads x size), not 'tensor<?x2x4xf32>' and 'tensor<?x2x5xf32>'}}
  %y = strand.fast_weight %q, %k, %v rate %rate offsets %o {block = 16}
      : (tensor<?x2x4xf32>, tensor<?x2x5xf32>, tensor<?x2x8xf32>, tensor<?x2xf32>, tensor<?xi32>) -> tensor<?x2x8xf32>
  return
}

// -----

func.func @other_heads(%q: tensor<?x2x4xf32>, %k: tensor<?x2x4xf32>, %v: tensor<?x3x8xf32>, %rate: tensor<?x2xf32>, %o: tensor<?xi32>) {
  // expected-error @below {{C2: v and the result must have one type, rows x 2 x size, not 'tensor<?x3x8xf32>'}}
  %y = strand.fast_weight %q, %k, %v rate %rate offsets %o {block = 16}
      : (tensor<?x2x4xf32>, tensor<?x2x4xf32>, tensor<?x3x8xf32>, tensor<?x2xf32>, tensor<?xi32>) -> tensor<?x3x8xf32>
  return
}

// -----

func.func @result_of_another_type(%q: tensor<?x2x4xf32>, %k: tensor<?x2x4xf32>, %v: tensor<?x2x8xf32>, %rate: tensor<?x2xf32>, %o: tensor<?xi32>) {
  // expected-error @below {{C2: v and the result must have one type}}
  %y = strand.fast_weight %q, %k, %v rate %rate offsets %o {block = 16}
      : (tensor<?x2x4xf32>, tensor<?x2x4xf32>, tensor<?x2x8xf32>, tensor<?x2xf32>, tensor<?xi32>) -> tensor<?x2x9xf32>
  return
}

// -----

func.func @rate_without_heads(%q: tensor<?x2x4xf32>, %k: tensor<?x2x4xf32>, %v: tensor<?x2x8xf32>, %rate: tensor<?xf32>, %o: tensor<?xi32>) {
  // expected-error @below {{C3: rate, momentum, gate and rescale must be rows x 2, not 'tensor<?xf32>'}}
  %y = strand.fast_weight %q, %k, %v rate %rate offsets %o {block = 16}
      : (tensor<?x2x4xf32>, tensor<?x2x4xf32>, tensor<?x2x8xf32>, tensor<?xf32>, tensor<?xi32>) -> tensor<?x2x8xf32>
  return
}

// -----

func.func @vector_gate(%q: tensor<?x2x4xf32>, %k: tensor<?x2x4xf32>, %v: tensor<?x2x8xf32>, %rate: tensor<?x2xf32>, %gate: tensor<?x2x4xf32>, %o: tensor<?xi32>) {
  // expected-error @below {{C3: rate, momentum, gate and rescale must be rows x 2, not 'tensor<?x2x4xf32>'}}
  %y = strand.fast_weight %q, %k, %v rate %rate gate %gate offsets %o {block = 16}
      : (tensor<?x2x4xf32>, tensor<?x2x4xf32>, tensor<?x2x8xf32>, tensor<?x2xf32>, tensor<?x2x4xf32>, tensor<?xi32>) -> tensor<?x2x8xf32>
  return
}

// -----

func.func @rescale_and_gate(%q: tensor<?x2x4xf32>, %k: tensor<?x2x4xf32>, %v: tensor<?x2x8xf32>, %rate: tensor<?x2xf32>, %gate: tensor<?x2xf32>, %rescale: tensor<?x2xf32>, %o: tensor<?xi32>) {
  // expected-error @below {{C4: `rescale` excludes `momentum` and `gate`}}
  %y = strand.fast_weight %q, %k, %v rate %rate gate %gate rescale %rescale offsets %o {block = 16}
      : (tensor<?x2x4xf32>, tensor<?x2x4xf32>, tensor<?x2x8xf32>, tensor<?x2xf32>, tensor<?x2xf32>, tensor<?x2xf32>, tensor<?xi32>) -> tensor<?x2x8xf32>
  return
}

// -----

func.func @init_transposed(%q: tensor<?x2x4xf32>, %k: tensor<?x2x4xf32>, %v: tensor<?x2x8xf32>, %rate: tensor<?x2xf32>, %init: tensor<2x8x4xf32>, %o: tensor<?xi32>) {
  // expected-error @below {{C5: init of layer 1 must be 'tensor<2x4x8xf32>', not 'tensor<2x8x4xf32>'}}
  %y = strand.fast_weight %q, %k, %v rate %rate init(%init) offsets %o {block = 16}
      : (tensor<?x2x4xf32>, tensor<?x2x4xf32>, tensor<?x2x8xf32>, tensor<?x2xf32>, tensor<2x8x4xf32>, tensor<?xi32>) -> tensor<?x2x8xf32>
  return
}

// -----

func.func @no_block(%q: tensor<?x2x4xf32>, %k: tensor<?x2x4xf32>, %v: tensor<?x2x8xf32>, %rate: tensor<?x2xf32>, %o: tensor<?xi32>) {
  // expected-error @below {{C6: block must be at least 1, not 0}}
  %y = strand.fast_weight %q, %k, %v rate %rate offsets %o {block = 0}
      : (tensor<?x2x4xf32>, tensor<?x2x4xf32>, tensor<?x2x8xf32>, tensor<?x2xf32>, tensor<?xi32>) -> tensor<?x2x8xf32>
  return
}

// -----

func.func @with_without_slope(%q: tensor<?x2x4xf32>, %k: tensor<?x2x4xf32>, %v: tensor<?x2x8xf32>, %rate: tensor<?x2xf32>, %w: tensor<2x8xf32>, %o: tensor<?xi32>) {
  // expected-error @below {{C7: `with` wants a `slope` that reads it}}
  %y = strand.fast_weight %q, %k, %v rate %rate with(%w) offsets %o {block = 16}
      : (tensor<?x2x4xf32>, tensor<?x2x4xf32>, tensor<?x2x8xf32>, tensor<?x2xf32>, tensor<2x8xf32>, tensor<?xi32>) -> tensor<?x2x8xf32>
  return
}

// -----

func.func @arguments_of_slope(%q: tensor<?x2x4xf32>, %k: tensor<?x2x4xf32>, %v: tensor<?x2x8xf32>, %rate: tensor<?x2xf32>, %o: tensor<?xi32>) {
  // expected-error @below {{C7: the arguments of `slope` must be 'tensor<8xf32>', 'tensor<8xf32>', not 'tensor<8xf32>'}}
  %y = strand.fast_weight %q, %k, %v rate %rate offsets %o {block = 16}
      : (tensor<?x2x4xf32>, tensor<?x2x4xf32>, tensor<?x2x8xf32>, tensor<?x2xf32>, tensor<?xi32>) -> tensor<?x2x8xf32> slope {
  ^bb0(%z: tensor<8xf32>):
    strand.yield %z : tensor<8xf32>
  }
  return
}

// -----

func.func @invariant_without_heads(%q: tensor<?x2x4xf32>, %k: tensor<?x2x4xf32>, %v: tensor<?x2x8xf32>, %rate: tensor<?x2xf32>, %w: tensor<3x8xf32>, %o: tensor<?xi32>) {
  // expected-error @below {{C7: each of `with` must have 2 heads in dimension 0, not 'tensor<3x8xf32>'}}
  %y = strand.fast_weight %q, %k, %v rate %rate with(%w) offsets %o {block = 16}
      : (tensor<?x2x4xf32>, tensor<?x2x4xf32>, tensor<?x2x8xf32>, tensor<?x2xf32>, tensor<3x8xf32>, tensor<?xi32>) -> tensor<?x2x8xf32> slope {
  ^bb0(%z: tensor<8xf32>, %t: tensor<8xf32>, %s: tensor<8xf32>):
    strand.yield %z : tensor<8xf32>
  }
  return
}

// -----

func.func @no_slope_yielded(%q: tensor<?x2x4xf32>, %k: tensor<?x2x4xf32>, %v: tensor<?x2x8xf32>, %rate: tensor<?x2xf32>, %o: tensor<?xi32>) {
  // expected-error @below {{C7: `slope` must end in a strand.yield of 'tensor<8xf32>'}}
  %y = strand.fast_weight %q, %k, %v rate %rate offsets %o {block = 16}
      : (tensor<?x2x4xf32>, tensor<?x2x4xf32>, tensor<?x2x8xf32>, tensor<?x2xf32>, tensor<?xi32>) -> tensor<?x2x8xf32> slope {
  ^bb0(%z: tensor<8xf32>, %t: tensor<8xf32>):
    strand.yield
  }
  return
}

// -----

func.func @effects(%q: tensor<?x2x4xf32>, %k: tensor<?x2x4xf32>, %v: tensor<?x2x8xf32>, %rate: tensor<?x2xf32>, %o: tensor<?xi32>) {
  %y = strand.fast_weight %q, %k, %v rate %rate offsets %o {block = 16}
      : (tensor<?x2x4xf32>, tensor<?x2x4xf32>, tensor<?x2x8xf32>, tensor<?x2xf32>, tensor<?xi32>) -> tensor<?x2x8xf32> slope {
  ^bb0(%z: tensor<8xf32>, %t: tensor<8xf32>):
    // expected-error @below {{C7: has effects, which a slope must not have}}
    %m = memref.alloc() : memref<1xf32>
    strand.yield %z : tensor<8xf32>
  }
  return
}

// -----

func.func @init_without_heads(%q: tensor<?x2x4xf32>, %k: tensor<?x2x4xf32>, %v: tensor<?x2x8xf32>, %rate: tensor<?x2xf32>, %init: tensor<4x8xf32>, %o: tensor<?xi32>) {
  // expected-error @below {{C5: init of layer 1 must be heads x inputs x outputs, not 'tensor<4x8xf32>'}}
  %y = strand.fast_weight %q, %k, %v rate %rate init(%init) offsets %o {block = 16}
      : (tensor<?x2x4xf32>, tensor<?x2x4xf32>, tensor<?x2x8xf32>, tensor<?x2xf32>, tensor<4x8xf32>, tensor<?xi32>) -> tensor<?x2x8xf32>
  return
}

// -----

func.func @layers_that_do_not_meet(%q: tensor<?x2x4xf32>, %k: tensor<?x2x4xf32>, %v: tensor<?x2x8xf32>, %rate: tensor<?x2xf32>, %w1: tensor<2x4x16xf32>, %w2: tensor<2x15x8xf32>, %o: tensor<?xi32>) {
  // expected-error @below {{C5: init of layer 2 must be 'tensor<2x16x8xf32>', not 'tensor<2x15x8xf32>'}}
  %y = strand.fast_weight %q, %k, %v rate %rate init(%w1, %w2) activation tanh offsets %o {block = 16}
      : (tensor<?x2x4xf32>, tensor<?x2x4xf32>, tensor<?x2x8xf32>, tensor<?x2xf32>, tensor<2x4x16xf32>, tensor<2x15x8xf32>, tensor<?xi32>) -> tensor<?x2x8xf32>
  return
}

// -----

func.func @one_bias_of_two(%q: tensor<?x2x4xf32>, %k: tensor<?x2x4xf32>, %v: tensor<?x2x8xf32>, %rate: tensor<?x2xf32>, %w1: tensor<2x4x16xf32>, %w2: tensor<2x16x8xf32>, %b: tensor<2x16xf32>, %o: tensor<?xi32>) {
  // expected-error @below {{C9: wants a bias of each of 2 layers or none, has 1}}
  %y = strand.fast_weight %q, %k, %v rate %rate init(%w1, %w2) bias(%b) activation tanh offsets %o {block = 16}
      : (tensor<?x2x4xf32>, tensor<?x2x4xf32>, tensor<?x2x8xf32>, tensor<?x2xf32>, tensor<2x4x16xf32>, tensor<2x16x8xf32>, tensor<2x16xf32>, tensor<?xi32>) -> tensor<?x2x8xf32>
  return
}

// -----

func.func @bias_of_inputs(%q: tensor<?x2x4xf32>, %k: tensor<?x2x4xf32>, %v: tensor<?x2x8xf32>, %rate: tensor<?x2xf32>, %b: tensor<2x4xf32>, %o: tensor<?xi32>) {
  // expected-error @below {{C9: bias of layer 1 must be 'tensor<2x8xf32>', not 'tensor<2x4xf32>'}}
  %y = strand.fast_weight %q, %k, %v rate %rate bias(%b) offsets %o {block = 16}
      : (tensor<?x2x4xf32>, tensor<?x2x4xf32>, tensor<?x2x8xf32>, tensor<?x2xf32>, tensor<2x4xf32>, tensor<?xi32>) -> tensor<?x2x8xf32>
  return
}

// -----

func.func @layers_without_activation(%q: tensor<?x2x4xf32>, %k: tensor<?x2x4xf32>, %v: tensor<?x2x8xf32>, %rate: tensor<?x2xf32>, %w1: tensor<2x4x16xf32>, %w2: tensor<2x16x8xf32>, %o: tensor<?xi32>) {
  // expected-error @below {{C10: an activation stands between layers, of which there are 2 and it is not given}}
  %y = strand.fast_weight %q, %k, %v rate %rate init(%w1, %w2) offsets %o {block = 16}
      : (tensor<?x2x4xf32>, tensor<?x2x4xf32>, tensor<?x2x8xf32>, tensor<?x2xf32>, tensor<2x4x16xf32>, tensor<2x16x8xf32>, tensor<?xi32>) -> tensor<?x2x8xf32>
  return
}

// -----

func.func @activation_of_one_layer(%q: tensor<?x2x4xf32>, %k: tensor<?x2x4xf32>, %v: tensor<?x2x8xf32>, %rate: tensor<?x2xf32>, %o: tensor<?xi32>) {
  // expected-error @below {{C10: an activation stands between layers, of which there is 1}}
  %y = strand.fast_weight %q, %k, %v rate %rate activation gelu offsets %o {block = 16}
      : (tensor<?x2x4xf32>, tensor<?x2x4xf32>, tensor<?x2x8xf32>, tensor<?x2xf32>, tensor<?xi32>) -> tensor<?x2x8xf32>
  return
}

// -----

func.func @two_types(%q: tensor<?x2x4xf32>, %k: tensor<?x2x4xf32>, %v: tensor<?x2x8xf32>, %rate: tensor<?x2xf64>, %o: tensor<?xi32>) {
  // expected-error @below {{C8:}}
  %y = strand.fast_weight %q, %k, %v rate %rate offsets %o {block = 16}
      : (tensor<?x2x4xf32>, tensor<?x2x4xf32>, tensor<?x2x8xf32>, tensor<?x2xf64>, tensor<?xi32>) -> tensor<?x2x8xf32>
  return
}
