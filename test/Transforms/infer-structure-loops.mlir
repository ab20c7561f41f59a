// Not affine, with the operation that is why; maxima and log-sum-exps.
//
// RUN: strand-opt %s -strand-infer-structure -verify-diagnostics -o /dev/null

#ji_i = affine_map<(j, i) -> (i)>
#ji_ij = affine_map<(j, i) -> (i, j)>
#ji_j = affine_map<(j, i) -> (j)>

// h' = (1 - z) h + z tanh(W x + U (r h)), gates of h.
func.func @gru(%xs: tensor<?x8xf32>, %all_W0: tensor<8x8xf32>, %all_W1: tensor<8x8xf32>,
    %all_W2: tensor<8x8xf32>, %all_U0: tensor<8x8xf32>, %all_U1: tensor<8x8xf32>, %all_U2: tensor<8x8xf32>,
    %offsets: tensor<?xi32>) -> tensor<?x8xf32> {
  // expected-remark @below {{h is not affine}}
  %r = strand.scan rows(%x = %xs : tensor<?x8xf32>)
      with(%W0 = %all_W0 : tensor<8x8xf32>, %W1 = %all_W1 : tensor<8x8xf32>, %W2 = %all_W2 : tensor<8x8xf32>,
           %U0 = %all_U0 : tensor<8x8xf32>, %U1 = %all_U1 : tensor<8x8xf32>, %U2 = %all_U2 : tensor<8x8xf32>)
      carry(%h : tensor<8xf32>) offsets %offsets : tensor<?xi32> -> tensor<?x8xf32> {
    %c0 = arith.constant dense<0.0> : tensor<8xf32>
    %1 = linalg.matvec ins(%W0, %x : tensor<8x8xf32>, tensor<8xf32>) outs(%c0 : tensor<8xf32>) -> tensor<8xf32>
    %2 = linalg.matvec ins(%U0, %h : tensor<8x8xf32>, tensor<8xf32>) outs(%c0 : tensor<8xf32>) -> tensor<8xf32>
    %3 = arith.addf %1, %2 : tensor<8xf32>
    %c1 = arith.constant dense<1.0> : tensor<8xf32>
    %5 = arith.negf %3 : tensor<8xf32>
    %6 = math.exp %5 : tensor<8xf32>
    %7 = arith.addf %c1, %6 : tensor<8xf32>
    %8 = arith.divf %c1, %7 : tensor<8xf32>
    %9 = linalg.matvec ins(%W1, %x : tensor<8x8xf32>, tensor<8xf32>) outs(%c0 : tensor<8xf32>) -> tensor<8xf32>
    %10 = linalg.matvec ins(%U1, %h : tensor<8x8xf32>, tensor<8xf32>) outs(%c0 : tensor<8xf32>) -> tensor<8xf32>
    %11 = arith.addf %9, %10 : tensor<8xf32>
    %12 = arith.negf %11 : tensor<8xf32>
    // expected-remark @below {{math.exp is applied to what depends on h, so h stays a scan}}
    %13 = math.exp %12 : tensor<8xf32>
    %14 = arith.addf %c1, %13 : tensor<8xf32>
    %15 = arith.divf %c1, %14 : tensor<8xf32>
    %16 = linalg.matvec ins(%W2, %x : tensor<8x8xf32>, tensor<8xf32>) outs(%c0 : tensor<8xf32>) -> tensor<8xf32>
    %17 = arith.mulf %8, %h : tensor<8xf32>
    %18 = linalg.matvec ins(%U2, %17 : tensor<8x8xf32>, tensor<8xf32>) outs(%c0 : tensor<8xf32>) -> tensor<8xf32>
    %19 = arith.addf %16, %18 : tensor<8xf32>
    %20 = math.tanh %19 : tensor<8xf32>
    %21 = arith.mulf %15, %h : tensor<8xf32>
    %22 = arith.subf %c1, %15 : tensor<8xf32>
    %23 = arith.mulf %22, %20 : tensor<8xf32>
    %24 = arith.addf %21, %23 : tensor<8xf32>
    strand.yield %24 : tensor<8xf32> next %24 : tensor<8xf32>
  }
  return %r : tensor<?x8xf32>
}

