// The report says of each op on a GPU where its tiles are, and why not in registers; --strict refuses what keeps tiles of rows in
// bf16 in memory. Rules of low rank over rows in f32 have no faster form.
// RUN: rm -rf %t && mkdir %t && cd %t
// RUN: strandc %s --target=nvptx --emit=ptx -o f.ptx --report=r.json --report 2>&1 | FileCheck %s
// RUN: FileCheck %s --check-prefix=JSON < r.json
// RUN: not strandc %s --target=nvptx --emit=ptx -o f.ptx --strict 2>&1 | FileCheck %s --check-prefix=STRICT --implicit-check-not=@kept --implicit-check-not=@wide

// CHECK-DAG: strand.linear_attention: {{.*}}fallback false,{{.*}}function kept,{{.*}}tiles in registers, type
// CHECK-DAG: strand.delta_rule: {{.*}}fallback false,{{.*}}function wide,{{.*}}tiles through memory, tiles_why rows are in f32 where they are multiplied; --rows=bf16 rounds them
// CHECK-DAG: strand.linear_attention: {{.*}}fallback true,{{.*}}function odd,{{.*}}tiles through memory, tiles_why heads of 24 keys and 16 values, which are no multiples of 16
// CHECK-DAG: strand.delta_rule: {{.*}}fallback true,{{.*}}function large,{{.*}}tiles some through memory, tiles_why they take {{[0-9]+}} bytes of shared memory, and a block may take 232448
// CHECK-DAG: linalg.generic: {{.*}}columns 64, depth 128, fallback false, form own kernels, function product, tiles in registers
// CHECK-DAG: linalg.generic: {{.*}}columns 72, depth 64, fallback false, form own kernels, function product, tiles through memory, tiles_why 72 columns and a depth of 64, which are no multiples of 64 and 64
// JSON-DAG: "tiles": "in registers"
// JSON-DAG: "tiles_why": "heads of 24 keys and 16 values, which are no multiples of 16"
// STRICT:      error: --strict: there is no fast form for
// STRICT-DAG: strand.linear_attention of @odd takes the form chunk{{.*}}; its tiles go through memory: heads of 24 keys and 16 values, which are no multiples of 16
// STRICT-DAG: strand.delta_rule of @large takes the form chunk: {{.*}}; its tiles go through memory: they take

func.func private @kept(%q16: tensor<?x2x16xbf16> {strand.rows}, %offsets: tensor<?xi32> {strand.offsets}) -> tensor<?x2x16xf32> {
  %q = arith.extf %q16 : tensor<?x2x16xbf16> to tensor<?x2x16xf32>
  %y = strand.linear_attention %q, %q, %q offsets %offsets : (tensor<?x2x16xf32>, tensor<?x2x16xf32>, tensor<?x2x16xf32>, tensor<?xi32>) -> tensor<?x2x16xf32>
  return %y : tensor<?x2x16xf32>
}
func.func private @wide(%q: tensor<?x2x16xf32> {strand.rows}, %offsets: tensor<?xi32> {strand.offsets}) -> tensor<?x2x16xf32> {
  %y = strand.delta_rule %q, %q, %q low_rank %q, %q offsets %offsets
      : (tensor<?x2x16xf32>, tensor<?x2x16xf32>, tensor<?x2x16xf32>, tensor<?x2x16xf32>, tensor<?x2x16xf32>, tensor<?xi32>) -> tensor<?x2x16xf32>
  return %y : tensor<?x2x16xf32>
}
func.func private @odd(%q16: tensor<?x2x24xbf16> {strand.rows}, %v16: tensor<?x2x16xbf16> {strand.rows}, %offsets: tensor<?xi32> {strand.offsets}) -> tensor<?x2x16xf32> {
  %q = arith.extf %q16 : tensor<?x2x24xbf16> to tensor<?x2x24xf32>
  %v = arith.extf %v16 : tensor<?x2x16xbf16> to tensor<?x2x16xf32>
  %y = strand.linear_attention %q, %q, %v offsets %offsets : (tensor<?x2x24xf32>, tensor<?x2x24xf32>, tensor<?x2x16xf32>, tensor<?xi32>) -> tensor<?x2x16xf32>
  return %y : tensor<?x2x16xf32>
}
func.func private @large(%q16: tensor<?x1x512xbf16> {strand.rows}, %v16: tensor<?x1x16xbf16> {strand.rows}, %gate: tensor<?x1x512xf32> {strand.rows}, %offsets: tensor<?xi32> {strand.offsets}) -> tensor<?x1x16xf32> {
  %q = arith.extf %q16 : tensor<?x1x512xbf16> to tensor<?x1x512xf32>
  %v = arith.extf %v16 : tensor<?x1x16xbf16> to tensor<?x1x16xf32>
  %y = strand.delta_rule %q, %q, %v gate %gate offsets %offsets
      : (tensor<?x1x512xf32>, tensor<?x1x512xf32>, tensor<?x1x16xf32>, tensor<?x1x512xf32>, tensor<?xi32>) -> tensor<?x1x16xf32>
  return %y : tensor<?x1x16xf32>
}
func.func private @product(%x: tensor<?x128xbf16> {strand.rows}, %w: tensor<64x128xbf16>, %z: tensor<?x64xbf16> {strand.rows}, %u: tensor<72x64xbf16>) -> (tensor<?x64xf32>, tensor<?x72xf32>) {
  %first = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %n = tensor.dim %x, %first : tensor<?x128xbf16>
  %empty = tensor.empty(%n) : tensor<?x64xf32>
  %filled = linalg.fill ins(%zero : f32) outs(%empty : tensor<?x64xf32>) -> tensor<?x64xf32>
  %y = linalg.generic {indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>, affine_map<(m, n, k) -> (m, n)>],
      iterator_types = ["parallel", "parallel", "reduction"]} ins(%x, %w : tensor<?x128xbf16>, tensor<64x128xbf16>) outs(%filled : tensor<?x64xf32>) {
  ^bb0(%a: bf16, %b: bf16, %o: f32):
    %a32 = arith.extf %a : bf16 to f32
    %b32 = arith.extf %b : bf16 to f32
    %m = arith.mulf %a32, %b32 : f32
    %s = arith.addf %o, %m : f32
    linalg.yield %s : f32
  } -> tensor<?x64xf32>
  %empty72 = tensor.empty(%n) : tensor<?x72xf32>
  %filled72 = linalg.fill ins(%zero : f32) outs(%empty72 : tensor<?x72xf32>) -> tensor<?x72xf32>
  %y72 = linalg.generic {indexing_maps = [affine_map<(m, n, k) -> (m, k)>, affine_map<(m, n, k) -> (n, k)>, affine_map<(m, n, k) -> (m, n)>],
      iterator_types = ["parallel", "parallel", "reduction"]} ins(%z, %u : tensor<?x64xbf16>, tensor<72x64xbf16>) outs(%filled72 : tensor<?x72xf32>) {
  ^bb0(%a: bf16, %b: bf16, %o: f32):
    %a32 = arith.extf %a : bf16 to f32
    %b32 = arith.extf %b : bf16 to f32
    %m = arith.mulf %a32, %b32 : f32
    %s = arith.addf %o, %m : f32
    linalg.yield %s : f32
  } -> tensor<?x72xf32>
  return %y, %y72 : tensor<?x64xf32>, tensor<?x72xf32>
}
