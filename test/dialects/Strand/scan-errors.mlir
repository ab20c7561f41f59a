// RUN: strand-opt %s -split-input-file -verify-diagnostics -allow-unregistered-dialect

func.func @c1_no_input(%offsets: tensor<?xi32>) {
  // expected-error @below {{C1: wants an input, whose rows are counted}}
  strand.scan carry(%h : tensor<4xf32>) offsets %offsets : tensor<?xi32> -> () {
    strand.yield next %h : tensor<4xf32>
  }
  return
}

// -----

func.func @c1_not_rows(%input: tensor<f32>, %offsets: tensor<?xi32>) {
  // expected-error @below {{C1: an input must be rows x item, not 'tensor<f32>'}}
  strand.scan rows(%x = %input : tensor<f32>) offsets %offsets : tensor<?xi32> -> () {
    strand.yield
  }
  return
}

// -----

func.func @c1_other_rows(%input: tensor<?x4xf32>, %other: tensor<8x4xf32>, %offsets: tensor<?xi32>) {
  // expected-error @below {{C1: inputs and results must have the rows of the first input, 'tensor<?x4xf32>', not 'tensor<8x4xf32>'}}
  strand.scan rows(%x = %input : tensor<?x4xf32>, %z = %other : tensor<8x4xf32>) offsets %offsets : tensor<?xi32> -> () {
    strand.yield
  }
  return
}

// -----

func.func @c1_dynamic_item(%input: tensor<?x?xf32>, %offsets: tensor<?xi32>) {
  // expected-error @below {{C1: an item must have a static size, not 'tensor<?x?xf32>'}}
  strand.scan rows(%x = %input : tensor<?x?xf32>) offsets %offsets : tensor<?xi32> -> () {
    strand.yield
  }
  return
}

// -----

func.func @c2(%input: tensor<?x4xf32>, %other: tensor<?x4xf32>, %offsets: tensor<?xi32>) {
  // expected-error @below {{C2: what is constant over rows must have a static shape, not 'tensor<?x4xf32>'}}
  strand.scan rows(%x = %input : tensor<?x4xf32>) with(%w = %other : tensor<?x4xf32>) offsets %offsets : tensor<?xi32> -> () {
    strand.yield
  }
  return
}

// -----

func.func @c3_count(%input: tensor<?x4xf32>, %offsets: tensor<?xi32>) {
  // expected-error @below {{C3: the region wants 1 arguments (inputs, invariants, carried values), has 2}}
  "strand.scan"(%input, %offsets) <{initial = [], operandSegmentSizes = array<i32: 1, 0, 0, 1, 0, 0>}> ({
  ^bb0(%x: tensor<4xf32>, %h: tensor<4xf32>):
    "strand.yield"() <{operandSegmentSizes = array<i32: 0, 0>}> : () -> ()
  }) : (tensor<?x4xf32>, tensor<?xi32>) -> ()
  return
}

// -----

func.func @c3_row(%input: tensor<?x4xf32>, %offsets: tensor<?xi32>) {
  // expected-error @below {{C3: region argument 0 must be 'tensor<4xf32>', not 'tensor<1x4xf32>'}}
  "strand.scan"(%input, %offsets) <{initial = [], operandSegmentSizes = array<i32: 1, 0, 0, 1, 0, 0>}> ({
  ^bb0(%x: tensor<1x4xf32>):
    "strand.yield"() <{operandSegmentSizes = array<i32: 0, 0>}> : () -> ()
  }) : (tensor<?x4xf32>, tensor<?xi32>) -> ()
  return
}

// -----

func.func @c3_carried_type(%input: tensor<?x4xf32>, %offsets: tensor<?xi32>) {
  // expected-error @below {{C3: a carried value must be a static tensor of f32, f64 or i32, not 'tensor<4xbf16>'}}
  strand.scan rows(%x = %input : tensor<?x4xf32>) carry(%h : tensor<4xbf16>) offsets %offsets : tensor<?xi32> -> () {
    strand.yield next %h : tensor<4xbf16>
  }
  return
}

// -----

func.func @c3_carried_number(%input: tensor<?x4xf32>, %offsets: tensor<?xi32>) {
  // expected-error @below {{C3: a carried value must be a tensor of f32, f64 or i32, not 'f32'}}
  strand.scan rows(%x = %input : tensor<?x4xf32>) carry(%h : f32) offsets %offsets : tensor<?xi32> -> () {
    strand.yield next %h : f32
  }
  return
}

// -----

func.func @c4_type(%input: tensor<?x4xf32>, %offsets: tensor<?xi32>) {
  // expected-error @below {{C4: carried value 0 must begin at a number of type 'f32', not 1 : i32}}
  "strand.scan"(%input, %offsets) <{initial = [1 : i32], operandSegmentSizes = array<i32: 1, 0, 0, 1, 0, 0>}> ({
  ^bb0(%x: tensor<4xf32>, %h: tensor<4xf32>):
    "strand.yield"(%h) <{operandSegmentSizes = array<i32: 0, 1>}> : (tensor<4xf32>) -> ()
  }) : (tensor<?x4xf32>, tensor<?xi32>) -> ()
  return
}

// -----

