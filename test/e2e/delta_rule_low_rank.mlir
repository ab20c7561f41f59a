// All forms of strand.delta_rule with a low-rank correction that is free of the key, against its meaning in f64.
// RUN: strand-check %s | FileCheck %s --implicit-check-not=wrong

// RWKV-7.
// CHECK-DAG: gate_of_channels: 10 forms right
func.func @gate_of_channels(%q: tensor<?x2x16xf32>, %k: tensor<?x2x16xf32> {check.range = [-0.25, 0.25]},
                            %v: tensor<?x2x16xf32>, %a: tensor<?x2x16xf32> {check.range = [-0.25, 0.25]},
                            %b: tensor<?x2x16xf32> {check.range = [-0.25, 0.25]},
                            %g: tensor<?x2x16xf32> {check.kind = "gates"}, %offsets: tensor<?xi32>)
    -> tensor<?x2x16xf32> {
  %y = strand.delta_rule %q, %k, %v low_rank %a, %b gate %g offsets %offsets {scale = 0.25 : f64}
      : (tensor<?x2x16xf32>, tensor<?x2x16xf32>, tensor<?x2x16xf32>, tensor<?x2x16xf32>, tensor<?x2x16xf32>,
         tensor<?x2x16xf32>, tensor<?xi32>)
      -> tensor<?x2x16xf32>
  return %y : tensor<?x2x16xf32>
}

// CHECK-DAG: gated: 10 forms right
func.func @gated(%q: tensor<?x2x16xf32>, %k: tensor<?x2x16xf32> {check.range = [-0.25, 0.25]},
                 %v: tensor<?x4x16xf32>, %a: tensor<?x2x16xf32> {check.range = [-0.25, 0.25]},
                 %b: tensor<?x2x16xf32> {check.range = [-0.25, 0.25]}, %g: tensor<?x4xf32> {check.kind = "gates"},
                 %offsets: tensor<?xi32>) -> tensor<?x4x16xf32> {
  %y = strand.delta_rule %q, %k, %v low_rank %a, %b gate %g offsets %offsets
      : (tensor<?x2x16xf32>, tensor<?x2x16xf32>, tensor<?x4x16xf32>, tensor<?x2x16xf32>, tensor<?x2x16xf32>,
         tensor<?x4xf32>, tensor<?xi32>)
      -> tensor<?x4x16xf32>
  return %y : tensor<?x4x16xf32>
}

// CHECK-DAG: no_gate: 10 forms right
func.func @no_gate(%q: tensor<?x2x16xf32>, %k: tensor<?x2x16xf32> {check.range = [-0.125, 0.125]},
                   %v: tensor<?x2x16xf32>, %a: tensor<?x2x16xf32> {check.range = [-0.125, 0.125]},
                   %b: tensor<?x2x16xf32> {check.range = [-0.125, 0.125]}, %offsets: tensor<?xi32>)
    -> tensor<?x2x16xf32> {
  %y = strand.delta_rule %q, %k, %v low_rank %a, %b offsets %offsets
      : (tensor<?x2x16xf32>, tensor<?x2x16xf32>, tensor<?x2x16xf32>, tensor<?x2x16xf32>, tensor<?x2x16xf32>,
         tensor<?xi32>)
      -> tensor<?x2x16xf32>
  return %y : tensor<?x2x16xf32>
}

// CHECK-DAG: odd_sizes: 10 forms right
func.func @odd_sizes(%q: tensor<?x1x11xf32>, %k: tensor<?x1x11xf32> {check.range = [-0.3015, 0.3015]},
                     %v: tensor<?x2x21xf32>, %a: tensor<?x1x11xf32> {check.range = [-0.3015, 0.3015]},
                     %b: tensor<?x1x11xf32> {check.range = [-0.3015, 0.3015]},
                     %g: tensor<?x2x11xf32> {check.kind = "gates"}, %offsets: tensor<?xi32>) -> tensor<?x2x21xf32> {
  %y = strand.delta_rule %q, %k, %v low_rank %a, %b gate %g offsets %offsets
      : (tensor<?x1x11xf32>, tensor<?x1x11xf32>, tensor<?x2x21xf32>, tensor<?x1x11xf32>, tensor<?x1x11xf32>,
         tensor<?x2x11xf32>, tensor<?xi32>)
      -> tensor<?x2x21xf32>
  return %y : tensor<?x2x21xf32>
}

// CHECK-DAG: all_sizes_one: 10 forms right
func.func @all_sizes_one(%q: tensor<?x1x1xf32>, %k: tensor<?x1x1xf32> {check.range = [-0.5, 0.5]},
                         %v: tensor<?x1x1xf32>, %a: tensor<?x1x1xf32> {check.range = [-0.5, 0.5]},
                         %b: tensor<?x1x1xf32> {check.range = [-0.5, 0.5]},
                         %g: tensor<?x1x1xf32> {check.kind = "gates"}, %offsets: tensor<?xi32>) -> tensor<?x1x1xf32> {
  %y = strand.delta_rule %q, %k, %v low_rank %a, %b gate %g offsets %offsets
      : (tensor<?x1x1xf32>, tensor<?x1x1xf32>, tensor<?x1x1xf32>, tensor<?x1x1xf32>, tensor<?x1x1xf32>,
         tensor<?x1x1xf32>, tensor<?xi32>)
      -> tensor<?x1x1xf32>
  return %y : tensor<?x1x1xf32>
}
