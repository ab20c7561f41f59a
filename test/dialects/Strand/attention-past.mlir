// What lies before a call, for tiles on tensor cores (AttentionPast.cpp).
// RUN: strand-opt %s -pass-pipeline='builtin.module(func.func(strand-expand-chunks{tensor-cores},canonicalize,cse))' | FileCheck %s

// Of a ring of 70 the last 69 rows are copied in order, behind 59 zeros: row i lies at position seen + i - 128. Tiles read the
// copy and the operands, and the rows of the call go to their places behind them.
// CHECK-LABEL: @ring
// CHECK-SAME: %[[Q:[a-z0-9]+]]: tensor<?x4x32xbf16>, %[[K:[a-z0-9]+]]: tensor<?x2x32xbf16>
// CHECK: %[[PAST:.*]] = linalg.generic {{.*}} outs(%{{.*}} : tensor<?x128x2x32xbf16>)
// CHECK:   %[[COUNT:.*]] = tensor.extract %arg4[
// CHECK:   %[[SEEN:.*]] = arith.index_cast %[[COUNT]]
// CHECK:   %[[KNOWN:.*]] = arith.minui %[[SEEN]], %c69
// CHECK:   %[[BEFORE:.*]] = arith.subi %c128, %{{.*}}
// CHECK:   %[[IS:.*]] = arith.cmpi ule, %[[BEFORE]], %[[KNOWN]]
// CHECK:   arith.remui %{{.*}}, %c70
// CHECK:   tensor.extract %arg5[
// CHECK:   arith.select %[[IS]], %{{.*}}, %cst
// CHECK:   arith.truncf
// CHECK: linalg.generic {{.*}} outs(%{{.*}} : tensor<?x128x2x32xbf16>)
// CHECK: scf.forall (%[[S:.*]], %{{.*}}, %{{.*}}) in (%{{.*}}, 4, %{{.*}})
// CHECK:   %[[OWN:.*]] = tensor.extract_slice %[[PAST]][%[[S]], 0, 0, 0] [1, 128, 2, 32]
// the first rows that are there or that the window shows; those that all queries see; then those of the call
// CHECK:   scf.for %{{.*}} = %{{.*}} to %{{.*}} step %c64
// CHECK:     scf.for %[[AT:.*]] = %{{.*}} to %[[FULL:.*]] step %c64
// CHECK:       tensor.extract_slice %[[OWN]][%[[AT]], %{{.*}}, 0] [64, 1, 32]
// CHECK:       arith.select
// CHECK:     scf.for %[[AT:.*]] = %[[FULL]] to %c128 step %c64
// CHECK:       tensor.extract_slice %[[OWN]][%[[AT]], %{{.*}}, 0] [64, 1, 32]
// CHECK:     scf.for {{.*}} step %c64
// CHECK:       tensor.extract_slice %{{.*}}[%{{.*}}, %{{.*}}, 0] [64, 1, 32] {{.*}} : tensor<?x2x32xf32>
// CHECK: scf.forall (%[[ROW:.*]]) in (%{{.*}}) shared_outs(%[[RING:.*]] = %arg5, %{{.*}} = %arg6)
// CHECK:   scf.while
// CHECK:   %[[PLACE:.*]] = arith.remui %{{.*}}, %c70
// CHECK:   %[[LEFT:.*]] = arith.subi %{{.*}}, %[[ROW]]
// CHECK:   %[[ANY:.*]] = arith.cmpi ne, %[[LEFT]], %c0
// CHECK:   %[[LAST:.*]] = arith.cmpi ule, %[[LEFT]], %c70
// CHECK:   %[[STAYS:.*]] = arith.andi %[[ANY]], %[[LAST]]
// CHECK:   %[[N:.*]] = arith.index_castui %[[STAYS]]
// CHECK:   tensor.extract_slice %[[RING]][%{{.*}}, %[[PLACE]], 0, 0] [1, %[[N]], 2, 32]
// CHECK:   linalg.copy
func.func @ring(%q16: tensor<?x4x32xbf16>, %k16: tensor<?x2x32xbf16>, %v16: tensor<?x2x32xbf16>, %offsets: tensor<?xi32>,
                %count: tensor<?xi32>, %ks: tensor<?x70x2x32xf32>, %vs: tensor<?x70x2x32xf32>, %slots: tensor<?xi32>)
    -> (tensor<?x4x32xf32>, tensor<?xi32>, tensor<?x70x2x32xf32>, tensor<?x70x2x32xf32>) {
  %q = arith.extf %q16 : tensor<?x4x32xbf16> to tensor<?x4x32xf32>
  %k = arith.extf %k16 : tensor<?x2x32xbf16> to tensor<?x2x32xf32>
  %v = arith.extf %v16 : tensor<?x2x32xbf16> to tensor<?x2x32xf32>
  %y, %next:3 = strand.attention %q, %k, %v offsets %offsets states(%count, %ks, %vs) slots %slots
        {scale = 0.5 : f64, window = 70}
      : (tensor<?x4x32xf32>, tensor<?x2x32xf32>, tensor<?x2x32xf32>, tensor<?xi32>, tensor<?xi32>, tensor<?x70x2x32xf32>,
         tensor<?x70x2x32xf32>, tensor<?xi32>)
      -> (tensor<?x4x32xf32>, tensor<?xi32>, tensor<?x70x2x32xf32>, tensor<?x70x2x32xf32>)
  return %y, %next#0, %next#1, %next#2 : tensor<?x4x32xf32>, tensor<?xi32>, tensor<?x70x2x32xf32>, tensor<?x70x2x32xf32>
}

// A cache is read where it lies. What is left of it behind whole blocks is a block that ends with the last row, or begins with
// the first: values behind the last are zeros.
// CHECK-LABEL: @cache
// CHECK: scf.forall (%[[S:.*]], %{{.*}}, %{{.*}}) in (%{{.*}}, 4, %{{.*}})
// CHECK:   %[[SLOT32:.*]] = tensor.extract %arg7[%[[S]]]
// CHECK:   %[[SLOT:.*]] = arith.index_cast %[[SLOT32]]
// CHECK:   %[[OWN:.*]] = tensor.extract_slice %arg5[%[[SLOT]], 0, 0, 0] [1, %{{.*}}, 2, 32] {{.*}} : tensor<?x?x2x32xf32> to tensor<?x2x32xf32>
// CHECK:   scf.for %{{.*}} = %{{.*}} to %{{.*}} step %c64
// CHECK:     scf.for %[[AT:.*]] = %c0 to %[[WHOLE:.*]] step %c64
// CHECK:       tensor.extract_slice %[[OWN]][%[[AT]], %{{.*}}, 0] [64, 1, 32]
// CHECK:     scf.for %[[AT:.*]] = %[[WHOLE]] to %[[SEEN:.*]] step %c64
// CHECK:       %[[NEXT:.*]] = arith.addi %[[AT]], %c64
// CHECK:       %[[END:.*]] = arith.minui %[[NEXT]], %[[SEEN]]
// CHECK:       %[[LATE:.*]] = arith.maxui %[[END]], %c64
// CHECK:       %[[FROM:.*]] = arith.subi %[[LATE]], %c64
// CHECK:       tensor.extract_slice %[[OWN]][%[[FROM]], %{{.*}}, 0] [64, 1, 32]
// CHECK:       arith.cmpi slt
// CHECK:       arith.select
// CHECK:       arith.truncf
// CHECK: scf.forall (%{{.*}}) in (%{{.*}}) shared_outs(%{{.*}} = %arg5, %{{.*}} = %arg6)
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
