// All forms of strand.delta_rule without a gate or with one number a row, against its meaning in f64. Keys have
// at most length 1, so that no update with beta up to 2 enlarges the state.
// RUN: strand-check %s | FileCheck %s --implicit-check-not=wrong

#rhi = affine_map<(r, h, i) -> (r, h, i)>
#rh = affine_map<(r, h, i) -> (r, h)>

// CHECK-DAG: no_beta: 10 forms right
func.func @no_beta(%q: tensor<?x2x16xf32>, %k: tensor<?x2x16xf32> {check.range = [-0.25, 0.25]},
                   %v: tensor<?x2x16xf32>, %offsets: tensor<?xi32>) -> tensor<?x2x16xf32> {
  %y = strand.delta_rule %q, %k, %v offsets %offsets
      : (tensor<?x2x16xf32>, tensor<?x2x16xf32>, tensor<?x2x16xf32>, tensor<?xi32>) -> tensor<?x2x16xf32>
  return %y : tensor<?x2x16xf32>
}

// DeltaNet.
// CHECK-DAG: delta: 10 forms right
func.func @delta(%q: tensor<?x2x16xf32>, %k: tensor<?x2x16xf32> {check.range = [-0.25, 0.25]},
                 %v: tensor<?x2x16xf32>, %beta: tensor<?x2xf32> {check.range = [0.0, 2.0]}, %offsets: tensor<?xi32>)
    -> tensor<?x2x16xf32> {
  %y = strand.delta_rule %q, %k, %v beta %beta offsets %offsets {scale = 0.25 : f64}
      : (tensor<?x2x16xf32>, tensor<?x2x16xf32>, tensor<?x2x16xf32>, tensor<?x2xf32>, tensor<?xi32>)
      -> tensor<?x2x16xf32>
  return %y : tensor<?x2x16xf32>
}

// Gated DeltaNet, two value heads a key head.
// CHECK-DAG: gated: 10 forms right
func.func @gated(%q: tensor<?x2x16xf32>, %k: tensor<?x2x16xf32> {check.range = [-0.25, 0.25]},
                 %v: tensor<?x4x16xf32>, %beta: tensor<?x4xf32> {check.range = [0.0, 2.0]},
                 %g: tensor<?x4xf32> {check.kind = "gates"}, %offsets: tensor<?xi32>) -> tensor<?x4x16xf32> {
  %y = strand.delta_rule %q, %k, %v beta %beta gate %g offsets %offsets {scale = 0.25 : f64}
      : (tensor<?x2x16xf32>, tensor<?x2x16xf32>, tensor<?x4x16xf32>, tensor<?x4xf32>, tensor<?x4xf32>, tensor<?xi32>)
      -> tensor<?x4x16xf32>
  return %y : tensor<?x4x16xf32>
}

