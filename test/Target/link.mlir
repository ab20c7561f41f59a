// A program, a shared library and a static one around a model that adds a bias to a row of its table.
// RUN: rm -rf %t && mkdir -p %t/rt && cd %t
// RUN: %cc -O1 -fPIC -mcmodel=medium -I%strand_include -c %S/Inputs/main.c -o main.o && llvm-ar rcs rt/libstrand_main.a main.o
// RUN: %cc -O1 -fPIC -I%strand_include -c %S/Inputs/rt.c -o rt.o && llvm-ar rcs rt/libstrand_rt.a rt.o
// RUN: %python %S/Inputs/safetensors.py w.safetensors table:BF16:8x4 bias:F32:4
// RUN: strandc %s --weights=w.safetensors --cpu=x86-64-v2 --runtime-dir=rt -o program --report=report.json
// RUN: ./program | FileCheck %s
// RUN: FileCheck %s --check-prefix=REPORT < report.json
// RUN: strandc %s --weights=w.safetensors --cpu=x86-64-v2 --runtime-dir=rt --prefix=other -o renamed && ./renamed | FileCheck %s
// RUN: strandc %s --weights=w.safetensors --cpu=x86-64-v2 --emit=static -o model.a
// RUN: %cc main.o model.a rt.o -o by_hand && ./by_hand | FileCheck %s
// RUN: strandc %s --weights=w.safetensors --cpu=x86-64-v2 --emit=obj -o model.o
// RUN: %cc main.o model.o rt.o -o by_hand && ./by_hand | FileCheck %s
// RUN: strandc %s --weights=w.safetensors --runtime-dir=rt --emit=shared -o model.so
// RUN: llvm-nm -D --defined-only model.so | FileCheck %s --check-prefix=SHARED
// RUN: strandc %s --emit=header --prefix=other > other.h
// RUN: FileCheck %s --check-prefix=HEADER < other.h
// RUN: %cc -I%strand_include -Wall -Werror -fsyntax-only -x c other.h
// RUN: ls | FileCheck %s --check-prefix=FILES

// CHECK: hash of 64 digits, family '', needs 'popcnt,sse4.2,sse4.1,ssse3,sse3', report {"ops":[{"form":"gather"
// CHECK-NEXT: 128 bytes of weights, at a huge page: 1
// CHECK-NEXT: status 0, logits -5.5 -4

// REPORT-DAG: "hash": "{{[0-9a-f]+}}"
// REPORT-DAG: "cpu": "x86-64-v2"
// REPORT-DAG: "step": "machine code"
// REPORT-DAG: "form": "gather"
// REPORT-DAG: "weight_bytes": 128

// SHARED-DAG: T m_advance
// SHARED-DAG: D m_schema
// SHARED-DAG: T m_sizes
// SHARED-DAG: R m_weights
// SHARED-DAG: T strand_rt_check

// HEADER: 2 weights of 128 bytes together, 4 logits a row
// HEADER: extern const strand_schema other_schema;

// FILES-NOT: tmp
#row = affine_map<(r, d) -> (r, d)>
#perrow = affine_map<(r, d) -> (r)>
#chan = affine_map<(r, d) -> (d)>
module {
  func.func private @advance(%tokens: tensor<?xi32> {strand.input = "tokens", strand.rows},
      %offsets: tensor<?xi32> {strand.input = "offsets"}, %slots: tensor<?xi32> {strand.input = "slots", strand.sequences},
      %table: tensor<8x4xbf16> {strand.weight = "table"}, %bias: tensor<4xf32> {strand.weight = "bias"},
      %logits: tensor<?x4xf32> {strand.input = "logits"}) -> tensor<?x4xf32>
      attributes {strand.notes = [{op = "table", form = "gather"}]} {
    %x = linalg.generic {indexing_maps = [#perrow, #chan, #row], iterator_types = ["parallel", "parallel"]}
        ins(%tokens, %bias : tensor<?xi32>, tensor<4xf32>) outs(%logits : tensor<?x4xf32>) {
      ^bb0(%id: i32, %b: f32, %o: f32):
        %k = arith.index_cast %id : i32 to index
        %d = linalg.index 1 : index
        %v = tensor.extract %table[%k, %d] : tensor<8x4xbf16>
        %w = arith.extf %v : bf16 to f32
        %s = arith.addf %w, %b : f32
        linalg.yield %s : f32
    } -> tensor<?x4xf32>
    return %x : tensor<?x4xf32>
  }
}
