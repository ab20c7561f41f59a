// RUN: strand-opt %s -strand-merge-functions -split-input-file | FileCheck %s

// Two tasks are the same but for their name; so are their callers then, of which one is public and stays.
// CHECK-LABEL: func.func private @first.task(
// CHECK-NOT:   func.func private @second.task
// CHECK-LABEL: func.func private @first(
// CHECK:         call @first.task
// CHECK:         constant @first.task
// CHECK-NOT:   func.func private @second(
// CHECK-LABEL: func.func @third(
// CHECK:         call @first.task
// CHECK:         constant @first.task
// CHECK-LABEL: func.func @calls_both(
// CHECK-NEXT:    call @first(
// CHECK-NEXT:    call @first(
func.func private @first.task(%x: memref<4xf32>, %i: index) {
  %c = arith.constant 1.0 : f32
  memref.store %c, %x[%i] : memref<4xf32>
  return
}
func.func private @second.task(%x: memref<4xf32>, %i: index) {
  %c = arith.constant 1.0 : f32
  memref.store %c, %x[%i] : memref<4xf32>
  return
}
func.func private @first(%x: memref<4xf32>, %i: index) -> ((memref<4xf32>, index) -> ()) {
  call @first.task(%x, %i) : (memref<4xf32>, index) -> ()
  %f = constant @first.task : (memref<4xf32>, index) -> ()
  return %f : (memref<4xf32>, index) -> ()
}
func.func private @second(%x: memref<4xf32>, %i: index) -> ((memref<4xf32>, index) -> ()) {
  call @second.task(%x, %i) : (memref<4xf32>, index) -> ()
  %f = constant @second.task : (memref<4xf32>, index) -> ()
  return %f : (memref<4xf32>, index) -> ()
}
func.func @third(%x: memref<4xf32>, %i: index) -> ((memref<4xf32>, index) -> ()) {
  call @second.task(%x, %i) : (memref<4xf32>, index) -> ()
  %f = constant @second.task : (memref<4xf32>, index) -> ()
  return %f : (memref<4xf32>, index) -> ()
}
func.func @calls_both(%x: memref<4xf32>, %i: index) -> ((memref<4xf32>, index) -> (), (memref<4xf32>, index) -> ()) {
  %f = call @first(%x, %i) : (memref<4xf32>, index) -> ((memref<4xf32>, index) -> ())
  %g = call @second(%x, %i) : (memref<4xf32>, index) -> ((memref<4xf32>, index) -> ())
  return %f, %g : (memref<4xf32>, index) -> (), (memref<4xf32>, index) -> ()
}

// -----

// What makes functions different: a constant, the order of operands, what is called, an attribute, the type of an argument.
// CHECK-COUNT-9: func.func private
func.func private @one() -> f32 {
  %c = arith.constant 1.0 : f32
  return %c : f32
}
func.func private @two() -> f32 {
  %c = arith.constant 2.0 : f32
  return %c : f32
}
func.func private @less(%a: f32, %b: f32) -> f32 {
  %c = arith.subf %a, %b : f32
  return %c : f32
}
func.func private @more(%a: f32, %b: f32) -> f32 {
  %c = arith.subf %b, %a : f32
  return %c : f32
}
func.func private @calls_one() -> f32 {
  %c = call @one() : () -> f32
  return %c : f32
}
func.func private @calls_two() -> f32 {
  %c = call @two() : () -> f32
  return %c : f32
}
func.func private @marked(%a: f32, %b: f32) -> f32 attributes {strand.entry = "marked"} {
  %c = arith.subf %a, %b : f32
  return %c : f32
}
func.func private @on_memory(%x: memref<4xf32>) {
  return
}
func.func private @on_larger_memory(%x: memref<5xf32>) {
  return
}
