// Outer products added to a decayed matrix, which is read by a sum along a dimension.
//
// RUN: strand-opt %s -strand-infer-structure -verify-diagnostics -o /dev/null

#hij_hi = affine_map<(h, i, j) -> (h, i)>
#hij_hij = affine_map<(h, i, j) -> (h, i, j)>
#hij_hj = affine_map<(h, i, j) -> (h, j)>
#hji_hi = affine_map<(h, j, i) -> (h, i)>
#hji_hij = affine_map<(h, j, i) -> (h, i, j)>
#hji_hj = affine_map<(h, j, i) -> (h, j)>
#ij_i = affine_map<(i, j) -> (i)>
#ij_ij = affine_map<(i, j) -> (i, j)>
#ij_j = affine_map<(i, j) -> (j)>

// S' = S + k v^T, z' = z + k, y = S'^T q / (z' . q).
func.func @linear_attention(%qs: tensor<?x4xf32>, %ks: tensor<?x4xf32>, %vs: tensor<?x3xf32>,
    %offsets: tensor<?xi32>) -> tensor<?x3xf32> {
  // expected-remark @below {{h0 is a sum of outer products: h0[i,j] = h0[i,j] + k[i] * v[j]; becomes strand.linear_attention}}
  // expected-remark @below {{h1 is a sum: h1[i] = h1[i] + b[i]; becomes the normaliser of another}}
  %r = strand.scan rows(%q = %qs : tensor<?x4xf32>, %k = %ks : tensor<?x4xf32>, %v = %vs : tensor<?x3xf32>)
      carry(%S : tensor<4x3xf32>, %z : tensor<4xf32>) offsets %offsets : tensor<?xi32> -> tensor<?x3xf32> {
    %0 = tensor.empty() : tensor<4x3xf32>
    %1 = linalg.generic {indexing_maps = [#ij_i, #ij_j, #ij_ij], iterator_types = ["parallel", "parallel"]}
        ins(%k, %v : tensor<4xf32>, tensor<3xf32>) outs(%0 : tensor<4x3xf32>) {
    ^bb0(%p0: f32, %p1: f32, %acc: f32):
      %_m = arith.mulf %p0, %p1 : f32
      linalg.yield %_m : f32
    } -> tensor<4x3xf32>
    %2 = arith.addf %S, %1 : tensor<4x3xf32>
    %3 = arith.addf %z, %k : tensor<4xf32>
    %c0 = arith.constant dense<0.0> : tensor<3xf32>
    %5 = linalg.vecmat ins(%q, %2 : tensor<4xf32>, tensor<4x3xf32>) outs(%c0 : tensor<3xf32>) -> tensor<3xf32>
    %c1 = arith.constant dense<0.0> : tensor<f32>
    %7 = linalg.dot ins(%q, %3 : tensor<4xf32>, tensor<4xf32>) outs(%c1 : tensor<f32>) -> tensor<f32>
    %8 = tensor.empty() : tensor<3xf32>
    %9 = linalg.broadcast ins(%7 : tensor<f32>) outs(%8 : tensor<3xf32>) dimensions = [0]
    %10 = arith.divf %5, %9 : tensor<3xf32>
    strand.yield %10 : tensor<3xf32> next %2, %3 : tensor<4x3xf32>, tensor<4xf32>
  }
  return %r : tensor<?x3xf32>
}

// S' = g S + k v^T, g one number for all rows.
func.func @retnet(%qs: tensor<?x4xf32>, %ks: tensor<?x4xf32>, %vs: tensor<?x3xf32>, %all_g: tensor<f32>,
    %offsets: tensor<?xi32>) -> tensor<?x3xf32> {
  // expected-remark @below {{h is a decayed sum of outer products: h[i,j] = A * h[i,j] + k[i] * v[j]; becomes strand.linear_recurrence}}
  %r = strand.scan rows(%q = %qs : tensor<?x4xf32>, %k = %ks : tensor<?x4xf32>, %v = %vs : tensor<?x3xf32>)
      with(%g = %all_g : tensor<f32>)
      carry(%S : tensor<4x3xf32>) offsets %offsets : tensor<?xi32> -> tensor<?x3xf32> {
    %0 = tensor.empty() : tensor<4x3xf32>
    %1 = linalg.broadcast ins(%g : tensor<f32>) outs(%0 : tensor<4x3xf32>) dimensions = [0, 1]
    %2 = arith.mulf %1, %S : tensor<4x3xf32>
    %3 = tensor.empty() : tensor<4x3xf32>
    %4 = linalg.generic {indexing_maps = [#ij_i, #ij_j, #ij_ij], iterator_types = ["parallel", "parallel"]}
        ins(%k, %v : tensor<4xf32>, tensor<3xf32>) outs(%3 : tensor<4x3xf32>) {
    ^bb0(%p0: f32, %p1: f32, %acc: f32):
      %_m = arith.mulf %p0, %p1 : f32
      linalg.yield %_m : f32
    } -> tensor<4x3xf32>
    %5 = arith.addf %2, %4 : tensor<4x3xf32>
    %c0 = arith.constant dense<0.0> : tensor<3xf32>
    %7 = linalg.vecmat ins(%q, %5 : tensor<4xf32>, tensor<4x3xf32>) outs(%c0 : tensor<3xf32>) -> tensor<3xf32>
    strand.yield %7 : tensor<3xf32> next %5 : tensor<4x3xf32>
  }
  return %r : tensor<?x3xf32>
}

// S' = exp(-softplus(dt) exp(A)) S + B (softplus(dt) x)^T, y = S'^T C.
func.func @mamba2(%Cs: tensor<?x4xf32>, %Bvs: tensor<?x4xf32>, %xs: tensor<?x3xf32>, %dts: tensor<?xf32>,
    %all_A: tensor<f32>, %offsets: tensor<?xi32>) -> tensor<?x3xf32> {
  // expected-remark @below {{h is a decayed sum of outer products: h[i,j] = exp(g) * h[i,j] + k[i] * v[j]; becomes strand.linear_attention}}
  %r = strand.scan rows(%C = %Cs : tensor<?x4xf32>, %Bv = %Bvs : tensor<?x4xf32>, %x = %xs : tensor<?x3xf32>,
           %dt = %dts : tensor<?xf32>)
      with(%A = %all_A : tensor<f32>)
      carry(%S : tensor<4x3xf32>) offsets %offsets : tensor<?xi32> -> tensor<?x3xf32> {
    %0 = math.exp %dt : tensor<f32>
    %1 = math.log1p %0 : tensor<f32>
    %2 = math.exp %A : tensor<f32>
    %3 = arith.mulf %1, %2 : tensor<f32>
    %4 = arith.negf %3 : tensor<f32>
    %5 = math.exp %4 : tensor<f32>
    %6 = tensor.empty() : tensor<4x3xf32>
    %7 = linalg.broadcast ins(%5 : tensor<f32>) outs(%6 : tensor<4x3xf32>) dimensions = [0, 1]
    %8 = arith.mulf %7, %S : tensor<4x3xf32>
    %9 = tensor.empty() : tensor<3xf32>
    %10 = linalg.broadcast ins(%1 : tensor<f32>) outs(%9 : tensor<3xf32>) dimensions = [0]
    %11 = arith.mulf %10, %x : tensor<3xf32>
    %12 = tensor.empty() : tensor<4x3xf32>
    %13 = linalg.generic {indexing_maps = [#ij_i, #ij_j, #ij_ij], iterator_types = ["parallel", "parallel"]}
        ins(%Bv, %11 : tensor<4xf32>, tensor<3xf32>) outs(%12 : tensor<4x3xf32>) {
    ^bb0(%p0: f32, %p1: f32, %acc: f32):
      %_m = arith.mulf %p0, %p1 : f32
      linalg.yield %_m : f32
    } -> tensor<4x3xf32>
    %14 = arith.addf %8, %13 : tensor<4x3xf32>
    %c0 = arith.constant dense<0.0> : tensor<3xf32>
    %16 = linalg.vecmat ins(%C, %14 : tensor<4xf32>, tensor<4x3xf32>) outs(%c0 : tensor<3xf32>) -> tensor<3xf32>
    strand.yield %16 : tensor<3xf32> next %14 : tensor<4x3xf32>
  }
  return %r : tensor<?x3xf32>
}

// The same for each head.
func.func @mamba2_heads(%qs: tensor<?x2x4xf32>, %ks: tensor<?x2x4xf32>, %vs: tensor<?x2x3xf32>,
    %gs: tensor<?x2xf32>, %offsets: tensor<?xi32>) -> tensor<?x2x3xf32> {
  // expected-remark @below {{h is a decayed sum of outer products: h[i,j,l] = exp(g[i]) * h[i,j,l] + k[i,j] * v[i,l]; becomes strand.linear_attention}}
  %r = strand.scan rows(%q = %qs : tensor<?x2x4xf32>, %k = %ks : tensor<?x2x4xf32>,
           %v = %vs : tensor<?x2x3xf32>, %g = %gs : tensor<?x2xf32>)
      carry(%S : tensor<2x4x3xf32>) offsets %offsets : tensor<?xi32> -> tensor<?x2x3xf32> {
    %0 = math.exp %g : tensor<2xf32>
    %1 = tensor.empty() : tensor<2x4x3xf32>
    %2 = linalg.broadcast ins(%0 : tensor<2xf32>) outs(%1 : tensor<2x4x3xf32>) dimensions = [1, 2]
    %3 = arith.mulf %2, %S : tensor<2x4x3xf32>
    %4 = tensor.empty() : tensor<2x4x3xf32>
    %5 = linalg.generic {indexing_maps = [#hij_hi, #hij_hj, #hij_hij],
        iterator_types = ["parallel", "parallel", "parallel"]}
        ins(%k, %v : tensor<2x4xf32>, tensor<2x3xf32>) outs(%4 : tensor<2x4x3xf32>) {
    ^bb0(%p0: f32, %p1: f32, %acc: f32):
      %_m = arith.mulf %p0, %p1 : f32
      linalg.yield %_m : f32
    } -> tensor<2x4x3xf32>
    %6 = arith.addf %3, %5 : tensor<2x4x3xf32>
    %c0 = arith.constant dense<0.0> : tensor<2x3xf32>
    %8 = linalg.generic {indexing_maps = [#hji_hi, #hji_hij, #hji_hj],
        iterator_types = ["parallel", "parallel", "reduction"]}
        ins(%q, %6 : tensor<2x4xf32>, tensor<2x4x3xf32>) outs(%c0 : tensor<2x3xf32>) {
    ^bb0(%p0: f32, %p1: f32, %acc: f32):
      %_m = arith.mulf %p0, %p1 : f32
      %_a = arith.addf %acc, %_m : f32
      linalg.yield %_a : f32
    } -> tensor<2x3xf32>
    strand.yield %8 : tensor<2x3xf32> next %6 : tensor<2x4x3xf32>
  }
  return %r : tensor<?x2x3xf32>
}

// h[i,j]' = exp(-softplus(dt[i]) exp(A[i,j])) h[i,j] + softplus(dt[i]) x[i] B[j].
func.func @mamba(%xs: tensor<?x8xf32>, %dts: tensor<?x8xf32>, %Bvs: tensor<?x5xf32>, %Cs: tensor<?x5xf32>,
    %all_Alog: tensor<8x5xf32>, %all_Dw: tensor<8xf32>, %offsets: tensor<?xi32>) -> tensor<?x8xf32> {
  // expected-remark @below {{h is a decayed sum of outer products: h[i,j] = exp(g[i,j]) * h[i,j] + k[i] * v[j]; becomes strand.linear_recurrence}}
  %r = strand.scan rows(%x = %xs : tensor<?x8xf32>, %dt = %dts : tensor<?x8xf32>, %Bv = %Bvs : tensor<?x5xf32>,
           %C = %Cs : tensor<?x5xf32>)
      with(%Alog = %all_Alog : tensor<8x5xf32>, %Dw = %all_Dw : tensor<8xf32>)
      carry(%h : tensor<8x5xf32>) offsets %offsets : tensor<?xi32> -> tensor<?x8xf32> {
    %0 = math.exp %dt : tensor<8xf32>
    %1 = math.log1p %0 : tensor<8xf32>
    %2 = math.exp %Alog : tensor<8x5xf32>
    %3 = arith.negf %2 : tensor<8x5xf32>
    %4 = tensor.empty() : tensor<8x5xf32>
    %5 = linalg.broadcast ins(%1 : tensor<8xf32>) outs(%4 : tensor<8x5xf32>) dimensions = [1]
    %6 = arith.mulf %5, %3 : tensor<8x5xf32>
    %7 = math.exp %6 : tensor<8x5xf32>
    %8 = arith.mulf %7, %h : tensor<8x5xf32>
    %9 = arith.mulf %1, %x : tensor<8xf32>
    %10 = tensor.empty() : tensor<8x5xf32>
    %11 = linalg.generic {indexing_maps = [#ij_i, #ij_j, #ij_ij], iterator_types = ["parallel", "parallel"]}
        ins(%9, %Bv : tensor<8xf32>, tensor<5xf32>) outs(%10 : tensor<8x5xf32>) {
    ^bb0(%p0: f32, %p1: f32, %acc: f32):
      %_m = arith.mulf %p0, %p1 : f32
      linalg.yield %_m : f32
    } -> tensor<8x5xf32>
    %12 = arith.addf %8, %11 : tensor<8x5xf32>
    %c0 = arith.constant dense<0.0> : tensor<8xf32>
    %14 = linalg.matvec ins(%12, %C : tensor<8x5xf32>, tensor<5xf32>) outs(%c0 : tensor<8xf32>) -> tensor<8xf32>
    %15 = arith.mulf %Dw, %x : tensor<8xf32>
    %16 = arith.addf %14, %15 : tensor<8xf32>
    strand.yield %16 : tensor<8xf32> next %12 : tensor<8x5xf32>
  }
  return %r : tensor<?x8xf32>
}

// S' = Diag(exp(g)) S + k v^T, g = logsigmoid(x) / 16.
func.func @gla(%qs: tensor<?x4xf32>, %ks: tensor<?x4xf32>, %vs: tensor<?x3xf32>, %gs: tensor<?x4xf32>,
    %offsets: tensor<?xi32>) -> tensor<?x3xf32> {
  // expected-remark @below {{h is a decayed sum of outer products: h[i,j] = exp(g[i]) * h[i,j] + k[i] * v[j]; becomes strand.linear_attention}}
  %r = strand.scan rows(%q = %qs : tensor<?x4xf32>, %k = %ks : tensor<?x4xf32>, %v = %vs : tensor<?x3xf32>,
           %g = %gs : tensor<?x4xf32>)
      carry(%S : tensor<4x3xf32>) offsets %offsets : tensor<?xi32> -> tensor<?x3xf32> {
    %0 = arith.negf %g : tensor<4xf32>
    %1 = math.exp %0 : tensor<4xf32>
    %2 = math.log1p %1 : tensor<4xf32>
    %3 = arith.negf %2 : tensor<4xf32>
    %c0 = arith.constant dense<0.0625> : tensor<4xf32>
    %5 = arith.mulf %3, %c0 : tensor<4xf32>
    %6 = math.exp %5 : tensor<4xf32>
    %7 = tensor.empty() : tensor<4x3xf32>
    %8 = linalg.broadcast ins(%6 : tensor<4xf32>) outs(%7 : tensor<4x3xf32>) dimensions = [1]
    %9 = arith.mulf %8, %S : tensor<4x3xf32>
    %10 = tensor.empty() : tensor<4x3xf32>
    %11 = linalg.generic {indexing_maps = [#ij_i, #ij_j, #ij_ij], iterator_types = ["parallel", "parallel"]}
        ins(%k, %v : tensor<4xf32>, tensor<3xf32>) outs(%10 : tensor<4x3xf32>) {
    ^bb0(%p0: f32, %p1: f32, %acc: f32):
      %_m = arith.mulf %p0, %p1 : f32
      linalg.yield %_m : f32
    } -> tensor<4x3xf32>
    %12 = arith.addf %9, %11 : tensor<4x3xf32>
    %c1 = arith.constant dense<0.0> : tensor<3xf32>
    %14 = linalg.vecmat ins(%q, %12 : tensor<4xf32>, tensor<4x3xf32>) outs(%c1 : tensor<3xf32>) -> tensor<3xf32>
    strand.yield %14 : tensor<3xf32> next %12 : tensor<4x3xf32>
  }
  return %r : tensor<?x3xf32>
}

// k v^T as a product of matrices of one column and one row.
func.func @gla_matmul_spelling(%qs: tensor<?x4xf32>, %ks: tensor<?x4xf32>, %vs: tensor<?x3xf32>,
    %gs: tensor<?x4xf32>, %offsets: tensor<?xi32>) -> tensor<?x3xf32> {
  // expected-remark @below {{h is a decayed sum of outer products: h[i,j] = exp(g[i]) * h[i,j] + k[i] * v[j]; becomes strand.linear_attention}}
  %r = strand.scan rows(%q = %qs : tensor<?x4xf32>, %k = %ks : tensor<?x4xf32>, %v = %vs : tensor<?x3xf32>,
           %g = %gs : tensor<?x4xf32>)
      carry(%S : tensor<4x3xf32>) offsets %offsets : tensor<?xi32> -> tensor<?x3xf32> {
    %0 = math.exp %g : tensor<4xf32>
    %1 = tensor.expand_shape %k [[0, 1]] output_shape [4, 1] : tensor<4xf32> into tensor<4x1xf32>
    %2 = tensor.expand_shape %v [[0, 1]] output_shape [1, 3] : tensor<3xf32> into tensor<1x3xf32>
    %c0 = arith.constant dense<0.0> : tensor<4x3xf32>
    %4 = linalg.matmul ins(%1, %2 : tensor<4x1xf32>, tensor<1x3xf32>) outs(%c0 : tensor<4x3xf32>) -> tensor<4x3xf32>
    %5 = linalg.generic {indexing_maps = [#ij_i, #ij_ij, #ij_ij], iterator_types = ["parallel", "parallel"]}
        ins(%0, %S : tensor<4xf32>, tensor<4x3xf32>) outs(%4 : tensor<4x3xf32>) {
    ^bb0(%p0: f32, %p1: f32, %acc: f32):
      %_m = arith.mulf %p0, %p1 : f32
      %_a = arith.addf %_m, %acc : f32
      linalg.yield %_a : f32
    } -> tensor<4x3xf32>
    %c1 = arith.constant dense<0.0> : tensor<3xf32>
    %7 = linalg.vecmat ins(%q, %5 : tensor<4xf32>, tensor<4x3xf32>) outs(%c1 : tensor<3xf32>) -> tensor<3xf32>
    strand.yield %7 : tensor<3xf32> next %5 : tensor<4x3xf32>
  }
  return %r : tensor<?x3xf32>
}

// S' = Diag(f) S + (1 - f) v^T, f a logistic function.
func.func @hgrn2(%qs: tensor<?x4xf32>, %fs: tensor<?x4xf32>, %vs: tensor<?x3xf32>,
    %offsets: tensor<?xi32>) -> tensor<?x3xf32> {
  // expected-remark @below {{h is a decayed sum of outer products: h[i,j] = exp(g[i]) * h[i,j] + k[i] * v[j]; becomes strand.linear_attention}}
  %r = strand.scan rows(%q = %qs : tensor<?x4xf32>, %f = %fs : tensor<?x4xf32>, %v = %vs : tensor<?x3xf32>)
      carry(%S : tensor<4x3xf32>) offsets %offsets : tensor<?xi32> -> tensor<?x3xf32> {
    %c0 = arith.constant dense<1.0> : tensor<4xf32>
    %1 = arith.negf %f : tensor<4xf32>
    %2 = math.exp %1 : tensor<4xf32>
    %3 = arith.addf %c0, %2 : tensor<4xf32>
    %4 = arith.divf %c0, %3 : tensor<4xf32>
    %5 = tensor.empty() : tensor<4x3xf32>
    %6 = linalg.broadcast ins(%4 : tensor<4xf32>) outs(%5 : tensor<4x3xf32>) dimensions = [1]
    %7 = arith.mulf %6, %S : tensor<4x3xf32>
    %8 = arith.subf %c0, %4 : tensor<4xf32>
    %9 = tensor.empty() : tensor<4x3xf32>
    %10 = linalg.generic {indexing_maps = [#ij_i, #ij_j, #ij_ij], iterator_types = ["parallel", "parallel"]}
        ins(%8, %v : tensor<4xf32>, tensor<3xf32>) outs(%9 : tensor<4x3xf32>) {
    ^bb0(%p0: f32, %p1: f32, %acc: f32):
      %_m = arith.mulf %p0, %p1 : f32
      linalg.yield %_m : f32
    } -> tensor<4x3xf32>
    %11 = arith.addf %7, %10 : tensor<4x3xf32>
    %c1 = arith.constant dense<0.0> : tensor<3xf32>
    %13 = linalg.vecmat ins(%q, %11 : tensor<4xf32>, tensor<4x3xf32>) outs(%c1 : tensor<3xf32>) -> tensor<3xf32>
    strand.yield %13 : tensor<3xf32> next %11 : tensor<4x3xf32>
  }
  return %r : tensor<?x3xf32>
}

// y = (S + Diag(u) k v^T)^T r before S' = Diag(exp(-exp(w))) S + k v^T.
func.func @rwkv6(%rs: tensor<?x4xf32>, %ks: tensor<?x4xf32>, %vs: tensor<?x3xf32>, %ws: tensor<?x4xf32>,
    %all_u: tensor<4xf32>, %offsets: tensor<?xi32>) -> tensor<?x3xf32> {
  // expected-remark @below {{h is a decayed sum of outer products: h[i,j] = exp(g[i]) * h[i,j] + k[i] * v[j]; becomes strand.linear_attention}}
  %r = strand.scan rows(%r = %rs : tensor<?x4xf32>, %k = %ks : tensor<?x4xf32>, %v = %vs : tensor<?x3xf32>,
           %w = %ws : tensor<?x4xf32>)
      with(%u = %all_u : tensor<4xf32>)
      carry(%S : tensor<4x3xf32>) offsets %offsets : tensor<?xi32> -> tensor<?x3xf32> {
    %0 = tensor.empty() : tensor<4x3xf32>
    %1 = linalg.generic {indexing_maps = [#ij_i, #ij_j, #ij_ij], iterator_types = ["parallel", "parallel"]}
        ins(%k, %v : tensor<4xf32>, tensor<3xf32>) outs(%0 : tensor<4x3xf32>) {
    ^bb0(%p0: f32, %p1: f32, %acc: f32):
      %_m = arith.mulf %p0, %p1 : f32
      linalg.yield %_m : f32
    } -> tensor<4x3xf32>
    %2 = tensor.empty() : tensor<4x3xf32>
    %3 = linalg.broadcast ins(%u : tensor<4xf32>) outs(%2 : tensor<4x3xf32>) dimensions = [1]
    %4 = arith.mulf %3, %1 : tensor<4x3xf32>
    %5 = arith.addf %S, %4 : tensor<4x3xf32>
    %c0 = arith.constant dense<0.0> : tensor<3xf32>
    %7 = linalg.vecmat ins(%r, %5 : tensor<4xf32>, tensor<4x3xf32>) outs(%c0 : tensor<3xf32>) -> tensor<3xf32>
    %8 = math.exp %w : tensor<4xf32>
    %9 = arith.negf %8 : tensor<4xf32>
    %10 = math.exp %9 : tensor<4xf32>
    %11 = tensor.empty() : tensor<4x3xf32>
    %12 = linalg.broadcast ins(%10 : tensor<4xf32>) outs(%11 : tensor<4x3xf32>) dimensions = [1]
    %13 = arith.mulf %12, %S : tensor<4x3xf32>
    %14 = arith.addf %13, %1 : tensor<4x3xf32>
    strand.yield %7 : tensor<3xf32> next %14 : tensor<4x3xf32>
  }
  return %r : tensor<?x3xf32>
}
