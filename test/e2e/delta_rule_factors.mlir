// All forms of strand.delta_rule with several factors a row (DeltaProduct), against its meaning in f64. Keys have
// at most length 1, so that no update with beta up to 2 enlarges the state.
// RUN: strand-check %s | FileCheck %s --implicit-check-not=wrong

// CHECK-DAG: no_gate: 10 forms right
func.func @no_gate(%q: tensor<?x2x16xf32>, %k: tensor<?x2x2x16xf32> {check.range = [-0.25, 0.25]},
                   %v: tensor<?x2x2x16xf32>, %beta: tensor<?x2x2xf32> {check.range = [0.0, 2.0]},
                   %offsets: tensor<?xi32>) -> tensor<?x2x16xf32> {
  %y = strand.delta_rule %q, %k, %v beta %beta offsets %offsets
      : (tensor<?x2x16xf32>, tensor<?x2x2x16xf32>, tensor<?x2x2x16xf32>, tensor<?x2x2xf32>, tensor<?xi32>)
      -> tensor<?x2x16xf32>
  return %y : tensor<?x2x16xf32>
}

// CHECK-DAG: gated: 10 forms right
func.func @gated(%q: tensor<?x2x16xf32>, %k: tensor<?x3x2x16xf32> {check.range = [-0.25, 0.25]},
                 %v: tensor<?x3x4x16xf32>, %beta: tensor<?x3x4xf32> {check.range = [0.0, 2.0]},
                 %g: tensor<?x4xf32> {check.kind = "gates"}, %offsets: tensor<?xi32>) -> tensor<?x4x16xf32> {
  %y = strand.delta_rule %q, %k, %v beta %beta gate %g offsets %offsets {scale = 0.25 : f64}
      : (tensor<?x2x16xf32>, tensor<?x3x2x16xf32>, tensor<?x3x4x16xf32>, tensor<?x3x4xf32>, tensor<?x4xf32>,
         tensor<?xi32>)
      -> tensor<?x4x16xf32>
  return %y : tensor<?x4x16xf32>
}

// CHECK-DAG: gate_of_channels: 10 forms right
func.func @gate_of_channels(%q: tensor<?x1x16xf32>, %k: tensor<?x2x1x16xf32> {check.range = [-0.25, 0.25]},
                            %v: tensor<?x2x2x16xf32>, %beta: tensor<?x2x2xf32> {check.range = [0.0, 2.0]},
                            %g: tensor<?x2x16xf32> {check.kind = "gates"}, %offsets: tensor<?xi32>)
    -> tensor<?x2x16xf32> {
  %y = strand.delta_rule %q, %k, %v beta %beta gate %g offsets %offsets {scale = 0.25 : f64}
      : (tensor<?x1x16xf32>, tensor<?x2x1x16xf32>, tensor<?x2x2x16xf32>, tensor<?x2x2xf32>, tensor<?x2x16xf32>,
         tensor<?xi32>)
      -> tensor<?x2x16xf32>
  return %y : tensor<?x2x16xf32>
}

// CHECK-DAG: beta_of_channels: 7 forms right
func.func @beta_of_channels(%q: tensor<?x2x16xf32>, %k: tensor<?x2x2x16xf32> {check.range = [-0.25, 0.25]},
                            %v: tensor<?x2x2x16xf32>, %beta: tensor<?x2x2x16xf32> {check.range = [0.0, 2.0]},
                            %g: tensor<?x2xf32> {check.kind = "gates"}, %offsets: tensor<?xi32>) -> tensor<?x2x16xf32> {
  %y = strand.delta_rule %q, %k, %v beta %beta gate %g offsets %offsets
      : (tensor<?x2x16xf32>, tensor<?x2x2x16xf32>, tensor<?x2x2x16xf32>, tensor<?x2x2x16xf32>, tensor<?x2xf32>,
         tensor<?xi32>)
      -> tensor<?x2x16xf32>
  return %y : tensor<?x2x16xf32>
}

// CHECK-DAG: one_factor: 10 forms right
func.func @one_factor(%q: tensor<?x2x16xf32>, %k: tensor<?x1x2x16xf32> {check.range = [-0.25, 0.25]},
                      %v: tensor<?x1x2x16xf32>, %beta: tensor<?x1x2xf32> {check.range = [0.0, 2.0]},
                      %g: tensor<?x2xf32> {check.kind = "gates"}, %offsets: tensor<?xi32>) -> tensor<?x2x16xf32> {
  %y = strand.delta_rule %q, %k, %v beta %beta gate %g offsets %offsets
      : (tensor<?x2x16xf32>, tensor<?x1x2x16xf32>, tensor<?x1x2x16xf32>, tensor<?x1x2xf32>, tensor<?x2xf32>,
         tensor<?xi32>)
      -> tensor<?x2x16xf32>
  return %y : tensor<?x2x16xf32>
}

// A tile is one row.
// CHECK-DAG: more_than_a_tile: 10 forms right
func.func @more_than_a_tile(%q: tensor<?x2x8xf32>, %k: tensor<?x40x2x8xf32> {check.range = [-0.3536, 0.3536]},
                            %v: tensor<?x40x2x8xf32>, %beta: tensor<?x40x2xf32> {check.range = [0.0, 2.0]},
                            %g: tensor<?x2xf32> {check.kind = "gates"}, %offsets: tensor<?xi32>) -> tensor<?x2x8xf32> {
  %y = strand.delta_rule %q, %k, %v beta %beta gate %g offsets %offsets
      : (tensor<?x2x8xf32>, tensor<?x40x2x8xf32>, tensor<?x40x2x8xf32>, tensor<?x40x2xf32>, tensor<?x2xf32>,
         tensor<?xi32>)
      -> tensor<?x2x8xf32>
  return %y : tensor<?x2x8xf32>
}
