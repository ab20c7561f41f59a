// Sequences that blocks of threads share, in spans: a long sequence beside short and empty ones. The host knows how many
// rows and sequences there are; numbers between the spans of one sequence and the next have nothing to do.
// RUN: strand-check --kernels --rows=2500 --plain-factor=8 --forms=packed,batch,spans,tree %s | FileCheck %s --implicit-check-not=wrong
// RUN: strand-check --lanes --rows=1200 --forms=spans,tree --function=scan %s | FileCheck %s --check-prefix=LANES --implicit-check-not=wrong
// RUN: strand-check --lanes --rows=1200 --forms=spans --function=scan --without-barriers %s | FileCheck %s --check-prefix=FAULT
// RUN: strand-check --lanes --rows=120 --forms=spans,tree --function=attention %s | FileCheck %s --check-prefix=LANES --implicit-check-not=wrong

// One long sequence alone is worth spans where the form is left to the compiler.
// RUN: strand-check --kernels --rows=6000 --forms=whole --function=scan %s | FileCheck %s --check-prefix=ALONE --implicit-check-not=wrong

// Between the summaries of teams and what is joined of them, at least.
// FAULT: scan: form spans: {{[3-9]}} of {{[0-9]+}} barriers are missed

#td = affine_map<(t, d) -> (t, d)>

// Teams of threads summarise a span and compute it; 48 channels are two blocks.
// CHECK-DAG: scan: 4 forms right
// LANES-DAG: {{scan|attention}}: {{[12]}} form{{s?}} right
// ALONE: scan: 1 form right
func.func @scan(%g: tensor<?x48xf32> {check.kind = "gates"}, %x: tensor<?x48xf32>, %offsets: tensor<?xi32>) -> tensor<?x48xf32> {
  %y = strand.linear_recurrence decay(%g) input(%x) offsets %offsets {log, indexing_maps = [#td, #td, #td]}
      : (tensor<?x48xf32>, tensor<?x48xf32>, tensor<?xi32>) -> tensor<?x48xf32>
  return %y : tensor<?x48xf32>
}

// A matrix for a state, and one number that a span does to it.
// CHECK-DAG: attention: 4 forms right
func.func @attention(%q: tensor<?x2x16xf32>, %k: tensor<?x2x16xf32>, %v: tensor<?x2x24xf32>, %g: tensor<?x2xf32> {check.kind = "gates"},
                     %offsets: tensor<?xi32>) -> tensor<?x2x24xf32> {
  %y = strand.linear_attention %q, %k, %v gate %g offsets %offsets {scale = 0.25 : f64}
      : (tensor<?x2x16xf32>, tensor<?x2x16xf32>, tensor<?x2x24xf32>, tensor<?x2xf32>, tensor<?xi32>) -> tensor<?x2x24xf32>
  return %y : tensor<?x2x24xf32>
}

// A state beside the rows: complex numbers, whose parts join together.
// CHECK-DAG: turning: 4 forms right
func.func @turning(%a: tensor<?x20xf32> {check.kind = "gates"}, %w: tensor<?x20xf32> {check.range = [-3.2, 3.2]}, %x: tensor<?x20xf32>, %offsets: tensor<?xi32>) -> tensor<?x20xf32> {
  %y = strand.complex_recurrence decay(%a) turn(%w) input(%x) offsets %offsets {log, indexing_maps = [#td, #td, #td, #td]}
      : (tensor<?x20xf32>, tensor<?x20xf32>, tensor<?x20xf32>, tensor<?xi32>) -> tensor<?x20xf32>
  return %y : tensor<?x20xf32>
}