func.func @c4_no_tensor(%input: tensor<?x4xf32>, %offsets: tensor<?xi32>) {
  // expected-error @below {{C4: carried value 0 wants a tensor to begin at, of type 'tensor<4xf32>'}}
  "strand.scan"(%input, %offsets) <{initial = [unit], operandSegmentSizes = array<i32: 1, 0, 0, 1, 0, 0>}> ({
  ^bb0(%x: tensor<4xf32>, %h: tensor<4xf32>):
    "strand.yield"(%h) <{operandSegmentSizes = array<i32: 0, 1>}> : (tensor<4xf32>) -> ()
  }) : (tensor<?x4xf32>, tensor<?xi32>) -> ()
  return
}

// -----

func.func @c4_too_many_tensors(%input: tensor<?x4xf32>, %w: tensor<4xf32>, %offsets: tensor<?xi32>) {
  // expected-error @below {{C4: 0 carried values begin at a tensor, but there are 1}}
  "strand.scan"(%input, %w, %offsets) <{initial = [0.0 : f32], operandSegmentSizes = array<i32: 1, 0, 1, 1, 0, 0>}> ({
  ^bb0(%x: tensor<4xf32>, %h: tensor<4xf32>):
    "strand.yield"(%h) <{operandSegmentSizes = array<i32: 0, 1>}> : (tensor<4xf32>) -> ()
  }) : (tensor<?x4xf32>, tensor<4xf32>, tensor<?xi32>) -> ()
  return
}

// -----

func.func @c5_count(%input: tensor<?x4xf32>, %offsets: tensor<?xi32>) -> tensor<?x4xf32> {
  // expected-error @below {{C5: the region must end in a strand.yield of 1 rows and 1 next values}}
  %y = strand.scan rows(%x = %input : tensor<?x4xf32>) carry(%h : tensor<4xf32>) offsets %offsets : tensor<?xi32> -> tensor<?x4xf32> {
    strand.yield %h : tensor<4xf32>
  }
  return %y : tensor<?x4xf32>
}

// -----

func.func @c5_row(%input: tensor<?x4xf32>, %offsets: tensor<?xi32>) -> tensor<?x3xf32> {
  %y = strand.scan rows(%x = %input : tensor<?x4xf32>) offsets %offsets : tensor<?xi32> -> tensor<?x3xf32> {
    // expected-error @below {{C5: a row of 'tensor<?x3xf32>' must be 'tensor<3xf32>', not 'tensor<4xf32>'}}
    strand.yield %x : tensor<4xf32>
  }
  return %y : tensor<?x3xf32>
}

// -----

func.func @c5_next(%input: tensor<?x4xf32>, %offsets: tensor<?xi32>) {
  strand.scan rows(%x = %input : tensor<?x4xf32>) carry(%h : tensor<3xf32>) offsets %offsets : tensor<?xi32> -> () {
    // expected-error @below {{C5: a next value must have the type of the carried one, 'tensor<3xf32>', not 'tensor<4xf32>'}}
    strand.yield next %x : tensor<4xf32>
  }
  return
}

// -----

func.func @c6(%input: tensor<?x4xf32>, %s: tensor<?x4xf32>, %offsets: tensor<?xi32>, %slots: tensor<?xi32>) {
  // expected-error @below {{C6: a reverse scan has no states}}
  %y = strand.scan reverse rows(%x = %input : tensor<?x4xf32>) carry(%h : tensor<4xf32>) offsets %offsets : tensor<?xi32>
       states(%s : tensor<?x4xf32>) slots %slots : tensor<?xi32> -> tensor<?x4xf32> {
    strand.yield next %h : tensor<4xf32>
  }
  return
}

// -----

func.func @c7(%input: tensor<?x4xf32>, %offsets: tensor<?xi32>) {
  strand.scan rows(%x = %input : tensor<?x4xf32>) carry(%h : tensor<4xf32>) offsets %offsets : tensor<?xi32> -> () {
    // expected-error @below {{C7: has effects, which a step must not have}}
    "test.print"(%x) : (tensor<4xf32>) -> ()
    strand.yield next %h : tensor<4xf32>
  }
  return
}

// -----

func.func @isolated(%input: tensor<?x4xf32>, %w: tensor<4xf32>, %offsets: tensor<?xi32>) {
  // expected-note @below {{required by region isolation constraints}}
  strand.scan rows(%x = %input : tensor<?x4xf32>) carry(%h : tensor<4xf32>) offsets %offsets : tensor<?xi32> -> () {
    // expected-error @below {{using value defined outside the region}}
    %0 = arith.mulf %h, %w : tensor<4xf32>
    strand.yield next %0 : tensor<4xf32>
  }
  return
}

// -----

func.func @states_missing(%input: tensor<?x4xf32>, %w: tensor<4xf32>, %s: tensor<?x4xf32>, %offsets: tensor<?xi32>, %slots: tensor<?xi32>) {
  // expected-error @below {{carries 2 values, but has 1 state operands}}
  %y = strand.scan rows(%x = %input : tensor<?x4xf32>) carry(%h : tensor<4xf32> = %w) offsets %offsets : tensor<?xi32>
       states(%s : tensor<?x4xf32>) slots %slots : tensor<?xi32> -> tensor<?x4xf32> {
    strand.yield next %h : tensor<4xf32>
  }
  return
}
