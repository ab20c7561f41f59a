// Rows in bf16 whose matrix states decay in each channel by a gate of its own: tiles in registers on a GPU.
// RUN: strand-check --lanes --rows=150 --forms=packed,batch --function=channels %s | FileCheck %s --check-prefix=TWO
// RUN: strand-check --lanes --rows=150 --forms=packed,batch --function=bonus %s | FileCheck %s --check-prefix=TWO
// RUN: strand-check --lanes --rows=150 --forms=batch --function=delta_channels %s | FileCheck %s --check-prefix=ONE
// RUN: strand-check --lanes --gpu-arch=sm_80 --rows=100 --forms=packed --function=delta_channels %s | FileCheck %s --check-prefix=ONE
// RUN: strand-check --lanes --rows=250 --forms=spans --function=channels %s | FileCheck %s --check-prefix=ONE
// RUN: strand-check --lanes --rows=90 --forms=packed --function=in_memory %s | FileCheck %s --check-prefix=ONE
// RUN: strand-check --lanes --rows=100 --forms=packed --function=resets %s | FileCheck %s --check-prefix=ONE
// RUN: strand-check --lanes --rows=100 --forms=packed --function=resets_of_rows %s | FileCheck %s --check-prefix=ONE
// RUN: strand-check --lanes --rows=150 --forms=packed,batch --function=weak %s | FileCheck %s --check-prefix=TWO
// RUN: strand-check --lanes --rows=150 --forms=packed --function=weak_bonus %s | FileCheck %s --check-prefix=ONE
// RUN: strand-check --lanes --rows=150 --forms=packed --function=weak_delta %s | FileCheck %s --check-prefix=ONE
// RUN: strand-check --lanes --gpu-arch=sm_80 --rows=100 --forms=packed --function=weak_delta %s | FileCheck %s --check-prefix=ONE

// Barriers that are left out; those of tiles of single rows, of which there are fewer threads, are not missed.
// RUN: strand-check --lanes --rows=140 --forms=packed --function=bonus --without-barriers %s | FileCheck %s --check-prefix=BONUS
// BONUS: bonus: form packed: 16 of 30 barriers are missed

// TWO: 2 forms right
// ONE: 1 form right

#rows = affine_map<(t, h) -> (t, h)>
#three = affine_map<(t, h, i) -> (t, h, i)>
#item = affine_map<(t, h, i) -> (h, i)>

// a decay for each channel, in bf16 as it is given
func.func @channels(%q: tensor<?x2x32xbf16>, %k: tensor<?x2x32xbf16>, %v: tensor<?x4x128xbf16>, %g: tensor<?x4x32xbf16> {check.range = [-9.0, 0.0]}, %offsets: tensor<?xi32>) -> tensor<?x4x128xbf16> attributes {check.tolerance = 5.0e-3} {
  %q32 = arith.extf %q : tensor<?x2x32xbf16> to tensor<?x2x32xf32>
  %k32 = arith.extf %k : tensor<?x2x32xbf16> to tensor<?x2x32xf32>
  %v32 = arith.extf %v : tensor<?x4x128xbf16> to tensor<?x4x128xf32>
  %g32 = arith.extf %g : tensor<?x4x32xbf16> to tensor<?x4x32xf32>
  %y = strand.linear_attention %q32, %k32, %v32 gate %g32 offsets %offsets {scale = 0.2 : f64}
    : (tensor<?x2x32xf32>, tensor<?x2x32xf32>, tensor<?x4x128xf32>, tensor<?x4x32xf32>, tensor<?xi32>) -> tensor<?x4x128xf32>
  %n = arith.truncf %y : tensor<?x4x128xf32> to tensor<?x4x128xbf16>
  return %n : tensor<?x4x128xbf16>
}

