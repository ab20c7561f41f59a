// RUN: strand-opt %s -strand-c-interface -split-input-file -verify-diagnostics

// expected-error @below {{argument 0 of @advance has no meaning: mark it strand.input = "tokens", "offsets", "slots", "logits" or "ctx", strand.weight, strand.state or strand.scratch}}
func.func private @advance(%x: memref<4xf32>) {
  return
}

// -----

// expected-error @below {{argument 0 of @advance has type 'memref<4xf32, strided<[2]>>'; a buffer of identity layout is needed}}
func.func private @advance(%x: memref<4xf32, strided<[2]>> {strand.weight = "w"}) {
  return
}

// -----

// expected-error @below {{argument 0 of @advance has elements of type 'i1', which the schema cannot say}}
func.func private @advance(%x: memref<4xi1> {strand.weight = "w"}) {
  return
}

// -----

// expected-error @below {{argument 0 of @advance has type 'memref<?x?xf32>': exactly the first 1 dimensions of a state are dynamic}}
func.func private @advance(%x: memref<?x?xf32> {strand.state = "h"}) {
  return
}

// -----

// expected-error @below {{argument 0 of @advance has rank 9; the limit is 2 to 8}}
func.func private @advance(%x: memref<?x?x1x1x1x1x1x1x1xf32> {strand.state = "h", strand.growth = "cache"}) {
  return
}

// -----

// expected-error @below {{argument 0 of @advance counts rows and has type 'memref<?x1xi32>'; memref<?xi32> is needed}}
func.func private @advance(%x: memref<?x1xi32> {strand.state = "n", strand.growth = "count"}) {
  return
}

// -----

// expected-error @below {{@advance must be private and have no results: its logits and states are arguments}}
func.func @advance(%x: memref<4xf32> {strand.weight = "w"}) {
  return
}

// -----

func.func private @advance(%x: memref<4xf32> {strand.weight = "w"}) {
  return
}
// expected-error @below {{weight "v" is not a weight of @advance}}
func.func private @step(%x: memref<4xf32> {strand.weight = "v"}) {
  return
}

// -----

func.func private @advance(%x: memref<4xf32> {strand.weight = "w"}) {
  return
}
// expected-error @below {{state "h" is not a state of @advance}}
func.func private @step(%x: memref<?x4xf32> {strand.state = "h"}) {
  return
}

// -----

// expected-error @below {{@choose_largest is there and @choose_all is not}}
func.func private @advance(%x: memref<4xf32> {strand.weight = "w"}) {
  return
}
func.func private @choose_largest(%x: memref<?x4xf32> {strand.input = "logits"}, %ids: memref<?xi32> {strand.input = "ids"}) {
  return
}
