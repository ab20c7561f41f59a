// What is wrong is found, and told so that it can be seen again.
// RUN: not strand-check %s --function=first_row_of_the_call | FileCheck %s --check-prefix=FIRST --implicit-check-not="form whole"
// RUN: not strand-check %s --function=sees_its_neighbour --forms=packed | FileCheck %s --check-prefix=NEIGHBOUR
// RUN: not strand-check %s --function=overflows | FileCheck %s --check-prefix=OVERFLOWS
// RUN: not strand-check %s --function=loses_digits --forms=whole --seed=7 --rows=60 | FileCheck %s --check-prefix=DIGITS
// RUN: strand-check %s --function=loses_digits_by_leave | FileCheck %s --check-prefix=LEAVE
// RUN: not strand-check %s --function=one_column | FileCheck %s --check-prefix=ELEMENT
// RUN: not strand-check %s --function=other_integers | FileCheck %s --check-prefix=INTEGERS
// RUN: not strand-check %s --function=state_of_the_state --forms=state,rows | FileCheck %s --check-prefix=STATE
// RUN: not strand-check %s --function=no_meaning | FileCheck %s --check-prefix=MEANING
// RUN: not strand-check %s --function=all_pairs 2>&1 | FileCheck %s --check-prefix=PAIRS
// RUN: not strand-check %s --function=knows_its_place 2>&1 | FileCheck %s --check-prefix=PLACE

#td = affine_map<(t, d) -> (t, d)>
#d = affine_map<(t, d) -> (d)>
#t = affine_map<(t) -> (t)>

