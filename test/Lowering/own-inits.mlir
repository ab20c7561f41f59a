// RUN: strand-opt %s -strand-own-inits -split-input-file | FileCheck %s

// Two ops that wrote into one empty tensor get one each, a new one right in front of its user.
// CHECK-LABEL: func.func @two_writers(
// CHECK:         %[[B:.*]] = tensor.empty
// CHECK-NEXT:    %[[A:.*]] = tensor.empty
// CHECK-NEXT:    linalg.exp {{.*}} outs(%[[A]] :
// CHECK:         linalg.log {{.*}} outs(%[[B]] :
func.func @two_writers(%x: tensor<?x8xf32>, %n: index) -> (tensor<?x8xf32>, tensor<?x8xf32>) {
  %e = tensor.empty(%n) : tensor<?x8xf32>
  %a = linalg.exp ins(%x : tensor<?x8xf32>) outs(%e : tensor<?x8xf32>) -> tensor<?x8xf32>
  %b = linalg.log ins(%x : tensor<?x8xf32>) outs(%e : tensor<?x8xf32>) -> tensor<?x8xf32>
  return %a, %b : tensor<?x8xf32>, tensor<?x8xf32>
}

// -----

// Of a filled tensor each user gets a fill of its own, and each fill an empty tensor.
// CHECK-LABEL: func.func @two_sums(
// CHECK:         %[[B:.*]] = tensor.empty
// CHECK-NEXT:    %[[ZERO_B:.*]] = linalg.fill {{.*}} outs(%[[B]] :
// CHECK-NEXT:    %[[A:.*]] = tensor.empty
// CHECK-NEXT:    %[[ZERO_A:.*]] = linalg.fill {{.*}} outs(%[[A]] :
// CHECK-NEXT:    linalg.matmul {{.*}} outs(%[[ZERO_A]] :
// CHECK-NEXT:    linalg.matmul {{.*}} outs(%[[ZERO_B]] :
func.func @two_sums(%x: tensor<4x4xf32>) -> (tensor<4x4xf32>, tensor<4x4xf32>) {
  %zero = arith.constant 0.0 : f32
  %e = tensor.empty() : tensor<4x4xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<4x4xf32>) -> tensor<4x4xf32>
  %a = linalg.matmul ins(%x, %x : tensor<4x4xf32>, tensor<4x4xf32>) outs(%f : tensor<4x4xf32>) -> tensor<4x4xf32>
  %b = linalg.matmul ins(%a, %x : tensor<4x4xf32>, tensor<4x4xf32>) outs(%f : tensor<4x4xf32>) -> tensor<4x4xf32>
  return %a, %b : tensor<4x4xf32>, tensor<4x4xf32>
}

// -----

// One user keeps what it has.
// CHECK-LABEL: func.func @one_user(
// CHECK:         tensor.empty
// CHECK-NOT:     tensor.empty
// CHECK:         return
func.func @one_user(%x: tensor<4xf32>) -> tensor<4xf32> {
  %e = tensor.empty() : tensor<4xf32>
  %a = linalg.exp ins(%x : tensor<4xf32>) outs(%e : tensor<4xf32>) -> tensor<4xf32>
  return %a : tensor<4xf32>
}

// -----

// In a loop, where the user is.
// CHECK-LABEL: func.func @in_a_loop(
// CHECK:         scf.for
// CHECK:           tensor.empty
// CHECK:           linalg.exp
func.func @in_a_loop(%x: tensor<4xf32>, %n: index) -> (tensor<4xf32>, tensor<4xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %e = tensor.empty() : tensor<4xf32>
  %r = scf.for %i = %c0 to %n step %c1 iter_args(%y = %x) -> tensor<4xf32> {
    %a = linalg.exp ins(%y : tensor<4xf32>) outs(%e : tensor<4xf32>) -> tensor<4xf32>
    scf.yield %a : tensor<4xf32>
  }
  %b = linalg.log ins(%r : tensor<4xf32>) outs(%e : tensor<4xf32>) -> tensor<4xf32>
  return %r, %b : tensor<4xf32>, tensor<4xf32>
}

// -----

