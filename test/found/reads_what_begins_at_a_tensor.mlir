// A carried value that reads another from the row before, which is a recurrence of its own and begins at a tensor.
// RUN: strand-check %s --levels=1,0 | FileCheck %s --implicit-check-not=wrong
// CHECK: p0: 7 forms right
func.func @p0(%begin: tensor<4xf32>, %x: tensor<?x4xf32>, %read: tensor<?x4xf32>, %offsets: tensor<?xi32>)
    -> tensor<?xf32> {
  %y = strand.scan rows(%xt = %x : tensor<?x4xf32>, %rt = %read : tensor<?x4xf32>)
      carry(%a : tensor<4xf32> = %begin, %b : tensor<4xf32> = -0.474524289) offsets %offsets : tensor<?xi32>
      -> (tensor<?xf32>) {
    %a1 = arith.addf %a, %xt : tensor<4xf32>
    %b1 = arith.addf %b, %a : tensor<4xf32>
    %zero = arith.constant dense<0.0> : tensor<f32>
    %sum = linalg.generic {indexing_maps = [affine_map<(i) -> (i)>, affine_map<(i) -> (i)>, affine_map<(i) -> ()>],
                           iterator_types = ["reduction"]}
        ins(%rt, %b1 : tensor<4xf32>, tensor<4xf32>) outs(%zero : tensor<f32>) {
    ^bb0(%r: f32, %v: f32, %o: f32):
      %p = arith.mulf %r, %v : f32
      %s = arith.addf %o, %p : f32
      linalg.yield %s : f32
    } -> tensor<f32>
    strand.yield %sum : tensor<f32> next %a1, %b1 : tensor<4xf32>, tensor<4xf32>
  }
  return %y : tensor<?xf32>
}
