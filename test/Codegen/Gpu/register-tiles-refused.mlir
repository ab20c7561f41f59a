// RUN: strand-opt %s -split-input-file -strand-register-tiles -verify-diagnostics | FileCheck %s

// Loops that stay as they are, each with the reason. All are a product of bf16 and something else.

// CHECK-LABEL: @wide_factor
// CHECK-NOT: strand.shared
func.func @wide_factor(%a: memref<64x16xbf16>, %b: memref<16x16xbf16>, %c: memref<16x16xf32>) {
  %c0 = arith.constant 0 : index
  %step = arith.constant 16 : index
  %c64 = arith.constant 64 : index
  %zero = arith.constant 0.0 : f32
  scf.forall (%h) in (2) {
    scf.for %at = %c0 to %c64 step %step {
      %x = memref.subview %a[%at, 0] [16, 16] [1, 1] : memref<64x16xbf16> to memref<16x16xbf16, strided<[16, 1], offset: ?>>
      %w = memref.subview %b[0, 0] [16, 16] [1, 1] : memref<16x16xbf16> to memref<16x16xbf16, strided<[16, 1]>>
      %n = memref.alloc() : memref<16x16xbf16>
      %y = memref.alloc() : memref<16x16xf32>
      linalg.fill ins(%zero : f32) outs(%y : memref<16x16xf32>)
      linalg.generic {indexing_maps = [affine_map<(r, j, i) -> (r, i)>, affine_map<(r, j, i) -> (i, j)>, affine_map<(r, j, i) -> (r, j)>],
                      iterator_types = ["parallel", "parallel", "reduction"]}
          ins(%x, %n : memref<16x16xbf16, strided<[16, 1], offset: ?>>, memref<16x16xbf16>) outs(%y : memref<16x16xf32>) {
      ^bb0(%p: bf16, %q: bf16, %o: f32):
        %u = arith.extf %p : bf16 to f32
        %v = arith.extf %q : bf16 to f32
        %m = arith.mulf %u, %v : f32
        %s = arith.addf %o, %m : f32
        linalg.yield %s : f32
      }
      %f = memref.alloc() : memref<16x16xf32>
      // expected-remark @+1 {{tiles are not kept in registers: a factor in f32}}
      linalg.generic {indexing_maps = [affine_map<(r, j, i) -> (r, i)>, affine_map<(r, j, i) -> (i, j)>, affine_map<(r, j, i) -> (r, j)>],
                      iterator_types = ["parallel", "parallel", "reduction"]}
          ins(%f, %n : memref<16x16xf32>, memref<16x16xbf16>) outs(%y : memref<16x16xf32>) {
      ^bb0(%p: f32, %q: bf16, %o: f32):
        %v = arith.extf %q : bf16 to f32
        %m = arith.mulf %p, %v : f32
        %s = arith.addf %o, %m : f32
        linalg.yield %s : f32
      }
    }
  }
  return
}

// -----

// CHECK-LABEL: @odd_size
// CHECK-NOT: strand.shared
func.func @odd_size(%a: memref<64x24xbf16>, %b: memref<24x24xbf16>) {
  %c0 = arith.constant 0 : index
  %step = arith.constant 24 : index
  %c64 = arith.constant 64 : index
  %zero = arith.constant 0.0 : f32
  scf.forall (%h) in (2) {
    scf.for %at = %c0 to %c64 step %step {
      %x = memref.subview %a[%at, 0] [24, 24] [1, 1] : memref<64x24xbf16> to memref<24x24xbf16, strided<[24, 1], offset: ?>>
      %w = memref.subview %b[0, 0] [24, 24] [1, 1] : memref<24x24xbf16> to memref<24x24xbf16, strided<[24, 1]>>
      %n = memref.alloc() : memref<24x24xbf16>
      %y = memref.alloc() : memref<24x24xf32>
      // expected-remark @+1 {{tiles are not kept in registers: a size of 24, which is no multiple of 16}}
      linalg.fill ins(%zero : f32) outs(%y : memref<24x24xf32>)
      linalg.generic {indexing_maps = [affine_map<(r, j, i) -> (r, i)>, affine_map<(r, j, i) -> (i, j)>, affine_map<(r, j, i) -> (r, j)>],
                      iterator_types = ["parallel", "parallel", "reduction"]}
          ins(%x, %n : memref<24x24xbf16, strided<[24, 1], offset: ?>>, memref<24x24xbf16>) outs(%y : memref<24x24xf32>) {
      ^bb0(%p: bf16, %q: bf16, %o: f32):
        %u = arith.extf %p : bf16 to f32
        %v = arith.extf %q : bf16 to f32
        %m = arith.mulf %u, %v : f32
        %s = arith.addf %o, %m : f32
        linalg.yield %s : f32
      }
    }
  }
  return
}

