// What keeps a step of a known kind a scan, and other types.
//
// RUN: strand-opt %s -strand-infer-structure -canonicalize -cse -split-input-file -verify-diagnostics | FileCheck %s

#k = affine_map<(i, j) -> (i)>
#v = affine_map<(i, j) -> (j)>
#kv = affine_map<(i, j) -> (i, j)>

// What the delta rule makes of the matrix is not known without going through the rows.
// CHECK-LABEL: func.func @corrected_matrix_that_begins_at_a_tensor(
// CHECK-SAME:    %[[W:[a-z0-9]+]]: tensor<4x3xf32>,
// CHECK:         strand.scan {{.*}} carry(%{{.*}} : tensor<4x3xf32> = %[[W]])
func.func @corrected_matrix_that_begins_at_a_tensor(%ks: tensor<?x4xf32>, %vs: tensor<?x3xf32>,
    // expected-remark @below {{h begins at this tensor, so h stays a scan: let it begin where the op does, and hand the tensor in as its state}}
    %w: tensor<4x3xf32>, %offsets: tensor<?xi32>)
    -> tensor<?x3xf32> {
  // expected-remark @below {{stays a scan: it begins at a tensor, and that op at 0}}
  %y = strand.scan rows(%k = %ks : tensor<?x4xf32>, %v = %vs : tensor<?x3xf32>) carry(%h : tensor<4x3xf32> = %w)
       offsets %offsets : tensor<?xi32> -> tensor<?x3xf32> {
    %zero = arith.constant dense<0.0> : tensor<3xf32>
    %read = linalg.vecmat ins(%k, %h : tensor<4xf32>, tensor<4x3xf32>) outs(%zero : tensor<3xf32>) -> tensor<3xf32>
    %new = arith.subf %v, %read : tensor<3xf32>
    %0 = linalg.generic {indexing_maps = [#k, #v, #kv], iterator_types = ["parallel", "parallel"]}
        ins(%k, %new : tensor<4xf32>, tensor<3xf32>) outs(%h : tensor<4x3xf32>) {
    ^bb0(%a: f32, %b: f32, %c: f32):
      %1 = arith.mulf %a, %b : f32
      %2 = arith.addf %1, %c : f32
      linalg.yield %2 : f32
    } -> tensor<4x3xf32>
    %y = linalg.vecmat ins(%k, %0 : tensor<4xf32>, tensor<4x3xf32>) outs(%zero : tensor<3xf32>) -> tensor<3xf32>
    strand.yield %y : tensor<3xf32> next %0 : tensor<4x3xf32>
  }
  return %y : tensor<?x3xf32>
}

// -----

// CHECK-LABEL: func.func @backwards(
// CHECK:         strand.scan reverse rows
func.func @backwards(%xs: tensor<?x4xf32>, %offsets: tensor<?xi32>) -> tensor<?x4xf32> {
  // expected-remark @below {{h is a sum: h[i] = h[i] + b[i]; stays a scan: it goes from the last row to the first; to turn its rows around for strand.linear_recurrence would take as long}}
  %y = strand.scan reverse rows(%x = %xs : tensor<?x4xf32>) carry(%h : tensor<4xf32>) offsets %offsets : tensor<?xi32> -> tensor<?x4xf32> {
    %0 = arith.addf %h, %x : tensor<4xf32>
    strand.yield %0 : tensor<4xf32> next %0 : tensor<4xf32>
  }
  return %y : tensor<?x4xf32>
}

// -----

// CHECK-LABEL: func.func @integers(
// CHECK:         strand.scan
func.func @integers(%xs: tensor<?xi32>, %offsets: tensor<?xi32>) -> tensor<?xi32> {
  // expected-remark @below {{h is not affine}}
  %y = strand.scan rows(%x = %xs : tensor<?xi32>) carry(%h : tensor<i32>) offsets %offsets : tensor<?xi32> -> tensor<?xi32> {
    // expected-remark @below {{arith.addi is applied to what depends on h, so h stays a scan}}
    %0 = arith.addi %h, %x : tensor<i32>
    strand.yield %0 : tensor<i32> next %0 : tensor<i32>
  }
  return %y : tensor<?xi32>
}

// -----

// What has states has been through strand-derive-advance.
// CHECK-LABEL: func.func @has_states(
// CHECK:         strand.scan {{.*}} states(
func.func @has_states(%xs: tensor<?x4xf32>, %s: tensor<?x4xf32>, %offsets: tensor<?xi32>, %slots: tensor<?xi32>)
    -> (tensor<?x4xf32>, tensor<?x4xf32>) {
  %y:2 = strand.scan rows(%x = %xs : tensor<?x4xf32>) carry(%h : tensor<4xf32>) offsets %offsets : tensor<?xi32>
         states(%s : tensor<?x4xf32>) slots %slots : tensor<?xi32> -> (tensor<?x4xf32>, tensor<?x4xf32>) {
    %0 = arith.addf %h, %x : tensor<4xf32>
    strand.yield %0 : tensor<4xf32> next %0 : tensor<4xf32>
  }
  return %y#0, %y#1 : tensor<?x4xf32>, tensor<?x4xf32>
}

// -----

// The output reads the state at places that only the row knows: not for all rows at once.
// CHECK-LABEL: func.func @gather(
// CHECK:         strand.scan
// CHECK:           tensor.extract
func.func @gather(%xs: tensor<?x4xf32>, %at: tensor<?xi32>, %offsets: tensor<?xi32>) -> tensor<?xf32> {
  // expected-remark @below {{h is a sum: h[i] = h[i] + b[i]; stays a scan: what is read of it cannot be computed for all rows at once}}
  %y = strand.scan rows(%x = %xs : tensor<?x4xf32>, %i = %at : tensor<?xi32>) carry(%h : tensor<4xf32>)
       offsets %offsets : tensor<?xi32> -> tensor<?xf32> {
    %0 = arith.addf %h, %x : tensor<4xf32>
    %e = tensor.empty() : tensor<f32>
    %1 = linalg.generic {indexing_maps = [affine_map<() -> ()>, affine_map<() -> ()>], iterator_types = []}
        ins(%i : tensor<i32>) outs(%e : tensor<f32>) {
    ^bb0(%p: i32, %o: f32):
      %2 = arith.index_cast %p : i32 to index
      %3 = tensor.extract %0[%2] : tensor<4xf32>
      linalg.yield %3 : f32
    } -> tensor<f32>
    strand.yield %1 : tensor<f32> next %0 : tensor<4xf32>
  }
  return %y : tensor<?xf32>
}

// -----

#i = affine_map<(i, j) -> (i)>
#j = affine_map<(i, j) -> (j)>
#ij = affine_map<(i, j) -> (i, j)>

// A decay wider than a row that is no product of narrower ones, and a matrix that is read twice.
// CHECK-LABEL: func.func @wide(
// CHECK-COUNT-2: strand.scan
func.func @wide(%xs: tensor<?x4xf32>, %zs: tensor<?x3xf32>, %qs: tensor<?x4xf32>, %offsets: tensor<?xi32>) -> (tensor<?x3xf32>, tensor<?x3xf32>, tensor<?x3xf32>) {
  // expected-remark @below {{h0 is a decayed sum of outer products: h0[i,j] = a[i,j] * h0[i,j] + k[i] * v[j]; stays a scan: its decay is wider than a row, and no product of narrower ones}}
  // expected-remark @below {{h1 is a decayed sum of outer products: h1[i,j] = a[i] * h1[i,j] + k[i] * v[j]; stays a scan: it is read in 2 ways}}
  %y:3 = strand.scan rows(%x = %xs : tensor<?x4xf32>, %z = %zs : tensor<?x3xf32>, %q = %qs : tensor<?x4xf32>)
         carry(%s : tensor<4x3xf32>, %r : tensor<4x3xf32>) offsets %offsets : tensor<?xi32>
         -> (tensor<?x3xf32>, tensor<?x3xf32>, tensor<?x3xf32>) {
    %e = tensor.empty() : tensor<4x3xf32>
    %0 = linalg.generic {indexing_maps = [#i, #j, #ij, #ij], iterator_types = ["parallel", "parallel"]}
        ins(%x, %z, %s : tensor<4xf32>, tensor<3xf32>, tensor<4x3xf32>) outs(%e : tensor<4x3xf32>) {
    ^bb0(%a: f32, %b: f32, %c: f32, %o: f32):
      %2 = arith.addf %a, %b : f32
      %3 = math.tanh %2 : f32
      %4 = arith.mulf %3, %c : f32
      %5 = arith.mulf %a, %b : f32
      %6 = arith.addf %4, %5 : f32
      linalg.yield %6 : f32
    } -> tensor<4x3xf32>
    %1 = linalg.generic {indexing_maps = [#i, #j, #ij, #ij], iterator_types = ["parallel", "parallel"]}
        ins(%x, %z, %r : tensor<4xf32>, tensor<3xf32>, tensor<4x3xf32>) outs(%e : tensor<4x3xf32>) {
    ^bb0(%a: f32, %b: f32, %c: f32, %o: f32):
      %2 = arith.mulf %a, %c : f32
      %3 = arith.mulf %a, %b : f32
      %4 = arith.addf %2, %3 : f32
      linalg.yield %4 : f32
    } -> tensor<4x3xf32>
    %zero = arith.constant dense<0.0> : tensor<3xf32>
    %u = linalg.vecmat ins(%q, %0 : tensor<4xf32>, tensor<4x3xf32>) outs(%zero : tensor<3xf32>) -> tensor<3xf32>
    %v = linalg.vecmat ins(%q, %1 : tensor<4xf32>, tensor<4x3xf32>) outs(%zero : tensor<3xf32>) -> tensor<3xf32>
    %w = linalg.vecmat ins(%x, %1 : tensor<4xf32>, tensor<4x3xf32>) outs(%zero : tensor<3xf32>) -> tensor<3xf32>
    strand.yield %u, %v, %w : tensor<3xf32>, tensor<3xf32>, tensor<3xf32> next %0, %1 : tensor<4x3xf32>, tensor<4x3xf32>
  }
  return %y#0, %y#1, %y#2 : tensor<?x3xf32>, tensor<?x3xf32>, tensor<?x3xf32>
}

// -----

// f64, a known number of rows, and inputs that are made wider first.
// CHECK-LABEL: func.func @types(
// CHECK-SAME:    %[[X:.*]]: tensor<6x4xbf16>, %[[A:.*]]: tensor<6x4xf64>,
// CHECK:         %[[WIDE:.*]] = linalg.generic {{.*}} ins(%[[X]] : tensor<6x4xbf16>)
// CHECK:           arith.extf
// CHECK:         strand.linear_recurrence decay(%[[A]]) input(%[[WIDE]]) {{.*}} -> tensor<6x4xf64>
func.func @types(%xs: tensor<6x4xbf16>, %as: tensor<6x4xf64>, %offsets: tensor<3xi32>) -> tensor<6x4xf64> {
  // expected-remark @below {{becomes strand.linear_recurrence}}
  %y = strand.scan rows(%x = %xs : tensor<6x4xbf16>, %a = %as : tensor<6x4xf64>) carry(%h : tensor<4xf64>)
       offsets %offsets : tensor<3xi32> -> tensor<6x4xf64> {
    %0 = arith.extf %x : tensor<4xbf16> to tensor<4xf64>
    %1 = arith.mulf %a, %h : tensor<4xf64>
    %2 = arith.addf %1, %0 : tensor<4xf64>
    strand.yield %2 : tensor<4xf64> next %2 : tensor<4xf64>
  }
  return %y : tensor<6x4xf64>
}

// -----

// The op has the scan's name, and with it the states theirs.
// CHECK-LABEL: func.func @named(
// CHECK:         strand.linear_recurrence {{.*}} strand.name = "cell"
func.func @named(%xs: tensor<?x4xf32>, %offsets: tensor<?xi32>) -> tensor<?x4xf32> {
  // expected-remark @below {{becomes strand.linear_recurrence}}
  %y = strand.scan rows(%x = %xs : tensor<?x4xf32>) carry(%h : tensor<4xf32>) offsets %offsets : tensor<?xi32> -> tensor<?x4xf32>
       attributes {strand.name = "cell"} {
    %0 = arith.addf %h, %x : tensor<4xf32>
    strand.yield %0 : tensor<4xf32> next %0 : tensor<4xf32>
  }
  return %y : tensor<?x4xf32>
}
