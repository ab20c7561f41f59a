// RUN: strand-opt %s -strand-outline-tasks=frame-limit=1024 -split-input-file -verify-diagnostics

func.func private @dynamic(%n: index, %f: f32) {
  scf.forall (%i) in (4) {
    // expected-error @below {{dimension 0 of a buffer inside a parallel loop is known only at run time, and a task has only its stack: tile the loop to a static size, take the arith.minsi of the size with a constant, or make the buffer outside the loop}}
    %a = memref.alloc(%n) : memref<?xf32>
    linalg.fill ins(%f : f32) outs(%a : memref<?xf32>)
  }
  return
}

// -----

func.func private @large(%f: f32) {
  // expected-error @below {{the temporaries of a task take 4096 bytes of its stack, the limit is 1024; use smaller tiles}}
  scf.forall (%i) in (4) {
    %a = memref.alloc() : memref<1024xf32>
    linalg.fill ins(%f : f32) outs(%a : memref<1024xf32>)
  }
  return
}

// -----

func.func private @tensors(%x: tensor<4xf32>, %f: f32) -> tensor<4xf32> {
  // expected-error @below {{parallel loop has tensor results; bufferise before its tasks are outlined}}
  %r = scf.forall (%i) in (4) shared_outs(%o = %x) -> tensor<4xf32> {
    %s = tensor.extract_slice %o[%i] [1] [1] : tensor<4xf32> to tensor<1xf32>
    %v = linalg.fill ins(%f : f32) outs(%s : tensor<1xf32>) -> tensor<1xf32>
    scf.forall.in_parallel {
      tensor.parallel_insert_slice %v into %o[%i] [1] [1] : tensor<1xf32> into tensor<4xf32>
    }
  }
  return %r : tensor<4xf32>
}

// -----

func.func private @odd_capture(%x: memref<*xf32>) {
  // expected-error @below {{parallel loop uses a value of type 'memref<*xf32>' from outside, which a task cannot be handed}}
  scf.forall (%i) in (4) {
    %r = memref.rank %x : memref<*xf32>
    %c = memref.cast %x : memref<*xf32> to memref<4xf32>
    memref.prefetch %c[%r], read, locality<3>, data : memref<4xf32>
  }
  return
}
