// Linear in what is carried, with more than a scale: those of one rank-one term, or of several in turn, are
// strand.delta_rule, others have no op.
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
#ij_ji = affine_map<(i, j) -> (j, i)>
#ij_none = affine_map<(i, j) -> ()>
#j_j = affine_map<(j) -> (j)>
#j_none = affine_map<(j) -> ()>
#ijl_ij = affine_map<(i, j, l) -> (i, j)>
#ijl_il = affine_map<(i, j, l) -> (i, l)>
#ijl_jl = affine_map<(i, j, l) -> (j, l)>

// S' = S + beta k (v - S^T k)^T.
func.func @deltanet(%qs: tensor<?x4xf32>, %ks: tensor<?x4xf32>, %vs: tensor<?x3xf32>, %bs: tensor<?xf32>,
    %offsets: tensor<?xi32>) -> tensor<?x3xf32> {
  // expected-remark @below {{h is identity plus rank 1 (delta rule): h[i,j] = h[i,j] + l[i] * sum_x r[x] * h[x,j] + k[i] * v[j]; becomes strand.delta_rule}}
  %r = strand.scan rows(%q = %qs : tensor<?x4xf32>, %k = %ks : tensor<?x4xf32>, %v = %vs : tensor<?x3xf32>,
           %b = %bs : tensor<?xf32>)
      carry(%S : tensor<4x3xf32>) offsets %offsets : tensor<?xi32> -> tensor<?x3xf32> {
    %c0 = arith.constant dense<0.0> : tensor<3xf32>
    %1 = linalg.vecmat ins(%k, %S : tensor<4xf32>, tensor<4x3xf32>) outs(%c0 : tensor<3xf32>) -> tensor<3xf32>
    %2 = arith.subf %v, %1 : tensor<3xf32>
    %3 = tensor.empty() : tensor<4xf32>
    %4 = linalg.broadcast ins(%b : tensor<f32>) outs(%3 : tensor<4xf32>) dimensions = [0]
    %5 = arith.mulf %4, %k : tensor<4xf32>
    %6 = tensor.empty() : tensor<4x3xf32>
    %7 = linalg.generic {indexing_maps = [#ij_i, #ij_j, #ij_ij], iterator_types = ["parallel", "parallel"]}
        ins(%5, %2 : tensor<4xf32>, tensor<3xf32>) outs(%6 : tensor<4x3xf32>) {
    ^bb0(%p0: f32, %p1: f32, %acc: f32):
      %_m = arith.mulf %p0, %p1 : f32
      linalg.yield %_m : f32
    } -> tensor<4x3xf32>
    %8 = arith.addf %S, %7 : tensor<4x3xf32>
    %9 = linalg.vecmat ins(%q, %8 : tensor<4xf32>, tensor<4x3xf32>) outs(%c0 : tensor<3xf32>) -> tensor<3xf32>
    strand.yield %9 : tensor<3xf32> next %8 : tensor<4x3xf32>
  }
  return %r : tensor<?x3xf32>
}

// S' = (I - beta k k^T) S + beta k v^T, the matrix being formed.
func.func @deltanet_matrix(%qs: tensor<?x4xf32>, %ks: tensor<?x4xf32>, %vs: tensor<?x3xf32>, %bs: tensor<?xf32>,
    %offsets: tensor<?xi32>) -> tensor<?x3xf32> {
  // expected-remark @below {{h is identity plus rank 1 (delta rule): h[i,j] = h[i,j] + l[i] * sum_x r[x] * h[x,j] + k[i] * v[j]; becomes strand.delta_rule}}
  %r = strand.scan rows(%q = %qs : tensor<?x4xf32>, %k = %ks : tensor<?x4xf32>, %v = %vs : tensor<?x3xf32>,
           %b = %bs : tensor<?xf32>)
      carry(%S : tensor<4x3xf32>) offsets %offsets : tensor<?xi32> -> tensor<?x3xf32> {
    %0 = arith.constant dense<[[1.0,0.0,0.0,0.0],[0.0,1.0,0.0,0.0],[0.0,0.0,1.0,0.0],[0.0,0.0,0.0,1.0]]>
        : tensor<4x4xf32>
    %1 = tensor.empty() : tensor<4x4xf32>
    %2 = linalg.generic {indexing_maps = [#ij_i, #ij_j, #ij_ij], iterator_types = ["parallel", "parallel"]}
        ins(%k, %k : tensor<4xf32>, tensor<4xf32>) outs(%1 : tensor<4x4xf32>) {
    ^bb0(%p0: f32, %p1: f32, %acc: f32):
      %_m = arith.mulf %p0, %p1 : f32
      linalg.yield %_m : f32
    } -> tensor<4x4xf32>
    %3 = tensor.empty() : tensor<4x4xf32>
    %4 = linalg.broadcast ins(%b : tensor<f32>) outs(%3 : tensor<4x4xf32>) dimensions = [0, 1]
    %5 = arith.mulf %4, %2 : tensor<4x4xf32>
    %6 = arith.subf %0, %5 : tensor<4x4xf32>
    %c0 = arith.constant dense<0.0> : tensor<4x3xf32>
    %8 = linalg.matmul ins(%6, %S : tensor<4x4xf32>, tensor<4x3xf32>) outs(%c0 : tensor<4x3xf32>) -> tensor<4x3xf32>
    %9 = tensor.empty() : tensor<4xf32>
    %10 = linalg.broadcast ins(%b : tensor<f32>) outs(%9 : tensor<4xf32>) dimensions = [0]
    %11 = arith.mulf %10, %k : tensor<4xf32>
    %12 = tensor.empty() : tensor<4x3xf32>
    %13 = linalg.generic {indexing_maps = [#ij_i, #ij_j, #ij_ij], iterator_types = ["parallel", "parallel"]}
        ins(%11, %v : tensor<4xf32>, tensor<3xf32>) outs(%12 : tensor<4x3xf32>) {
    ^bb0(%p0: f32, %p1: f32, %acc: f32):
      %_m = arith.mulf %p0, %p1 : f32
      linalg.yield %_m : f32
    } -> tensor<4x3xf32>
    %14 = arith.addf %8, %13 : tensor<4x3xf32>
    %c1 = arith.constant dense<0.0> : tensor<3xf32>
    %16 = linalg.vecmat ins(%q, %14 : tensor<4xf32>, tensor<4x3xf32>) outs(%c1 : tensor<3xf32>) -> tensor<3xf32>
    strand.yield %16 : tensor<3xf32> next %14 : tensor<4x3xf32>
  }
  return %r : tensor<?x3xf32>
}

// S' = S - beta k (k^T S) + beta k v^T.
func.func @deltanet_three_terms(%qs: tensor<?x4xf32>, %ks: tensor<?x4xf32>, %vs: tensor<?x3xf32>,
    %bs: tensor<?xf32>, %offsets: tensor<?xi32>) -> tensor<?x3xf32> {
  // expected-remark @below {{h is identity plus rank 1 (delta rule): h[i,j] = h[i,j] + l[i] * sum_x r[x] * h[x,j] + k[i] * v[j]; becomes strand.delta_rule}}
  %r = strand.scan rows(%q = %qs : tensor<?x4xf32>, %k = %ks : tensor<?x4xf32>, %v = %vs : tensor<?x3xf32>,
           %b = %bs : tensor<?xf32>)
      carry(%S : tensor<4x3xf32>) offsets %offsets : tensor<?xi32> -> tensor<?x3xf32> {
    %0 = tensor.empty() : tensor<4xf32>
    %1 = linalg.broadcast ins(%b : tensor<f32>) outs(%0 : tensor<4xf32>) dimensions = [0]
    %2 = arith.mulf %1, %k : tensor<4xf32>
    %c0 = arith.constant dense<0.0> : tensor<3xf32>
    %4 = linalg.vecmat ins(%k, %S : tensor<4xf32>, tensor<4x3xf32>) outs(%c0 : tensor<3xf32>) -> tensor<3xf32>
    %5 = tensor.empty() : tensor<4x3xf32>
    %6 = linalg.generic {indexing_maps = [#ij_i, #ij_j, #ij_ij], iterator_types = ["parallel", "parallel"]}
        ins(%2, %4 : tensor<4xf32>, tensor<3xf32>) outs(%5 : tensor<4x3xf32>) {
    ^bb0(%p0: f32, %p1: f32, %acc: f32):
      %_m = arith.mulf %p0, %p1 : f32
      linalg.yield %_m : f32
    } -> tensor<4x3xf32>
    %7 = arith.subf %S, %6 : tensor<4x3xf32>
    %8 = tensor.empty() : tensor<4x3xf32>
    %9 = linalg.generic {indexing_maps = [#ij_i, #ij_j, #ij_ij], iterator_types = ["parallel", "parallel"]}
        ins(%2, %v : tensor<4xf32>, tensor<3xf32>) outs(%8 : tensor<4x3xf32>) {
    ^bb0(%p0: f32, %p1: f32, %acc: f32):
      %_m = arith.mulf %p0, %p1 : f32
      linalg.yield %_m : f32
    } -> tensor<4x3xf32>
    %10 = arith.addf %7, %9 : tensor<4x3xf32>
    %11 = linalg.vecmat ins(%q, %10 : tensor<4xf32>, tensor<4x3xf32>) outs(%c0 : tensor<3xf32>) -> tensor<3xf32>
    strand.yield %11 : tensor<3xf32> next %10 : tensor<4x3xf32>
  }
  return %r : tensor<?x3xf32>
}

// The transposed state.
func.func @deltanet_value_first(%qs: tensor<?x4xf32>, %ks: tensor<?x4xf32>, %vs: tensor<?x3xf32>,
    %bs: tensor<?xf32>, %offsets: tensor<?xi32>) -> tensor<?x3xf32> {
  // expected-remark @below {{h is identity plus rank 1 (delta rule): h[i,j] = h[i,j] + l[j] * sum_x r[x] * h[i,x] + k[i] * v[j]; becomes strand.delta_rule}}
  %r = strand.scan rows(%q = %qs : tensor<?x4xf32>, %k = %ks : tensor<?x4xf32>, %v = %vs : tensor<?x3xf32>,
           %b = %bs : tensor<?xf32>)
      carry(%S : tensor<3x4xf32>) offsets %offsets : tensor<?xi32> -> tensor<?x3xf32> {
    %c0 = arith.constant dense<0.0> : tensor<3xf32>
    %1 = linalg.matvec ins(%S, %k : tensor<3x4xf32>, tensor<4xf32>) outs(%c0 : tensor<3xf32>) -> tensor<3xf32>
    %2 = arith.subf %v, %1 : tensor<3xf32>
    %3 = tensor.empty() : tensor<4xf32>
    %4 = linalg.broadcast ins(%b : tensor<f32>) outs(%3 : tensor<4xf32>) dimensions = [0]
    %5 = arith.mulf %4, %k : tensor<4xf32>
    %6 = tensor.empty() : tensor<3x4xf32>
    %7 = linalg.generic {indexing_maps = [#ij_i, #ij_j, #ij_ij], iterator_types = ["parallel", "parallel"]}
        ins(%2, %5 : tensor<3xf32>, tensor<4xf32>) outs(%6 : tensor<3x4xf32>) {
    ^bb0(%p0: f32, %p1: f32, %acc: f32):
      %_m = arith.mulf %p0, %p1 : f32
      linalg.yield %_m : f32
    } -> tensor<3x4xf32>
    %8 = arith.addf %S, %7 : tensor<3x4xf32>
    %9 = linalg.matvec ins(%8, %q : tensor<3x4xf32>, tensor<4xf32>) outs(%c0 : tensor<3xf32>) -> tensor<3xf32>
    strand.yield %9 : tensor<3xf32> next %8 : tensor<3x4xf32>
  }
  return %r : tensor<?x3xf32>
}

// T = a S, S' = T + beta k (v - T^T k)^T.
func.func @gated_deltanet(%qs: tensor<?x4xf32>, %ks: tensor<?x4xf32>, %vs: tensor<?x3xf32>, %bs: tensor<?xf32>,
    %gs: tensor<?xf32>, %offsets: tensor<?xi32>) -> tensor<?x3xf32> {
  // expected-remark @below {{h is diagonal plus rank 1 (delta rule): h[i,j] = exp(g) * h[i,j] + l[i] * sum_x r[x] * h[x,j] + k[i] * v[j]; becomes strand.delta_rule}}
  %r = strand.scan rows(%q = %qs : tensor<?x4xf32>, %k = %ks : tensor<?x4xf32>, %v = %vs : tensor<?x3xf32>,
           %b = %bs : tensor<?xf32>, %g = %gs : tensor<?xf32>)
      carry(%S : tensor<4x3xf32>) offsets %offsets : tensor<?xi32> -> tensor<?x3xf32> {
    %0 = math.exp %g : tensor<f32>
    %1 = tensor.empty() : tensor<4x3xf32>
    %2 = linalg.broadcast ins(%0 : tensor<f32>) outs(%1 : tensor<4x3xf32>) dimensions = [0, 1]
    %3 = arith.mulf %2, %S : tensor<4x3xf32>
    %c0 = arith.constant dense<0.0> : tensor<3xf32>
    %5 = linalg.vecmat ins(%k, %3 : tensor<4xf32>, tensor<4x3xf32>) outs(%c0 : tensor<3xf32>) -> tensor<3xf32>
    %6 = arith.subf %v, %5 : tensor<3xf32>
    %7 = tensor.empty() : tensor<4xf32>
    %8 = linalg.broadcast ins(%b : tensor<f32>) outs(%7 : tensor<4xf32>) dimensions = [0]
    %9 = arith.mulf %8, %k : tensor<4xf32>
    %10 = tensor.empty() : tensor<4x3xf32>
    %11 = linalg.generic {indexing_maps = [#ij_i, #ij_j, #ij_ij], iterator_types = ["parallel", "parallel"]}
        ins(%9, %6 : tensor<4xf32>, tensor<3xf32>) outs(%10 : tensor<4x3xf32>) {
    ^bb0(%p0: f32, %p1: f32, %acc: f32):
      %_m = arith.mulf %p0, %p1 : f32
      linalg.yield %_m : f32
    } -> tensor<4x3xf32>
    %12 = arith.addf %3, %11 : tensor<4x3xf32>
    %13 = linalg.vecmat ins(%q, %12 : tensor<4xf32>, tensor<4x3xf32>) outs(%c0 : tensor<3xf32>) -> tensor<3xf32>
    strand.yield %13 : tensor<3xf32> next %12 : tensor<4x3xf32>
  }
  return %r : tensor<?x3xf32>
}

// The same without T.
func.func @gated_deltanet_flat(%qs: tensor<?x4xf32>, %ks: tensor<?x4xf32>, %vs: tensor<?x3xf32>,
    %bs: tensor<?xf32>, %gs: tensor<?xf32>, %offsets: tensor<?xi32>) -> tensor<?x3xf32> {
  // expected-remark @below {{h is diagonal plus rank 1 (delta rule): h[i,j] = exp(g) * h[i,j] + l[i] * sum_x r[x] * h[x,j] + k[i] * v[j]; becomes strand.delta_rule}}
  %r = strand.scan rows(%q = %qs : tensor<?x4xf32>, %k = %ks : tensor<?x4xf32>, %v = %vs : tensor<?x3xf32>,
           %b = %bs : tensor<?xf32>, %g = %gs : tensor<?xf32>)
      carry(%S : tensor<4x3xf32>) offsets %offsets : tensor<?xi32> -> tensor<?x3xf32> {
    %0 = math.exp %g : tensor<f32>
    %1 = tensor.empty() : tensor<4x3xf32>
    %2 = linalg.broadcast ins(%0 : tensor<f32>) outs(%1 : tensor<4x3xf32>) dimensions = [0, 1]
    %3 = arith.mulf %2, %S : tensor<4x3xf32>
    %4 = tensor.empty() : tensor<4xf32>
    %5 = linalg.broadcast ins(%b : tensor<f32>) outs(%4 : tensor<4xf32>) dimensions = [0]
    %6 = arith.mulf %5, %k : tensor<4xf32>
    %c0 = arith.constant dense<0.0> : tensor<3xf32>
    %8 = linalg.vecmat ins(%k, %S : tensor<4xf32>, tensor<4x3xf32>) outs(%c0 : tensor<3xf32>) -> tensor<3xf32>
    %9 = tensor.empty() : tensor<3xf32>
    %10 = linalg.broadcast ins(%0 : tensor<f32>) outs(%9 : tensor<3xf32>) dimensions = [0]
    %11 = arith.mulf %10, %8 : tensor<3xf32>
    %12 = tensor.empty() : tensor<4x3xf32>
    %13 = linalg.generic {indexing_maps = [#ij_i, #ij_j, #ij_ij], iterator_types = ["parallel", "parallel"]}
        ins(%6, %11 : tensor<4xf32>, tensor<3xf32>) outs(%12 : tensor<4x3xf32>) {
    ^bb0(%p0: f32, %p1: f32, %acc: f32):
      %_m = arith.mulf %p0, %p1 : f32
      linalg.yield %_m : f32
    } -> tensor<4x3xf32>
    %14 = arith.subf %3, %13 : tensor<4x3xf32>
    %15 = tensor.empty() : tensor<4xf32>
    %16 = linalg.broadcast ins(%b : tensor<f32>) outs(%15 : tensor<4xf32>) dimensions = [0]
    %17 = arith.mulf %16, %k : tensor<4xf32>
    %18 = tensor.empty() : tensor<4x3xf32>
    %19 = linalg.generic {indexing_maps = [#ij_i, #ij_j, #ij_ij], iterator_types = ["parallel", "parallel"]}
        ins(%17, %v : tensor<4xf32>, tensor<3xf32>) outs(%18 : tensor<4x3xf32>) {
    ^bb0(%p0: f32, %p1: f32, %acc: f32):
      %_m = arith.mulf %p0, %p1 : f32
      linalg.yield %_m : f32
    } -> tensor<4x3xf32>
    %20 = arith.addf %14, %19 : tensor<4x3xf32>
    %21 = linalg.vecmat ins(%q, %20 : tensor<4xf32>, tensor<4x3xf32>) outs(%c0 : tensor<3xf32>) -> tensor<3xf32>
    strand.yield %21 : tensor<3xf32> next %20 : tensor<4x3xf32>
  }
  return %r : tensor<?x3xf32>
}

// The same for each head.
func.func @gated_deltanet_heads(%qs: tensor<?x2x4xf32>, %ks: tensor<?x2x4xf32>, %vs: tensor<?x2x3xf32>,
    %gs: tensor<?x2xf32>, %bs: tensor<?x2xf32>, %offsets: tensor<?xi32>) -> tensor<?x2x3xf32> {
  // expected-remark @below {{h is diagonal plus rank 1 (delta rule): h[i,j,l] = exp(g[i]) * h[i,j,l] + l[i,j] * sum_x r[x] * h[i,x,l] + k[i,j] * v[i,l]; becomes strand.delta_rule}}
  %r = strand.scan rows(%q = %qs : tensor<?x2x4xf32>, %k = %ks : tensor<?x2x4xf32>,
           %v = %vs : tensor<?x2x3xf32>, %g = %gs : tensor<?x2xf32>, %b = %bs : tensor<?x2xf32>)
      carry(%S : tensor<2x4x3xf32>) offsets %offsets : tensor<?xi32> -> tensor<?x2x3xf32> {
    %0 = math.exp %g : tensor<2xf32>
    %1 = tensor.empty() : tensor<2x4x3xf32>
    %2 = linalg.broadcast ins(%0 : tensor<2xf32>) outs(%1 : tensor<2x4x3xf32>) dimensions = [1, 2]
    %3 = arith.mulf %2, %S : tensor<2x4x3xf32>
    %c0 = arith.constant dense<0.0> : tensor<2x3xf32>
    %5 = linalg.generic {indexing_maps = [#hji_hi, #hji_hij, #hji_hj],
        iterator_types = ["parallel", "parallel", "reduction"]}
        ins(%k, %3 : tensor<2x4xf32>, tensor<2x4x3xf32>) outs(%c0 : tensor<2x3xf32>) {
    ^bb0(%p0: f32, %p1: f32, %acc: f32):
      %_m = arith.mulf %p0, %p1 : f32
      %_a = arith.addf %acc, %_m : f32
      linalg.yield %_a : f32
    } -> tensor<2x3xf32>
    %6 = arith.subf %v, %5 : tensor<2x3xf32>
    %7 = tensor.empty() : tensor<2x4xf32>
    %8 = linalg.broadcast ins(%b : tensor<2xf32>) outs(%7 : tensor<2x4xf32>) dimensions = [1]
    %9 = arith.mulf %8, %k : tensor<2x4xf32>
    %10 = tensor.empty() : tensor<2x4x3xf32>
    %11 = linalg.generic {indexing_maps = [#hij_hi, #hij_hj, #hij_hij],
        iterator_types = ["parallel", "parallel", "parallel"]}
        ins(%9, %6 : tensor<2x4xf32>, tensor<2x3xf32>) outs(%10 : tensor<2x4x3xf32>) {
    ^bb0(%p0: f32, %p1: f32, %acc: f32):
      %_m = arith.mulf %p0, %p1 : f32
      linalg.yield %_m : f32
    } -> tensor<2x4x3xf32>
    %12 = arith.addf %3, %11 : tensor<2x4x3xf32>
    %13 = linalg.generic {indexing_maps = [#hji_hi, #hji_hij, #hji_hj],
        iterator_types = ["parallel", "parallel", "reduction"]}
        ins(%q, %12 : tensor<2x4xf32>, tensor<2x4x3xf32>) outs(%c0 : tensor<2x3xf32>) {
    ^bb0(%p0: f32, %p1: f32, %acc: f32):
      %_m = arith.mulf %p0, %p1 : f32
      %_a = arith.addf %acc, %_m : f32
      linalg.yield %_a : f32
    } -> tensor<2x3xf32>
    strand.yield %13 : tensor<2x3xf32> next %12 : tensor<2x4x3xf32>
  }
  return %r : tensor<?x2x3xf32>
}

// The same with T = Diag(a) S.
func.func @kda(%qs: tensor<?x4xf32>, %ks: tensor<?x4xf32>, %vs: tensor<?x3xf32>, %bs: tensor<?xf32>,
    %gs: tensor<?x4xf32>, %offsets: tensor<?xi32>) -> tensor<?x3xf32> {
  // expected-remark @below {{h is diagonal plus rank 1 (delta rule): h[i,j] = exp(g[i]) * h[i,j] + l[i] * sum_x r[x] * h[x,j] + k[i] * v[j]; becomes strand.delta_rule}}
  %r = strand.scan rows(%q = %qs : tensor<?x4xf32>, %k = %ks : tensor<?x4xf32>, %v = %vs : tensor<?x3xf32>,
           %b = %bs : tensor<?xf32>, %g = %gs : tensor<?x4xf32>)
      carry(%S : tensor<4x3xf32>) offsets %offsets : tensor<?xi32> -> tensor<?x3xf32> {
    %0 = math.exp %g : tensor<4xf32>
    %1 = tensor.empty() : tensor<4x3xf32>
    %2 = linalg.broadcast ins(%0 : tensor<4xf32>) outs(%1 : tensor<4x3xf32>) dimensions = [1]
    %3 = arith.mulf %2, %S : tensor<4x3xf32>
    %c0 = arith.constant dense<0.0> : tensor<3xf32>
    %5 = linalg.vecmat ins(%k, %3 : tensor<4xf32>, tensor<4x3xf32>) outs(%c0 : tensor<3xf32>) -> tensor<3xf32>
    %6 = arith.subf %v, %5 : tensor<3xf32>
    %7 = tensor.empty() : tensor<4xf32>
    %8 = linalg.broadcast ins(%b : tensor<f32>) outs(%7 : tensor<4xf32>) dimensions = [0]
    %9 = arith.mulf %8, %k : tensor<4xf32>
    %10 = tensor.empty() : tensor<4x3xf32>
    %11 = linalg.generic {indexing_maps = [#ij_i, #ij_j, #ij_ij], iterator_types = ["parallel", "parallel"]}
        ins(%9, %6 : tensor<4xf32>, tensor<3xf32>) outs(%10 : tensor<4x3xf32>) {
    ^bb0(%p0: f32, %p1: f32, %acc: f32):
      %_m = arith.mulf %p0, %p1 : f32
      linalg.yield %_m : f32
    } -> tensor<4x3xf32>
    %12 = arith.addf %3, %11 : tensor<4x3xf32>
    %13 = linalg.vecmat ins(%q, %12 : tensor<4xf32>, tensor<4x3xf32>) outs(%c0 : tensor<3xf32>) -> tensor<3xf32>
    strand.yield %13 : tensor<3xf32> next %12 : tensor<4x3xf32>
  }
  return %r : tensor<?x3xf32>
}

// S' = Diag(w) S + b (a^T S) + k v^T, a and b of their own.
func.func @rwkv7(%rs: tensor<?x4xf32>, %ws: tensor<?x4xf32>, %ks: tensor<?x4xf32>, %vs: tensor<?x3xf32>,
    %kks: tensor<?x4xf32>, %etas: tensor<?x4xf32>, %offsets: tensor<?xi32>) -> tensor<?x3xf32> {
  // expected-remark @below {{h is diagonal plus rank 1: h[i,j] = exp(g[i]) * h[i,j] + l[i] * sum_x r[x] * h[x,j] + k[i] * v[j]; becomes strand.delta_rule}}
  %r = strand.scan rows(%r = %rs : tensor<?x4xf32>, %w = %ws : tensor<?x4xf32>, %k = %ks : tensor<?x4xf32>,
           %v = %vs : tensor<?x3xf32>, %kk = %kks : tensor<?x4xf32>, %eta = %etas : tensor<?x4xf32>)
      carry(%S : tensor<4x3xf32>) offsets %offsets : tensor<?xi32> -> tensor<?x3xf32> {
    %c0 = arith.constant dense<-0.6065> : tensor<4xf32>
    %c1 = arith.constant dense<1.0> : tensor<4xf32>
    %2 = arith.negf %w : tensor<4xf32>
    %3 = math.exp %2 : tensor<4xf32>
    %4 = arith.addf %c1, %3 : tensor<4xf32>
    %5 = arith.divf %c1, %4 : tensor<4xf32>
    %6 = arith.mulf %c0, %5 : tensor<4xf32>
    %7 = math.exp %6 : tensor<4xf32>
    %8 = arith.negf %kk : tensor<4xf32>
    %9 = arith.mulf %kk, %eta : tensor<4xf32>
    %10 = tensor.empty() : tensor<4x3xf32>
    %11 = linalg.broadcast ins(%7 : tensor<4xf32>) outs(%10 : tensor<4x3xf32>) dimensions = [1]
    %12 = arith.mulf %11, %S : tensor<4x3xf32>
    %c2 = arith.constant dense<0.0> : tensor<3xf32>
    %14 = linalg.vecmat ins(%8, %S : tensor<4xf32>, tensor<4x3xf32>) outs(%c2 : tensor<3xf32>) -> tensor<3xf32>
    %15 = tensor.empty() : tensor<4x3xf32>
    %16 = linalg.generic {indexing_maps = [#ij_i, #ij_j, #ij_ij], iterator_types = ["parallel", "parallel"]}
        ins(%9, %14 : tensor<4xf32>, tensor<3xf32>) outs(%15 : tensor<4x3xf32>) {
    ^bb0(%p0: f32, %p1: f32, %acc: f32):
      %_m = arith.mulf %p0, %p1 : f32
      linalg.yield %_m : f32
    } -> tensor<4x3xf32>
    %17 = arith.addf %12, %16 : tensor<4x3xf32>
    %18 = tensor.empty() : tensor<4x3xf32>
    %19 = linalg.generic {indexing_maps = [#ij_i, #ij_j, #ij_ij], iterator_types = ["parallel", "parallel"]}
        ins(%k, %v : tensor<4xf32>, tensor<3xf32>) outs(%18 : tensor<4x3xf32>) {
    ^bb0(%p0: f32, %p1: f32, %acc: f32):
      %_m = arith.mulf %p0, %p1 : f32
      linalg.yield %_m : f32
    } -> tensor<4x3xf32>
    %20 = arith.addf %17, %19 : tensor<4x3xf32>
    %21 = linalg.vecmat ins(%r, %20 : tensor<4xf32>, tensor<4x3xf32>) outs(%c2 : tensor<3xf32>) -> tensor<3xf32>
    strand.yield %21 : tensor<3xf32> next %20 : tensor<4x3xf32>
  }
  return %r : tensor<?x3xf32>
}

// Two delta steps and a decay.
func.func @deltaproduct(%qs: tensor<?x4xf32>, %k1s: tensor<?x4xf32>, %v1s: tensor<?x3xf32>, %b1s: tensor<?xf32>,
    %k2s: tensor<?x4xf32>, %v2s: tensor<?x3xf32>, %b2s: tensor<?xf32>, %gs: tensor<?xf32>,
    %offsets: tensor<?xi32>) -> tensor<?x3xf32> {
  // expected-remark @below {{h is diagonal plus rank 2: h[i,j] = exp(g) * h[i,j] + l[i] * sum_x r[x] * h[x,j] + l[i] * sum_x r[x] * h[x,j] + b[i,j]; becomes strand.delta_rule}}
  %r = strand.scan rows(%q = %qs : tensor<?x4xf32>, %k1 = %k1s : tensor<?x4xf32>, %v1 = %v1s : tensor<?x3xf32>,
           %b1 = %b1s : tensor<?xf32>, %k2 = %k2s : tensor<?x4xf32>, %v2 = %v2s : tensor<?x3xf32>,
           %b2 = %b2s : tensor<?xf32>, %g = %gs : tensor<?xf32>)
      carry(%S : tensor<4x3xf32>) offsets %offsets : tensor<?xi32> -> tensor<?x3xf32> {
    %0 = math.exp %g : tensor<f32>
    %1 = tensor.empty() : tensor<4x3xf32>
    %2 = linalg.broadcast ins(%0 : tensor<f32>) outs(%1 : tensor<4x3xf32>) dimensions = [0, 1]
    %3 = arith.mulf %2, %S : tensor<4x3xf32>
    %4 = tensor.empty() : tensor<4xf32>
    %5 = linalg.broadcast ins(%b1 : tensor<f32>) outs(%4 : tensor<4xf32>) dimensions = [0]
    %6 = arith.mulf %5, %k1 : tensor<4xf32>
    %c0 = arith.constant dense<0.0> : tensor<3xf32>
    %8 = linalg.vecmat ins(%k1, %3 : tensor<4xf32>, tensor<4x3xf32>) outs(%c0 : tensor<3xf32>) -> tensor<3xf32>
    %9 = arith.subf %v1, %8 : tensor<3xf32>
    %10 = tensor.empty() : tensor<4x3xf32>
    %11 = linalg.generic {indexing_maps = [#ij_i, #ij_j, #ij_ij], iterator_types = ["parallel", "parallel"]}
        ins(%6, %9 : tensor<4xf32>, tensor<3xf32>) outs(%10 : tensor<4x3xf32>) {
    ^bb0(%p0: f32, %p1: f32, %acc: f32):
      %_m = arith.mulf %p0, %p1 : f32
      linalg.yield %_m : f32
    } -> tensor<4x3xf32>
    %12 = arith.addf %3, %11 : tensor<4x3xf32>
    %13 = tensor.empty() : tensor<4xf32>
    %14 = linalg.broadcast ins(%b2 : tensor<f32>) outs(%13 : tensor<4xf32>) dimensions = [0]
    %15 = arith.mulf %14, %k2 : tensor<4xf32>
    %16 = linalg.vecmat ins(%k2, %12 : tensor<4xf32>, tensor<4x3xf32>) outs(%c0 : tensor<3xf32>) -> tensor<3xf32>
    %17 = arith.subf %v2, %16 : tensor<3xf32>
    %18 = tensor.empty() : tensor<4x3xf32>
    %19 = linalg.generic {indexing_maps = [#ij_i, #ij_j, #ij_ij], iterator_types = ["parallel", "parallel"]}
        ins(%15, %17 : tensor<4xf32>, tensor<3xf32>) outs(%18 : tensor<4x3xf32>) {
    ^bb0(%p0: f32, %p1: f32, %acc: f32):
      %_m = arith.mulf %p0, %p1 : f32
      linalg.yield %_m : f32
    } -> tensor<4x3xf32>
    %20 = arith.addf %12, %19 : tensor<4x3xf32>
    %21 = linalg.vecmat ins(%q, %20 : tensor<4xf32>, tensor<4x3xf32>) outs(%c0 : tensor<3xf32>) -> tensor<3xf32>
    strand.yield %21 : tensor<3xf32> next %20 : tensor<4x3xf32>
  }
  return %r : tensor<?x3xf32>
}

// The same without the state between the two: n2 = b2 (v2 - e S^T k2 - (k2 . k1) n1).
func.func @deltaproduct_flat(%qs: tensor<?x4xf32>, %k1s: tensor<?x4xf32>,
    %v1s: tensor<?x3xf32>, %b1s: tensor<?xf32>,
    %k2s: tensor<?x4xf32>, %v2s: tensor<?x3xf32>,
    %b2s: tensor<?xf32>, %gs: tensor<?xf32>, %offsets: tensor<?xi32>) -> tensor<?x3xf32> {
  // expected-remark @below {{h is diagonal plus rank 2: h[i,j] = exp(g) * h[i,j] + l[i] * sum_x r[x] * h[x,j] + l[i] * sum_x r[x] * h[x,j] + b[i,j]; becomes strand.delta_rule}}
  %r = strand.scan rows(%q = %qs : tensor<?x4xf32>, %k1 = %k1s : tensor<?x4xf32>, %v1 = %v1s : tensor<?x3xf32>,
           %b1 = %b1s : tensor<?xf32>, %k2 = %k2s : tensor<?x4xf32>, %v2 = %v2s : tensor<?x3xf32>,
           %b2 = %b2s : tensor<?xf32>, %g = %gs : tensor<?xf32>)
      carry(%S : tensor<4x3xf32>) offsets %offsets : tensor<?xi32> -> tensor<?x3xf32> {
    %zeros = arith.constant dense<0.0> : tensor<3xf32>
    %zero = arith.constant dense<0.0> : tensor<f32>
    %empty = tensor.empty() : tensor<3xf32>
    %keep = math.exp %g : tensor<f32>
    %read1 = linalg.vecmat ins(%k1, %S : tensor<4xf32>, tensor<4x3xf32>) outs(%zeros : tensor<3xf32>) -> tensor<3xf32>
    %n1 = linalg.generic {indexing_maps = [#j_j, #j_j, #j_none, #j_none, #j_j], iterator_types = ["parallel"]}
        ins(%v1, %read1, %keep, %b1 : tensor<3xf32>, tensor<3xf32>, tensor<f32>, tensor<f32>) outs(%empty : tensor<3xf32>) {
    ^bb0(%v: f32, %read: f32, %e: f32, %b: f32, %o: f32):
      %0 = arith.mulf %e, %read : f32
      %1 = arith.subf %v, %0 : f32
      %2 = arith.mulf %b, %1 : f32
      linalg.yield %2 : f32
    } -> tensor<3xf32>
    %read2 = linalg.vecmat ins(%k2, %S : tensor<4xf32>, tensor<4x3xf32>) outs(%zeros : tensor<3xf32>) -> tensor<3xf32>
    %met = linalg.dot ins(%k2, %k1 : tensor<4xf32>, tensor<4xf32>) outs(%zero : tensor<f32>) -> tensor<f32>
    %n2 = linalg.generic {indexing_maps = [#j_j, #j_j, #j_j, #j_none, #j_none, #j_none, #j_j], iterator_types = ["parallel"]}
        ins(%v2, %read2, %n1, %keep, %met, %b2 : tensor<3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<f32>, tensor<f32>, tensor<f32>)
        outs(%empty : tensor<3xf32>) {
    ^bb0(%v: f32, %read: f32, %n: f32, %e: f32, %m: f32, %b: f32, %o: f32):
      %0 = arith.mulf %e, %read : f32
      %1 = arith.subf %v, %0 : f32
      %2 = arith.mulf %m, %n : f32
      %3 = arith.subf %1, %2 : f32
      %4 = arith.mulf %b, %3 : f32
      linalg.yield %4 : f32
    } -> tensor<3xf32>
    %like = tensor.empty() : tensor<4x3xf32>
    %next = linalg.generic {indexing_maps = [#ij_ij, #ij_i, #ij_j, #ij_i, #ij_j, #ij_none, #ij_ij], iterator_types = ["parallel", "parallel"]}
        ins(%S, %k1, %n1, %k2, %n2, %keep : tensor<4x3xf32>, tensor<4xf32>, tensor<3xf32>, tensor<4xf32>, tensor<3xf32>, tensor<f32>)
        outs(%like : tensor<4x3xf32>) {
    ^bb0(%s: f32, %x1: f32, %y1: f32, %x2: f32, %y2: f32, %e: f32, %o: f32):
      %0 = arith.mulf %e, %s : f32
      %1 = arith.mulf %x1, %y1 : f32
      %2 = arith.mulf %x2, %y2 : f32
      %3 = arith.addf %0, %1 : f32
      %4 = arith.addf %3, %2 : f32
      linalg.yield %4 : f32
    } -> tensor<4x3xf32>
    %y = linalg.vecmat ins(%q, %next : tensor<4xf32>, tensor<4x3xf32>) outs(%zeros : tensor<3xf32>) -> tensor<3xf32>
    strand.yield %y : tensor<3xf32> next %next : tensor<4x3xf32>
  }
  return %r : tensor<?x3xf32>
}

// No two steps in turn: what the second reads is not what the first has made of the state.
func.func @flat_with_another_sign(%qs: tensor<?x4xf32>, %k1s: tensor<?x4xf32>,
    %v1s: tensor<?x3xf32>, %b1s: tensor<?xf32>,
    %k2s: tensor<?x4xf32>, %v2s: tensor<?x3xf32>,
    %b2s: tensor<?xf32>, %gs: tensor<?xf32>, %offsets: tensor<?xi32>) -> tensor<?x3xf32> {
  // expected-remark @below {{h is diagonal plus rank 2: h[i,j] = exp(g) * h[i,j] + l[i] * sum_x r[x] * h[x,j] + l[i] * sum_x r[x] * h[x,j] + b[i,j]; stays a scan: it is not a key and a value at a time, each from what the one before makes of the state}}
  %r = strand.scan rows(%q = %qs : tensor<?x4xf32>, %k1 = %k1s : tensor<?x4xf32>, %v1 = %v1s : tensor<?x3xf32>,
           %b1 = %b1s : tensor<?xf32>, %k2 = %k2s : tensor<?x4xf32>, %v2 = %v2s : tensor<?x3xf32>,
           %b2 = %b2s : tensor<?xf32>, %g = %gs : tensor<?xf32>)
      carry(%S : tensor<4x3xf32>) offsets %offsets : tensor<?xi32> -> tensor<?x3xf32> {
    %zeros = arith.constant dense<0.0> : tensor<3xf32>
    %zero = arith.constant dense<0.0> : tensor<f32>
    %empty = tensor.empty() : tensor<3xf32>
    %keep = math.exp %g : tensor<f32>
    %read1 = linalg.vecmat ins(%k1, %S : tensor<4xf32>, tensor<4x3xf32>) outs(%zeros : tensor<3xf32>) -> tensor<3xf32>
    %n1 = linalg.generic {indexing_maps = [#j_j, #j_j, #j_none, #j_none, #j_j], iterator_types = ["parallel"]}
        ins(%v1, %read1, %keep, %b1 : tensor<3xf32>, tensor<3xf32>, tensor<f32>, tensor<f32>) outs(%empty : tensor<3xf32>) {
    ^bb0(%v: f32, %read: f32, %e: f32, %b: f32, %o: f32):
      %0 = arith.mulf %e, %read : f32
      %1 = arith.subf %v, %0 : f32
      %2 = arith.mulf %b, %1 : f32
      linalg.yield %2 : f32
    } -> tensor<3xf32>
    %read2 = linalg.vecmat ins(%k2, %S : tensor<4xf32>, tensor<4x3xf32>) outs(%zeros : tensor<3xf32>) -> tensor<3xf32>
    %met = linalg.dot ins(%k2, %k1 : tensor<4xf32>, tensor<4xf32>) outs(%zero : tensor<f32>) -> tensor<f32>
    %n2 = linalg.generic {indexing_maps = [#j_j, #j_j, #j_j, #j_none, #j_none, #j_none, #j_j], iterator_types = ["parallel"]}
        ins(%v2, %read2, %n1, %keep, %met, %b2 : tensor<3xf32>, tensor<3xf32>, tensor<3xf32>, tensor<f32>, tensor<f32>, tensor<f32>)
        outs(%empty : tensor<3xf32>) {
    ^bb0(%v: f32, %read: f32, %n: f32, %e: f32, %m: f32, %b: f32, %o: f32):
      %0 = arith.mulf %e, %read : f32
      %1 = arith.subf %v, %0 : f32
      %2 = arith.mulf %m, %n : f32
      %3 = arith.addf %1, %2 : f32
      %4 = arith.mulf %b, %3 : f32
      linalg.yield %4 : f32
    } -> tensor<3xf32>
    %like = tensor.empty() : tensor<4x3xf32>
    %next = linalg.generic {indexing_maps = [#ij_ij, #ij_i, #ij_j, #ij_i, #ij_j, #ij_none, #ij_ij], iterator_types = ["parallel", "parallel"]}
        ins(%S, %k1, %n1, %k2, %n2, %keep : tensor<4x3xf32>, tensor<4xf32>, tensor<3xf32>, tensor<4xf32>, tensor<3xf32>, tensor<f32>)
        outs(%like : tensor<4x3xf32>) {
    ^bb0(%s: f32, %x1: f32, %y1: f32, %x2: f32, %y2: f32, %e: f32, %o: f32):
      %0 = arith.mulf %e, %s : f32
      %1 = arith.mulf %x1, %y1 : f32
      %2 = arith.mulf %x2, %y2 : f32
      %3 = arith.addf %0, %1 : f32
      %4 = arith.addf %3, %2 : f32
      linalg.yield %4 : f32
    } -> tensor<4x3xf32>
    %y = linalg.vecmat ins(%q, %next : tensor<4xf32>, tensor<4x3xf32>) outs(%zeros : tensor<3xf32>) -> tensor<3xf32>
    strand.yield %y : tensor<3xf32> next %next : tensor<4x3xf32>
  }
  return %r : tensor<?x3xf32>
}

// Two rank-one terms that both read the state before the step: one after the other they would be another step.
func.func @two_rank_one_terms(%qs: tensor<?x4xf32>, %k1s: tensor<?x4xf32>, %v1s: tensor<?x3xf32>, %k2s: tensor<?x4xf32>,
    %v2s: tensor<?x3xf32>, %offsets: tensor<?xi32>) -> tensor<?x3xf32> {
  // expected-remark @below {{h is identity plus rank 2: h[i,j] = h[i,j] + l[i] * sum_x r[x] * h[x,j] + l[i] * sum_x r[x] * h[x,j] + b[i,j]; stays a scan: it is not a key and a value at a time, each from what the one before makes of the state}}
  %r = strand.scan rows(%q = %qs : tensor<?x4xf32>, %k1 = %k1s : tensor<?x4xf32>, %v1 = %v1s : tensor<?x3xf32>,
           %k2 = %k2s : tensor<?x4xf32>, %v2 = %v2s : tensor<?x3xf32>)
      carry(%S : tensor<4x3xf32>) offsets %offsets : tensor<?xi32> -> tensor<?x3xf32> {
    %c0 = arith.constant dense<0.0> : tensor<3xf32>
    %1 = linalg.vecmat ins(%k1, %S : tensor<4xf32>, tensor<4x3xf32>) outs(%c0 : tensor<3xf32>) -> tensor<3xf32>
    %2 = arith.subf %v1, %1 : tensor<3xf32>
    %3 = linalg.generic {indexing_maps = [#ij_i, #ij_j, #ij_ij], iterator_types = ["parallel", "parallel"]}
        ins(%k1, %2 : tensor<4xf32>, tensor<3xf32>) outs(%S : tensor<4x3xf32>) {
    ^bb0(%p0: f32, %p1: f32, %acc: f32):
      %_m = arith.mulf %p0, %p1 : f32
      %_a = arith.addf %acc, %_m : f32
      linalg.yield %_a : f32
    } -> tensor<4x3xf32>
    %4 = linalg.vecmat ins(%k2, %S : tensor<4xf32>, tensor<4x3xf32>) outs(%c0 : tensor<3xf32>) -> tensor<3xf32>
    %5 = arith.subf %v2, %4 : tensor<3xf32>
    %6 = linalg.generic {indexing_maps = [#ij_i, #ij_j, #ij_ij], iterator_types = ["parallel", "parallel"]}
        ins(%k2, %5 : tensor<4xf32>, tensor<3xf32>) outs(%3 : tensor<4x3xf32>) {
    ^bb0(%p0: f32, %p1: f32, %acc: f32):
      %_m = arith.mulf %p0, %p1 : f32
      %_a = arith.addf %acc, %_m : f32
      linalg.yield %_a : f32
    } -> tensor<4x3xf32>
    %7 = linalg.vecmat ins(%q, %6 : tensor<4xf32>, tensor<4x3xf32>) outs(%c0 : tensor<3xf32>) -> tensor<3xf32>
    strand.yield %7 : tensor<3xf32> next %6 : tensor<4x3xf32>
  }
  return %r : tensor<?x3xf32>
}

// x' = A x + B u.
func.func @dense_lti(%us: tensor<?x2xf32>, %all_A: tensor<8x8xf32>, %all_Bw: tensor<8x2xf32>,
    %all_C: tensor<2x8xf32>, %offsets: tensor<?xi32>) -> tensor<?x2xf32> {
  // expected-remark @below {{h is a dense matrix: h[i] = sum_x M[i,x] * h[x] + b[i]; stays a scan: there is no op of that kind}}
  %r = strand.scan rows(%u = %us : tensor<?x2xf32>)
      with(%A = %all_A : tensor<8x8xf32>, %Bw = %all_Bw : tensor<8x2xf32>, %C = %all_C : tensor<2x8xf32>)
      carry(%h : tensor<8xf32>) offsets %offsets : tensor<?xi32> -> tensor<?x2xf32> {
    %c0 = arith.constant dense<0.0> : tensor<8xf32>
    %1 = linalg.matvec ins(%A, %h : tensor<8x8xf32>, tensor<8xf32>) outs(%c0 : tensor<8xf32>) -> tensor<8xf32>
    %2 = linalg.matvec ins(%Bw, %u : tensor<8x2xf32>, tensor<2xf32>) outs(%c0 : tensor<8xf32>) -> tensor<8xf32>
    %3 = arith.addf %1, %2 : tensor<8xf32>
    %c1 = arith.constant dense<0.0> : tensor<2xf32>
    %5 = linalg.matvec ins(%C, %3 : tensor<2x8xf32>, tensor<8xf32>) outs(%c1 : tensor<2xf32>) -> tensor<2xf32>
    strand.yield %5 : tensor<2xf32> next %3 : tensor<8xf32>
  }
  return %r : tensor<?x2xf32>
}

// h' = h + dt A h + u, dt from the row.
func.func @dense_per_step(%us: tensor<?x8xf32>, %dts: tensor<?xf32>, %all_A: tensor<8x8xf32>,
    %offsets: tensor<?xi32>) -> tensor<?x8xf32> {
  // expected-remark @below {{h is identity plus a dense matrix: h[i] = h[i] + sum_x m[i,x] * h[x] + b[i]; stays a scan: there is no op of that kind}}
  %r = strand.scan rows(%u = %us : tensor<?x8xf32>, %dt = %dts : tensor<?xf32>) with(%A = %all_A : tensor<8x8xf32>)
      carry(%h : tensor<8xf32>) offsets %offsets : tensor<?xi32> -> tensor<?x8xf32> {
    %c0 = arith.constant dense<0.0> : tensor<8xf32>
    %1 = linalg.matvec ins(%A, %h : tensor<8x8xf32>, tensor<8xf32>) outs(%c0 : tensor<8xf32>) -> tensor<8xf32>
    %2 = tensor.empty() : tensor<8xf32>
    %3 = linalg.broadcast ins(%dt : tensor<f32>) outs(%2 : tensor<8xf32>) dimensions = [0]
    %4 = arith.mulf %3, %1 : tensor<8xf32>
    %5 = arith.addf %h, %4 : tensor<8xf32>
    %6 = arith.addf %5, %u : tensor<8xf32>
    strand.yield %6 : tensor<8xf32> next %6 : tensor<8xf32>
  }
  return %r : tensor<?x8xf32>
}

// h' = mean(h) + x.
func.func @mean_of_state(%xs: tensor<?x8xf32>, %all_o: tensor<8xf32>, %offsets: tensor<?xi32>) -> tensor<?x8xf32> {
  // expected-remark @below {{h is rank 1: h[i] = l[i] * sum_x r[x] * h[x] + b[i]; stays a scan: there is no op of that kind}}
  %r = strand.scan rows(%x = %xs : tensor<?x8xf32>) with(%o = %all_o : tensor<8xf32>)
      carry(%h : tensor<8xf32>) offsets %offsets : tensor<?xi32> -> tensor<?x8xf32> {
    %c0 = arith.constant dense<0.0> : tensor<f32>
    %1 = linalg.dot ins(%o, %h : tensor<8xf32>, tensor<8xf32>) outs(%c0 : tensor<f32>) -> tensor<f32>
    %2 = tensor.empty() : tensor<8xf32>
    %3 = linalg.broadcast ins(%1 : tensor<f32>) outs(%2 : tensor<8xf32>) dimensions = [0]
    %4 = arith.mulf %3, %x : tensor<8xf32>
    %5 = arith.addf %4, %x : tensor<8xf32>
    strand.yield %5 : tensor<8xf32> next %5 : tensor<8xf32>
  }
  return %r : tensor<?x8xf32>
}

// S' = eta S - theta k (M^T k - v)^T, M' = (1 - alpha) M + S'.
func.func @titans(%qs: tensor<?x4xf32>, %ks: tensor<?x4xf32>, %vs: tensor<?x3xf32>, %etas: tensor<?xf32>,
    %als: tensor<?xf32>, %ths: tensor<?xf32>, %offsets: tensor<?xi32>) -> tensor<?x3xf32> {
  // expected-remark @below {{h0 is linear, coupled: h0[i,j] = a0 * h0[i,j] + l1[i] * sum_x r1[x] * h1[x,j] + k[i] * v[j]; stays a scan: there is no op of that kind}}
  // expected-remark @below {{h1 is linear, coupled: h1[i,j] = a0 * h0[i,j] + a1 * h1[i,j] + l1[i] * sum_x r1[x] * h1[x,j] + k[i] * v[j]; stays a scan: there is no op of that kind}}
  %r = strand.scan rows(%q = %qs : tensor<?x4xf32>, %k = %ks : tensor<?x4xf32>, %v = %vs : tensor<?x3xf32>,
           %eta = %etas : tensor<?xf32>, %al = %als : tensor<?xf32>, %th = %ths : tensor<?xf32>)
      carry(%S : tensor<4x3xf32>, %M : tensor<4x3xf32>) offsets %offsets : tensor<?xi32> -> tensor<?x3xf32> {
    %c0 = arith.constant dense<0.0> : tensor<3xf32>
    %1 = linalg.vecmat ins(%k, %M : tensor<4xf32>, tensor<4x3xf32>) outs(%c0 : tensor<3xf32>) -> tensor<3xf32>
    %2 = arith.subf %1, %v : tensor<3xf32>
    %3 = tensor.empty() : tensor<4x3xf32>
    %4 = linalg.generic {indexing_maps = [#ij_i, #ij_j, #ij_ij], iterator_types = ["parallel", "parallel"]}
        ins(%k, %2 : tensor<4xf32>, tensor<3xf32>) outs(%3 : tensor<4x3xf32>) {
    ^bb0(%p0: f32, %p1: f32, %acc: f32):
      %_m = arith.mulf %p0, %p1 : f32
      linalg.yield %_m : f32
    } -> tensor<4x3xf32>
    %5 = tensor.empty() : tensor<4x3xf32>
    %6 = linalg.broadcast ins(%eta : tensor<f32>) outs(%5 : tensor<4x3xf32>) dimensions = [0, 1]
    %7 = arith.mulf %6, %S : tensor<4x3xf32>
    %8 = tensor.empty() : tensor<4x3xf32>
    %9 = linalg.broadcast ins(%th : tensor<f32>) outs(%8 : tensor<4x3xf32>) dimensions = [0, 1]
    %10 = arith.mulf %9, %4 : tensor<4x3xf32>
    %11 = arith.subf %7, %10 : tensor<4x3xf32>
    %c1 = arith.constant dense<1.0> : tensor<f32>
    %13 = arith.subf %c1, %al : tensor<f32>
    %14 = tensor.empty() : tensor<4x3xf32>
    %15 = linalg.broadcast ins(%13 : tensor<f32>) outs(%14 : tensor<4x3xf32>) dimensions = [0, 1]
    %16 = arith.mulf %15, %M : tensor<4x3xf32>
    %17 = arith.addf %16, %11 : tensor<4x3xf32>
    %18 = linalg.vecmat ins(%q, %17 : tensor<4xf32>, tensor<4x3xf32>) outs(%c0 : tensor<3xf32>) -> tensor<3xf32>
    strand.yield %18 : tensor<3xf32> next %11, %17 : tensor<4x3xf32>, tensor<4x3xf32>
  }
  return %r : tensor<?x3xf32>
}

// h' = h + the mean of its first half.
func.func @half_state(%xs: tensor<?x8xf32>, %all_o: tensor<4xf32>, %offsets: tensor<?xi32>) -> tensor<?x8xf32> {
  // expected-remark @below {{h is linear, between places: h[i] = h[i] + h at other places; stays a scan: there is no op of that kind}}
  %r = strand.scan rows(%x = %xs : tensor<?x8xf32>) with(%o = %all_o : tensor<4xf32>)
      carry(%h : tensor<8xf32>) offsets %offsets : tensor<?xi32> -> tensor<?x8xf32> {
    %0 = tensor.extract_slice %h[0] [4] [1] : tensor<8xf32> to tensor<4xf32>
    %c0 = arith.constant dense<0.0> : tensor<f32>
    %2 = linalg.dot ins(%o, %0 : tensor<4xf32>, tensor<4xf32>) outs(%c0 : tensor<f32>) -> tensor<f32>
    %3 = tensor.empty() : tensor<8xf32>
    %4 = linalg.broadcast ins(%2 : tensor<f32>) outs(%3 : tensor<8xf32>) dimensions = [0]
    %5 = arith.mulf %4, %x : tensor<8xf32>
    %6 = arith.addf %5, %h : tensor<8xf32>
    strand.yield %6 : tensor<8xf32> next %6 : tensor<8xf32>
  }
  return %r : tensor<?x8xf32>
}

// S' = a S^T + x.
func.func @transposed_state(%xs: tensor<?x4x4xf32>, %all_a: tensor<f32>,
    %offsets: tensor<?xi32>) -> tensor<?x4x4xf32> {
  // expected-remark @below {{h is linear, between places: h[i,j] = h at other places + b[i,j]; stays a scan: there is no op of that kind}}
  %r = strand.scan rows(%x = %xs : tensor<?x4x4xf32>) with(%a = %all_a : tensor<f32>)
      carry(%S : tensor<4x4xf32>) offsets %offsets : tensor<?xi32> -> tensor<?x4x4xf32> {
    %0 = linalg.generic {indexing_maps = [#ij_ji, #ij_none, #ij_ij], iterator_types = ["parallel", "parallel"]}
        ins(%S, %a : tensor<4x4xf32>, tensor<f32>) outs(%x : tensor<4x4xf32>) {
    ^bb0(%p0: f32, %p1: f32, %acc: f32):
      %_m = arith.mulf %p0, %p1 : f32
      %_a = arith.addf %acc, %_m : f32
      linalg.yield %_a : f32
    } -> tensor<4x4xf32>
    strand.yield %0 : tensor<4x4xf32> next %0 : tensor<4x4xf32>
  }
  return %r : tensor<?x4x4xf32>
}

// S' = Q S Q^T + x.
func.func @two_sided(%xs: tensor<?x4x4xf32>, %all_Q: tensor<4x4xf32>, %offsets: tensor<?xi32>) -> tensor<?x4x4xf32> {
  // expected-remark @below {{h is linear, between places: h[i,j] = h at other places + b[i,j]; stays a scan: there is no op of that kind}}
  %r = strand.scan rows(%x = %xs : tensor<?x4x4xf32>) with(%Q = %all_Q : tensor<4x4xf32>)
      carry(%S : tensor<4x4xf32>) offsets %offsets : tensor<?xi32> -> tensor<?x4x4xf32> {
    %c0 = arith.constant dense<0.0> : tensor<4x4xf32>
    %1 = linalg.matmul ins(%Q, %S : tensor<4x4xf32>, tensor<4x4xf32>) outs(%c0 : tensor<4x4xf32>) -> tensor<4x4xf32>
    %2 = linalg.generic {indexing_maps = [#ijl_il, #ijl_jl, #ijl_ij],
        iterator_types = ["parallel", "parallel", "reduction"]}
        ins(%1, %Q : tensor<4x4xf32>, tensor<4x4xf32>) outs(%x : tensor<4x4xf32>) {
    ^bb0(%p0: f32, %p1: f32, %acc: f32):
      %_m = arith.mulf %p0, %p1 : f32
      %_a = arith.addf %acc, %_m : f32
      linalg.yield %_a : f32
    } -> tensor<4x4xf32>
    strand.yield %2 : tensor<4x4xf32> next %2 : tensor<4x4xf32>
  }
  return %r : tensor<?x4x4xf32>
}
