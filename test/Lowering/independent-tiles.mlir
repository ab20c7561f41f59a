// Tiles that do not need each other, and parts of what was before a call, where tiles alone are few.
// RUN: strand-opt %s -pass-pipeline='builtin.module(func.func(strand-expand-chunks{tensor-cores device},canonicalize,cse))' | FileCheck %s

// A part of a sequence of 64 rows or more: whole tiles, and what they leave as a tile that ends with the last row, of which only
// these rows are written.
// CHECK-LABEL: func.func @whole(
// CHECK: %[[DONE:.*]] = scf.forall (%{{.*}}, %{{.*}}, %{{.*}}) in (%[[SEQUENCES:.*]], 4, %{{.*}})
// CHECK:   %[[LONG:.*]] = arith.cmpi uge, %{{.*}}, %c64
// CHECK:   %[[ROWS:.*]] = arith.select %[[LONG]], %{{.*}}, %c0
// CHECK:   %[[REST:.*]] = arith.remui %[[ROWS]], %c64
// CHECK:   %[[WHOLE:.*]] = arith.subi %[[ROWS]], %[[REST]]
// CHECK:   scf.for %{{.*}} = %c0 to %[[WHOLE]] step %c64
// CHECK:   scf.for %[[AT:.*]] = %[[WHOLE]] to %[[ROWS]] step %c64
// CHECK:     %[[COUNT:.*]] = arith.subi %[[ROWS]], %[[AT]]
// CHECK:     %[[SKIPPED:.*]] = arith.subi %c64, %[[COUNT]]
// CHECK:     %[[FROM:.*]] = tensor.extract_slice %{{.*}}[%[[SKIPPED]], 0, 0] [%[[COUNT]], 1, 32]
// CHECK:     %[[TO:.*]] = tensor.extract_slice %{{.*}}[%[[AT]], 0, 0] [%[[COUNT]], 1, 32]
// CHECK:     linalg.copy ins(%[[FROM]] : {{.*}}) outs(%[[TO]]
// Shorter sequences, which one of 64 rows has none of: a tile that ends with the call's rows at the latest, if there are 64.
// CHECK: %[[ONE:.*]] = arith.cmpi eq, %[[SEQUENCES]], %c1
// CHECK: %[[MANY:.*]] = arith.cmpi uge, %{{.*}}, %c64
// CHECK: %[[NONE:.*]] = arith.andi %[[ONE]], %[[MANY]]
// CHECK: scf.if %[[NONE]]
// CHECK:   scf.yield %[[DONE]]
// CHECK: } else {
// CHECK:   scf.forall (%{{.*}}, %{{.*}}) in (%[[SEQUENCES]], 4) shared_outs(%{{.*}} = %[[DONE]])
// CHECK:     scf.for {{.*}} step %c64
// CHECK:       arith.minui
// CHECK:       linalg.copy
// CHECK:     scf.for {{.*}} step %c16
// CHECK:     scf.for {{.*}} step %c1 
func.func @whole(%q16: tensor<?x4x32xbf16>, %k16: tensor<?x2x32xbf16>, %v16: tensor<?x2x32xbf16>, %offsets: tensor<?xi32>) -> tensor<?x4x32xf32> {
  %q = arith.extf %q16 : tensor<?x4x32xbf16> to tensor<?x4x32xf32>
  %k = arith.extf %k16 : tensor<?x2x32xbf16> to tensor<?x2x32xf32>
  %v = arith.extf %v16 : tensor<?x2x32xbf16> to tensor<?x2x32xf32>
  %y = strand.attention %q, %k, %v offsets %offsets {scale = 0.5 : f64}
      : (tensor<?x4x32xf32>, tensor<?x2x32xf32>, tensor<?x2x32xf32>, tensor<?xi32>) -> tensor<?x4x32xf32>
  return %y : tensor<?x4x32xf32>
}

