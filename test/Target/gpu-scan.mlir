// What a scan is on a GPU: a thread has the loads of 16 rows of both inputs under way before it goes on, reads each of them
// once, and stores what is made of its rows in the type that is wanted. Nothing spills.
// RUN: strandc %s --form=chunk --target=nvptx --emit=ptx -o %t.ptx && FileCheck %s < %t.ptx
// RUN: %python %S/Inputs/ptxas.py sm_90a %t.ptx | FileCheck %s --check-prefix=BUDGET
// RUN: strandc %s --target=nvptx --emit=ptx -o %t.all.ptx && FileCheck %s --check-prefix=SPANS < %t.all.ptx
// RUN: %python %S/Inputs/ptxas.py sm_90a %t.all.ptx | FileCheck %s --check-prefix=BUDGET
// BUDGET: {{0 spills|ptxas is not installed: skipped}}

// In spans: the summaries of 8 spans are under way before states are joined.
// SPANS:         .visible .entry k1_f_entry
// SPANS:         ld.global.b32 {{.*}}+1792]
// SPANS-NEXT:    ld.global.b32 {{.*}}+1792]
// SPANS-NOT:     ld.global
// SPANS-COUNT-8: st.global.b32
// SPANS:         .visible .entry k2_f_entry
// SPANS:         .visible .entry k3_f_entry
// SPANS-NOT:     .visible .entry

#td = affine_map<(t, d) -> (t, d)>
// CHECK:         .visible .entry k0_f_entry
// CHECK:         .maxntid 256
// The blocks of code that follow each other stand in another order: outputs, summaries.
// CHECK:         bar.sync
// CHECK:         bar.sync
// CHECK-NOT:     {{ld.global|ex2.approx}}
// CHECK-COUNT-16: cvt.rn.bf16.f32
// CHECK:         bar.sync
// CHECK-COUNT-2: prefetch.L2
// CHECK-COUNT-32: ld.global.b16
// CHECK-NOT:     ld.global
// CHECK-COUNT-16: ex2.approx.ftz.f32
// CHECK:         bar.sync
func.func private @f.entry(%g: tensor<?x64xbf16> {strand.rows, bufferization.writable = false}, %x: tensor<?x64xbf16> {strand.rows, bufferization.writable = false},
    %offsets: tensor<?xi32> {strand.input = "offsets", bufferization.writable = false}, %out: tensor<?x64xbf16> {strand.rows})
    -> tensor<?x64xbf16> attributes {strand.entry = "f", strand.whole} {
  %a = arith.extf %g : tensor<?x64xbf16> to tensor<?x64xf32>
  %b = arith.extf %x : tensor<?x64xbf16> to tensor<?x64xf32>
  %y = strand.linear_recurrence decay(%a) input(%b) offsets %offsets {log, indexing_maps = [#td, #td, #td]}
      : (tensor<?x64xf32>, tensor<?x64xf32>, tensor<?xi32>) -> tensor<?x64xf32>
  %n = arith.truncf %y : tensor<?x64xf32> to tensor<?x64xbf16>
  %r = bufferization.materialize_in_destination %n in %out : (tensor<?x64xbf16>, tensor<?x64xbf16>) -> tensor<?x64xbf16>
  return %r : tensor<?x64xbf16>
}
