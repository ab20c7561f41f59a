// The ops and operands that come of a scan.
//
// RUN: strand-opt %s -strand-infer-structure -canonicalize -cse -mlir-print-op-on-diagnostic=false 2>/dev/null | FileCheck %s

#i = affine_map<(i, j) -> (i)>
#j = affine_map<(i, j) -> (j)>
#ij = affine_map<(i, j) -> (i, j)>
#h = affine_map<(h, i, j) -> (h)>
#hi = affine_map<(h, i, j) -> (h, i)>
#hj = affine_map<(h, i, j) -> (h, j)>
#hij = affine_map<(h, i, j) -> (h, i, j)>

// CHECK-DAG: #[[$T_I:.*]] = affine_map<(d0, d1) -> (d0, d1)>
// CHECK-DAG: #[[$I:.*]] = affine_map<(d0, d1) -> (d1)>
// CHECK-DAG: #[[$JI:.*]] = affine_map<(d0, d1, d2) -> (d2, d1)>
// CHECK-DAG: #[[$T_SECOND:.*]] = affine_map<(d0, d1, d2) -> (d0, d2)>
// CHECK-DAG: #[[$T_FIRST:.*]] = affine_map<(d0, d1, d2) -> (d0, d1)>
// CHECK-DAG: #[[$WEIGHT:.*]] = affine_map<(d0, d1, d2) -> (d1, d2)>

