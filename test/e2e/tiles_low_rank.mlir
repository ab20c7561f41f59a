// The delta rule of low rank over rows in bf16, with a decay for each channel (RWKV-7), one a head, or none: tiles in registers
// on a GPU.
// RUN: strand-check --lanes --rows=150 --forms=batch --function=channels %s | FileCheck %s
// RUN: strand-check --lanes --gpu-arch=sm_80 --rows=100 --forms=packed --function=channels %s | FileCheck %s
// RUN: strand-check --lanes --rows=100 --forms=packed --function=one_a_head %s | FileCheck %s
// RUN: strand-check --lanes --rows=90 --forms=packed --function=no_gate %s | FileCheck %s
// RUN: strand-check --lanes --rows=90 --forms=packed --function=in_memory %s | FileCheck %s
// CHECK: 1 form right

func.func @channels(%q: tensor<?x2x32xbf16>, %k: tensor<?x2x32xbf16> {check.range = [-0.17, 0.17]}, %v: tensor<?x2x64xbf16>, %a: tensor<?x2x32xbf16> {check.range = [-0.17, 0.17]}, %b: tensor<?x2x32xbf16> {check.range = [-0.17, 0.17]}, %g: tensor<?x2x32xf32> {check.kind = "gates"}, %offsets: tensor<?xi32>) -> tensor<?x2x64xbf16> attributes {check.tolerance = 5.0e-3} {
  %q32 = arith.extf %q : tensor<?x2x32xbf16> to tensor<?x2x32xf32>
  %k32 = arith.extf %k : tensor<?x2x32xbf16> to tensor<?x2x32xf32>
  %v32 = arith.extf %v : tensor<?x2x64xbf16> to tensor<?x2x64xf32>
  %a32 = arith.extf %a : tensor<?x2x32xbf16> to tensor<?x2x32xf32>
  %b32 = arith.extf %b : tensor<?x2x32xbf16> to tensor<?x2x32xf32>
  %y = strand.delta_rule %q32, %k32, %v32 low_rank %a32, %b32 gate %g offsets %offsets {scale = 0.2 : f64}
      : (tensor<?x2x32xf32>, tensor<?x2x32xf32>, tensor<?x2x64xf32>, tensor<?x2x32xf32>, tensor<?x2x32xf32>, tensor<?x2x32xf32>, tensor<?xi32>) -> tensor<?x2x64xf32>
  %n = arith.truncf %y : tensor<?x2x64xf32> to tensor<?x2x64xbf16>
  return %n : tensor<?x2x64xbf16>
}

func.func @one_a_head(%q: tensor<?x1x32xbf16>, %k: tensor<?x1x32xbf16> {check.range = [-0.17, 0.17]}, %v: tensor<?x2x32xbf16>, %a: tensor<?x1x32xbf16> {check.range = [-0.17, 0.17]}, %b: tensor<?x1x32xbf16> {check.range = [-0.17, 0.17]}, %g: tensor<?x2xf32> {check.kind = "gates"}, %offsets: tensor<?xi32>) -> tensor<?x2x32xbf16> attributes {check.tolerance = 5.0e-3} {
  %q32 = arith.extf %q : tensor<?x1x32xbf16> to tensor<?x1x32xf32>
  %k32 = arith.extf %k : tensor<?x1x32xbf16> to tensor<?x1x32xf32>
  %v32 = arith.extf %v : tensor<?x2x32xbf16> to tensor<?x2x32xf32>
  %a32 = arith.extf %a : tensor<?x1x32xbf16> to tensor<?x1x32xf32>
  %b32 = arith.extf %b : tensor<?x1x32xbf16> to tensor<?x1x32xf32>
  %y = strand.delta_rule %q32, %k32, %v32 low_rank %a32, %b32 gate %g offsets %offsets
      : (tensor<?x1x32xf32>, tensor<?x1x32xf32>, tensor<?x2x32xf32>, tensor<?x1x32xf32>, tensor<?x1x32xf32>, tensor<?x2xf32>, tensor<?xi32>) -> tensor<?x2x32xf32>
  %n = arith.truncf %y : tensor<?x2x32xf32> to tensor<?x2x32xbf16>
  return %n : tensor<?x2x32xbf16>
}

func.func @no_gate(%q: tensor<?x1x32xbf16>, %k: tensor<?x1x32xbf16> {check.range = [-0.1, 0.1]}, %v: tensor<?x1x32xbf16>, %a: tensor<?x1x32xbf16> {check.range = [-0.1, 0.1]}, %b: tensor<?x1x32xbf16> {check.range = [-0.1, 0.1]}, %offsets: tensor<?xi32>) -> tensor<?x1x32xbf16> attributes {check.tolerance = 5.0e-3} {
  %q32 = arith.extf %q : tensor<?x1x32xbf16> to tensor<?x1x32xf32>
  %k32 = arith.extf %k : tensor<?x1x32xbf16> to tensor<?x1x32xf32>
  %v32 = arith.extf %v : tensor<?x1x32xbf16> to tensor<?x1x32xf32>
  %a32 = arith.extf %a : tensor<?x1x32xbf16> to tensor<?x1x32xf32>
  %b32 = arith.extf %b : tensor<?x1x32xbf16> to tensor<?x1x32xf32>
  %y = strand.delta_rule %q32, %k32, %v32 low_rank %a32, %b32 offsets %offsets
      : (tensor<?x1x32xf32>, tensor<?x1x32xf32>, tensor<?x1x32xf32>, tensor<?x1x32xf32>, tensor<?x1x32xf32>, tensor<?xi32>) -> tensor<?x1x32xf32>
  %n = arith.truncf %y : tensor<?x1x32xf32> to tensor<?x1x32xbf16>
  return %n : tensor<?x1x32xbf16>
}

// results in f16, which no tile in registers is: the same ops, on tiles in memory
func.func @in_memory(%q: tensor<?x1x32xbf16>, %k: tensor<?x1x32xbf16> {check.range = [-0.17, 0.17]}, %v: tensor<?x2x32xbf16>, %a: tensor<?x1x32xbf16> {check.range = [-0.17, 0.17]}, %b: tensor<?x1x32xbf16> {check.range = [-0.17, 0.17]}, %g: tensor<?x2xf32> {check.kind = "gates"}, %offsets: tensor<?xi32>) -> tensor<?x2x32xf16> attributes {check.tolerance = 5.0e-3} {
  %q32 = arith.extf %q : tensor<?x1x32xbf16> to tensor<?x1x32xf32>
  %k32 = arith.extf %k : tensor<?x1x32xbf16> to tensor<?x1x32xf32>
  %v32 = arith.extf %v : tensor<?x2x32xbf16> to tensor<?x2x32xf32>
  %a32 = arith.extf %a : tensor<?x1x32xbf16> to tensor<?x1x32xf32>
  %b32 = arith.extf %b : tensor<?x1x32xbf16> to tensor<?x1x32xf32>
  %y = strand.delta_rule %q32, %k32, %v32 low_rank %a32, %b32 gate %g offsets %offsets
      : (tensor<?x1x32xf32>, tensor<?x1x32xf32>, tensor<?x2x32xf32>, tensor<?x1x32xf32>, tensor<?x1x32xf32>, tensor<?x2xf32>, tensor<?xi32>) -> tensor<?x2x32xf32>
  %n = arith.truncf %y : tensor<?x2x32xf32> to tensor<?x2x32xf16>
  return %n : tensor<?x2x32xf16>
}
