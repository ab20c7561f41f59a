// Long sums along rows: all forms against their meaning in f64, also by kernels of a GPU, where the threads of a block share out a sum.
// RUN: strand-check %s | FileCheck %s --implicit-check-not=wrong
// RUN: strand-check --kernels %s | FileCheck %s --implicit-check-not=wrong
// RUN: strand-check --lanes --rows=60 %s | FileCheck %s --implicit-check-not=wrong

#rc = affine_map<(d0, d1) -> (d0, d1)>
#r = affine_map<(d0, d1) -> (d0)>
// CHECK: norm: 2 forms right
func.func @norm(%x: tensor<?x200xf32>, %offsets: tensor<?xi32> {check.kind = "offsets"}) -> tensor<?x200xf32> {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %rows = tensor.dim %x, %c0 : tensor<?x200xf32>
  %e = tensor.empty(%rows) : tensor<?xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<?xf32>) -> tensor<?xf32>
  %s = linalg.generic {indexing_maps = [#rc, #r], iterator_types = ["parallel", "reduction"]} ins(%x : tensor<?x200xf32>) outs(%f : tensor<?xf32>) {
  ^bb0(%a: f32, %out: f32):
    %0 = arith.mulf %a, %a : f32
    %1 = arith.addf %out, %0 : f32
    linalg.yield %1 : f32
  } -> tensor<?xf32>
  %i = tensor.empty(%rows) : tensor<?x200xf32>
  %y = linalg.generic {indexing_maps = [#rc, #r, #rc], iterator_types = ["parallel", "parallel"]} ins(%x, %s : tensor<?x200xf32>, tensor<?xf32>) outs(%i : tensor<?x200xf32>) {
  ^bb0(%a: f32, %b: f32, %out: f32):
    %0 = math.rsqrt %b : f32
    %1 = arith.mulf %a, %0 : f32
    linalg.yield %1 : f32
  } -> tensor<?x200xf32>
  return %y : tensor<?x200xf32>
}
