// Rows in f32: tiles stay in registers, and each factor of a product is the sum of three parts in bf16.
// RUN: strand-check --lanes --rows=150 --forms=packed,batch --function=scalar %s | FileCheck %s --check-prefix=TWO
// RUN: strand-check --lanes --rows=250 --forms=spans --function=no_gate %s | FileCheck %s --check-prefix=ONE
// RUN: strand-check --lanes --rows=200 --forms=whole,cut --function=causal %s | FileCheck %s --check-prefix=TWO
// RUN: strand-check --lanes --rows=200 --forms=batch --function=window %s | FileCheck %s --check-prefix=ONE
// RUN: strand-check --lanes --rows=150 --forms=packed,batch --function=delta %s | FileCheck %s --check-prefix=TWO
// RUN: strand-check --lanes --gpu-arch=sm_80 --rows=150 --forms=batch --function=scalar %s | FileCheck %s --check-prefix=ONE
// RUN: strand-check --lanes --gpu-arch=sm_80 --rows=150 --forms=batch --function=delta %s | FileCheck %s --check-prefix=ONE
// RUN: strand-check --kernels --rows=150 --forms=batch %s | FileCheck %s --check-prefix=KERNELS
// TWO: 2 forms right
// ONE: 1 form right
// KERNELS-COUNT-6: 1 form right

// Strong gates: differences of their sums, of some thousands, keep what f32 has of them.
// RUN: strand-check --lanes --rows=150 --forms=packed --function=strong %s | FileCheck %s --check-prefix=ONE

// Rows stand in three planes of shared memory, written by threads. One fence orders nothing that is read again.
// RUN: strand-check --lanes --rows=130 --forms=whole --function=scalar --without-fences %s | FileCheck %s --check-prefix=FAULTS
// FAULTS: scalar: form whole: 11 of 12 fences and waits are missed; not fence.proxy.async 18 of k3_scalar{{$}}

func.func @scalar(%q: tensor<?x1x32xf32>, %k: tensor<?x1x32xf32>, %v: tensor<?x1x64xf32>,
                  %g: tensor<?x1xf32> {check.range = [-1, 0]}, %offsets: tensor<?xi32>) -> tensor<?x1x64xf32> {
  %y = strand.linear_attention %q, %k, %v gate %g offsets %offsets {scale = 0.25 : f64}
      : (tensor<?x1x32xf32>, tensor<?x1x32xf32>, tensor<?x1x64xf32>, tensor<?x1xf32>, tensor<?xi32>) -> tensor<?x1x64xf32>
  return %y : tensor<?x1x64xf32>
}
func.func @strong(%q: tensor<?x1x32xf32>, %k: tensor<?x1x32xf32>, %v: tensor<?x1x64xf32>,
                  %g: tensor<?x1xf32> {check.range = [-100, 0]}, %offsets: tensor<?xi32>) -> tensor<?x1x64xf32> {
  %y = strand.linear_attention %q, %k, %v gate %g offsets %offsets {scale = 0.25 : f64}
      : (tensor<?x1x32xf32>, tensor<?x1x32xf32>, tensor<?x1x64xf32>, tensor<?x1xf32>, tensor<?xi32>) -> tensor<?x1x64xf32>
  return %y : tensor<?x1x64xf32>
}
func.func @no_gate(%q: tensor<?x2x32xf32>, %k: tensor<?x2x32xf32>, %v: tensor<?x2x32xf32>,
                   %offsets: tensor<?xi32>) -> tensor<?x2x32xf32> {
  %y = strand.linear_attention %q, %k, %v offsets %offsets {scale = 0.25 : f64}
      : (tensor<?x2x32xf32>, tensor<?x2x32xf32>, tensor<?x2x32xf32>, tensor<?xi32>) -> tensor<?x2x32xf32>
  return %y : tensor<?x2x32xf32>
}
func.func @causal(%q: tensor<?x2x32xf32>, %k: tensor<?x1x32xf32>, %v: tensor<?x1x32xf32>,
                  %offsets: tensor<?xi32>) -> tensor<?x2x32xf32> {
  %y = strand.attention %q, %k, %v offsets %offsets {scale = 0.5 : f64}
      : (tensor<?x2x32xf32>, tensor<?x1x32xf32>, tensor<?x1x32xf32>, tensor<?xi32>) -> tensor<?x2x32xf32>
  return %y : tensor<?x2x32xf32>
}
func.func @window(%q: tensor<?x1x32xf32>, %k: tensor<?x1x32xf32>, %v: tensor<?x1x32xf32>,
                  %offsets: tensor<?xi32>) -> tensor<?x1x32xf32> {
  %y = strand.attention %q, %k, %v offsets %offsets {scale = 0.5 : f64, window = 70 : i64}
      : (tensor<?x1x32xf32>, tensor<?x1x32xf32>, tensor<?x1x32xf32>, tensor<?xi32>) -> tensor<?x1x32xf32>
  return %y : tensor<?x1x32xf32>
}
func.func @delta(%q: tensor<?x1x32xf32>, %k: tensor<?x1x32xf32> {check.range = [-0.18, 0.18]}, %v: tensor<?x1x32xf32>,
                 %b: tensor<?x1xf32> {check.range = [0, 1]}, %g: tensor<?x1xf32> {check.range = [-1, 0]},
                 %offsets: tensor<?xi32>) -> tensor<?x1x32xf32> {
  %y = strand.delta_rule %q, %k, %v beta %b gate %g offsets %offsets
      : (tensor<?x1x32xf32>, tensor<?x1x32xf32>, tensor<?x1x32xf32>, tensor<?x1xf32>, tensor<?x1xf32>, tensor<?xi32>) -> tensor<?x1x32xf32>
  return %y : tensor<?x1x32xf32>
}
