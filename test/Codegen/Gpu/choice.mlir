// RUN: strand-opt %s -strand-choice | FileCheck %s
// RUN: strand-opt %s -strand-choice -strand-c-interface=device | FileCheck %s --check-prefix=CALL
// RUN: strand-opt %s -strand-choice=entries | FileCheck %s --check-prefix=ENTRY

func.func private @advance(%tokens: memref<?xi32> {strand.input = "tokens"}, %logits: memref<?x3000xf32> {strand.input = "logits"}) {
  return
}

// Three parts a row, the last of which is not full.
// CHECK-LABEL: func.func private @choose_largest(
// CHECK-SAME:    %[[LOGITS:.*]]: memref<?x3000xf32> {strand.input = "logits", strand.sequences}, %[[IDS:.*]]: memref<?xi32> {strand.input = "ids", strand.sequences})
// CHECK:       scf.forall (%[[S:.*]], %[[P:.*]]) in (%[[N:.*]], 3) {
// CHECK:         %[[RANKS:.*]] = memref.alloc() : memref<256xi64>
// CHECK:         linalg.generic {{.*}} outs(%[[RANKS]]
// CHECK:           arith.minui %{{.*}}, %c2999
// CHECK:           %[[LOGIT:.*]] = memref.load %[[LOGITS]][%[[S]], %{{.*}}]
// CHECK:           %[[BITS:.*]] = arith.bitcast %[[LOGIT]] : f32 to i32
// CHECK:           arith.shli %{{.*}}, %c12_i64
// CHECK:         linalg.generic {{.*}}iterator_types = ["parallel", "reduction"]
// CHECK:           arith.maxui
// CHECK:       scf.forall (%{{.*}}) in (%[[N]]) {
// CHECK:           arith.maxui
// CHECK:       linalg.generic {{.*}} outs(%[[IDS]] : memref<?xi32>)

// One search, of the 12 bits of ids, 5 at a time.
// CHECK-LABEL: func.func private @choose_all(
// CHECK-SAME:    memref<?x5xi64> {strand.input = "how", strand.sequences}
// CHECK:       arith.mulf {{.*}} : f64
// CHECK:       arith.mului_extended
// CHECK:       %[[STEPS:.*]] = arith.constant 3 : index
// CHECK:       scf.for %{{.*}} = %{{.*}} to %[[STEPS]]
// CHECK:         scf.forall (%{{.*}}, %{{.*}}) in (%{{.*}}, 3) {
// CHECK:           memref<?x3x32xi64> to memref<32xi64, strided<[1], offset: ?>>
// CHECK-NOT:   scf.for %

// One more search for each cut, of 44 bits.
// CHECK-LABEL: func.func private @choose_rank(
// CHECK-COUNT-2: arith.constant 9 : index
// CHECK-LABEL: func.func private @choose_mass(
// CHECK-COUNT-2: arith.constant 9 : index
// CHECK-LABEL: func.func private @choose_both(
// CHECK-COUNT-3: arith.constant 9 : index

// CALL-LABEL: func.func @m_choose(%{{.*}}: !llvm.ptr, %{{.*}}: !llvm.ptr, %{{.*}}: !llvm.ptr, %{{.*}}: i64, %{{.*}}: i32, %{{.*}}: !llvm.ptr, %{{.*}}: !llvm.ptr) -> i32
// CALL:         call @choose_largest
// CALL:         call @choose_all
// CALL:         call @choose_rank
// CALL:         call @choose_mass
// CALL:         call @choose_both
// CALL:         %[[STATUS:.*]] = call @strand_rt_gpu_status
// CALL:         return %[[STATUS]]

// ENTRY-COUNT-5: strand.entry = "choose_
