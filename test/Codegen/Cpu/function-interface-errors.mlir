// RUN: strand-opt %s -strand-function-interface -split-input-file -verify-diagnostics

// expected-error @below {{@f must be private and have no results: what it computes goes into arguments}}
func.func @f(%x: memref<?xf32>) attributes {strand.entry = "f"} {
  return
}

// -----

// expected-error @below {{@f must be private and have no results}}
func.func private @f(%x: memref<?xf32>) -> memref<?xf32> attributes {strand.entry = "f"} {
  return %x : memref<?xf32>
}

// -----

// expected-error @below {{argument 1 of @f has type 'f32'; a buffer of identity layout is needed}}
func.func private @f(%x: memref<?xf32>, %y: f32) attributes {strand.entry = "f"} {
  return
}

// -----

// expected-error @below {{argument 0 of @f has type 'memref<?xf32, strided<[2]>>'; a buffer of identity layout is needed}}
func.func private @f(%x: memref<?xf32, strided<[2]>>) attributes {strand.entry = "f"} {
  return
}

// -----

func.func private @f_scratch()
// expected-error @below {{@f_scratch is there already}}
func.func private @f(%x: memref<?xf32>) attributes {strand.entry = "f"} {
  return
}