// c' = f c + i g, h' = o tanh(c'), gates of h.
func.func @lstm(%xs: tensor<?x8xf32>, %all_W0: tensor<8x8xf32>, %all_W1: tensor<8x8xf32>,
    %all_W2: tensor<8x8xf32>, %all_W3: tensor<8x8xf32>, %all_U0: tensor<8x8xf32>, %all_U1: tensor<8x8xf32>,
    %all_U2: tensor<8x8xf32>, %all_U3: tensor<8x8xf32>, %offsets: tensor<?xi32>) -> tensor<?x8xf32> {
  // expected-remark @below {{h0 is not affine}}
  // expected-remark @below {{h1 is not affine}}
  %r = strand.scan rows(%x = %xs : tensor<?x8xf32>)
      with(%W0 = %all_W0 : tensor<8x8xf32>, %W1 = %all_W1 : tensor<8x8xf32>, %W2 = %all_W2 : tensor<8x8xf32>,
           %W3 = %all_W3 : tensor<8x8xf32>, %U0 = %all_U0 : tensor<8x8xf32>, %U1 = %all_U1 : tensor<8x8xf32>,
           %U2 = %all_U2 : tensor<8x8xf32>, %U3 = %all_U3 : tensor<8x8xf32>)
      carry(%h : tensor<8xf32>, %c : tensor<8xf32>) offsets %offsets : tensor<?xi32> -> tensor<?x8xf32> {
    %c0 = arith.constant dense<0.0> : tensor<8xf32>
    %1 = linalg.matvec ins(%W0, %x : tensor<8x8xf32>, tensor<8xf32>) outs(%c0 : tensor<8xf32>) -> tensor<8xf32>
    %2 = linalg.matvec ins(%U0, %h : tensor<8x8xf32>, tensor<8xf32>) outs(%c0 : tensor<8xf32>) -> tensor<8xf32>
    %3 = arith.addf %1, %2 : tensor<8xf32>
    %4 = linalg.matvec ins(%W1, %x : tensor<8x8xf32>, tensor<8xf32>) outs(%c0 : tensor<8xf32>) -> tensor<8xf32>
    %5 = linalg.matvec ins(%U1, %h : tensor<8x8xf32>, tensor<8xf32>) outs(%c0 : tensor<8xf32>) -> tensor<8xf32>
    %6 = arith.addf %4, %5 : tensor<8xf32>
    %7 = linalg.matvec ins(%W2, %x : tensor<8x8xf32>, tensor<8xf32>) outs(%c0 : tensor<8xf32>) -> tensor<8xf32>
    %8 = linalg.matvec ins(%U2, %h : tensor<8x8xf32>, tensor<8xf32>) outs(%c0 : tensor<8xf32>) -> tensor<8xf32>
    %9 = arith.addf %7, %8 : tensor<8xf32>
    %10 = linalg.matvec ins(%W3, %x : tensor<8x8xf32>, tensor<8xf32>) outs(%c0 : tensor<8xf32>) -> tensor<8xf32>
    %11 = linalg.matvec ins(%U3, %h : tensor<8x8xf32>, tensor<8xf32>) outs(%c0 : tensor<8xf32>) -> tensor<8xf32>
    %12 = arith.addf %10, %11 : tensor<8xf32>
    %c1 = arith.constant dense<1.0> : tensor<8xf32>
    %14 = arith.negf %6 : tensor<8xf32>
    %15 = math.exp %14 : tensor<8xf32>
    %16 = arith.addf %c1, %15 : tensor<8xf32>
    %17 = arith.divf %c1, %16 : tensor<8xf32>
    %18 = arith.mulf %17, %c : tensor<8xf32>
    %19 = arith.negf %3 : tensor<8xf32>
    %20 = math.exp %19 : tensor<8xf32>
    %21 = arith.addf %c1, %20 : tensor<8xf32>
    %22 = arith.divf %c1, %21 : tensor<8xf32>
    %23 = math.tanh %9 : tensor<8xf32>
    %24 = arith.mulf %22, %23 : tensor<8xf32>
    %25 = arith.addf %18, %24 : tensor<8xf32>
    %26 = arith.negf %12 : tensor<8xf32>
    // expected-remark @below {{math.exp is applied to what depends on h0, so h0 stays a scan}}
    // expected-remark @below {{math.exp is applied to what depends on h1, so h1 stays a scan}}
    %27 = math.exp %26 : tensor<8xf32>
    %28 = arith.addf %c1, %27 : tensor<8xf32>
    %29 = arith.divf %c1, %28 : tensor<8xf32>
    %30 = math.tanh %25 : tensor<8xf32>
    %31 = arith.mulf %29, %30 : tensor<8xf32>
    strand.yield %31 : tensor<8xf32> next %31, %25 : tensor<8xf32>, tensor<8xf32>
  }
  return %r : tensor<?x8xf32>
}

