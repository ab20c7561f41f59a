// All forms of strand.associative_scan against its meaning in f64.
// RUN: strand-check %s | FileCheck %s --implicit-check-not=wrong
// RUN: strand-check %s --rows=900 --seed=2 --function=log_sum_exp --forms=whole,packed,batch,tree | FileCheck %s --check-prefix=LONG
// LONG: log_sum_exp: 4 forms right

#t = affine_map<(t, d) -> (t)>
#td = affine_map<(t, d) -> (t, d)>
#d = affine_map<(t, d) -> (d)>
#none = affine_map<(t, d) -> ()>
#nd_t = affine_map<(t, n, d) -> (t)>
#nd_td = affine_map<(t, n, d) -> (t, d)>
#nd_nd = affine_map<(t, n, d) -> (n, d)>
#nd_all = affine_map<(t, n, d) -> (t, n, d)>

// CHECK-DAG: running_maximum: 10 forms right
func.func @running_maximum(%x: tensor<?x64xf32>, %offsets: tensor<?xi32>) -> tensor<?x64xf32> {
  %y = strand.associative_scan(%x) offsets %offsets {identity = array<f64: 0xFFF0000000000000>}
      : (tensor<?x64xf32>, tensor<?xi32>) -> tensor<?x64xf32> {
  ^bb0(%x1: f32, %x2: f32):
    %0 = arith.maximumf %x1, %x2 : f32
    strand.yield %0 : f32
  }
  return %y : tensor<?x64xf32>
}

// No multiple of a vector; begins at 0 and not at the identity.
// CHECK-DAG: minimum_from_zero: 10 forms right
func.func @minimum_from_zero(%x: tensor<?x37xf32>, %offsets: tensor<?xi32>) -> tensor<?x37xf32> {
  %y = strand.associative_scan(%x) offsets %offsets {identity = array<f64: 0x7FF0000000000000>, initial = array<f64: 0.0>}
      : (tensor<?x37xf32>, tensor<?xi32>) -> tensor<?x37xf32> {
  ^bb0(%x1: f32, %x2: f32):
    %0 = arith.minimumf %x1, %x2 : f32
    strand.yield %0 : f32
  }
  return %y : tensor<?x37xf32>
}

// A number a row; several rows of a tile in one element.
// CHECK-DAG: sum_of_numbers: 10 forms right
func.func @sum_of_numbers(%x: tensor<?xf32> {check.range = [-1.0, 1.0]}, %offsets: tensor<?xi32>) -> tensor<?xf32> {
  %y = strand.associative_scan(%x) offsets %offsets {identity = array<f64: 0.0>}
      : (tensor<?xf32>, tensor<?xi32>) -> tensor<?xf32> {
  ^bb0(%x1: f32, %x2: f32):
    %0 = arith.addf %x1, %x2 : f32
    strand.yield %0 : f32
  }
  return %y : tensor<?xf32>
}

// Two parts of which one is carried, over several blocks of channels: 2080 = 5 * 416.
// CHECK-DAG: decayed_maximum: 10 forms right
func.func @decayed_maximum(%g: tensor<?x2080xf32> {check.range = [-1.0, 0.0]}, %x: tensor<?x2080xf32>, %offsets: tensor<?xi32>)
    -> tensor<?x2080xf32> {
  %y = strand.associative_scan(%g, %x) offsets %offsets {identity = array<f64: 0.0, 0xFFF0000000000000>, read = array<i64: 1>}
      : (tensor<?x2080xf32>, tensor<?x2080xf32>, tensor<?xi32>) -> tensor<?x2080xf32> {
  ^bb0(%g1: f32, %x1: f32, %g2: f32, %x2: f32):
    %0 = arith.addf %g1, %g2 : f32
    %1 = arith.addf %x1, %g2 : f32
    %2 = arith.maximumf %1, %x2 : f32
    strand.yield %0, %2 : f32, f32
  }
  return %y : tensor<?x2080xf32>
}

