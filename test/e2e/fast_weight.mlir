// All forms of strand.fast_weight against its meaning in f64: blocks that cuts meet anywhere, momentum, forgetting, first
// weights, slopes.
// RUN: strand-check %s | FileCheck %s --implicit-check-not=wrong

// CHECK-DAG: plain: {{[0-9]+}} forms right
func.func @plain(%q: tensor<?x2x8xf32>, %k: tensor<?x2x8xf32> {check.range = [-0.5, 0.5]}, %v: tensor<?x2x12xf32>,
                 %rate: tensor<?x2xf32> {check.range = [0.0, 1.0]}, %offsets: tensor<?xi32>) -> tensor<?x2x12xf32> {
  %y = strand.fast_weight %q, %k, %v rate %rate offsets %offsets {block = 4}
      : (tensor<?x2x8xf32>, tensor<?x2x8xf32>, tensor<?x2x12xf32>, tensor<?x2xf32>, tensor<?xi32>) -> tensor<?x2x12xf32>
  return %y : tensor<?x2x12xf32>
}

// A block of one row: the delta rule.
// CHECK-DAG: delta_rule: {{[0-9]+}} forms right
func.func @delta_rule(%q: tensor<?x2x8xf32>, %k: tensor<?x2x8xf32> {check.range = [-0.5, 0.5]}, %v: tensor<?x2x8xf32>,
                      %rate: tensor<?x2xf32> {check.range = [0.0, 1.0]}, %offsets: tensor<?xi32>) -> tensor<?x2x8xf32> {
  %y = strand.fast_weight %q, %k, %v rate %rate offsets %offsets {block = 1}
      : (tensor<?x2x8xf32>, tensor<?x2x8xf32>, tensor<?x2x8xf32>, tensor<?x2xf32>, tensor<?xi32>) -> tensor<?x2x8xf32>
  return %y : tensor<?x2x8xf32>
}

// CHECK-DAG: forgetting: {{[0-9]+}} forms right
func.func @forgetting(%q: tensor<?x2x8xf32>, %k: tensor<?x2x8xf32> {check.range = [-0.5, 0.5]}, %v: tensor<?x2x12xf32>,
                      %rate: tensor<?x2xf32> {check.range = [0.0, 1.0]}, %gate: tensor<?x2xf32> {check.kind = "gates"},
                      %offsets: tensor<?xi32>) -> tensor<?x2x12xf32> {
  %y = strand.fast_weight %q, %k, %v rate %rate gate %gate offsets %offsets {block = 16}
      : (tensor<?x2x8xf32>, tensor<?x2x8xf32>, tensor<?x2x12xf32>, tensor<?x2xf32>, tensor<?x2xf32>, tensor<?xi32>)
      -> tensor<?x2x12xf32>
  return %y : tensor<?x2x12xf32>
}

// The linear memory of Titans, with first weights and a loss that grows linearly far from its target: its slope is the
// error with each entry held between -0.8 and 0.8.
// CHECK-DAG: titans: {{[0-9]+}} forms right
func.func @titans(%q: tensor<?x2x8xf32>, %k: tensor<?x2x8xf32> {check.range = [-0.5, 0.5]}, %v: tensor<?x2x12xf32>,
                  %rate: tensor<?x2xf32> {check.range = [0.0, 1.0]}, %eta: tensor<?x2xf32> {check.kind = "gates"},
                  %beta: tensor<?x2xf32> {check.kind = "gates"}, %init: tensor<2x8x12xf32>, %offsets: tensor<?xi32>)
    -> tensor<?x2x12xf32> {
  %y = strand.fast_weight %q, %k, %v rate %rate momentum %eta gate %beta init(%init) offsets %offsets {block = 7}
      : (tensor<?x2x8xf32>, tensor<?x2x8xf32>, tensor<?x2x12xf32>, tensor<?x2xf32>, tensor<?x2xf32>, tensor<?x2xf32>,
         tensor<2x8x12xf32>, tensor<?xi32>) -> tensor<?x2x12xf32> slope {
  ^bb0(%z: tensor<12xf32>, %target: tensor<12xf32>):
    %e = arith.subf %z, %target : tensor<12xf32>
    %limit = arith.constant dense<0.8> : tensor<12xf32>
    %below = arith.minimumf %e, %limit : tensor<12xf32>
    %floor = arith.constant dense<-0.8> : tensor<12xf32>
    %held = arith.maximumf %below, %floor : tensor<12xf32>
    strand.yield %held : tensor<12xf32>
  }
  return %y : tensor<?x2x12xf32>
}

// TTT-Linear: the prediction goes through a root-mean-square norm with a scale a head, and the slope goes back through it.
// With n = z / s, s = sqrt(mean(z^2) + eps), p = w n and g = w (p - v): slope = (g - n mean(g n)) / s.
// CHECK-DAG: ttt: {{[0-9]+}} forms right
func.func @ttt(%q: tensor<?x2x8xf32>, %k: tensor<?x2x8xf32> {check.range = [-0.5, 0.5]}, %v: tensor<?x2x8xf32>,
               %rate: tensor<?x2xf32> {check.range = [0.0, 1.0]}, %tau: tensor<?x2xf32> {check.range = [0.1, 1.0]},
               %init: tensor<2x8x8xf32>, %w: tensor<2x8xf32>, %offsets: tensor<?xi32>) -> tensor<?x2x8xf32> {
  %y = strand.fast_weight %q, %k, %v rate %rate rescale %tau init(%init) with(%w) offsets %offsets {block = 16}
      : (tensor<?x2x8xf32>, tensor<?x2x8xf32>, tensor<?x2x8xf32>, tensor<?x2xf32>, tensor<?x2xf32>, tensor<2x8x8xf32>,
         tensor<2x8xf32>, tensor<?xi32>) -> tensor<?x2x8xf32> slope {
  ^bb0(%z: tensor<8xf32>, %target: tensor<8xf32>, %scale: tensor<8xf32>):
    %size = arith.constant 8.0 : f32
    %eps = arith.constant 1.0e-2 : f32
    %nothing = arith.constant dense<0.0> : tensor<f32>
    %squares = linalg.dot ins(%z, %z : tensor<8xf32>, tensor<8xf32>) outs(%nothing : tensor<f32>) -> tensor<f32>
    %total = tensor.extract %squares[] : tensor<f32>
    %mean = arith.divf %total, %size : f32
    %shifted = arith.addf %mean, %eps : f32
    %inverse = math.rsqrt %shifted : f32
    %inverses = tensor.splat %inverse : tensor<8xf32>
    %n = arith.mulf %z, %inverses : tensor<8xf32>
    %p = arith.mulf %scale, %n : tensor<8xf32>
    %e = arith.subf %p, %target : tensor<8xf32>
    %g = arith.mulf %scale, %e : tensor<8xf32>
    %gn = linalg.dot ins(%g, %n : tensor<8xf32>, tensor<8xf32>) outs(%nothing : tensor<f32>) -> tensor<f32>
    %gnTotal = tensor.extract %gn[] : tensor<f32>
    %gnMean = arith.divf %gnTotal, %size : f32
    %gnMeans = tensor.splat %gnMean : tensor<8xf32>
    %along = arith.mulf %n, %gnMeans : tensor<8xf32>
    %across = arith.subf %g, %along : tensor<8xf32>
    %slope = arith.mulf %across, %inverses : tensor<8xf32>
    strand.yield %slope : tensor<8xf32>
  }
  return %y : tensor<?x2x8xf32>
}
