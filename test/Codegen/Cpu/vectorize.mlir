// RUN: strand-opt %s -split-input-file --pass-pipeline='builtin.module(func.func(strand-vectorize{mr=4},canonicalize,cse))' | FileCheck %s

// Rows of a panel: four rows times two vectors stay in registers over the whole sum; the fill has become their start.
// A lone row takes four panels at once.
// CHECK-LABEL: @rows_times_panels
// CHECK-NOT: linalg.fill
// CHECK: scf.forall
// CHECK: scf.if
// CHECK: scf.for {{.*}} step %c4
// CHECK: %{{.*}}:8 = scf.for {{.*}} iter_args({{.*}}) -> (vector<16xf32>
// CHECK-COUNT-1: memref.load
// CHECK-COUNT-8: vector.load
// CHECK-COUNT-8: vector.fma
// CHECK: } else {
// CHECK: %{{.*}}:8 = scf.for
// CHECK-COUNT-4: memref.load
// CHECK-COUNT-2: vector.load
// CHECK-COUNT-8: vector.fma
// CHECK: scf.yield
// CHECK-COUNT-8: vector.store
// CHECK-NOT: linalg
func.func @rows_times_panels(%x: memref<?x64xf32>, %p: memref<8x64x32xf32>, %o: memref<?x8x32xf32>) {
  %z = arith.constant 0.0 : f32
  linalg.fill ins(%z : f32) outs(%o : memref<?x8x32xf32>)
  linalg.generic {indexing_maps = [affine_map<(m,j,n,k)->(m,k)>, affine_map<(m,j,n,k)->(j,k,n)>, affine_map<(m,j,n,k)->(m,j,n)>],
    iterator_types = ["parallel", "parallel", "parallel", "reduction"]}
    ins(%x, %p : memref<?x64xf32>, memref<8x64x32xf32>) outs(%o : memref<?x8x32xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %m = arith.mulf %a, %b : f32
    %s = arith.addf %c, %m : f32
    linalg.yield %s : f32
  }
  return
}

// -----

// So is an op that spreads a bias over the rows: its one vector of bf16 is widened where the sums start.
// CHECK-LABEL: @spread_start
// CHECK: %[[B:.*]] = vector.load %arg1[%{{.*}}] : memref<16xbf16>, vector<16xbf16>
// CHECK: %[[START:.*]] = arith.extf %[[B]] : vector<16xbf16> to vector<16xf32>
// CHECK: scf.for {{.*}} iter_args(%{{.*}} = %[[START]], %{{.*}} = %[[START]]
// CHECK: vector.fma
// CHECK-NOT: arith.extf
func.func @spread_start(%x: memref<4x64xf32>, %b: memref<16xbf16>, %w: memref<64x16xf32>, %o: memref<4x16xf32>) {
  linalg.generic {indexing_maps = [affine_map<(m,n)->(n)>, affine_map<(m,n)->(m,n)>], iterator_types = ["parallel", "parallel"]}
    ins(%b : memref<16xbf16>) outs(%o : memref<4x16xf32>) {
  ^bb0(%a: bf16, %c: f32):
    %e = arith.extf %a : bf16 to f32
    linalg.yield %e : f32
  }
  linalg.matmul ins(%x, %w : memref<4x64xf32>, memref<64x16xf32>) outs(%o : memref<4x16xf32>)
  return
}

// Not if the buffer that is spread is one that the sums go to.
// CHECK-LABEL: @spread_of_an_output
// CHECK: vector.store
// CHECK: vector.load
// CHECK: vector.store
func.func @spread_of_an_output(%x: memref<16x16xf32>, %w: memref<16x16xf32>, %o: memref<16x16xf32>, %p: memref<16x16xf32>) {
  linalg.copy ins(%o : memref<16x16xf32>) outs(%p : memref<16x16xf32>)
  linalg.generic {indexing_maps = [affine_map<(m,n,k)->(m,k)>, affine_map<(m,n,k)->(k,n)>, affine_map<(m,n,k)->(m,n)>,
    affine_map<(m,n,k)->(m,n)>], iterator_types = ["parallel", "parallel", "reduction"]}
    ins(%x, %w : memref<16x16xf32>, memref<16x16xf32>) outs(%o, %p : memref<16x16xf32>, memref<16x16xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32, %d: f32):
    %m = arith.mulf %a, %b : f32
    %s = arith.addf %c, %m : f32
    %t = arith.addf %d, %m : f32
    linalg.yield %s, %t : f32, f32
  }
  return
}

// -----

