// RUN: strand-opt %s -strand-choice -split-input-file -verify-diagnostics | FileCheck %s

// expected-error @below {{has logits of 268435457 tokens; a device chooses among 268435456 at most}}
func.func private @advance(%logits: memref<?x268435457xf32> {strand.input = "logits"}) {
  return
}

// -----

// No model, nothing to choose.
// CHECK: func.func private @last
// CHECK-NOT: @choose
func.func private @last(%logits: memref<?x3000xf32> {strand.input = "logits"}) {
  return
}