// -----

// CHECK-LABEL: @in_halves
// CHECK-NOT: strand.shared
func.func @in_halves(%a: memref<64x16xbf16>, %b: memref<16x16xbf16>) {
  %c0 = arith.constant 0 : index
  %step = arith.constant 16 : index
  %c64 = arith.constant 64 : index
  %zero = arith.constant 0.0 : f32
  scf.forall (%h) in (2) {
    scf.for %at = %c0 to %c64 step %step {
      %x = memref.subview %a[%at, 0] [16, 16] [1, 1] : memref<64x16xbf16> to memref<16x16xbf16, strided<[16, 1], offset: ?>>
      %w = memref.subview %b[0, 0] [16, 16] [1, 1] : memref<16x16xbf16> to memref<16x16xbf16, strided<[16, 1]>>
      %n = memref.alloc() : memref<16x16xbf16>
      %y = memref.alloc() : memref<16x16xf32>
      linalg.fill ins(%zero : f32) outs(%y : memref<16x16xf32>)
      linalg.generic {indexing_maps = [affine_map<(r, j, i) -> (r, i)>, affine_map<(r, j, i) -> (i, j)>, affine_map<(r, j, i) -> (r, j)>],
                      iterator_types = ["parallel", "parallel", "reduction"]}
          ins(%x, %n : memref<16x16xbf16, strided<[16, 1], offset: ?>>, memref<16x16xbf16>) outs(%y : memref<16x16xf32>) {
      ^bb0(%p: bf16, %q: bf16, %o: f32):
        %u = arith.extf %p : bf16 to f32
        %v = arith.extf %q : bf16 to f32
        %m = arith.mulf %u, %v : f32
        %s = arith.addf %o, %m : f32
        linalg.yield %s : f32
      }
      %z = memref.alloc() : memref<16x16xf16>
      // expected-remark @+1 {{tiles are not kept in registers: a tile of f16}}
      linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
          ins(%y : memref<16x16xf32>) outs(%z : memref<16x16xf16>) {
      ^bb0(%p: f32, %o: f16):
        %t = arith.truncf %p : f32 to f16
        linalg.yield %t : f16
      }
    }
  }
  return
}

// -----

// CHECK-LABEL: @sum_of_all
// CHECK-NOT: strand.shared
func.func @sum_of_all(%a: memref<64x16xbf16>, %b: memref<16x16xbf16>) {
  %c0 = arith.constant 0 : index
  %step = arith.constant 16 : index
  %c64 = arith.constant 64 : index
  %zero = arith.constant 0.0 : f32
  scf.forall (%h) in (2) {
    scf.for %at = %c0 to %c64 step %step {
      %x = memref.subview %a[%at, 0] [16, 16] [1, 1] : memref<64x16xbf16> to memref<16x16xbf16, strided<[16, 1], offset: ?>>
      %w = memref.subview %b[0, 0] [16, 16] [1, 1] : memref<16x16xbf16> to memref<16x16xbf16, strided<[16, 1]>>
      %n = memref.alloc() : memref<16x16xbf16>
      %y = memref.alloc() : memref<16x16xf32>
      linalg.fill ins(%zero : f32) outs(%y : memref<16x16xf32>)
      linalg.generic {indexing_maps = [affine_map<(r, j, i) -> (r, i)>, affine_map<(r, j, i) -> (i, j)>, affine_map<(r, j, i) -> (r, j)>],
                      iterator_types = ["parallel", "parallel", "reduction"]}
          ins(%x, %n : memref<16x16xbf16, strided<[16, 1], offset: ?>>, memref<16x16xbf16>) outs(%y : memref<16x16xf32>) {
      ^bb0(%p: bf16, %q: bf16, %o: f32):
        %u = arith.extf %p : bf16 to f32
        %v = arith.extf %q : bf16 to f32
        %m = arith.mulf %u, %v : f32
        %s = arith.addf %o, %m : f32
        linalg.yield %s : f32
      }
      %z = memref.alloc() : memref<f32>
      // expected-remark @+1 {{tiles are not kept in registers: a sum over all of a matrix}}
      linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> ()>], iterator_types = ["reduction", "reduction"]}
          ins(%y : memref<16x16xf32>) outs(%z : memref<f32>) {
      ^bb0(%p: f32, %o: f32):
        %t = arith.addf %p, %o : f32
        linalg.yield %t : f32
      }
    }
  }
  return
}

