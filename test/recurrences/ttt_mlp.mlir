// TTT-MLP in blocks of four rows: two layers with gelu between them and a norm behind them, which learn from
// |f(k) - v|^2 / 2 with f(x) = x + norm(gelu(x W1 + b1) W2 + b2). Gradients are those of the weights of the last border;
// a row weighs all of its block by 1 / its place in it.
//
//   g2 = eta (df / dz2), g1 = (W2 g2) gelu'(z1), G1' = G1 + k g1^T, G2' = G2 + a g2^T, and with n rows of the block
//   V1 = W1 - G1' / n, V2 = W2 - G2' / n, y = q + norm(gelu(q V1 + c1) V2 + c2); behind the fourth W = V and G = 0.
//
// A plain step can say it, and stays one: strand.fast_weight is the op that knows blocks.
//
// RUN: strand-opt %s -strand-infer-structure -verify-diagnostics -o /dev/null
// RUN: strand-check %s | FileCheck %s --implicit-check-not=wrong
// CHECK: ttt_mlp: {{[7-9]|1[0-9]}} forms right

#a_a = affine_map<(a) -> (a)>
#a_none = affine_map<(a) -> ()>
#ab_a = affine_map<(a, b) -> (a)>
#ab_ab = affine_map<(a, b) -> (a, b)>
#ab_b = affine_map<(a, b) -> (b)>
#ab_ba = affine_map<(a, b) -> (b, a)>

