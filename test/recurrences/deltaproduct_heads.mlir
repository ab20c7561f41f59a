// DeltaProduct of three factors, with heads and a decay of channels.
//
//   S' = Diag(exp g) S, then S' = S' + beta_f k_f (v_f - S'^T k_f)^T for each factor in turn.
//
// RUN: strand-opt %s -strand-infer-structure -verify-diagnostics -o /dev/null
// RUN: strand-opt %s -strand-infer-structure 2>/dev/null | FileCheck %s --check-prefix=OP
// RUN: strand-check %s | FileCheck %s --implicit-check-not=wrong
// CHECK: deltaproduct_heads: {{[7-9]|1[0-9]}} forms right
// OP: strand.delta_rule {{.*}} : (tensor<?x2x4xf32>, tensor<?x3x2x4xf32>, tensor<?x3x2x3xf32>, tensor<?x3x2xf32>, tensor<?x2x4xf32>, tensor<?xi32>) -> tensor<?x2x3xf32>

#hij_hi = affine_map<(h, i, j) -> (h, i)>
#hij_hij = affine_map<(h, i, j) -> (h, i, j)>
#hij_hj = affine_map<(h, i, j) -> (h, j)>
#hji_hi = affine_map<(h, j, i) -> (h, i)>
#hji_hij = affine_map<(h, j, i) -> (h, i, j)>
#hji_hj = affine_map<(h, j, i) -> (h, j)>

