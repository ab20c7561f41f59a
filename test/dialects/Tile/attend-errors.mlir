// RUN: strand-opt %s -split-input-file -verify-diagnostics

func.func @two_sizes(%q: memref<4x64xf32>, %k: memref<?x32xf32>, %v: memref<?x32xf32>, %a: memref<4x32xf32>, %m: memref<4xf32>) {
  // expected-error @+1 {{C1: queries and keys are of one size}}
  tile.attend %q over %k, %v into %a, %m, %m {scale = 1.0 : f64} : memref<4x64xf32>, memref<?x32xf32>, memref<?x32xf32>, memref<4x32xf32>, memref<4xf32>, memref<4xf32>
  return
}

// -----

func.func @no_sum(%q: memref<4x64xf32>, %k: memref<?x64xf32>, %v: memref<?x32xf32>, %a: memref<4x32xf32>, %m: memref<4xf32>) {
  // expected-error @+1 {{C2: there are three destinations and a known number of queries, not 2}}
  tile.attend %q over %k, %v into %a, %m {scale = 1.0 : f64} : memref<4x64xf32>, memref<?x64xf32>, memref<?x32xf32>, memref<4x32xf32>, memref<4xf32>
  return
}

// -----

func.func @other_result(%q: memref<4x64xf32>, %k: memref<?x64xf32>, %v: memref<?x32xf32>, %a: memref<4x64xf32>, %m: memref<4xf32>) {
  // expected-error @+1 {{C2: the destinations are result, most and sum; one is 'memref<4x64xf32>'}}
  tile.attend %q over %k, %v into %a, %m, %m {scale = 1.0 : f64} : memref<4x64xf32>, memref<?x64xf32>, memref<?x32xf32>, memref<4x64xf32>, memref<4xf32>, memref<4xf32>
  return
}

// -----

func.func @odd_size(%q: memref<4x6xf32>, %k: memref<?x6xf32>, %v: memref<?x32xf32>, %a: memref<4x32xf32>, %m: memref<4xf32>) {
  // expected-error @+1 {{C3: lanes have no room for 4 queries of 6 keys and 32 values}}
  tile.attend %q over %k, %v into %a, %m, %m {scale = 1.0 : f64} : memref<4x6xf32>, memref<?x6xf32>, memref<?x32xf32>, memref<4x32xf32>, memref<4xf32>, memref<4xf32>
  return
}

// -----

func.func @no_scale(%q: memref<4x64xf32>, %k: memref<?x64xf32>, %v: memref<?x32xf32>, %a: memref<4x32xf32>, %m: memref<4xf32>) {
  // expected-error @+1 {{C4: the scale is positive, not 0}}
  tile.attend %q over %k, %v into %a, %m, %m {scale = 0.0 : f64} : memref<4x64xf32>, memref<?x64xf32>, memref<?x32xf32>, memref<4x32xf32>, memref<4xf32>, memref<4xf32>
  return
}

// -----

func.func @no_results(%q: tensor<4x64xf32>, %k: tensor<?x64xf32>, %v: tensor<?x32xf32>, %a: tensor<4x32xf32>, %m: tensor<4xf32>) {
  // expected-error @+1 {{C0: has a result for each destination if all operands are tensors, and none if all are buffers}}
  tile.attend %q over %k, %v into %a, %m, %m {scale = 1.0 : f64} : tensor<4x64xf32>, tensor<?x64xf32>, tensor<?x32xf32>, tensor<4x32xf32>, tensor<4xf32>, tensor<4xf32>
  return
}
