// RUN: strandc %s --emit=asm --cpu=x86-64-v2 | FileCheck %s --check-prefix=V2
// RUN: strandc %s --emit=asm --cpu=x86-64-v3 | FileCheck %s --check-prefix=V3
// RUN: strandc %s --emit=asm --cpu=x86-64-v4 | FileCheck %s --check-prefix=V4
// RUN: strandc %s --emit=asm --cpu=generic --target=aarch64-linux-gnu | FileCheck %s --check-prefix=ARM
// RUN: strandc %s --emit=llvm --cpu=x86-64-v3 | FileCheck %s --check-prefix=IR
// RUN: strandc %s --emit=mlir --cpu=znver2 | FileCheck %s --check-prefix=NAMES
// RUN: not strandc %s --emit=asm --cpu=z80 2>&1 | FileCheck %s --check-prefix=UNKNOWN
// RUN: not strandc %s --emit=asm --cpu=native --target=aarch64-linux-gnu 2>&1 | FileCheck %s --check-prefix=ELSEWHERE
// RUN: not strandc %s --emit=asm --target=pdp11 2>&1 | FileCheck %s --check-prefix=TRIPLE

// V2: mulps {{.*}}%xmm
// V3: vfmadd{{.*}} %ymm
// V4: vfmadd{{.*}} %zmm
// ARM: fmla {{.*}}.4s
// IR: "min-legal-vector-width"="256" "prefer-vector-width"="256" "target-cpu"="x86-64" "target-features"="+fma,+f16c,+avx2,+avx,{{.*}}" "tune-cpu"="generic"
// NAMES: strand.cpu_features = "fma,f16c,avx2,avx,bmi,bmi2,lzcnt,movbe,popcnt,sse4.2,sse4.1,ssse3,sse3"
// UNKNOWN: error: CPU 'z80' is not known
// ELSEWHERE: error: --cpu=native means this machine, which is not a aarch64-unknown-linux-gnu; name a CPU
// TRIPLE: error: target 'pdp11': {{.+}}
func.func @f(%a: vector<16xf32>, %b: vector<16xf32>, %c: vector<16xf32>) -> vector<16xf32> {
  %p = arith.mulf %a, %b : vector<16xf32>
  %q = arith.addf %p, %c : vector<16xf32>
  return %q : vector<16xf32>
}
