// Products of single rows with matrices, whose depth the warps of a block share: 4 parts, and 11 with a residual; columns
// that end inside a block, and a depth that has no parts.
// RUN: strand-check %s | FileCheck %s --implicit-check-not=wrong
// RUN: strand-check --lanes --rows=24 %s | FileCheck %s --implicit-check-not=wrong
// RUN: strand-check --lanes --rows=24 --function=four_parts --forms=rows --without-barriers --verbose %s | FileCheck %s --check-prefix=MISSING

// Without the barrier between what warps sum up and what threads add.
// MISSING: block {{[0-9]+}}, thread {{[0-9]+}}: shared memory at {{[0-9]+}}: read here, written by thread
// MISSING: four_parts: form rows: [[ALL:[0-9]+]] of [[ALL]] barriers are missed

#mk = affine_map<(m, n, k) -> (m, k)>
#nk = affine_map<(m, n, k) -> (n, k)>
#kn = affine_map<(m, n, k) -> (k, n)>
#mn = affine_map<(m, n, k) -> (m, n)>

// CHECK-DAG: four_parts: {{[0-9]+}} forms right
func.func @four_parts(%x: tensor<?x256xf32>, %w: tensor<40x256xbf16>, %offsets: tensor<?xi32>) -> tensor<?x40xf32> {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %s = strand.shift %x by 1 offsets %offsets : (tensor<?x256xf32>, tensor<?xi32>) -> tensor<?x256xf32>
  %rows = tensor.dim %x, %c0 : tensor<?x256xf32>
  %e = tensor.empty(%rows) : tensor<?x40xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<?x40xf32>) -> tensor<?x40xf32>
  %y = linalg.generic {indexing_maps = [#mk, #nk, #mn], iterator_types = ["parallel", "parallel", "reduction"]} ins(%s, %w : tensor<?x256xf32>, tensor<40x256xbf16>) outs(%f : tensor<?x40xf32>) {
  ^bb0(%a: f32, %b: bf16, %out: f32):
    %0 = arith.extf %b : bf16 to f32
    %1 = arith.mulf %a, %0 : f32
    %2 = arith.addf %out, %1 : f32
    linalg.yield %2 : f32
  } -> tensor<?x40xf32>
  return %y : tensor<?x40xf32>
}

// CHECK-DAG: eleven_parts: {{[0-9]+}} forms right
func.func @eleven_parts(%x: tensor<?x704xf32>, %w: tensor<704x16xf32>, %r: tensor<?x16xf32>, %offsets: tensor<?xi32>) -> tensor<?x16xf32> {
  %s = strand.shift %x by 2 offsets %offsets : (tensor<?x704xf32>, tensor<?xi32>) -> tensor<?x704xf32>
  %y = linalg.generic {indexing_maps = [#mk, #kn, #mn], iterator_types = ["parallel", "parallel", "reduction"]} ins(%s, %w : tensor<?x704xf32>, tensor<704x16xf32>) outs(%r : tensor<?x16xf32>) {
  ^bb0(%a: f32, %b: f32, %out: f32):
    %1 = arith.mulf %a, %b : f32
    %2 = arith.addf %out, %1 : f32
    linalg.yield %2 : f32
  } -> tensor<?x16xf32>
  return %y : tensor<?x16xf32>
}

// CHECK-DAG: no_parts: {{[0-9]+}} forms right
func.func @no_parts(%x: tensor<?x150xf32>, %w: tensor<16x150xf32>, %r: tensor<?x16xf32>, %offsets: tensor<?xi32>) -> tensor<?x16xf32> {
  %s = strand.shift %x by 1 offsets %offsets : (tensor<?x150xf32>, tensor<?xi32>) -> tensor<?x150xf32>
  %y = linalg.generic {indexing_maps = [#mk, #nk, #mn], iterator_types = ["parallel", "parallel", "reduction"]} ins(%s, %w : tensor<?x150xf32>, tensor<16x150xf32>) outs(%r : tensor<?x16xf32>) {
  ^bb0(%a: f32, %b: f32, %out: f32):
    %1 = arith.mulf %a, %b : f32
    %2 = arith.addf %out, %1 : f32
    linalg.yield %2 : f32
  } -> tensor<?x16xf32>
  return %y : tensor<?x16xf32>
}
