// RUN: strand-opt %s -strand-step-together -canonicalize -cse | FileCheck %s
// RUN: strand-opt %s -strand-step-together -canonicalize -cse | FileCheck %s --check-prefix=NOTES

// NOTES-DAG: func.func @product({{.*}}strand.notes = {{.*}}fallback = false, form = "step loop, sequences together"
// NOTES-DAG: func.func @one_row({{.*}}strand.notes = {{.*}}fallback = false, form = "step"

// Ranks by length, then a step at a time; the product is one of rows and the matrix, accumulated on the rows of the input.
// CHECK-LABEL: func.func @product(
// CHECK-SAME:    %[[X:.*]]: tensor<?x8xf32>, %[[W:.*]]: tensor<8x8xf32>, %[[OFFSETS:.*]]: tensor<?xi32>)
// CHECK:         %[[RANKS:.*]] = linalg.generic {{.*}}iterator_types = ["parallel", "reduction"]}
// CHECK:         %[[SORTED:.*]]:3 = scf.for
// CHECK:           %[[RANK:.*]] = tensor.extract %[[RANKS]]
// CHECK:           arith.subi
// CHECK:           arith.maxsi
// CHECK:         %[[BEGIN:.*]] = linalg.fill {{.*}} -> tensor<?x8xf32>
// CHECK:         scf.for %[[T:.*]] = {{.*}} iter_args(%[[OUT:.*]] = %{{.*}}, %[[H:.*]] = %[[BEGIN]])
// CHECK:           arith.cmpi sgt
// CHECK:           %[[N:.*]] = arith.minui
// CHECK:           %[[RUNNING:.*]] = tensor.extract_slice %[[SORTED]]#0[0] [%[[N]]] [1]
// CHECK:           %[[ROWS:.*]] = linalg.generic {{.*}} ins(%[[RUNNING]] : tensor<?xi32>)
// CHECK:             arith.addi %{{.*}}, %[[T]]
// CHECK:             tensor.extract %[[X]]
// CHECK:           %[[OLD:.*]] = tensor.extract_slice %[[H]][0, 0] [%[[N]], 8] [1, 1]
// CHECK:           linalg.generic {{.*}} ins(%[[OLD]], %[[W]] : tensor<?x8xf32>, tensor<8x8xf32>) outs(%[[ROWS]] : tensor<?x8xf32>)
// CHECK:           %[[NEXT:.*]] = linalg.generic
// CHECK:             math.tanh
// CHECK:           scf.for %{{.*}} = %{{.*}} to %[[N]] {{.*}} iter_args(%{{.*}} = %[[OUT]])
// CHECK:           tensor.insert_slice %[[NEXT]] into %[[H]][0, 0] [%[[N]], 8] [1, 1]
// CHECK-NOT:     strand.scan
func.func @product(%xs: tensor<?x8xf32>, %w: tensor<8x8xf32>, %offsets: tensor<?xi32>) -> tensor<?x8xf32> {
  %y = strand.scan rows(%x = %xs : tensor<?x8xf32>) with(%u = %w : tensor<8x8xf32>) carry(%h : tensor<8xf32>)
       offsets %offsets : tensor<?xi32> -> tensor<?x8xf32> {
    %0 = linalg.matvec ins(%u, %h : tensor<8x8xf32>, tensor<8xf32>) outs(%x : tensor<8xf32>) -> tensor<8xf32>
    %1 = math.tanh %0 : tensor<8xf32>
    strand.yield %1 : tensor<8xf32> next %1 : tensor<8xf32>
  }
  return %y : tensor<?x8xf32>
}

// The first row is the last of the sequence, and row t the t-th before it.
// CHECK-LABEL: func.func @backwards(
// CHECK:         scf.for
// CHECK:           %[[NEXT:.*]] = arith.addi %{{.*}}, %c1 : index
// CHECK:           %[[END:.*]] = tensor.extract %{{.*}}[%[[NEXT]]] : tensor<?xi32>
// CHECK:           arith.subi %[[END]], %c1_i32
// CHECK:         scf.for %[[T:.*]] = {{.*}} iter_args(%{{.*}} = %{{.*}}, %{{.*}} = %{{.*}})
// CHECK:             arith.subi %{{.*}}, %[[T]] : index
// CHECK:             tensor.extract
func.func @backwards(%xs: tensor<?x8xf32>, %w: tensor<8x8xf32>, %offsets: tensor<?xi32>) -> tensor<?x8xf32> {
  %y = strand.scan reverse rows(%x = %xs : tensor<?x8xf32>) with(%u = %w : tensor<8x8xf32>) carry(%h : tensor<8xf32>)
       offsets %offsets : tensor<?xi32> -> tensor<?x8xf32> {
    %0 = linalg.matvec ins(%u, %h : tensor<8x8xf32>, tensor<8xf32>) outs(%x : tensor<8xf32>) -> tensor<8xf32>
    %1 = math.tanh %0 : tensor<8xf32>
    strand.yield %1 : tensor<8xf32> next %1 : tensor<8xf32>
  }
  return %y : tensor<?x8xf32>
}