func.func @deltaproduct_heads(%qs: tensor<?x2x4xf32>, %gs: tensor<?x2x4xf32> {check.kind = "gates"},
    %k0s: tensor<?x2x4xf32> {check.range = [-0.5, 0.5]}, %v0s: tensor<?x2x3xf32>, %b0s: tensor<?x2xf32> {check.range = [0.0, 2.0]},
    %k1s: tensor<?x2x4xf32> {check.range = [-0.5, 0.5]}, %v1s: tensor<?x2x3xf32>, %b1s: tensor<?x2xf32> {check.range = [0.0, 2.0]},
    %k2s: tensor<?x2x4xf32> {check.range = [-0.5, 0.5]}, %v2s: tensor<?x2x3xf32>, %b2s: tensor<?x2xf32> {check.range = [0.0, 2.0]},
    %offsets: tensor<?xi32>) -> tensor<?x2x3xf32> {
  // expected-remark @below {{h is diagonal plus rank 3: h[i,j,l] = exp(g[i,j]) * h[i,j,l] + l[i,j] * sum_x r[x] * h[i,x,l] + l[i,j] * sum_x r[x] * h[i,x,l] + l[i,j] * sum_x r[x] * h[i,x,l] + b[i,j,l]; becomes strand.delta_rule}}
  %r = strand.scan rows(%q = %qs : tensor<?x2x4xf32>, %g = %gs : tensor<?x2x4xf32>,
           %k0 = %k0s : tensor<?x2x4xf32>, %v0 = %v0s : tensor<?x2x3xf32>, %b0 = %b0s : tensor<?x2xf32>,
           %k1 = %k1s : tensor<?x2x4xf32>, %v1 = %v1s : tensor<?x2x3xf32>, %b1 = %b1s : tensor<?x2xf32>,
           %k2 = %k2s : tensor<?x2x4xf32>, %v2 = %v2s : tensor<?x2x3xf32>, %b2 = %b2s : tensor<?x2xf32>)
      carry(%S : tensor<2x4x3xf32>) offsets %offsets : tensor<?xi32> -> tensor<?x2x3xf32> {
    %zero = arith.constant dense<0.0> : tensor<2x3xf32>
    %eg = math.exp %g : tensor<2x4xf32>
    %e = tensor.empty() : tensor<2x4x3xf32>
    %egs = linalg.broadcast ins(%eg : tensor<2x4xf32>) outs(%e : tensor<2x4x3xf32>) dimensions = [2]
    %S0 = arith.mulf %egs, %S : tensor<2x4x3xf32>
    %old0 = linalg.generic {indexing_maps = [#hji_hi, #hji_hij, #hji_hj], iterator_types = ["parallel", "parallel", "reduction"]}
        ins(%k0, %S0 : tensor<2x4xf32>, tensor<2x4x3xf32>) outs(%zero : tensor<2x3xf32>) {
    ^bb0(%p0: f32, %p1: f32, %acc: f32):
      %_m = arith.mulf %p0, %p1 : f32
      %_a = arith.addf %acc, %_m : f32
      linalg.yield %_a : f32
    } -> tensor<2x3xf32>
    %error0 = arith.subf %v0, %old0 : tensor<2x3xf32>
    %eb0 = tensor.empty() : tensor<2x4xf32>
    %bb0 = linalg.broadcast ins(%b0 : tensor<2xf32>) outs(%eb0 : tensor<2x4xf32>) dimensions = [1]
    %bk0 = arith.mulf %bb0, %k0 : tensor<2x4xf32>
    %outer0 = linalg.generic {indexing_maps = [#hij_hi, #hij_hj, #hij_hij], iterator_types = ["parallel", "parallel", "parallel"]}
        ins(%bk0, %error0 : tensor<2x4xf32>, tensor<2x3xf32>) outs(%e : tensor<2x4x3xf32>) {
    ^bb0(%p0: f32, %p1: f32, %acc: f32):
      %_m = arith.mulf %p0, %p1 : f32
      linalg.yield %_m : f32
    } -> tensor<2x4x3xf32>
    %S1 = arith.addf %S0, %outer0 : tensor<2x4x3xf32>
    %old1 = linalg.generic {indexing_maps = [#hji_hi, #hji_hij, #hji_hj], iterator_types = ["parallel", "parallel", "reduction"]}
        ins(%k1, %S1 : tensor<2x4xf32>, tensor<2x4x3xf32>) outs(%zero : tensor<2x3xf32>) {
    ^bb0(%p0: f32, %p1: f32, %acc: f32):
      %_m = arith.mulf %p0, %p1 : f32
      %_a = arith.addf %acc, %_m : f32
      linalg.yield %_a : f32
    } -> tensor<2x3xf32>
    %error1 = arith.subf %v1, %old1 : tensor<2x3xf32>
    %eb1 = tensor.empty() : tensor<2x4xf32>
    %bb1 = linalg.broadcast ins(%b1 : tensor<2xf32>) outs(%eb1 : tensor<2x4xf32>) dimensions = [1]
    %bk1 = arith.mulf %bb1, %k1 : tensor<2x4xf32>
    %outer1 = linalg.generic {indexing_maps = [#hij_hi, #hij_hj, #hij_hij], iterator_types = ["parallel", "parallel", "parallel"]}
        ins(%bk1, %error1 : tensor<2x4xf32>, tensor<2x3xf32>) outs(%e : tensor<2x4x3xf32>) {
    ^bb0(%p0: f32, %p1: f32, %acc: f32):
      %_m = arith.mulf %p0, %p1 : f32
      linalg.yield %_m : f32
    } -> tensor<2x4x3xf32>
    %S2 = arith.addf %S1, %outer1 : tensor<2x4x3xf32>
    %old2 = linalg.generic {indexing_maps = [#hji_hi, #hji_hij, #hji_hj], iterator_types = ["parallel", "parallel", "reduction"]}
        ins(%k2, %S2 : tensor<2x4xf32>, tensor<2x4x3xf32>) outs(%zero : tensor<2x3xf32>) {
    ^bb0(%p0: f32, %p1: f32, %acc: f32):
      %_m = arith.mulf %p0, %p1 : f32
      %_a = arith.addf %acc, %_m : f32
      linalg.yield %_a : f32
    } -> tensor<2x3xf32>
    %error2 = arith.subf %v2, %old2 : tensor<2x3xf32>
    %eb2 = tensor.empty() : tensor<2x4xf32>
    %bb2 = linalg.broadcast ins(%b2 : tensor<2xf32>) outs(%eb2 : tensor<2x4xf32>) dimensions = [1]
    %bk2 = arith.mulf %bb2, %k2 : tensor<2x4xf32>
    %outer2 = linalg.generic {indexing_maps = [#hij_hi, #hij_hj, #hij_hij], iterator_types = ["parallel", "parallel", "parallel"]}
        ins(%bk2, %error2 : tensor<2x4xf32>, tensor<2x3xf32>) outs(%e : tensor<2x4x3xf32>) {
    ^bb0(%p0: f32, %p1: f32, %acc: f32):
      %_m = arith.mulf %p0, %p1 : f32
      linalg.yield %_m : f32
    } -> tensor<2x4x3xf32>
    %S3 = arith.addf %S2, %outer2 : tensor<2x4x3xf32>
    %y = linalg.generic {indexing_maps = [#hji_hi, #hji_hij, #hji_hj], iterator_types = ["parallel", "parallel", "reduction"]}
        ins(%q, %S3 : tensor<2x4xf32>, tensor<2x4x3xf32>) outs(%zero : tensor<2x3xf32>) {
    ^bb0(%p0: f32, %p1: f32, %acc: f32):
      %_m = arith.mulf %p0, %p1 : f32
      %_a = arith.addf %acc, %_m : f32
      linalg.yield %_a : f32
    } -> tensor<2x3xf32>
    strand.yield %y : tensor<2x3xf32> next %S3 : tensor<2x4x3xf32>
  }
  return %r : tensor<?x2x3xf32>
}
