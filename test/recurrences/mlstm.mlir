// mLSTM: a matrix, its normaliser, and the running maximum of their gates.
//
//   m' = max(f + m, i), C' = exp(f + m - m') C + exp(i - m') k v^T, n alike with k, y = C'^T q / max(|n' . q|,
//   exp(-m')).
//
// RUN: strand-opt %s -strand-infer-structure -verify-diagnostics -o /dev/null
// n' . q may be small beside its terms: the bound is 4 times what plain loops in f32 lose.
// RUN: strand-check --plain-factor=4 %s | FileCheck %s --implicit-check-not=wrong
// CHECK: mlstm: 10 forms right

#ij_i = affine_map<(i, j) -> (i)>
#ij_ij = affine_map<(i, j) -> (i, j)>
#ij_j = affine_map<(i, j) -> (j)>

func.func @mlstm(%qs: tensor<?x4xf32>, %ks: tensor<?x4xf32>, %vs: tensor<?x3xf32>,
    %fs: tensor<?xf32> {check.kind = "gates"}, %is: tensor<?xf32> {check.range = [-5.0, 5.0]}, %offsets: tensor<?xi32>) -> tensor<?x3xf32> {
  // expected-remark @below {{h2 is max-plus, diagonal: h2 = max(h2 + a, b); becomes strand.associative_scan}}
  // expected-remark @below {{h0 is a decayed sum of outer products: h0[i,j] = exp(g) * h0[i,j] + k[i] * v[j], given h2; becomes strand.linear_attention}}
  // expected-remark @below {{h1 is diagonal: h1[i] = exp(g) * h1[i] + b[i], given h2; becomes strand.linear_recurrence}}
  %r = strand.scan rows(%q = %qs : tensor<?x4xf32>, %k = %ks : tensor<?x4xf32>, %v = %vs : tensor<?x3xf32>,
           %f = %fs : tensor<?xf32>, %i = %is : tensor<?xf32>)
      carry(%C : tensor<4x3xf32>, %n : tensor<4xf32>, %m : tensor<f32>)
      offsets %offsets : tensor<?xi32> -> tensor<?x3xf32> {
    %0 = arith.addf %f, %m : tensor<f32>
    %1 = arith.maximumf %0, %i : tensor<f32>
    %2 = arith.addf %f, %m : tensor<f32>
    %3 = arith.subf %2, %1 : tensor<f32>
    %4 = math.exp %3 : tensor<f32>
    %5 = arith.subf %i, %1 : tensor<f32>
    %6 = math.exp %5 : tensor<f32>
    %7 = tensor.empty() : tensor<4x3xf32>
    %8 = linalg.broadcast ins(%4 : tensor<f32>) outs(%7 : tensor<4x3xf32>) dimensions = [0, 1]
    %9 = arith.mulf %8, %C : tensor<4x3xf32>
    %10 = tensor.empty() : tensor<4x3xf32>
    %11 = linalg.generic {indexing_maps = [#ij_i, #ij_j, #ij_ij], iterator_types = ["parallel", "parallel"]}
        ins(%k, %v : tensor<4xf32>, tensor<3xf32>) outs(%10 : tensor<4x3xf32>) {
    ^bb0(%p0: f32, %p1: f32, %acc: f32):
      %_m = arith.mulf %p0, %p1 : f32
      linalg.yield %_m : f32
    } -> tensor<4x3xf32>
    %12 = tensor.empty() : tensor<4x3xf32>
    %13 = linalg.broadcast ins(%6 : tensor<f32>) outs(%12 : tensor<4x3xf32>) dimensions = [0, 1]
    %14 = arith.mulf %13, %11 : tensor<4x3xf32>
    %15 = arith.addf %9, %14 : tensor<4x3xf32>
    %16 = tensor.empty() : tensor<4xf32>
    %17 = linalg.broadcast ins(%4 : tensor<f32>) outs(%16 : tensor<4xf32>) dimensions = [0]
    %18 = arith.mulf %17, %n : tensor<4xf32>
    %19 = tensor.empty() : tensor<4xf32>
    %20 = linalg.broadcast ins(%6 : tensor<f32>) outs(%19 : tensor<4xf32>) dimensions = [0]
    %21 = arith.mulf %20, %k : tensor<4xf32>
    %22 = arith.addf %18, %21 : tensor<4xf32>
    %c0 = arith.constant dense<0.0> : tensor<3xf32>
    %24 = linalg.vecmat ins(%q, %15 : tensor<4xf32>, tensor<4x3xf32>) outs(%c0 : tensor<3xf32>) -> tensor<3xf32>
    %c1 = arith.constant dense<0.0> : tensor<f32>
    %26 = linalg.dot ins(%q, %22 : tensor<4xf32>, tensor<4xf32>) outs(%c1 : tensor<f32>) -> tensor<f32>
    %27 = math.absf %26 : tensor<f32>
    %28 = arith.negf %1 : tensor<f32>
    %29 = math.exp %28 : tensor<f32>
    %30 = arith.maximumf %27, %29 : tensor<f32>
    %31 = tensor.empty() : tensor<3xf32>
    %32 = linalg.broadcast ins(%30 : tensor<f32>) outs(%31 : tensor<3xf32>) dimensions = [0]
    %33 = arith.divf %24, %32 : tensor<3xf32>
    strand.yield %33 : tensor<3xf32> next %15, %22, %1 : tensor<4x3xf32>, tensor<4xf32>, tensor<f32>
  }
  return %r : tensor<?x3xf32>
}
