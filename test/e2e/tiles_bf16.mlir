// Rows in bf16: the tiles of matrix states and of attention are kept in registers on a GPU, and products are of bf16.
// RUN: strand-check --lanes --rows=150 --forms=packed,batch --function=scalar %s | FileCheck %s --check-prefix=TWO
// RUN: strand-check --lanes --rows=150 --forms=packed,batch --function=constant %s | FileCheck %s --check-prefix=TWO
// RUN: strand-check --lanes --rows=150 --forms=packed --function=causal %s | FileCheck %s --check-prefix=ONE
// RUN: strand-check --lanes --rows=150 --forms=packed --function=window %s | FileCheck %s --check-prefix=ONE
// RUN: strand-check --lanes --rows=150 --forms=batch --function=delta %s | FileCheck %s --check-prefix=ONE
// RUN: strand-check --lanes --rows=90 --forms=batch --function=in_memory %s | FileCheck %s --check-prefix=ONE

// In spans, whose summaries are tiles in registers as well.
// RUN: strand-check --lanes --rows=250 --forms=spans --function=scalar %s | FileCheck %s --check-prefix=ONE
// RUN: strand-check --lanes --rows=150 --forms=tree --function=constant %s | FileCheck %s --check-prefix=ONE

// Blocks of 64 rows, that products of warpgroups take, of sequences that are long enough; and without these.
// RUN: strand-check --lanes --rows=510 --forms=whole --function=causal %s | FileCheck %s --check-prefix=ONE
// RUN: strand-check --lanes --rows=510 --forms=whole --function=window %s | FileCheck %s --check-prefix=ONE
// RUN: strand-check --lanes --gpu-arch=sm_80 --rows=330 --forms=whole --function=causal %s | FileCheck %s --check-prefix=ONE
// RUN: strand-check --lanes --gpu-arch=sm_80 --rows=150 --forms=batch --function=scalar %s | FileCheck %s --check-prefix=ONE
// RUN: strand-check --lanes --gpu-arch=sm_80 --rows=150 --forms=batch --function=delta %s | FileCheck %s --check-prefix=ONE

// Fences and waits that are left out, and wrong descriptors.
// RUN: strand-check --lanes --rows=400 --forms=whole --function=window --without-fences --verbose %s | FileCheck %s --check-prefix=FENCES
// Of what is loaded and written between barriers one fence would do in front of the copy engine; each barrier has one.
// RUN: strand-check --lanes --rows=150 --forms=whole --function=delta --without-fences --verbose %s | FileCheck %s --check-prefix=DELTA-FENCES
// RUN: strand-check --lanes --rows=150 --forms=whole --function=delta --wrong-descriptors --verbose %s | FileCheck %s --check-prefix=FIELDS
// FIELDS: with a wrong swizzle of product {{[0-9]+}} of k0_delta: {{.*}}{{error|written|no swizzle}}
// FIELDS: with a wrong stride of rows of product {{[0-9]+}} of k0_delta: {{.*}}{{error|written}}
// FIELDS: delta: form whole: 12 of 14 wrong fields of descriptors show
// FENCES-DAG: without fence.proxy.async {{[0-9]+}} of k0_window: {{.*}}: copies to an mbarrier written by thread 0 with no fence.proxy.async between that and a barrier
// FENCES-DAG: without wgmma.fence {{[0-9]+}} of k0_window: {{.*}}: multiplies what is in registers with no wgmma.fence in front
// FENCES-DAG: without wgmma.wait_group {{[0-9]+}} of k0_window: {{.*}}: {{uses sums of a product that have|ends before its products have}}
// FENCES: window: form whole: [[ALL:[0-9]+]] of [[ALL]] fences and waits are missed{{$}}
// DELTA-FENCES: without fence.proxy.async {{[0-9]+}} of k0_delta: {{.*}}: a product reads it, written by thread {{[0-9]+}} with no fence.proxy.async between that and a barrier
// DELTA-FENCES: delta: form whole: 9 of 17 fences and waits are missed