// States come from their slots and go back there, but for sequences without rows.
// CHECK-LABEL: func.func @one_row(
// CHECK-SAME:    %[[STATE:[a-z0-9]*]]: tensor<?x8xf32>, %[[OFFSETS:[a-z0-9]*]]: tensor<?xi32>, %[[SLOTS:[a-z0-9]*]]: tensor<?xi32>)
// CHECK:         %[[SORTED:.*]]:4 = scf.for
// CHECK:           tensor.extract %[[SLOTS]]
// CHECK:         linalg.generic {{.*}} ins(%[[SORTED]]#2 : tensor<?xi32>)
// CHECK:           tensor.extract %[[STATE]]
// CHECK:         %[[STEPS:.*]]:2 = scf.for
// CHECK:         arith.cmpi sgt, %{{.*}}, %c0_i32
// CHECK:         %[[N:.*]] = arith.minui
// CHECK:         scf.for %{{.*}} = %{{.*}} to %[[N]] {{.*}} iter_args(%{{.*}} = %[[STATE]])
// CHECK:           tensor.extract_slice %[[STEPS]]#1
func.func @one_row(%xs: tensor<?x8xf32>, %w: tensor<8x8xf32>, %s: tensor<?x8xf32>, %offsets: tensor<?xi32>, %slots: tensor<?xi32>)
    -> (tensor<?x8xf32>, tensor<?x8xf32>) attributes {strand.single_row} {
  %y:2 = strand.scan rows(%x = %xs : tensor<?x8xf32>) with(%u = %w : tensor<8x8xf32>) carry(%h : tensor<8xf32>)
       offsets %offsets : tensor<?xi32> states(%s : tensor<?x8xf32>) slots %slots : tensor<?xi32>
       -> (tensor<?x8xf32>, tensor<?x8xf32>) {
    %0 = linalg.matvec ins(%u, %h : tensor<8x8xf32>, tensor<8xf32>) outs(%x : tensor<8xf32>) -> tensor<8xf32>
    %1 = math.tanh %0 : tensor<8xf32>
    strand.yield %1 : tensor<8xf32> next %1 : tensor<8xf32>
  }
  return %y#0, %y#1 : tensor<?x8xf32>, tensor<?x8xf32>
}

// There is no matrix, or it is another in every row, or nothing carried is multiplied by it.
// CHECK-LABEL: func.func @no_matrix(
// CHECK-COUNT-3: strand.scan
func.func @no_matrix(%xs: tensor<?x8xf32>, %ms: tensor<?x8x8xf32>, %w: tensor<8x8xf32>, %offsets: tensor<?xi32>)
    -> (tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>) {
  %y0 = strand.scan rows(%x = %xs : tensor<?x8xf32>) carry(%h : tensor<8xf32>) offsets %offsets : tensor<?xi32> -> tensor<?x8xf32> {
    %0 = arith.addf %x, %h : tensor<8xf32>
    %1 = math.tanh %0 : tensor<8xf32>
    strand.yield %1 : tensor<8xf32> next %1 : tensor<8xf32>
  }
  %y1 = strand.scan rows(%x = %xs : tensor<?x8xf32>, %m = %ms : tensor<?x8x8xf32>) carry(%h : tensor<8xf32>)
       offsets %offsets : tensor<?xi32> -> tensor<?x8xf32> {
    %0 = linalg.matvec ins(%m, %h : tensor<8x8xf32>, tensor<8xf32>) outs(%x : tensor<8xf32>) -> tensor<8xf32>
    %1 = math.tanh %0 : tensor<8xf32>
    strand.yield %1 : tensor<8xf32> next %1 : tensor<8xf32>
  }
  %y2 = strand.scan rows(%x = %xs : tensor<?x8xf32>) with(%u = %w : tensor<8x8xf32>) carry(%h : tensor<8xf32>)
       offsets %offsets : tensor<?xi32> -> tensor<?x8xf32> {
    %0 = linalg.matvec ins(%u, %x : tensor<8x8xf32>, tensor<8xf32>) outs(%x : tensor<8xf32>) -> tensor<8xf32>
    %1 = arith.maximumf %0, %h : tensor<8xf32>
    strand.yield %1 : tensor<8xf32> next %1 : tensor<8xf32>
  }
  return %y0, %y1, %y2 : tensor<?x8xf32>, tensor<?x8xf32>, tensor<?x8xf32>
}

// An operation of the step has no form over rows: it reads the carried values at a place that the row knows.
// CHECK-LABEL: func.func @gathers(
// CHECK:         strand.scan
func.func @gathers(%xs: tensor<?x8xf32>, %at: tensor<?xi32>, %w: tensor<8x8xf32>, %offsets: tensor<?xi32>) -> tensor<?x8xf32> {
  %y = strand.scan rows(%x = %xs : tensor<?x8xf32>, %i = %at : tensor<?xi32>) with(%u = %w : tensor<8x8xf32>)
       carry(%h : tensor<8xf32>) offsets %offsets : tensor<?xi32> -> tensor<?x8xf32> {
    %0 = linalg.matvec ins(%u, %h : tensor<8x8xf32>, tensor<8xf32>) outs(%x : tensor<8xf32>) -> tensor<8xf32>
    %e = tensor.empty() : tensor<8xf32>
    %j = tensor.extract %i[] : tensor<i32>
    %p = arith.index_cast %j : i32 to index
    %1 = linalg.generic {indexing_maps = [affine_map<(d) -> (d)>], iterator_types = ["parallel"]} outs(%e : tensor<8xf32>) {
    ^bb0(%o: f32):
      %2 = tensor.extract %0[%p] : tensor<8xf32>
      linalg.yield %2 : f32
    } -> tensor<8xf32>
    strand.yield %1 : tensor<8xf32> next %1 : tensor<8xf32>
  }
  return %y : tensor<?x8xf32>
}
