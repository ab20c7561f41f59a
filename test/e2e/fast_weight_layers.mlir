// All forms of strand.fast_weight with several layers against their meaning in f64: blocks that cuts meet anywhere, rates
// that are strong, weak and mixed.
// RUN: strand-check %s | FileCheck %s --implicit-check-not=wrong

// The deep memory of Titans. Rates are exp(gates) / 4: of some heads strong, of some weak, of some both in turn.
// CHECK-DAG: titans_mlp: {{[0-9]+}} forms right
func.func @titans_mlp(%q: tensor<?x3x8xf32>, %k: tensor<?x3x8xf32> {check.range = [-0.5, 0.5]}, %v: tensor<?x3x12xf32>,
                      %theta: tensor<?x3xf32> {check.kind = "gates"}, %eta: tensor<?x3xf32> {check.range = [-4.0, -0.5]},
                      %beta: tensor<?x3xf32> {check.kind = "gates"}, %w1: tensor<3x8x16xf32> {check.range = [-0.4, 0.4]},
                      %w2: tensor<3x16x12xf32> {check.range = [-0.4, 0.4]}, %offsets: tensor<?xi32>) -> tensor<?x3x12xf32> {
  %0 = math.exp %theta : tensor<?x3xf32>
  %zero = arith.constant 0 : index
  %rows = tensor.dim %q, %zero : tensor<?x3x8xf32>
  %quarter = arith.constant 0.25 : f32
  %like = tensor.empty(%rows) : tensor<?x3xf32>
  %quarters = linalg.fill ins(%quarter : f32) outs(%like : tensor<?x3xf32>) -> tensor<?x3xf32>
  %rate = arith.mulf %0, %quarters : tensor<?x3xf32>
  %y = strand.fast_weight %q, %k, %v rate %rate momentum %eta gate %beta init(%w1, %w2) activation silu offsets %offsets
      {block = 8}
      : (tensor<?x3x8xf32>, tensor<?x3x8xf32>, tensor<?x3x12xf32>, tensor<?x3xf32>, tensor<?x3xf32>, tensor<?x3xf32>,
         tensor<3x8x16xf32>, tensor<3x16x12xf32>, tensor<?xi32>) -> tensor<?x3x12xf32>
  return %y : tensor<?x3x12xf32>
}

// Each row is a block, and there is no momentum.
// CHECK-DAG: a_row_a_block: {{[0-9]+}} forms right
func.func @a_row_a_block(%q: tensor<?x2x8xf32>, %k: tensor<?x2x8xf32> {check.range = [-0.5, 0.5]}, %v: tensor<?x2x5xf32>,
                         %rate: tensor<?x2xf32> {check.range = [0.0, 0.3]}, %beta: tensor<?x2xf32> {check.kind = "gates"},
                         %w1: tensor<2x8x7xf32> {check.range = [-0.4, 0.4]}, %w2: tensor<2x7x5xf32> {check.range = [-0.4, 0.4]},
                         %b1: tensor<2x7xf32>, %b2: tensor<2x5xf32>, %offsets: tensor<?xi32>) -> tensor<?x2x5xf32> {
  %y = strand.fast_weight %q, %k, %v rate %rate gate %beta init(%w1, %w2) bias(%b1, %b2) activation tanh offsets %offsets
      {block = 1}
      : (tensor<?x2x8xf32>, tensor<?x2x8xf32>, tensor<?x2x5xf32>, tensor<?x2xf32>, tensor<?x2xf32>,
         tensor<2x8x7xf32>, tensor<2x7x5xf32>, tensor<2x7xf32>, tensor<2x5xf32>, tensor<?xi32>) -> tensor<?x2x5xf32>
  return %y : tensor<?x2x5xf32>
}

// Biases with momentum and forgetting, in blocks that are no multiple of a vector; three layers.
// CHECK-DAG: three_layers: {{[0-9]+}} forms right
func.func @three_layers(%q: tensor<?x2x6xf32>, %k: tensor<?x2x6xf32> {check.range = [-0.5, 0.5]}, %v: tensor<?x2x5xf32>,
                        %rate: tensor<?x2xf32> {check.range = [0.0, 0.2]}, %eta: tensor<?x2xf32> {check.range = [-4.0, -0.5]},
                        %beta: tensor<?x2xf32> {check.kind = "gates"}, %w1: tensor<2x6x9xf32> {check.range = [-0.4, 0.4]},
                        %w2: tensor<2x9x7xf32> {check.range = [-0.4, 0.4]}, %w3: tensor<2x7x5xf32> {check.range = [-0.4, 0.4]},
                        %b1: tensor<2x9xf32>, %b2: tensor<2x7xf32>, %b3: tensor<2x5xf32>, %offsets: tensor<?xi32>)
    -> tensor<?x2x5xf32> {
  %y = strand.fast_weight %q, %k, %v rate %rate momentum %eta gate %beta init(%w1, %w2, %w3) bias(%b1, %b2, %b3)
      activation gelu offsets %offsets {block = 11}
      : (tensor<?x2x6xf32>, tensor<?x2x6xf32>, tensor<?x2x5xf32>, tensor<?x2xf32>, tensor<?x2xf32>, tensor<?x2xf32>,
         tensor<2x6x9xf32>, tensor<2x9x7xf32>, tensor<2x7x5xf32>, tensor<2x9xf32>, tensor<2x7xf32>, tensor<2x5xf32>,
         tensor<?xi32>) -> tensor<?x2x5xf32>
  return %y : tensor<?x2x5xf32>
}