// The state is written nowhere, and neither is what decays it: only its factors.
// CHECK-LABEL: func.func @selective(
// CHECK-SAME:    %[[X:.*]]: tensor<?x8xf32>, %[[DT:.*]]: tensor<?x8xf32>, %[[B:.*]]: tensor<?x5xf32>, %[[C:.*]]: tensor<?x5xf32>, %[[A:.*]]: tensor<8x5xf32>,
// CHECK-NOT:     tensor<?x8x5xf32>
// CHECK:         %[[INPUT:.*]] = linalg.generic {{.*}} ins(%[[X]], %[[DT]] :
// CHECK-NOT:     tensor<?x8x5xf32>
// CHECK:         strand.linear_recurrence decay(%[[A]], %[[DT]]) input(%[[B]], %[[INPUT]]) read(%[[C]]) offsets %{{.*}} {indexing_maps = [#[[$JI]], #[[$T_SECOND]], #[[$T_FIRST]], #[[$T_SECOND]], #[[$T_FIRST]], #[[$T_SECOND]]], log}
// CHECK-NOT:     tensor<?x8x5xf32>
func.func @selective(%xs: tensor<?x8xf32>, %dts: tensor<?x8xf32>, %Bs: tensor<?x5xf32>, %Cs: tensor<?x5xf32>,
                     %A: tensor<8x5xf32>, %offsets: tensor<?xi32>) -> tensor<?x8xf32> {
  %y = strand.scan rows(%x = %xs : tensor<?x8xf32>, %dt = %dts : tensor<?x8xf32>, %b = %Bs : tensor<?x5xf32>, %c = %Cs : tensor<?x5xf32>)
       with(%a = %A : tensor<8x5xf32>) carry(%h : tensor<8x5xf32>) offsets %offsets : tensor<?xi32> -> tensor<?x8xf32> {
    %e = tensor.empty() : tensor<8x5xf32>
    %next = linalg.generic {indexing_maps = [#i, #ij, #ij, #i, #j, #ij], iterator_types = ["parallel", "parallel"]}
        ins(%dt, %a, %h, %x, %b : tensor<8xf32>, tensor<8x5xf32>, tensor<8x5xf32>, tensor<8xf32>, tensor<5xf32>)
        outs(%e : tensor<8x5xf32>) {
    ^bb0(%p: f32, %q: f32, %s: f32, %u: f32, %v: f32, %o: f32):
      %0 = arith.mulf %p, %q : f32
      %1 = math.exp %0 : f32
      %2 = arith.mulf %1, %s : f32
      %3 = arith.mulf %p, %u : f32
      %4 = arith.mulf %3, %v : f32
      %5 = arith.addf %2, %4 : f32
      linalg.yield %5 : f32
    } -> tensor<8x5xf32>
    %zero = arith.constant dense<0.0> : tensor<8xf32>
    %y = linalg.matvec ins(%next, %c : tensor<8x5xf32>, tensor<5xf32>) outs(%zero : tensor<8xf32>) -> tensor<8xf32>
    strand.yield %y : tensor<8xf32> next %next : tensor<8x5xf32>
  }
  return %y : tensor<?x8xf32>
}

// Two heads; keys and queries are the same for both, the gate is a number for each.
// CHECK-LABEL: func.func @heads(
// CHECK-SAME:    %[[Q:.*]]: tensor<?x4xf32>, %[[K:.*]]: tensor<?x4xf32>, %[[V:.*]]: tensor<?x2x3xf32>, %[[G:.*]]: tensor<?x2xf32>,
// CHECK-DAG:     %[[Q1:.*]] = tensor.expand_shape %[[Q]] {{.*}} into tensor<?x1x4xf32>
// CHECK-DAG:     %[[K1:.*]] = tensor.expand_shape %[[K]] {{.*}} into tensor<?x1x4xf32>
// CHECK:         %[[Y:.*]] = strand.linear_attention %[[Q1]], %[[K1]], %[[V]] gate %[[G]] offsets
// CHECK:         return %[[Y]]
func.func @heads(%qs: tensor<?x4xf32>, %ks: tensor<?x4xf32>, %vs: tensor<?x2x3xf32>, %gs: tensor<?x2xf32>,
                 %offsets: tensor<?xi32>) -> tensor<?x2x3xf32> {
  %y = strand.scan rows(%q = %qs : tensor<?x4xf32>, %k = %ks : tensor<?x4xf32>, %v = %vs : tensor<?x2x3xf32>, %g = %gs : tensor<?x2xf32>)
       carry(%s : tensor<2x4x3xf32>) offsets %offsets : tensor<?xi32> -> tensor<?x2x3xf32> {
    %e = tensor.empty() : tensor<2x4x3xf32>
    %next = linalg.generic {indexing_maps = [#h, #hij, affine_map<(h, i, j) -> (i)>, #hj, #hij],
                            iterator_types = ["parallel", "parallel", "parallel"]}
        ins(%g, %s, %k, %v : tensor<2xf32>, tensor<2x4x3xf32>, tensor<4xf32>, tensor<2x3xf32>) outs(%e : tensor<2x4x3xf32>) {
    ^bb0(%a: f32, %b: f32, %c: f32, %d: f32, %o: f32):
      %0 = math.exp %a : f32
      %1 = arith.mulf %0, %b : f32
      %2 = arith.mulf %c, %d : f32
      %3 = arith.addf %1, %2 : f32
      linalg.yield %3 : f32
    } -> tensor<2x4x3xf32>
    %zero = arith.constant dense<0.0> : tensor<2x3xf32>
    %y = linalg.generic {indexing_maps = [affine_map<(h, i, j) -> (i)>, #hij, #hj], iterator_types = ["parallel", "reduction", "parallel"]}
        ins(%q, %next : tensor<4xf32>, tensor<2x4x3xf32>) outs(%zero : tensor<2x3xf32>) {
    ^bb0(%a: f32, %b: f32, %o: f32):
      %0 = arith.mulf %a, %b : f32
      %1 = arith.addf %o, %0 : f32
      linalg.yield %1 : f32
    } -> tensor<2x3xf32>
    strand.yield %y : tensor<2x3xf32> next %next : tensor<2x4x3xf32>
  }
  return %y : tensor<?x2x3xf32>
}

// Products of the row and weights become products of all rows, which stand first; so does what reads the state.
// CHECK-LABEL: func.func @projections(
// CHECK-SAME:    %[[X:.*]]: tensor<?x6xf32>, %[[W:.*]]: tensor<4x6xf32>, %[[OUT:.*]]: tensor<4x5xf32>
// CHECK:         %[[P:.*]] = linalg.generic {indexing_maps = [#[[$T_SECOND]], #[[$WEIGHT]], #[[$T_FIRST]]], {{.*}}} ins(%[[X]], %[[W]] :
// CHECK:         %[[A:.*]] = linalg.generic {{.*}} ins(%[[P]] :
// CHECK:           math.tanh
// CHECK:         %[[H:.*]] = strand.linear_recurrence decay(%[[A]]) input(%[[P]]) offsets %{{.*}} {indexing_maps = [#[[$T_I]], #[[$T_I]], #[[$T_I]]]}
// CHECK:         linalg.generic {{.*}} ins(%[[H]], %[[OUT]] :
// CHECK-NOT:     strand.scan
func.func @projections(%xs: tensor<?x6xf32>, %w: tensor<4x6xf32>, %wo: tensor<4x5xf32>, %offsets: tensor<?xi32>) -> tensor<?x5xf32> {
  %y = strand.scan rows(%x = %xs : tensor<?x6xf32>) with(%v = %w : tensor<4x6xf32>, %o = %wo : tensor<4x5xf32>)
       carry(%h : tensor<4xf32>) offsets %offsets : tensor<?xi32> -> tensor<?x5xf32> {
    %zero = arith.constant dense<0.0> : tensor<4xf32>
    %zero5 = arith.constant dense<0.0> : tensor<5xf32>
    %p = linalg.matvec ins(%v, %x : tensor<4x6xf32>, tensor<6xf32>) outs(%zero : tensor<4xf32>) -> tensor<4xf32>
    %a = math.tanh %p : tensor<4xf32>
    %0 = arith.mulf %a, %h : tensor<4xf32>
    %1 = arith.addf %0, %p : tensor<4xf32>
    %y = linalg.vecmat ins(%1, %o : tensor<4xf32>, tensor<4x5xf32>) outs(%zero5 : tensor<5xf32>) -> tensor<5xf32>
    strand.yield %y : tensor<5xf32> next %1 : tensor<4xf32>
  }
  return %y : tensor<?x5xf32>
}

// What stays is what depends on the state: not the product of the row, nor what comes after.
// CHECK-LABEL: func.func @network(
// CHECK-SAME:    %[[X:.*]]: tensor<?x6xf32>, %[[W:.*]]: tensor<6x4xf32>, %[[U:.*]]: tensor<4x4xf32>
// CHECK:         %[[P:.*]] = linalg.generic {{.*}} ins(%[[X]], %[[W]] :
// CHECK:         %[[H:.*]] = strand.scan rows(%[[XT:.*]] = %[[P]] : tensor<?x4xf32>) with(%[[UT:.*]] = %[[U]] : tensor<4x4xf32>) carry(%[[HT:.*]] : tensor<4xf32>) offsets
// CHECK-NEXT:      %[[S:.*]] = linalg.vecmat ins(%[[HT]], %[[UT]] : {{.*}} outs(%[[XT]] :
// CHECK-NEXT:      %[[N:.*]] = math.tanh %[[S]]
// CHECK-NEXT:      strand.yield %[[N]] : tensor<4xf32> next %[[N]] : tensor<4xf32>
// CHECK:         linalg.generic {{.*}} ins(%[[H]] :
// CHECK:           math.exp
func.func @network(%xs: tensor<?x6xf32>, %w: tensor<6x4xf32>, %u: tensor<4x4xf32>, %offsets: tensor<?xi32>) -> tensor<?x4xf32> {
  %y = strand.scan rows(%x = %xs : tensor<?x6xf32>) with(%wt = %w : tensor<6x4xf32>, %ut = %u : tensor<4x4xf32>)
       carry(%h : tensor<4xf32>) offsets %offsets : tensor<?xi32> -> tensor<?x4xf32> {
    %zero = arith.constant dense<0.0> : tensor<4xf32>
    %0 = linalg.vecmat ins(%x, %wt : tensor<6xf32>, tensor<6x4xf32>) outs(%zero : tensor<4xf32>) -> tensor<4xf32>
    %1 = linalg.vecmat ins(%h, %ut : tensor<4xf32>, tensor<4x4xf32>) outs(%0 : tensor<4xf32>) -> tensor<4xf32>
    %2 = math.tanh %1 : tensor<4xf32>
    %3 = math.exp %2 : tensor<4xf32>
    strand.yield %3 : tensor<4xf32> next %2 : tensor<4xf32>
  }
  return %y : tensor<?x4xf32>
}

// What is not affine is a scan of its own, which yields its rows before and after the step; the sum is given those.
// CHECK-LABEL: func.func @staged(
// CHECK-SAME:    %[[X:.*]]: tensor<?x4xf32>,
// CHECK:         %[[M:.*]]:2 = strand.scan rows(%[[XT:.*]] = %[[X]] : tensor<?x4xf32>) carry(%[[MT:.*]] : tensor<4xf32>) offsets
// CHECK-NEXT:      %[[TANH:.*]] = math.tanh %[[MT]]
// CHECK-NEXT:      %[[MAX:.*]] = arith.maximumf %[[TANH]], %[[XT]]
// CHECK-NEXT:      strand.yield %[[MT]], %[[MAX]] : tensor<4xf32>, tensor<4xf32> next %[[MAX]] : tensor<4xf32>
// CHECK:         linalg.generic {{.*}} ins(%[[M]]#0, %[[M]]#1 :
// CHECK:         strand.linear_recurrence
func.func @staged(%xs: tensor<?x4xf32>, %offsets: tensor<?xi32>) -> tensor<?x4xf32> {
  %y = strand.scan rows(%x = %xs : tensor<?x4xf32>) carry(%z : tensor<4xf32>, %m : tensor<4xf32>)
       offsets %offsets : tensor<?xi32> -> tensor<?x4xf32> {
    %tanh = math.tanh %m : tensor<4xf32>
    %0 = arith.maximumf %tanh, %x : tensor<4xf32>
    %1 = arith.subf %m, %0 : tensor<4xf32>
    %2 = math.exp %1 : tensor<4xf32>
    %3 = arith.subf %x, %0 : tensor<4xf32>
    %4 = math.exp %3 : tensor<4xf32>
    %5 = arith.mulf %2, %z : tensor<4xf32>
    %6 = arith.addf %5, %4 : tensor<4xf32>
    strand.yield %6 : tensor<4xf32> next %6, %0 : tensor<4xf32>, tensor<4xf32>
  }
  return %y : tensor<?x4xf32>
}

// A matrix that another carried value takes in whole is not stored for all rows: the two stay together.
// CHECK-LABEL: func.func @together(
// CHECK:         strand.scan rows({{.*}}) carry(%{{.*}} : tensor<4x3xf32>, %{{.*}} : tensor<4x3xf32>) offsets %{{.*}} : tensor<?xi32> -> tensor<?x3xf32> {
// CHECK-NOT:     strand.linear
func.func @together(%qs: tensor<?x4xf32>, %ks: tensor<?x4xf32>, %vs: tensor<?x3xf32>, %offsets: tensor<?xi32>) -> tensor<?x3xf32> {
  %y = strand.scan rows(%q = %qs : tensor<?x4xf32>, %k = %ks : tensor<?x4xf32>, %v = %vs : tensor<?x3xf32>)
       carry(%s : tensor<4x3xf32>, %m : tensor<4x3xf32>) offsets %offsets : tensor<?xi32> -> tensor<?x3xf32> {
    %half = arith.constant dense<0.5> : tensor<4x3xf32>
    %0 = arith.mulf %half, %s : tensor<4x3xf32>
    %1 = linalg.generic {indexing_maps = [#i, #j, #ij], iterator_types = ["parallel", "parallel"]}
        ins(%k, %v : tensor<4xf32>, tensor<3xf32>) outs(%0 : tensor<4x3xf32>) {
    ^bb0(%a: f32, %b: f32, %o: f32):
      %3 = arith.mulf %a, %b : f32
      %4 = arith.addf %o, %3 : f32
      linalg.yield %4 : f32
    } -> tensor<4x3xf32>
    %2 = arith.addf %m, %1 : tensor<4x3xf32>
    %zero = arith.constant dense<0.0> : tensor<3xf32>
    %y = linalg.vecmat ins(%q, %2 : tensor<4xf32>, tensor<4x3xf32>) outs(%zero : tensor<3xf32>) -> tensor<3xf32>
    strand.yield %y : tensor<3xf32> next %1, %2 : tensor<4x3xf32>, tensor<4x3xf32>
  }
  return %y : tensor<?x3xf32>
}

// What is read of the state before the step is the row before.
// CHECK-LABEL: func.func @before(
// CHECK-SAME:    %[[X:.*]]: tensor<?x4xf32>,
// CHECK:         %[[H:.*]] = strand.linear_recurrence
// CHECK:         strand.scan rows(%[[HT:.*]] = %[[H]] : tensor<?x4xf32>) carry(%[[P:.*]] : tensor<4xf32>)
// CHECK-NEXT:      strand.yield %[[P]] : tensor<4xf32> next %[[HT]] : tensor<4xf32>
func.func @before(%xs: tensor<?x4xf32>, %offsets: tensor<?xi32>) -> tensor<?x4xf32> {
  %y = strand.scan rows(%x = %xs : tensor<?x4xf32>) carry(%h : tensor<4xf32>) offsets %offsets : tensor<?xi32> -> tensor<?x4xf32> {
    %0 = arith.mulf %x, %h : tensor<4xf32>
    %1 = arith.addf %0, %x : tensor<4xf32>
    strand.yield %h : tensor<4xf32> next %1 : tensor<4xf32>
  }
  return %y : tensor<?x4xf32>
}

// One number.
// CHECK-LABEL: func.func @number(
// CHECK-SAME:    %[[X:.*]]: tensor<?xf32>,
// CHECK:         %[[X1:.*]] = tensor.expand_shape %[[X]] {{\[\[}}0, 1]] {{.*}} into tensor<?x1xf32>
// CHECK:         %[[Y:.*]] = strand.linear_recurrence decay(%{{.*}}) input(%[[X1]]) {{.*}} -> tensor<?x1xf32>
// CHECK:         tensor.collapse_shape %[[Y]] {{\[\[}}0, 1]] : tensor<?x1xf32> into tensor<?xf32>
func.func @number(%xs: tensor<?xf32>, %offsets: tensor<?xi32>) -> tensor<?xf32> {
  %y = strand.scan rows(%x = %xs : tensor<?xf32>) carry(%h : tensor<f32>) offsets %offsets : tensor<?xi32> -> tensor<?xf32> {
    %0 = math.tanh %x : tensor<f32>
    %1 = arith.mulf %0, %h : tensor<f32>
    %2 = arith.addf %1, %x : tensor<f32>
    strand.yield %2 : tensor<f32> next %2 : tensor<f32>
  }
  return %y : tensor<?xf32>
}

// A decay that is a number of the program; a query with a factor of its own; dimensions of one entry.
// CHECK-LABEL: func.func @constant_decay(
// CHECK:         strand.linear_attention {{.*}} {decay = array<f64: -0.69314718055994529>} :
func.func @constant_decay(%qs: tensor<?x4x1xf32>, %ks: tensor<?x4x1xf32>, %vs: tensor<?x1x3xf32>, %offsets: tensor<?xi32>) -> tensor<?x1x3xf32> {
  %y = strand.scan rows(%q = %qs : tensor<?x4x1xf32>, %k = %ks : tensor<?x4x1xf32>, %v = %vs : tensor<?x1x3xf32>)
       carry(%s : tensor<4x3xf32>) offsets %offsets : tensor<?xi32> -> tensor<?x1x3xf32> {
    %half = arith.constant dense<0.5> : tensor<4x3xf32>
    %0 = arith.mulf %half, %s : tensor<4x3xf32>
    %1 = linalg.matmul ins(%k, %v : tensor<4x1xf32>, tensor<1x3xf32>) outs(%0 : tensor<4x3xf32>) -> tensor<4x3xf32>
    %two = arith.constant dense<2.0> : tensor<4x1xf32>
    %2 = arith.mulf %two, %q : tensor<4x1xf32>
    %zero = arith.constant dense<0.0> : tensor<1x3xf32>
    %3 = linalg.generic {indexing_maps = [affine_map<(i, j, l) -> (l, i)>, affine_map<(i, j, l) -> (l, j)>, affine_map<(i, j, l) -> (i, j)>],
                         iterator_types = ["parallel", "parallel", "reduction"]}
        ins(%2, %1 : tensor<4x1xf32>, tensor<4x3xf32>) outs(%zero : tensor<1x3xf32>) {
    ^bb0(%a: f32, %b: f32, %o: f32):
      %4 = arith.mulf %a, %b : f32
      %5 = arith.addf %o, %4 : f32
      linalg.yield %5 : f32
    } -> tensor<1x3xf32>
    strand.yield %3 : tensor<1x3xf32> next %1 : tensor<4x3xf32>
  }
  return %y : tensor<?x1x3xf32>
}

// What the state is read with is a product itself, of the same size, in one operation.
// CHECK-LABEL: func.func @projected_query(
// CHECK-SAME:    %[[X:.*]]: tensor<?x4xf32>, %{{.*}}: tensor<?x3xf32>, %[[W:.*]]: tensor<4x4xf32>
// CHECK:         %[[Q:.*]] = linalg.generic {{.*}} ins(%{{.*}}, %{{.*}} : {{.*}}tensor<4x4xf32>{{.*}}) outs(%{{.*}} : tensor<?x4xf32>)
// CHECK:         %[[Q1:.*]] = tensor.expand_shape %[[Q]]
// CHECK:         strand.linear_attention %[[Q1]],
func.func @projected_query(%xs: tensor<?x4xf32>, %vs: tensor<?x3xf32>, %all_w: tensor<4x4xf32>, %offsets: tensor<?xi32>) -> tensor<?x3xf32> {
  %y = strand.scan rows(%x = %xs : tensor<?x4xf32>, %v = %vs : tensor<?x3xf32>) with(%w = %all_w : tensor<4x4xf32>)
       carry(%s : tensor<4x3xf32>) offsets %offsets : tensor<?xi32> -> tensor<?x3xf32> {
    %next = linalg.generic {indexing_maps = [#i, #j, #ij], iterator_types = ["parallel", "parallel"]}
        ins(%x, %v : tensor<4xf32>, tensor<3xf32>) outs(%s : tensor<4x3xf32>) {
    ^bb0(%a: f32, %b: f32, %o: f32):
      %0 = arith.mulf %a, %b : f32
      %1 = arith.addf %o, %0 : f32
      linalg.yield %1 : f32
    } -> tensor<4x3xf32>
    %zero = arith.constant dense<0.0> : tensor<3xf32>
    %y = linalg.generic {indexing_maps = [affine_map<(j, i, c) -> (i, c)>, affine_map<(j, i, c) -> (c)>,
                                          affine_map<(j, i, c) -> (i, j)>, affine_map<(j, i, c) -> (j)>],
                         iterator_types = ["parallel", "reduction", "reduction"]}
        ins(%w, %x, %next : tensor<4x4xf32>, tensor<4xf32>, tensor<4x3xf32>) outs(%zero : tensor<3xf32>) {
    ^bb0(%a: f32, %b: f32, %c: f32, %o: f32):
      %0 = arith.mulf %a, %b : f32
      %1 = arith.mulf %0, %c : f32
      %2 = arith.addf %o, %1 : f32
      linalg.yield %2 : f32
    } -> tensor<3xf32>
    strand.yield %y : tensor<3xf32> next %next : tensor<4x3xf32>
  }
  return %y : tensor<?x3xf32>
}