// A user in a loop gets its own in the loop, though it is the only one: it writes into it in every iteration.
// CHECK-LABEL: @user_in_a_loop
// CHECK-NOT: linalg.fill
// CHECK: scf.for
// CHECK-NEXT: tensor.empty
// CHECK-NEXT: linalg.fill
// CHECK-NEXT: linalg.reduce
func.func @user_in_a_loop(%x: tensor<8x4xf32>, %into: tensor<4xf32>) -> tensor<4xf32> {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c8 = arith.constant 8 : index
  %zero = arith.constant 0.0 : f32
  %empty = tensor.empty() : tensor<4xf32>
  %fill = linalg.fill ins(%zero : f32) outs(%empty : tensor<4xf32>) -> tensor<4xf32>
  %r = scf.for %i = %c0 to %c8 step %c1 iter_args(%sum = %into) -> (tensor<4xf32>) {
    %all = linalg.reduce {arith.addf} ins(%x : tensor<8x4xf32>) outs(%fill : tensor<4xf32>) dimensions = [0]
    %next = linalg.add ins(%all, %sum : tensor<4xf32>, tensor<4xf32>) outs(%sum : tensor<4xf32>) -> tensor<4xf32>
    scf.yield %next : tensor<4xf32>
  }
  return %r : tensor<4xf32>
}

// -----

// A part that is computed in a slice of a tensor and put back keeps its place in it, also where two such tensors began as
// one.
// CHECK-LABEL: func.func @parts(
// CHECK:         %[[A:.*]] = tensor.empty() : tensor<4xf32>
// CHECK-NEXT:    %[[SLICE_A:.*]] = tensor.extract_slice %[[A]][0] [3] [1]
// CHECK-NEXT:    %[[X:.*]] = linalg.exp {{.*}} outs(%[[SLICE_A]] :
// CHECK:         tensor.insert_slice %[[X]] into %[[A]][0] [3] [1]
// CHECK:         %[[Y:.*]] = linalg.log {{.*}} outs(%[[SLICE_B:.*]] :
// CHECK:         tensor.insert_slice %[[Y]] into %[[B:.*]][0] [3] [1]
func.func @parts(%in: tensor<3xf32>) -> (tensor<4xf32>, tensor<4xf32>) {
  %e = tensor.empty() : tensor<4xf32>
  %s = tensor.extract_slice %e[0] [3] [1] : tensor<4xf32> to tensor<3xf32>
  %x = linalg.exp ins(%in : tensor<3xf32>) outs(%s : tensor<3xf32>) -> tensor<3xf32>
  %a = tensor.insert_slice %x into %e[0] [3] [1] : tensor<3xf32> into tensor<4xf32>
  %y = linalg.log ins(%in : tensor<3xf32>) outs(%s : tensor<3xf32>) -> tensor<3xf32>
  %b = tensor.insert_slice %y into %e[0] [3] [1] : tensor<3xf32> into tensor<4xf32>
  return %a, %b : tensor<4xf32>, tensor<4xf32>
}

// -----

// Only one of two branches runs, so both write into one place, which another op does not share.
// CHECK-LABEL: func.func @branches(
// CHECK:         %[[OTHER:.*]] = linalg.exp {{.*}} outs(%[[E:.*]] : tensor<4xf32>)
// CHECK:         %[[BOTH:.*]] = tensor.empty() : tensor<4xf32>
// CHECK:         scf.if
// CHECK-NEXT:      linalg.log {{.*}} outs(%[[BOTH]] : tensor<4xf32>)
// CHECK:         } else {
// CHECK-NEXT:      linalg.exp {{.*}} outs(%[[BOTH]] : tensor<4xf32>)
func.func @branches(%x: tensor<4xf32>, %c: i1) -> (tensor<4xf32>, tensor<4xf32>) {
  %e = tensor.empty() : tensor<4xf32>
  %other = linalg.exp ins(%x : tensor<4xf32>) outs(%e : tensor<4xf32>) -> tensor<4xf32>
  %r = scf.if %c -> (tensor<4xf32>) {
    %log = linalg.log ins(%x : tensor<4xf32>) outs(%e : tensor<4xf32>) -> tensor<4xf32>
    scf.yield %log : tensor<4xf32>
  } else {
    %exp = linalg.exp ins(%x : tensor<4xf32>) outs(%e : tensor<4xf32>) -> tensor<4xf32>
    scf.yield %exp : tensor<4xf32>
  }
  return %other, %r : tensor<4xf32>, tensor<4xf32>
}

// -----

