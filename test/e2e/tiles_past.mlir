// Attention over rows from before the call, in tiles in registers: a ring of any window from a copy in bf16, a cache where it
// lies. Sequences have seen none, some, as many rows as the window or more; a call brings none, one or many.
// RUN: strand-check --lanes --rows=220 --forms=batch %s | FileCheck %s --implicit-check-not=wrong

// Rows that are rounded where they are multiplied come to the state as they were multiplied, in steps as well.
// RUN: strand-check --lanes --narrow-rows --rows=60 --forms=batch,churn --function=ring_65 %s | FileCheck %s --check-prefix=TWO
// RUN: strand-check --lanes --narrow-rows --rows=60 --forms=batch,churn --function=cache %s | FileCheck %s --check-prefix=TWO

// Without products of warpgroups and without the copy engine.
// RUN: strand-check --lanes --gpu-arch=sm_80 --rows=200 --forms=state,cut --function=cache %s | FileCheck %s --check-prefix=TWO
// RUN: strand-check --lanes --gpu-arch=sm_80 --rows=200 --forms=cut --function=ring_70 %s | FileCheck %s --check-prefix=ONE

// What is written to shared memory on the way from a cache, of blocks of rows and of the rest, reaches products behind a fence
// and a barrier.
// RUN: strand-check --lanes --seed=3 --rows=600 --forms=batch --function=cache --without-fences --verbose %s | FileCheck %s --check-prefix=FENCES
// RUN: strand-check --lanes --gpu-arch=sm_80 --rows=60 --forms=cut --function=cache --without-barriers --verbose %s | FileCheck %s --check-prefix=BARRIERS
// FENCES-COUNT-3: without fence.proxy.async {{[0-9]+}} of k{{[56]}}_cache: {{.*}}: a product reads it, written by thread {{[0-9]+}} with no fence.proxy.async between that and a barrier
// FENCES: cache: form batch: [[ALL:[0-9]+]] of [[ALL]] fences and waits are missed{{$}}
// BARRIERS-DAG: barrier {{[0-9]+}} of k{{[56]}}_cache: {{.*}}: shared memory at {{[0-9]+}}: read here, written by thread {{[0-9]+}} since the last barrier
// BARRIERS-DAG: barrier {{[0-9]+}} of k{{[56]}}_cache: {{.*}}: shared memory at {{[0-9]+}}: written here, read by thread {{[0-9]+}} since the last barrier
// BARRIERS: cache: form cut: {{1[0-9]}} of {{[0-9]+}} barriers are missed

// Kernels as loops of the CPU, in f32.
// RUN: strand-check --kernels --rows=120 --forms=cut,batch,churn --function=ring_70 %s | FileCheck %s --check-prefix=THREE

// ONE: 1 form right
// TWO: 2 forms right
// THREE: 3 forms right

// CHECK-DAG: ring_1: 1 form right
func.func @ring_1(%q: tensor<?x1x16xbf16>, %k: tensor<?x1x16xbf16>, %v: tensor<?x1x16xbf16>, %offsets: tensor<?xi32>) -> tensor<?x1x16xbf16> attributes {check.tolerance = 5.0e-3} {
  %q32 = arith.extf %q : tensor<?x1x16xbf16> to tensor<?x1x16xf32>
  %k32 = arith.extf %k : tensor<?x1x16xbf16> to tensor<?x1x16xf32>
  %v32 = arith.extf %v : tensor<?x1x16xbf16> to tensor<?x1x16xf32>
  %y = strand.attention %q32, %k32, %v32 offsets %offsets {scale = 0.25 : f64, window = 1 : i64}
    : (tensor<?x1x16xf32>, tensor<?x1x16xf32>, tensor<?x1x16xf32>, tensor<?xi32>) -> tensor<?x1x16xf32>
  %n = arith.truncf %y : tensor<?x1x16xf32> to tensor<?x1x16xbf16>
  return %n : tensor<?x1x16xbf16>
}

