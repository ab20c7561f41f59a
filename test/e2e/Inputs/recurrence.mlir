// Embedding, two gated linear recurrences that share one layer function, norm, logits; state found by slot.
#row   = affine_map<(r, d) -> (r, d)>
#perrow= affine_map<(r, d) -> (r)>
#chan  = affine_map<(r, d) -> (d)>
#v     = affine_map<(d) -> (d)>

func.func private @rms_norm(%x: tensor<?x64xf32>, %w: tensor<64xf32>) -> tensor<?x64xf32> {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %n = arith.constant 64.0 : f32
  %eps = arith.constant 1.0e-5 : f32
  %rows = tensor.dim %x, %c0 : tensor<?x64xf32>
  %out = tensor.empty(%rows) : tensor<?x64xf32>
  %e = tensor.empty(%rows) : tensor<?xf32>
  %z = linalg.fill ins(%zero : f32) outs(%e : tensor<?xf32>) -> tensor<?xf32>
  %ss = linalg.generic {indexing_maps = [#row, #perrow], iterator_types = ["parallel", "reduction"]}
      ins(%x : tensor<?x64xf32>) outs(%z : tensor<?xf32>) {
    ^bb0(%a: f32, %s: f32):
      %p = arith.mulf %a, %a : f32
      %q = arith.addf %s, %p : f32
      linalg.yield %q : f32
  } -> tensor<?xf32>
  %y = linalg.generic {indexing_maps = [#row, #perrow, #chan, #row], iterator_types = ["parallel", "parallel"]}
      ins(%x, %ss, %w : tensor<?x64xf32>, tensor<?xf32>, tensor<64xf32>) outs(%out : tensor<?x64xf32>) {
    ^bb0(%a: f32, %s: f32, %g: f32, %o: f32):
      %m = arith.divf %s, %n : f32
      %me = arith.addf %m, %eps : f32
      %r = math.rsqrt %me : f32
      %b = arith.mulf %a, %r : f32
      %c = arith.mulf %b, %g : f32
      linalg.yield %c : f32
  } -> tensor<?x64xf32>
  return %y : tensor<?x64xf32>
}

func.func private @layer(%x: tensor<?x64xf32>, %offsets: tensor<?xi32>, %slots: tensor<?xi32>,
    %norm: tensor<64xf32>, %wf: tensor<64x64xf32>, %wi: tensor<64x64xf32>, %wg: tensor<64x64xf32>, %wo: tensor<64x64xf32>,
    %state: tensor<?x64xf32>) -> (tensor<?x64xf32>, tensor<?x64xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %zero = arith.constant 0.0 : f32
  %one = arith.constant 1.0 : f32
  %rows = tensor.dim %x, %c0 : tensor<?x64xf32>
  %seqs = tensor.dim %slots, %c0 : tensor<?xi32>
  %xn = call @rms_norm(%x, %norm) : (tensor<?x64xf32>, tensor<64xf32>) -> tensor<?x64xf32>
  %e1 = tensor.empty(%rows) : tensor<?x64xf32>
  %z1 = linalg.fill ins(%zero : f32) outs(%e1 : tensor<?x64xf32>) -> tensor<?x64xf32>
  %f = linalg.matmul ins(%xn, %wf : tensor<?x64xf32>, tensor<64x64xf32>) outs(%z1 : tensor<?x64xf32>) -> tensor<?x64xf32>
  %e2 = tensor.empty(%rows) : tensor<?x64xf32>
  %z2 = linalg.fill ins(%zero : f32) outs(%e2 : tensor<?x64xf32>) -> tensor<?x64xf32>
  %i = linalg.matmul ins(%xn, %wi : tensor<?x64xf32>, tensor<64x64xf32>) outs(%z2 : tensor<?x64xf32>) -> tensor<?x64xf32>
  %e3 = tensor.empty(%rows) : tensor<?x64xf32>
  %z3 = linalg.fill ins(%zero : f32) outs(%e3 : tensor<?x64xf32>) -> tensor<?x64xf32>
  %g = linalg.matmul ins(%xn, %wg : tensor<?x64xf32>, tensor<64x64xf32>) outs(%z3 : tensor<?x64xf32>) -> tensor<?x64xf32>
  // gates: a = sigmoid(f), b = (1 - a) * silu(i), in place
  %ab:2 = linalg.generic {indexing_maps = [#row, #row], iterator_types = ["parallel", "parallel"]}
      outs(%f, %i : tensor<?x64xf32>, tensor<?x64xf32>) {
    ^bb0(%ff: f32, %ii: f32):
      %nf = arith.negf %ff : f32
      %ef = math.exp %nf : f32
      %df = arith.addf %ef, %one : f32
      %a = arith.divf %one, %df : f32
      %ni = arith.negf %ii : f32
      %ei = math.exp %ni : f32
      %di = arith.addf %ei, %one : f32
      %si = arith.divf %ii, %di : f32
      %na = arith.subf %one, %a : f32
      %b = arith.mulf %na, %si : f32
      linalg.yield %a, %b : f32, f32
  } -> (tensor<?x64xf32>, tensor<?x64xf32>)
  // h = a h + b from each sequence's slot; the rows of h go where b was
  %hs:2 = scf.for %s = %c0 to %seqs step %c1 iter_args(%hrows = %ab#1, %st = %state) -> (tensor<?x64xf32>, tensor<?x64xf32>) {
    %s1 = arith.addi %s, %c1 : index
    %lo32 = tensor.extract %offsets[%s] : tensor<?xi32>
    %hi32 = tensor.extract %offsets[%s1] : tensor<?xi32>
    %slot32 = tensor.extract %slots[%s] : tensor<?xi32>
    %lo = arith.index_cast %lo32 : i32 to index
    %hi = arith.index_cast %hi32 : i32 to index
    %slot = arith.index_cast %slot32 : i32 to index
    %h0 = tensor.extract_slice %st[%slot, 0] [1, 64] [1, 1] : tensor<?x64xf32> to tensor<64xf32>
    %in:2 = scf.for %t = %lo to %hi step %c1 iter_args(%hr = %hrows, %h = %h0) -> (tensor<?x64xf32>, tensor<64xf32>) {
      %at = tensor.extract_slice %ab#0[%t, 0] [1, 64] [1, 1] : tensor<?x64xf32> to tensor<64xf32>
      %bt = tensor.extract_slice %hr[%t, 0] [1, 64] [1, 1] : tensor<?x64xf32> to tensor<64xf32>
      %n:2 = linalg.generic {indexing_maps = [#v, #v, #v], iterator_types = ["parallel"]}
          ins(%at : tensor<64xf32>) outs(%bt, %h : tensor<64xf32>, tensor<64xf32>) {
        ^bb0(%aa: f32, %bb: f32, %hh: f32):
          %p = arith.mulf %aa, %hh : f32
          %q = arith.addf %p, %bb : f32
          linalg.yield %q, %q : f32, f32
      } -> (tensor<64xf32>, tensor<64xf32>)
      %put = tensor.insert_slice %n#0 into %hr[%t, 0] [1, 64] [1, 1] : tensor<64xf32> into tensor<?x64xf32>
      scf.yield %put, %n#1 : tensor<?x64xf32>, tensor<64xf32>
    }
    %back = tensor.insert_slice %in#1 into %st[%slot, 0] [1, 64] [1, 1] : tensor<64xf32> into tensor<?x64xf32>
    scf.yield %in#0, %back : tensor<?x64xf32>, tensor<?x64xf32>
  }
  // output gate h * sigmoid(g), in g's rows
  %y = linalg.generic {indexing_maps = [#row, #row], iterator_types = ["parallel", "parallel"]}
      ins(%hs#0 : tensor<?x64xf32>) outs(%g : tensor<?x64xf32>) {
    ^bb0(%hh: f32, %gg: f32):
      %ng = arith.negf %gg : f32
      %eg = math.exp %ng : f32
      %dg = arith.addf %eg, %one : f32
      %o = arith.divf %hh, %dg : f32
      linalg.yield %o : f32
  } -> tensor<?x64xf32>
  // projection accumulated on the residual: x's own buffer
  %r = linalg.matmul ins(%y, %wo : tensor<?x64xf32>, tensor<64x64xf32>) outs(%x : tensor<?x64xf32>) -> tensor<?x64xf32>
  return %r, %hs#1 : tensor<?x64xf32>, tensor<?x64xf32>
}

func.func private @advance(%tokens: tensor<?xi32> {strand.input = "tokens"}, %offsets: tensor<?xi32> {strand.input = "offsets"}, %slots: tensor<?xi32> {strand.input = "slots"},
    %embed: tensor<256x64xf32> {strand.weight = "embed"},
    %n0: tensor<64xf32> {strand.weight = "layers.0.norm"}, %wf0: tensor<64x64xf32> {strand.weight = "layers.0.wf"}, %wi0: tensor<64x64xf32> {strand.weight = "layers.0.wi"}, %wg0: tensor<64x64xf32> {strand.weight = "layers.0.wg"}, %wo0: tensor<64x64xf32> {strand.weight = "layers.0.wo"},
    %n1: tensor<64xf32> {strand.weight = "layers.1.norm"}, %wf1: tensor<64x64xf32> {strand.weight = "layers.1.wf"}, %wi1: tensor<64x64xf32> {strand.weight = "layers.1.wi"}, %wg1: tensor<64x64xf32> {strand.weight = "layers.1.wg"}, %wo1: tensor<64x64xf32> {strand.weight = "layers.1.wo"},
    %nf: tensor<64xf32> {strand.weight = "norm"}, %head: tensor<64x256xf32> {strand.weight = "head"},
    %s0: tensor<?x64xf32> {strand.state = "layers.0.h"}, %s1: tensor<?x64xf32> {strand.state = "layers.1.h"})
    -> (tensor<?x256xf32>, tensor<?x64xf32>, tensor<?x64xf32>) {
  %c0 = arith.constant 0 : index
  %zero = arith.constant 0.0 : f32
  %rows = tensor.dim %tokens, %c0 : tensor<?xi32>
  %e = tensor.empty(%rows) : tensor<?x64xf32>
  %x = linalg.generic {indexing_maps = [#perrow, #row], iterator_types = ["parallel", "parallel"]}
      ins(%tokens : tensor<?xi32>) outs(%e : tensor<?x64xf32>) {
    ^bb0(%id: i32, %o: f32):
      %k = arith.index_cast %id : i32 to index
      %d = linalg.index 1 : index
      %v = tensor.extract %embed[%k, %d] : tensor<256x64xf32>
      linalg.yield %v : f32
  } -> tensor<?x64xf32>
  %l0:2 = call @layer(%x, %offsets, %slots, %n0, %wf0, %wi0, %wg0, %wo0, %s0) : (tensor<?x64xf32>, tensor<?xi32>, tensor<?xi32>,
     tensor<64xf32>, tensor<64x64xf32>, tensor<64x64xf32>, tensor<64x64xf32>, tensor<64x64xf32>, tensor<?x64xf32>) -> (tensor<?x64xf32>, tensor<?x64xf32>)
  %l1:2 = call @layer(%l0#0, %offsets, %slots, %n1, %wf1, %wi1, %wg1, %wo1, %s1) : (tensor<?x64xf32>, tensor<?xi32>, tensor<?xi32>,
     tensor<64xf32>, tensor<64x64xf32>, tensor<64x64xf32>, tensor<64x64xf32>, tensor<64x64xf32>, tensor<?x64xf32>) -> (tensor<?x64xf32>, tensor<?x64xf32>)
  %xn = call @rms_norm(%l1#0, %nf) : (tensor<?x64xf32>, tensor<64xf32>) -> tensor<?x64xf32>
  %le = tensor.empty(%rows) : tensor<?x256xf32>
  %z = linalg.fill ins(%zero : f32) outs(%le : tensor<?x256xf32>) -> tensor<?x256xf32>
  %lg = linalg.matmul ins(%xn, %head : tensor<?x64xf32>, tensor<64x256xf32>) outs(%z : tensor<?x256xf32>) -> tensor<?x256xf32>
  return %lg, %l0#1, %l1#1 : tensor<?x256xf32>, tensor<?x64xf32>, tensor<?x64xf32>
}
