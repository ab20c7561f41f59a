// Mamba (S6).
//
//   h'[i,j] = exp(-softplus(dt[i]) exp(A[i,j])) h[i,j] + softplus(dt[i]) x[i] B[j], y = C h' + D x.
//
// RUN: strand-opt %s -strand-infer-structure -verify-diagnostics -o /dev/null
// RUN: strand-check %s | FileCheck %s --implicit-check-not=wrong
// CHECK: mamba: {{[7-9]|1[0-9]}} forms right

#ij_i = affine_map<(i, j) -> (i)>
#ij_ij = affine_map<(i, j) -> (i, j)>
#ij_j = affine_map<(i, j) -> (j)>

func.func @mamba(%xs: tensor<?x8xf32>, %dts: tensor<?x8xf32> {check.range = [-6.0, 3.0]}, %Bvs: tensor<?x5xf32>,
    %Cs: tensor<?x5xf32>, %all_Alog: tensor<8x5xf32> {check.range = [0.0, 2.8]}, %all_Dw: tensor<8xf32>,
    %offsets: tensor<?xi32>) -> tensor<?x8xf32> {
  // expected-remark @below {{h is a decayed sum of outer products: h[i,j] = exp(g[i,j]) * h[i,j] + k[i] * v[j]; becomes strand.linear_recurrence}}
  %r = strand.scan rows(%x = %xs : tensor<?x8xf32>, %dt = %dts : tensor<?x8xf32>, %Bv = %Bvs : tensor<?x5xf32>,
           %C = %Cs : tensor<?x5xf32>)
      with(%Alog = %all_Alog : tensor<8x5xf32>, %Dw = %all_Dw : tensor<8xf32>)
      carry(%h : tensor<8x5xf32>) offsets %offsets : tensor<?xi32> -> tensor<?x8xf32> {
    %0 = math.exp %dt : tensor<8xf32>
    %1 = math.log1p %0 : tensor<8xf32>
    %2 = math.exp %Alog : tensor<8x5xf32>
    %3 = arith.negf %2 : tensor<8x5xf32>
    %4 = tensor.empty() : tensor<8x5xf32>
    %5 = linalg.broadcast ins(%1 : tensor<8xf32>) outs(%4 : tensor<8x5xf32>) dimensions = [1]
    %6 = arith.mulf %5, %3 : tensor<8x5xf32>
    %7 = math.exp %6 : tensor<8x5xf32>
    %8 = arith.mulf %7, %h : tensor<8x5xf32>
    %9 = arith.mulf %1, %x : tensor<8xf32>
    %10 = tensor.empty() : tensor<8x5xf32>
    %11 = linalg.generic {indexing_maps = [#ij_i, #ij_j, #ij_ij], iterator_types = ["parallel", "parallel"]}
        ins(%9, %Bv : tensor<8xf32>, tensor<5xf32>) outs(%10 : tensor<8x5xf32>) {
    ^bb0(%p0: f32, %p1: f32, %acc: f32):
      %_m = arith.mulf %p0, %p1 : f32
      linalg.yield %_m : f32
    } -> tensor<8x5xf32>
    %12 = arith.addf %8, %11 : tensor<8x5xf32>
    %c0 = arith.constant dense<0.0> : tensor<8xf32>
    %14 = linalg.matvec ins(%12, %C : tensor<8x5xf32>, tensor<5xf32>) outs(%c0 : tensor<8xf32>) -> tensor<8xf32>
    %15 = arith.mulf %Dw, %x : tensor<8xf32>
    %16 = arith.addf %14, %15 : tensor<8xf32>
    strand.yield %16 : tensor<8xf32> next %12 : tensor<8x5xf32>
  }
  return %r : tensor<?x8xf32>
}
