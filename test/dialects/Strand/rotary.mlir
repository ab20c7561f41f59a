// RUN: strand-opt %s | strand-opt | FileCheck %s
// RUN: strand-opt %s -pass-pipeline='builtin.module(func.func(strand-decompose))' | FileCheck %s --check-prefix=LINALG

// Cosines and sines once for all heads; the angle in f32.
// CHECK-LABEL: @halves
// CHECK: strand.rotary %{{.*}}, %{{.*}} {base = 1.000000e+02 : f64} : tensor<?x3x4xf64>, tensor<?xi32>
// LINALG-LABEL: @halves
// LINALG-DAG: %[[F:.*]] = arith.constant dense<[1.000000e+00, 1.000000e-01]> : tensor<2xf32>
// LINALG: %[[TABLES:.*]]:2 = linalg.generic {{.*}} ins(%{{.*}}, %[[F]] : tensor<?xi32>, tensor<2xf32>) outs(%{{.*}}, %{{.*}} : tensor<?x2xf64>, tensor<?x2xf64>)
// LINALG:   %[[P:.*]] = arith.sitofp %{{.*}} : i32 to f32
// LINALG:   %[[ANGLE:.*]] = arith.mulf %[[P]], %{{.*}} : f32
// LINALG:   %[[WIDE:.*]] = arith.extf %[[ANGLE]] : f32 to f64
// LINALG:   math.cos %[[WIDE]]
// LINALG:   math.sin %[[WIDE]]
// LINALG: %[[A:.*]] = tensor.extract_slice %arg0[0, 0, 0] [%{{.*}}, 3, 2] [1, 1, 1]
// LINALG: %[[B:.*]] = tensor.extract_slice %arg0[0, 0, 2] [%{{.*}}, 3, 2] [1, 1, 1]
// LINALG: linalg.generic {{.*}} ins(%[[A]], %[[B]], %[[TABLES]]#0, %[[TABLES]]#1
// LINALG-NOT: math
func.func @halves(%x: tensor<?x3x4xf64>, %p: tensor<?xi32>) -> tensor<?x3x4xf64> {
  %y = strand.rotary %x, %p {base = 100.0 : f64} : tensor<?x3x4xf64>, tensor<?xi32>
  return %y : tensor<?x3x4xf64>
}

// CHECK-LABEL: @some_interleaved
// CHECK: strand.rotary %{{.*}}, %{{.*}} {base = 1.000000e+04 : f64, dims = 4 : i64, interleaved} : tensor<?x3x7xf32>, tensor<?xi32>
// LINALG-LABEL: @some_interleaved
// LINALG: tensor.extract_slice %arg0[0, 0, 0] [%{{.*}}, 3, 2] [1, 1, 2]
// LINALG: tensor.extract_slice %arg0[0, 0, 1] [%{{.*}}, 3, 2] [1, 1, 2]
// LINALG: %[[REST:.*]] = tensor.extract_slice %arg0[0, 0, 4] [%{{.*}}, 3, 3] [1, 1, 1]
// LINALG: tensor.insert_slice %[[REST]] into %{{.*}}[0, 0, 4] [%{{.*}}, 3, 3] [1, 1, 1]
func.func @some_interleaved(%x: tensor<?x3x7xf32>, %p: tensor<?xi32>) -> tensor<?x3x7xf32> {
  %y = strand.rotary %x, %p {base = 10000.0 : f64, dims = 4, interleaved} : tensor<?x3x7xf32>, tensor<?xi32>
  return %y : tensor<?x3x7xf32>
}
