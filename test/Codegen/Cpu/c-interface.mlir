// RUN: strand-opt %s -strand-c-interface=prefix=net | FileCheck %s
// RUN: strand-opt %s -strand-c-interface=device | FileCheck %s --check-prefix=DEVICE
// RUN: strand-opt %s -strand-c-interface -strand-loops-to-llvm | mlir-translate --mlir-to-llvmir | FileCheck %s --check-prefix=LLVM

// The schema: version 1, 8 tokens, 384 bytes of weights, 3 states, 2 weights, no form that gives
// logits of last rows alone. An entry: name, offset, bytes, type, growth,
// initial value, rank, shape.
// LLVM-DAG: @m_schema = constant { i64, i64, i64, i64, i64, i64, ptr, ptr, ptr, ptr, ptr, ptr } { i64 1, i64 8, i64 384, i64 3, i64 2, i64 0, ptr @m.state, ptr @m.weight, ptr @m.hash, ptr @m.family, ptr @m.cpu_features, ptr @m.report }
// LLVM-DAG: @m.state = private constant {{.*}} { ptr @m.state.0, i64 0, i64 16, i32 0, i32 0, double -1.000000e+00, i64 1, [6 x i64] [i64 4, i64 1, i64 1, i64 1, i64 1, i64 1] }, {{.*}} { ptr @m.state.1, i64 0, i64 16, i32 1, i32 1, double 0.000000e+00, i64 2, [6 x i64] [i64 2, i64 4, {{.*}} { ptr @m.state.2, i64 0, i64 4, i32 3, i32 2, double 0.000000e+00, i64 0,
// LLVM-DAG: @m.weight = private constant {{.*}} { ptr @m.weight.0, i64 0, i64 320, i32 0, i32 0, double 0.000000e+00, i64 2, [6 x i64] [i64 8, i64 10, {{.*}} { ptr @m.weight.1, i64 320, i64 4, i32 6, {{.*}} i64 1, [6 x i64] [i64 4,
// LLVM-DAG: @m.state.0 = private constant [4 x i8] c"a.h\00"
// LLVM-DAG: @m.family = private constant [5 x i8] c"test\00"
// LLVM-DAG: @m.hash = private constant [1 x i8] zeroinitializer
// LLVM-DAG: @m.report = private constant [3 x i8] c"{}\00"
// LLVM-DAG: define internal void @advance(
// LLVM-DAG: define i32 @m_sizes(i64 %{{.*}}, i64 %{{.*}}, i64 %{{.*}}, i64 %{{.*}}, ptr %{{.*}})
// LLVM-DAG: define i32 @m_advance(ptr %{{.*}}, ptr %{{.*}}, ptr %{{.*}}, ptr %{{.*}}, ptr %{{.*}}, ptr %{{.*}}, i64 %{{.*}}, i64 %{{.*}}, i32 %{{.*}}, ptr %{{.*}}, ptr %{{.*}})
// LLVM-DAG: declare i32 @strand_rt_check(ptr, ptr, ptr, ptr, ptr, i64, i64)

module attributes {strand.family = "test"} {
  func.func private @advance.scratch(%rows: index, %sequences: index) -> index {
    return %rows : index
  }
  // @step needs other scratch; m_sizes takes the larger.
  func.func private @step.scratch(%rows: index, %sequences: index) -> index {
    return %sequences : index
  }
  func.func private @advance(%tokens: memref<?xi32> {strand.input = "tokens"}, %offsets: memref<?xi32> {strand.input = "offsets"},
      %slots: memref<?xi32> {strand.input = "slots"}, %w: memref<8x10xf32> {strand.weight = "w"},
      %q: memref<4xi8> {strand.weight = "q", strand.panel = 4 : i64},
      %h: memref<?x4xf32> {strand.state = "a.h", strand.initial = -1.0 : f32},
      %keys: memref<?x?x2x4xbf16> {strand.state = "a.keys", strand.growth = "cache", strand.initial = 0 : i64},
      %count: memref<?xi32> {strand.state = "a.count", strand.growth = "count", strand.initial = 0 : i32},
      %logits: memref<?x8xf32> {strand.input = "logits"}, %scratch: memref<?xi8> {strand.scratch},
      %ctx: !llvm.ptr {strand.input = "ctx"}) {
    return
  }
  func.func private @step(%tokens: memref<?xi32> {strand.input = "tokens"}, %q: memref<4xi8> {strand.weight = "q"},
      %keys: memref<?x?x2x4xbf16> {strand.state = "a.keys", strand.growth = "cache"}, %logits: memref<?x8xf32> {strand.input = "logits"}) {
    return
  }
}