// The same, gates being slices of one product.
func.func @lstm_fused_gates(%xs: tensor<?x8xf32>, %all_W: tensor<32x8xf32>, %all_U: tensor<32x8xf32>,
    %offsets: tensor<?xi32>) -> tensor<?x8xf32> {
  // expected-remark @below {{h0 is not affine}}
  // expected-remark @below {{h1 is not affine}}
  %r = strand.scan rows(%x = %xs : tensor<?x8xf32>)
      with(%W = %all_W : tensor<32x8xf32>, %U = %all_U : tensor<32x8xf32>)
      carry(%h : tensor<8xf32>, %c : tensor<8xf32>) offsets %offsets : tensor<?xi32> -> tensor<?x8xf32> {
    %c0 = arith.constant dense<0.0> : tensor<32xf32>
    %1 = linalg.matvec ins(%W, %x : tensor<32x8xf32>, tensor<8xf32>) outs(%c0 : tensor<32xf32>) -> tensor<32xf32>
    %2 = linalg.matvec ins(%U, %h : tensor<32x8xf32>, tensor<8xf32>) outs(%c0 : tensor<32xf32>) -> tensor<32xf32>
    %3 = arith.addf %1, %2 : tensor<32xf32>
    %4 = tensor.extract_slice %3[0] [8] [1] : tensor<32xf32> to tensor<8xf32>
    %5 = tensor.extract_slice %3[8] [8] [1] : tensor<32xf32> to tensor<8xf32>
    %6 = tensor.extract_slice %3[16] [8] [1] : tensor<32xf32> to tensor<8xf32>
    %7 = tensor.extract_slice %3[24] [8] [1] : tensor<32xf32> to tensor<8xf32>
    %c1 = arith.constant dense<1.0> : tensor<8xf32>
    %9 = arith.negf %5 : tensor<8xf32>
    %10 = math.exp %9 : tensor<8xf32>
    %11 = arith.addf %c1, %10 : tensor<8xf32>
    %12 = arith.divf %c1, %11 : tensor<8xf32>
    %13 = arith.mulf %12, %c : tensor<8xf32>
    %14 = arith.negf %4 : tensor<8xf32>
    %15 = math.exp %14 : tensor<8xf32>
    %16 = arith.addf %c1, %15 : tensor<8xf32>
    %17 = arith.divf %c1, %16 : tensor<8xf32>
    %18 = math.tanh %6 : tensor<8xf32>
    %19 = arith.mulf %17, %18 : tensor<8xf32>
    %20 = arith.addf %13, %19 : tensor<8xf32>
    %21 = arith.negf %7 : tensor<8xf32>
    // expected-remark @below {{math.exp is applied to what depends on h0, so h0 stays a scan}}
    // expected-remark @below {{math.exp is applied to what depends on h1, so h1 stays a scan}}
    %22 = math.exp %21 : tensor<8xf32>
    %23 = arith.addf %c1, %22 : tensor<8xf32>
    %24 = arith.divf %c1, %23 : tensor<8xf32>
    %25 = math.tanh %20 : tensor<8xf32>
    %26 = arith.mulf %24, %25 : tensor<8xf32>
    strand.yield %26 : tensor<8xf32> next %26, %20 : tensor<8xf32>, tensor<8xf32>
  }
  return %r : tensor<?x8xf32>
}