// CHECK-DAG: ring_17: 1 form right
func.func @ring_17(%q: tensor<?x1x16xbf16>, %k: tensor<?x1x16xbf16>, %v: tensor<?x1x16xbf16>, %offsets: tensor<?xi32>) -> tensor<?x1x16xbf16> attributes {check.tolerance = 5.0e-3} {
  %q32 = arith.extf %q : tensor<?x1x16xbf16> to tensor<?x1x16xf32>
  %k32 = arith.extf %k : tensor<?x1x16xbf16> to tensor<?x1x16xf32>
  %v32 = arith.extf %v : tensor<?x1x16xbf16> to tensor<?x1x16xf32>
  %y = strand.attention %q32, %k32, %v32 offsets %offsets {scale = 0.25 : f64, window = 17 : i64}
    : (tensor<?x1x16xf32>, tensor<?x1x16xf32>, tensor<?x1x16xf32>, tensor<?xi32>) -> tensor<?x1x16xf32>
  %n = arith.truncf %y : tensor<?x1x16xf32> to tensor<?x1x16xbf16>
  return %n : tensor<?x1x16xbf16>
}

// CHECK-DAG: ring_64: 1 form right
func.func @ring_64(%q: tensor<?x1x16xbf16>, %k: tensor<?x1x16xbf16>, %v: tensor<?x1x16xbf16>, %offsets: tensor<?xi32>) -> tensor<?x1x16xbf16> attributes {check.tolerance = 5.0e-3} {
  %q32 = arith.extf %q : tensor<?x1x16xbf16> to tensor<?x1x16xf32>
  %k32 = arith.extf %k : tensor<?x1x16xbf16> to tensor<?x1x16xf32>
  %v32 = arith.extf %v : tensor<?x1x16xbf16> to tensor<?x1x16xf32>
  %y = strand.attention %q32, %k32, %v32 offsets %offsets {scale = 0.25 : f64, window = 64 : i64}
    : (tensor<?x1x16xf32>, tensor<?x1x16xf32>, tensor<?x1x16xf32>, tensor<?xi32>) -> tensor<?x1x16xf32>
  %n = arith.truncf %y : tensor<?x1x16xf32> to tensor<?x1x16xbf16>
  return %n : tensor<?x1x16xbf16>
}

// CHECK-DAG: ring_65: 1 form right
func.func @ring_65(%q: tensor<?x1x16xbf16>, %k: tensor<?x1x16xbf16>, %v: tensor<?x1x16xbf16>, %offsets: tensor<?xi32>) -> tensor<?x1x16xbf16> attributes {check.tolerance = 5.0e-3} {
  %q32 = arith.extf %q : tensor<?x1x16xbf16> to tensor<?x1x16xf32>
  %k32 = arith.extf %k : tensor<?x1x16xbf16> to tensor<?x1x16xf32>
  %v32 = arith.extf %v : tensor<?x1x16xbf16> to tensor<?x1x16xf32>
  %y = strand.attention %q32, %k32, %v32 offsets %offsets {scale = 1.5 : f64, window = 65 : i64}
    : (tensor<?x1x16xf32>, tensor<?x1x16xf32>, tensor<?x1x16xf32>, tensor<?xi32>) -> tensor<?x1x16xf32>
  %n = arith.truncf %y : tensor<?x1x16xf32> to tensor<?x1x16xbf16>
  return %n : tensor<?x1x16xbf16>
}

// CHECK-DAG: ring_70: 1 form right
func.func @ring_70(%q: tensor<?x2x16xbf16>, %k: tensor<?x1x16xbf16>, %v: tensor<?x1x32xbf16>, %offsets: tensor<?xi32>) -> (tensor<?x2x32xbf16>, tensor<?x2xf32>) attributes {check.tolerance = 5.0e-3} {
  %q32 = arith.extf %q : tensor<?x2x16xbf16> to tensor<?x2x16xf32>
  %k32 = arith.extf %k : tensor<?x1x16xbf16> to tensor<?x1x16xf32>
  %v32 = arith.extf %v : tensor<?x1x32xbf16> to tensor<?x1x32xf32>
  %y, %l = strand.attention %q32, %k32, %v32 offsets %offsets {scale = 0.25 : f64, window = 70 : i64, lse}
    : (tensor<?x2x16xf32>, tensor<?x1x16xf32>, tensor<?x1x32xf32>, tensor<?xi32>) -> (tensor<?x2x32xf32>, tensor<?x2xf32>)
  %n = arith.truncf %y : tensor<?x2x32xf32> to tensor<?x2x32xbf16>
  return %n, %l : tensor<?x2x32xbf16>, tensor<?x2xf32>
}

