// All forms of strand.delta_rule with a gate for each channel, against its meaning in f64. Keys have
// at most length 1, so that no update with beta up to 2 enlarges the state.
// RUN: strand-check %s | FileCheck %s --implicit-check-not=wrong

// KDA, two value heads a key head.
// CHECK-DAG: delta: 10 forms right
func.func @delta(%q: tensor<?x2x16xf32>, %k: tensor<?x2x16xf32> {check.range = [-0.25, 0.25]},
                 %v: tensor<?x4x16xf32>, %beta: tensor<?x4xf32> {check.range = [0.0, 2.0]},
                 %g: tensor<?x4x16xf32> {check.kind = "gates"}, %offsets: tensor<?xi32>) -> tensor<?x4x16xf32> {
  %y = strand.delta_rule %q, %k, %v beta %beta gate %g offsets %offsets {scale = 0.25 : f64}
      : (tensor<?x2x16xf32>, tensor<?x2x16xf32>, tensor<?x4x16xf32>, tensor<?x4xf32>, tensor<?x4x16xf32>, tensor<?xi32>)
      -> tensor<?x4x16xf32>
  return %y : tensor<?x4x16xf32>
}

// CHECK-DAG: no_beta: 10 forms right
func.func @no_beta(%q: tensor<?x2x16xf32>, %k: tensor<?x2x16xf32> {check.range = [-0.25, 0.25]},
                   %v: tensor<?x2x16xf32>, %g: tensor<?x2x16xf32> {check.kind = "gates"}, %offsets: tensor<?xi32>)
    -> tensor<?x2x16xf32> {
  %y = strand.delta_rule %q, %k, %v gate %g offsets %offsets
      : (tensor<?x2x16xf32>, tensor<?x2x16xf32>, tensor<?x2x16xf32>, tensor<?x2x16xf32>, tensor<?xi32>)
      -> tensor<?x2x16xf32>
  return %y : tensor<?x2x16xf32>
}

// CHECK-DAG: beta_of_channels: 7 forms right
func.func @beta_of_channels(%q: tensor<?x2x16xf32>, %k: tensor<?x2x16xf32> {check.range = [-0.25, 0.25]},
                            %v: tensor<?x2x16xf32>, %beta: tensor<?x2x16xf32> {check.range = [0.0, 2.0]},
                            %g: tensor<?x2x16xf32> {check.kind = "gates"}, %offsets: tensor<?xi32>)
    -> tensor<?x2x16xf32> {
  %y = strand.delta_rule %q, %k, %v beta %beta gate %g offsets %offsets
      : (tensor<?x2x16xf32>, tensor<?x2x16xf32>, tensor<?x2x16xf32>, tensor<?x2x16xf32>, tensor<?x2x16xf32>,
         tensor<?xi32>)
      -> tensor<?x2x16xf32>
  return %y : tensor<?x2x16xf32>
}

// CHECK-DAG: odd_sizes: 10 forms right
func.func @odd_sizes(%q: tensor<?x1x11xf32>, %k: tensor<?x1x11xf32> {check.range = [-0.3015, 0.3015]},
                     %v: tensor<?x2x21xf32>, %beta: tensor<?x2xf32> {check.range = [0.0, 2.0]},
                     %g: tensor<?x2x11xf32> {check.kind = "gates"}, %offsets: tensor<?xi32>) -> tensor<?x2x21xf32> {
  %y = strand.delta_rule %q, %k, %v beta %beta gate %g offsets %offsets
      : (tensor<?x1x11xf32>, tensor<?x1x11xf32>, tensor<?x2x21xf32>, tensor<?x2xf32>, tensor<?x2x11xf32>, tensor<?xi32>)
      -> tensor<?x2x21xf32>
  return %y : tensor<?x2x21xf32>
}

// CHECK-DAG: all_sizes_one: 10 forms right
func.func @all_sizes_one(%q: tensor<?x1x1xf32>, %k: tensor<?x1x1xf32> {check.range = [-1, 1]},
                         %v: tensor<?x1x1xf32>, %beta: tensor<?x1xf32> {check.range = [0.0, 2.0]},
                         %g: tensor<?x1x1xf32> {check.kind = "gates"}, %offsets: tensor<?xi32>) -> tensor<?x1x1xf32> {
  %y = strand.delta_rule %q, %k, %v beta %beta gate %g offsets %offsets
      : (tensor<?x1x1xf32>, tensor<?x1x1xf32>, tensor<?x1x1xf32>, tensor<?x1xf32>, tensor<?x1x1xf32>, tensor<?xi32>)
      -> tensor<?x1x1xf32>
  return %y : tensor<?x1x1xf32>
}

// CHECK-DAG: wide: 10 forms right
func.func @wide(%q: tensor<?x1x64xf32>, %k: tensor<?x1x64xf32> {check.range = [-0.125, 0.125]},
                %v: tensor<?x1x48xf32>, %beta: tensor<?x1xf32> {check.range = [0.0, 2.0]},
                %g: tensor<?x1x64xf32> {check.kind = "gates"}, %offsets: tensor<?xi32>) -> tensor<?x1x48xf32> {
  %y = strand.delta_rule %q, %k, %v beta %beta gate %g offsets %offsets
      : (tensor<?x1x64xf32>, tensor<?x1x64xf32>, tensor<?x1x48xf32>, tensor<?x1xf32>, tensor<?x1x64xf32>, tensor<?xi32>)
      -> tensor<?x1x48xf32>
  return %y : tensor<?x1x48xf32>
}