// c, n, h and m need each other: gates of h, and a maximum that keeps them small.
func.func @slstm(%xs: tensor<?x8xf32>, %all_W0: tensor<8x8xf32>, %all_W1: tensor<8x8xf32>,
    %all_W2: tensor<8x8xf32>, %all_W3: tensor<8x8xf32>, %all_U0: tensor<8x8xf32>, %all_U1: tensor<8x8xf32>,
    %all_U2: tensor<8x8xf32>, %all_U3: tensor<8x8xf32>, %offsets: tensor<?xi32>) -> tensor<?x8xf32> {
  // expected-remark @below {{h0 is not affine}}
  // expected-remark @below {{h1 is not affine}}
  // expected-remark @below {{h2 is not affine}}
  // expected-remark @below {{h3 is not affine}}
  %r = strand.scan rows(%x = %xs : tensor<?x8xf32>)
      with(%W0 = %all_W0 : tensor<8x8xf32>, %W1 = %all_W1 : tensor<8x8xf32>, %W2 = %all_W2 : tensor<8x8xf32>,
           %W3 = %all_W3 : tensor<8x8xf32>, %U0 = %all_U0 : tensor<8x8xf32>, %U1 = %all_U1 : tensor<8x8xf32>,
           %U2 = %all_U2 : tensor<8x8xf32>, %U3 = %all_U3 : tensor<8x8xf32>)
      carry(%y : tensor<8xf32>, %c : tensor<8xf32>, %n : tensor<8xf32>, %m : tensor<8xf32>)
      offsets %offsets : tensor<?xi32> -> tensor<?x8xf32> {
    %c0 = arith.constant dense<0.0> : tensor<8xf32>
    %1 = linalg.matvec ins(%W0, %x : tensor<8x8xf32>, tensor<8xf32>) outs(%c0 : tensor<8xf32>) -> tensor<8xf32>
    %2 = linalg.matvec ins(%U0, %y : tensor<8x8xf32>, tensor<8xf32>) outs(%c0 : tensor<8xf32>) -> tensor<8xf32>
    %3 = arith.addf %1, %2 : tensor<8xf32>
    %4 = linalg.matvec ins(%W1, %x : tensor<8x8xf32>, tensor<8xf32>) outs(%c0 : tensor<8xf32>) -> tensor<8xf32>
    %5 = linalg.matvec ins(%U1, %y : tensor<8x8xf32>, tensor<8xf32>) outs(%c0 : tensor<8xf32>) -> tensor<8xf32>
    %6 = arith.addf %4, %5 : tensor<8xf32>
    %7 = linalg.matvec ins(%W2, %x : tensor<8x8xf32>, tensor<8xf32>) outs(%c0 : tensor<8xf32>) -> tensor<8xf32>
    %8 = linalg.matvec ins(%U2, %y : tensor<8x8xf32>, tensor<8xf32>) outs(%c0 : tensor<8xf32>) -> tensor<8xf32>
    %9 = arith.addf %7, %8 : tensor<8xf32>
    %10 = linalg.matvec ins(%W3, %x : tensor<8x8xf32>, tensor<8xf32>) outs(%c0 : tensor<8xf32>) -> tensor<8xf32>
    %11 = linalg.matvec ins(%U3, %y : tensor<8x8xf32>, tensor<8xf32>) outs(%c0 : tensor<8xf32>) -> tensor<8xf32>
    %12 = arith.addf %10, %11 : tensor<8xf32>
    %13 = arith.negf %6 : tensor<8xf32>
    %14 = math.exp %13 : tensor<8xf32>
    %15 = math.log1p %14 : tensor<8xf32>
    %16 = arith.negf %15 : tensor<8xf32>
    %17 = arith.addf %16, %m : tensor<8xf32>
    %18 = arith.maximumf %3, %17 : tensor<8xf32>
    %19 = arith.addf %16, %m : tensor<8xf32>
    %20 = arith.subf %19, %18 : tensor<8xf32>
    %21 = math.exp %20 : tensor<8xf32>
    %22 = arith.subf %3, %18 : tensor<8xf32>
    %23 = math.exp %22 : tensor<8xf32>
    %24 = arith.mulf %21, %c : tensor<8xf32>
    %25 = math.tanh %9 : tensor<8xf32>
    %26 = arith.mulf %23, %25 : tensor<8xf32>
    %27 = arith.addf %24, %26 : tensor<8xf32>
    %28 = arith.mulf %21, %n : tensor<8xf32>
    %29 = arith.addf %28, %23 : tensor<8xf32>
    %c1 = arith.constant dense<1.0> : tensor<8xf32>
    %31 = arith.negf %12 : tensor<8xf32>
    // expected-remark @below {{math.exp is applied to what depends on h0, so h0 stays a scan}}
    // expected-remark @below {{math.exp is applied to what depends on h1, so h1 stays a scan}}
    // expected-remark @below {{math.exp is applied to what depends on h2, so h2 stays a scan}}
    // expected-remark @below {{math.exp is applied to what depends on h3, so h3 stays a scan}}
    %32 = math.exp %31 : tensor<8xf32>
    %33 = arith.addf %c1, %32 : tensor<8xf32>
    %34 = arith.divf %c1, %33 : tensor<8xf32>
    %35 = arith.mulf %34, %27 : tensor<8xf32>
    %36 = arith.divf %35, %29 : tensor<8xf32>
    strand.yield %36
        : tensor<8xf32> next %36, %27, %29, %18 : tensor<8xf32>, tensor<8xf32>, tensor<8xf32>, tensor<8xf32>
  }
  return %r : tensor<?x8xf32>
}