func.func @ttt_mlp(%qs: tensor<?x4xf32>, %ks: tensor<?x4xf32> {check.range = [-0.5, 0.5]}, %vs: tensor<?x4xf32>,
    %etas: tensor<?xf32> {check.range = [0.0, 0.3]}, %W10: tensor<4x6xf32> {check.range = [-0.4, 0.4]},
    %b10: tensor<6xf32> {check.range = [-0.4, 0.4]}, %W20: tensor<6x4xf32> {check.range = [-0.4, 0.4]},
    %b20: tensor<4xf32> {check.range = [-0.4, 0.4]}, %all_scale: tensor<4xf32>, %all_shift: tensor<4xf32>,
    %offsets: tensor<?xi32>) -> tensor<?x4xf32> {
  // expected-remark @below {{h8 is not affine}}
  // expected-remark @below {{h0 is not read, its formula is too long, given h8; stays a scan}}
  // expected-remark @below {{h1 is not read, its formula is too long, given h8; stays a scan}}
  // expected-remark @below {{h2 is not read, its formula is too long, given h8; stays a scan}}
  // expected-remark @below {{h3 is not read, its formula is too long, given h8; stays a scan}}
  // expected-remark @below {{h4 is not read, its formula is too long, given h8; stays a scan}}
  // expected-remark @below {{h5 is not read, its formula is too long, given h8; stays a scan}}
  // expected-remark @below {{h6 is not read, its formula is too long, given h8; stays a scan}}
  // expected-remark @below {{h7 is not read, its formula is too long, given h8; stays a scan}}
  %0 = strand.scan rows(%q = %qs : tensor<?x4xf32>, %k = %ks : tensor<?x4xf32>, %v = %vs : tensor<?x4xf32>,
      %eta = %etas : tensor<?xf32>) with(%scale = %all_scale : tensor<4xf32>, %shift = %all_shift : tensor<4xf32>)
      carry(%W1 : tensor<4x6xf32> = %W10, %b1 : tensor<6xf32> = %b10, %W2 : tensor<6x4xf32> = %W20,
      %b2 : tensor<4xf32> = %b20, %G1 : tensor<4x6xf32>, %g1 : tensor<6xf32>, %G2 : tensor<6x4xf32>,
      %g2 : tensor<4xf32>, %n : tensor<f32>) offsets %offsets : tensor<?xi32> -> tensor<?x4xf32> {
    %cst = arith.constant dense<0.000000e+00> : tensor<6x4xf32>
    %cst_0 = arith.constant dense<0.000000e+00> : tensor<4x6xf32>
    %cst_1 = arith.constant dense<3.500000e+00> : tensor<f32>
    %cst_2 = arith.constant dense<1.000000e+00> : tensor<f32>
    %cst_3 = arith.constant dense<0.00999999977> : tensor<f32>
    %cst_4 = arith.constant dense<2.500000e-01> : tensor<f32>
    %cst_5 = arith.constant dense<0.000000e+00> : tensor<f32>
    %cst_6 = arith.constant dense<0.000000e+00> : tensor<4xf32>
    %cst_7 = arith.constant dense<1.341450e-01> : tensor<6xf32>
    %cst_8 = arith.constant dense<5.000000e-01> : tensor<6xf32>
    %cst_9 = arith.constant dense<1.000000e+00> : tensor<6xf32>
    %cst_10 = arith.constant dense<4.471500e-02> : tensor<6xf32>
    %cst_11 = arith.constant dense<0.797884583> : tensor<6xf32>
    %cst_12 = arith.constant dense<0.000000e+00> : tensor<6xf32>
    %1 = linalg.generic {indexing_maps = [#ab_b, #ab_ba, #ab_a], iterator_types = ["parallel", "reduction"]} ins(%k,
        %W1 : tensor<4xf32>, tensor<4x6xf32>) outs(%cst_12 : tensor<6xf32>) {
    ^bb0(%in: f32, %in_27: f32, %out: f32):
      %110 = arith.mulf %in, %in_27 : f32
      %111 = arith.addf %110, %out : f32
      linalg.yield %111 : f32
    } -> tensor<6xf32>
    %2 = arith.addf %1, %b1 : tensor<6xf32>
    %3 = arith.mulf %2, %cst_11 : tensor<6xf32>
    // expected-remark @below {{arith.mulf is applied to what depends on h0, so h0 stays a scan}}
    // expected-remark @below {{arith.mulf is applied to what depends on h1, so h1 stays a scan}}
    // expected-remark @below {{arith.mulf is applied to what depends on h2, so h2 stays a scan}}
    // expected-remark @below {{arith.mulf is applied to what depends on h3, so h3 stays a scan}}
    // expected-remark @below {{arith.mulf is applied to what depends on h4, so h4 stays a scan}}
    // expected-remark @below {{arith.mulf is applied to what depends on h5, so h5 stays a scan}}
    // expected-remark @below {{arith.mulf is applied to what depends on h6, so h6 stays a scan}}
    // expected-remark @below {{arith.mulf is applied to what depends on h7, so h7 stays a scan}}
    %4 = arith.mulf %2, %2 : tensor<6xf32>
    %5 = arith.mulf %4, %cst_10 : tensor<6xf32>
    %6 = arith.addf %5, %cst_9 : tensor<6xf32>
    %7 = arith.mulf %3, %6 : tensor<6xf32>
    %8 = math.tanh %7 : tensor<6xf32>
    %9 = arith.mulf %2, %cst_8 : tensor<6xf32>
    %10 = arith.addf %8, %cst_9 : tensor<6xf32>
    %11 = arith.mulf %9, %10 : tensor<6xf32>
    %12 = arith.mulf %10, %cst_8 : tensor<6xf32>
    %13 = arith.mulf %8, %8 : tensor<6xf32>
    %14 = arith.subf %cst_9, %13 : tensor<6xf32>
    %15 = arith.mulf %9, %14 : tensor<6xf32>
    %16 = arith.mulf %4, %cst_7 : tensor<6xf32>
    %17 = arith.addf %16, %cst_9 : tensor<6xf32>
    %18 = arith.mulf %17, %cst_11 : tensor<6xf32>
    %19 = arith.mulf %15, %18 : tensor<6xf32>
    %20 = arith.addf %12, %19 : tensor<6xf32>
    %21 = linalg.generic {indexing_maps = [#ab_b, #ab_ba, #ab_a], iterator_types = ["parallel", "reduction"]} ins(%11,
        %W2 : tensor<6xf32>, tensor<6x4xf32>) outs(%cst_6 : tensor<4xf32>) {
    ^bb0(%in: f32, %in_27: f32, %out: f32):
      %110 = arith.mulf %in, %in_27 : f32
      %111 = arith.addf %110, %out : f32
      linalg.yield %111 : f32
    } -> tensor<4xf32>
    %22 = arith.addf %21, %b2 : tensor<4xf32>
    %23 = linalg.generic {indexing_maps = [#a_a, #a_none], iterator_types = ["reduction"]} ins(%22 : tensor<4xf32>)
        outs(%cst_5 : tensor<f32>) {
    ^bb0(%in: f32, %out: f32):
      %110 = arith.addf %in, %out : f32
      linalg.yield %110 : f32
    } -> tensor<f32>
    %24 = arith.mulf %23, %cst_4 : tensor<f32>
    %25 = tensor.empty() : tensor<4xf32>
    %broadcasted = linalg.broadcast ins(%24 : tensor<f32>) outs(%25 : tensor<4xf32>) dimensions = [0] 
    %26 = arith.subf %22, %broadcasted : tensor<4xf32>
    %27 = arith.mulf %26, %26 : tensor<4xf32>
    %28 = linalg.generic {indexing_maps = [#a_a, #a_none], iterator_types = ["reduction"]} ins(%27 : tensor<4xf32>)
        outs(%cst_5 : tensor<f32>) {
    ^bb0(%in: f32, %out: f32):
      %110 = arith.addf %in, %out : f32
      linalg.yield %110 : f32
    } -> tensor<f32>
    %29 = arith.mulf %28, %cst_4 : tensor<f32>
    %30 = arith.addf %29, %cst_3 : tensor<f32>
    %31 = math.sqrt %30 : tensor<f32>
    %32 = arith.divf %cst_2, %31 : tensor<f32>
    %broadcasted_13 = linalg.broadcast ins(%32 : tensor<f32>) outs(%25 : tensor<4xf32>) dimensions = [0] 
    %33 = arith.mulf %26, %broadcasted_13 : tensor<4xf32>
    %34 = arith.mulf %scale, %33 : tensor<4xf32>
    %35 = arith.addf %34, %shift : tensor<4xf32>
    %36 = arith.subf %v, %k : tensor<4xf32>
    %37 = arith.subf %35, %36 : tensor<4xf32>
    %38 = arith.mulf %scale, %37 : tensor<4xf32>
    %39 = linalg.generic {indexing_maps = [#a_a, #a_none], iterator_types = ["reduction"]} ins(%38 : tensor<4xf32>)
        outs(%cst_5 : tensor<f32>) {
    ^bb0(%in: f32, %out: f32):
      %110 = arith.addf %in, %out : f32
      linalg.yield %110 : f32
    } -> tensor<f32>
    %40 = arith.mulf %39, %cst_4 : tensor<f32>
    %broadcasted_14 = linalg.broadcast ins(%40 : tensor<f32>) outs(%25 : tensor<4xf32>) dimensions = [0] 
    %41 = arith.subf %38, %broadcasted_14 : tensor<4xf32>
    %42 = arith.mulf %38, %33 : tensor<4xf32>
    %43 = linalg.generic {indexing_maps = [#a_a, #a_none], iterator_types = ["reduction"]} ins(%42 : tensor<4xf32>)
        outs(%cst_5 : tensor<f32>) {
    ^bb0(%in: f32, %out: f32):
      %110 = arith.addf %in, %out : f32
      linalg.yield %110 : f32
    } -> tensor<f32>
    %44 = arith.mulf %43, %cst_4 : tensor<f32>
    %broadcasted_15 = linalg.broadcast ins(%44 : tensor<f32>) outs(%25 : tensor<4xf32>) dimensions = [0] 
    %45 = arith.mulf %33, %broadcasted_15 : tensor<4xf32>
    %46 = arith.subf %41, %45 : tensor<4xf32>
    %broadcasted_16 = linalg.broadcast ins(%eta : tensor<f32>) outs(%25 : tensor<4xf32>) dimensions = [0] 
    %47 = arith.mulf %broadcasted_16, %46 : tensor<4xf32>
    %48 = arith.mulf %47, %broadcasted_13 : tensor<4xf32>
    %49 = linalg.generic {indexing_maps = [#ab_ab, #ab_b, #ab_a], iterator_types = ["parallel", "reduction"]} ins(%W2,
        %48 : tensor<6x4xf32>, tensor<4xf32>) outs(%cst_12 : tensor<6xf32>) {
    ^bb0(%in: f32, %in_27: f32, %out: f32):
      %110 = arith.mulf %in, %in_27 : f32
      %111 = arith.addf %110, %out : f32
      linalg.yield %111 : f32
    } -> tensor<6xf32>
    %50 = arith.mulf %49, %20 : tensor<6xf32>
    %51 = tensor.empty() : tensor<4x6xf32>
    %52 = linalg.generic {indexing_maps = [#ab_a, #ab_b, #ab_ab], iterator_types = ["parallel", "parallel"]} ins(%k,
        %50 : tensor<4xf32>, tensor<6xf32>) outs(%51 : tensor<4x6xf32>) {
    ^bb0(%in: f32, %in_27: f32, %out: f32):
      %110 = arith.mulf %in, %in_27 : f32
      linalg.yield %110 : f32
    } -> tensor<4x6xf32>
    %53 = arith.addf %G1, %52 : tensor<4x6xf32>
    %54 = arith.addf %g1, %50 : tensor<6xf32>
    %55 = tensor.empty() : tensor<6x4xf32>
    %56 = linalg.generic {indexing_maps = [#ab_a, #ab_b, #ab_ab], iterator_types = ["parallel", "parallel"]} ins(%11,
        %48 : tensor<6xf32>, tensor<4xf32>) outs(%55 : tensor<6x4xf32>) {
    ^bb0(%in: f32, %in_27: f32, %out: f32):
      %110 = arith.mulf %in, %in_27 : f32
      linalg.yield %110 : f32
    } -> tensor<6x4xf32>
    %57 = arith.addf %G2, %56 : tensor<6x4xf32>
    %58 = arith.addf %g2, %48 : tensor<4xf32>
    %59 = arith.addf %n, %cst_2 : tensor<f32>
    %60 = arith.divf %cst_2, %59 : tensor<f32>
    %broadcasted_17 = linalg.broadcast ins(%60 : tensor<f32>) outs(%51 : tensor<4x6xf32>) dimensions = [0, 1] 
    %61 = arith.mulf %broadcasted_17, %53 : tensor<4x6xf32>
    %62 = arith.subf %W1, %61 : tensor<4x6xf32>
    %63 = tensor.empty() : tensor<6xf32>
    %broadcasted_18 = linalg.broadcast ins(%60 : tensor<f32>) outs(%63 : tensor<6xf32>) dimensions = [0] 
    %64 = arith.mulf %broadcasted_18, %54 : tensor<6xf32>
    %65 = arith.subf %b1, %64 : tensor<6xf32>
    %broadcasted_19 = linalg.broadcast ins(%60 : tensor<f32>) outs(%55 : tensor<6x4xf32>) dimensions = [0, 1] 
    %66 = arith.mulf %broadcasted_19, %57 : tensor<6x4xf32>
    %67 = arith.subf %W2, %66 : tensor<6x4xf32>
    %broadcasted_20 = linalg.broadcast ins(%60 : tensor<f32>) outs(%25 : tensor<4xf32>) dimensions = [0] 
    %68 = arith.mulf %broadcasted_20, %58 : tensor<4xf32>
    %69 = arith.subf %b2, %68 : tensor<4xf32>
    %70 = linalg.generic {indexing_maps = [#ab_b, #ab_ba, #ab_a], iterator_types = ["parallel", "reduction"]} ins(%q,
        %62 : tensor<4xf32>, tensor<4x6xf32>) outs(%cst_12 : tensor<6xf32>) {
    ^bb0(%in: f32, %in_27: f32, %out: f32):
      %110 = arith.mulf %in, %in_27 : f32
      %111 = arith.addf %110, %out : f32
      linalg.yield %111 : f32
    } -> tensor<6xf32>
    %71 = arith.addf %70, %65 : tensor<6xf32>
    %72 = arith.mulf %71, %cst_11 : tensor<6xf32>
    %73 = arith.mulf %71, %71 : tensor<6xf32>
    %74 = arith.mulf %73, %cst_10 : tensor<6xf32>
    %75 = arith.addf %74, %cst_9 : tensor<6xf32>
    %76 = arith.mulf %72, %75 : tensor<6xf32>
    %77 = math.tanh %76 : tensor<6xf32>
    %78 = arith.mulf %71, %cst_8 : tensor<6xf32>
    %79 = arith.addf %77, %cst_9 : tensor<6xf32>
    %80 = arith.mulf %78, %79 : tensor<6xf32>
    %81 = linalg.generic {indexing_maps = [#ab_b, #ab_ba, #ab_a], iterator_types = ["parallel", "reduction"]} ins(%80,
        %67 : tensor<6xf32>, tensor<6x4xf32>) outs(%cst_6 : tensor<4xf32>) {
    ^bb0(%in: f32, %in_27: f32, %out: f32):
      %110 = arith.mulf %in, %in_27 : f32
      %111 = arith.addf %110, %out : f32
      linalg.yield %111 : f32
    } -> tensor<4xf32>
    %82 = arith.addf %81, %69 : tensor<4xf32>
    %83 = linalg.generic {indexing_maps = [#a_a, #a_none], iterator_types = ["reduction"]} ins(%82 : tensor<4xf32>)
        outs(%cst_5 : tensor<f32>) {
    ^bb0(%in: f32, %out: f32):
      %110 = arith.addf %in, %out : f32
      linalg.yield %110 : f32
    } -> tensor<f32>
    %84 = arith.mulf %83, %cst_4 : tensor<f32>
    %broadcasted_21 = linalg.broadcast ins(%84 : tensor<f32>) outs(%25 : tensor<4xf32>) dimensions = [0] 
    %85 = arith.subf %82, %broadcasted_21 : tensor<4xf32>
    %86 = arith.mulf %85, %85 : tensor<4xf32>
    %87 = linalg.generic {indexing_maps = [#a_a, #a_none], iterator_types = ["reduction"]} ins(%86 : tensor<4xf32>)
        outs(%cst_5 : tensor<f32>) {
    ^bb0(%in: f32, %out: f32):
      %110 = arith.addf %in, %out : f32
      linalg.yield %110 : f32
    } -> tensor<f32>
    %88 = arith.mulf %87, %cst_4 : tensor<f32>
    %89 = arith.addf %88, %cst_3 : tensor<f32>
    %90 = math.sqrt %89 : tensor<f32>
    %91 = arith.divf %cst_2, %90 : tensor<f32>
    %broadcasted_22 = linalg.broadcast ins(%91 : tensor<f32>) outs(%25 : tensor<4xf32>) dimensions = [0] 
    %92 = arith.mulf %85, %broadcasted_22 : tensor<4xf32>
    %93 = arith.mulf %scale, %92 : tensor<4xf32>
    %94 = arith.addf %q, %93 : tensor<4xf32>
    %95 = arith.addf %94, %shift : tensor<4xf32>
    // expected-remark @below {{arith.cmpf is applied to what depends on h8, so h8 stays a scan}}
    %96 = arith.cmpf ogt, %59, %cst_1 : tensor<f32>
    %97 = tensor.empty() : tensor<4x6xi1>
    %broadcasted_23 = linalg.broadcast ins(%96 : tensor<i1>) outs(%97 : tensor<4x6xi1>) dimensions = [0, 1] 
    %98 = arith.select %broadcasted_23, %62, %W1 : tensor<4x6xi1>, tensor<4x6xf32>
    %99 = tensor.empty() : tensor<6xi1>
    %broadcasted_24 = linalg.broadcast ins(%96 : tensor<i1>) outs(%99 : tensor<6xi1>) dimensions = [0] 
    %100 = arith.select %broadcasted_24, %65, %b1 : tensor<6xi1>, tensor<6xf32>
    %101 = tensor.empty() : tensor<6x4xi1>
    %broadcasted_25 = linalg.broadcast ins(%96 : tensor<i1>) outs(%101 : tensor<6x4xi1>) dimensions = [0, 1] 
    %102 = arith.select %broadcasted_25, %67, %W2 : tensor<6x4xi1>, tensor<6x4xf32>
    %103 = tensor.empty() : tensor<4xi1>
    %broadcasted_26 = linalg.broadcast ins(%96 : tensor<i1>) outs(%103 : tensor<4xi1>) dimensions = [0] 
    %104 = arith.select %broadcasted_26, %69, %b2 : tensor<4xi1>, tensor<4xf32>
    %105 = arith.select %broadcasted_23, %cst_0, %53 : tensor<4x6xi1>, tensor<4x6xf32>
    %106 = arith.select %broadcasted_24, %cst_12, %54 : tensor<6xi1>, tensor<6xf32>
    %107 = arith.select %broadcasted_25, %cst, %57 : tensor<6x4xi1>, tensor<6x4xf32>
    %108 = arith.select %broadcasted_26, %cst_6, %58 : tensor<4xi1>, tensor<4xf32>
    %109 = arith.select %96, %cst_5, %59 : tensor<i1>, tensor<f32>
    strand.yield %95 : tensor<4xf32> next %98, %100, %102, %104, %105, %106, %107, %108,
        %109 : tensor<4x6xf32>, tensor<6xf32>, tensor<6x4xf32>, tensor<4xf32>, tensor<4x6xf32>, tensor<6xf32>,
        tensor<6x4xf32>, tensor<4xf32>, tensor<f32>
  }
  return %0 : tensor<?x4xf32>
}
