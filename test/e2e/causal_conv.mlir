// All forms of strand.causal_conv against the meaning in f64.
// RUN: strand-check %s | FileCheck %s --implicit-check-not=wrong

// A width that is no multiple of a vector, with a bias.
// CHECK-DAG: conv: 7 forms right
func.func @conv(%x: tensor<?x37xf32>, %w: tensor<4x37xf32>, %b: tensor<37xf32>, %offsets: tensor<?xi32>)
    -> tensor<?x37xf32> {
  %y = strand.causal_conv %x, %w bias %b offsets %offsets
      : (tensor<?x37xf32>, tensor<4x37xf32>, tensor<37xf32>, tensor<?xi32>) -> tensor<?x37xf32>
  return %y : tensor<?x37xf32>
}

// Taps in bf16.
// CHECK-DAG: conv_bf16: 7 forms right
func.func @conv_bf16(%x: tensor<?x64xf32>, %w: tensor<3x64xbf16>, %offsets: tensor<?xi32>) -> tensor<?x64xf32> {
  %y = strand.causal_conv %x, %w offsets %offsets
      : (tensor<?x64xf32>, tensor<3x64xbf16>, tensor<?xi32>) -> tensor<?x64xf32>
  return %y : tensor<?x64xf32>
}