// A gate of the old cell.
func.func @sru(%xs: tensor<?x8xf32>, %all_W: tensor<8x8xf32>, %all_Vw: tensor<8x8xf32>, %all_v: tensor<8xf32>,
    %offsets: tensor<?xi32>) -> tensor<?x8xf32> {
  // expected-remark @below {{h is not affine}}
  %r = strand.scan rows(%x = %xs : tensor<?x8xf32>)
      with(%W = %all_W : tensor<8x8xf32>, %Vw = %all_Vw : tensor<8x8xf32>, %v = %all_v : tensor<8xf32>)
      carry(%c : tensor<8xf32>) offsets %offsets : tensor<?xi32> -> tensor<?x8xf32> {
    %c0 = arith.constant dense<0.0> : tensor<8xf32>
    %1 = linalg.matvec ins(%Vw, %x : tensor<8x8xf32>, tensor<8xf32>) outs(%c0 : tensor<8xf32>) -> tensor<8xf32>
    %2 = arith.mulf %v, %c : tensor<8xf32>
    %3 = arith.addf %1, %2 : tensor<8xf32>
    %c1 = arith.constant dense<1.0> : tensor<8xf32>
    %5 = arith.negf %3 : tensor<8xf32>
    // expected-remark @below {{math.exp is applied to what depends on h, so h stays a scan}}
    %6 = math.exp %5 : tensor<8xf32>
    %7 = arith.addf %c1, %6 : tensor<8xf32>
    %8 = arith.divf %c1, %7 : tensor<8xf32>
    %9 = arith.mulf %8, %c : tensor<8xf32>
    %10 = arith.subf %c1, %8 : tensor<8xf32>
    %11 = linalg.matvec ins(%W, %x : tensor<8x8xf32>, tensor<8xf32>) outs(%c0 : tensor<8xf32>) -> tensor<8xf32>
    %12 = arith.mulf %10, %11 : tensor<8xf32>
    %13 = arith.addf %9, %12 : tensor<8xf32>
    strand.yield %13 : tensor<8xf32> next %13 : tensor<8xf32>
  }
  return %r : tensor<?x8xf32>
}

// h' = max(0, W x + u h): max-plus only if u were 1.
func.func @relu_rnn(%xs: tensor<?x8xf32>, %all_u: tensor<8xf32>, %offsets: tensor<?xi32>) -> tensor<?x8xf32> {
  // expected-remark @below {{h is not affine}}
  %r = strand.scan rows(%x = %xs : tensor<?x8xf32>) with(%u = %all_u : tensor<8xf32>)
      carry(%h : tensor<8xf32>) offsets %offsets : tensor<?xi32> -> tensor<?x8xf32> {
    %0 = arith.mulf %u, %h : tensor<8xf32>
    %1 = arith.addf %x, %0 : tensor<8xf32>
    %c0 = arith.constant dense<0.0> : tensor<8xf32>
    // expected-remark @below {{arith.maximumf is applied to what depends on h, so h stays a scan}}
    %3 = arith.maximumf %1, %c0 : tensor<8xf32>
    strand.yield %3 : tensor<8xf32> next %3 : tensor<8xf32>
  }
  return %r : tensor<?x8xf32>
}

// h' = h h + x.
func.func @quadratic(%xs: tensor<?x8xf32>, %offsets: tensor<?xi32>) -> tensor<?x8xf32> {
  // expected-remark @below {{h is not affine}}
  %r = strand.scan rows(%x = %xs : tensor<?x8xf32>)
      carry(%h : tensor<8xf32>) offsets %offsets : tensor<?xi32> -> tensor<?x8xf32> {
    // expected-remark @below {{arith.mulf is applied to what depends on h, so h stays a scan}}
    %0 = arith.mulf %h, %h : tensor<8xf32>
    %1 = arith.addf %0, %x : tensor<8xf32>
    strand.yield %1 : tensor<8xf32> next %1 : tensor<8xf32>
  }
  return %r : tensor<?x8xf32>
}

