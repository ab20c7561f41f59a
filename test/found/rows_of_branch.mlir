// RUN: strand-check %s --seed=4242012826 --rows=90 --levels=1,0 | FileCheck %s --implicit-check-not=wrong
// A result made in branches, whose rows are counted by what reads it.
// CHECK: p100: 10 forms right
#map = affine_map<(d0, d1, d2) -> (d0, d1)>
#map1 = affine_map<(d0, d1, d2) -> (d0, d2)>
#map2 = affine_map<(d0, d1, d2) -> (d0, d1, d2)>
module {
  func.func @p100(%arg0: tensor<?x2x8xf32> {check.range = [-1.000000e+00, 1.000000e+00]}, %arg1: tensor<?x2x8xf32>, %arg2: tensor<?x2x31xf32> {check.range = [-1.000000e+00, 1.000000e+00]}, %arg3: tensor<?xi32> {check.kind = "offsets"}) -> tensor<?x2x8x31xf32> {
    %0 = strand.scan rows(%arg4 = %arg0 : tensor<?x2x8xf32>, %arg5 = %arg1 : tensor<?x2x8xf32>, %arg6 = %arg2 : tensor<?x2x31xf32>) carry(%arg7 : tensor<2x8x31xf32>) offsets %arg3 : tensor<?xi32> -> tensor<?x2x8x31xf32> {
      %broadcasted = linalg.broadcast ins(%arg4 : tensor<2x8xf32>) outs(%arg7 : tensor<2x8x31xf32>) dimensions = [2] 
      %1 = arith.mulf %broadcasted, %arg7 : tensor<2x8x31xf32>
      %2 = linalg.generic {indexing_maps = [#map, #map1, #map2], iterator_types = ["parallel", "parallel", "parallel"]} ins(%arg5, %arg6 : tensor<2x8xf32>, tensor<2x31xf32>) outs(%arg7 : tensor<2x8x31xf32>) {
      ^bb0(%in: f32, %in_0: f32, %out: f32):
        linalg.yield %in_0 : f32
      } -> tensor<2x8x31xf32>
      %3 = arith.addf %2, %1 : tensor<2x8x31xf32>
      %4 = math.tanh %arg7 : tensor<2x8x31xf32>
      strand.yield %4 : tensor<2x8x31xf32> next %3 : tensor<2x8x31xf32>
    }
    return %0 : tensor<?x2x8x31xf32>
  }
}