// Barriers that are left out.
// RUN: strand-check --lanes --gpu-arch=sm_80 --rows=40 --forms=whole --function=causal --without-barriers %s | FileCheck %s --check-prefix=CAUSAL
// RUN: strand-check --lanes --rows=40 --forms=batch --function=delta --without-barriers %s | FileCheck %s --check-prefix=DELTA
// CAUSAL: causal: form whole: {{[0-9]+}} of {{[0-9]+}} barriers are missed
// DELTA: delta: form batch: {{1[0-9]}} of {{[0-9]+}} barriers are missed

// TWO: 2 forms right
// ONE: 1 form right

#rows = affine_map<(t, h) -> (t, h)>
#three = affine_map<(t, h, i) -> (t, h, i)>
#item = affine_map<(t, h, i) -> (h, i)>

// two blocks a head, keys of two heads
func.func @scalar(%q: tensor<?x2x32xbf16>, %k: tensor<?x2x32xbf16>, %v: tensor<?x4x128xbf16>, %g: tensor<?x4xf32>, %offsets: tensor<?xi32>) -> tensor<?x4x128xbf16> attributes {check.tolerance = 5.0e-3} {
  %q32 = arith.extf %q : tensor<?x2x32xbf16> to tensor<?x2x32xf32>
  %k32 = arith.extf %k : tensor<?x2x32xbf16> to tensor<?x2x32xf32>
  %v32 = arith.extf %v : tensor<?x4x128xbf16> to tensor<?x4x128xf32>
  %e0 = arith.constant 0 : index
  %n0 = tensor.dim %g, %e0 : tensor<?x4xf32>
  %eg = tensor.empty(%n0) : tensor<?x4xf32>
  %gate = linalg.generic {indexing_maps = [#rows, #rows], iterator_types = ["parallel", "parallel"]} ins(%g : tensor<?x4xf32>) outs(%eg : tensor<?x4xf32>) {
  ^bb0(%a: f32, %o: f32):
    %p = math.absf %a : f32
    %r = arith.negf %p : f32
    linalg.yield %r : f32
  } -> tensor<?x4xf32>
  %y = strand.linear_attention %q32, %k32, %v32 gate %gate offsets %offsets {scale = 0.2 : f64}
    : (tensor<?x2x32xf32>, tensor<?x2x32xf32>, tensor<?x4x128xf32>, tensor<?x4xf32>, tensor<?xi32>) -> tensor<?x4x128xf32>
  %n = arith.truncf %y : tensor<?x4x128xf32> to tensor<?x4x128xbf16>
  return %n : tensor<?x4x128xbf16>
}

// sizes that leave threads with the same lines; a row's readers are part of the tile
func.func @constant(%q: tensor<?x2x16xbf16>, %k: tensor<?x2x16xbf16>, %v: tensor<?x2x48xbf16>, %offsets: tensor<?xi32>) -> tensor<?x2x48xf32> attributes {check.tolerance = 5.0e-3} {
  %q32 = arith.extf %q : tensor<?x2x16xbf16> to tensor<?x2x16xf32>
  %k32 = arith.extf %k : tensor<?x2x16xbf16> to tensor<?x2x16xf32>
  %v32 = arith.extf %v : tensor<?x2x48xbf16> to tensor<?x2x48xf32>
  %y = strand.linear_attention %q32, %k32, %v32 offsets %offsets {decay = array<f64: -0.1, -2.0>}
    : (tensor<?x2x16xf32>, tensor<?x2x16xf32>, tensor<?x2x48xf32>, tensor<?xi32>) -> tensor<?x2x48xf32>
  %e0 = arith.constant 0 : index
  %n0 = tensor.dim %y, %e0 : tensor<?x2x48xf32>
  %ey = tensor.empty(%n0) : tensor<?x2x48xf32>
  %twice = linalg.generic {indexing_maps = [#three, #three, #three], iterator_types = ["parallel", "parallel", "parallel"]} ins(%y, %v32 : tensor<?x2x48xf32>, tensor<?x2x48xf32>) outs(%ey : tensor<?x2x48xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %r = arith.addf %a, %b : f32
    linalg.yield %r : f32
  } -> tensor<?x2x48xf32>
  %z = linalg.generic {indexing_maps = [#three, #three], iterator_types = ["parallel", "parallel", "parallel"]} ins(%twice : tensor<?x2x48xf32>) outs(%ey : tensor<?x2x48xf32>) {
  ^bb0(%a: f32, %o: f32):
    %r = arith.mulf %a, %a : f32
    linalg.yield %r : f32
  } -> tensor<?x2x48xf32>
  return %z : tensor<?x2x48xf32>
}

func.func @causal(%q: tensor<?x4x32xbf16>, %k: tensor<?x2x32xbf16>, %v: tensor<?x2x64xbf16>, %offsets: tensor<?xi32>) -> tensor<?x4x64xbf16> attributes {check.tolerance = 5.0e-3} {
  %q32 = arith.extf %q : tensor<?x4x32xbf16> to tensor<?x4x32xf32>
  %k32 = arith.extf %k : tensor<?x2x32xbf16> to tensor<?x2x32xf32>
  %v32 = arith.extf %v : tensor<?x2x64xbf16> to tensor<?x2x64xf32>
  %y = strand.attention %q32, %k32, %v32 offsets %offsets {scale = 0.2 : f64}
    : (tensor<?x4x32xf32>, tensor<?x2x32xf32>, tensor<?x2x64xf32>, tensor<?xi32>) -> tensor<?x4x64xf32>
  %n = arith.truncf %y : tensor<?x4x64xf32> to tensor<?x4x64xbf16>
  return %n : tensor<?x4x64xbf16>
}

func.func @window(%q: tensor<?x2x32xbf16>, %k: tensor<?x2x32xbf16>, %v: tensor<?x2x64xbf16>, %offsets: tensor<?xi32>) -> (tensor<?x2x64xbf16>, tensor<?x2xf32>) attributes {check.tolerance = 5.0e-3} {
  %q32 = arith.extf %q : tensor<?x2x32xbf16> to tensor<?x2x32xf32>
  %k32 = arith.extf %k : tensor<?x2x32xbf16> to tensor<?x2x32xf32>
  %v32 = arith.extf %v : tensor<?x2x64xbf16> to tensor<?x2x64xf32>
  %y, %l = strand.attention %q32, %k32, %v32 offsets %offsets {scale = 0.2 : f64, window = 70 : i64, lse}
    : (tensor<?x2x32xf32>, tensor<?x2x32xf32>, tensor<?x2x64xf32>, tensor<?xi32>) -> (tensor<?x2x64xf32>, tensor<?x2xf32>)
  %n = arith.truncf %y : tensor<?x2x64xf32> to tensor<?x2x64xbf16>
  return %n, %l : tensor<?x2x64xbf16>, tensor<?x2xf32>
}

func.func @delta(%q: tensor<?x2x32xbf16>, %k: tensor<?x2x32xbf16>, %v: tensor<?x2x128xbf16>, %beta: tensor<?x2xf32>, %g: tensor<?x2xf32>, %offsets: tensor<?xi32>) -> tensor<?x2x128xbf16> attributes {check.tolerance = 5.0e-3} {
  %q32 = arith.extf %q : tensor<?x2x32xbf16> to tensor<?x2x32xf32>
  %kk = arith.extf %k : tensor<?x2x32xbf16> to tensor<?x2x32xf32>
  %s = arith.constant dense<0.17> : tensor<2x32xf32>
  %e0 = arith.constant 0 : index
  %n0 = tensor.dim %kk, %e0 : tensor<?x2x32xf32>
  %e = tensor.empty(%n0) : tensor<?x2x32xf32>
  %k32 = linalg.generic {indexing_maps = [#three, #item, #three], iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%kk, %s : tensor<?x2x32xf32>, tensor<2x32xf32>) outs(%e : tensor<?x2x32xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %r = arith.mulf %a, %b : f32
    linalg.yield %r : f32
  } -> tensor<?x2x32xf32>
  %eb = tensor.empty(%n0) : tensor<?x2xf32>
  %decay = linalg.generic {indexing_maps = [#rows, #rows], iterator_types = ["parallel", "parallel"]} ins(%g : tensor<?x2xf32>) outs(%eb : tensor<?x2xf32>) {
  ^bb0(%a: f32, %o: f32):
    %p = math.absf %a : f32
    %r = arith.negf %p : f32
    linalg.yield %r : f32
  } -> tensor<?x2xf32>
  %beta1 = linalg.generic {indexing_maps = [#rows, #rows], iterator_types = ["parallel", "parallel"]} ins(%beta : tensor<?x2xf32>) outs(%eb : tensor<?x2xf32>) {
  ^bb0(%a: f32, %o: f32):
    %p = math.absf %a : f32
    %c = arith.constant 1.0 : f32
    %r = arith.minimumf %p, %c : f32
    linalg.yield %r : f32
  } -> tensor<?x2xf32>
  %v32 = arith.extf %v : tensor<?x2x128xbf16> to tensor<?x2x128xf32>
  %y = strand.delta_rule %q32, %k32, %v32 beta %beta1 gate %decay offsets %offsets {scale = 0.2 : f64} : (tensor<?x2x32xf32>, tensor<?x2x32xf32>, tensor<?x2x128xf32>, tensor<?x2xf32>, tensor<?x2xf32>, tensor<?xi32>) -> tensor<?x2x128xf32>
  %n = arith.truncf %y : tensor<?x2x128xf32> to tensor<?x2x128xbf16>
  return %n : tensor<?x2x128xbf16>
}

// rows that leave in f16 keep the tiles in memory: the same steps, with the inverse column by column
func.func @in_memory(%q: tensor<?x2x32xbf16>, %k: tensor<?x2x32xbf16>, %v: tensor<?x2x128xbf16>, %beta: tensor<?x2xf32>, %g: tensor<?x2xf32>, %offsets: tensor<?xi32>) -> tensor<?x2x128xf16> attributes {check.tolerance = 5.0e-3} {
  %q32 = arith.extf %q : tensor<?x2x32xbf16> to tensor<?x2x32xf32>
  %kk = arith.extf %k : tensor<?x2x32xbf16> to tensor<?x2x32xf32>
  %s = arith.constant dense<0.17> : tensor<2x32xf32>
  %e0 = arith.constant 0 : index
  %n0 = tensor.dim %kk, %e0 : tensor<?x2x32xf32>
  %e = tensor.empty(%n0) : tensor<?x2x32xf32>
  %k32 = linalg.generic {indexing_maps = [#three, #item, #three], iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%kk, %s : tensor<?x2x32xf32>, tensor<2x32xf32>) outs(%e : tensor<?x2x32xf32>) {
  ^bb0(%a: f32, %b: f32, %o: f32):
    %r = arith.mulf %a, %b : f32
    linalg.yield %r : f32
  } -> tensor<?x2x32xf32>
  %eb = tensor.empty(%n0) : tensor<?x2xf32>
  %decay = linalg.generic {indexing_maps = [#rows, #rows], iterator_types = ["parallel", "parallel"]} ins(%g : tensor<?x2xf32>) outs(%eb : tensor<?x2xf32>) {
  ^bb0(%a: f32, %o: f32):
    %p = math.absf %a : f32
    %r = arith.negf %p : f32
    linalg.yield %r : f32
  } -> tensor<?x2xf32>
  %beta1 = linalg.generic {indexing_maps = [#rows, #rows], iterator_types = ["parallel", "parallel"]} ins(%beta : tensor<?x2xf32>) outs(%eb : tensor<?x2xf32>) {
  ^bb0(%a: f32, %o: f32):
    %p = math.absf %a : f32
    %c = arith.constant 1.0 : f32
    %r = arith.minimumf %p, %c : f32
    linalg.yield %r : f32
  } -> tensor<?x2xf32>
  %v32 = arith.extf %v : tensor<?x2x128xbf16> to tensor<?x2x128xf32>
  %y = strand.delta_rule %q32, %k32, %v32 beta %beta1 gate %decay offsets %offsets {scale = 0.2 : f64} : (tensor<?x2x32xf32>, tensor<?x2x32xf32>, tensor<?x2x128xf32>, tensor<?x2xf32>, tensor<?x2xf32>, tensor<?xi32>) -> tensor<?x2x128xf32>
  %n = arith.truncf %y : tensor<?x2x128xf32> to tensor<?x2x128xf16>
  return %n : tensor<?x2x128xf16>
}