// CHECK-LABEL: func.func @net_sizes(
// CHECK-SAME:    %[[SEQUENCES:.*]]: i64, %[[ROWS:.*]]: i64, %[[SLOTS:.*]]: i64, %[[CACHE:.*]]: i64, %[[OUT:.*]]: !llvm.ptr) -> i32
// CHECK:         %[[FIXED:.*]] = arith.muli %[[SLOTS]],
// CHECK:         %[[ROW:.*]] = arith.muli %[[SLOTS]],
// CHECK:         arith.muli %[[ROW]], %[[CACHE]]
// CHECK:         call @advance.scratch
// CHECK:         arith.maxui
// CHECK:         call @step.scratch
// CHECK:         arith.maxui
// CHECK-COUNT-4: llvm.store

// CHECK-LABEL: func.func @net_advance(
// CHECK-SAME:    %[[CTX:[^:]*]]: !llvm.ptr, %[[WEIGHTS:[^:]*]]: !llvm.ptr,
// CHECK:         %[[SCHEMA:.*]] = llvm.mlir.addressof @net_schema
// CHECK:         %[[STATUS:.*]] = call @strand_rt_check(%[[SCHEMA]],
// CHECK:         scf.if
// All sequences with at most one row: @step, which takes a part of the arguments.
// CHECK:           %[[SHORT:.*]] = scf.if {{.*}} -> (i1)
// CHECK:             scf.for
// CHECK:           scf.if %[[SHORT]]
// CHECK:             func.call @step(%{{.*}}, %{{.*}}, %{{.*}}, %{{.*}})
// CHECK:           } else {
// CHECK:             %[[AT:.*]] = arith.constant 320 : i64
// CHECK:             llvm.getelementptr %[[WEIGHTS]][%[[AT]]]
// CHECK:             func.call @advance(
// CHECK-SAME:          %[[CTX]])
// CHECK:           scf.yield %[[STATUS]] : i32
// CHECK:         return

// On a GPU the state's head and the offsets that are asked about stay the host's; the rest goes to the device first.
// DEVICE-LABEL: func.func @m_advance(
// DEVICE-SAME:    %[[CTX:[^:]*]]: !llvm.ptr, %{{[^:]*}}: !llvm.ptr, %[[STATE:[^:]*]]: !llvm.ptr, %[[SLOTS:[^:]*]]: !llvm.ptr, %[[TOKENS:[^:]*]]: !llvm.ptr, %[[OFFSETS:[^:]*]]: !llvm.ptr,
// DEVICE:         call @strand_rt_gpu_check(%{{.*}}, %[[STATE]], %[[SLOTS]], %[[TOKENS]], %[[OFFSETS]],
// DEVICE:         scf.if
// DEVICE:           func.call @strand_rt_gpu_inputs(%[[CTX]], %[[SLOTS]], %[[TOKENS]], %[[OFFSETS]],
// DEVICE-COUNT-3:   llvm.load
// DEVICE:           scf.for
// DEVICE:             llvm.getelementptr %[[OFFSETS]]
// DEVICE:           func.call @advance(
// DEVICE:           func.call @strand_rt_gpu_status(%[[CTX]])