// h' = h / |h| + x.
func.func @norm_clip(%xs: tensor<?x8xf32>, %offsets: tensor<?xi32>) -> tensor<?x8xf32> {
  // expected-remark @below {{h is not affine}}
  %r = strand.scan rows(%x = %xs : tensor<?x8xf32>)
      carry(%h : tensor<8xf32>) offsets %offsets : tensor<?xi32> -> tensor<?x8xf32> {
    %0 = arith.addf %h, %x : tensor<8xf32>
    %c0 = arith.constant dense<0.0> : tensor<f32>
    // expected-remark @below {{arith.mulf is applied to what depends on h, so h stays a scan}}
    %2 = linalg.dot ins(%0, %0 : tensor<8xf32>, tensor<8xf32>) outs(%c0 : tensor<f32>) -> tensor<f32>
    %3 = math.sqrt %2 : tensor<f32>
    %4 = tensor.empty() : tensor<8xf32>
    %5 = linalg.broadcast ins(%3 : tensor<f32>) outs(%4 : tensor<8xf32>) dimensions = [0]
    %6 = arith.divf %0, %5 : tensor<8xf32>
    strand.yield %6 : tensor<8xf32> next %6 : tensor<8xf32>
  }
  return %r : tensor<?x8xf32>
}

// Real and imaginary part in one tensor: joining them is not read.
func.func @pair_in_one_tensor(%xs: tensor<?x8xf32>, %cs: tensor<?x8xf32>, %ss: tensor<?x8xf32>,
    %offsets: tensor<?xi32>) -> tensor<?x2x8xf32> {
  // expected-remark @below {{h is not affine}}
  %r = strand.scan rows(%x = %xs : tensor<?x8xf32>, %c = %cs : tensor<?x8xf32>, %s = %ss : tensor<?x8xf32>)
      carry(%z : tensor<2x8xf32>) offsets %offsets : tensor<?xi32> -> tensor<?x2x8xf32> {
    %0 = tensor.extract_slice %z[0, 0] [1, 8] [1, 1] : tensor<2x8xf32> to tensor<8xf32>
    %1 = tensor.extract_slice %z[1, 0] [1, 8] [1, 1] : tensor<2x8xf32> to tensor<8xf32>
    %2 = arith.mulf %c, %0 : tensor<8xf32>
    %3 = arith.mulf %s, %1 : tensor<8xf32>
    %4 = arith.subf %2, %3 : tensor<8xf32>
    %5 = arith.addf %4, %x : tensor<8xf32>
    %6 = arith.mulf %s, %0 : tensor<8xf32>
    %7 = arith.mulf %c, %1 : tensor<8xf32>
    %8 = arith.addf %6, %7 : tensor<8xf32>
    %9 = tensor.expand_shape %5 [[0, 1]] output_shape [1, 8] : tensor<8xf32> into tensor<1x8xf32>
    %10 = tensor.expand_shape %8 [[0, 1]] output_shape [1, 8] : tensor<8xf32> into tensor<1x8xf32>
    // expected-remark @below {{tensor.concat is applied to what depends on h, so h stays a scan}}
    %11 = tensor.concat dim(0) %9, %10 : (tensor<1x8xf32>, tensor<1x8xf32>) -> tensor<2x8xf32>
    strand.yield %11 : tensor<2x8xf32> next %11 : tensor<2x8xf32>
  }
  return %r : tensor<?x2x8xf32>
}

// A state that is rounded to bf16 in every row is another model.
func.func @rounded_state(%xs: tensor<?x8xf32>, %offsets: tensor<?xi32>) -> tensor<?x8xf32> {
  // expected-remark @below {{h is not affine}}
  %r = strand.scan rows(%x = %xs : tensor<?x8xf32>)
      carry(%h : tensor<8xf32>) offsets %offsets : tensor<?xi32> -> tensor<?x8xf32> {
    // expected-remark @below {{arith.truncf is applied to what depends on h, so h stays a scan}}
    %0 = arith.truncf %h : tensor<8xf32> to tensor<8xbf16>
    %1 = arith.extf %0 : tensor<8xbf16> to tensor<8xf32>
    %2 = arith.addf %1, %x : tensor<8xf32>
    strand.yield %2 : tensor<8xf32> next %2 : tensor<8xf32>
  }
  return %r : tensor<?x8xf32>
}

