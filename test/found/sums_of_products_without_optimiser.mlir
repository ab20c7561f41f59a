// --reproducible: without LLVM's optimiser a*b+c became one operation or two by what stood around it, which is not the
// same in one row as in many.
// RUN: strand-check %s --seed=94001222 --rows=90 --levels=0,1 --reproducible | FileCheck %s --implicit-check-not=wrong
// CHECK: p940: 7 forms right
#turned = affine_map<(d0, d1) -> (d1, d0)>
#ofI = affine_map<(d0, d1) -> (d1)>
#ofJ = affine_map<(d0, d1) -> (d0)>
#one = affine_map<(d0, d1) -> ()>
#whole = affine_map<(d0, d1) -> (d0, d1)>
func.func @p940(%g: tensor<?xf32> {check.kind = "gates"}, %k: tensor<?x1xf32>,
    %v: tensor<?x1xf32> {check.range = [-1.0, 1.0]}, %b: tensor<?xf32> {check.range = [0.0, 1.0]}, %k2: tensor<?x1xf32>,
    %v2: tensor<?x1xf32> {check.range = [-1.0, 1.0]}, %b2: tensor<?xf32> {check.range = [0.0, 1.0]},
    %q: tensor<?x1xf32> {check.range = [-1.0, 1.0]}, %offsets: tensor<?xi32> {check.kind = "offsets"})
    -> tensor<?x1xf32> {
  %y = strand.scan rows(
        %g_t = %g : tensor<?xf32>, %k_t = %k : tensor<?x1xf32>, %v_t = %v : tensor<?x1xf32>, %b_t = %b : tensor<?xf32>,
        %k2_t = %k2 : tensor<?x1xf32>, %v2_t = %v2 : tensor<?x1xf32>, %b2_t = %b2 : tensor<?xf32>,
        %q_t = %q : tensor<?x1xf32>)
      carry(%s : tensor<1x1xf32>) offsets %offsets : tensor<?xi32> -> tensor<?x1xf32> {
    %zero = arith.constant dense<0.0> : tensor<1xf32>
    %gate = math.exp %g_t : tensor<f32>
    %empty = tensor.empty() : tensor<1x1xf32>
    %broadcasted = linalg.broadcast ins(%gate : tensor<f32>)
        outs(%empty : tensor<1x1xf32>) dimensions = [0, 1]
    %decayed = arith.mulf %broadcasted, %s : tensor<1x1xf32>
    %read = linalg.generic {indexing_maps = [#turned, #ofI, #ofJ], iterator_types = ["parallel", "reduction"]}
        ins(%decayed, %k_t : tensor<1x1xf32>, tensor<1xf32>)
        outs(%zero : tensor<1xf32>) {
    ^bb0(%in: f32, %in0: f32, %out: f32):
      %p = arith.mulf %in, %in0 : f32
      %sum = arith.addf %out, %p : f32
      linalg.yield %sum : f32
    } -> tensor<1xf32>
    %d = arith.subf %v_t, %read : tensor<1xf32>
    %update = linalg.generic {indexing_maps = [#one, #ofJ, #ofI, #whole], iterator_types = ["parallel", "parallel"]}
        ins(%b_t, %k_t, %d : tensor<f32>, tensor<1xf32>, tensor<1xf32>)
        outs(%empty : tensor<1x1xf32>) {
    ^bb0(%in: f32, %in0: f32, %in1: f32, %out: f32):
      %p = arith.mulf %in, %in0 : f32
      %sum = arith.mulf %p, %in1 : f32
      linalg.yield %sum : f32
    } -> tensor<1x1xf32>
    %s1 = arith.addf %update, %decayed : tensor<1x1xf32>
    %read2 = linalg.generic {indexing_maps = [#turned, #ofI, #ofJ], iterator_types = ["parallel", "reduction"]}
        ins(%s1, %k2_t : tensor<1x1xf32>, tensor<1xf32>)
        outs(%zero : tensor<1xf32>) {
    ^bb0(%in: f32, %in0: f32, %out: f32):
      %p = arith.mulf %in, %in0 : f32
      %sum = arith.addf %out, %p : f32
      linalg.yield %sum : f32
    } -> tensor<1xf32>
    %new = linalg.generic {indexing_maps = [#one, #ofJ, #ofI, #whole], iterator_types = ["parallel", "parallel"]}
        ins(%b2_t, %k2_t, %v2_t : tensor<f32>, tensor<1xf32>, tensor<1xf32>)
        outs(%empty : tensor<1x1xf32>) {
    ^bb0(%in: f32, %in0: f32, %in1: f32, %out: f32):
      %p = arith.mulf %in, %in0 : f32
      %sum = arith.mulf %p, %in1 : f32
      linalg.yield %sum : f32
    } -> tensor<1x1xf32>
    %old = linalg.generic {indexing_maps = [#one, #ofJ, #ofI, #whole], iterator_types = ["parallel", "parallel"]}
        ins(%b2_t, %k2_t, %read2 : tensor<f32>, tensor<1xf32>, tensor<1xf32>)
        outs(%empty : tensor<1x1xf32>) {
    ^bb0(%in: f32, %in0: f32, %in1: f32, %out: f32):
      %p = arith.mulf %in, %in0 : f32
      %sum = arith.mulf %p, %in1 : f32
      linalg.yield %sum : f32
    } -> tensor<1x1xf32>
    %update2 = arith.subf %new, %old : tensor<1x1xf32>
    %next = arith.addf %s1, %update2 : tensor<1x1xf32>
    %out_t = linalg.generic {indexing_maps = [#turned, #ofI, #ofJ], iterator_types = ["parallel", "reduction"]}
        ins(%next, %q_t : tensor<1x1xf32>, tensor<1xf32>)
        outs(%zero : tensor<1xf32>) {
    ^bb0(%in: f32, %in0: f32, %out: f32):
      %p = arith.mulf %in, %in0 : f32
      %sum = arith.addf %out, %p : f32
      linalg.yield %sum : f32
    } -> tensor<1xf32>
    strand.yield %out_t : tensor<1xf32> next %next : tensor<1x1xf32>
  }
  return %y : tensor<?x1xf32>
}
