// Weights in a file beside the program are found there, or where the environment says; another model's are refused.
// RUN: rm -rf %t && mkdir %t && cd %t
// RUN: %python %S/Inputs/safetensors.py w.safetensors table:BF16:8x4 bias:F32:4
// RUN: strandc %S/link.mlir --weights=w.safetensors --cpu=x86-64-v2 -o embedded
// RUN: strandc %S/link.mlir --weights=w.safetensors --cpu=x86-64-v2 --weight-storage=external --prefix=other -o external
// RUN: ls | FileCheck %s --check-prefix=FILES
// RUN: ./embedded generate --tokens 1,2 --max-tokens 4 > embedded.txt
// RUN: ./external generate --tokens 1,2 --max-tokens 4 > external.txt && cmp embedded.txt external.txt
// RUN: mv external.weights elsewhere && not ./external generate --tokens 1 2>&1 | FileCheck %s
// RUN: env STRAND_WEIGHTS=elsewhere ./external generate --tokens 1,2 --max-tokens 4 > external.txt && cmp embedded.txt external.txt
// RUN: not env STRAND_WEIGHTS=w.safetensors ./external generate --tokens 1 2>&1 | FileCheck %s --check-prefix=OTHER

// FILES: embedded{{$}}
// FILES-NEXT: external{{$}}
// FILES-NEXT: external.weights
// CHECK: error: cannot open the weights {{.*}}external.weights: No such file or directory
// OTHER: error: w.safetensors has {{[0-9]+}} bytes; the weights of this model have 128, so it is the file of another
