// Steps of attention: parts of a cache or ring for blocks of their own, each by warps that go through rows by themselves.
// RUN: strand-check --lanes --rows=40 --forms=rows,churn %s | FileCheck %s --implicit-check-not=wrong

// Parts, of a cache and of a ring.
// RUN: strand-check --lanes --seed=2 --rows=330 --forms=rows --function=of_one_key %s | FileCheck %s --check-prefix=ONE
// RUN: strand-check --lanes --seed=2 --rows=330 --forms=rows --function=each_its_key %s | FileCheck %s --check-prefix=ONE
// RUN: strand-check --lanes --rows=20 --forms=rows --function=ring_300 %s | FileCheck %s --check-prefix=ONE

// What warps have come to is read behind a barrier, of a part (the second kernel) as of all.
// RUN: strand-check --lanes --rows=20 --forms=rows --function=parts_of_ring --without-barriers --verbose %s | FileCheck %s --check-prefix=PARTS
// RUN: strand-check --lanes --rows=20 --forms=rows --function=each_its_key --without-barriers --verbose %s | FileCheck %s --check-prefix=BARRIERS
// PARTS: of k1_parts_of_ring: {{.*}}: read here, written by thread {{[0-9]+}} since the last barrier
// BARRIERS: of k3_each_its_key: {{.*}}: read here, written by thread {{[0-9]+}} since the last barrier

// The same kernels as loops of the CPU.
// RUN: strand-check --kernels --rows=330 --forms=rows,churn --function=each_its_key %s | FileCheck %s --check-prefix=TWO
// RUN: strand-check --kernels --rows=100 --forms=rows,churn --function=ring_300 %s | FileCheck %s --check-prefix=TWO

// ONE: 1 form right
// TWO: 2 forms right

// Lanes share rows in f32, and in bf16 as soon as queries are not rounded.
// CHECK-DAG: each_its_key: 2 forms right
func.func @each_its_key(%q: tensor<?x3x24xf32>, %k: tensor<?x3x24xf32>, %v: tensor<?x3x40xf32>, %offsets: tensor<?xi32>) -> (tensor<?x3x40xf32>, tensor<?x3xf32>) {
  %y, %l = strand.attention %q, %k, %v offsets %offsets {scale = 0.2 : f64, lse}
    : (tensor<?x3x24xf32>, tensor<?x3x24xf32>, tensor<?x3x40xf32>, tensor<?xi32>) -> (tensor<?x3x40xf32>, tensor<?x3xf32>)
  return %y, %l : tensor<?x3x40xf32>, tensor<?x3xf32>
}

// CHECK-DAG: not_rounded: 2 forms right
func.func @not_rounded(%q: tensor<?x4x16xf32>, %k: tensor<?x2x16xbf16>, %v: tensor<?x2x64xbf16>, %offsets: tensor<?xi32>) -> tensor<?x4x64xf32> {
  %y = strand.attention %q, %k, %v offsets %offsets {scale = 0.25 : f64}
    : (tensor<?x4x16xf32>, tensor<?x2x16xbf16>, tensor<?x2x64xbf16>, tensor<?xi32>) -> tensor<?x4x64xf32>
  return %y : tensor<?x4x64xf32>
}

// Tensor cores, with queries in half of an instruction and in both.
// CHECK-DAG: few_heads: 2 forms right
func.func @few_heads(%q: tensor<?x6x48xbf16>, %k: tensor<?x2x48xbf16>, %v: tensor<?x2x16xbf16>, %offsets: tensor<?xi32>) -> (tensor<?x6x16xf32>, tensor<?x6xf32>) attributes {check.tolerance = 5.0e-3} {
  %q32 = arith.extf %q : tensor<?x6x48xbf16> to tensor<?x6x48xf32>
  %y, %l = strand.attention %q32, %k, %v offsets %offsets {scale = 0.25 : f64, lse}
    : (tensor<?x6x48xf32>, tensor<?x2x48xbf16>, tensor<?x2x16xbf16>, tensor<?xi32>) -> (tensor<?x6x16xf32>, tensor<?x6xf32>)
  return %y, %l : tensor<?x6x16xf32>, tensor<?x6xf32>
}

