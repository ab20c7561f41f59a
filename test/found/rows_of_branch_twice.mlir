// RUN: strand-check %s --seed=4242012826 --rows=90 --levels=1,0 | FileCheck %s --implicit-check-not=wrong
// A result made in branches, whose rows are counted by what reads it.
// CHECK: p110: 10 forms right
module {
  func.func @p110(%arg0: tensor<?x20xf32> {check.range = [-1.000000e+00, 1.000000e+00]}, %arg1: tensor<?x20xf32> {check.range = [-1.000000e+00, 1.000000e+00]}, %arg2: tensor<?x20xf32> {check.range = [-1.000000e+00, 1.000000e+00]}, %arg3: tensor<?x20xf32>, %arg4: tensor<?xi32> {check.kind = "offsets"}) -> tensor<?x20xf32> {
    %0:2 = strand.scan rows(%arg5 = %arg0 : tensor<?x20xf32>, %arg6 = %arg1 : tensor<?x20xf32>, %arg7 = %arg2 : tensor<?x20xf32>, %arg8 = %arg3 : tensor<?x20xf32>) carry(%arg9 : tensor<20xf32>, %arg10 : tensor<20xf32>) offsets %arg4 : tensor<?xi32> -> (tensor<?x20xf32>, tensor<?x20xf32>) {
      %1 = arith.maximumf %arg9, %arg5 : tensor<20xf32>
      strand.yield %arg9, %arg10 : tensor<20xf32>, tensor<20xf32> next %1, %arg9 : tensor<20xf32>, tensor<20xf32>
    }
    return %0#1 : tensor<?x20xf32>
  }
}