// -----

// CHECK-LABEL: @both_ways
// CHECK-NOT: strand.shared
func.func @both_ways(%a: memref<64x16xbf16>, %b: memref<16x16xbf16>) {
  %c0 = arith.constant 0 : index
  %step = arith.constant 16 : index
  %c64 = arith.constant 64 : index
  %zero = arith.constant 0.0 : f32
  scf.forall (%h) in (2) {
    // expected-remark @+1 {{tiles are not kept in registers: a tile is summed up along both of its dimensions}}
    scf.for %at = %c0 to %c64 step %step {
      %x = memref.subview %a[%at, 0] [16, 16] [1, 1] : memref<64x16xbf16> to memref<16x16xbf16, strided<[16, 1], offset: ?>>
      %w = memref.subview %b[0, 0] [16, 16] [1, 1] : memref<16x16xbf16> to memref<16x16xbf16, strided<[16, 1]>>
      %n = memref.alloc() : memref<16x16xbf16>
      %y = memref.alloc() : memref<16x16xf32>
      linalg.fill ins(%zero : f32) outs(%y : memref<16x16xf32>)
      linalg.generic {indexing_maps = [affine_map<(r, j, i) -> (r, i)>, affine_map<(r, j, i) -> (i, j)>, affine_map<(r, j, i) -> (r, j)>],
                      iterator_types = ["parallel", "parallel", "reduction"]}
          ins(%x, %n : memref<16x16xbf16, strided<[16, 1], offset: ?>>, memref<16x16xbf16>) outs(%y : memref<16x16xf32>) {
      ^bb0(%p: bf16, %q: bf16, %o: f32):
        %u = arith.extf %p : bf16 to f32
        %v = arith.extf %q : bf16 to f32
        %m = arith.mulf %u, %v : f32
        %s = arith.addf %o, %m : f32
        linalg.yield %s : f32
      }
      %z = memref.alloc() : memref<16xf32>
      linalg.fill ins(%zero : f32) outs(%z : memref<16xf32>)
      linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i)>], iterator_types = ["parallel", "reduction"]}
          ins(%y : memref<16x16xf32>) outs(%z : memref<16xf32>) {
      ^bb0(%p: f32, %o: f32):
        %t = arith.addf %p, %o : f32
        linalg.yield %t : f32
      }
      linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (j)>], iterator_types = ["reduction", "parallel"]}
          ins(%y : memref<16x16xf32>) outs(%z : memref<16xf32>) {
      ^bb0(%p: f32, %o: f32):
        %t = arith.addf %p, %o : f32
        linalg.yield %t : f32
      }
    }
  }
  return
}

// -----