// CHECK-DAG: of_one_key: 2 forms right
func.func @of_one_key(%q: tensor<?x10x32xbf16>, %k: tensor<?x1x32xbf16>, %v: tensor<?x1x32xbf16>, %offsets: tensor<?xi32>) -> (tensor<?x10x32xf32>, tensor<?x10xf32>) attributes {check.tolerance = 5.0e-3} {
  %q32 = arith.extf %q : tensor<?x10x32xbf16> to tensor<?x10x32xf32>
  %y, %l = strand.attention %q32, %k, %v offsets %offsets {scale = 0.25 : f64, lse}
    : (tensor<?x10x32xf32>, tensor<?x1x32xbf16>, tensor<?x1x32xbf16>, tensor<?xi32>) -> (tensor<?x10x32xf32>, tensor<?x10xf32>)
  return %y, %l : tensor<?x10x32xf32>, tensor<?x10xf32>
}

// More heads than registers have room for are several blocks; a part of the ring is not full yet.
// CHECK-DAG: ring_300: 2 forms right
func.func @ring_300(%q: tensor<?x10x256xbf16>, %k: tensor<?x1x256xbf16>, %v: tensor<?x1x256xbf16>, %offsets: tensor<?xi32>) -> tensor<?x10x256xbf16> attributes {check.tolerance = 5.0e-3} {
  %q32 = arith.extf %q : tensor<?x10x256xbf16> to tensor<?x10x256xf32>
  %y = strand.attention %q32, %k, %v offsets %offsets {scale = 0.0625 : f64, window = 300 : i64}
    : (tensor<?x10x256xf32>, tensor<?x1x256xbf16>, tensor<?x1x256xbf16>, tensor<?xi32>) -> tensor<?x10x256xf32>
  %n = arith.truncf %y : tensor<?x10x256xf32> to tensor<?x10x256xbf16>
  return %n : tensor<?x10x256xbf16>
}

// CHECK-DAG: parts_of_ring: 2 forms right
func.func @parts_of_ring(%q: tensor<?x4x16xbf16>, %k: tensor<?x2x16xbf16>, %v: tensor<?x2x16xbf16>, %offsets: tensor<?xi32>) -> tensor<?x4x16xf32> attributes {check.tolerance = 5.0e-3} {
  %q32 = arith.extf %q : tensor<?x4x16xbf16> to tensor<?x4x16xf32>
  %y = strand.attention %q32, %k, %v offsets %offsets {scale = 0.25 : f64, window = 300 : i64}
    : (tensor<?x4x16xf32>, tensor<?x2x16xbf16>, tensor<?x2x16xbf16>, tensor<?xi32>) -> tensor<?x4x16xf32>
  return %y : tensor<?x4x16xf32>
}

// A window that begins anew.
// CHECK-DAG: ring_17: 2 forms right
func.func @ring_17(%q: tensor<?x2x16xbf16>, %k: tensor<?x1x16xbf16>, %v: tensor<?x1x16xbf16>, %offsets: tensor<?xi32>) -> tensor<?x2x16xf32> attributes {check.tolerance = 5.0e-3} {
  %q32 = arith.extf %q : tensor<?x2x16xbf16> to tensor<?x2x16xf32>
  %y = strand.attention %q32, %k, %v offsets %offsets {scale = 0.25 : f64, window = 17 : i64}
    : (tensor<?x2x16xf32>, tensor<?x1x16xbf16>, tensor<?x1x16xbf16>, tensor<?xi32>) -> tensor<?x2x16xf32>
  return %y : tensor<?x2x16xf32>
}
