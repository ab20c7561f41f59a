// Two sums that begin at one filled tensor, once a scan is seen to be a shift; one of them is a result and needs a zero of
// its own. The form for single rows could not be made.
// RUN: strand-check %s --levels=1,0 | FileCheck %s --implicit-check-not=wrong
// CHECK: sums: {{[7-9]|1[0-9]}} forms right
#map = affine_map<(d0, d1) -> (d1, d0)>
#map1 = affine_map<(d0, d1) -> (d1)>
#map2 = affine_map<(d0, d1) -> (d0)>
#map3 = affine_map<(d0, d1, d2) -> (d0, d1, d2)>
#map4 = affine_map<(d0, d1, d2) -> (d0, d1)>
#map5 = affine_map<(d0, d1, d2) -> (d2)>

func.func @sums(%arg0: tensor<?x1x8xf32>,
                %arg1: tensor<?x9x1xf32> {check.range = [0.000000e+00, 1.000000e+00]}, %arg2: tensor<?x9xf32>,
                %arg3: tensor<?x1xf32> {check.range = [-1.000000e+00, 1.000000e+00]}, %arg4: tensor<?x9xf32>,
                %arg5: tensor<8xf32> {check.range = [-1.000000e+00, 1.000000e+00]}, %arg6: tensor<?xi32> {check.kind = "offsets"})
    -> (tensor<?x1x8xf32>, tensor<?x1xf32>) {
  %c0 = arith.constant 0 : index
  %dim = tensor.dim %arg1, %c0 : tensor<?x9x1xf32>
  %0 = strand.scan rows(%arg7 = %arg1 : tensor<?x9x1xf32>, %arg8 = %arg2 : tensor<?x9xf32>,
                         %arg9 = %arg3 : tensor<?x1xf32>, %arg10 = %arg4 : tensor<?x9xf32>)
         carry(%arg11 : tensor<9x1xf32>) offsets %arg6 : tensor<?xi32> -> tensor<?x1xf32> {
    %cst_0 = arith.constant dense<0.000000e+00> : tensor<1xf32>
    %6 = linalg.generic {indexing_maps = [#map, #map1, #map2], iterator_types = ["parallel", "reduction"]}
        ins(%arg7, %arg10 : tensor<9x1xf32>, tensor<9xf32>) outs(%cst_0 : tensor<1xf32>) {
    ^bb0(%in: f32, %in_1: f32, %out: f32):
      %7 = arith.addf %out, %in : f32
      linalg.yield %7 : f32
    } -> tensor<1xf32>
    strand.yield %6 : tensor<1xf32> next %arg7 : tensor<9x1xf32>
  }
  %cst = arith.constant 0.000000e+00 : f32
  %1 = tensor.empty(%dim) : tensor<?x1xf32>
  %2 = linalg.fill ins(%cst : f32) outs(%1 : tensor<?x1xf32>) -> tensor<?x1xf32>
  %3 = linalg.generic {indexing_maps = [#map3, #map3, #map4], iterator_types = ["parallel", "parallel", "reduction"]}
        ins(%arg0, %arg0 : tensor<?x1x8xf32>, tensor<?x1x8xf32>) outs(%2 : tensor<?x1xf32>) {
  ^bb0(%in: f32, %in_0: f32, %out: f32):
    %6 = arith.addf %out, %in : f32
    linalg.yield %6 : f32
  } -> tensor<?x1xf32>
  %4 = tensor.empty(%dim) : tensor<?x1x8xf32>
  %5 = linalg.generic {indexing_maps = [#map3, #map4, #map5, #map3], iterator_types = ["parallel", "parallel", "parallel"]}
        ins(%arg0, %3, %arg5 : tensor<?x1x8xf32>, tensor<?x1xf32>, tensor<8xf32>) outs(%4 : tensor<?x1x8xf32>) {
  ^bb0(%in: f32, %in_0: f32, %in_1: f32, %out: f32):
    linalg.yield %in_0 : f32
  } -> tensor<?x1x8xf32>
  return %5, %0 : tensor<?x1x8xf32>, tensor<?x1xf32>
}