// What goes to three places is made in the first and goes on from there.
// CHECK-LABEL: func.func @three_places(
// CHECK-SAME:    %{{.*}}: tensor<8xf32>, %[[A:.*]]: tensor<8xf32>, %[[B:.*]]: tensor<8xf32>, %[[C:.*]]: tensor<8xf32>)
// CHECK:         %[[Y:.*]] = linalg.exp
// CHECK-NEXT:    %[[IN_A:.*]] = bufferization.materialize_in_destination %[[Y]] in %[[A]]
// CHECK-NEXT:    %[[IN_B:.*]] = bufferization.materialize_in_destination %[[IN_A]] in %[[B]]
// CHECK-NEXT:    %[[IN_C:.*]] = bufferization.materialize_in_destination %[[IN_B]] in %[[C]]
// CHECK-NEXT:    return %[[IN_A]], %[[IN_B]], %[[IN_C]]
func.func @three_places(%x: tensor<8xf32>, %a: tensor<8xf32>, %b: tensor<8xf32>, %c: tensor<8xf32>)
    -> (tensor<8xf32>, tensor<8xf32>, tensor<8xf32>) {
  %e = tensor.empty() : tensor<8xf32>
  %y = linalg.exp ins(%x : tensor<8xf32>) outs(%e : tensor<8xf32>) -> tensor<8xf32>
  %0 = bufferization.materialize_in_destination %y in %a : (tensor<8xf32>, tensor<8xf32>) -> tensor<8xf32>
  %1 = bufferization.materialize_in_destination %y in %b : (tensor<8xf32>, tensor<8xf32>) -> tensor<8xf32>
  %2 = bufferization.materialize_in_destination %y in %c : (tensor<8xf32>, tensor<8xf32>) -> tensor<8xf32>
  return %0, %1, %2 : tensor<8xf32>, tensor<8xf32>, tensor<8xf32>
}

// -----

// What the branches of an scf.if write is one place, unless it goes into a buffer that is there: then each has its own, which
// becomes that buffer.
// CHECK-LABEL: func.func @branches(
// CHECK:         %[[PLACE:.*]] = tensor.empty
// CHECK-NEXT:    scf.if
// CHECK-NOT:       tensor.empty
// CHECK:           shared_outs(%{{.*}} = %[[PLACE]])
// CHECK:         } else {
// CHECK:           shared_outs(%{{.*}} = %[[PLACE]])
// CHECK-LABEL: func.func @branches_of_a_buffer(
// CHECK:         scf.if
// CHECK:           %[[THEN:.*]] = tensor.empty
// CHECK:           shared_outs(%{{.*}} = %[[THEN]])
// CHECK:         } else {
// CHECK:           %[[ELSE:.*]] = tensor.empty
// CHECK:           shared_outs(%{{.*}} = %[[ELSE]])
func.func @branches(%x: tensor<4xf32>, %c: i1) -> tensor<4xf32> {
  %e = tensor.empty() : tensor<4xf32>
  %r = scf.if %c -> tensor<4xf32> {
    %a = scf.forall (%i) in (2) shared_outs(%y = %e) -> tensor<4xf32> {
      scf.forall.in_parallel {
        tensor.parallel_insert_slice %x into %y[0] [4] [1] : tensor<4xf32> into tensor<4xf32>
      }
    }
    scf.yield %a : tensor<4xf32>
  } else {
    %b = scf.forall (%i) in (3) shared_outs(%y = %e) -> tensor<4xf32> {
      scf.forall.in_parallel {
        tensor.parallel_insert_slice %x into %y[0] [4] [1] : tensor<4xf32> into tensor<4xf32>
      }
    }
    scf.yield %b : tensor<4xf32>
  }
  return %r : tensor<4xf32>
}
func.func @branches_of_a_buffer(%x: tensor<4xf32>, %c: i1, %out: tensor<4xf32>) -> tensor<4xf32> {
  %e = tensor.empty() : tensor<4xf32>
  %r = scf.if %c -> tensor<4xf32> {
    %a = scf.forall (%i) in (2) shared_outs(%y = %e) -> tensor<4xf32> {
      scf.forall.in_parallel {
        tensor.parallel_insert_slice %x into %y[0] [4] [1] : tensor<4xf32> into tensor<4xf32>
      }
    }
    scf.yield %a : tensor<4xf32>
  } else {
    %b = scf.forall (%i) in (3) shared_outs(%y = %e) -> tensor<4xf32> {
      scf.forall.in_parallel {
        tensor.parallel_insert_slice %x into %y[0] [4] [1] : tensor<4xf32> into tensor<4xf32>
      }
    }
    scf.yield %b : tensor<4xf32>
  }
  %w = bufferization.materialize_in_destination %r in %out : (tensor<4xf32>, tensor<4xf32>) -> tensor<4xf32>
  return %w : tensor<4xf32>
}
