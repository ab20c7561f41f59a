// Sequences of one call do not see each other. strand-check runs packed and batch three times, the rows of every other
// sequence and then of the others being NaN: what is not NaN keeps its bits. And it compares every form with each
// sequence alone, within the tolerance. Here with a sequence far longer than a tile beside ones of 0, 1 and about a tile,
// and with nothing but short ones.
// RUN: strand-check %s --rows=900 --forms=whole,packed,state,batch | FileCheck %s --implicit-check-not=wrong
// RUN: strand-check %s --rows=900 --seed=2 --forms=whole,packed,batch,churn | FileCheck %s --implicit-check-not=wrong
// RUN: strand-check %s --rows=24 --seed=3 --forms=whole,packed,batch,churn | FileCheck %s --implicit-check-not=wrong

#td = affine_map<(t, d) -> (t, d)>

// CHECK-DAG: recurrence: 4 forms right
func.func @recurrence(%g: tensor<?x21xf32> {check.kind = "gates"}, %x: tensor<?x21xf32>, %offsets: tensor<?xi32>)
    -> tensor<?x21xf32> {
  %y = strand.linear_recurrence decay(%g) input(%x) offsets %offsets {log, indexing_maps = [#td, #td, #td]}
      : (tensor<?x21xf32>, tensor<?x21xf32>, tensor<?xi32>) -> tensor<?x21xf32>
  return %y : tensor<?x21xf32>
}

// CHECK-DAG: vector_gate: 4 forms right
func.func @vector_gate(%q: tensor<?x1x8xf32>, %k: tensor<?x1x8xf32>, %v: tensor<?x2x8xf32>,
                       %g: tensor<?x2x8xf32> {check.kind = "gates"}, %offsets: tensor<?xi32>) -> tensor<?x2x8xf32> {
  %y = strand.linear_attention %q, %k, %v gate %g offsets %offsets
      : (tensor<?x1x8xf32>, tensor<?x1x8xf32>, tensor<?x2x8xf32>, tensor<?x2x8xf32>, tensor<?xi32>) -> tensor<?x2x8xf32>
  return %y : tensor<?x2x8xf32>
}

// CHECK-DAG: scalar_gate: 4 forms right
func.func @scalar_gate(%q: tensor<?x1x9xf32>, %k: tensor<?x1x9xf32>, %v: tensor<?x1x5xf32>,
                       %g: tensor<?x1xf32> {check.kind = "gates"}, %offsets: tensor<?xi32>) -> tensor<?x1x5xf32> {
  %y = strand.linear_attention %q, %k, %v gate %g offsets %offsets
      : (tensor<?x1x9xf32>, tensor<?x1x9xf32>, tensor<?x1x5xf32>, tensor<?x1xf32>, tensor<?xi32>) -> tensor<?x1x5xf32>
  return %y : tensor<?x1x5xf32>
}

// A window of more than a tile, positions, and rows from far before.
// CHECK-DAG: attention: 4 forms right
func.func @attention(%q: tensor<?x1x8xf32>, %k: tensor<?x1x8xf32>, %v: tensor<?x1x8xf32>, %offsets: tensor<?xi32>)
    -> tensor<?x1x8xf32> {
  %p = strand.position %q offsets %offsets : (tensor<?x1x8xf32>, tensor<?xi32>) -> tensor<?xi32>
  %qr = strand.rotary %q, %p {base = 10000.0 : f64} : tensor<?x1x8xf32>, tensor<?xi32>
  %ks = strand.shift %k by 70 offsets %offsets {fill = 0.5 : f32}
      : (tensor<?x1x8xf32>, tensor<?xi32>) -> tensor<?x1x8xf32>
  %y = strand.attention %qr, %ks, %v offsets %offsets {scale = 0.3 : f64, window = 70}
      : (tensor<?x1x8xf32>, tensor<?x1x8xf32>, tensor<?x1x8xf32>, tensor<?xi32>) -> tensor<?x1x8xf32>
  return %y : tensor<?x1x8xf32>
}

// CHECK-DAG: convolution: 4 forms right
func.func @convolution(%x: tensor<?x19xf32>, %w: tensor<4x19xf32>, %offsets: tensor<?xi32>) -> tensor<?x19xf32> {
  %y = strand.causal_conv %x, %w offsets %offsets
      : (tensor<?x19xf32>, tensor<4x19xf32>, tensor<?xi32>) -> tensor<?x19xf32>
  return %y : tensor<?x19xf32>
}

// A loop over the rows of some, of others a recurrence; and rows under a mask.
// CHECK-DAG: network_of_some: 4 forms right
func.func @network_of_some(%x: tensor<?x7xf32>, %u: tensor<7x7xf32> {check.range = [-0.3, 0.3]}, %m: tensor<?xi1>,
                           %offsets: tensor<?xi32>) -> tensor<?x7xf32> {
  %kept, %inner = strand.compact %x, %m offsets %offsets
      : (tensor<?x7xf32>, tensor<?xi1>, tensor<?xi32>) -> (tensor<?x7xf32>, tensor<?xi32>)
  %h = strand.scan rows(%r = %kept : tensor<?x7xf32>) with(%w = %u : tensor<7x7xf32>) carry(%c : tensor<7xf32>)
       offsets %inner : tensor<?xi32> -> tensor<?x7xf32> {
    %0 = linalg.vecmat ins(%c, %w : tensor<7xf32>, tensor<7x7xf32>) outs(%r : tensor<7xf32>) -> tensor<7xf32>
    %1 = math.tanh %0 : tensor<7xf32>
    strand.yield %1 : tensor<7xf32> next %1 : tensor<7xf32>
  }
  %y = strand.expand %h, %m inner_offsets %inner offsets %offsets
      : (tensor<?x7xf32>, tensor<?xi1>, tensor<?xi32>, tensor<?xi32>) -> tensor<?x7xf32>
  return %y : tensor<?x7xf32>
}
