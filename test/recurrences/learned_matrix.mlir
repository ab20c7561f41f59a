// Matrix memories that begin at a learned matrix: what is read of them is what would be read if they began at 0, and
// the query under all decays so far times the matrix.
//
//   S' = D S + k v^T from W, y = q S' (or q S), with D nothing, a number, a gate a row and head, or a gate a channel.
//
// RUN: strand-opt %s -strand-infer-structure -verify-diagnostics -o /dev/null
// RUN: strand-check %s | FileCheck %s --implicit-check-not=wrong
// CHECK-DAG: sum: {{[7-9]|1[0-9]}} forms right
// CHECK-DAG: at_a_number: {{[7-9]|1[0-9]}} forms right
// CHECK-DAG: constant_decay: {{[7-9]|1[0-9]}} forms right
// CHECK-DAG: gate_of_a_head: {{[7-9]|1[0-9]}} forms right
// CHECK-DAG: gate_of_a_channel: {{[7-9]|1[0-9]}} forms right
// CHECK-DAG: read_before: {{[7-9]|1[0-9]}} forms right
#k = affine_map<(i, j) -> (i)>
#v = affine_map<(i, j) -> (j)>
#kv = affine_map<(i, j) -> (i, j)>
#hk = affine_map<(h, i, j) -> (h, i)>
#hv = affine_map<(h, i, j) -> (h, j)>
#h = affine_map<(h, i, j) -> (h)>
#all = affine_map<(h, i, j) -> (h, i, j)>

