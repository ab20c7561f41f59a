// Few rows over a long cache, parts of which blocks see; and rows that whole tiles leave, of sequences of every length.
// RUN: strand-check --lanes --rows=1400 --forms=batch --function=parts %s | FileCheck %s --check-prefix=ONE
// RUN: strand-check --lanes --gpu-arch=sm_80 --rows=1300 --forms=cut --function=parts %s | FileCheck %s --check-prefix=ONE
// RUN: strand-check --lanes --rows=1400 --forms=state --function=parts --without-fences --verbose %s | FileCheck %s --check-prefix=FENCES
// RUN: strand-check --lanes --rows=260 --trials=5 --forms=whole,packed --function=tails %s | FileCheck %s --check-prefix=TWO
// RUN: strand-check --lanes --gpu-arch=sm_80 --rows=260 --trials=2 --forms=packed --function=tails %s | FileCheck %s --check-prefix=ONE
// RUN: strand-check --lanes --rows=700 --forms=packed --function=wide %s | FileCheck %s --check-prefix=ONE
// RUN: strand-check --lanes --rows=300 --forms=cut --function=parts --without-fences --verbose %s | FileCheck %s --check-prefix=FEW
// ONE: 1 form right
// TWO: 2 forms right

// FEW: of k1_parts: {{.*}}: uses sums of a product that have not been waited for
// FEW: parts: form cut: 44 of 46 fences and waits are missed

// The kernel of parts is the fourth, behind those of calls of fewer rows than a tile, of which the second has the tiles.
// FENCES: without fence.proxy.async {{[0-9]+}} of k3_parts: {{.*}}: a copy writes it, read by thread {{[0-9]+}} with no fence.proxy.async between that and a barrier
// FENCES: parts: form state: [[ALL:[0-9]+]] of [[ALL]] fences and waits are missed{{$}}

func.func @parts(%q: tensor<?x2x16xbf16>, %k: tensor<?x1x16xbf16>, %v: tensor<?x1x32xbf16>, %offsets: tensor<?xi32>) -> (tensor<?x2x32xbf16>, tensor<?x2xf32>) attributes {check.tolerance = 5.0e-3} {
  %q32 = arith.extf %q : tensor<?x2x16xbf16> to tensor<?x2x16xf32>
  %k32 = arith.extf %k : tensor<?x1x16xbf16> to tensor<?x1x16xf32>
  %v32 = arith.extf %v : tensor<?x1x32xbf16> to tensor<?x1x32xf32>
  %y, %l = strand.attention %q32, %k32, %v32 offsets %offsets {scale = 0.25 : f64, lse}
    : (tensor<?x2x16xf32>, tensor<?x1x16xf32>, tensor<?x1x32xf32>, tensor<?xi32>) -> (tensor<?x2x32xf32>, tensor<?x2xf32>)
  %n = arith.truncf %y : tensor<?x2x32xf32> to tensor<?x2x32xbf16>
  return %n, %l : tensor<?x2x32xbf16>, tensor<?x2xf32>
}

// With a result in f32 that nobody reads on the way, and the second one.
func.func @tails(%q: tensor<?x1x16xbf16>, %k: tensor<?x1x16xbf16>, %v: tensor<?x1x16xbf16>, %offsets: tensor<?xi32>) -> (tensor<?x1x16xf32>, tensor<?x1xf32>) attributes {check.tolerance = 5.0e-3} {
  %q32 = arith.extf %q : tensor<?x1x16xbf16> to tensor<?x1x16xf32>
  %k32 = arith.extf %k : tensor<?x1x16xbf16> to tensor<?x1x16xf32>
  %v32 = arith.extf %v : tensor<?x1x16xbf16> to tensor<?x1x16xf32>
  %y, %l = strand.attention %q32, %k32, %v32 offsets %offsets {scale = 0.25 : f64, lse}
    : (tensor<?x1x16xf32>, tensor<?x1x16xf32>, tensor<?x1x16xf32>, tensor<?xi32>) -> (tensor<?x1x16xf32>, tensor<?x1xf32>)
  return %y, %l : tensor<?x1x16xf32>, tensor<?x1xf32>
}

// A window that ends within tiles.
func.func @wide(%q: tensor<?x1x16xbf16>, %k: tensor<?x1x16xbf16>, %v: tensor<?x1x16xbf16>, %offsets: tensor<?xi32>) -> tensor<?x1x16xbf16> attributes {check.tolerance = 5.0e-3} {
  %q32 = arith.extf %q : tensor<?x1x16xbf16> to tensor<?x1x16xf32>
  %k32 = arith.extf %k : tensor<?x1x16xbf16> to tensor<?x1x16xf32>
  %v32 = arith.extf %v : tensor<?x1x16xbf16> to tensor<?x1x16xf32>
  %y = strand.attention %q32, %k32, %v32 offsets %offsets {scale = 0.25 : f64, window = 100 : i64}
    : (tensor<?x1x16xf32>, tensor<?x1x16xf32>, tensor<?x1x16xf32>, tensor<?xi32>) -> tensor<?x1x16xf32>
  %n = arith.truncf %y : tensor<?x1x16xf32> to tensor<?x1x16xbf16>
  return %n : tensor<?x1x16xbf16>
}
