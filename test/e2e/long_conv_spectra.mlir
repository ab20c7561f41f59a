// Tiles of strand.long_conv that are products of spectra: sequences of a tile's rows, of one less and one more, and cuts.
// RUN: strand-check --rows=3600 %s | FileCheck %s --implicit-check-not=wrong

// A filter whose length is a power of two.
// CHECK-DAG: power_of_two: 7 forms right
func.func @power_of_two(%x: tensor<?x16xf32>, %h: tensor<512x16xf32>, %offsets: tensor<?xi32>) -> tensor<?x16xf32> {
  %y = strand.long_conv %x, %h offsets %offsets : (tensor<?x16xf32>, tensor<512x16xf32>, tensor<?xi32>) -> tensor<?x16xf32>
  return %y : tensor<?x16xf32>
}

// One tap more, so transforms are twice as long; fewer channels than a vector has lanes.
// CHECK-DAG: one_more: 7 forms right
func.func @one_more(%x: tensor<?x5xf32>, %h: tensor<514x5xbf16>, %offsets: tensor<?xi32>) -> tensor<?x5xf32> {
  %y = strand.long_conv %x, %h offsets %offsets : (tensor<?x5xf32>, tensor<514x5xbf16>, tensor<?xi32>) -> tensor<?x5xf32>
  return %y : tensor<?x5xf32>
}