// in f32, near 1 and near 0, which are two parts in bf16; a bonus of the row itself
func.func @bonus(%q: tensor<?x2x32xbf16>, %k: tensor<?x2x32xbf16>, %v: tensor<?x2x32xbf16>, %a: tensor<?x2x32xf32> {check.kind = "gates"}, %u: tensor<2x32xf32>, %offsets: tensor<?xi32>) -> tensor<?x2x32xbf16> attributes {check.tolerance = 5.0e-3} {
  %q32 = arith.extf %q : tensor<?x2x32xbf16> to tensor<?x2x32xf32>
  %k32 = arith.extf %k : tensor<?x2x32xbf16> to tensor<?x2x32xf32>
  %v32 = arith.extf %v : tensor<?x2x32xbf16> to tensor<?x2x32xf32>
  %y = strand.linear_attention %q32, %k32, %v32 gate %a bonus %u offsets %offsets {scale = 0.2 : f64}
    : (tensor<?x2x32xf32>, tensor<?x2x32xf32>, tensor<?x2x32xf32>, tensor<?x2x32xf32>, tensor<2x32xf32>, tensor<?xi32>) -> tensor<?x2x32xf32>
  %n = arith.truncf %y : tensor<?x2x32xf32> to tensor<?x2x32xbf16>
  return %n : tensor<?x2x32xbf16>
}