// CHECK-LABEL: @combination
// CHECK-NOT: strand.shared
func.func @combination(%a: memref<64x16xbf16>, %b: memref<16x16xbf16>) {
  %c0 = arith.constant 0 : index
  %step = arith.constant 16 : index
  %c64 = arith.constant 64 : index
  %zero = arith.constant 0.0 : f32
  scf.forall (%h) in (2) {
    scf.for %at = %c0 to %c64 step %step {
      %x = memref.subview %a[%at, 0] [16, 16] [1, 1] : memref<64x16xbf16> to memref<16x16xbf16, strided<[16, 1], offset: ?>>
      %w = memref.subview %b[0, 0] [16, 16] [1, 1] : memref<16x16xbf16> to memref<16x16xbf16, strided<[16, 1]>>
      %n = memref.alloc() : memref<16x16xbf16>
      %y = memref.alloc() : memref<16x16xf32>
      linalg.fill ins(%zero : f32) outs(%y : memref<16x16xf32>)
      linalg.generic {indexing_maps = [affine_map<(r, j, i) -> (r, i)>, affine_map<(r, j, i) -> (i, j)>, affine_map<(r, j, i) -> (r, j)>],
                      iterator_types = ["parallel", "parallel", "reduction"]}
          ins(%x, %n : memref<16x16xbf16, strided<[16, 1], offset: ?>>, memref<16x16xbf16>) outs(%y : memref<16x16xf32>) {
      ^bb0(%p: bf16, %q: bf16, %o: f32):
        %u = arith.extf %p : bf16 to f32
        %v = arith.extf %q : bf16 to f32
        %m = arith.mulf %u, %v : f32
        %s = arith.addf %o, %m : f32
        linalg.yield %s : f32
      }
      %z = memref.alloc() : memref<16xf32>
      linalg.fill ins(%zero : f32) outs(%z : memref<16xf32>)
      // expected-remark @+1 {{tiles are not kept in registers: a combination that is not of two numbers at a time}}
      linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i)>], iterator_types = ["parallel", "reduction"]}
          ins(%y : memref<16x16xf32>) outs(%z : memref<16xf32>) {
      ^bb0(%p: f32, %o: f32):
        %t = arith.mulf %o, %o : f32
        %r = arith.addf %p, %t : f32
        linalg.yield %r : f32
      }
    }
  }
  return
}

// -----

// CHECK-LABEL: @single_elements
// CHECK-NOT: strand.shared
func.func @single_elements(%a: memref<64x16xbf16>, %b: memref<16x16xbf16>) {
  %c0 = arith.constant 0 : index
  %step = arith.constant 16 : index
  %c64 = arith.constant 64 : index
  %zero = arith.constant 0.0 : f32
  scf.forall (%h) in (2) {
    scf.for %at = %c0 to %c64 step %step {
      %x = memref.subview %a[%at, 0] [16, 16] [1, 1] : memref<64x16xbf16> to memref<16x16xbf16, strided<[16, 1], offset: ?>>
      %w = memref.subview %b[0, 0] [16, 16] [1, 1] : memref<16x16xbf16> to memref<16x16xbf16, strided<[16, 1]>>
      %n = memref.alloc() : memref<16x16xbf16>
      %y = memref.alloc() : memref<16x16xf32>
      linalg.fill ins(%zero : f32) outs(%y : memref<16x16xf32>)
      linalg.generic {indexing_maps = [affine_map<(r, j, i) -> (r, i)>, affine_map<(r, j, i) -> (i, j)>, affine_map<(r, j, i) -> (r, j)>],
                      iterator_types = ["parallel", "parallel", "reduction"]}
          ins(%x, %n : memref<16x16xbf16, strided<[16, 1], offset: ?>>, memref<16x16xbf16>) outs(%y : memref<16x16xf32>) {
      ^bb0(%p: bf16, %q: bf16, %o: f32):
        %u = arith.extf %p : bf16 to f32
        %v = arith.extf %q : bf16 to f32
        %m = arith.mulf %u, %v : f32
        %s = arith.addf %o, %m : f32
        linalg.yield %s : f32
      }
      // expected-remark @+1 {{tiles are not kept in registers: it touches memory in another way than as tiles}}
      memref.store %zero, %y[%c0, %c0] : memref<16x16xf32>
    }
  }
  return
}

// -----

