// RUN: strand-opt %s -split-input-file -verify-diagnostics -strand-outline-kernels=shared-limit=1024

func.func @strided(%x: memref<?xf32, strided<[2]>>, %n: index, %v: f32) {
  // expected-error @+1 {{kernel uses a buffer of type 'memref<?xf32, strided<[2]>>' from outside; only row-major buffers and their views can be handed over}}
  scf.forall (%b) in (%n) {
    memref.store %v, %x[%b] : memref<?xf32, strided<[2]>>
  } {mapping = [#gpu.block<x>]}
  return
}

// -----

func.func @vector(%x: memref<?xvector<4xf32>>, %n: index, %v: vector<4xf32>) {
  // expected-error @+1 {{kernel uses a value of type 'vector<4xf32>' from outside, which a launch cannot hand over}}
  scf.forall (%b) in (%n) {
    memref.store %v, %x[%b] : memref<?xvector<4xf32>>
  } {mapping = [#gpu.block<x>]}
  return
}

// -----

func.func @from_one(%n: index) {
  // expected-error @+1 {{a kernel counts its blocks from 0 in steps of 1}}
  scf.forall (%b) = (1) to (%n) step (1) {
  } {mapping = [#gpu.block<x>]}
  return
}

// -----

func.func @size_of_the_moment(%n: index, %v: f32) {
  scf.forall (%b) in (%n) {
    // expected-error @+1 {{buffer of type 'memref<?xf32>' inside a kernel has a size that is known only at run time; a block has static places only}}
    %x = memref.alloc(%n) : memref<?xf32>
    memref.store %v, %x[%b] : memref<?xf32>
  } {mapping = [#gpu.block<x>]}
  return
}

// -----

func.func @large(%n: index, %v: f32) {
  // expected-error @+1 {{the buffers of a block take 2048 bytes of shared memory, the limit is 1024; use smaller tiles}}
  scf.forall (%b) in (%n) {
    %x = memref.alloc() : memref<512xf32>
    memref.store %v, %x[%b] : memref<512xf32>
  } {mapping = [#gpu.block<x>]}
  return
}

// -----

func.func @own_matrix(%n: index, %v: i64) {
  scf.forall (%b) in (%n) {
    %x = memref.alloc() : memref<32x64xbf16>
    // expected-error @+1 {{kernel has boxes of a matrix that it makes itself}}
    %map = tile.boxes %x {columns = 64, box = array<i64: 16, 64>} : memref<32x64xbf16> -> !llvm.ptr
    llvm.store %v, %map : i64, !llvm.ptr
  } {mapping = [#gpu.block<x>]}
  return
}