// the same of the delta rule; sequences in one tile, and longer
func.func @delta_channels(%q: tensor<?x2x32xbf16>, %k: tensor<?x2x32xbf16>, %v: tensor<?x2x64xbf16>, %beta: tensor<?x2xf32> {check.range = [0.0, 1.0]}, %a: tensor<?x2x32xf32> {check.kind = "gates"}, %offsets: tensor<?xi32>) -> tensor<?x2x64xbf16> attributes {check.tolerance = 5.0e-3} {
  %q32 = arith.extf %q : tensor<?x2x32xbf16> to tensor<?x2x32xf32>
  %kk = arith.extf %k : tensor<?x2x32xbf16> to tensor<?x2x32xf32>
  %s = arith.constant dense<0.17> : tensor<2x32xf32>
  %e0 = arith.constant 0 : index
  %n0 = tensor.dim %kk, %e0 : tensor<?x2x32xf32>
  %e = tensor.empty(%n0) : tensor<?x2x32xf32>
  %k32 = linalg.generic {indexing_maps = [#three, #item, #three], iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%kk, %s : tensor<?x2x32xf32>, tensor<2x32xf32>) outs(%e : tensor<?x2x32xf32>) {
  ^bb0(%x: f32, %b: f32, %o: f32):
    %r = arith.mulf %x, %b : f32
    linalg.yield %r : f32
  } -> tensor<?x2x32xf32>
  %v32 = arith.extf %v : tensor<?x2x64xbf16> to tensor<?x2x64xf32>
  %y = strand.delta_rule %q32, %k32, %v32 beta %beta gate %a offsets %offsets {scale = 0.2 : f64} : (tensor<?x2x32xf32>, tensor<?x2x32xf32>, tensor<?x2x64xf32>, tensor<?x2xf32>, tensor<?x2x32xf32>, tensor<?xi32>) -> tensor<?x2x64xf32>
  %n = arith.truncf %y : tensor<?x2x64xf32> to tensor<?x2x64xbf16>
  return %n : tensor<?x2x64xbf16>
}

// decays of which something is left at the end of a tile, and some that grow: all rows meet there
func.func @weak(%q: tensor<?x2x32xbf16>, %k: tensor<?x2x32xbf16>, %v: tensor<?x4x128xbf16>, %g: tensor<?x4x32xbf16> {check.range = [-0.6, 0.02]}, %offsets: tensor<?xi32>) -> tensor<?x4x128xbf16> attributes {check.tolerance = 5.0e-3} {
  %q32 = arith.extf %q : tensor<?x2x32xbf16> to tensor<?x2x32xf32>
  %k32 = arith.extf %k : tensor<?x2x32xbf16> to tensor<?x2x32xf32>
  %v32 = arith.extf %v : tensor<?x4x128xbf16> to tensor<?x4x128xf32>
  %g32 = arith.extf %g : tensor<?x4x32xbf16> to tensor<?x4x32xf32>
  %y = strand.linear_attention %q32, %k32, %v32 gate %g32 offsets %offsets {scale = 0.2 : f64}
    : (tensor<?x2x32xf32>, tensor<?x2x32xf32>, tensor<?x4x128xf32>, tensor<?x4x32xf32>, tensor<?xi32>) -> tensor<?x4x128xf32>
  %n = arith.truncf %y : tensor<?x4x128xf32> to tensor<?x4x128xbf16>
  return %n : tensor<?x4x128xbf16>
}

// the same in f32, read before a row's own gate
func.func @weak_bonus(%q: tensor<?x2x32xbf16>, %k: tensor<?x2x32xbf16>, %v: tensor<?x2x32xbf16>, %a: tensor<?x2x32xf32> {check.range = [-0.6, 0.02]}, %u: tensor<2x32xf32>, %offsets: tensor<?xi32>) -> tensor<?x2x32xbf16> attributes {check.tolerance = 5.0e-3} {
  %q32 = arith.extf %q : tensor<?x2x32xbf16> to tensor<?x2x32xf32>
  %k32 = arith.extf %k : tensor<?x2x32xbf16> to tensor<?x2x32xf32>
  %v32 = arith.extf %v : tensor<?x2x32xbf16> to tensor<?x2x32xf32>
  %y = strand.linear_attention %q32, %k32, %v32 gate %a bonus %u offsets %offsets {scale = 0.2 : f64}
    : (tensor<?x2x32xf32>, tensor<?x2x32xf32>, tensor<?x2x32xf32>, tensor<?x2x32xf32>, tensor<2x32xf32>, tensor<?xi32>) -> tensor<?x2x32xf32>
  %n = arith.truncf %y : tensor<?x2x32xf32> to tensor<?x2x32xbf16>
  return %n : tensor<?x2x32xbf16>
}

// and of the delta rule, keys and queries with keys
func.func @weak_delta(%q: tensor<?x2x32xbf16>, %k: tensor<?x2x32xbf16>, %v: tensor<?x2x64xbf16>, %beta: tensor<?x2xf32> {check.range = [0.0, 1.0]}, %a: tensor<?x2x32xf32> {check.range = [-0.6, 0.02]}, %offsets: tensor<?xi32>) -> tensor<?x2x64xbf16> attributes {check.tolerance = 5.0e-3} {
  %q32 = arith.extf %q : tensor<?x2x32xbf16> to tensor<?x2x32xf32>
  %kk = arith.extf %k : tensor<?x2x32xbf16> to tensor<?x2x32xf32>
  %s = arith.constant dense<0.17> : tensor<2x32xf32>
  %e0 = arith.constant 0 : index
  %n0 = tensor.dim %kk, %e0 : tensor<?x2x32xf32>
  %e = tensor.empty(%n0) : tensor<?x2x32xf32>
  %k32 = linalg.generic {indexing_maps = [#three, #item, #three], iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%kk, %s : tensor<?x2x32xf32>, tensor<2x32xf32>) outs(%e : tensor<?x2x32xf32>) {
  ^bb0(%x: f32, %b: f32, %o: f32):
    %r = arith.mulf %x, %b : f32
    linalg.yield %r : f32
  } -> tensor<?x2x32xf32>
  %v32 = arith.extf %v : tensor<?x2x64xbf16> to tensor<?x2x64xf32>
  %y = strand.delta_rule %q32, %k32, %v32 beta %beta gate %a offsets %offsets {scale = 0.2 : f64} : (tensor<?x2x32xf32>, tensor<?x2x32xf32>, tensor<?x2x64xf32>, tensor<?x2xf32>, tensor<?x2x32xf32>, tensor<?xi32>) -> tensor<?x2x64xf32>
  %n = arith.truncf %y : tensor<?x2x64xf32> to tensor<?x2x64xbf16>
  return %n : tensor<?x2x64xbf16>
}

// results in f16, which no tile in registers is: the same ops, on tiles in memory
func.func @in_memory(%q: tensor<?x2x32xbf16>, %k: tensor<?x2x32xbf16>, %v: tensor<?x4x128xbf16>, %g: tensor<?x4x32xbf16> {check.range = [-9.0, 0.0]}, %offsets: tensor<?xi32>) -> tensor<?x4x128xf16> attributes {check.tolerance = 5.0e-3} {
  %q32 = arith.extf %q : tensor<?x2x32xbf16> to tensor<?x2x32xf32>
  %k32 = arith.extf %k : tensor<?x2x32xbf16> to tensor<?x2x32xf32>
  %v32 = arith.extf %v : tensor<?x4x128xbf16> to tensor<?x4x128xf32>
  %g32 = arith.extf %g : tensor<?x4x32xbf16> to tensor<?x4x32xf32>
  %y = strand.linear_attention %q32, %k32, %v32 gate %g32 offsets %offsets {scale = 0.2 : f64}
    : (tensor<?x2x32xf32>, tensor<?x2x32xf32>, tensor<?x4x128xf32>, tensor<?x4x32xf32>, tensor<?xi32>) -> tensor<?x4x128xf32>
  %n = arith.truncf %y : tensor<?x4x128xf32> to tensor<?x4x128xf16>
  return %n : tensor<?x4x128xf16>
}

// gates of -infinity, behind which nothing is left; of a channel, and of a row
func.func @resets(%q: tensor<?x2x16xbf16>, %k: tensor<?x2x16xbf16>, %v: tensor<?x2x32xbf16>, %a: tensor<?x2x16xf32> {check.range = [-9.0, 0.0]}, %offsets: tensor<?xi32>) -> tensor<?x2x32xbf16> attributes {check.tolerance = 5.0e-3} {
  %q32 = arith.extf %q : tensor<?x2x16xbf16> to tensor<?x2x16xf32>
  %k32 = arith.extf %k : tensor<?x2x16xbf16> to tensor<?x2x16xf32>
  %v32 = arith.extf %v : tensor<?x2x32xbf16> to tensor<?x2x32xf32>
  %c0 = arith.constant 0 : index
  %n = tensor.dim %a, %c0 : tensor<?x2x16xf32>
  %e = tensor.empty(%n) : tensor<?x2x16xf32>
  %g = linalg.generic {indexing_maps = [#three, #three], iterator_types = ["parallel", "parallel", "parallel"]} ins(%a : tensor<?x2x16xf32>) outs(%e : tensor<?x2x16xf32>) {
  ^bb0(%x: f32, %o: f32):
    %strong = arith.constant -8.0 : f32
    %nothing = arith.constant 0xFF800000 : f32
    %is = arith.cmpf olt, %x, %strong : f32
    %r = arith.select %is, %nothing, %x : f32
    linalg.yield %r : f32
  } -> tensor<?x2x16xf32>
  %y = strand.linear_attention %q32, %k32, %v32 gate %g offsets %offsets {scale = 0.25 : f64}
    : (tensor<?x2x16xf32>, tensor<?x2x16xf32>, tensor<?x2x32xf32>, tensor<?x2x16xf32>, tensor<?xi32>) -> tensor<?x2x32xf32>
  %b = arith.truncf %y : tensor<?x2x32xf32> to tensor<?x2x32xbf16>
  return %b : tensor<?x2x32xbf16>
}

func.func @resets_of_rows(%q: tensor<?x2x16xbf16>, %k: tensor<?x2x16xbf16>, %v: tensor<?x2x32xbf16>, %a: tensor<?x2xf32> {check.range = [-9.0, 0.0]}, %offsets: tensor<?xi32>) -> tensor<?x2x32xbf16> attributes {check.tolerance = 5.0e-3} {
  %q32 = arith.extf %q : tensor<?x2x16xbf16> to tensor<?x2x16xf32>
  %k32 = arith.extf %k : tensor<?x2x16xbf16> to tensor<?x2x16xf32>
  %v32 = arith.extf %v : tensor<?x2x32xbf16> to tensor<?x2x32xf32>
  %c0 = arith.constant 0 : index
  %n = tensor.dim %a, %c0 : tensor<?x2xf32>
  %e = tensor.empty(%n) : tensor<?x2xf32>
  %g = linalg.generic {indexing_maps = [#rows, #rows], iterator_types = ["parallel", "parallel"]} ins(%a : tensor<?x2xf32>) outs(%e : tensor<?x2xf32>) {
  ^bb0(%x: f32, %o: f32):
    %strong = arith.constant -8.0 : f32
    %nothing = arith.constant 0xFF800000 : f32
    %is = arith.cmpf olt, %x, %strong : f32
    %r = arith.select %is, %nothing, %x : f32
    linalg.yield %r : f32
  } -> tensor<?x2xf32>
  %y = strand.linear_attention %q32, %k32, %v32 gate %g offsets %offsets {scale = 0.25 : f64}
    : (tensor<?x2x16xf32>, tensor<?x2x16xf32>, tensor<?x2x32xf32>, tensor<?x2xf32>, tensor<?xi32>) -> tensor<?x2x32xf32>
  %b = arith.truncf %y : tensor<?x2x32xf32> to tensor<?x2x32xbf16>
  return %b : tensor<?x2x32xbf16>
}
