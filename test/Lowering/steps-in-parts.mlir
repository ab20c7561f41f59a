// Steps of attention on a device: the row goes to its place in the state, then blocks see parts of the places that are taken.
// RUN: strand-opt %s -pass-pipeline='builtin.module(func.func(strand-expand-chunks{tensor-cores device},canonicalize,cse))' | FileCheck %s
// RUN: strand-opt %s -pass-pipeline='builtin.module(func.func(strand-expand-chunks{device},canonicalize,cse))' | FileCheck %s
// RUN: strand-opt %s -pass-pipeline='builtin.module(func.func(strand-expand-chunks,canonicalize,cse))' | FileCheck %s --check-prefix=HOST --implicit-check-not=tile.attend

// Six query heads of a key head are a block.
// CHECK-LABEL: func.func @cache(
// CHECK: %[[NEXT:.*]]:2 = scf.forall (%{{.*}}) in (%{{.*}}) shared_outs(%{{.*}} = %arg5, %{{.*}} = %arg6)
// CHECK: %[[PLACES:.*]] = tensor.dim %arg6, %c1
// CHECK: %[[WANTED:.*]] = arith.divui %c128, %{{.*}}
// CHECK: %[[PAY:.*]] = arith.divui %[[PLACES]], %c128
// CHECK: arith.minui %[[WANTED]], %[[PAY]]
// CHECK: %[[PARTS:.*]] = arith.maxui %{{.*}}, %c1
// CHECK: scf.if
// CHECK:   %[[MADE:.*]]:3 = scf.forall (%{{.*}}) in (%{{.*}}) {{.*}} -> (tensor<?x12x32xf32>, tensor<?x12xf32>, tensor<?x12xf32>)
// CHECK:     %[[NUMBER:.*]] = arith.remui %{{.*}}, %[[PARTS]]
// CHECK:     tensor.extract_slice %[[NEXT]]#0
// CHECK:     %[[SEEN:.*]] = arith.addi %{{.*}}, %c1
// CHECK:     %[[TIMES:.*]] = arith.muli %[[SEEN]], %[[NUMBER]]
// CHECK:     %[[BEGIN:.*]] = arith.divui %[[TIMES]], %[[PARTS]] :
// CHECK:     %[[AFTER:.*]] = arith.addi %[[NUMBER]], %c1
// CHECK:     %[[TIMES:.*]] = arith.muli %[[SEEN]], %[[AFTER]]
// CHECK:     %[[END:.*]] = arith.divui %[[TIMES]], %[[PARTS]] :
// CHECK:     %[[COUNT:.*]] = arith.subi %[[END]], %[[BEGIN]]
// CHECK:     tensor.extract_slice %{{.*}}[%[[BEGIN]], %{{.*}}, 0] [%[[COUNT]], 1, 32]
// CHECK:     tile.attend {{.*}} {rounded, scale = 5.000000e-01 : f64} : tensor<6x32xf32>, tensor<?x32xbf16>, tensor<?x32xbf16>
// CHECK:   scf.forall (%[[ROW:.*]], %[[HEAD:.*]]) in (%[[ROWS:.*]], 12) shared_outs
// CHECK:     tensor.extract_slice %[[MADE]]#0[%[[ROW]], %[[HEAD]], 0] [%[[PARTS]], 1, 32] [%[[ROWS]], 1, 1]
// CHECK: } else {
// CHECK:   tile.attend
// CHECK:   arith.divf
// A sequence each has its count raised.
// CHECK: scf.forall (%{{.*}}) in (%{{.*}}) shared_outs(%{{.*}} = %arg4)
// HOST-LABEL: func.func @cache(
func.func @cache(%q16: tensor<?x12x32xbf16>, %k: tensor<?x2x32xbf16>, %v: tensor<?x2x32xbf16>, %offsets: tensor<?xi32>,
                 %count: tensor<?xi32>, %ks: tensor<?x?x2x32xbf16>, %vs: tensor<?x?x2x32xbf16>, %slots: tensor<?xi32>)
    -> (tensor<?x12x32xf32>, tensor<?xi32>, tensor<?x?x2x32xbf16>, tensor<?x?x2x32xbf16>) attributes {strand.single_row} {
  %q = arith.extf %q16 : tensor<?x12x32xbf16> to tensor<?x12x32xf32>
  %y, %next:3 = strand.attention %q, %k, %v offsets %offsets states(%count, %ks, %vs) slots %slots {scale = 0.5 : f64}
      : (tensor<?x12x32xf32>, tensor<?x2x32xbf16>, tensor<?x2x32xbf16>, tensor<?xi32>, tensor<?xi32>, tensor<?x?x2x32xbf16>,
         tensor<?x?x2x32xbf16>, tensor<?xi32>)
      -> (tensor<?x12x32xf32>, tensor<?xi32>, tensor<?x?x2x32xbf16>, tensor<?x?x2x32xbf16>)
  return %y, %next#0, %next#1, %next#2 : tensor<?x12x32xf32>, tensor<?xi32>, tensor<?x?x2x32xbf16>, tensor<?x?x2x32xbf16>
}