func.func @sum(%ks: tensor<?x8xf32>, %vs: tensor<?x12xf32>, %qs: tensor<?x8xf32>, %w: tensor<8x12xf32>, %offsets: tensor<?xi32>)
    -> tensor<?x12xf32> {
  // expected-remark @below {{; becomes strand.linear_attention}}
  %r = strand.scan rows(%k = %ks : tensor<?x8xf32>, %v = %vs : tensor<?x12xf32>, %q = %qs : tensor<?x8xf32>)
      carry(%S : tensor<8x12xf32> = %w) offsets %offsets : tensor<?xi32> -> tensor<?x12xf32> {
    %none = tensor.empty() : tensor<8x12xf32>
    %kv = linalg.generic {indexing_maps = [#k, #v, #kv], iterator_types = ["parallel", "parallel"]}
        ins(%k, %v : tensor<8xf32>, tensor<12xf32>) outs(%none : tensor<8x12xf32>) {
    ^bb0(%a: f32, %b: f32, %o: f32):
      %m = arith.mulf %a, %b : f32
      linalg.yield %m : f32
    } -> tensor<8x12xf32>
    %next = arith.addf %S, %kv : tensor<8x12xf32>
    %zero = arith.constant dense<0.0> : tensor<12xf32>
    %y = linalg.vecmat ins(%q, %next : tensor<8xf32>, tensor<8x12xf32>) outs(%zero : tensor<12xf32>) -> tensor<12xf32>
    strand.yield %y : tensor<12xf32> next %next : tensor<8x12xf32>
  }
  return %r : tensor<?x12xf32>
}

func.func @at_a_number(%ks: tensor<?x8xf32>, %vs: tensor<?x12xf32>, %qs: tensor<?x8xf32>, %offsets: tensor<?xi32>)
    -> tensor<?x12xf32> {
  // expected-remark @below {{; becomes strand.linear_attention}}
  %r = strand.scan rows(%k = %ks : tensor<?x8xf32>, %v = %vs : tensor<?x12xf32>, %q = %qs : tensor<?x8xf32>)
      carry(%S : tensor<8x12xf32> = 0.5) offsets %offsets : tensor<?xi32> -> tensor<?x12xf32> {
    %none = tensor.empty() : tensor<8x12xf32>
    %kv = linalg.generic {indexing_maps = [#k, #v, #kv], iterator_types = ["parallel", "parallel"]}
        ins(%k, %v : tensor<8xf32>, tensor<12xf32>) outs(%none : tensor<8x12xf32>) {
    ^bb0(%a: f32, %b: f32, %o: f32):
      %m = arith.mulf %a, %b : f32
      linalg.yield %m : f32
    } -> tensor<8x12xf32>
    %next = arith.addf %S, %kv : tensor<8x12xf32>
    %zero = arith.constant dense<0.0> : tensor<12xf32>
    %y = linalg.vecmat ins(%q, %next : tensor<8xf32>, tensor<8x12xf32>) outs(%zero : tensor<12xf32>) -> tensor<12xf32>
    strand.yield %y : tensor<12xf32> next %next : tensor<8x12xf32>
  }
  return %r : tensor<?x12xf32>
}

func.func @constant_decay(%ks: tensor<?x8xf32>, %vs: tensor<?x12xf32>, %qs: tensor<?x8xf32>, %w: tensor<8x12xf32>, %offsets: tensor<?xi32>)
    -> tensor<?x12xf32> {
  // expected-remark @below {{; becomes strand.linear_attention}}
  %r = strand.scan rows(%k = %ks : tensor<?x8xf32>, %v = %vs : tensor<?x12xf32>, %q = %qs : tensor<?x8xf32>)
      carry(%S : tensor<8x12xf32> = %w) offsets %offsets : tensor<?xi32> -> tensor<?x12xf32> {
    %none = tensor.empty() : tensor<8x12xf32>
    %kv = linalg.generic {indexing_maps = [#k, #v, #kv], iterator_types = ["parallel", "parallel"]}
        ins(%k, %v : tensor<8xf32>, tensor<12xf32>) outs(%none : tensor<8x12xf32>) {
    ^bb0(%a: f32, %b: f32, %o: f32):
      %m = arith.mulf %a, %b : f32
      linalg.yield %m : f32
    } -> tensor<8x12xf32>
    %c = arith.constant dense<0.875> : tensor<8x12xf32>
    %decayed = arith.mulf %c, %S : tensor<8x12xf32>
    %next = arith.addf %decayed, %kv : tensor<8x12xf32>
    %zero = arith.constant dense<0.0> : tensor<12xf32>
    %y = linalg.vecmat ins(%q, %next : tensor<8xf32>, tensor<8x12xf32>) outs(%zero : tensor<12xf32>) -> tensor<12xf32>
    strand.yield %y : tensor<12xf32> next %next : tensor<8x12xf32>
  }
  return %r : tensor<?x12xf32>
}

func.func @gate_of_a_channel(%ks: tensor<?x8xf32>, %vs: tensor<?x12xf32>, %qs: tensor<?x8xf32>, %ls: tensor<?x8xf32> {check.kind = "gates"},
                             %w: tensor<8x12xf32>, %offsets: tensor<?xi32>)
    -> tensor<?x12xf32> {
  // expected-remark @below {{; becomes strand.linear_attention}}
  %r = strand.scan rows(%k = %ks : tensor<?x8xf32>, %v = %vs : tensor<?x12xf32>, %q = %qs : tensor<?x8xf32>, %l = %ls : tensor<?x8xf32>)
      carry(%S : tensor<8x12xf32> = %w) offsets %offsets : tensor<?xi32> -> tensor<?x12xf32> {
    %none = tensor.empty() : tensor<8x12xf32>
    %kv = linalg.generic {indexing_maps = [#k, #v, #kv], iterator_types = ["parallel", "parallel"]}
        ins(%k, %v : tensor<8xf32>, tensor<12xf32>) outs(%none : tensor<8x12xf32>) {
    ^bb0(%a: f32, %b: f32, %o: f32):
      %m = arith.mulf %a, %b : f32
      linalg.yield %m : f32
    } -> tensor<8x12xf32>
    %g = math.exp %l : tensor<8xf32>
    %wide = linalg.broadcast ins(%g : tensor<8xf32>) outs(%none : tensor<8x12xf32>) dimensions = [1]
    %decayed = arith.mulf %wide, %S : tensor<8x12xf32>
    %next = arith.addf %decayed, %kv : tensor<8x12xf32>
    %zero = arith.constant dense<0.0> : tensor<12xf32>
    %y = linalg.vecmat ins(%q, %next : tensor<8xf32>, tensor<8x12xf32>) outs(%zero : tensor<12xf32>) -> tensor<12xf32>
    strand.yield %y : tensor<12xf32> next %next : tensor<8x12xf32>
  }
  return %r : tensor<?x12xf32>
}

func.func @read_before(%ks: tensor<?x8xf32>, %vs: tensor<?x12xf32>, %qs: tensor<?x8xf32>, %ls: tensor<?x8xf32> {check.kind = "gates"},
                       %w: tensor<8x12xf32>, %offsets: tensor<?xi32>)
    -> tensor<?x12xf32> {
  // expected-remark @below {{; becomes strand.linear_attention}}
  %r = strand.scan rows(%k = %ks : tensor<?x8xf32>, %v = %vs : tensor<?x12xf32>, %q = %qs : tensor<?x8xf32>, %l = %ls : tensor<?x8xf32>)
      carry(%S : tensor<8x12xf32> = %w) offsets %offsets : tensor<?xi32> -> tensor<?x12xf32> {
    %none = tensor.empty() : tensor<8x12xf32>
    %kv = linalg.generic {indexing_maps = [#k, #v, #kv], iterator_types = ["parallel", "parallel"]}
        ins(%k, %v : tensor<8xf32>, tensor<12xf32>) outs(%none : tensor<8x12xf32>) {
    ^bb0(%a: f32, %b: f32, %o: f32):
      %m = arith.mulf %a, %b : f32
      linalg.yield %m : f32
    } -> tensor<8x12xf32>
    %g = math.exp %l : tensor<8xf32>
    %wide = linalg.broadcast ins(%g : tensor<8xf32>) outs(%none : tensor<8x12xf32>) dimensions = [1]
    %decayed = arith.mulf %wide, %S : tensor<8x12xf32>
    %next = arith.addf %decayed, %kv : tensor<8x12xf32>
    %zero = arith.constant dense<0.0> : tensor<12xf32>
    %y = linalg.vecmat ins(%q, %S : tensor<8xf32>, tensor<8x12xf32>) outs(%zero : tensor<12xf32>) -> tensor<12xf32>
    strand.yield %y : tensor<12xf32> next %next : tensor<8x12xf32>
  }
  return %r : tensor<?x12xf32>
}

func.func @gate_of_a_head(%ks: tensor<?x2x8xf32>, %vs: tensor<?x2x12xf32>, %qs: tensor<?x2x8xf32>,
                          %ls: tensor<?x2xf32> {check.kind = "gates"}, %w: tensor<2x8x12xf32>, %offsets: tensor<?xi32>)
    -> tensor<?x2x12xf32> {
  // expected-remark @below {{; becomes strand.linear_attention}}
  %r = strand.scan rows(%k = %ks : tensor<?x2x8xf32>, %v = %vs : tensor<?x2x12xf32>, %q = %qs : tensor<?x2x8xf32>,
                        %l = %ls : tensor<?x2xf32>)
      carry(%S : tensor<2x8x12xf32> = %w) offsets %offsets : tensor<?xi32> -> tensor<?x2x12xf32> {
    %none = tensor.empty() : tensor<2x8x12xf32>
    %g = math.exp %l : tensor<2xf32>
    %next = linalg.generic {indexing_maps = [#hk, #hv, #h, #all, #all], iterator_types = ["parallel", "parallel", "parallel"]}
        ins(%k, %v, %g, %S : tensor<2x8xf32>, tensor<2x12xf32>, tensor<2xf32>, tensor<2x8x12xf32>) outs(%none : tensor<2x8x12xf32>) {
    ^bb0(%a: f32, %b: f32, %d: f32, %s: f32, %o: f32):
      %m = arith.mulf %a, %b : f32
      %n = arith.mulf %d, %s : f32
      %sum = arith.addf %n, %m : f32
      linalg.yield %sum : f32
    } -> tensor<2x8x12xf32>
    %zero = arith.constant dense<0.0> : tensor<2x12xf32>
    %y = linalg.generic {indexing_maps = [#hk, #all, #hv], iterator_types = ["parallel", "reduction", "parallel"]}
        ins(%q, %next : tensor<2x8xf32>, tensor<2x8x12xf32>) outs(%zero : tensor<2x12xf32>) {
    ^bb0(%a: f32, %s: f32, %o: f32):
      %m = arith.mulf %a, %s : f32
      %sum = arith.addf %o, %m : f32
      linalg.yield %sum : f32
    } -> tensor<2x12xf32>
    strand.yield %y : tensor<2x12xf32> next %next : tensor<2x8x12xf32>
  }
  return %r : tensor<?x2x12xf32>
}
