// The deep memory of Titans: two layers with tanh between them, momentum and forgetting, updated at each row.
//
//   a = tanh(k M1), e2 = a M2 - v, e1 = (M2 e2) (1 - a^2),
//   S1' = eta S1 - theta k e1^T, S2' = eta S2 - theta a e2^T, M' = (1 - alpha) M + S', y = tanh(q M1') M2'.
//
// RUN: strand-opt %s -strand-infer-structure -verify-diagnostics -o /dev/null
// RUN: strand-check %s | FileCheck %s --implicit-check-not=wrong
// CHECK: titans_mlp: {{[7-9]|1[0-9]}} forms right

#ab_a = affine_map<(a, b) -> (a)>
#ab_ab = affine_map<(a, b) -> (a, b)>
#ab_b = affine_map<(a, b) -> (b)>
#ab_ba = affine_map<(a, b) -> (b, a)>

func.func @titans_mlp(%qs: tensor<?x4xf32>, %ks: tensor<?x4xf32> {check.range = [-0.5, 0.5]}, %vs: tensor<?x3xf32>,
    %etas: tensor<?xf32> {check.range = [0.0, 0.6]}, %alphas: tensor<?xf32> {check.range = [0.1, 1.0]},
    %thetas: tensor<?xf32> {check.range = [0.0, 0.3]}, %M10: tensor<4x5xf32> {check.range = [-0.4, 0.4]},
    %M20: tensor<5x3xf32> {check.range = [-0.4, 0.4]}, %offsets: tensor<?xi32>) -> tensor<?x3xf32> {
  // expected-remark @below {{h0 is not affine}}
  // expected-remark @below {{h1 is not affine}}
  // expected-remark @below {{h2 is not affine}}
  // expected-remark @below {{h3 is not affine}}
  %0 = strand.scan rows(%q = %qs : tensor<?x4xf32>, %k = %ks : tensor<?x4xf32>, %v = %vs : tensor<?x3xf32>,
      %eta = %etas : tensor<?xf32>, %alpha = %alphas : tensor<?xf32>, %theta = %thetas : tensor<?xf32>)
      carry(%M1 : tensor<4x5xf32> = %M10, %M2 : tensor<5x3xf32> = %M20, %S1 : tensor<4x5xf32>, %S2 : tensor<5x3xf32>)
      offsets %offsets : tensor<?xi32> -> tensor<?x3xf32> {
    %cst = arith.constant dense<1.000000e+00> : tensor<f32>
    %cst_0 = arith.constant dense<1.000000e+00> : tensor<5xf32>
    %cst_1 = arith.constant dense<0.000000e+00> : tensor<3xf32>
    %cst_2 = arith.constant dense<0.000000e+00> : tensor<5xf32>
    %1 = linalg.generic {indexing_maps = [#ab_b, #ab_ba, #ab_a], iterator_types = ["parallel", "reduction"]} ins(%k,
        %M1 : tensor<4xf32>, tensor<4x5xf32>) outs(%cst_2 : tensor<5xf32>) {
    ^bb0(%in: f32, %in_8: f32, %out: f32):
      %27 = arith.mulf %in, %in_8 : f32
      %28 = arith.addf %27, %out : f32
      linalg.yield %28 : f32
    } -> tensor<5xf32>
    // expected-remark @below {{math.tanh is applied to what depends on h0, so h0 stays a scan}}
    // expected-remark @below {{math.tanh is applied to what depends on h1, so h1 stays a scan}}
    // expected-remark @below {{math.tanh is applied to what depends on h2, so h2 stays a scan}}
    // expected-remark @below {{math.tanh is applied to what depends on h3, so h3 stays a scan}}
    %2 = math.tanh %1 : tensor<5xf32>
    %3 = linalg.generic {indexing_maps = [#ab_b, #ab_ba, #ab_a], iterator_types = ["parallel", "reduction"]} ins(%2,
        %M2 : tensor<5xf32>, tensor<5x3xf32>) outs(%cst_1 : tensor<3xf32>) {
    ^bb0(%in: f32, %in_8: f32, %out: f32):
      %27 = arith.mulf %in, %in_8 : f32
      %28 = arith.addf %27, %out : f32
      linalg.yield %28 : f32
    } -> tensor<3xf32>
    %4 = arith.subf %3, %v : tensor<3xf32>
    %5 = linalg.generic {indexing_maps = [#ab_ab, #ab_b, #ab_a], iterator_types = ["parallel", "reduction"]} ins(%M2,
        %4 : tensor<5x3xf32>, tensor<3xf32>) outs(%cst_2 : tensor<5xf32>) {
    ^bb0(%in: f32, %in_8: f32, %out: f32):
      %27 = arith.mulf %in, %in_8 : f32
      %28 = arith.addf %27, %out : f32
      linalg.yield %28 : f32
    } -> tensor<5xf32>
    %6 = arith.mulf %2, %2 : tensor<5xf32>
    %7 = arith.subf %cst_0, %6 : tensor<5xf32>
    %8 = arith.mulf %5, %7 : tensor<5xf32>
    %9 = tensor.empty() : tensor<4x5xf32>
    %broadcasted = linalg.broadcast ins(%eta : tensor<f32>) outs(%9 : tensor<4x5xf32>) dimensions = [0, 1] 
    %10 = arith.mulf %broadcasted, %S1 : tensor<4x5xf32>
    %11 = linalg.generic {indexing_maps = [#ab_a, #ab_b, #ab_ab], iterator_types = ["parallel", "parallel"]} ins(%k,
        %8 : tensor<4xf32>, tensor<5xf32>) outs(%9 : tensor<4x5xf32>) {
    ^bb0(%in: f32, %in_8: f32, %out: f32):
      %27 = arith.mulf %in, %in_8 : f32
      linalg.yield %27 : f32
    } -> tensor<4x5xf32>
    %broadcasted_3 = linalg.broadcast ins(%theta : tensor<f32>) outs(%9 : tensor<4x5xf32>) dimensions = [0, 1] 
    %12 = arith.mulf %broadcasted_3, %11 : tensor<4x5xf32>
    %13 = arith.subf %10, %12 : tensor<4x5xf32>
    %14 = tensor.empty() : tensor<5x3xf32>
    %broadcasted_4 = linalg.broadcast ins(%eta : tensor<f32>) outs(%14 : tensor<5x3xf32>) dimensions = [0, 1] 
    %15 = arith.mulf %broadcasted_4, %S2 : tensor<5x3xf32>
    %16 = linalg.generic {indexing_maps = [#ab_a, #ab_b, #ab_ab], iterator_types = ["parallel", "parallel"]} ins(%2,
        %4 : tensor<5xf32>, tensor<3xf32>) outs(%14 : tensor<5x3xf32>) {
    ^bb0(%in: f32, %in_8: f32, %out: f32):
      %27 = arith.mulf %in, %in_8 : f32
      linalg.yield %27 : f32
    } -> tensor<5x3xf32>
    %broadcasted_5 = linalg.broadcast ins(%theta : tensor<f32>) outs(%14 : tensor<5x3xf32>) dimensions = [0, 1] 
    %17 = arith.mulf %broadcasted_5, %16 : tensor<5x3xf32>
    %18 = arith.subf %15, %17 : tensor<5x3xf32>
    %19 = arith.subf %cst, %alpha : tensor<f32>
    %broadcasted_6 = linalg.broadcast ins(%19 : tensor<f32>) outs(%9 : tensor<4x5xf32>) dimensions = [0, 1] 
    %20 = arith.mulf %broadcasted_6, %M1 : tensor<4x5xf32>
    %21 = arith.addf %20, %13 : tensor<4x5xf32>
    %broadcasted_7 = linalg.broadcast ins(%19 : tensor<f32>) outs(%14 : tensor<5x3xf32>) dimensions = [0, 1] 
    %22 = arith.mulf %broadcasted_7, %M2 : tensor<5x3xf32>
    %23 = arith.addf %22, %18 : tensor<5x3xf32>
    %24 = linalg.generic {indexing_maps = [#ab_b, #ab_ba, #ab_a], iterator_types = ["parallel", "reduction"]} ins(%q,
        %21 : tensor<4xf32>, tensor<4x5xf32>) outs(%cst_2 : tensor<5xf32>) {
    ^bb0(%in: f32, %in_8: f32, %out: f32):
      %27 = arith.mulf %in, %in_8 : f32
      %28 = arith.addf %27, %out : f32
      linalg.yield %28 : f32
    } -> tensor<5xf32>
    %25 = math.tanh %24 : tensor<5xf32>
    %26 = linalg.generic {indexing_maps = [#ab_b, #ab_ba, #ab_a], iterator_types = ["parallel", "reduction"]} ins(%25,
        %23 : tensor<5xf32>, tensor<5x3xf32>) outs(%cst_1 : tensor<3xf32>) {
    ^bb0(%in: f32, %in_8: f32, %out: f32):
      %27 = arith.mulf %in, %in_8 : f32
      %28 = arith.addf %27, %out : f32
      linalg.yield %28 : f32
    } -> tensor<3xf32>
    strand.yield %26 : tensor<3xf32> next %21, %23, %13,
        %18 : tensor<4x5xf32>, tensor<5x3xf32>, tensor<4x5xf32>, tensor<5x3xf32>
  }
  return %0 : tensor<?x3xf32>
}