// h' = 2 max(h, x).
func.func @scaled_max(%xs: tensor<?x8xf32>, %offsets: tensor<?xi32>) -> tensor<?x8xf32> {
  // expected-remark @below {{h is not affine}}
  %r = strand.scan rows(%x = %xs : tensor<?x8xf32>)
      carry(%h : tensor<8xf32>) offsets %offsets : tensor<?xi32> -> tensor<?x8xf32> {
    // expected-remark @below {{arith.maximumf is applied to what depends on h, so h stays a scan}}
    %0 = arith.maximumf %h, %x : tensor<8xf32>
    %c0 = arith.constant dense<2.0> : tensor<8xf32>
    %2 = arith.mulf %0, %c0 : tensor<8xf32>
    strand.yield %2 : tensor<8xf32> next %2 : tensor<8xf32>
  }
  return %r : tensor<?x8xf32>
}

// h' = m + log(exp(h - m) + exp(x - m)), m the larger.
func.func @cumulative_lse(%xs: tensor<?x8xf32>, %offsets: tensor<?xi32>) -> tensor<?x8xf32> {
  // expected-remark @below {{h is log-sum-exp, diagonal: h[i] = lse(h[i], b[i]); becomes strand.associative_scan}}
  %r = strand.scan rows(%x = %xs : tensor<?x8xf32>)
      carry(%z : tensor<8xf32>) offsets %offsets : tensor<?xi32> -> tensor<?x8xf32> {
    %0 = arith.maximumf %z, %x : tensor<8xf32>
    %1 = arith.subf %z, %0 : tensor<8xf32>
    %2 = math.exp %1 : tensor<8xf32>
    %3 = arith.subf %x, %0 : tensor<8xf32>
    %4 = math.exp %3 : tensor<8xf32>
    %5 = arith.addf %2, %4 : tensor<8xf32>
    %6 = math.log %5 : tensor<8xf32>
    %7 = arith.addf %0, %6 : tensor<8xf32>
    strand.yield %7 : tensor<8xf32> next %7 : tensor<8xf32>
  }
  return %r : tensor<?x8xf32>
}

// h' = max(g + h, x) + log1p(exp(-|g + h - x|)).
func.func @cumulative_lse_log1p(%xs: tensor<?x8xf32>, %gs: tensor<?x8xf32>,
    %offsets: tensor<?xi32>) -> tensor<?x8xf32> {
  // expected-remark @below {{h is log-sum-exp, diagonal: h[i] = lse(h[i] + a[i], b[i]); becomes strand.associative_scan}}
  %r = strand.scan rows(%x = %xs : tensor<?x8xf32>, %g = %gs : tensor<?x8xf32>)
      carry(%z : tensor<8xf32>) offsets %offsets : tensor<?xi32> -> tensor<?x8xf32> {
    %0 = arith.addf %z, %g : tensor<8xf32>
    %1 = arith.maximumf %0, %x : tensor<8xf32>
    %2 = arith.subf %0, %x : tensor<8xf32>
    %3 = math.absf %2 : tensor<8xf32>
    %4 = arith.negf %3 : tensor<8xf32>
    %5 = math.exp %4 : tensor<8xf32>
    %6 = math.log1p %5 : tensor<8xf32>
    %7 = arith.addf %1, %6 : tensor<8xf32>
    strand.yield %7 : tensor<8xf32> next %7 : tensor<8xf32>
  }
  return %r : tensor<?x8xf32>
}

