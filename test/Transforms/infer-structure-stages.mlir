// Several carried values, of which some are rows for the others.
//
// RUN: strand-opt %s -strand-infer-structure -verify-diagnostics -o /dev/null

#ij_i = affine_map<(i, j) -> (i)>
#ij_ij = affine_map<(i, j) -> (i, j)>
#ij_j = affine_map<(i, j) -> (j)>

// P' = (1 - K) (P + q), K = (P + q) / (P + q + r); m' = m + K (x - m).
func.func @kalman(%zs: tensor<?x8xf32>, %Qs: tensor<?x8xf32>, %Rs: tensor<?x8xf32>,
    %offsets: tensor<?xi32>) -> tensor<?x8xf32> {
  // expected-remark @below {{h0 is a quotient of affine forms, element by element; stays a scan: there is no op of that kind}}
  // expected-remark @below {{h1 is diagonal: h1[i] = a[i] * h1[i] + b[i], given h0; becomes strand.linear_recurrence}}
  %r = strand.scan rows(%z = %zs : tensor<?x8xf32>, %Q = %Qs : tensor<?x8xf32>, %R = %Rs : tensor<?x8xf32>)
      carry(%P : tensor<8xf32>, %x : tensor<8xf32>) offsets %offsets : tensor<?xi32> -> tensor<?x8xf32> {
    %0 = arith.addf %P, %Q : tensor<8xf32>
    %1 = arith.addf %0, %R : tensor<8xf32>
    %2 = arith.divf %0, %1 : tensor<8xf32>
    %c0 = arith.constant dense<1.0> : tensor<8xf32>
    %4 = arith.subf %c0, %2 : tensor<8xf32>
    %5 = arith.mulf %4, %0 : tensor<8xf32>
    %6 = arith.subf %z, %x : tensor<8xf32>
    %7 = arith.mulf %2, %6 : tensor<8xf32>
    %8 = arith.addf %x, %7 : tensor<8xf32>
    strand.yield %8 : tensor<8xf32> next %5, %8 : tensor<8xf32>, tensor<8xf32>
  }
  return %r : tensor<?x8xf32>
}

