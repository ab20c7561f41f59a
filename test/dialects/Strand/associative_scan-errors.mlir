// RUN: strand-opt %s -split-input-file -verify-diagnostics

func.func @no_identity(%x: tensor<?x8xf32>, %o: tensor<?xi32>) {
  // expected-error @below {{C1: wants parts, and a number for each in `identity`; has 1 parts and 2 numbers}}
  %y = strand.associative_scan(%x) offsets %o {identity = array<f64: 0.0, 1.0>}
      : (tensor<?x8xf32>, tensor<?xi32>) -> tensor<?x8xf32> {
  ^bb0(%l: f32, %r: f32):
    %0 = arith.addf %l, %r : f32
    strand.yield %0 : f32
  }
  return
}

// -----

func.func @identity_of_integers(%x: tensor<?x8xi32>, %o: tensor<?xi32>) {
  // expected-error @below {{C1: the identity of part 0, of integers, is 5.000000e-01}}
  %y = strand.associative_scan(%x) offsets %o {identity = array<f64: 0.5>}
      : (tensor<?x8xi32>, tensor<?xi32>) -> tensor<?x8xi32> {
  ^bb0(%l: i32, %r: i32):
    strand.yield %l : i32
  }
  return
}

// -----

func.func @too_few_maps(%x: tensor<?x8xf32>, %o: tensor<?xi32>) {
  // expected-error @below {{C2: wants 2 indexing maps, has 1}}
  %y = strand.associative_scan(%x, %x) offsets %o {identity = array<f64: 0.0, 0.0>, read = array<i64: 0>, indexing_maps = [affine_map<(t, d) -> (t, d)>]}
      : (tensor<?x8xf32>, tensor<?x8xf32>, tensor<?xi32>) -> tensor<?x8xf32> {
  ^bb0(%l: f32, %m: f32, %r: f32, %s: f32):
    strand.yield %l, %m : f32, f32
  }
  return
}

// -----

func.func @no_projection(%x: tensor<?x8xf32>, %o: tensor<?xi32>) {
  // expected-error @below {{C2: part 0, 'tensor<?x8xf32>', wants an indexing map that takes its dimensions from the 2 of the results, rows first, not affine_map<(d0, d1) -> (d0, d1 + 1)>}}
  %y = strand.associative_scan(%x) offsets %o {identity = array<f64: 0.0>, indexing_maps = [affine_map<(t, d) -> (t, d + 1)>]}
      : (tensor<?x8xf32>, tensor<?xi32>) -> tensor<?x8xf32> {
  ^bb0(%l: f32, %r: f32):
    %0 = arith.addf %l, %r : f32
    strand.yield %0 : f32
  }
  return
}

// -----

func.func @rank_of_a_part(%x: tensor<?x8xf32>, %o: tensor<?xi32>) {
  // expected-error @below {{C2: part 0, 'tensor<?x8xf32>', wants an indexing map that takes its dimensions from the 2 of the results, rows first, not affine_map<(d0, d1) -> (d0)>}}
  %y = strand.associative_scan(%x) offsets %o {identity = array<f64: 0.0>, indexing_maps = [affine_map<(t, d) -> (t)>]}
      : (tensor<?x8xf32>, tensor<?xi32>) -> tensor<?x8xf32> {
  ^bb0(%l: f32, %r: f32):
    %0 = arith.addf %l, %r : f32
    strand.yield %0 : f32
  }
  return
}

// -----

func.func @no_rows(%x: tensor<8xf32>, %o: tensor<?xi32>) {
  // expected-error @below {{C2: no part has rows: every indexing map lacks dimension 0}}
  %y = strand.associative_scan(%x) offsets %o {identity = array<f64: 0.0>, indexing_maps = [affine_map<(t, d) -> (d)>]}
      : (tensor<8xf32>, tensor<?xi32>) -> tensor<?x8xf32> {
  ^bb0(%l: f32, %r: f32):
    %0 = arith.addf %l, %r : f32
    strand.yield %0 : f32
  }
  return
}

// -----

func.func @no_result(%x: tensor<?x8xf32>, %o: tensor<?xi32>) {
  // expected-error @below {{C3: wants a result, with rows}}
  strand.associative_scan(%x) offsets %o {identity = array<f64: 0.0>, read = array<i64>}
      : (tensor<?x8xf32>, tensor<?xi32>) -> () {
  ^bb0(%l: f32, %r: f32):
    %0 = arith.addf %l, %r : f32
    strand.yield %0 : f32
  }
  return
}

// -----

func.func @results_of_two_shapes(%x: tensor<?x8xf32>, %o: tensor<?xi32>) {
  // expected-error @below {{C3: results have one shape, of items of static size and not empty; not 'tensor<?x8xf32>' and 'tensor<?x9xf32>'}}
  %y:2 = strand.associative_scan(%x, %x) offsets %o {identity = array<f64: 0.0, 0.0>}
      : (tensor<?x8xf32>, tensor<?x8xf32>, tensor<?xi32>) -> (tensor<?x8xf32>, tensor<?x9xf32>) {
  ^bb0(%l: f32, %m: f32, %r: f32, %s: f32):
    strand.yield %l, %m : f32, f32
  }
  return
}

