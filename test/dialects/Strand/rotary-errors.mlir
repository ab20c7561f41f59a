// RUN: strand-opt %s -split-input-file -verify-diagnostics

func.func @c1_rank(%x: tensor<?x4xf32>, %p: tensor<?xi32>) {
  // expected-error @+1 {{C1: x must be rows x heads x a static size, with as many rows as 'tensor<?xi32>', not 'tensor<?x4xf32>'}}
  %y = strand.rotary %x, %p {base = 10000.0 : f64} : tensor<?x4xf32>, tensor<?xi32>
  return
}

// -----

func.func @c1_dynamic_size(%x: tensor<?x2x?xf32>, %p: tensor<?xi32>) {
  // expected-error @+1 {{C1: x must be rows x heads x a static size}}
  %y = strand.rotary %x, %p {base = 10000.0 : f64} : tensor<?x2x?xf32>, tensor<?xi32>
  return
}

// -----

func.func @c1_rows(%x: tensor<4x2x4xf32>, %p: tensor<5xi32>) {
  // expected-error @+1 {{C1: x must be rows x heads x a static size, with as many rows as 'tensor<5xi32>'}}
  %y = strand.rotary %x, %p {base = 10000.0 : f64} : tensor<4x2x4xf32>, tensor<5xi32>
  return
}

// -----

func.func @c2_odd(%x: tensor<?x2x5xf32>, %p: tensor<?xi32>) {
  // expected-error @+1 {{C2: an even number of elements is turned, from 2 to 5, not 5}}
  %y = strand.rotary %x, %p {base = 10000.0 : f64} : tensor<?x2x5xf32>, tensor<?xi32>
  return
}

// -----

func.func @c2_too_many(%x: tensor<?x2x4xf32>, %p: tensor<?xi32>) {
  // expected-error @+1 {{C2: an even number of elements is turned, from 2 to 4, not 6}}
  %y = strand.rotary %x, %p {base = 10000.0 : f64, dims = 6} : tensor<?x2x4xf32>, tensor<?xi32>
  return
}

// -----

func.func @c2_none(%x: tensor<?x2x4xf32>, %p: tensor<?xi32>) {
  // expected-error @+1 {{C2: an even number of elements is turned, from 2 to 4, not 0}}
  %y = strand.rotary %x, %p {base = 10000.0 : f64, dims = 0} : tensor<?x2x4xf32>, tensor<?xi32>
  return
}

// -----

func.func @c3_negative(%x: tensor<?x2x4xf32>, %p: tensor<?xi32>) {
  // expected-error @+1 {{C3: the base must be a finite number above 0, not -1}}
  %y = strand.rotary %x, %p {base = -1.0 : f64} : tensor<?x2x4xf32>, tensor<?xi32>
  return
}

// -----

func.func @c3_infinite(%x: tensor<?x2x4xf32>, %p: tensor<?xi32>) {
  // expected-error @+1 {{C3: the base must be a finite number above 0, not }}
  %y = strand.rotary %x, %p {base = 0x7FF0000000000000 : f64} : tensor<?x2x4xf32>, tensor<?xi32>
  return
}