// As many parts of a cache as keep a device busy with the blocks that there are, of 256 rows each at least.
// CHECK-LABEL: func.func @cache(
// CHECK: %[[PLACES:.*]] = tensor.dim %arg6, %c1
// CHECK: %[[WANTED:.*]] = arith.divui %c256, %{{.*}}
// CHECK: %[[PAY:.*]] = arith.divui %[[PLACES]], %c256
// CHECK: %[[FEW:.*]] = arith.minui %[[WANTED]], %[[PAY]]
// CHECK: %[[MOST:.*]] = arith.minui %[[FEW]], %c32
// CHECK: %[[PARTS:.*]] = arith.maxui %[[MOST]], %c1
// CHECK: %[[SEVERAL:.*]] = arith.cmpi ugt, %[[PARTS]], %c1
// Fewer rows than a tile has, if there are any, are copied to where there is room for one: the last of them to the end.
// CHECK: %[[SOME:.*]] = arith.cmpi ne, %[[ROWS:.*]], %c0
// CHECK: %[[LESS:.*]] = arith.cmpi ult, %[[ROWS]], %c64
// CHECK: %[[ROOM:.*]] = arith.cmpi uge, %[[PLACES]], %c64
// CHECK: arith.andi %[[LESS]], %[[ROOM]]
// CHECK: %[[DONE:.*]] = scf.if %[[IS_FEW:.*]] -> (tensor<?x4x32xf32>) {
// CHECK:   %[[COPIES:.*]]:3 = scf.forall (%[[AT:.*]]) in (64) {{.*}} -> (tensor<65x4x32xbf16>, tensor<65x2x32xbf16>, tensor<65x2x32xbf16>)
// CHECK:     %[[FROM:.*]] = arith.minui %[[AT]], %{{.*}}
// CHECK:     tensor.extract_slice %arg0[%[[FROM]], 0, 0] [1, 4, 32]
// CHECK:   scf.forall {{.*}} -> (tensor<?x4x32xf32>, tensor<?x4xf32>, tensor<?x4xf32>)
// Each head of each row is joined for itself.
// CHECK:   scf.forall (%[[ROW:.*]], %[[HEAD:.*]]) in (%[[ROWS]], 4) shared_outs
// CHECK:     tensor.extract_slice %{{.*}}[%[[ROW]], %[[HEAD]], 0] [%{{.*}}, 1, 32] [%[[ROWS]], 1, 1]
// CHECK: } else {
// CHECK: scf.if %{{.*}} -> (tensor<?x4x32xf32>) {
// What each makes of each row; the last one sees the rest of the cache and the rows of the call as well.
// CHECK:   %[[MADE:.*]]:3 = scf.forall (%{{.*}}) in (%{{.*}}) {{.*}} -> (tensor<?x4x32xf32>, tensor<?x4xf32>, tensor<?x4xf32>)
// CHECK:     %[[NUMBER:.*]] = arith.remui %{{.*}}, %[[PARTS]]
// CHECK:     %[[NEXT:.*]] = arith.addi %[[NUMBER]], %c1
// CHECK:     %[[LAST:.*]] = arith.cmpi eq, %[[NEXT]], %[[PARTS]]
// CHECK:     %[[TO:.*]] = arith.select %[[LAST]], %[[CACHE:.*]], %{{.*}}
// CHECK:     scf.for %{{.*}} = %{{.*}} to %[[TO]] step %c64
// CHECK:     %[[REST:.*]] = arith.select %[[LAST]], %{{.*}}, %[[CACHE]]
// CHECK:     scf.for %{{.*}} = %[[CACHE]] to %[[REST]] step %c64
// CHECK:     %[[OWN:.*]] = arith.select %[[LAST]], %{{.*}}, %c0
// CHECK:     scf.for %{{.*}} = %c0 to %[[OWN]] step %c64
// CHECK-COUNT-3: linalg.copy
// Rows are joined, part after part.
// CHECK:   scf.forall (%[[ROW:.*]]) in (%[[ROWS]]) shared_outs
// CHECK:     tensor.extract_slice %[[MADE]]#0[%[[ROW]], 0, 0] [%[[PARTS]], 4, 32] [%[[ROWS]], 1, 1]
// CHECK:     arith.maxnumf
// CHECK:     math.exp2
// CHECK:     arith.divf
// CHECK: } else {
// CHECK: scf.if
// CHECK: } else {
// CHECK:   scf.forall (%{{.*}}, %{{.*}}, %{{.*}}) in (%{{.*}}, 4, %{{.*}})
func.func @cache(%q16: tensor<?x4x32xbf16>, %k16: tensor<?x2x32xbf16>, %v16: tensor<?x2x32xbf16>, %offsets: tensor<?xi32>,
                 %count: tensor<?xi32>, %ks: tensor<?x?x2x32xf32>, %vs: tensor<?x?x2x32xf32>, %slots: tensor<?xi32>)
    -> (tensor<?x4x32xf32>, tensor<?xi32>, tensor<?x?x2x32xf32>, tensor<?x?x2x32xf32>) {
  %q = arith.extf %q16 : tensor<?x4x32xbf16> to tensor<?x4x32xf32>
  %k = arith.extf %k16 : tensor<?x2x32xbf16> to tensor<?x2x32xf32>
  %v = arith.extf %v16 : tensor<?x2x32xbf16> to tensor<?x2x32xf32>
  %y, %next:3 = strand.attention %q, %k, %v offsets %offsets states(%count, %ks, %vs) slots %slots {scale = 0.5 : f64}
      : (tensor<?x4x32xf32>, tensor<?x2x32xf32>, tensor<?x2x32xf32>, tensor<?xi32>, tensor<?xi32>, tensor<?x?x2x32xf32>,
         tensor<?x?x2x32xf32>, tensor<?xi32>)
      -> (tensor<?x4x32xf32>, tensor<?xi32>, tensor<?x?x2x32xf32>, tensor<?x?x2x32xf32>)
  return %y, %next#0, %next#1, %next#2 : tensor<?x4x32xf32>, tensor<?xi32>, tensor<?x?x2x32xf32>, tensor<?x?x2x32xf32>
}