// -----

func.func @size_of_a_part(%x: tensor<?x8xf32>, %o: tensor<?xi32>) {
  // expected-error @below {{C3: part 0, 'tensor<?x8xf32>', has size 8 where the results have 9}}
  %y = strand.associative_scan(%x) offsets %o {identity = array<f64: 0.0>}
      : (tensor<?x8xf32>, tensor<?xi32>) -> tensor<?x9xf32> {
  ^bb0(%l: f32, %r: f32):
    %0 = arith.addf %l, %r : f32
    strand.yield %0 : f32
  }
  return
}

// -----

func.func @arguments(%x: tensor<?x8xf32>, %o: tensor<?xi32>) {
  // expected-error @below {{C4: the region's arguments must be 'f32', 'f32', not 'f32'}}
  %y = strand.associative_scan(%x) offsets %o {identity = array<f64: 0.0>}
      : (tensor<?x8xf32>, tensor<?xi32>) -> tensor<?x8xf32> {
  ^bb0(%l: f32):
    strand.yield %l : f32
  }
  return
}

// -----

func.func @yield(%x: tensor<?x8xf32>, %o: tensor<?xi32>) {
  // expected-error @below {{C4: the region must end in a strand.yield of 'f32'}}
  %y = strand.associative_scan(%x) offsets %o {identity = array<f64: 0.0>}
      : (tensor<?x8xf32>, tensor<?xi32>) -> tensor<?x8xf32> {
  ^bb0(%l: f32, %r: f32):
    strand.yield %l, %r : f32, f32
  }
  return
}

// -----

func.func @effects(%x: tensor<?x8xf32>, %o: tensor<?xi32>) {
  %y = strand.associative_scan(%x) offsets %o {identity = array<f64: 0.0>}
      : (tensor<?x8xf32>, tensor<?xi32>) -> tensor<?x8xf32> {
  ^bb0(%l: f32, %r: f32):
    // expected-error @below {{C4: has effects or a region, which a combine must not have}}
    %0 = memref.alloc() : memref<4xf32>
    strand.yield %l : f32
  }
  return
}

// -----

func.func @read_descends(%x: tensor<?x8xf32>, %o: tensor<?xi32>) {
  // expected-error @below {{C5: `read` names 2 parts for 2 results; they have to ascend and to be below 2}}
  %y:2 = strand.associative_scan(%x, %x) offsets %o {identity = array<f64: 0.0, 0.0>, read = array<i64: 1, 0>}
      : (tensor<?x8xf32>, tensor<?x8xf32>, tensor<?xi32>) -> (tensor<?x8xf32>, tensor<?x8xf32>) {
  ^bb0(%l: f32, %m: f32, %r: f32, %s: f32):
    strand.yield %l, %m : f32, f32
  }
  return
}

// -----

func.func @read_of_no_part(%x: tensor<?x8xf32>, %o: tensor<?xi32>) {
  // expected-error @below {{C5: `read` names part 1 of 1}}
  %y = strand.associative_scan(%x) offsets %o {identity = array<f64: 0.0>, read = array<i64: 1>}
      : (tensor<?x8xf32>, tensor<?xi32>) -> tensor<?x8xf32> {
  ^bb0(%l: f32, %r: f32):
    %0 = arith.addf %l, %r : f32
    strand.yield %0 : f32
  }
  return
}

// -----

func.func @result_of_another_type(%x: tensor<?x8xf32>, %o: tensor<?xi32>) {
  // expected-error @below {{C5: the result of part 0 must be of 'f32', not 'tensor<?x8xf64>'}}
  %y = strand.associative_scan(%x) offsets %o {identity = array<f64: 0.0>}
      : (tensor<?x8xf32>, tensor<?xi32>) -> tensor<?x8xf64> {
  ^bb0(%l: f32, %r: f32):
    %0 = arith.addf %l, %r : f32
    strand.yield %0 : f32
  }
  return
}

// -----

func.func @initial(%x: tensor<?x8xf32>, %o: tensor<?xi32>) {
  // expected-error @below {{C6: `initial` must have a number for each of 1 carried parts, not 2}}
  %y = strand.associative_scan(%x) offsets %o {identity = array<f64: 0.0>, initial = array<f64: 0.0, 1.0>}
      : (tensor<?x8xf32>, tensor<?xi32>) -> tensor<?x8xf32> {
  ^bb0(%l: f32, %r: f32):
    %0 = arith.addf %l, %r : f32
    strand.yield %0 : f32
  }
  return
}

// -----