// A decay that is the same in every row, and one number of a row for all of an item of two dimensions.
// CHECK-DAG: factors: 10 forms right
func.func @factors(%g: tensor<3x20xf32> {check.range = [-1.0, 0.0]}, %x: tensor<?x20xf32>, %s: tensor<?xf32>, %offsets: tensor<?xi32>)
    -> tensor<?x3x20xf32> {
  %y = strand.associative_scan(%g, %x, %s) offsets %offsets
      {identity = array<f64: 0.0, 0xFFF0000000000000, 0.0>, read = array<i64: 1>, indexing_maps = [#nd_nd, #nd_td, #nd_t]}
      : (tensor<3x20xf32>, tensor<?x20xf32>, tensor<?xf32>, tensor<?xi32>) -> tensor<?x3x20xf32> {
  ^bb0(%g1: f32, %x1: f32, %s1: f32, %g2: f32, %x2: f32, %s2: f32):
    %0 = arith.addf %g1, %g2 : f32
    %1 = arith.addf %x1, %g2 : f32
    %2 = arith.maximumf %1, %x2 : f32
    %3 = arith.addf %s1, %s2 : f32
    strand.yield %0, %2, %3 : f32, f32, f32
  }
  return %y : tensor<?x3x20xf32>
}

// log(exp(h + g) + exp(x)) under strong, weak and mixed gates. Two identities meet in summaries of no rows, so their
// difference is not taken.
// CHECK-DAG: log_sum_exp: 10 forms right
func.func @log_sum_exp(%g: tensor<?x48xf32> {check.kind = "gates"}, %x: tensor<?x48xf32> {check.range = [-8.0, 8.0]},
                       %offsets: tensor<?xi32>) -> tensor<?x48xf32> {
  %y = strand.associative_scan(%g, %x) offsets %offsets {identity = array<f64: 0.0, 0xFFF0000000000000>, read = array<i64: 1>}
      : (tensor<?x48xf32>, tensor<?x48xf32>, tensor<?xi32>) -> tensor<?x48xf32> {
  ^bb0(%g1: f32, %x1: f32, %g2: f32, %x2: f32):
    %zero = arith.constant 0.0 : f32
    %0 = arith.addf %g1, %g2 : f32
    %1 = arith.addf %x1, %g2 : f32
    %2 = arith.maximumf %1, %x2 : f32
    %3 = arith.minimumf %1, %x2 : f32
    %same = arith.cmpf oeq, %2, %3 : f32
    %4 = arith.subf %3, %2 : f32
    %5 = arith.select %same, %zero, %4 : f32
    %6 = math.exp %5 : f32
    %7 = math.log1p %6 : f32
    %8 = arith.addf %2, %7 : f32
    strand.yield %0, %8 : f32, f32
  }
  return %y : tensor<?x48xf32>
}

// Attention of one query: the largest score, and weights and weighed values under it; one score a row.
// CHECK-DAG: softmax: 10 forms right
func.func @softmax(%s: tensor<?xf32> {check.range = [-8.0, 8.0]}, %v: tensor<?x24xf32>, %offsets: tensor<?xi32>)
    -> (tensor<?x24xf32>, tensor<?x24xf32>) {
  %one = arith.constant dense<1.0> : tensor<f32>
  %y:2 = strand.associative_scan(%s, %one, %v) offsets %offsets
      {identity = array<f64: -1.0e30, 0.0, 0.0>, read = array<i64: 1, 2>, indexing_maps = [#t, #none, #td]}
      : (tensor<?xf32>, tensor<f32>, tensor<?x24xf32>, tensor<?xi32>) -> (tensor<?x24xf32>, tensor<?x24xf32>) {
  ^bb0(%m1: f32, %u1: f32, %w1: f32, %m2: f32, %u2: f32, %w2: f32):
    %m = arith.maximumf %m1, %m2 : f32
    %0 = arith.subf %m1, %m : f32
    %1 = math.exp %0 : f32
    %2 = arith.subf %m2, %m : f32
    %3 = math.exp %2 : f32
    %4 = arith.mulf %1, %u1 : f32
    %5 = arith.mulf %3, %u2 : f32
    %u = arith.addf %4, %5 : f32
    %6 = arith.mulf %1, %w1 : f32
    %7 = arith.mulf %3, %w2 : f32
    %w = arith.addf %6, %7 : f32
    strand.yield %m, %u, %w : f32, f32, f32
  }
  return %y#0, %y#1 : tensor<?x24xf32>, tensor<?x24xf32>
}

// Products of 2 x 2 matrices, which depend on their order.
// CHECK-DAG: matrices: 10 forms right
func.func @matrices(%a: tensor<?x5xf32> {check.range = [-0.6, 0.6]}, %b: tensor<?x5xf32> {check.range = [-0.6, 0.6]},
                    %c: tensor<?x5xf32> {check.range = [-0.6, 0.6]}, %d: tensor<?x5xf32> {check.range = [0.5, 0.9]},
                    %offsets: tensor<?xi32>) -> (tensor<?x5xf32>, tensor<?x5xf32>) {
  %y:2 = strand.associative_scan(%a, %b, %c, %d) offsets %offsets
      {identity = array<f64: 1.0, 0.0, 0.0, 1.0>, read = array<i64: 0, 2>}
      : (tensor<?x5xf32>, tensor<?x5xf32>, tensor<?x5xf32>, tensor<?x5xf32>, tensor<?xi32>) -> (tensor<?x5xf32>, tensor<?x5xf32>) {
  ^bb0(%a1: f32, %b1: f32, %c1: f32, %d1: f32, %a2: f32, %b2: f32, %c2: f32, %d2: f32):
    %0 = arith.mulf %a2, %a1 : f32
    %1 = arith.mulf %b2, %c1 : f32
    %2 = arith.addf %0, %1 : f32
    %3 = arith.mulf %a2, %b1 : f32
    %4 = arith.mulf %b2, %d1 : f32
    %5 = arith.addf %3, %4 : f32
    %6 = arith.mulf %c2, %a1 : f32
    %7 = arith.mulf %d2, %c1 : f32
    %8 = arith.addf %6, %7 : f32
    %9 = arith.mulf %c2, %b1 : f32
    %10 = arith.mulf %d2, %d1 : f32
    %11 = arith.addf %9, %10 : f32
    strand.yield %2, %5, %8, %11 : f32, f32, f32, f32
  }
  return %y#0, %y#1 : tensor<?x5xf32>, tensor<?x5xf32>
}

// Numbers and integers: the largest so far, and its position.
// CHECK-DAG: largest_and_where: 10 forms right
func.func @largest_and_where(%x: tensor<?xf32>, %offsets: tensor<?xi32>) -> (tensor<?xf32>, tensor<?xi32>) {
  %p = strand.position %x offsets %offsets : (tensor<?xf32>, tensor<?xi32>) -> tensor<?xi32>
  %y:2 = strand.associative_scan(%x, %p) offsets %offsets {identity = array<f64: 0xFFF0000000000000, -1.0>}
      : (tensor<?xf32>, tensor<?xi32>, tensor<?xi32>) -> (tensor<?xf32>, tensor<?xi32>) {
  ^bb0(%x1: f32, %t1: i32, %x2: f32, %t2: i32):
    %0 = arith.cmpf ogt, %x2, %x1 : f32
    %1 = arith.select %0, %x2, %x1 : f32
    %2 = arith.select %0, %t2, %t1 : i32
    strand.yield %1, %2 : f32, i32
  }
  return %y#0, %y#1 : tensor<?xf32>, tensor<?xi32>
}

// A sum that begins anew where a row says so.
// CHECK-DAG: sum_with_resets: 10 forms right
func.func @sum_with_resets(%r: tensor<?x17xi32> {check.range = [0, 1]}, %x: tensor<?x17xf32>, %offsets: tensor<?xi32>) -> tensor<?x17xf32> {
  %y = strand.associative_scan(%r, %x) offsets %offsets {identity = array<f64: 0.0, 0.0>, read = array<i64: 1>}
      : (tensor<?x17xi32>, tensor<?x17xf32>, tensor<?xi32>) -> tensor<?x17xf32> {
  ^bb0(%r1: i32, %x1: f32, %r2: i32, %x2: f32):
    %zero = arith.constant 0 : i32
    %0 = arith.ori %r1, %r2 : i32
    %1 = arith.cmpi ne, %r2, %zero : i32
    %2 = arith.addf %x1, %x2 : f32
    %3 = arith.select %1, %x2, %2 : f32
    strand.yield %0, %3 : i32, f32
  }
  return %y : tensor<?x17xf32>
}

// From the last row to the first: no states, so the forms without.
// CHECK-DAG: maximum_of_the_rest: 2 forms right
func.func @maximum_of_the_rest(%g: tensor<?x8xf32> {check.range = [-1.0, 0.0]}, %x: tensor<?x8xf32>, %offsets: tensor<?xi32>) -> tensor<?x8xf32> {
  %y = strand.associative_scan reverse(%g, %x) offsets %offsets {identity = array<f64: 0.0, 0xFFF0000000000000>, read = array<i64: 1>}
      : (tensor<?x8xf32>, tensor<?x8xf32>, tensor<?xi32>) -> tensor<?x8xf32> {
  ^bb0(%g1: f32, %x1: f32, %g2: f32, %x2: f32):
    %0 = arith.addf %g1, %g2 : f32
    %1 = arith.addf %x1, %g2 : f32
    %2 = arith.maximumf %1, %x2 : f32
    strand.yield %0, %2 : f32, f32
  }
  return %y : tensor<?x8xf32>
}