// As in TTT-MLP, gelu between the layers, a norm behind them, through which the slope goes back. With n = (z - mean) / s and
// g = w (w n + c - v): slope = (g - mean(g) - n mean(g n)) / s.
// CHECK-DAG: ttt_mlp: {{[0-9]+}} forms right
func.func @ttt_mlp(%q: tensor<?x2x8xf32>, %k: tensor<?x2x8xf32> {check.range = [-0.5, 0.5]}, %v: tensor<?x2x8xf32>,
                   %rate: tensor<?x2xf32> {check.range = [0.0, 0.5]}, %tau: tensor<?x2xf32> {check.range = [0.05, 1.0]},
                   %w1: tensor<2x8x32xf32> {check.range = [-0.4, 0.4]}, %w2: tensor<2x32x8xf32> {check.range = [-0.4, 0.4]},
                   %b1: tensor<2x32xf32> {check.range = [-0.4, 0.4]}, %b2: tensor<2x8xf32> {check.range = [-0.4, 0.4]},
                   %w: tensor<2x8xf32>, %c: tensor<2x8xf32>, %offsets: tensor<?xi32>) -> tensor<?x2x8xf32> {
  %target = arith.subf %v, %k : tensor<?x2x8xf32>
  %y = strand.fast_weight %q, %k, %target rate %rate rescale %tau init(%w1, %w2) bias(%b1, %b2) activation gelu_tanh
      with(%w, %c) offsets %offsets {block = 16}
      : (tensor<?x2x8xf32>, tensor<?x2x8xf32>, tensor<?x2x8xf32>, tensor<?x2xf32>, tensor<?x2xf32>, tensor<2x8x32xf32>,
         tensor<2x32x8xf32>, tensor<2x32xf32>, tensor<2x8xf32>, tensor<2x8xf32>, tensor<2x8xf32>, tensor<?xi32>)
      -> tensor<?x2x8xf32> slope {
  ^bb0(%z: tensor<8xf32>, %t: tensor<8xf32>, %scale: tensor<8xf32>, %shift: tensor<8xf32>):
    %part = arith.constant dense<0.125> : tensor<8xf32>
    %eps = arith.constant 1.0e-2 : f32
    %nothing = arith.constant dense<0.0> : tensor<f32>
    %sum = linalg.dot ins(%z, %part : tensor<8xf32>, tensor<8xf32>) outs(%nothing : tensor<f32>) -> tensor<f32>
    %mean = tensor.extract %sum[] : tensor<f32>
    %means = tensor.splat %mean : tensor<8xf32>
    %centred = arith.subf %z, %means : tensor<8xf32>
    %parts = arith.mulf %centred, %part : tensor<8xf32>
    %squares = linalg.dot ins(%centred, %parts : tensor<8xf32>, tensor<8xf32>) outs(%nothing : tensor<f32>) -> tensor<f32>
    %variance = tensor.extract %squares[] : tensor<f32>
    %shifted = arith.addf %variance, %eps : f32
    %inverse = math.rsqrt %shifted : f32
    %inverses = tensor.splat %inverse : tensor<8xf32>
    %n = arith.mulf %centred, %inverses : tensor<8xf32>
    %scaled = arith.mulf %scale, %n : tensor<8xf32>
    %p = arith.addf %scaled, %shift : tensor<8xf32>
    %e = arith.subf %p, %t : tensor<8xf32>
    %g = arith.mulf %scale, %e : tensor<8xf32>
    %gSum = linalg.dot ins(%g, %part : tensor<8xf32>, tensor<8xf32>) outs(%nothing : tensor<f32>) -> tensor<f32>
    %gMean = tensor.extract %gSum[] : tensor<f32>
    %gMeans = tensor.splat %gMean : tensor<8xf32>
    %nParts = arith.mulf %n, %part : tensor<8xf32>
    %gnSum = linalg.dot ins(%g, %nParts : tensor<8xf32>, tensor<8xf32>) outs(%nothing : tensor<f32>) -> tensor<f32>
    %gnMean = tensor.extract %gnSum[] : tensor<f32>
    %gnMeans = tensor.splat %gnMean : tensor<8xf32>
    %along = arith.mulf %n, %gnMeans : tensor<8xf32>
    %across = arith.subf %g, %gMeans : tensor<8xf32>
    %left = arith.subf %across, %along : tensor<8xf32>
    %slope = arith.mulf %left, %inverses : tensor<8xf32>
    strand.yield %slope : tensor<8xf32>
  }
  return %y : tensor<?x2x8xf32>
}
