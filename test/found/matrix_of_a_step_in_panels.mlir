// --reproducible: the matrix of a step was put in panels where its function has a loop over rows, but not where it has one
// row, so sums over it took another order; and what is added to the product was its start, or a product of its own.
// RUN: strand-check %s --seed=777003193 --rows=150 --levels=1 --reproducible | FileCheck %s --implicit-check-not=wrong
// CHECK: p862: 7 forms right
func.func @p862(%w: tensor<128x128xf32> {check.range = [-0.0074, 0.0074]}, %x: tensor<?x128xf32> {check.range = [-1.0, 1.0]},
    %b: tensor<128xf32> {check.range = [-1.0, 1.0]}, %c: tensor<?x128xf32> {check.range = [-1.0, 1.0]},
    %offsets: tensor<?xi32> {check.kind = "offsets"}) -> tensor<?x128xf32> {
  %y = strand.scan rows(%x_t = %x : tensor<?x128xf32>, %c_t = %c : tensor<?x128xf32>)
      with(%m = %w : tensor<128x128xf32>, %d = %b : tensor<128xf32>) carry(%h : tensor<128xf32>)
      offsets %offsets : tensor<?xi32> -> tensor<?x128xf32> {
    %zero = arith.constant dense<0.0> : tensor<128xf32>
    %product = linalg.matvec ins(%m, %h : tensor<128x128xf32>, tensor<128xf32>) outs(%zero : tensor<128xf32>) -> tensor<128xf32>
    %input = arith.mulf %x_t, %d : tensor<128xf32>
    %next = arith.addf %product, %input : tensor<128xf32>
    %out = arith.mulf %next, %c_t : tensor<128xf32>
    strand.yield %out : tensor<128xf32> next %next : tensor<128xf32>
  }
  return %y : tensor<?x128xf32>
}
