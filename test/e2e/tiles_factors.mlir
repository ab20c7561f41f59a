// The delta rule with several factors a row (DeltaProduct) over rows in bf16: tiles in registers on a GPU.
// RUN: strand-check --lanes --rows=100 --forms=batch --function=two %s | FileCheck %s
// RUN: strand-check --lanes --gpu-arch=sm_80 --rows=70 --forms=packed --function=two %s | FileCheck %s
// RUN: strand-check --lanes --rows=70 --forms=packed --function=four %s | FileCheck %s
// CHECK: 1 form right

// a decay a head
func.func @two(%q: tensor<?x1x32xbf16>, %k: tensor<?x2x1x32xbf16> {check.range = [-0.17, 0.17]}, %v: tensor<?x2x2x32xbf16>, %beta: tensor<?x2x2xf32> {check.range = [0.0, 2.0]}, %g: tensor<?x2xf32> {check.kind = "gates"}, %offsets: tensor<?xi32>) -> tensor<?x2x32xbf16> attributes {check.tolerance = 5.0e-3} {
  %q32 = arith.extf %q : tensor<?x1x32xbf16> to tensor<?x1x32xf32>
  %k32 = arith.extf %k : tensor<?x2x1x32xbf16> to tensor<?x2x1x32xf32>
  %v32 = arith.extf %v : tensor<?x2x2x32xbf16> to tensor<?x2x2x32xf32>
  %y = strand.delta_rule %q32, %k32, %v32 beta %beta gate %g offsets %offsets {scale = 0.2 : f64}
      : (tensor<?x1x32xf32>, tensor<?x2x1x32xf32>, tensor<?x2x2x32xf32>, tensor<?x2x2xf32>, tensor<?x2xf32>, tensor<?xi32>) -> tensor<?x2x32xf32>
  %n = arith.truncf %y : tensor<?x2x32xf32> to tensor<?x2x32xbf16>
  return %n : tensor<?x2x32xbf16>
}

// none
func.func @four(%q: tensor<?x1x32xbf16>, %k: tensor<?x4x1x32xbf16> {check.range = [-0.17, 0.17]}, %v: tensor<?x4x1x32xbf16>, %beta: tensor<?x4x1xf32> {check.range = [0.0, 2.0]}, %offsets: tensor<?xi32>) -> tensor<?x1x32xbf16> attributes {check.tolerance = 5.0e-3} {
  %q32 = arith.extf %q : tensor<?x1x32xbf16> to tensor<?x1x32xf32>
  %k32 = arith.extf %k : tensor<?x4x1x32xbf16> to tensor<?x4x1x32xf32>
  %v32 = arith.extf %v : tensor<?x4x1x32xbf16> to tensor<?x4x1x32xf32>
  %y = strand.delta_rule %q32, %k32, %v32 beta %beta offsets %offsets
      : (tensor<?x1x32xf32>, tensor<?x4x1x32xf32>, tensor<?x4x1x32xf32>, tensor<?x4x1xf32>, tensor<?xi32>) -> tensor<?x1x32xf32>
  %n = arith.truncf %y : tensor<?x1x32xf32> to tensor<?x1x32xbf16>
  return %n : tensor<?x1x32xbf16>
}