func.func @reverse_with_states(%x: tensor<?x8xf32>, %o: tensor<?xi32>, %s: tensor<?x8xf32>, %slots: tensor<?xi32>) {
  // expected-error @below {{C7: a reverse scan has no states}}
  %y:2 = strand.associative_scan reverse(%x) offsets %o states(%s) slots %slots {identity = array<f64: 0.0>}
      : (tensor<?x8xf32>, tensor<?xi32>, tensor<?x8xf32>, tensor<?xi32>) -> (tensor<?x8xf32>, tensor<?x8xf32>) {
  ^bb0(%l: f32, %r: f32):
    %0 = arith.addf %l, %r : f32
    strand.yield %0 : f32
  }
  return
}

// -----

// States are those of the parts that are carried.
func.func @state_of_another_shape(%x: tensor<?x8xf32>, %o: tensor<?xi32>, %s: tensor<?x9xf32>, %slots: tensor<?xi32>) {
  // expected-error @below {{state 'p' must be slots x 8 of 'f32', not 'tensor<?x9xf32>'}}
  %y:2 = strand.associative_scan(%x) offsets %o states(%s) slots %slots {identity = array<f64: 0.0>}
      : (tensor<?x8xf32>, tensor<?xi32>, tensor<?x9xf32>, tensor<?xi32>) -> (tensor<?x8xf32>, tensor<?x9xf32>) {
  ^bb0(%l: f32, %r: f32):
    %0 = arith.addf %l, %r : f32
    strand.yield %0 : f32
  }
  return
}

// -----

func.func @argument_again(%x: tensor<?x4xf32>, %o: tensor<?xi32>) {
  // expected-error @below {{C4: part 0 of two elements is that of one of them, which has no identity}}
  %y = strand.associative_scan(%x) offsets %o {identity = array<f64: 0.0>} : (tensor<?x4xf32>, tensor<?xi32>) -> tensor<?x4xf32> {
  ^bb0(%l: f32, %r: f32):
    strand.yield %r : f32
  }
  return
}

// -----

func.func @part_again(%x: tensor<?x4xf32>, %o: tensor<?xi32>) {
  // expected-error @below {{C4: part 1 is an earlier part again}}
  %y:2 = strand.associative_scan(%x, %x) offsets %o {identity = array<f64: 0.0, 0.0>}
      : (tensor<?x4xf32>, tensor<?x4xf32>, tensor<?xi32>) -> (tensor<?x4xf32>, tensor<?x4xf32>) {
  ^bb0(%l0: f32, %l1: f32, %r0: f32, %r1: f32):
    %s = arith.addf %l0, %r0 : f32
    strand.yield %s, %s : f32, f32
  }
  return
}

// -----

func.func @rows_behind(%x: tensor<4x?xf32>, %o: tensor<?xi32>) {
  // expected-error @below {{C2: part 0, 'tensor<4x?xf32>', wants an indexing map that takes its dimensions from the 2 of the results, rows first}}
  %y = strand.associative_scan(%x) offsets %o {identity = array<f64: 0.0>, indexing_maps = [affine_map<(t, d) -> (d, t)>]}
      : (tensor<4x?xf32>, tensor<?xi32>) -> tensor<?x4xf32> {
  ^bb0(%l: f32, %r: f32):
    %s = arith.addf %l, %r : f32
    strand.yield %s : f32
  }
  return
}

// -----

func.func @no_such_part(%x: tensor<?x4xf32>, %o: tensor<?xi32>) {
  // expected-error @below {{C5: `read` names part 4294967296 of 1}}
  %y = strand.associative_scan(%x) offsets %o {identity = array<f64: 0.0>, read = array<i64: 4294967296>}
      : (tensor<?x4xf32>, tensor<?xi32>) -> tensor<?x4xf32> {
  ^bb0(%l: f32, %r: f32):
    %s = arith.addf %l, %r : f32
    strand.yield %s : f32
  }
  return
}

// -----

func.func @half_an_integer(%x: tensor<?x4xi32>, %o: tensor<?xi32>) {
  // expected-error @below {{C6: the initial value of part 0, of integers, is 2.5}}
  %y = strand.associative_scan(%x) offsets %o {identity = array<f64: 0.0>, initial = array<f64: 2.5>}
      : (tensor<?x4xi32>, tensor<?xi32>) -> tensor<?x4xi32> {
  ^bb0(%l: i32, %r: i32):
    %s = arith.addi %l, %r : i32
    strand.yield %s : i32
  }
  return
}

// -----

func.func @empty_items(%x: tensor<?x0xf32>, %o: tensor<?xi32>) {
  // expected-error @below {{C3: results have one shape, of items of static size and not empty}}
  %y = strand.associative_scan(%x) offsets %o {identity = array<f64: 0.0>} : (tensor<?x0xf32>, tensor<?xi32>) -> tensor<?x0xf32> {
  ^bb0(%l: f32, %r: f32):
    %s = arith.addf %l, %r : f32
    strand.yield %s : f32
  }
  return
}
