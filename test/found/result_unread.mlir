// Of two results one is read: the other needs no place for all rows.
// RUN: strand-check %s --seed=555001812 --rows=300 --levels=1,0 | FileCheck %s --implicit-check-not=wrong
// CHECK: p147: 10 forms right
module {
  func.func @p147(%arg0: tensor<?x4xf32> {check.range = [-1.000000e+00, 1.000000e+00]}, %arg1: tensor<?x4xf32>, %arg2: tensor<?x4xf32>, %arg3: tensor<?xi32> {check.kind = "offsets"}) -> tensor<?x4xf32> {
    %0 = strand.scan rows(%arg4 = %arg0 : tensor<?x4xf32>, %arg5 = %arg1 : tensor<?x4xf32>, %arg6 = %arg2 : tensor<?x4xf32>) carry(%arg7 : tensor<4xf32>, %arg8 : tensor<4xf32>) offsets %arg3 : tensor<?xi32> -> tensor<?x4xf32> {
      %cst = arith.constant dense<0.949999988> : tensor<4xf32>
      %1 = arith.mulf %cst, %arg7 : tensor<4xf32>
      %cst_0 = arith.constant dense<0.949999988> : tensor<4xf32>
      %2 = arith.mulf %cst_0, %arg8 : tensor<4xf32>
      %3 = arith.mulf %1, %arg4 : tensor<4xf32>
      %4 = arith.mulf %2, %arg4 : tensor<4xf32>
      %5 = arith.subf %3, %4 : tensor<4xf32>
      %6 = arith.addf %arg5, %5 : tensor<4xf32>
      %7 = arith.mulf %arg4, %1 : tensor<4xf32>
      %8 = arith.mulf %arg4, %2 : tensor<4xf32>
      %9 = arith.addf %7, %8 : tensor<4xf32>
      strand.yield %9 : tensor<4xf32> next %6, %9 : tensor<4xf32>, tensor<4xf32>
    }
    return %0 : tensor<?x4xf32>
  }
}
