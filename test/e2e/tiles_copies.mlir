// Copies by the copy engine, with each fault that they may have: a wait that is left out or waits for the other parity, no
// or a wrong number of bytes expected, another swizzle (of rows of 64, 32 and 128 bytes), another stride. All show, in
// numbers or to the emulator.
// RUN: strand-check --lanes --rows=340 --forms=whole --function=wide --wrong-copies --without-barriers --without-fences --wrong-descriptors --verbose %s > %t
// RUN: FileCheck %s < %t
// RUN: strand-check --lanes --rows=80 --forms=packed --function=narrow --wrong-copies %s | FileCheck %s --check-prefix=NARROW
// CHECK: wide: 1 form right
// CHECK-DAG: with a wrong or missing wait for copies {{[0-9]+}} of {{k[01]}}_wide: {{.*}}: read here, brought by a copy that has not been waited for
// CHECK-DAG: with a wrong or missing parity of wait {{[0-9]+}} of k0_wide: {{.*}}: a product reads it, brought by a copy for which thread {{[0-9]+}} has not waited
// CHECK-DAG: with a wrong or missing expectation of copies {{[0-9]+}} of k0_wide: {{.*}}: {{read here, brought by a copy that has not been waited for|a product reads it}}
// CHECK-DAG: with a wrong or missing count of bytes {{[0-9]+}} of k0_wide: {{.*}}: waits for copies that do not come, or for other bytes than they bring
// CHECK-DAG: with a wrong or missing swizzle of copy {{[0-9]+}} of k0_wide: relative RMS error
// CHECK-DAG: with a wrong or missing stride of copy {{[0-9]+}} of k0_wide: relative RMS error
// CHECK: wide: form whole: [[ALL:[0-9]+]] of [[ALL]] faults of copies show
// NARROW: narrow: form packed: [[ALL:[0-9]+]] of [[ALL]] faults of copies show

// What the copy engine may write only behind a barrier, a fence or a wait.
// RUN: FileCheck %s --check-prefix=ORDER < %t
// ORDER-DAG: without barrier {{[0-9]+}} of k0_wide: {{.*}}: a copy writes it, read by thread {{[0-9]+}} since the last barrier
// ORDER-DAG: without fence.proxy.async 11 of k1_wide: {{.*}}: copies to an mbarrier written by thread 0 with no fence.proxy.async between that and a barrier
// ORDER-DAG: without wgmma.wait_group {{[0-9]+}} of k0_wide: {{.*}}: a copy writes it, read by a product that has not been waited for
// ORDER: wide: form whole: [[ALL:[0-9]+]] of [[ALL]] fences and waits are missed{{$}}
// Of short sequences each has tiles of 16 rows if it comes alone, and one of 64 if there are others around it: what one form
// does not come to, the other does.
// RUN: strand-check --lanes --rows=340 --forms=packed --function=wide --without-fences --verbose %s | FileCheck %s --check-prefix=PACKED
// PACKED-DAG: without fence.proxy.async 0 of k1_wide: {{.*}}: copies to an mbarrier written by thread 0 with no fence.proxy.async between that and a barrier
// PACKED: wide: form packed: [[ALL:[0-9]+]] of [[ALL]] fences and waits are missed{{$}}

// Values of 128 channels lie in two panels: the stride from one to the next is a field of descriptors that is read.
// RUN: FileCheck %s --check-prefix=PANELS < %t
// PANELS-DAG: with a wrong stride of panels of product {{[0-9]+}} of k0_wide: {{.*}}{{error|written}}
// PANELS: wide: form whole: [[ALL:[0-9]+]] of [[ALL]] wrong fields of descriptors show

func.func @wide(%q: tensor<?x1x32xbf16>, %k: tensor<?x1x32xbf16>, %v: tensor<?x1x128xbf16>, %offsets: tensor<?xi32>) -> tensor<?x1x128xbf16> attributes {check.tolerance = 5.0e-3} {
  %q32 = arith.extf %q : tensor<?x1x32xbf16> to tensor<?x1x32xf32>
  %k32 = arith.extf %k : tensor<?x1x32xbf16> to tensor<?x1x32xf32>
  %v32 = arith.extf %v : tensor<?x1x128xbf16> to tensor<?x1x128xf32>
  %y = strand.attention %q32, %k32, %v32 offsets %offsets {scale = 0.2 : f64}
    : (tensor<?x1x32xf32>, tensor<?x1x32xf32>, tensor<?x1x128xf32>, tensor<?xi32>) -> tensor<?x1x128xf32>
  %n = arith.truncf %y : tensor<?x1x128xf32> to tensor<?x1x128xbf16>
  return %n : tensor<?x1x128xbf16>
}

func.func @narrow(%q: tensor<?x2x16xbf16>, %k: tensor<?x2x16xbf16>, %v: tensor<?x2x48xbf16>, %offsets: tensor<?xi32>) -> tensor<?x2x48xbf16> attributes {check.tolerance = 5.0e-3} {
  %q32 = arith.extf %q : tensor<?x2x16xbf16> to tensor<?x2x16xf32>
  %k32 = arith.extf %k : tensor<?x2x16xbf16> to tensor<?x2x16xf32>
  %v32 = arith.extf %v : tensor<?x2x48xbf16> to tensor<?x2x48xf32>
  %y = strand.linear_attention %q32, %k32, %v32 offsets %offsets {decay = array<f64: -0.1, -2.0>}
    : (tensor<?x2x16xf32>, tensor<?x2x16xf32>, tensor<?x2x48xf32>, tensor<?xi32>) -> tensor<?x2x48xf32>
  %n = arith.truncf %y : tensor<?x2x48xf32> to tensor<?x2x48xbf16>
  return %n : tensor<?x2x48xbf16>
}