// CHECK-DAG: ring_1000: 1 form right
func.func @ring_1000(%q: tensor<?x1x16xbf16>, %k: tensor<?x1x16xbf16>, %v: tensor<?x1x16xbf16>, %offsets: tensor<?xi32>) -> tensor<?x1x16xbf16> attributes {check.tolerance = 5.0e-3} {
  %q32 = arith.extf %q : tensor<?x1x16xbf16> to tensor<?x1x16xf32>
  %k32 = arith.extf %k : tensor<?x1x16xbf16> to tensor<?x1x16xf32>
  %v32 = arith.extf %v : tensor<?x1x16xbf16> to tensor<?x1x16xf32>
  %y = strand.attention %q32, %k32, %v32 offsets %offsets {scale = 0.25 : f64, window = 1000 : i64}
    : (tensor<?x1x16xf32>, tensor<?x1x16xf32>, tensor<?x1x16xf32>, tensor<?xi32>) -> tensor<?x1x16xf32>
  %n = arith.truncf %y : tensor<?x1x16xf32> to tensor<?x1x16xbf16>
  return %n : tensor<?x1x16xbf16>
}

// CHECK-DAG: cache: 1 form right
func.func @cache(%q: tensor<?x2x16xbf16>, %k: tensor<?x1x16xbf16>, %v: tensor<?x1x32xbf16>, %offsets: tensor<?xi32>) -> tensor<?x2x32xbf16> attributes {check.tolerance = 5.0e-3} {
  %q32 = arith.extf %q : tensor<?x2x16xbf16> to tensor<?x2x16xf32>
  %k32 = arith.extf %k : tensor<?x1x16xbf16> to tensor<?x1x16xf32>
  %v32 = arith.extf %v : tensor<?x1x32xbf16> to tensor<?x1x32xf32>
  %y = strand.attention %q32, %k32, %v32 offsets %offsets {scale = 0.25 : f64}
    : (tensor<?x2x16xf32>, tensor<?x1x16xf32>, tensor<?x1x32xf32>, tensor<?xi32>) -> tensor<?x2x32xf32>
  %n = arith.truncf %y : tensor<?x2x32xf32> to tensor<?x2x32xbf16>
  return %n : tensor<?x2x32xbf16>
}

// Keys and values, and so the states, in bf16.
// CHECK-DAG: ring_bf16: 1 form right
func.func @ring_bf16(%q: tensor<?x2x16xbf16>, %k: tensor<?x1x16xbf16>, %v: tensor<?x1x32xbf16>, %offsets: tensor<?xi32>) -> tensor<?x2x32xbf16> attributes {check.tolerance = 5.0e-3} {
  %q32 = arith.extf %q : tensor<?x2x16xbf16> to tensor<?x2x16xf32>
  %y = strand.attention %q32, %k, %v offsets %offsets {scale = 0.25 : f64, window = 70 : i64}
    : (tensor<?x2x16xf32>, tensor<?x1x16xbf16>, tensor<?x1x32xbf16>, tensor<?xi32>) -> tensor<?x2x32xf32>
  %n = arith.truncf %y : tensor<?x2x32xf32> to tensor<?x2x32xbf16>
  return %n : tensor<?x2x32xbf16>
}

// CHECK-DAG: cache_bf16: 1 form right
func.func @cache_bf16(%q: tensor<?x2x16xbf16>, %k: tensor<?x1x16xbf16>, %v: tensor<?x1x32xbf16>, %offsets: tensor<?xi32>) -> tensor<?x2x32xbf16> attributes {check.tolerance = 5.0e-3} {
  %q32 = arith.extf %q : tensor<?x2x16xbf16> to tensor<?x2x16xf32>
  %y = strand.attention %q32, %k, %v offsets %offsets {scale = 0.25 : f64}
    : (tensor<?x2x16xf32>, tensor<?x1x16xbf16>, tensor<?x1x32xbf16>, tensor<?xi32>) -> tensor<?x2x32xf32>
  %n = arith.truncf %y : tensor<?x2x32xf32> to tensor<?x2x32xbf16>
  return %n : tensor<?x2x32xbf16>
}

// Queries in three parts, keys and values in one.
// CHECK-DAG: mixed: 1 form right
func.func @mixed(%q: tensor<?x2x16xf32>, %k: tensor<?x1x16xbf16>, %v: tensor<?x1x32xbf16>, %offsets: tensor<?xi32>) -> tensor<?x2x32xf32> {
  %y = strand.attention %q, %k, %v offsets %offsets {scale = 0.25 : f64}
    : (tensor<?x2x16xf32>, tensor<?x1x16xbf16>, tensor<?x1x32xbf16>, tensor<?xi32>) -> tensor<?x2x32xf32>
  return %y : tensor<?x2x32xf32>
}