// Weights of two bytes are loaded as they are and extended; large ones are asked for ahead.
// CHECK-LABEL: @bf16_weights
// CHECK: memref.prefetch %arg1
// CHECK: %[[W:.*]] = vector.load %arg1{{.*}} vector<16xbf16>
// CHECK: arith.extf %[[W]] : vector<16xbf16> to vector<16xf32>
// CHECK: vector.fma
func.func @bf16_weights(%x: memref<1x768xf32>, %p: memref<96x768x32xbf16>, %o: memref<1x96x32xf32>) {
  linalg.generic {indexing_maps = [affine_map<(m,j,n,k)->(m,k)>, affine_map<(m,j,n,k)->(j,k,n)>, affine_map<(m,j,n,k)->(m,j,n)>],
    iterator_types = ["parallel", "parallel", "parallel", "reduction"]}
    ins(%x, %p : memref<1x768xf32>, memref<96x768x32xbf16>) outs(%o : memref<1x96x32xf32>) {
  ^bb0(%a: f32, %b: bf16, %c: f32):
    %w = arith.extf %b : bf16 to f32
    %m = arith.mulf %a, %w : f32
    %s = arith.addf %c, %m : f32
    linalg.yield %s : f32
  }
  return
}

// -----

// The sum of a row: four vectors of partial sums, joined to one scalar.
// CHECK-LABEL: @row_sum
// CHECK: scf.forall
// CHECK: %[[S:.*]]:4 = scf.for {{.*}} step %c64 iter_args
// CHECK-COUNT-4: vector.fma
// CHECK: arith.addf %[[S]]#0, %[[S]]#1 : vector<16xf32>
// CHECK: vector.shuffle
// CHECK: memref.store %{{.*}}, %arg1
func.func @row_sum(%x: memref<?x768xf32>, %s: memref<?xf32>) {
  linalg.generic {indexing_maps = [affine_map<(r,d)->(r,d)>, affine_map<(r,d)->(r)>], iterator_types = ["parallel", "reduction"]}
    ins(%x : memref<?x768xf32>) outs(%s : memref<?xf32>) {
  ^bb0(%a: f32, %b: f32):
    %m = arith.mulf %a, %a : f32
    %n = arith.addf %b, %m : f32
    linalg.yield %n : f32
  }
  return
}

// -----

// What depends on the row alone is computed once a row, on scalars. 44 channels are 16 + 16 + 8 + 4.
// CHECK-LABEL: @scale_rows
// CHECK: scf.for
// CHECK: %[[V:.*]] = memref.load %arg1
// CHECK: %[[R:.*]] = math.rsqrt %[[V]] : f32
// CHECK: vector.broadcast %[[R]] : f32 to vector<16xf32>
// CHECK: arith.mulf {{.*}} : vector<8xf32>
// CHECK: arith.mulf {{.*}} : vector<4xf32>
// CHECK-NOT: math.rsqrt
func.func @scale_rows(%x: memref<?x44xf32>, %v: memref<?xf32>, %o: memref<?x44xf32>) {
  linalg.generic {indexing_maps = [affine_map<(r,d)->(r,d)>, affine_map<(r,d)->(r)>, affine_map<(r,d)->(r,d)>],
    iterator_types = ["parallel", "parallel"]} ins(%x, %v : memref<?x44xf32>, memref<?xf32>) outs(%o : memref<?x44xf32>) {
  ^bb0(%a: f32, %b: f32, %c: f32):
    %r = math.rsqrt %b : f32
    %m = arith.mulf %a, %r : f32
    linalg.yield %m : f32
  }
  return
}

// -----

// Math of the last 12 channels is done once, in a whole register, and so is that of the last 7 of a
// sum of 23, which are filled up with zeros at the end.
// CHECK-LABEL: @gates
// CHECK: math.exp {{.*}} : vector<16xf32>
// CHECK: math.exp {{.*}} : vector<16xf32>
// CHECK: math.exp {{.*}} : vector<12xf32>
// CHECK-NOT: math.exp
// CHECK-LABEL: @sum_of_gates
// CHECK: math.exp {{.*}} : vector<16xf32>
// CHECK: math.exp {{.*}} : vector<7xf32>
// CHECK: vector.shuffle {{.*}}[0, 1, 2, 3, 4, 5, 6, 7] : vector<7xf32>, vector<7xf32>
// CHECK: arith.addf {{.*}} : vector<8xf32>
// CHECK: arith.addf {{.*}} : vector<8xf32>
func.func @gates(%x: memref<?x44xf32>, %o: memref<?x44xf32>) {
  linalg.generic {indexing_maps = [affine_map<(r,d)->(r,d)>, affine_map<(r,d)->(r,d)>],
    iterator_types = ["parallel", "parallel"]} ins(%x : memref<?x44xf32>) outs(%o : memref<?x44xf32>) {
  ^bb0(%a: f32, %c: f32):
    %m = math.exp %a : f32
    linalg.yield %m : f32
  }
  return
}
func.func @sum_of_gates(%x: memref<?x23xf32>, %s: memref<?xf32>) {
  linalg.generic {indexing_maps = [affine_map<(r,d)->(r,d)>, affine_map<(r,d)->(r)>], iterator_types = ["parallel", "reduction"]}
    ins(%x : memref<?x23xf32>) outs(%s : memref<?xf32>) {
  ^bb0(%a: f32, %b: f32):
    %m = math.exp %a : f32
    %n = arith.addf %b, %m : f32
    linalg.yield %n : f32
  }
  return
}

// -----

