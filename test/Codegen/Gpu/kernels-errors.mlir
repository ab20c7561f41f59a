// RUN: strand-opt %s -split-input-file -verify-diagnostics -pass-pipeline='builtin.module(func.func(strand-kernels))'

func.func @reads(%n: memref<?xi32>, %i: index) -> i32 {
  // expected-error @+1 {{reads memory of the device outside of a kernel}}
  %v = memref.load %n[%i] : memref<?xi32>
  return %v : i32
}

// -----

func.func @counts(%n: memref<?xi32>, %i: index) -> i32 {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %zero = arith.constant 0 : i32
  // expected-error @+1 {{computes a value of the host from memory of the device}}
  %sum = scf.for %k = %c0 to %i step %c1 iter_args(%s = %zero) -> i32 {
    %v = memref.load %n[%k] : memref<?xi32>
    %t = arith.addi %s, %v : i32
    scf.yield %t : i32
  }
  return %sum : i32
}

// -----

func.func @nested(%n: memref<?xi32>, %i: index) {
  scf.forall (%a) in (%i) {
    // expected-error @+1 {{parallel loop inside a parallel loop has no form for blocks of threads, unless it counts to a known number}}
    scf.forall (%b) in (%i) {
    }
  }
  return
}

// -----

func.func private @f()
func.func @calls(%i: index) {
  scf.forall (%a) in (%i) {
    // expected-error @+1 {{call inside a parallel loop has no form for blocks of threads; inline it}}
    func.call @f() : () -> ()
  }
  return
}

// -----

func.func @four(%i: index) {
  // expected-error @+1 {{parallel loop has 4 dimensions; a grid of blocks has 3 at most}}
  scf.forall (%a, %b, %c, %d) in (%i, %i, %i, %i) {
  }
  return
}

// -----

#td = affine_map<(t, d) -> (t, d)>
#t = affine_map<(t, d) -> (t)>
#d = affine_map<(t, d) -> (d)>
#id = affine_map<(d) -> (d)>
func.func @waiting_in_teams(%x: memref<16xf32>, %w: memref<16x16xf32>, %n: index) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  scf.forall (%a) in (%n) {
    scf.forall (%team) in (8) {
      %y = memref.alloc() : memref<16xf32>
      // expected-error @+1 {{in a parallel loop inside a parallel loop has no form for teams of threads: threads would wait for each other}}
      scf.for %i = %c0 to %n step %c1 {
        linalg.generic {indexing_maps = [#td, #d, #t], iterator_types = ["parallel", "reduction"]} ins(%w, %x : memref<16x16xf32>, memref<16xf32>) outs(%y : memref<16xf32>) {
        ^bb0(%v: f32, %u: f32, %out: f32):
          %s = arith.addf %u, %out : f32
          linalg.yield %s : f32
        }
        linalg.generic {indexing_maps = [#id, #id], iterator_types = ["parallel"]} ins(%y : memref<16xf32>) outs(%x : memref<16xf32>) {
        ^bb0(%in: f32, %out: f32):
          linalg.yield %in : f32
        }
      }
    }
  }
  return
}