// Forms that differ: a sequence alone is right, one behind others is not.
// FIRST:      first_row_of_the_call: form packed is wrong: {{256|512}} bits, level 1, 1 thread
// FIRST-NEXT:   result 0, sequence {{[0-9]+}}, row {{[0-9]+}}, channel [0] is {{[-0-9.e]+}}, and NaN when other sequences are NaN
// FIRST-NEXT:   seed 1, lengths {{[0-9 ]+$}}
func.func @first_row_of_the_call(%x: tensor<?x4xf32>) -> tensor<?x4xf32> {
  %c0 = arith.constant 0 : index
  %n = tensor.dim %x, %c0 : tensor<?x4xf32>
  %e = tensor.empty(%n) : tensor<?x4xf32>
  %y = linalg.generic {indexing_maps = [#td, #td], iterator_types = ["parallel", "parallel"]}
      ins(%x : tensor<?x4xf32>) outs(%e : tensor<?x4xf32>) {
  ^bb0(%v: f32, %out: f32):
    %j = linalg.index 1 : index
    %first = tensor.extract %x[%c0, %j] : tensor<?x4xf32>
    %s = arith.addf %v, %first : f32
    linalg.yield %s : f32
  } -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}

// The number of a neighbour's row times 0 is right as long as that row is finite.
// NEIGHBOUR: sees_its_neighbour: form packed is wrong: {{256|512}} bits, level 1, 1 thread
// NEIGHBOUR-NEXT: and NaN when other sequences are NaN
func.func @sees_its_neighbour(%x: tensor<?x4xf32>) -> tensor<?x4xf32> {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %n = tensor.dim %x, %c0 : tensor<?x4xf32>
  %e = tensor.empty(%n) : tensor<?x4xf32>
  %y = linalg.generic {indexing_maps = [#td, #td], iterator_types = ["parallel", "parallel"]}
      ins(%x : tensor<?x4xf32>) outs(%e : tensor<?x4xf32>) {
  ^bb0(%v: f32, %out: f32):
    %j = linalg.index 1 : index
    %first = tensor.extract %x[%c0, %j] : tensor<?x4xf32>
    %nothing = arith.mulf %first, %zero : f32
    %s = arith.addf %v, %nothing : f32
    linalg.yield %s : f32
  } -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}

// OVERFLOWS:      overflows: form whole is wrong: {{256|512}} bits, level 1, 1 thread
// OVERFLOWS-NEXT:   relative RMS error NaN, bound 1.0e-06; largest error NaN, bound 1.6e-05
// OVERFLOWS-NEXT:   first at result 0, sequence {{[0-9]+}}, row 0, channel [0]: NaN, and 1 in the meaning
// OVERFLOWS:      overflows: form packed is wrong
func.func @overflows(%x: tensor<?x4xf32> {check.range = [100.0, 200.0]}) -> tensor<?x4xf32> {
  %up = math.exp %x : tensor<?x4xf32>
  %minus = arith.negf %x : tensor<?x4xf32>
  %down = math.exp %minus : tensor<?x4xf32>
  %y = arith.mulf %up, %down : tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}

// 1000 + x - 1000 leaves 2^-14 of rounding on x.
// DIGITS:      loses_digits: form whole is wrong: {{256|512}} bits, level 1, 1 thread
// DIGITS-NEXT:   relative RMS error {{[1-9].[0-9]}}e-05, bound 1.0e-06; largest error {{.*}}, bound 1.6e-05
// DIGITS-NEXT:   first at result 0, sequence {{[0-9]+}}, row {{[0-9]+}}, channel [{{[0-9]}}]: {{[-0-9.]+}}, and {{[-0-9.]+}} in the meaning
// DIGITS-NEXT:   seed 7, lengths
// LEAVE: loses_digits_by_leave: 2 forms right, worst {{[1-9].[0-9]}}e-05
func.func private @subtract_again(%x: tensor<?x4xf32>) -> tensor<?x4xf32> {
  %k = arith.constant 1000.0 : f32
  %c0 = arith.constant 0 : index
  %n = tensor.dim %x, %c0 : tensor<?x4xf32>
  %e = tensor.empty(%n) : tensor<?x4xf32>
  %y = linalg.generic {indexing_maps = [#td, #td], iterator_types = ["parallel", "parallel"]}
      ins(%x : tensor<?x4xf32>) outs(%e : tensor<?x4xf32>) {
  ^bb0(%v: f32, %out: f32):
    %a = arith.addf %v, %k : f32
    %b = arith.subf %a, %k : f32
    linalg.yield %b : f32
  } -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}
func.func @loses_digits(%x: tensor<?x4xf32>) -> tensor<?x4xf32> {
  %y = call @subtract_again(%x) : (tensor<?x4xf32>) -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}
func.func @loses_digits_by_leave(%x: tensor<?x4xf32>) -> tensor<?x4xf32> attributes {check.tolerance = 1.0e-4} {
  %y = call @subtract_again(%x) : (tensor<?x4xf32>) -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}

// One column of two thousand is off, too few for the mean: the largest error shows it.
// ELEMENT:      one_column: form whole is wrong: {{256|512}} bits, level 1, 1 thread
// ELEMENT-NEXT:   relative RMS error {{[1-9].[0-9]}}e-07, bound 1.0e-06; largest error {{[2-9].[0-9]}}e-05, bound 1.6e-05
// ELEMENT-NEXT:   first at result 0, sequence {{[0-9]+}}, row {{[0-9]+}}, channel [77]:
func.func @one_column(%x: tensor<?x2000xf32> {check.range = [0.9, 1.0]}) -> tensor<?x2000xf32> {
  %k = arith.constant 1000.0 : f32
  %c77 = arith.constant 77 : index
  %c0 = arith.constant 0 : index
  %n = tensor.dim %x, %c0 : tensor<?x2000xf32>
  %e = tensor.empty(%n) : tensor<?x2000xf32>
  %y = linalg.generic {indexing_maps = [#td, #td], iterator_types = ["parallel", "parallel"]}
      ins(%x : tensor<?x2000xf32>) outs(%e : tensor<?x2000xf32>) {
  ^bb0(%v: f32, %out: f32):
    %j = linalg.index 1 : index
    %here = arith.cmpi eq, %j, %c77 : index
    %a = arith.addf %v, %k : f32
    %b = arith.subf %a, %k : f32
    %r = arith.select %here, %b, %v : f32
    linalg.yield %r : f32
  } -> tensor<?x2000xf32>
  return %y : tensor<?x2000xf32>
}

// Integers are the same or they are wrong.
// INTEGERS:      other_integers: form whole is wrong: {{256|512}} bits, level 1, 1 thread
// INTEGERS-NEXT:   bound 0.0e+00
// INTEGERS-NEXT:   first at result 0, sequence {{[0-9]+}}, row {{[0-9]+}}, channel []: 16777216, and 16777217 in the meaning
func.func @other_integers(%n: tensor<?xi32> {check.range = [16777217, 16777217]}) -> tensor<?xi32> {
  %c0 = arith.constant 0 : index
  %rows = tensor.dim %n, %c0 : tensor<?xi32>
  %e = tensor.empty(%rows) : tensor<?xi32>
  %y = linalg.generic {indexing_maps = [#t, #t], iterator_types = ["parallel"]}
      ins(%n : tensor<?xi32>) outs(%e : tensor<?xi32>) {
  ^bb0(%i: i32, %out: i32):
    %f = arith.sitofp %i : i32 to f32
    %back = arith.fptosi %f : f32 to i32
    linalg.yield %back : i32
  } -> tensor<?xi32>
  return %y : tensor<?xi32>
}

// The result is 0 and right; the state holds f32's sum of a large and a small number.
// STATE:      state_of_the_state: form state is wrong: {{256|512}} bits, level 1, 1 thread
// STATE-NEXT:   relative RMS error
// STATE-NEXT:   first at state 'state_of_the_state.linear_recurrence.h' after sequence {{[0-9]+}}, channel [{{[0-9]}}]:
// STATE:      state_of_the_state: form rows is wrong
func.func @state_of_the_state(%x: tensor<?x4xf32> {check.range = [1.0e5, 2.0e5]}, %w: tensor<4xf32> {check.range = [1.0, 1.0]}, %offsets: tensor<?xi32>)
    -> tensor<?x4xf32> {
  %zero = arith.constant dense<0.0> : tensor<4xf32>
  %c0 = arith.constant 0 : index
  %n = tensor.dim %x, %c0 : tensor<?x4xf32>
  %e = tensor.empty(%n) : tensor<?x4xf32>
  %k = arith.constant 1.0e12 : f32
  %b = linalg.generic {indexing_maps = [#td, #td], iterator_types = ["parallel", "parallel"]}
      ins(%x : tensor<?x4xf32>) outs(%e : tensor<?x4xf32>) {
  ^bb0(%v: f32, %out: f32):
    %sum = arith.addf %v, %k : f32
    %rest = arith.subf %sum, %k : f32
    linalg.yield %rest : f32
  } -> tensor<?x4xf32>
  %y = strand.linear_recurrence decay(%w) input(%b) read(%zero) offsets %offsets {indexing_maps = [#d, #td, #d, #td]}
      : (tensor<4xf32>, tensor<?x4xf32>, tensor<4xf32>, tensor<?xi32>) -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}

// MEANING:      no_meaning: form meaning is wrong: result 0, sequence {{[0-9]+}}, row 0, channel [0] is NaN
// MEANING-NEXT:   seed 1, lengths
func.func @no_meaning(%x: tensor<?x4xf32> {check.range = [-2.0, -1.0]}) -> tensor<?x4xf32> {
  %y = math.log %x : tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}

// It has a meaning, but the compiler cannot make the form, since a temporary grows with the square of the rows.
// PAIRS: error: dimension 1 grows with the rows or sequences of a call
// PAIRS-NOT: error:
// PAIRS: all_pairs: form whole is wrong: cannot be compiled; the error was reported
func.func @all_pairs(%x: tensor<?xf32>) -> tensor<?xf32> {
  %zero = arith.constant 0.0 : f32
  %c0 = arith.constant 0 : index
  %n = tensor.dim %x, %c0 : tensor<?xf32>
  %square = tensor.empty(%n, %n) : tensor<?x?xf32>
  %none = linalg.fill ins(%zero : f32) outs(%square : tensor<?x?xf32>) -> tensor<?x?xf32>
  %products = linalg.generic {indexing_maps = [affine_map<(t, s, k) -> (t)>, affine_map<(t, s, k) -> (s)>, affine_map<(t, s, k) -> (k)>,
      affine_map<(t, s, k) -> (t, s)>], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %x, %x : tensor<?xf32>, tensor<?xf32>, tensor<?xf32>) outs(%none : tensor<?x?xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32, %out: f32):
    %ab = arith.mulf %a, %b : f32
    %s = arith.addf %out, %ab : f32
    linalg.yield %s : f32
  } -> tensor<?x?xf32>
  %e = tensor.empty(%n) : tensor<?xf32>
  %nothing = linalg.fill ins(%zero : f32) outs(%e : tensor<?xf32>) -> tensor<?xf32>
  %y = linalg.generic {indexing_maps = [#td, affine_map<(t, d) -> (t)>], iterator_types = ["parallel", "reduction"]}
      ins(%products : tensor<?x?xf32>) outs(%nothing : tensor<?xf32>) {
  ^bb0(%a: f32, %out: f32):
    %s = arith.addf %out, %a : f32
    linalg.yield %s : f32
  } -> tensor<?xf32>
  return %y : tensor<?xf32>
}

// What cannot be given state has no meaning with state.
// PLACE: finds.mlir:[[#@LINE+11]]:{{[0-9]+}}: error: 'linalg.index' op reads the number of a row
// PLACE: knows_its_place: form meaning is wrong: cannot be compiled; the error was reported
func.func @knows_its_place(%x: tensor<?x4xf32>, %g: tensor<?x4xf32> {check.kind = "gates"}, %offsets: tensor<?xi32>) -> tensor<?x4xf32> {
  %c0 = arith.constant 0 : index
  %n = tensor.dim %x, %c0 : tensor<?x4xf32>
  %e = tensor.empty(%n) : tensor<?x4xf32>
  %h = strand.linear_recurrence decay(%g) input(%x) offsets %offsets {log, indexing_maps = [#td, #td, #td]}
      : (tensor<?x4xf32>, tensor<?x4xf32>, tensor<?xi32>) -> tensor<?x4xf32>
  %y = linalg.generic {indexing_maps = [#td, #td], iterator_types = ["parallel", "parallel"]}
      ins(%h : tensor<?x4xf32>) outs(%e : tensor<?x4xf32>) {
  ^bb0(%v: f32, %out: f32):
    %i = linalg.index 0 : index
    %j = arith.index_cast %i : index to i32
    %f = arith.sitofp %j : i32 to f32
    %s = arith.addf %v, %f : f32
    linalg.yield %s : f32
  } -> tensor<?x4xf32>
  return %y : tensor<?x4xf32>
}