// m' = max(f + m, i); C, n with the gates exp(f + m - m'), exp(i - m').
func.func @mlstm(%qs: tensor<?x4xf32>, %ks: tensor<?x4xf32>, %vs: tensor<?x3xf32>, %fs: tensor<?xf32>,
    %is: tensor<?xf32>, %offsets: tensor<?xi32>) -> tensor<?x3xf32> {
  // expected-remark @below {{h2 is max-plus, diagonal: h2 = max(h2 + a, b); becomes strand.associative_scan}}
  // expected-remark @below {{h0 is a decayed sum of outer products: h0[i,j] = exp(g) * h0[i,j] + k[i] * v[j], given h2; becomes strand.linear_attention}}
  // expected-remark @below {{h1 is diagonal: h1[i] = exp(g) * h1[i] + b[i], given h2; becomes strand.linear_recurrence}}
  %r = strand.scan rows(%q = %qs : tensor<?x4xf32>, %k = %ks : tensor<?x4xf32>, %v = %vs : tensor<?x3xf32>,
           %f = %fs : tensor<?xf32>, %i = %is : tensor<?xf32>)
      carry(%C : tensor<4x3xf32>, %n : tensor<4xf32>, %m : tensor<f32>)
      offsets %offsets : tensor<?xi32> -> tensor<?x3xf32> {
    %0 = arith.addf %f, %m : tensor<f32>
    %1 = arith.maximumf %0, %i : tensor<f32>
    %2 = arith.addf %f, %m : tensor<f32>
    %3 = arith.subf %2, %1 : tensor<f32>
    %4 = math.exp %3 : tensor<f32>
    %5 = arith.subf %i, %1 : tensor<f32>
    %6 = math.exp %5 : tensor<f32>
    %7 = tensor.empty() : tensor<4x3xf32>
    %8 = linalg.broadcast ins(%4 : tensor<f32>) outs(%7 : tensor<4x3xf32>) dimensions = [0, 1]
    %9 = arith.mulf %8, %C : tensor<4x3xf32>
    %10 = tensor.empty() : tensor<4x3xf32>
    %11 = linalg.generic {indexing_maps = [#ij_i, #ij_j, #ij_ij], iterator_types = ["parallel", "parallel"]}
        ins(%k, %v : tensor<4xf32>, tensor<3xf32>) outs(%10 : tensor<4x3xf32>) {
    ^bb0(%p0: f32, %p1: f32, %acc: f32):
      %_m = arith.mulf %p0, %p1 : f32
      linalg.yield %_m : f32
    } -> tensor<4x3xf32>
    %12 = tensor.empty() : tensor<4x3xf32>
    %13 = linalg.broadcast ins(%6 : tensor<f32>) outs(%12 : tensor<4x3xf32>) dimensions = [0, 1]
    %14 = arith.mulf %13, %11 : tensor<4x3xf32>
    %15 = arith.addf %9, %14 : tensor<4x3xf32>
    %16 = tensor.empty() : tensor<4xf32>
    %17 = linalg.broadcast ins(%4 : tensor<f32>) outs(%16 : tensor<4xf32>) dimensions = [0]
    %18 = arith.mulf %17, %n : tensor<4xf32>
    %19 = tensor.empty() : tensor<4xf32>
    %20 = linalg.broadcast ins(%6 : tensor<f32>) outs(%19 : tensor<4xf32>) dimensions = [0]
    %21 = arith.mulf %20, %k : tensor<4xf32>
    %22 = arith.addf %18, %21 : tensor<4xf32>
    %c0 = arith.constant dense<0.0> : tensor<3xf32>
    %24 = linalg.vecmat ins(%q, %15 : tensor<4xf32>, tensor<4x3xf32>) outs(%c0 : tensor<3xf32>) -> tensor<3xf32>
    %c1 = arith.constant dense<0.0> : tensor<f32>
    %26 = linalg.dot ins(%q, %22 : tensor<4xf32>, tensor<4xf32>) outs(%c1 : tensor<f32>) -> tensor<f32>
    %27 = math.absf %26 : tensor<f32>
    %28 = arith.negf %1 : tensor<f32>
    %29 = math.exp %28 : tensor<f32>
    %30 = arith.maximumf %27, %29 : tensor<f32>
    %31 = tensor.empty() : tensor<3xf32>
    %32 = linalg.broadcast ins(%30 : tensor<f32>) outs(%31 : tensor<3xf32>) dimensions = [0]
    %33 = arith.divf %24, %32 : tensor<3xf32>
    strand.yield %33 : tensor<3xf32> next %15, %22, %1 : tensor<4x3xf32>, tensor<4xf32>, tensor<f32>
  }
  return %r : tensor<?x3xf32>
}

// The weighted mean of RWKV-4: m' = max(w + m, k), numerator and denominator under exp(w + m - m').
func.func @rwkv4(%ks: tensor<?x8xf32>, %vs: tensor<?x8xf32>, %all_w: tensor<8xf32>, %all_u: tensor<8xf32>,
    %offsets: tensor<?xi32>) -> tensor<?x8xf32> {
  // expected-remark @below {{h2 is max-plus, diagonal: h2[i] = max(h2[i] + A[i], b[i]); becomes strand.associative_scan}}
  // expected-remark @below {{h0 is diagonal: h0[i] = exp(g[i]) * h0[i] + b[i], given h2; becomes strand.linear_recurrence}}
  // expected-remark @below {{h1 is diagonal: h1[i] = exp(g[i]) * h1[i] + b[i], given h2; becomes strand.linear_recurrence}}
  %r = strand.scan rows(%k = %ks : tensor<?x8xf32>, %v = %vs : tensor<?x8xf32>)
      with(%w = %all_w : tensor<8xf32>, %u = %all_u : tensor<8xf32>)
      carry(%a : tensor<8xf32>, %bb : tensor<8xf32>, %p : tensor<8xf32>)
      offsets %offsets : tensor<?xi32> -> tensor<?x8xf32> {
    %0 = arith.addf %u, %k : tensor<8xf32>
    %1 = arith.maximumf %p, %0 : tensor<8xf32>
    %2 = arith.subf %p, %1 : tensor<8xf32>
    %3 = math.exp %2 : tensor<8xf32>
    %4 = arith.subf %0, %1 : tensor<8xf32>
    %5 = math.exp %4 : tensor<8xf32>
    %6 = arith.mulf %3, %a : tensor<8xf32>
    %7 = arith.mulf %5, %v : tensor<8xf32>
    %8 = arith.addf %6, %7 : tensor<8xf32>
    %9 = arith.mulf %3, %bb : tensor<8xf32>
    %10 = arith.addf %9, %5 : tensor<8xf32>
    %11 = arith.divf %8, %10 : tensor<8xf32>
    %12 = arith.subf %p, %w : tensor<8xf32>
    %13 = arith.maximumf %12, %k : tensor<8xf32>
    %14 = arith.subf %12, %13 : tensor<8xf32>
    %15 = math.exp %14 : tensor<8xf32>
    %16 = arith.subf %k, %13 : tensor<8xf32>
    %17 = math.exp %16 : tensor<8xf32>
    %18 = arith.mulf %15, %a : tensor<8xf32>
    %19 = arith.mulf %17, %v : tensor<8xf32>
    %20 = arith.addf %18, %19 : tensor<8xf32>
    %21 = arith.mulf %15, %bb : tensor<8xf32>
    %22 = arith.addf %21, %17 : tensor<8xf32>
    strand.yield %11 : tensor<8xf32> next %20, %22, %13 : tensor<8xf32>, tensor<8xf32>, tensor<8xf32>
  }
  return %r : tensor<?x8xf32>
}

// Attention of one query as m' = max(m, s), u and w under exp(m - m').
func.func @attention_scan(%ss: tensor<?xf32>, %vs: tensor<?x3xf32>, %offsets: tensor<?xi32>) -> tensor<?x3xf32> {
  // expected-remark @below {{h0 is max-plus, diagonal: h0 = max(h0, b); becomes strand.associative_scan}}
  // expected-remark @below {{h1 is diagonal: h1 = exp(g) * h1 + b, given h0; becomes strand.linear_recurrence}}
  // expected-remark @below {{h2 is diagonal: h2[i] = exp(g) * h2[i] + b[i], given h0; becomes strand.linear_recurrence}}
  %r = strand.scan rows(%s = %ss : tensor<?xf32>, %v = %vs : tensor<?x3xf32>)
      carry(%m : tensor<f32>, %u : tensor<f32>, %w : tensor<3xf32>)
      offsets %offsets : tensor<?xi32> -> tensor<?x3xf32> {
    %0 = arith.maximumf %m, %s : tensor<f32>
    %1 = arith.subf %m, %0 : tensor<f32>
    %2 = math.exp %1 : tensor<f32>
    %3 = arith.subf %s, %0 : tensor<f32>
    %4 = math.exp %3 : tensor<f32>
    %5 = arith.mulf %2, %u : tensor<f32>
    %6 = arith.addf %5, %4 : tensor<f32>
    %7 = tensor.empty() : tensor<3xf32>
    %8 = linalg.broadcast ins(%2 : tensor<f32>) outs(%7 : tensor<3xf32>) dimensions = [0]
    %9 = arith.mulf %8, %w : tensor<3xf32>
    %10 = tensor.empty() : tensor<3xf32>
    %11 = linalg.broadcast ins(%4 : tensor<f32>) outs(%10 : tensor<3xf32>) dimensions = [0]
    %12 = arith.mulf %11, %v : tensor<3xf32>
    %13 = arith.addf %9, %12 : tensor<3xf32>
    %14 = tensor.empty() : tensor<3xf32>
    %15 = linalg.broadcast ins(%6 : tensor<f32>) outs(%14 : tensor<3xf32>) dimensions = [0]
    %16 = arith.divf %13, %15 : tensor<3xf32>
    strand.yield %16 : tensor<3xf32> next %0, %6, %13 : tensor<f32>, tensor<f32>, tensor<3xf32>
  }
  return %r : tensor<?x3xf32>
}

// z' = log(exp z + exp k), S' = Diag(exp(z - z')) S + exp(k - z') v^T.
func.func @lightnet(%qs: tensor<?x4xf32>, %ks: tensor<?x4xf32>, %vs: tensor<?x3xf32>,
    %offsets: tensor<?xi32>) -> tensor<?x3xf32> {
  // expected-remark @below {{h0 is log-sum-exp, diagonal: h0[i] = lse(h0[i], b[i]); becomes strand.associative_scan}}
  // expected-remark @below {{h1 is a decayed sum of outer products: h1[i,j] = exp(g[i]) * h1[i,j] + k[i] * v[j], given h0; becomes strand.linear_attention}}
  %r = strand.scan rows(%q = %qs : tensor<?x4xf32>, %k = %ks : tensor<?x4xf32>, %v = %vs : tensor<?x3xf32>)
      carry(%z : tensor<4xf32>, %S : tensor<4x3xf32>) offsets %offsets : tensor<?xi32> -> tensor<?x3xf32> {
    %0 = math.exp %z : tensor<4xf32>
    %1 = math.exp %k : tensor<4xf32>
    %2 = arith.addf %0, %1 : tensor<4xf32>
    %3 = math.log %2 : tensor<4xf32>
    %4 = arith.subf %z, %3 : tensor<4xf32>
    %5 = math.exp %4 : tensor<4xf32>
    %6 = tensor.empty() : tensor<4x3xf32>
    %7 = linalg.broadcast ins(%5 : tensor<4xf32>) outs(%6 : tensor<4x3xf32>) dimensions = [1]
    %8 = arith.mulf %7, %S : tensor<4x3xf32>
    %9 = arith.subf %k, %3 : tensor<4xf32>
    %10 = math.exp %9 : tensor<4xf32>
    %11 = tensor.empty() : tensor<4x3xf32>
    %12 = linalg.generic {indexing_maps = [#ij_i, #ij_j, #ij_ij], iterator_types = ["parallel", "parallel"]}
        ins(%10, %v : tensor<4xf32>, tensor<3xf32>) outs(%11 : tensor<4x3xf32>) {
    ^bb0(%p0: f32, %p1: f32, %acc: f32):
      %_m = arith.mulf %p0, %p1 : f32
      linalg.yield %_m : f32
    } -> tensor<4x3xf32>
    %13 = arith.addf %8, %12 : tensor<4x3xf32>
    %c0 = arith.constant dense<0.0> : tensor<3xf32>
    %15 = linalg.vecmat ins(%q, %13 : tensor<4xf32>, tensor<4x3xf32>) outs(%c0 : tensor<3xf32>) -> tensor<3xf32>
    strand.yield %15 : tensor<3xf32> next %3, %13 : tensor<4xf32>, tensor<4x3xf32>
  }
  return %r : tensor<?x3xf32>
}

// S' = eta S - theta k v^T, M' = (1 - alpha) M + S'.
func.func @momentum_memory(%qs: tensor<?x4xf32>, %ks: tensor<?x4xf32>, %vs: tensor<?x3xf32>,
    %etas: tensor<?xf32>, %als: tensor<?xf32>, %offsets: tensor<?xi32>) -> tensor<?x3xf32> {
  // expected-remark @below {{h0 is a decayed sum of outer products: h0[i,j] = a * h0[i,j] + k[i] * v[j]; stays a scan: it is read other than by a sum along a dimension, and is wider than a row}}
  // expected-remark @below {{h1 is diagonal: h1[i,j] = a * h1[i,j] + b[i,j], given h0; stays a scan: it is computed with h0}}
  %r = strand.scan rows(%q = %qs : tensor<?x4xf32>, %k = %ks : tensor<?x4xf32>, %v = %vs : tensor<?x3xf32>,
           %eta = %etas : tensor<?xf32>, %al = %als : tensor<?xf32>)
      carry(%S : tensor<4x3xf32>, %M : tensor<4x3xf32>) offsets %offsets : tensor<?xi32> -> tensor<?x3xf32> {
    %0 = tensor.empty() : tensor<4x3xf32>
    %1 = linalg.broadcast ins(%eta : tensor<f32>) outs(%0 : tensor<4x3xf32>) dimensions = [0, 1]
    %2 = arith.mulf %1, %S : tensor<4x3xf32>
    %3 = tensor.empty() : tensor<4x3xf32>
    %4 = linalg.generic {indexing_maps = [#ij_i, #ij_j, #ij_ij], iterator_types = ["parallel", "parallel"]}
        ins(%k, %v : tensor<4xf32>, tensor<3xf32>) outs(%3 : tensor<4x3xf32>) {
    ^bb0(%p0: f32, %p1: f32, %acc: f32):
      %_m = arith.mulf %p0, %p1 : f32
      linalg.yield %_m : f32
    } -> tensor<4x3xf32>
    %5 = arith.addf %2, %4 : tensor<4x3xf32>
    %c0 = arith.constant dense<1.0> : tensor<f32>
    %7 = arith.subf %c0, %al : tensor<f32>
    %8 = tensor.empty() : tensor<4x3xf32>
    %9 = linalg.broadcast ins(%7 : tensor<f32>) outs(%8 : tensor<4x3xf32>) dimensions = [0, 1]
    %10 = arith.mulf %9, %M : tensor<4x3xf32>
    %11 = arith.addf %10, %5 : tensor<4x3xf32>
    %c1 = arith.constant dense<0.0> : tensor<3xf32>
    %13 = linalg.vecmat ins(%q, %11 : tensor<4xf32>, tensor<4x3xf32>) outs(%c1 : tensor<3xf32>) -> tensor<3xf32>
    strand.yield %13 : tensor<3xf32> next %5, %11 : tensor<4x3xf32>, tensor<4x3xf32>
  }
  return %r : tensor<?x3xf32>
}

// A slow state 0.95 s + 0.05 B x beside h' = sigmoid(... h ... s').
func.func @scrn(%xs: tensor<?x8xf32>, %all_W: tensor<8x8xf32>, %all_U: tensor<8x8xf32>, %all_P: tensor<8x8xf32>,
    %offsets: tensor<?xi32>) -> tensor<?x8xf32> {
  // expected-remark @below {{h0 is diagonal: h0[i] = 0.95 * h0[i] + b[i]; becomes strand.linear_recurrence}}
  // expected-remark @below {{h1 is not affine, given h0}}
  %r = strand.scan rows(%x = %xs : tensor<?x8xf32>)
      with(%W = %all_W : tensor<8x8xf32>, %U = %all_U : tensor<8x8xf32>, %P = %all_P : tensor<8x8xf32>)
      carry(%s : tensor<8xf32>, %h : tensor<8xf32>) offsets %offsets : tensor<?xi32> -> tensor<?x8xf32> {
    %c0 = arith.constant dense<0.95> : tensor<8xf32>
    %1 = arith.mulf %c0, %s : tensor<8xf32>
    %c1 = arith.constant dense<0.05> : tensor<8xf32>
    %3 = arith.mulf %c1, %x : tensor<8xf32>
    %4 = arith.addf %1, %3 : tensor<8xf32>
    %c2 = arith.constant dense<0.0> : tensor<8xf32>
    %6 = linalg.matvec ins(%W, %x : tensor<8x8xf32>, tensor<8xf32>) outs(%c2 : tensor<8xf32>) -> tensor<8xf32>
    %7 = linalg.matvec ins(%U, %h : tensor<8x8xf32>, tensor<8xf32>) outs(%c2 : tensor<8xf32>) -> tensor<8xf32>
    %8 = arith.addf %6, %7 : tensor<8xf32>
    %9 = linalg.matvec ins(%P, %4 : tensor<8x8xf32>, tensor<8xf32>) outs(%c2 : tensor<8xf32>) -> tensor<8xf32>
    %10 = arith.addf %8, %9 : tensor<8xf32>
    // expected-remark @below {{math.tanh is applied to what depends on h1, so h1 stays a scan}}
    %11 = math.tanh %10 : tensor<8xf32>
    strand.yield %11 : tensor<8xf32> next %4, %11 : tensor<8xf32>, tensor<8xf32>
  }
  return %r : tensor<?x8xf32>
}
