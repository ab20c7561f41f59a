// RUN: strand-opt %s -strand-derive-advance -split-input-file -verify-diagnostics

// expected-error @below {{@forward must have the arguments (tokens: tensor<?xi32>, offsets: tensor<?xi32>)}}
func.func @forward(%tokens: tensor<?xi32>) -> tensor<?xi32> {
  return %tokens : tensor<?xi32>
}

// -----

// expected-error @below {{@forward must have the arguments (tokens: tensor<?xi32>, offsets: tensor<?xi32>)}}
func.func @forward(%x: tensor<?xf32>, %offsets: tensor<?xi32>) -> tensor<?xf32> {
  return %x : tensor<?xf32>
}

// -----

#td = affine_map<(t, d) -> (t, d)>
func.func @stateful(%x: tensor<?x8xf32>, %offsets: tensor<?xi32>, %h: tensor<?x8xf32>, %slots: tensor<?xi32>) -> tensor<?x8xf32> {
  // expected-error @below {{has state already}}
  %y:2 = strand.linear_recurrence decay(%x) input(%x) offsets %offsets states(%h) slots %slots {indexing_maps = [#td, #td, #td]}
      : (tensor<?x8xf32>, tensor<?x8xf32>, tensor<?xi32>, tensor<?x8xf32>, tensor<?xi32>) -> (tensor<?x8xf32>, tensor<?x8xf32>)
  return %y#0 : tensor<?x8xf32>
}

// -----

#td = affine_map<(t, d) -> (t, d)>
func.func @in_a_region(%x: tensor<?x8xf32>, %offsets: tensor<?xi32>, %c: i1) -> tensor<?x8xf32> {
  %r = scf.if %c -> tensor<?x8xf32> {
    // expected-error @below {{carries state inside a region of scf.if; move it in front of that op or into a function of its own}}
    %y = strand.linear_recurrence decay(%x) input(%x) offsets %offsets {indexing_maps = [#td, #td, #td]}
        : (tensor<?x8xf32>, tensor<?x8xf32>, tensor<?xi32>) -> tensor<?x8xf32>
    scf.yield %y : tensor<?x8xf32>
  } else {
    scf.yield %x : tensor<?x8xf32>
  }
  return %r : tensor<?x8xf32>
}

// -----

// expected-error @below {{calls itself, directly or through others; models have no recursion}}
func.func private @a(%x: tensor<?xf32>) -> tensor<?xf32> {
  %y = call @b(%x) : (tensor<?xf32>) -> tensor<?xf32>
  return %y : tensor<?xf32>
}
func.func private @b(%x: tensor<?xf32>) -> tensor<?xf32> {
  %y = call @a(%x) : (tensor<?xf32>) -> tensor<?xf32>
  return %y : tensor<?xf32>
}

// -----

// What looks at other rows or at its own place would depend on how a sequence is cut.
#id = affine_map<(t, d) -> (t, d)>
func.func @number_of_a_row(%x: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %y = linalg.generic {indexing_maps = [#id], iterator_types = ["parallel", "parallel"]} outs(%x : tensor<?x8xf32>) {
  ^bb0(%out: f32):
    // expected-error @below {{reads the number of a row: a row would depend on how its sequence is cut; strand.position gives a row's place in its sequence}}
    %i = linalg.index 0 : index
    %n = arith.index_cast %i : index to i32
    %f = arith.sitofp %n : i32 to f32
    linalg.yield %f : f32
  } -> tensor<?x8xf32>
  return %y : tensor<?x8xf32>
}

// -----

#id = affine_map<(t, d) -> (t, d)>
func.func @reads_a_row(%x: tensor<?x8xf32>, %z: tensor<?x8xf32>) -> tensor<?x8xf32> {
  %c0 = arith.constant 0 : index
  %y = linalg.generic {indexing_maps = [#id], iterator_types = ["parallel", "parallel"]} outs(%x : tensor<?x8xf32>) {
  ^bb0(%out: f32):
    %j = linalg.index 1 : index
    // expected-error @below {{reads rows by their number: a row would depend on how its sequence is cut; strand.shift gives earlier rows, strand.scan a sum of them}}
    %v = tensor.extract %z[%c0, %j] : tensor<?x8xf32>
    linalg.yield %v : f32
  } -> tensor<?x8xf32>
  return %y : tensor<?x8xf32>
}

// -----

#q = affine_map<(t, s, d) -> (t, d)>
#k = affine_map<(t, s, d) -> (s, d)>
#y = affine_map<(t, s, d) -> (t, s)>
func.func @all_pairs(%q: tensor<?x8xf32>, %k: tensor<?x8xf32>, %y: tensor<?x?xf32>) -> tensor<?x?xf32> {
  // expected-error @below {{pairs rows with other rows: a row would depend on how its sequence is cut; strand.attention and strand.scan do that with state}}
  %p = linalg.generic {indexing_maps = [#q, #k, #y], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%q, %k : tensor<?x8xf32>, tensor<?x8xf32>) outs(%y : tensor<?x?xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %m = arith.mulf %a, %b : f32
    %s = arith.addf %m, %c : f32
    linalg.yield %s : f32
  } -> tensor<?x?xf32>
  return %p : tensor<?x?xf32>
}

// -----

#diagonal = affine_map<(t, d) -> (t + d)>
#id = affine_map<(t, d) -> (t, d)>
func.func @window(%x: tensor<?xf32>, %y: tensor<?x4xf32>) -> tensor<?x4xf32> {
  // expected-error @below {{pairs rows with other rows}}
  %w = linalg.generic {indexing_maps = [#diagonal, #id], iterator_types = ["parallel", "parallel"]}
      ins(%x : tensor<?xf32>) outs(%y : tensor<?x4xf32>) {
  ^bb0(%a: f32, %out: f32):
    linalg.yield %a : f32
  } -> tensor<?x4xf32>
  return %w : tensor<?x4xf32>
}

// -----

#id = affine_map<(t, d) -> (t, d)>
#d = affine_map<(t, d) -> (d)>
func.func @sum_over_rows(%x: tensor<?x8xf32>, %y: tensor<8xf32>) -> tensor<8xf32> {
  // expected-error @below {{sums over rows: a row would depend on how its sequence is cut; strand.scan does that with state}}
  %s = linalg.generic {indexing_maps = [#id, #d], iterator_types = ["reduction", "parallel"]}
      ins(%x : tensor<?x8xf32>) outs(%y : tensor<8xf32>) {
  ^bb0(%a: f32, %b: f32):
    %c = arith.addf %a, %b : f32
    linalg.yield %c : f32
  } -> tensor<8xf32>
  return %s : tensor<8xf32>
}

// -----

func.func @split_rows(%x: tensor<?xf32>, %n: index) -> tensor<?x4xf32> {
  // expected-error @below {{splits dimension 0: a row would depend on how its sequence is cut; keep rows as they are}}
  %y = tensor.expand_shape %x [[0, 1]] output_shape [%n, 4] : tensor<?xf32> into tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}

// -----

func.func @joined_rows(%x: tensor<?x4xf32>) -> tensor<?xf32> {
  // expected-error @below {{joins dimension 0 with others: a row would depend on how its sequence is cut; keep rows as they are}}
  %y = tensor.collapse_shape %x [[0, 1]] : tensor<?x4xf32> into tensor<?xf32>
  return %y : tensor<?xf32>
}

// -----

func.func @some_rows(%x: tensor<?x4xf32>, %n: index) -> tensor<?x4xf32> {
  // expected-error @below {{takes rows by their number: a row would depend on how its sequence is cut; strand.compact keeps rows under a mask}}
  %y = tensor.extract_slice %x[0, 0] [%n, 4] [1, 1] : tensor<?x4xf32> to tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}

// -----

func.func @every_other_row(%x: tensor<?x4xf32>, %z: tensor<?x4xf32>) -> tensor<?x4xf32> {
  %c0 = arith.constant 0 : index
  %n = tensor.dim %z, %c0 : tensor<?x4xf32>
  // expected-error @below {{takes rows by their number}}
  %y = tensor.insert_slice %z into %x[0, 0] [%n, 4] [2, 1] : tensor<?x4xf32> into tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}

// -----

func.func @row_in_front(%x: tensor<?x4xf32>) -> tensor<?x4xf32> {
  %zero = arith.constant 0.0 : f32
  // expected-error @below {{adds rows: a row would depend on how its sequence is cut; strand.shift begins a sequence with zeros}}
  %y = tensor.pad %x low[1, 0] high[0, 0] {
  ^bb0(%i: index, %j: index):
    tensor.yield %zero : f32
  } : tensor<?x4xf32> to tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}

// -----

func.func @rows_behind_rows(%x: tensor<?x4xf32>) -> tensor<?x4xf32> {
  // expected-error @below {{puts rows behind other rows: a row would depend on how its sequence is cut; pass them as one call}}
  %y = tensor.concat dim(0) %x, %x : (tensor<?x4xf32>, tensor<?x4xf32>) -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}

// -----

func.func @by_hand(%x: tensor<?x4xf32>, %i: index) -> tensor<?x4xf32> {
  %zero = arith.constant 0.0 : f32
  // expected-error @below {{'tensor.insert' op is not known to treat each row by itself: a row would depend on how its sequence is cut; write it as linalg with dimension 0 parallel}}
  %y = tensor.insert %zero into %x[%i, %i] : tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}

// -----

#td = affine_map<(t, d) -> (t, d)>
func.func private @stateful(%x: tensor<?x8xf32>, %offsets: tensor<?xi32>) -> tensor<?x8xf32> {
  %y = strand.linear_recurrence decay(%x) input(%x) offsets %offsets {indexing_maps = [#td, #td, #td]}
      : (tensor<?x8xf32>, tensor<?x8xf32>, tensor<?xi32>) -> tensor<?x8xf32>
  return %y : tensor<?x8xf32>
}
func.func @whole(%x: tensor<?x8xf32>, %offsets: tensor<?xi32>) -> tensor<?x8xf32> attributes {strand.whole} {
  // expected-error @below {{in a function marked strand.whole calls @stateful, which carries state; inline it}}
  %y = func.call @stateful(%x, %offsets) : (tensor<?x8xf32>, tensor<?xi32>) -> tensor<?x8xf32>
  return %y : tensor<?x8xf32>
}
