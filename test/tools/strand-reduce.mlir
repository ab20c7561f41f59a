// A module of ops of the dialect is made as small as what is looked for allows: of three functions the one is left that
// the test script asks for.
// RUN: printf '#!/bin/sh\nstrand-opt "$1" | grep -q strand.linear_recurrence && exit 1\nexit 0\n' > %t.sh && chmod +x %t.sh
// RUN: strand-reduce %s -reduction-tree="traversal-mode=0 test=%t.sh" | FileCheck %s

// CHECK-NOT:     @innocent
// CHECK:         func.func @guilty(
// CHECK:           strand.shift
// CHECK:           strand.linear_recurrence
// CHECK-NOT:     @bystander
#td = affine_map<(t, d) -> (t, d)>
func.func @innocent(%x: tensor<?x8xf32>, %offsets: tensor<?xi32>) -> tensor<?x8xf32> {
  %y = strand.shift %x by 1 offsets %offsets : (tensor<?x8xf32>, tensor<?xi32>) -> tensor<?x8xf32>
  return %y : tensor<?x8xf32>
}
func.func @guilty(%x: tensor<?x8xf32>, %offsets: tensor<?xi32>) -> tensor<?x8xf32> {
  %a = math.exp %x : tensor<?x8xf32>
  %b = strand.shift %a by 2 offsets %offsets : (tensor<?x8xf32>, tensor<?xi32>) -> tensor<?x8xf32>
  %c = strand.linear_recurrence decay(%b) input(%a) offsets %offsets {indexing_maps = [#td, #td, #td]}
      : (tensor<?x8xf32>, tensor<?x8xf32>, tensor<?xi32>) -> tensor<?x8xf32>
  %d = math.absf %c : tensor<?x8xf32>
  return %d : tensor<?x8xf32>
}
func.func @bystander(%x: tensor<?x8xf32>) -> tensor<?x8xf32> {
  return %x : tensor<?x8xf32>
}
