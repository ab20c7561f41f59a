// Products of rows with matrices of all types, that fill tiles or do not: all forms against their meaning in f64. The same by the
// kernels of a GPU, and by the code of a GPU, whose products are sums of products of parts in bf16, in the lane emulator.
// RUN: strand-check %s | FileCheck %s --implicit-check-not=wrong
// RUN: strand-check --kernels %s | FileCheck %s --implicit-check-not=wrong
// RUN: strand-check --lanes --rows=80 --forms=whole,packed %s | FileCheck %s --implicit-check-not=wrong --check-prefix=LANES
// RUN: strand-check --lanes --rows=80 --function=bf16 --forms=whole --without-barriers --verbose %s | FileCheck %s --check-prefix=MISSING

// Any of the barriers around a stage left out: it is filled while others read it, or read before it is full.
// MISSING: block {{[0-9]+}}, thread {{[0-9]+}}: shared memory at {{[0-9]+}}: {{read here, written by|written here, read by}} thread
// MISSING: bf16: form whole: [[ALL:[0-9]+]] of [[ALL]] barriers are missed

#mk = affine_map<(m, n, k) -> (m, k)>
#nk = affine_map<(m, n, k) -> (n, k)>
#mn = affine_map<(m, n, k) -> (m, n)>
#rc = affine_map<(m, n) -> (m, n)>

// Columns that end inside a tile, a depth that ends inside a step.
// CHECK-DAG: bf16: {{[0-9]+}} forms right
// LANES-DAG: bf16: 2 forms right
func.func @bf16(%x: tensor<?x72xf32>, %w: tensor<147x72xbf16>, %offsets: tensor<?xi32> {check.kind = "offsets"}) -> tensor<?x147xf32> {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %rows = tensor.dim %x, %c0 : tensor<?x72xf32>
  %e = tensor.empty(%rows) : tensor<?x147xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<?x147xf32>) -> tensor<?x147xf32>
  %y = linalg.generic {indexing_maps = [#mk, #nk, #mn], iterator_types = ["parallel", "parallel", "reduction"]} ins(%x, %w : tensor<?x72xf32>, tensor<147x72xbf16>) outs(%f : tensor<?x147xf32>) {
  ^bb0(%a: f32, %b: bf16, %out: f32):
    %0 = arith.extf %b : bf16 to f32
    %1 = arith.mulf %a, %0 : f32
    %2 = arith.addf %out, %1 : f32
    linalg.yield %2 : f32
  } -> tensor<?x147xf32>
  return %y : tensor<?x147xf32>
}

// Whole steps of the depth: five of them.
// CHECK-DAG: steps: {{[0-9]+}} forms right
// LANES-DAG: steps: 2 forms right
func.func @steps(%x: tensor<?x160xf32>, %w: tensor<80x160xbf16>, %offsets: tensor<?xi32> {check.kind = "offsets"}) -> tensor<?x80xf32> {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %rows = tensor.dim %x, %c0 : tensor<?x160xf32>
  %e = tensor.empty(%rows) : tensor<?x80xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<?x80xf32>) -> tensor<?x80xf32>
  %y = linalg.generic {indexing_maps = [#mk, #nk, #mn], iterator_types = ["parallel", "parallel", "reduction"]} ins(%x, %w : tensor<?x160xf32>, tensor<80x160xbf16>) outs(%f : tensor<?x80xf32>) {
  ^bb0(%a: f32, %b: bf16, %out: f32):
    %0 = arith.extf %b : bf16 to f32
    %1 = arith.mulf %a, %0 : f32
    %2 = arith.addf %out, %1 : f32
    linalg.yield %2 : f32
  } -> tensor<?x80xf32>
  return %y : tensor<?x80xf32>
}

// Six products of parts; several steps of the depth; what is summed up begins at a residual.
// CHECK-DAG: f32: {{[0-9]+}} forms right
// LANES-DAG: f32: 2 forms right
func.func @f32(%x: tensor<?x96xf32>, %w: tensor<64x96xf32>, %r: tensor<?x64xf32>, %offsets: tensor<?xi32> {check.kind = "offsets"}) -> tensor<?x64xf32> {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %rows = tensor.dim %x, %c0 : tensor<?x96xf32>
  %e = tensor.empty(%rows) : tensor<?x64xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<?x64xf32>) -> tensor<?x64xf32>
  %p = linalg.generic {indexing_maps = [#mk, #nk, #mn], iterator_types = ["parallel", "parallel", "reduction"]} ins(%x, %w : tensor<?x96xf32>, tensor<64x96xf32>) outs(%f : tensor<?x64xf32>) {
  ^bb0(%a: f32, %b: f32, %out: f32):
    %1 = arith.mulf %a, %b : f32
    %2 = arith.addf %out, %1 : f32
    linalg.yield %2 : f32
  } -> tensor<?x64xf32>
  %y = linalg.generic {indexing_maps = [#rc, #rc, #rc], iterator_types = ["parallel", "parallel"]} ins(%r, %p : tensor<?x64xf32>, tensor<?x64xf32>) outs(%e : tensor<?x64xf32>) {
  ^bb0(%a: f32, %b: f32, %out: f32):
    %1 = arith.addf %a, %b : f32
    linalg.yield %1 : f32
  } -> tensor<?x64xf32>
  return %y : tensor<?x64xf32>
}

// f16 is two parts; lines of 18 elements begin where no wide load can.
// CHECK-DAG: f16: {{[0-9]+}} forms right
// LANES-DAG: f16: 2 forms right
func.func @f16(%x: tensor<?x18xf32>, %w: tensor<16x18xf16>, %offsets: tensor<?xi32> {check.kind = "offsets"}) -> tensor<?x16xf32> {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %rows = tensor.dim %x, %c0 : tensor<?x18xf32>
  %e = tensor.empty(%rows) : tensor<?x16xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<?x16xf32>) -> tensor<?x16xf32>
  %y = linalg.generic {indexing_maps = [#mk, #nk, #mn], iterator_types = ["parallel", "parallel", "reduction"]} ins(%x, %w : tensor<?x18xf32>, tensor<16x18xf16>) outs(%f : tensor<?x16xf32>) {
  ^bb0(%a: f32, %b: f16, %out: f32):
    %0 = arith.extf %b : f16 to f32
    %1 = arith.mulf %a, %0 : f32
    %2 = arith.addf %out, %1 : f32
    linalg.yield %2 : f32
  } -> tensor<?x16xf32>
  return %y : tensor<?x16xf32>
}
