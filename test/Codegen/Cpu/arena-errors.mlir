// RUN: strand-opt %s -strand-arena -split-input-file -verify-diagnostics

func.func private @unbounded(%x: memref<?xf32>, %f: f32) {
  %c0 = arith.constant 0 : index
  %n = memref.dim %x, %c0 : memref<?xf32>
  // expected-error @below {{dimension 1 is not bounded by rows or sequences; take its arith.minsi with such a bound}}
  %a = memref.alloc(%n) : memref<4x?xf32>
  linalg.fill ins(%f : f32) outs(%a : memref<4x?xf32>)
  return
}

// -----

func.func private @quadratic(%n: index {strand.rows}, %f: f32) {
  // expected-error @below {{dimension 1 grows with the rows or sequences of a call, and so does a dimension before it; go in blocks of a static size}}
  %a = memref.alloc(%n, %n) : memref<?x?xf32>
  linalg.fill ins(%f : f32) outs(%a : memref<?x?xf32>)
  return
}

// -----

// expected-error @below {{returns a buffer that is not one of its arguments; give it a destination}}
func.func private @returns() -> memref<4xf32> {
  %a = memref.alloc() : memref<4xf32>
  return %a : memref<4xf32>
}

// -----

func.func private @carried(%x: memref<4xf32>, %n: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %r = scf.for %i = %c0 to %n step %c1 iter_args(%y = %x) -> memref<4xf32> {
    // expected-error @below {{buffer is made in a loop and carried out of the iteration; write the carried value into the loop's own operand (destination style)}}
    %a = memref.alloc() : memref<4xf32>
    linalg.exp ins(%y : memref<4xf32>) outs(%a : memref<4xf32>)
    scf.yield %a : memref<4xf32>
  }
  linalg.exp ins(%r : memref<4xf32>) outs(%x : memref<4xf32>)
  return
}

// -----

func.func private @helper(%n: index {strand.rows}, %f: f32) {
  %a = memref.alloc(%n) : memref<?xf32>
  linalg.fill ins(%f : f32) outs(%a : memref<?xf32>)
  return
}
func.func private @in_parallel(%n: index {strand.rows}, %f: f32) {
  scf.forall (%i) in (4) {
    // expected-error @below {{@helper needs scratch and is called from a parallel loop, whose tasks have none; inline it, or give its temporaries a static size}}
    func.call @helper(%n, %f) : (index, f32) -> ()
  }
  return
}

// -----

func.func private @helper(%n: index {strand.rows}, %f: f32) {
  %a = memref.alloc(%n) : memref<?xf32>
  linalg.fill ins(%f : f32) outs(%a : memref<?xf32>)
  return
}
func.func private @unbounded_operand(%n: index, %f: f32) {
  // expected-error @below {{operand 0 is not bounded by rows or sequences; take the arith.minsi of its size with such a bound}}
  call @helper(%n, %f) : (index, f32) -> ()
  return
}

// -----

func.func private @layout(%f: f32) {
  // expected-error @below {{has a layout; only row-major buffers have a place in the arena}}
  %a = memref.alloc() : memref<4x4xf32, strided<[1, 4]>>
  linalg.fill ins(%f : f32) outs(%a : memref<4x4xf32, strided<[1, 4]>>)
  return
}
