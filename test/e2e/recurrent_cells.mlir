// Cells that are not affine in what they carry, all forms against their meaning in f64: ragged batches, any cut, any slots.
// Steps that multiply what they carry by a matrix go side by side (strand-step-together).
// RUN: strand-check %s | FileCheck %s --implicit-check-not=wrong

#id = affine_map<(i) -> (i)>
#w = affine_map<(g, a, i, j) -> (g, a, i, j)>
#h = affine_map<(g, a, i, j) -> (a, j)>
#y = affine_map<(g, a, i, j) -> (g, a, i)>

// A cell of which the tile of a product is many times wider than what is left of it.
// CHECK-DAG: lstm: 7 forms right
func.func @lstm(%x: tensor<?x6xf32>, %wi: tensor<148x6xf32> {check.range = [-0.41, 0.41]},
    %wh: tensor<148x37xf32> {check.range = [-0.16, 0.16]}, %bi: tensor<148xf32>, %bh: tensor<148xf32>,
        %offsets: tensor<?xi32>) -> tensor<?x37xf32> {
  %y = strand.scan rows(%xt = %x : tensor<?x6xf32>)
       with(%u = %wi : tensor<148x6xf32>, %w = %wh : tensor<148x37xf32>, %b = %bi : tensor<148xf32>,
           %d = %bh : tensor<148xf32>)
       carry(%h : tensor<37xf32>, %c : tensor<37xf32>) offsets %offsets : tensor<?xi32> -> tensor<?x37xf32> {
    %zero = arith.constant dense<0.0> : tensor<148xf32>
    %p = linalg.matvec ins(%u, %xt : tensor<148x6xf32>, tensor<6xf32>) outs(%zero : tensor<148xf32>) -> tensor<148xf32>
    %pb = arith.addf %p, %b : tensor<148xf32>
    %q = linalg.matvec ins(%w, %h : tensor<148x37xf32>, tensor<37xf32>) outs(%zero : tensor<148xf32>) -> tensor<148xf32>
    %qb = arith.addf %q, %d : tensor<148xf32>
    %s = arith.addf %pb, %qb : tensor<148xf32>
    %i = tensor.extract_slice %s[0] [37] [1] : tensor<148xf32> to tensor<37xf32>
    %f = tensor.extract_slice %s[37] [37] [1] : tensor<148xf32> to tensor<37xf32>
    %g = tensor.extract_slice %s[74] [37] [1] : tensor<148xf32> to tensor<37xf32>
    %o = tensor.extract_slice %s[111] [37] [1] : tensor<148xf32> to tensor<37xf32>
    %e = tensor.empty() : tensor<37xf32>
    %r:2 = linalg.generic {indexing_maps = [#id, #id, #id, #id, #id, #id, #id], iterator_types = ["parallel"]}
        ins(%i, %f, %g, %o, %c : tensor<37xf32>, tensor<37xf32>, tensor<37xf32>, tensor<37xf32>, tensor<37xf32>)
            outs(%e, %e : tensor<37xf32>, tensor<37xf32>) {
    ^bb0(%e_i: f32, %e_f: f32, %e_g: f32, %e_o: f32, %e_c: f32, %out0: f32, %out1: f32):
      %one = arith.constant 1.0 : f32
      %si_n = arith.negf %e_i : f32
      %si_e = math.exp %si_n : f32
      %si_d = arith.addf %si_e, %one : f32
      %si = arith.divf %one, %si_d : f32
      %sf_n = arith.negf %e_f : f32
      %sf_e = math.exp %sf_n : f32
      %sf_d = arith.addf %sf_e, %one : f32
      %sf = arith.divf %one, %sf_d : f32
      %so_n = arith.negf %e_o : f32
      %so_e = math.exp %so_n : f32
      %so_d = arith.addf %so_e, %one : f32
      %so = arith.divf %one, %so_d : f32
      %tg = math.tanh %e_g : f32
      %fc = arith.mulf %sf, %e_c : f32
      %ig = arith.mulf %si, %tg : f32
      %cn = arith.addf %fc, %ig : f32
      %tc = math.tanh %cn : f32
      %hn = arith.mulf %so, %tc : f32
      linalg.yield %hn, %cn : f32, f32
    } -> (tensor<37xf32>, tensor<37xf32>)
    strand.yield %r#0 : tensor<37xf32> next %r#0, %r#1 : tensor<37xf32>, tensor<37xf32>
  }
  return %y : tensor<?x37xf32>
}

// n = tanh(x_n + r * (W h + b)).
// CHECK-DAG: gru_reset_after: 7 forms right
func.func @gru_reset_after(%x: tensor<?x5xf32>, %wi: tensor<27x5xf32> {check.range = [-0.45, 0.45]},
    %wh: tensor<27x9xf32> {check.range = [-0.33, 0.33]}, %bh: tensor<27xf32>,
        %offsets: tensor<?xi32>) -> tensor<?x9xf32> {
  %y = strand.scan rows(%xt = %x : tensor<?x5xf32>)
       with(%u = %wi : tensor<27x5xf32>, %w = %wh : tensor<27x9xf32>, %b = %bh : tensor<27xf32>)
       carry(%h : tensor<9xf32>) offsets %offsets : tensor<?xi32> -> tensor<?x9xf32> {
    %zero = arith.constant dense<0.0> : tensor<27xf32>
    %p = linalg.matvec ins(%u, %xt : tensor<27x5xf32>, tensor<5xf32>) outs(%zero : tensor<27xf32>) -> tensor<27xf32>
    %q = linalg.matvec ins(%w, %h : tensor<27x9xf32>, tensor<9xf32>) outs(%b : tensor<27xf32>) -> tensor<27xf32>
    %pr = tensor.extract_slice %p[0] [9] [1] : tensor<27xf32> to tensor<9xf32>
    %pz = tensor.extract_slice %p[9] [9] [1] : tensor<27xf32> to tensor<9xf32>
    %pn = tensor.extract_slice %p[18] [9] [1] : tensor<27xf32> to tensor<9xf32>
    %qr = tensor.extract_slice %q[0] [9] [1] : tensor<27xf32> to tensor<9xf32>
    %qz = tensor.extract_slice %q[9] [9] [1] : tensor<27xf32> to tensor<9xf32>
    %qn = tensor.extract_slice %q[18] [9] [1] : tensor<27xf32> to tensor<9xf32>
    %e = tensor.empty() : tensor<9xf32>
    %h1 = linalg.generic {indexing_maps = [#id, #id, #id, #id, #id, #id, #id, #id], iterator_types = ["parallel"]}
        ins(%pr, %qr, %pz, %qz, %pn, %qn, %h : tensor<9xf32>, tensor<9xf32>, tensor<9xf32>, tensor<9xf32>,
            tensor<9xf32>, tensor<9xf32>, tensor<9xf32>) outs(%e : tensor<9xf32>) {
    ^bb0(%e_pr: f32, %e_qr: f32, %e_pz: f32, %e_qz: f32, %e_pn: f32, %e_qn: f32, %e_h: f32, %out0: f32):
      %one = arith.constant 1.0 : f32
      %r0 = arith.addf %e_pr, %e_qr : f32
      %r_n = arith.negf %r0 : f32
      %r_e = math.exp %r_n : f32
      %r_d = arith.addf %r_e, %one : f32
      %r = arith.divf %one, %r_d : f32
      %z0 = arith.addf %e_pz, %e_qz : f32
      %z_n = arith.negf %z0 : f32
      %z_e = math.exp %z_n : f32
      %z_d = arith.addf %z_e, %one : f32
      %z = arith.divf %one, %z_d : f32
      %rq = arith.mulf %r, %e_qn : f32
      %s = arith.addf %e_pn, %rq : f32
      %n = math.tanh %s : f32
      %d = arith.subf %e_h, %n : f32
      %zd = arith.mulf %z, %d : f32
      %hn = arith.addf %n, %zd : f32
      linalg.yield %hn : f32
    } -> tensor<9xf32>
    strand.yield %h1 : tensor<9xf32> next %h1 : tensor<9xf32>
  }
  return %y : tensor<?x9xf32>
}

// n = tanh(x_n + W (r * h)): the second product waits for the first.
// CHECK-DAG: gru_reset_before: 7 forms right
func.func @gru_reset_before(%x: tensor<?x5xf32>, %wi: tensor<34x5xf32> {check.range = [-0.45, 0.45]},
    %wh: tensor<34x17xf32> {check.range = [-0.24, 0.24]}, %win: tensor<17x5xf32> {check.range = [-0.45, 0.45]},
        %whn: tensor<17x17xf32> {check.range = [-0.24, 0.24]}, %offsets: tensor<?xi32>) -> tensor<?x17xf32> {
  %y = strand.scan rows(%xt = %x : tensor<?x5xf32>)
       with(%u = %wi : tensor<34x5xf32>, %w = %wh : tensor<34x17xf32>, %un = %win : tensor<17x5xf32>,
           %wn = %whn : tensor<17x17xf32>)
       carry(%h : tensor<17xf32>) offsets %offsets : tensor<?xi32> -> tensor<?x17xf32> {
    %zero = arith.constant dense<0.0> : tensor<34xf32>
    %none = arith.constant dense<0.0> : tensor<17xf32>
    %p = linalg.matvec ins(%u, %xt : tensor<34x5xf32>, tensor<5xf32>) outs(%zero : tensor<34xf32>) -> tensor<34xf32>
    %q = linalg.matvec ins(%w, %h : tensor<34x17xf32>, tensor<17xf32>) outs(%p : tensor<34xf32>) -> tensor<34xf32>
    %e = tensor.empty() : tensor<17xf32>
    %qr = tensor.extract_slice %q[0] [17] [1] : tensor<34xf32> to tensor<17xf32>
    %qz = tensor.extract_slice %q[17] [17] [1] : tensor<34xf32> to tensor<17xf32>
    %rh = linalg.generic {indexing_maps = [#id, #id, #id], iterator_types = ["parallel"]}
        ins(%qr, %h : tensor<17xf32>, tensor<17xf32>) outs(%e : tensor<17xf32>) {
    ^bb0(%e_qr: f32, %e_h: f32, %out0: f32):
      %one = arith.constant 1.0 : f32
      %r_n = arith.negf %e_qr : f32
      %r_e = math.exp %r_n : f32
      %r_d = arith.addf %r_e, %one : f32
      %r = arith.divf %one, %r_d : f32
      %v = arith.mulf %r, %e_h : f32
      linalg.yield %v : f32
    } -> tensor<17xf32>
    %pn = linalg.matvec ins(%un, %xt : tensor<17x5xf32>, tensor<5xf32>) outs(%none : tensor<17xf32>) -> tensor<17xf32>
    %qn = linalg.matvec ins(%wn, %rh : tensor<17x17xf32>, tensor<17xf32>) outs(%pn : tensor<17xf32>) -> tensor<17xf32>
    %h1 = linalg.generic {indexing_maps = [#id, #id, #id, #id], iterator_types = ["parallel"]}
        ins(%qz, %qn, %h : tensor<17xf32>, tensor<17xf32>, tensor<17xf32>) outs(%e : tensor<17xf32>) {
    ^bb0(%e_qz: f32, %e_qn: f32, %e_h: f32, %out0: f32):
      %one = arith.constant 1.0 : f32
      %z_n = arith.negf %e_qz : f32
      %z_e = math.exp %z_n : f32
      %z_d = arith.addf %z_e, %one : f32
      %z = arith.divf %one, %z_d : f32
      %n = math.tanh %e_qn : f32
      %d = arith.subf %n, %e_h : f32
      %zd = arith.mulf %z, %d : f32
      %hn = arith.addf %e_h, %zd : f32
      linalg.yield %hn : f32
    } -> tensor<17xf32>
    strand.yield %h1 : tensor<17xf32> next %h1 : tensor<17xf32>
  }
  return %y : tensor<?x17xf32>
}

// One gate serves as both.
// CHECK-DAG: minimal_gated: 7 forms right
func.func @minimal_gated(%x: tensor<?x4xf32>, %wi: tensor<8x4xf32> {check.range = [-0.5, 0.5]},
    %wh: tensor<8x8xf32> {check.range = [-0.35, 0.35]}, %win: tensor<8x4xf32> {check.range = [-0.5, 0.5]},
        %whn: tensor<8x8xf32> {check.range = [-0.35, 0.35]}, %offsets: tensor<?xi32>) -> tensor<?x8xf32> {
  %y = strand.scan rows(%xt = %x : tensor<?x4xf32>)
       with(%u = %wi : tensor<8x4xf32>, %w = %wh : tensor<8x8xf32>, %un = %win : tensor<8x4xf32>,
           %wn = %whn : tensor<8x8xf32>)
       carry(%h : tensor<8xf32>) offsets %offsets : tensor<?xi32> -> tensor<?x8xf32> {
    %zero = arith.constant dense<0.0> : tensor<8xf32>
    %none = arith.constant dense<0.0> : tensor<8xf32>
    %p = linalg.matvec ins(%u, %xt : tensor<8x4xf32>, tensor<4xf32>) outs(%zero : tensor<8xf32>) -> tensor<8xf32>
    %q = linalg.matvec ins(%w, %h : tensor<8x8xf32>, tensor<8xf32>) outs(%p : tensor<8xf32>) -> tensor<8xf32>
    %e = tensor.empty() : tensor<8xf32>
    %rh = linalg.generic {indexing_maps = [#id, #id, #id], iterator_types = ["parallel"]}
        ins(%q, %h : tensor<8xf32>, tensor<8xf32>) outs(%e : tensor<8xf32>) {
    ^bb0(%e_q: f32, %e_h: f32, %out0: f32):
      %one = arith.constant 1.0 : f32
      %r_n = arith.negf %e_q : f32
      %r_e = math.exp %r_n : f32
      %r_d = arith.addf %r_e, %one : f32
      %r = arith.divf %one, %r_d : f32
      %v = arith.mulf %r, %e_h : f32
      linalg.yield %v : f32
    } -> tensor<8xf32>
    %pn = linalg.matvec ins(%un, %xt : tensor<8x4xf32>, tensor<4xf32>) outs(%none : tensor<8xf32>) -> tensor<8xf32>
    %qn = linalg.matvec ins(%wn, %rh : tensor<8x8xf32>, tensor<8xf32>) outs(%pn : tensor<8xf32>) -> tensor<8xf32>
    %h1 = linalg.generic {indexing_maps = [#id, #id, #id, #id], iterator_types = ["parallel"]}
        ins(%q, %qn, %h : tensor<8xf32>, tensor<8xf32>, tensor<8xf32>) outs(%e : tensor<8xf32>) {
    ^bb0(%e_q: f32, %e_qn: f32, %e_h: f32, %out0: f32):
      %one = arith.constant 1.0 : f32
      %z_n = arith.negf %e_q : f32
      %z_e = math.exp %z_n : f32
      %z_d = arith.addf %z_e, %one : f32
      %z = arith.divf %one, %z_d : f32
      %n = math.tanh %e_qn : f32
      %d = arith.subf %n, %e_h : f32
      %zd = arith.mulf %z, %d : f32
      %hn = arith.addf %e_h, %zd : f32
      linalg.yield %hn : f32
    } -> tensor<8xf32>
    strand.yield %h1 : tensor<8xf32> next %h1 : tensor<8xf32>
  }
  return %y : tensor<?x8xf32>
}

// Exponential gates under a running maximum, a matrix for each head.
// CHECK-DAG: slstm: 7 forms right
func.func @slstm(%x: tensor<?x6xf32>, %wi: tensor<40x6xf32> {check.range = [-0.41, 0.41]},
    %wh: tensor<4x2x5x5xf32> {check.range = [-0.45, 0.45]}, %offsets: tensor<?xi32>) -> tensor<?x10xf32> {
  %y = strand.scan rows(%xt = %x : tensor<?x6xf32>)
       with(%u = %wi : tensor<40x6xf32>, %w = %wh : tensor<4x2x5x5xf32>)
       carry(%h : tensor<10xf32>, %c : tensor<10xf32>, %n : tensor<10xf32>,
           %m : tensor<10xf32> = -1.0e30) offsets %offsets : tensor<?xi32> -> tensor<?x10xf32> {
    %hh = tensor.expand_shape %h [[0, 1]] output_shape [2, 5] : tensor<10xf32> into tensor<2x5xf32>
    %z4 = arith.constant dense<0.0> : tensor<4x2x5xf32>
    %q3 = linalg.generic {indexing_maps = [#w, #h, #y], iterator_types = ["parallel", "parallel", "parallel",
        "reduction"]}
        ins(%w, %hh : tensor<4x2x5x5xf32>, tensor<2x5xf32>) outs(%z4 : tensor<4x2x5xf32>) {
    ^bb0(%a: f32, %v: f32, %o: f32):
      %m0 = arith.mulf %a, %v : f32
      %s0 = arith.addf %o, %m0 : f32
      linalg.yield %s0 : f32
    } -> tensor<4x2x5xf32>
    %q = tensor.collapse_shape %q3 [[0, 1, 2]] : tensor<4x2x5xf32> into tensor<40xf32>
    %zero = arith.constant dense<0.0> : tensor<40xf32>
    %p = linalg.matvec ins(%u, %xt : tensor<40x6xf32>, tensor<6xf32>) outs(%zero : tensor<40xf32>) -> tensor<40xf32>
    %s = arith.addf %p, %q : tensor<40xf32>
    %i = tensor.extract_slice %s[0] [10] [1] : tensor<40xf32> to tensor<10xf32>
    %f = tensor.extract_slice %s[10] [10] [1] : tensor<40xf32> to tensor<10xf32>
    %z = tensor.extract_slice %s[20] [10] [1] : tensor<40xf32> to tensor<10xf32>
    %o = tensor.extract_slice %s[30] [10] [1] : tensor<40xf32> to tensor<10xf32>
    %e = tensor.empty() : tensor<10xf32>
    %r:4 = linalg.generic {indexing_maps = [#id, #id, #id, #id, #id, #id, #id, #id, #id, #id, #id],
        iterator_types = ["parallel"]}
        ins(%i, %f, %z, %o, %c, %n, %m : tensor<10xf32>, tensor<10xf32>, tensor<10xf32>, tensor<10xf32>,
            tensor<10xf32>, tensor<10xf32>, tensor<10xf32>) outs(%e, %e, %e, %e : tensor<10xf32>, tensor<10xf32>,
                tensor<10xf32>, tensor<10xf32>) {
    ^bb0(%e_i: f32, %e_f: f32, %e_z: f32, %e_o: f32, %e_c: f32, %e_n: f32, %e_m: f32, %out0: f32, %out1: f32,
        %out2: f32, %out3: f32):
      %one = arith.constant 1.0 : f32
      %nf = arith.negf %e_f : f32
      %xf = math.exp %nf : f32
      %lf = math.log1p %xf : f32
      %fm = arith.subf %e_m, %lf : f32
      %m1 = arith.maximumf %fm, %e_i : f32
      %fd = arith.subf %fm, %m1 : f32
      %fg = math.exp %fd : f32
      %id = arith.subf %e_i, %m1 : f32
      %ig = math.exp %id : f32
      %tz = math.tanh %e_z : f32
      %fc = arith.mulf %fg, %e_c : f32
      %iz = arith.mulf %ig, %tz : f32
      %c1 = arith.addf %fc, %iz : f32
      %fn = arith.mulf %fg, %e_n : f32
      %n1 = arith.addf %fn, %ig : f32
      %so_n = arith.negf %e_o : f32
      %so_e = math.exp %so_n : f32
      %so_d = arith.addf %so_e, %one : f32
      %so = arith.divf %one, %so_d : f32
      %cn = arith.divf %c1, %n1 : f32
      %h1 = arith.mulf %so, %cn : f32
      linalg.yield %h1, %c1, %n1, %m1 : f32, f32, f32, f32
    } -> (tensor<10xf32>, tensor<10xf32>, tensor<10xf32>, tensor<10xf32>)
    strand.yield %r#0 : tensor<10xf32> next %r#0, %r#1, %r#2, %r#3 : tensor<10xf32>, tensor<10xf32>, tensor<10xf32>,
        tensor<10xf32>
  }
  return %y : tensor<?x10xf32>
}

// Gates see c as well, the last one the new c.
// CHECK-DAG: lstm_peephole: 7 forms right
func.func @lstm_peephole(%x: tensor<?x3xf32>, %wi: tensor<64x3xf32> {check.range = [-0.58, 0.58]},
    %wh: tensor<64x16xf32> {check.range = [-0.25, 0.25]}, %pi: tensor<16xf32>, %pf: tensor<16xf32>,
        %po: tensor<16xf32>, %offsets: tensor<?xi32>) -> tensor<?x16xf32> {
  %y = strand.scan rows(%xt = %x : tensor<?x3xf32>)
       with(%u = %wi : tensor<64x3xf32>, %w = %wh : tensor<64x16xf32>, %vi = %pi : tensor<16xf32>,
           %vf = %pf : tensor<16xf32>, %vo = %po : tensor<16xf32>)
       carry(%h : tensor<16xf32>, %c : tensor<16xf32>) offsets %offsets : tensor<?xi32> -> tensor<?x16xf32> {
    %zero = arith.constant dense<0.0> : tensor<64xf32>
    %p = linalg.matvec ins(%u, %xt : tensor<64x3xf32>, tensor<3xf32>) outs(%zero : tensor<64xf32>) -> tensor<64xf32>
    %s = linalg.matvec ins(%w, %h : tensor<64x16xf32>, tensor<16xf32>) outs(%p : tensor<64xf32>) -> tensor<64xf32>
    %i = tensor.extract_slice %s[0] [16] [1] : tensor<64xf32> to tensor<16xf32>
    %f = tensor.extract_slice %s[16] [16] [1] : tensor<64xf32> to tensor<16xf32>
    %g = tensor.extract_slice %s[32] [16] [1] : tensor<64xf32> to tensor<16xf32>
    %o = tensor.extract_slice %s[48] [16] [1] : tensor<64xf32> to tensor<16xf32>
    %e = tensor.empty() : tensor<16xf32>
    %r:2 = linalg.generic {indexing_maps = [#id, #id, #id, #id, #id, #id, #id, #id, #id, #id],
        iterator_types = ["parallel"]}
        ins(%i, %f, %g, %o, %c, %vi, %vf, %vo : tensor<16xf32>, tensor<16xf32>, tensor<16xf32>, tensor<16xf32>,
            tensor<16xf32>, tensor<16xf32>, tensor<16xf32>, tensor<16xf32>)
                outs(%e, %e : tensor<16xf32>, tensor<16xf32>) {
    ^bb0(%e_i: f32, %e_f: f32, %e_g: f32, %e_o: f32, %e_c: f32, %e_vi: f32, %e_vf: f32, %e_vo: f32, %out0: f32,
        %out1: f32):
      %one = arith.constant 1.0 : f32
      %ci = arith.mulf %e_vi, %e_c : f32
      %i0 = arith.addf %e_i, %ci : f32
      %si_n = arith.negf %i0 : f32
      %si_e = math.exp %si_n : f32
      %si_d = arith.addf %si_e, %one : f32
      %si = arith.divf %one, %si_d : f32
      %cf = arith.mulf %e_vf, %e_c : f32
      %f0 = arith.addf %e_f, %cf : f32
      %sf_n = arith.negf %f0 : f32
      %sf_e = math.exp %sf_n : f32
      %sf_d = arith.addf %sf_e, %one : f32
      %sf = arith.divf %one, %sf_d : f32
      %tg = math.tanh %e_g : f32
      %fc = arith.mulf %sf, %e_c : f32
      %ig = arith.mulf %si, %tg : f32
      %cn = arith.addf %fc, %ig : f32
      %co = arith.mulf %e_vo, %cn : f32
      %o0 = arith.addf %e_o, %co : f32
      %so_n = arith.negf %o0 : f32
      %so_e = math.exp %so_n : f32
      %so_d = arith.addf %so_e, %one : f32
      %so = arith.divf %one, %so_d : f32
      %tc = math.tanh %cn : f32
      %hn = arith.mulf %so, %tc : f32
      linalg.yield %hn, %cn : f32, f32
    } -> (tensor<16xf32>, tensor<16xf32>)
    strand.yield %r#0 : tensor<16xf32> next %r#0, %r#1 : tensor<16xf32>, tensor<16xf32>
  }
  return %y : tensor<?x16xf32>
}

// Each element sees itself alone: there is no matrix, and sequences go one after another.
// CHECK-DAG: indrnn: 7 forms right
func.func @indrnn(%x: tensor<?x4xf32>, %wi: tensor<20x4xf32> {check.range = [-0.5, 0.5]},
    %w: tensor<20xf32> {check.range = [-0.9, 0.9]}, %offsets: tensor<?xi32>) -> tensor<?x20xf32> {
  %y = strand.scan rows(%xt = %x : tensor<?x4xf32>)
       with(%u = %wi : tensor<20x4xf32>, %v = %w : tensor<20xf32>)
       carry(%h : tensor<20xf32>) offsets %offsets : tensor<?xi32> -> tensor<?x20xf32> {
    %zero = arith.constant dense<0.0> : tensor<20xf32>
    %p = linalg.matvec ins(%u, %xt : tensor<20x4xf32>, tensor<4xf32>) outs(%zero : tensor<20xf32>) -> tensor<20xf32>
    %vh = arith.mulf %v, %h : tensor<20xf32>
    %s = arith.addf %p, %vh : tensor<20xf32>
    %h1 = arith.maximumf %s, %zero : tensor<20xf32>
    strand.yield %h1 : tensor<20xf32> next %h1 : tensor<20xf32>
  }
  return %y : tensor<?x20xf32>
}

// What is carried as h is narrower than c: a second product behind the gates.
// CHECK-DAG: lstm_projected: 7 forms right
func.func @lstm_projected(%x: tensor<?x5xf32>, %wi: tensor<48x5xf32> {check.range = [-0.45, 0.45]},
    %wh: tensor<48x7xf32> {check.range = [-0.38, 0.38]}, %wp: tensor<7x12xf32> {check.range = [-0.29, 0.29]},
        %offsets: tensor<?xi32>) -> tensor<?x7xf32> {
  %y = strand.scan rows(%xt = %x : tensor<?x5xf32>)
       with(%u = %wi : tensor<48x5xf32>, %w = %wh : tensor<48x7xf32>, %k = %wp : tensor<7x12xf32>)
       carry(%h : tensor<7xf32>, %c : tensor<12xf32>) offsets %offsets : tensor<?xi32> -> tensor<?x7xf32> {
    %zero = arith.constant dense<0.0> : tensor<48xf32>
    %p = linalg.matvec ins(%u, %xt : tensor<48x5xf32>, tensor<5xf32>) outs(%zero : tensor<48xf32>) -> tensor<48xf32>
    %s = linalg.matvec ins(%w, %h : tensor<48x7xf32>, tensor<7xf32>) outs(%p : tensor<48xf32>) -> tensor<48xf32>
    %i = tensor.extract_slice %s[0] [12] [1] : tensor<48xf32> to tensor<12xf32>
    %f = tensor.extract_slice %s[12] [12] [1] : tensor<48xf32> to tensor<12xf32>
    %g = tensor.extract_slice %s[24] [12] [1] : tensor<48xf32> to tensor<12xf32>
    %o = tensor.extract_slice %s[36] [12] [1] : tensor<48xf32> to tensor<12xf32>
    %e = tensor.empty() : tensor<12xf32>
    %r:2 = linalg.generic {indexing_maps = [#id, #id, #id, #id, #id, #id, #id], iterator_types = ["parallel"]}
        ins(%i, %f, %g, %o, %c : tensor<12xf32>, tensor<12xf32>, tensor<12xf32>, tensor<12xf32>, tensor<12xf32>)
            outs(%e, %e : tensor<12xf32>, tensor<12xf32>) {
    ^bb0(%e_i: f32, %e_f: f32, %e_g: f32, %e_o: f32, %e_c: f32, %out0: f32, %out1: f32):
      %one = arith.constant 1.0 : f32
      %si_n = arith.negf %e_i : f32
      %si_e = math.exp %si_n : f32
      %si_d = arith.addf %si_e, %one : f32
      %si = arith.divf %one, %si_d : f32
      %sf_n = arith.negf %e_f : f32
      %sf_e = math.exp %sf_n : f32
      %sf_d = arith.addf %sf_e, %one : f32
      %sf = arith.divf %one, %sf_d : f32
      %so_n = arith.negf %e_o : f32
      %so_e = math.exp %so_n : f32
      %so_d = arith.addf %so_e, %one : f32
      %so = arith.divf %one, %so_d : f32
      %tg = math.tanh %e_g : f32
      %fc = arith.mulf %sf, %e_c : f32
      %ig = arith.mulf %si, %tg : f32
      %cn = arith.addf %fc, %ig : f32
      %tc = math.tanh %cn : f32
      %hn = arith.mulf %so, %tc : f32
      linalg.yield %hn, %cn : f32, f32
    } -> (tensor<12xf32>, tensor<12xf32>)
    %none = arith.constant dense<0.0> : tensor<7xf32>
    %h1 = linalg.matvec ins(%k, %r#0 : tensor<7x12xf32>, tensor<12xf32>) outs(%none : tensor<7xf32>) -> tensor<7xf32>
    strand.yield %h1 : tensor<7xf32> next %h1, %r#1 : tensor<7xf32>, tensor<12xf32>
  }
  return %y : tensor<?x7xf32>
}

// h begins at a tensor, c at a number.
// CHECK-DAG: begins_at_weights: 7 forms right
func.func @begins_at_weights(%x: tensor<?x3xf32>, %wi: tensor<11x3xf32> {check.range = [-0.58, 0.58]},
    %wh: tensor<11x11xf32> {check.range = [-0.3, 0.3]}, %h0: tensor<11xf32>,
        %offsets: tensor<?xi32>) -> tensor<?x11xf32> {
  %y = strand.scan rows(%xt = %x : tensor<?x3xf32>)
       with(%u = %wi : tensor<11x3xf32>, %w = %wh : tensor<11x11xf32>)
       carry(%h : tensor<11xf32> = %h0,
           %c : tensor<11xf32> = 0.5) offsets %offsets : tensor<?xi32> -> tensor<?x11xf32> {
    %zero = arith.constant dense<0.0> : tensor<11xf32>
    %p = linalg.matvec ins(%u, %xt : tensor<11x3xf32>, tensor<3xf32>) outs(%zero : tensor<11xf32>) -> tensor<11xf32>
    %s = linalg.matvec ins(%w, %h : tensor<11x11xf32>, tensor<11xf32>) outs(%p : tensor<11xf32>) -> tensor<11xf32>
    %t = arith.addf %s, %c : tensor<11xf32>
    %h1 = math.tanh %t : tensor<11xf32>
    %d = arith.subf %h1, %c : tensor<11xf32>
    %half = arith.constant dense<0.5> : tensor<11xf32>
    %k = arith.mulf %half, %d : tensor<11xf32>
    %c1 = arith.addf %c, %k : tensor<11xf32>
    strand.yield %c1 : tensor<11xf32> next %h1, %c1 : tensor<11xf32>, tensor<11xf32>
  }
  return %y : tensor<?x11xf32>
}

// From the last row of each sequence to the first: there are no forms with state.
// CHECK-DAG: lstm_reverse: 2 forms right
func.func @lstm_reverse(%x: tensor<?x6xf32>, %wi: tensor<36x6xf32> {check.range = [-0.41, 0.41]},
    %wh: tensor<36x9xf32> {check.range = [-0.33, 0.33]}, %bi: tensor<36xf32>, %bh: tensor<36xf32>,
        %offsets: tensor<?xi32>) -> tensor<?x9xf32> {
  %y = strand.scan reverse rows(%xt = %x : tensor<?x6xf32>)
       with(%u = %wi : tensor<36x6xf32>, %w = %wh : tensor<36x9xf32>, %b = %bi : tensor<36xf32>,
           %d = %bh : tensor<36xf32>)
       carry(%h : tensor<9xf32>, %c : tensor<9xf32>) offsets %offsets : tensor<?xi32> -> tensor<?x9xf32> {
    %zero = arith.constant dense<0.0> : tensor<36xf32>
    %p = linalg.matvec ins(%u, %xt : tensor<36x6xf32>, tensor<6xf32>) outs(%zero : tensor<36xf32>) -> tensor<36xf32>
    %pb = arith.addf %p, %b : tensor<36xf32>
    %q = linalg.matvec ins(%w, %h : tensor<36x9xf32>, tensor<9xf32>) outs(%zero : tensor<36xf32>) -> tensor<36xf32>
    %qb = arith.addf %q, %d : tensor<36xf32>
    %s = arith.addf %pb, %qb : tensor<36xf32>
    %i = tensor.extract_slice %s[0] [9] [1] : tensor<36xf32> to tensor<9xf32>
    %f = tensor.extract_slice %s[9] [9] [1] : tensor<36xf32> to tensor<9xf32>
    %g = tensor.extract_slice %s[18] [9] [1] : tensor<36xf32> to tensor<9xf32>
    %o = tensor.extract_slice %s[27] [9] [1] : tensor<36xf32> to tensor<9xf32>
    %e = tensor.empty() : tensor<9xf32>
    %r:2 = linalg.generic {indexing_maps = [#id, #id, #id, #id, #id, #id, #id], iterator_types = ["parallel"]}
        ins(%i, %f, %g, %o, %c : tensor<9xf32>, tensor<9xf32>, tensor<9xf32>, tensor<9xf32>, tensor<9xf32>)
            outs(%e, %e : tensor<9xf32>, tensor<9xf32>) {
    ^bb0(%e_i: f32, %e_f: f32, %e_g: f32, %e_o: f32, %e_c: f32, %out0: f32, %out1: f32):
      %one = arith.constant 1.0 : f32
      %si_n = arith.negf %e_i : f32
      %si_e = math.exp %si_n : f32
      %si_d = arith.addf %si_e, %one : f32
      %si = arith.divf %one, %si_d : f32
      %sf_n = arith.negf %e_f : f32
      %sf_e = math.exp %sf_n : f32
      %sf_d = arith.addf %sf_e, %one : f32
      %sf = arith.divf %one, %sf_d : f32
      %so_n = arith.negf %e_o : f32
      %so_e = math.exp %so_n : f32
      %so_d = arith.addf %so_e, %one : f32
      %so = arith.divf %one, %so_d : f32
      %tg = math.tanh %e_g : f32
      %fc = arith.mulf %sf, %e_c : f32
      %ig = arith.mulf %si, %tg : f32
      %cn = arith.addf %fc, %ig : f32
      %tc = math.tanh %cn : f32
      %hn = arith.mulf %so, %tc : f32
      linalg.yield %hn, %cn : f32, f32
    } -> (tensor<9xf32>, tensor<9xf32>)
    strand.yield %r#0 : tensor<9xf32> next %r#0, %r#1 : tensor<9xf32>, tensor<9xf32>
  }
  return %y : tensor<?x9xf32>
}

// Both ways: two scans over the same rows, side by side.
// CHECK-DAG: bidirectional: 2 forms right
func.func @bidirectional(%x: tensor<?x4xf32>, %u0: tensor<8x4xf32> {check.range = [-0.5, 0.5]},
    %w0: tensor<8x8xf32> {check.range = [-0.35, 0.35]},
                         %u1: tensor<8x4xf32> {check.range = [-0.5, 0.5]},
                             %w1: tensor<8x8xf32> {check.range = [-0.35, 0.35]}, %offsets: tensor<?xi32>)
    -> tensor<?x16xf32> {
  %there = strand.scan rows(%xt = %x : tensor<?x4xf32>) with(%ut = %u0 : tensor<8x4xf32>, %wt = %w0 : tensor<8x8xf32>)
       carry(%h : tensor<8xf32>) offsets %offsets : tensor<?xi32> -> tensor<?x8xf32> {
    %zero = arith.constant dense<0.0> : tensor<8xf32>
    %p = linalg.matvec ins(%ut, %xt : tensor<8x4xf32>, tensor<4xf32>) outs(%zero : tensor<8xf32>) -> tensor<8xf32>
    %s = linalg.matvec ins(%wt, %h : tensor<8x8xf32>, tensor<8xf32>) outs(%p : tensor<8xf32>) -> tensor<8xf32>
    %h1 = math.tanh %s : tensor<8xf32>
    strand.yield %h1 : tensor<8xf32> next %h1 : tensor<8xf32>
  }
  %back = strand.scan reverse rows(%xt = %x : tensor<?x4xf32>) with(%ut = %u1 : tensor<8x4xf32>,
      %wt = %w1 : tensor<8x8xf32>)
       carry(%h : tensor<8xf32>) offsets %offsets : tensor<?xi32> -> tensor<?x8xf32> {
    %zero = arith.constant dense<0.0> : tensor<8xf32>
    %p = linalg.matvec ins(%ut, %xt : tensor<8x4xf32>, tensor<4xf32>) outs(%zero : tensor<8xf32>) -> tensor<8xf32>
    %s = linalg.matvec ins(%wt, %h : tensor<8x8xf32>, tensor<8xf32>) outs(%p : tensor<8xf32>) -> tensor<8xf32>
    %h1 = math.tanh %s : tensor<8xf32>
    strand.yield %h1 : tensor<8xf32> next %h1 : tensor<8xf32>
  }
  %y = tensor.concat dim(1) %there, %back : (tensor<?x8xf32>, tensor<?x8xf32>) -> tensor<?x16xf32>
  return %y : tensor<?x16xf32>
}
