// All forms of strand.long_conv as sums over taps against its meaning in f64.
// RUN: strand-check %s | FileCheck %s --implicit-check-not=wrong

// Fewer taps than a tile has rows, not a multiple of those that are taken at once.
// CHECK-DAG: short: 7 forms right
func.func @short(%x: tensor<?x37xf32>, %h: tensor<7x37xf32>, %offsets: tensor<?xi32>) -> tensor<?x37xf32> {
  %y = strand.long_conv %x, %h offsets %offsets : (tensor<?x37xf32>, tensor<7x37xf32>, tensor<?xi32>) -> tensor<?x37xf32>
  return %y : tensor<?x37xf32>
}

// CHECK-DAG: one_tap: 7 forms right
func.func @one_tap(%x: tensor<?x5xf32>, %h: tensor<1x5xf32>, %offsets: tensor<?xi32>) -> tensor<?x5xf32> {
  %y = strand.long_conv %x, %h offsets %offsets : (tensor<?x5xf32>, tensor<1x5xf32>, tensor<?xi32>) -> tensor<?x5xf32>
  return %y : tensor<?x5xf32>
}

// More taps than a tile has rows, in bf16.
// CHECK-DAG: long: 7 forms right
func.func @long(%x: tensor<?x40xf32>, %h: tensor<150x40xbf16>, %offsets: tensor<?xi32>) -> tensor<?x40xf32> {
  %y = strand.long_conv %x, %h offsets %offsets : (tensor<?x40xf32>, tensor<150x40xbf16>, tensor<?xi32>) -> tensor<?x40xf32>
  return %y : tensor<?x40xf32>
}

// A filter that fades, as those of Hyena do: exp(-0.05 j) times what was drawn.
// CHECK-DAG: fading: 7 forms right
func.func @fading(%x: tensor<?x16xf32>, %h: tensor<300x16xf32>, %offsets: tensor<?xi32>) -> tensor<?x16xf32> {
  %e = tensor.empty() : tensor<300x16xf32>
  %faded = linalg.generic {indexing_maps = [affine_map<(j, d) -> (j, d)>, affine_map<(j, d) -> (j, d)>], iterator_types = ["parallel", "parallel"]}
      ins(%h : tensor<300x16xf32>) outs(%e : tensor<300x16xf32>) {
  ^bb0(%in: f32, %out: f32):
    %j = linalg.index 0 : index
    %i = arith.index_cast %j : index to i32
    %f = arith.sitofp %i : i32 to f32
    %rate = arith.constant -0.05 : f32
    %log = arith.mulf %f, %rate : f32
    %window = math.exp %log : f32
    %r = arith.mulf %in, %window : f32
    linalg.yield %r : f32
  } -> tensor<300x16xf32>
  %y = strand.long_conv %x, %faded offsets %offsets : (tensor<?x16xf32>, tensor<300x16xf32>, tensor<?xi32>) -> tensor<?x16xf32>
  return %y : tensor<?x16xf32>
}
