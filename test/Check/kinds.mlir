// What a function that is checked may take and return, and what its forms are then.
// RUN: strand-check %s | FileCheck %s --implicit-check-not=wrong

#td = affine_map<(t, d) -> (t, d)>
#t = affine_map<(t, d) -> (t)>
#d = affine_map<(t, d) -> (d)>
#row = affine_map<(t) -> (t)>

// No state: each sequence alone, and all together.
// CHECK-DAG: row_wise: 2 forms right, worst {{[0-9.e-]+}} ({{whole|packed}})
func.func @row_wise(%x: tensor<?x20xf32>) -> tensor<?x20xf32> {
  %y = arith.mulf %x, %x : tensor<?x20xf32>
  return %y : tensor<?x20xf32>
}

// Rows of integers choose rows of a parameter that is bf16; in f64 it is extended farther.
// CHECK-DAG: lookup: 2 forms right, worst 0.0e+00
func.func @lookup(%ids: tensor<?xi32> {check.range = [0, 9]}, %table: tensor<10x12xbf16>) -> tensor<?x12xf32> {
  %c0 = arith.constant 0 : index
  %n = tensor.dim %ids, %c0 : tensor<?xi32>
  %e = tensor.empty(%n) : tensor<?x12xf32>
  %y = linalg.generic {indexing_maps = [#t, #td], iterator_types = ["parallel", "parallel"]}
      ins(%ids : tensor<?xi32>) outs(%e : tensor<?x12xf32>) {
  ^bb0(%id: i32, %out: f32):
    %i = arith.index_cast %id : i32 to index
    %j = linalg.index 1 : index
    %v = tensor.extract %table[%i, %j] : tensor<10x12xbf16>
    %f = arith.extf %v : bf16 to f32
    linalg.yield %f : f32
  } -> tensor<?x12xf32>
  return %y : tensor<?x12xf32>
}

// A row is one number, one bit, or one integer; results of all kinds.
// CHECK-DAG: numbers_bits_integers: 2 forms right
func.func @numbers_bits_integers(%x: tensor<?xf32> {check.range = [-2.0, 2.0]}, %keep: tensor<?xi1>, %n: tensor<?xi32> {check.range = [-5, 5]})
    -> (tensor<?xf32>, tensor<?xi32>, tensor<?xi1>) {
  %zero = arith.constant 0.0 : f32
  %c0 = arith.constant 0 : index
  %rows = tensor.dim %x, %c0 : tensor<?xf32>
  %e = tensor.empty(%rows) : tensor<?xf32>
  %e1 = tensor.empty(%rows) : tensor<?xi32>
  %e2 = tensor.empty(%rows) : tensor<?xi1>
  %y:3 = linalg.generic {indexing_maps = [#row, #row, #row, #row, #row, #row], iterator_types = ["parallel"]}
      ins(%x, %keep, %n : tensor<?xf32>, tensor<?xi1>, tensor<?xi32>)
      outs(%e, %e1, %e2 : tensor<?xf32>, tensor<?xi32>, tensor<?xi1>) {
  ^bb0(%v: f32, %bit: i1, %i: i32, %o0: f32, %o1: i32, %o2: i1):
    %kept = arith.select %bit, %v, %zero : f32
    %twice = arith.addi %i, %i : i32
    %above = arith.cmpf ogt, %v, %zero : f32
    linalg.yield %kept, %twice, %above : f32, i32, i1
  } -> (tensor<?xf32>, tensor<?xi32>, tensor<?xi1>)
  return %y#0, %y#1, %y#2 : tensor<?xf32>, tensor<?xi32>, tensor<?xi1>
}

// f16, constants in f32 that f64 must have the same, an extension to f64 that is none there.
// CHECK-DAG: constants: 2 forms right
func.func @constants(%x: tensor<?x6xf32>, %w: tensor<6xf16>) -> tensor<?x6xf32> {
  %c = arith.constant dense<[0.1, 0.2, 0.3, 0.4, 0.5, 0.6]> : tensor<6xf32>
  %k = arith.constant 0.7 : f32
  %c0 = arith.constant 0 : index
  %n = tensor.dim %x, %c0 : tensor<?x6xf32>
  %e = tensor.empty(%n) : tensor<?x6xf32>
  %y = linalg.generic {indexing_maps = [#td, #d, #d, #td], iterator_types = ["parallel", "parallel"]}
      ins(%x, %c, %w : tensor<?x6xf32>, tensor<6xf32>, tensor<6xf16>) outs(%e : tensor<?x6xf32>) {
  ^bb0(%v: f32, %a: f32, %b: f16, %out: f32):
    %m = arith.mulf %v, %a : f32
    %h = arith.extf %b : f16 to f32
    %s = arith.addf %m, %h : f32
    %wide = arith.extf %s : f32 to f64
    %back = arith.truncf %wide : f64 to f32
    %z = arith.mulf %back, %k : f32
    linalg.yield %z : f32
  } -> tensor<?x6xf32>
  return %y : tensor<?x6xf32>
}

// Offsets are known by the op that reads them, also in a function that is called.
// CHECK-DAG: calls: 10 forms right
func.func private @called(%x: tensor<?x8xf32>, %g: tensor<?x8xf32>, %o: tensor<?xi32>) -> tensor<?x8xf32> {
  %y = strand.linear_recurrence decay(%g) input(%x) offsets %o {log, indexing_maps = [#td, #td, #td]}
      : (tensor<?x8xf32>, tensor<?x8xf32>, tensor<?xi32>) -> tensor<?x8xf32>
  return %y : tensor<?x8xf32>
}
func.func @calls(%o: tensor<?xi32>, %x: tensor<?x8xf32>, %g: tensor<?x8xf32> {check.kind = "gates"}) -> (tensor<?x8xf32>, tensor<?x8xf32>) {
  %y = call @called(%x, %g, %o) : (tensor<?x8xf32>, tensor<?x8xf32>, tensor<?xi32>) -> tensor<?x8xf32>
  return %y, %x : tensor<?x8xf32>, tensor<?x8xf32>
}

// An op that needs all of a sequence at once has no forms with state.
// CHECK-DAG: reversed: 2 forms right
func.func @reversed(%x: tensor<?x8xf32>, %offsets: tensor<?xi32>) -> tensor<?x8xf32> {
  %y = strand.scan reverse rows(%r = %x : tensor<?x8xf32>) carry(%h : tensor<8xf32>)
       offsets %offsets : tensor<?xi32> -> tensor<?x8xf32> {
    %0 = math.tanh %h : tensor<8xf32>
    %1 = arith.addf %0, %r : tensor<8xf32>
    strand.yield %1 : tensor<8xf32> next %1 : tensor<8xf32>
  }
  return %y : tensor<?x8xf32>
}

// States are those of the ops that the scan becomes, in their order: here the sum of keys comes first in the scan and
// second in strand.linear_attention.
// CHECK-DAG: other_states: 10 forms right
func.func @other_states(%q: tensor<?x4xf32> {check.range = [0.1, 1.0]}, %k: tensor<?x4xf32> {check.range = [0.1, 1.0]},
                        %v: tensor<?x3xf32>, %offsets: tensor<?xi32>) -> tensor<?x3xf32> {
  %y = strand.scan rows(%qt = %q : tensor<?x4xf32>, %kt = %k : tensor<?x4xf32>, %vt = %v : tensor<?x3xf32>)
       carry(%z : tensor<4xf32>, %s : tensor<4x3xf32>) offsets %offsets : tensor<?xi32> -> tensor<?x3xf32> {
    %e = tensor.empty() : tensor<4x3xf32>
    %kv = linalg.generic {indexing_maps = [#t, affine_map<(t, d) -> (d)>, #td], iterator_types = ["parallel", "parallel"]}
        ins(%kt, %vt : tensor<4xf32>, tensor<3xf32>) outs(%e : tensor<4x3xf32>) {
    ^bb0(%a: f32, %b: f32, %out: f32):
      %m = arith.mulf %a, %b : f32
      linalg.yield %m : f32
    } -> tensor<4x3xf32>
    %s1 = arith.addf %s, %kv : tensor<4x3xf32>
    %z1 = arith.addf %z, %kt : tensor<4xf32>
    %zero = arith.constant dense<0.0> : tensor<3xf32>
    %none = arith.constant dense<0.0> : tensor<f32>
    %n = linalg.vecmat ins(%qt, %s1 : tensor<4xf32>, tensor<4x3xf32>) outs(%zero : tensor<3xf32>) -> tensor<3xf32>
    %d = linalg.dot ins(%qt, %z1 : tensor<4xf32>, tensor<4xf32>) outs(%none : tensor<f32>) -> tensor<f32>
    %e3 = tensor.empty() : tensor<3xf32>
    %db = linalg.broadcast ins(%d : tensor<f32>) outs(%e3 : tensor<3xf32>) dimensions = [0]
    %o = arith.divf %n, %db : tensor<3xf32>
    strand.yield %o : tensor<3xf32> next %z1, %s1 : tensor<4xf32>, tensor<4x3xf32>
  }
  return %y : tensor<?x3xf32>
}

// What is rounded to bf16 is rounded once, from f64 as from f32.
// CHECK-DAG: rounded: 2 forms right, worst 0.0e+00
func.func @rounded(%x: tensor<?x6xf32>) -> tensor<?x6xf32> {
  %h = arith.truncf %x : tensor<?x6xf32> to tensor<?x6xbf16>
  %y = arith.extf %h : tensor<?x6xbf16> to tensor<?x6xf32>
  return %y : tensor<?x6xf32>
}
