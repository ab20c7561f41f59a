// Linear attention over packed rows in the form of expand-chunks: a task for each sequence and head, tiles of 16 rows in
// the task, state S = S + k^T v found by slot, y = q S' (inclusive) by masked products in the tile.
#ik = affine_map<(i, j, k) -> (i, k)>
#jk = affine_map<(i, j, k) -> (j, k)>
#ij = affine_map<(i, j, k) -> (i, j)>
#kj = affine_map<(i, j, k) -> (k, j)>
#ki = affine_map<(i, j, k) -> (k, i)>
#id = affine_map<(i, j) -> (i, j)>
#d3 = affine_map<(i, j, k) -> (i, j, k)>
#tok = affine_map<(i, j, k) -> (i)>

func.func private @attend(%q: tensor<?x4x64xf32>, %k: tensor<?x4x64xf32>, %v: tensor<?x4x64xf32>,
    %offsets: tensor<?xi32>, %slots: tensor<?xi32>, %state: tensor<?x4x64x64xf32>)
    -> (tensor<?x4x64xf32>, tensor<?x4x64x64xf32>) {
  %c0 = arith.constant 0 : index
  %c1 = arith.constant 1 : index
  %c16 = arith.constant 16 : index
  %zero = arith.constant 0.0 : f32
  %rows = tensor.dim %q, %c0 : tensor<?x4x64xf32>
  %seqs = tensor.dim %slots, %c0 : tensor<?xi32>
  %Y = tensor.empty(%rows) : tensor<?x4x64xf32>
  %r:2 = scf.forall (%s, %h) in (%seqs, 4) shared_outs(%y = %Y, %st = %state) -> (tensor<?x4x64xf32>, tensor<?x4x64x64xf32>) {
    %s1 = arith.addi %s, %c1 : index
    %lo32 = tensor.extract %offsets[%s] : tensor<?xi32>
    %hi32 = tensor.extract %offsets[%s1] : tensor<?xi32>
    %slot32 = tensor.extract %slots[%s] : tensor<?xi32>
    %lo = arith.index_cast %lo32 : i32 to index
    %hi = arith.index_cast %hi32 : i32 to index
    %slot = arith.index_cast %slot32 : i32 to index
    %n = arith.subi %hi, %lo : index
    %slab = tensor.extract_slice %y[%lo, %h, 0] [%n, 1, 64] [1, 1, 1] : tensor<?x4x64xf32> to tensor<?x64xf32>
    %S0 = tensor.extract_slice %st[%slot, %h, 0, 0] [1, 1, 64, 64] [1, 1, 1, 1] : tensor<?x4x64x64xf32> to tensor<64x64xf32>
    %t:2 = scf.for %at = %c0 to %n step %c16 iter_args(%yy = %slab, %S = %S0) -> (tensor<?x64xf32>, tensor<64x64xf32>) {
      %left = arith.subi %n, %at : index
      %m = arith.minsi %left, %c16 : index
      %row = arith.addi %lo, %at : index
      %qt = tensor.extract_slice %q[%row, %h, 0] [%m, 1, 64] [1, 1, 1] : tensor<?x4x64xf32> to tensor<?x64xf32>
      %kt = tensor.extract_slice %k[%row, %h, 0] [%m, 1, 64] [1, 1, 1] : tensor<?x4x64xf32> to tensor<?x64xf32>
      %vt = tensor.extract_slice %v[%row, %h, 0] [%m, 1, 64] [1, 1, 1] : tensor<?x4x64xf32> to tensor<?x64xf32>
      // static temporary of the tile, zero behind the sequence's end
      %pe = tensor.empty() : tensor<16x64xf32>
      %pz = linalg.fill ins(%zero : f32) outs(%pe : tensor<16x64xf32>) -> tensor<16x64xf32>
      %ks = tensor.extract_slice %pz[0, 0] [%m, 64] [1, 1] : tensor<16x64xf32> to tensor<?x64xf32>
      %kc = linalg.copy ins(%kt : tensor<?x64xf32>) outs(%ks : tensor<?x64xf32>) -> tensor<?x64xf32>
      %kp = tensor.insert_slice %kc into %pz[0, 0] [%m, 64] [1, 1] : tensor<?x64xf32> into tensor<16x64xf32>
      %se = tensor.empty(%m) : tensor<?x16xf32>
      %sz = linalg.fill ins(%zero : f32) outs(%se : tensor<?x16xf32>) -> tensor<?x16xf32>
      %sc = linalg.generic {indexing_maps = [#ik, #jk, #ij], iterator_types = ["parallel", "parallel", "reduction"]}
          ins(%qt, %kp : tensor<?x64xf32>, tensor<16x64xf32>) outs(%sz : tensor<?x16xf32>) {
        ^bb0(%a: f32, %b: f32, %o: f32):
          %p = arith.mulf %a, %b : f32
          %z = arith.addf %o, %p : f32
          linalg.yield %z : f32
      } -> tensor<?x16xf32>
      %mask = linalg.generic {indexing_maps = [#id], iterator_types = ["parallel", "parallel"]} outs(%sc : tensor<?x16xf32>) {
        ^bb0(%o: f32):
          %i = linalg.index 0 : index
          %j = linalg.index 1 : index
          %c = arith.cmpi ule, %j, %i : index
          %z = arith.select %c, %o, %zero : f32
          linalg.yield %z : f32
      } -> tensor<?x16xf32>
      %yt = tensor.extract_slice %yy[%at, 0] [%m, 64] [1, 1] : tensor<?x64xf32> to tensor<?x64xf32>
      %yz = linalg.fill ins(%zero : f32) outs(%yt : tensor<?x64xf32>) -> tensor<?x64xf32>
      %y1 = linalg.matmul ins(%qt, %S : tensor<?x64xf32>, tensor<64x64xf32>) outs(%yz : tensor<?x64xf32>) -> tensor<?x64xf32>
      %ms = tensor.extract_slice %mask[0, 0] [%m, %m] [1, 1] : tensor<?x16xf32> to tensor<?x?xf32>
      %y2 = linalg.matmul ins(%ms, %vt : tensor<?x?xf32>, tensor<?x64xf32>) outs(%y1 : tensor<?x64xf32>) -> tensor<?x64xf32>
      %yb = tensor.insert_slice %y2 into %yy[%at, 0] [%m, 64] [1, 1] : tensor<?x64xf32> into tensor<?x64xf32>
      %S1 = linalg.generic {indexing_maps = [#ki, #kj, #ij], iterator_types = ["parallel", "parallel", "reduction"]}
          ins(%kt, %vt : tensor<?x64xf32>, tensor<?x64xf32>) outs(%S : tensor<64x64xf32>) {
        ^bb0(%a: f32, %b: f32, %o: f32):
          %p = arith.mulf %a, %b : f32
          %z = arith.addf %o, %p : f32
          linalg.yield %z : f32
      } -> tensor<64x64xf32>
      scf.yield %yb, %S1 : tensor<?x64xf32>, tensor<64x64xf32>
    }
    scf.forall.in_parallel {
      tensor.parallel_insert_slice %t#0 into %y[%lo, %h, 0] [%n, 1, 64] [1, 1, 1] : tensor<?x64xf32> into tensor<?x4x64xf32>
      tensor.parallel_insert_slice %t#1 into %st[%slot, %h, 0, 0] [1, 1, 64, 64] [1, 1, 1, 1] : tensor<64x64xf32> into tensor<?x4x64x64xf32>
    }
  }
  return %r#0, %r#1 : tensor<?x4x64xf32>, tensor<?x4x64x64xf32>
}

func.func private @advance(%tokens: tensor<?xi32> {strand.input = "tokens"}, %offsets: tensor<?xi32> {strand.input = "offsets"},
    %slots: tensor<?xi32> {strand.input = "slots"},
    %wq: tensor<256x4x64xf32> {strand.weight = "q"}, %wk: tensor<256x4x64xf32> {strand.weight = "k"}, %wv: tensor<256x4x64xf32> {strand.weight = "v"},
    %state: tensor<?x4x64x64xf32> {strand.state = "S", strand.initial = 0.0 : f32}) -> (tensor<?x256xf32>, tensor<?x4x64x64xf32>) {
  %c0 = arith.constant 0 : index
  %rows = tensor.dim %tokens, %c0 : tensor<?xi32>
  %eq = tensor.empty(%rows) : tensor<?x4x64xf32>
  %ek = tensor.empty(%rows) : tensor<?x4x64xf32>
  %ev = tensor.empty(%rows) : tensor<?x4x64xf32>
  %qkv:3 = linalg.generic {indexing_maps = [#tok, #d3, #d3, #d3], iterator_types = ["parallel", "parallel", "parallel"]}
      ins(%tokens : tensor<?xi32>) outs(%eq, %ek, %ev : tensor<?x4x64xf32>, tensor<?x4x64xf32>, tensor<?x4x64xf32>) {
    ^bb0(%id: i32, %o0: f32, %o1: f32, %o2: f32):
      %t = arith.index_cast %id : i32 to index
      %h = linalg.index 1 : index
      %d = linalg.index 2 : index
      %a = tensor.extract %wq[%t, %h, %d] : tensor<256x4x64xf32>
      %b = tensor.extract %wk[%t, %h, %d] : tensor<256x4x64xf32>
      %c = tensor.extract %wv[%t, %h, %d] : tensor<256x4x64xf32>
      linalg.yield %a, %b, %c : f32, f32, f32
  } -> (tensor<?x4x64xf32>, tensor<?x4x64xf32>, tensor<?x4x64xf32>)
  %y:2 = call @attend(%qkv#0, %qkv#1, %qkv#2, %offsets, %slots, %state) : (tensor<?x4x64xf32>, tensor<?x4x64xf32>, tensor<?x4x64xf32>, tensor<?xi32>, tensor<?xi32>, tensor<?x4x64x64xf32>) -> (tensor<?x4x64xf32>, tensor<?x4x64x64xf32>)
  %flat = tensor.collapse_shape %y#0 [[0], [1, 2]] : tensor<?x4x64xf32> into tensor<?x256xf32>
  return %flat, %y#1 : tensor<?x256xf32>, tensor<?x4x64x64xf32>
}