// CHECK-LABEL: @elements_of_inverse
// CHECK-NOT: strand.shared
func.func @elements_of_inverse(%a: memref<64x16xbf16>, %b: memref<16x16xbf16>) {
  %c0 = arith.constant 0 : index
  %step = arith.constant 16 : index
  %c64 = arith.constant 64 : index
  %zero = arith.constant 0.0 : f32
  scf.forall (%h) in (2) {
    scf.for %at = %c0 to %c64 step %step {
      %x = memref.subview %a[%at, 0] [16, 16] [1, 1] : memref<64x16xbf16> to memref<16x16xbf16, strided<[16, 1], offset: ?>>
      %w = memref.subview %b[0, 0] [16, 16] [1, 1] : memref<16x16xbf16> to memref<16x16xbf16, strided<[16, 1]>>
      %n = memref.alloc() : memref<16x16xbf16>
      %y = memref.alloc() : memref<16x16xf32>
      linalg.fill ins(%zero : f32) outs(%y : memref<16x16xf32>)
      linalg.generic {indexing_maps = [affine_map<(r, j, i) -> (r, i)>, affine_map<(r, j, i) -> (i, j)>, affine_map<(r, j, i) -> (r, j)>],
                      iterator_types = ["parallel", "parallel", "reduction"]}
          ins(%x, %n : memref<16x16xbf16, strided<[16, 1], offset: ?>>, memref<16x16xbf16>) outs(%y : memref<16x16xf32>) {
      ^bb0(%p: bf16, %q: bf16, %o: f32):
        %u = arith.extf %p : bf16 to f32
        %v = arith.extf %q : bf16 to f32
        %m = arith.mulf %u, %v : f32
        %s = arith.addf %o, %m : f32
        linalg.yield %s : f32
      }
      %i = memref.alloc() : memref<16x16xbf16>
      tile.inverse %y into %i : memref<16x16xf32>, memref<16x16xbf16>
      %z = memref.alloc() : memref<16x16xf32>
      // expected-remark @+1 {{tiles are not kept in registers: it reads elements of an inverse}}
      linalg.generic {indexing_maps = [affine_map<(i, j) -> (i, j)>, affine_map<(i, j) -> (i, j)>], iterator_types = ["parallel", "parallel"]}
          ins(%i : memref<16x16xbf16>) outs(%z : memref<16x16xf32>) {
      ^bb0(%p: bf16, %o: f32):
        %t = arith.extf %p : bf16 to f32
        linalg.yield %t : f32
      }
    }
  }
  return
}

// -----

// CHECK-LABEL: @unaligned
// CHECK-NOT: strand.shared
func.func @unaligned(%a: memref<64x20xbf16>, %b: memref<16x16xbf16>) {
  %c0 = arith.constant 0 : index
  %step = arith.constant 16 : index
  %c64 = arith.constant 64 : index
  %zero = arith.constant 0.0 : f32
  scf.forall (%h) in (2) {
    scf.for %at = %c0 to %c64 step %step {
      %x = memref.subview %a[%at, 0] [16, 16] [1, 1] : memref<64x20xbf16> to memref<16x16xbf16, strided<[20, 1], offset: ?>>
      %w = memref.subview %b[0, 0] [16, 16] [1, 1] : memref<16x16xbf16> to memref<16x16xbf16, strided<[16, 1]>>
      %n = memref.alloc() : memref<16x16xbf16>
      %y = memref.alloc() : memref<16x16xf32>
      linalg.fill ins(%zero : f32) outs(%y : memref<16x16xf32>)
      // expected-remark @+1 {{tiles are not kept in registers: a factor whose rows are not aligned to 16 bytes}}
      linalg.generic {indexing_maps = [affine_map<(r, j, i) -> (r, i)>, affine_map<(r, j, i) -> (i, j)>, affine_map<(r, j, i) -> (r, j)>],
                      iterator_types = ["parallel", "parallel", "reduction"]}
          ins(%x, %n : memref<16x16xbf16, strided<[20, 1], offset: ?>>, memref<16x16xbf16>) outs(%y : memref<16x16xf32>) {
      ^bb0(%p: bf16, %q: bf16, %o: f32):
        %u = arith.extf %p : bf16 to f32
        %v = arith.extf %q : bf16 to f32
        %m = arith.mulf %u, %v : f32
        %s = arith.addf %o, %m : f32
        linalg.yield %s : f32
      }
    }
  }
  return
}