// a'[j] = max_i(a[i] + T[i,j]) + e[j].
func.func @viterbi(%es: tensor<?x4xf32>, %all_Tr: tensor<4x4xf32>, %offsets: tensor<?xi32>) -> tensor<?x4xf32> {
  // expected-remark @below {{h is max-plus with a matrix: h[i] = max_x(h[x] + m); stays a scan: two of its rows are joined by a product of 4 x 4 matrices, which takes 4 times the work of a row}}
  %r = strand.scan rows(%e = %es : tensor<?x4xf32>) with(%Tr = %all_Tr : tensor<4x4xf32>)
      carry(%al : tensor<4xf32>) offsets %offsets : tensor<?xi32> -> tensor<?x4xf32> {
    %c0 = arith.constant dense<0xFF800000> : tensor<4xf32>
    %1 = linalg.generic {indexing_maps = [#ji_i, #ji_ij, #ji_j], iterator_types = ["parallel", "reduction"]}
        ins(%al, %Tr : tensor<4xf32>, tensor<4x4xf32>) outs(%c0 : tensor<4xf32>) {
    ^bb0(%p0: f32, %p1: f32, %acc: f32):
      %_s = arith.addf %p0, %p1 : f32
      %_m = arith.maximumf %acc, %_s : f32
      linalg.yield %_m : f32
    } -> tensor<4xf32>
    %2 = arith.addf %1, %e : tensor<4xf32>
    strand.yield %2 : tensor<4xf32> next %2 : tensor<4xf32>
  }
  return %r : tensor<?x4xf32>
}

// a'[j] = log sum_i exp(a[i] + T[i,j]) + e[j], with the maximum taken out.
func.func @hmm_log(%es: tensor<?x4xf32>, %all_Tr: tensor<4x4xf32>, %offsets: tensor<?xi32>) -> tensor<?x4xf32> {
  // expected-remark @below {{h is log-sum-exp with a matrix: h[i] = lse_x(h[x] + m); stays a scan: two of its rows are joined by a product of 4 x 4 matrices, which takes 4 times the work of a row}}
  %r = strand.scan rows(%e = %es : tensor<?x4xf32>) with(%Tr = %all_Tr : tensor<4x4xf32>)
      carry(%al : tensor<4xf32>) offsets %offsets : tensor<?xi32> -> tensor<?x4xf32> {
    %c0 = arith.constant dense<0xFF800000> : tensor<4xf32>
    %c1 = arith.constant dense<0.0> : tensor<4xf32>
    %2 = linalg.generic {indexing_maps = [#ji_i, #ji_ij, #ji_j], iterator_types = ["parallel", "reduction"]}
        ins(%al, %Tr : tensor<4xf32>, tensor<4x4xf32>) outs(%c0 : tensor<4xf32>) {
    ^bb0(%p0: f32, %p1: f32, %acc: f32):
      %_s = arith.addf %p0, %p1 : f32
      %_m = arith.maximumf %acc, %_s : f32
      linalg.yield %_m : f32
    } -> tensor<4xf32>
    %3 = linalg.generic {indexing_maps = [#ji_i, #ji_ij, #ji_j, #ji_j], iterator_types = ["parallel", "reduction"]}
        ins(%al, %Tr, %2 : tensor<4xf32>, tensor<4x4xf32>, tensor<4xf32>) outs(%c1 : tensor<4xf32>) {
    ^bb0(%p0: f32, %p1: f32, %p2: f32, %acc: f32):
      %_s = arith.addf %p0, %p1 : f32
      %_d = arith.subf %_s, %p2 : f32
      %_x = math.exp %_d : f32
      %_m = arith.addf %acc, %_x : f32
      linalg.yield %_m : f32
    } -> tensor<4xf32>
    %4 = math.log %3 : tensor<4xf32>
    %5 = arith.addf %2, %4 : tensor<4xf32>
    %6 = arith.addf %5, %e : tensor<4xf32>
    strand.yield %6 : tensor<4xf32> next %6 : tensor<4xf32>
  }
  return %r : tensor<?x4xf32>
}

// A loop in the region is not read.
func.func @loop_inside(%xs: tensor<?x8xf32>, %offsets: tensor<?xi32>) -> tensor<?x8xf32> {
  // expected-remark @below {{h is not affine}}
  %r = strand.scan rows(%x = %xs : tensor<?x8xf32>)
      carry(%h : tensor<8xf32>) offsets %offsets : tensor<?xi32> -> tensor<?x8xf32> {
    %0 = arith.constant 0 : index
    %1 = arith.constant 3 : index
    %2 = arith.constant 1 : index
    // expected-remark @below {{scf.for is applied to what depends on h, so h stays a scan}}
    %3 = scf.for %_i = %0 to %1 step %2 iter_args(%_s = %h) -> (tensor<8xf32>) {
      %_n = arith.addf %_s, %x : tensor<8xf32>
      scf.yield %_n : tensor<8xf32>
    }
    strand.yield %3 : tensor<8xf32> next %3 : tensor<8xf32>
  }
  return %r : tensor<?x8xf32>
}
