// RUN: strand-opt %s -split-input-file -verify-diagnostics

func.func @x_and_result_differ(%x: tensor<?x8xf32>, %o: tensor<?xi32>) -> tensor<?x8xf64> {
  // expected-error @below {{C1: x and the result must have one type, rows x a static item, not 'tensor<?x8xf32>' and 'tensor<?x8xf64>'}}
  %y = strand.shift %x by 1 offsets %o : (tensor<?x8xf32>, tensor<?xi32>) -> tensor<?x8xf64>
  return %y : tensor<?x8xf64>
}

// -----

func.func @item_unknown(%x: tensor<?x?xf32>, %o: tensor<?xi32>) -> tensor<?x?xf32> {
  // expected-error @below {{C1: x and the result must have one type, rows x a static item}}
  %y = strand.shift %x by 1 offsets %o : (tensor<?x?xf32>, tensor<?xi32>) -> tensor<?x?xf32>
  return %y : tensor<?x?xf32>
}

// -----

func.func @by_nothing(%x: tensor<?x8xf32>, %o: tensor<?xi32>) -> tensor<?x8xf32> {
  // expected-error @below {{C2: n must be at least 1, not 0}}
  %y = strand.shift %x by 0 offsets %o : (tensor<?x8xf32>, tensor<?xi32>) -> tensor<?x8xf32>
  return %y : tensor<?x8xf32>
}

// -----

func.func @half_an_id(%x: tensor<?xi32>, %o: tensor<?xi32>) -> tensor<?xi32> {
  // expected-error-re @below {{C3: the fill of 32-bit integers must be one, not {{5.0*e-01}}}}
  %y = strand.shift %x by 1 offsets %o {fill = 0.5 : f32} : (tensor<?xi32>, tensor<?xi32>) -> tensor<?xi32>
  return %y : tensor<?xi32>
}

// -----

func.func @id_too_large(%x: tensor<?xi32>, %o: tensor<?xi32>) -> tensor<?xi32> {
  // expected-error @below {{C3: the fill of 32-bit integers must be one}}
  %y = strand.shift %x by 1 offsets %o {fill = 4.0e9 : f32} : (tensor<?xi32>, tensor<?xi32>) -> tensor<?xi32>
  return %y : tensor<?xi32>
}

// -----

func.func @state_of_one_row_for_two(%x: tensor<?x8xf32>, %o: tensor<?xi32>, %l: tensor<?x1x8xf32>, %s: tensor<?xi32>)
    -> (tensor<?x8xf32>, tensor<?x1x8xf32>) {
  // expected-error @below {{state 'last' must be slots x 2, 8 of 'f32', not 'tensor<?x1x8xf32>'}}
  %y:2 = strand.shift %x by 2 offsets %o states(%l) slots %s : (tensor<?x8xf32>, tensor<?xi32>, tensor<?x1x8xf32>, tensor<?xi32>) -> (tensor<?x8xf32>, tensor<?x1x8xf32>)
  return %y#0, %y#1 : tensor<?x8xf32>, tensor<?x1x8xf32>
}