// Of a ring no more places than it has; heads of which lanes cannot share rows go as they do elsewhere.
// CHECK-LABEL: func.func @ring(
// CHECK: %[[SEEN:.*]] = arith.minui %{{.*}}, %c300
// CHECK: arith.muli %[[SEEN]]
// CHECK: tile.attend
// CHECK-LABEL: func.func @odd_sizes(
// CHECK-NOT: tile.attend
func.func @ring(%q: tensor<?x2x8xf32>, %offsets: tensor<?xi32>, %count: tensor<?xi32>, %ks: tensor<?x300x2x8xf32>,
                %vs: tensor<?x300x2x8xf32>, %slots: tensor<?xi32>)
    -> (tensor<?x2x8xf32>, tensor<?xi32>, tensor<?x300x2x8xf32>, tensor<?x300x2x8xf32>) attributes {strand.single_row} {
  %y, %next:3 = strand.attention %q, %q, %q offsets %offsets states(%count, %ks, %vs) slots %slots {scale = 0.5 : f64, window = 300 : i64}
      : (tensor<?x2x8xf32>, tensor<?x2x8xf32>, tensor<?x2x8xf32>, tensor<?xi32>, tensor<?xi32>, tensor<?x300x2x8xf32>,
         tensor<?x300x2x8xf32>, tensor<?xi32>)
      -> (tensor<?x2x8xf32>, tensor<?xi32>, tensor<?x300x2x8xf32>, tensor<?x300x2x8xf32>)
  return %y, %next#0, %next#1, %next#2 : tensor<?x2x8xf32>, tensor<?xi32>, tensor<?x300x2x8xf32>, tensor<?x300x2x8xf32>
}
func.func @odd_sizes(%q: tensor<?x2x6xf32>, %offsets: tensor<?xi32>, %count: tensor<?xi32>, %ks: tensor<?x300x2x6xf32>,
                     %vs: tensor<?x300x2x6xf32>, %slots: tensor<?xi32>)
    -> (tensor<?x2x6xf32>, tensor<?xi32>, tensor<?x300x2x6xf32>, tensor<?x300x2x6xf32>) attributes {strand.single_row} {
  %y, %next:3 = strand.attention %q, %q, %q offsets %offsets states(%count, %ks, %vs) slots %slots {scale = 0.5 : f64, window = 300 : i64}
      : (tensor<?x2x6xf32>, tensor<?x2x6xf32>, tensor<?x2x6xf32>, tensor<?xi32>, tensor<?xi32>, tensor<?x300x2x6xf32>,
         tensor<?x300x2x6xf32>, tensor<?xi32>)
      -> (tensor<?x2x6xf32>, tensor<?xi32>, tensor<?x300x2x6xf32>, tensor<?x300x2x6xf32>)
  return %y, %next#0, %next#1, %next#2 : tensor<?x2x6xf32>, tensor<?xi32>, tensor<?x300x2x6xf32>, tensor<?x300x2x6xf32>
}
