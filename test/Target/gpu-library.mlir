// A product that a library may do, compiled for a GPU and called where there is none: a cuBLASLt that computes on the host does
// it from 16 single rows on, of rows that are parts of longer ones; the kernels that would do it otherwise are only asked for.
// UNSUPPORTED: sanitized
// RUN: rm -rf %t && mkdir %t
// RUN: %{compile} -std=c2x -I%source/lib/Runtime -shared -fPIC %source/test/Runtime/Inputs/fake_cuda.c -o %t/libcuda.so.1
// RUN: %{compile} -std=c2x -I%source/lib/Runtime -shared -fPIC %source/test/Runtime/Inputs/fake_cublaslt.c -o %t/libcublasLt.so.13
// RUN: strandc %s --target=nvptx --report --emit=shared -o %t/f.so 2>&1 | FileCheck %s --check-prefix=REPORT
// RUN: env LD_LIBRARY_PATH=%t %python -B %S/Inputs/library_product.py %t/f.so | FileCheck %s
// RUN: env LD_LIBRARY_PATH=%t STRAND_CUBLASLT=off %python -B %S/Inputs/library_product.py %t/f.so | FileCheck %s --check-prefix=OFF --implicit-check-not="start product"
// RUN: strandc %s --target=nvptx --emit=ptx -o %t/f.ptx && %python %S/Inputs/ptxas.py sm_90a %t/f.ptx | FileCheck %s --check-prefix=BUDGET
// BUDGET: {{0 spills|ptxas is not installed: skipped}}

// REPORT: tile.library_product: {{.*}}columns 1024, depth 1024, {{.*}}form library, or own kernels, from_rows 16,
// CHECK:      15 rows
// CHECK-NOT:  product
// CHECK:      start k
// CHECK:      17 rows
// CHECK-NEXT: library starts
// CHECK-NEXT: plan: A bf16 1024 x 1024 by 1024, B bf16 1024 x 17 by 1536, C bf16 1024 x 17 by 1024
// CHECK-NEXT: start product of 17 x 1024 x 1024
// CHECK-NEXT: right
// CHECK-NEXT: library ends, 0 matrices are left
// OFF:        17 rows
// OFF:        start k
// OFF:        not computed

#x = affine_map<(t, n, k) -> (t, k)>
#w = affine_map<(t, n, k) -> (n, k)>
#y = affine_map<(t, n, k) -> (t, n)>
func.func private @f.entry(%long: tensor<?x1536xbf16> {strand.rows, bufferization.writable = false}, %w: tensor<1024x1024xbf16> {bufferization.writable = false},
    %offsets: tensor<?xi32> {strand.input = "offsets", bufferization.writable = false}, %out: tensor<?x1024xbf16> {strand.rows})
    -> tensor<?x1024xbf16> attributes {strand.entry = "f", strand.single_row} {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %n = tensor.dim %long, %c0 : tensor<?x1536xbf16>
  %x = tensor.extract_slice %long[0, 256] [%n, 1024] [1, 1] : tensor<?x1536xbf16> to tensor<?x1024xbf16>
  %e = tensor.empty(%n) : tensor<?x1024xf32>
  %f = linalg.fill ins(%zero : f32) outs(%e : tensor<?x1024xf32>) -> tensor<?x1024xf32>
  %y = linalg.generic {indexing_maps = [#x, #w, #y], iterator_types = ["parallel", "parallel", "reduction"]}
      ins(%x, %w : tensor<?x1024xbf16>, tensor<1024x1024xbf16>) outs(%f : tensor<?x1024xf32>) {
  ^bb0(%a: bf16, %b: bf16, %o: f32):
    %a32 = arith.extf %a : bf16 to f32
    %b32 = arith.extf %b : bf16 to f32
    %m = arith.mulf %a32, %b32 : f32
    %s = arith.addf %o, %m : f32
    linalg.yield %s : f32
  } -> tensor<?x1024xf32>
  %narrow = arith.truncf %y : tensor<?x1024xf32> to tensor<?x1024xbf16>
  %r = bufferization.materialize_in_destination %narrow in %out : (tensor<?x1024xbf16>, tensor<?x1024xbf16>) -> tensor<?x1024xbf16>
  return %r : tensor<?x1024xbf16>
}