// CHECK-LABEL: @causal
// CHECK: vector.step : vector<16xindex>
// CHECK: arith.cmpi ule, {{.*}} : vector<16xindex>
// CHECK: arith.select {{.*}} : vector<16xi1>, vector<16xf32>
func.func @causal(%x: memref<16x16xf32>, %o: memref<16x16xf32>) {
  linalg.generic {indexing_maps = [affine_map<(r,d)->(r,d)>, affine_map<(r,d)->(r,d)>],
    iterator_types = ["parallel", "parallel"]} ins(%x : memref<16x16xf32>) outs(%o : memref<16x16xf32>) {
  ^bb0(%a: f32, %b: f32):
    %z = arith.constant 0.0 : f32
    %i = linalg.index 0 : index
    %j = linalg.index 1 : index
    %k = arith.cmpi ule, %j, %i : index
    %r = arith.select %k, %a, %z : f32
    linalg.yield %r : f32
  }
  return
}

// -----

// The state moves with the inner loop, its sum is held; delta * x is computed once, outside.
// CHECK-LABEL: @scan_step
// CHECK: arith.mulf {{.*}} : vector<16xf32>
// CHECK: %[[Y:.*]]:2 = scf.for %{{.*}} iter_args
// CHECK-COUNT-2: vector.load %arg3
// CHECK-COUNT-2: vector.store %{{.*}}, %arg3
// CHECK: scf.yield
// CHECK: vector.store %[[Y]]#0, %arg4
func.func @scan_step(%t: memref<32xf32>, %x: memref<32xf32>, %b: memref<16xf32>, %h: memref<16x32xf32>, %y: memref<32xf32>) {
  linalg.generic {indexing_maps = [affine_map<(n,d)->(d)>, affine_map<(n,d)->(d)>, affine_map<(n,d)->(n)>, affine_map<(n,d)->(n,d)>,
    affine_map<(n,d)->(d)>], iterator_types = ["reduction", "parallel"]}
    ins(%t, %x, %b : memref<32xf32>, memref<32xf32>, memref<16xf32>) outs(%h, %y : memref<16x32xf32>, memref<32xf32>) {
  ^bb0(%t0: f32, %x0: f32, %b0: f32, %h0: f32, %y0: f32):
    %0 = arith.mulf %t0, %x0 : f32
    %1 = arith.mulf %0, %b0 : f32
    %2 = arith.addf %h0, %1 : f32
    %3 = arith.addf %y0, %2 : f32
    linalg.yield %2, %3 : f32, f32
  }
  return
}

// -----

// A row of a table is read as vectors.
// CHECK-LABEL: @embedding
// CHECK: %[[I:.*]] = arith.index_cast
// CHECK: vector.load %arg1[%[[I]], %{{.*}}] : memref<100x64xbf16>, vector<16xbf16>
func.func @embedding(%ids: memref<?xi32>, %table: memref<100x64xbf16>, %o: memref<?x64xf32>) {
  linalg.generic {indexing_maps = [affine_map<(r,d)->(r)>, affine_map<(r,d)->(r,d)>], iterator_types = ["parallel", "parallel"]}
    ins(%ids : memref<?xi32>) outs(%o : memref<?x64xf32>) {
  ^bb0(%id: i32, %b: f32):
    %i = arith.index_cast %id : i32 to index
    %j = linalg.index 1 : index
    %v = memref.load %table[%i, %j] : memref<100x64xbf16>
    %w = arith.extf %v : bf16 to f32
    linalg.yield %w : f32
  }
  return
}

// -----

// A square of 16 x 16 is loaded along its rows and turned by 4 x 16 shuffles.
// CHECK-LABEL: @transpose
// CHECK-COUNT-16: vector.load %arg0
// CHECK-COUNT-64: vector.shuffle
// CHECK-COUNT-16: vector.store %{{.*}}, %arg1
func.func @transpose(%x: memref<64x64xf32>, %o: memref<64x64xf32>) {
  linalg.transpose ins(%x : memref<64x64xf32>) outs(%o : memref<64x64xf32>) permutation = [1, 0]
  return
}

// -----

// Inside tasks nothing makes more tasks; a copy is a loop like any other op.
// CHECK-LABEL: @inside_tasks
// CHECK: scf.forall
// CHECK-NOT: scf.forall
// CHECK-NOT: memref.copy
// CHECK: vector.store
func.func @inside_tasks(%x: memref<8x?x64xf32>, %o: memref<8x?x64xf32>, %n: index) {
  scf.forall (%i) in (8) {
    %a = memref.subview %x[%i, 0, 0] [1, %n, 64] [1, 1, 1] : memref<8x?x64xf32> to memref<?x64xf32, strided<[64, 1], offset: ?>>
    %b = memref.subview %o[%i, 0, 0] [1, %n, 64] [1, 1, 1] : memref<8x?x64xf32> to memref<?x64xf32, strided<[64, 1], offset: ?>>
    memref.copy %a, %b : memref<?x64xf32, strided<[64, 1], offset: ?>> to memref<?x64xf32, strided<[64, 1], offset: ?>>
  }
  return
}