// Half of the updates turn what was there around.
// CHECK-DAG: keys_of_length_one: 10 forms right
func.func @keys_of_length_one(%q: tensor<?x2x16xf32>, %k: tensor<?x2x16xf32>, %v: tensor<?x2x16xf32>,
                              %beta: tensor<?x2xf32> {check.range = [0.0, 2.0]},
                              %g: tensor<?x2xf32> {check.kind = "gates"}, %offsets: tensor<?xi32>)
    -> tensor<?x2x16xf32> {
  %zero = arith.constant 0.0 : f32
  %c0 = arith.constant 0 : index
  %rows = tensor.dim %k, %c0 : tensor<?x2x16xf32>
  %empty = tensor.empty(%rows) : tensor<?x2xf32>
  %zeros = linalg.fill ins(%zero : f32) outs(%empty : tensor<?x2xf32>) -> tensor<?x2xf32>
  %square = linalg.generic {indexing_maps = [#rhi, #rh], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%k : tensor<?x2x16xf32>) outs(%zeros : tensor<?x2xf32>) {
  ^bb0(%x: f32, %sum: f32):
    %xx = arith.mulf %x, %x : f32
    %more = arith.addf %sum, %xx : f32
    linalg.yield %more : f32
  } -> tensor<?x2xf32>
  %keys = tensor.empty(%rows) : tensor<?x2x16xf32>
  %unit = linalg.generic {indexing_maps = [#rhi, #rh, #rhi], iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%k, %square : tensor<?x2x16xf32>, tensor<?x2xf32>) outs(%keys : tensor<?x2x16xf32>) {
  ^bb0(%x: f32, %n: f32, %out: f32):
    %length = math.sqrt %n : f32
    %u = arith.divf %x, %length : f32
    linalg.yield %u : f32
  } -> tensor<?x2x16xf32>
  %y = strand.delta_rule %q, %unit, %v beta %beta gate %g offsets %offsets
      : (tensor<?x2x16xf32>, tensor<?x2x16xf32>, tensor<?x2x16xf32>, tensor<?x2xf32>, tensor<?x2xf32>, tensor<?xi32>)
      -> tensor<?x2x16xf32>
  return %y : tensor<?x2x16xf32>
}

// CHECK-DAG: beta_of_channels: 7 forms right
func.func @beta_of_channels(%q: tensor<?x2x16xf32>, %k: tensor<?x2x16xf32> {check.range = [-0.25, 0.25]},
                            %v: tensor<?x4x16xf32>, %beta: tensor<?x4x16xf32> {check.range = [0.0, 2.0]},
                            %g: tensor<?x4xf32> {check.kind = "gates"}, %offsets: tensor<?xi32>) -> tensor<?x4x16xf32> {
  %y = strand.delta_rule %q, %k, %v beta %beta gate %g offsets %offsets
      : (tensor<?x2x16xf32>, tensor<?x2x16xf32>, tensor<?x4x16xf32>, tensor<?x4x16xf32>, tensor<?x4xf32>, tensor<?xi32>)
      -> tensor<?x4x16xf32>
  return %y : tensor<?x4x16xf32>
}

// CHECK-DAG: odd_sizes: 10 forms right
func.func @odd_sizes(%q: tensor<?x1x13xf32>, %k: tensor<?x1x13xf32> {check.range = [-0.2774, 0.2774]},
                     %v: tensor<?x3x19xf32>, %beta: tensor<?x3xf32> {check.range = [0.0, 2.0]},
                     %g: tensor<?x3xf32> {check.kind = "gates"}, %offsets: tensor<?xi32>) -> tensor<?x3x19xf32> {
  %y = strand.delta_rule %q, %k, %v beta %beta gate %g offsets %offsets
      : (tensor<?x1x13xf32>, tensor<?x1x13xf32>, tensor<?x3x19xf32>, tensor<?x3xf32>, tensor<?x3xf32>, tensor<?xi32>)
      -> tensor<?x3x19xf32>
  return %y : tensor<?x3x19xf32>
}

// CHECK-DAG: all_sizes_one: 10 forms right
func.func @all_sizes_one(%q: tensor<?x1x1xf32>, %k: tensor<?x1x1xf32> {check.range = [-1, 1]},
                         %v: tensor<?x1x1xf32>, %beta: tensor<?x1xf32> {check.range = [0.0, 2.0]},
                         %g: tensor<?x1xf32> {check.kind = "gates"}, %offsets: tensor<?xi32>) -> tensor<?x1x1xf32> {
  %y = strand.delta_rule %q, %k, %v beta %beta gate %g offsets %offsets
      : (tensor<?x1x1xf32>, tensor<?x1x1xf32>, tensor<?x1x1xf32>, tensor<?x1xf32>, tensor<?x1xf32>, tensor<?xi32>)
      -> tensor<?x1x1xf32>
  return %y : tensor<?x1x1xf32>
}

// CHECK-DAG: wide: 10 forms right
func.func @wide(%q: tensor<?x1x64xf32>, %k: tensor<?x1x64xf32> {check.range = [-0.125, 0.125]},
                %v: tensor<?x1x80xf32>, %beta: tensor<?x1xf32> {check.range = [0.0, 2.0]},
                %g: tensor<?x1xf32> {check.kind = "gates"}, %offsets: tensor<?xi32>) -> tensor<?x1x80xf32> {
  %y = strand.delta_rule %q, %k, %v beta %beta gate %g offsets %offsets
      : (tensor<?x1x64xf32>, tensor<?x1x64xf32>, tensor<?x1x80xf32>, tensor<?x1xf32>, tensor<?x1xf32>, tensor<?xi32>)
      -> tensor<?x1x80xf32>
  return %y : tensor<?x1x80xf32>
}
