// Element by element: one carried value, or two that turn into each other.
//
// RUN: strand-opt %s -strand-infer-structure -verify-diagnostics -o /dev/null


// h' = h + a (x - h), a the same in every row.
func.func @ema(%xs: tensor<?x8xf32>, %all_a: tensor<8xf32>, %offsets: tensor<?xi32>) -> tensor<?x8xf32> {
  // expected-remark @below {{h is diagonal: h[i] = A[i] * h[i] + b[i]; becomes strand.linear_recurrence}}
  %r = strand.scan rows(%x = %xs : tensor<?x8xf32>) with(%a = %all_a : tensor<8xf32>)
      carry(%h : tensor<8xf32>) offsets %offsets : tensor<?xi32> -> tensor<?x8xf32> {
    %0 = arith.subf %x, %h : tensor<8xf32>
    %1 = arith.mulf %a, %0 : tensor<8xf32>
    %2 = arith.addf %h, %1 : tensor<8xf32>
    strand.yield %2 : tensor<8xf32> next %2 : tensor<8xf32>
  }
  return %r : tensor<?x8xf32>
}

// h' = f h + (1 - f) i with f = lb + (1 - lb) sigmoid(x).
func.func @hgrn(%fs: tensor<?x8xf32>, %is: tensor<?x8xf32>, %all_lb: tensor<8xf32>,
    %offsets: tensor<?xi32>) -> tensor<?x8xf32> {
  // expected-remark @below {{h is diagonal: h[i] = a[i] * h[i] + b[i]; becomes strand.linear_recurrence}}
  %r = strand.scan rows(%f = %fs : tensor<?x8xf32>, %i = %is : tensor<?x8xf32>) with(%lb = %all_lb : tensor<8xf32>)
      carry(%h : tensor<8xf32>) offsets %offsets : tensor<?xi32> -> tensor<?x8xf32> {
    %c0 = arith.constant dense<1.0> : tensor<8xf32>
    %1 = arith.subf %c0, %lb : tensor<8xf32>
    %2 = arith.negf %f : tensor<8xf32>
    %3 = math.exp %2 : tensor<8xf32>
    %4 = arith.addf %c0, %3 : tensor<8xf32>
    %5 = arith.divf %c0, %4 : tensor<8xf32>
    %6 = arith.mulf %1, %5 : tensor<8xf32>
    %7 = arith.addf %lb, %6 : tensor<8xf32>
    %8 = arith.mulf %7, %h : tensor<8xf32>
    %9 = arith.subf %c0, %7 : tensor<8xf32>
    %10 = arith.mulf %9, %i : tensor<8xf32>
    %11 = arith.addf %8, %10 : tensor<8xf32>
    strand.yield %11 : tensor<8xf32> next %11 : tensor<8xf32>
  }
  return %r : tensor<?x8xf32>
}

// h' = (1 - z) h + z c, z = sigmoid(Wz x), c = Wh x.
func.func @mingru(%xs: tensor<?x8xf32>, %all_Wz: tensor<8x8xf32>, %all_Wh: tensor<8x8xf32>,
    %offsets: tensor<?xi32>) -> tensor<?x8xf32> {
  // expected-remark @below {{h is diagonal: h[i] = exp(g[i]) * h[i] + b[i]; becomes strand.linear_recurrence}}
  %r = strand.scan rows(%x = %xs : tensor<?x8xf32>)
      with(%Wz = %all_Wz : tensor<8x8xf32>, %Wh = %all_Wh : tensor<8x8xf32>)
      carry(%h : tensor<8xf32>) offsets %offsets : tensor<?xi32> -> tensor<?x8xf32> {
    %c0 = arith.constant dense<0.0> : tensor<8xf32>
    %1 = linalg.matvec ins(%Wz, %x : tensor<8x8xf32>, tensor<8xf32>) outs(%c0 : tensor<8xf32>) -> tensor<8xf32>
    %c1 = arith.constant dense<1.0> : tensor<8xf32>
    %3 = arith.negf %1 : tensor<8xf32>
    %4 = math.exp %3 : tensor<8xf32>
    %5 = arith.addf %c1, %4 : tensor<8xf32>
    %6 = arith.divf %c1, %5 : tensor<8xf32>
    %7 = arith.subf %c1, %6 : tensor<8xf32>
    %8 = arith.mulf %7, %h : tensor<8xf32>
    %9 = linalg.matvec ins(%Wh, %x : tensor<8x8xf32>, tensor<8xf32>) outs(%c0 : tensor<8xf32>) -> tensor<8xf32>
    %10 = arith.mulf %6, %9 : tensor<8xf32>
    %11 = arith.addf %8, %10 : tensor<8xf32>
    strand.yield %11 : tensor<8xf32> next %11 : tensor<8xf32>
  }
  return %r : tensor<?x8xf32>
}

// h' = h + z (c - h): the same.
func.func @mingru_other_spelling(%xs: tensor<?x8xf32>, %all_Wz: tensor<8x8xf32>, %all_Wh: tensor<8x8xf32>,
    %offsets: tensor<?xi32>) -> tensor<?x8xf32> {
  // expected-remark @below {{h is diagonal: h[i] = exp(g[i]) * h[i] + b[i]; becomes strand.linear_recurrence}}
  %r = strand.scan rows(%x = %xs : tensor<?x8xf32>)
      with(%Wz = %all_Wz : tensor<8x8xf32>, %Wh = %all_Wh : tensor<8x8xf32>)
      carry(%h : tensor<8xf32>) offsets %offsets : tensor<?xi32> -> tensor<?x8xf32> {
    %c0 = arith.constant dense<0.0> : tensor<8xf32>
    %1 = linalg.matvec ins(%Wz, %x : tensor<8x8xf32>, tensor<8xf32>) outs(%c0 : tensor<8xf32>) -> tensor<8xf32>
    %c1 = arith.constant dense<1.0> : tensor<8xf32>
    %3 = arith.negf %1 : tensor<8xf32>
    %4 = math.exp %3 : tensor<8xf32>
    %5 = arith.addf %c1, %4 : tensor<8xf32>
    %6 = arith.divf %c1, %5 : tensor<8xf32>
    %7 = linalg.matvec ins(%Wh, %x : tensor<8x8xf32>, tensor<8xf32>) outs(%c0 : tensor<8xf32>) -> tensor<8xf32>
    %8 = arith.subf %7, %h : tensor<8xf32>
    %9 = arith.mulf %6, %8 : tensor<8xf32>
    %10 = arith.addf %h, %9 : tensor<8xf32>
    strand.yield %10 : tensor<8xf32> next %10 : tensor<8xf32>
  }
  return %r : tensor<?x8xf32>
}

// h' = a h + sqrt(1 - a^2) x, a = exp(-softplus(l) sigmoid(r)).
func.func @rglru(%xs: tensor<?x8xf32>, %rs: tensor<?x8xf32>, %all_l: tensor<8xf32>,
    %offsets: tensor<?xi32>) -> tensor<?x8xf32> {
  // expected-remark @below {{h is diagonal: h[i] = exp(g[i]) * h[i] + b[i]; becomes strand.linear_recurrence}}
  %r = strand.scan rows(%x = %xs : tensor<?x8xf32>, %r = %rs : tensor<?x8xf32>) with(%l = %all_l : tensor<8xf32>)
      carry(%h : tensor<8xf32>) offsets %offsets : tensor<?xi32> -> tensor<?x8xf32> {
    %0 = math.exp %l : tensor<8xf32>
    %1 = math.log1p %0 : tensor<8xf32>
    %c0 = arith.constant dense<1.0> : tensor<8xf32>
    %3 = arith.negf %r : tensor<8xf32>
    %4 = math.exp %3 : tensor<8xf32>
    %5 = arith.addf %c0, %4 : tensor<8xf32>
    %6 = arith.divf %c0, %5 : tensor<8xf32>
    %7 = arith.mulf %1, %6 : tensor<8xf32>
    %8 = arith.negf %7 : tensor<8xf32>
    %9 = math.exp %8 : tensor<8xf32>
    %10 = arith.mulf %9, %h : tensor<8xf32>
    %11 = arith.mulf %9, %9 : tensor<8xf32>
    %12 = arith.subf %c0, %11 : tensor<8xf32>
    %13 = math.sqrt %12 : tensor<8xf32>
    %14 = arith.mulf %13, %x : tensor<8xf32>
    %15 = arith.addf %10, %14 : tensor<8xf32>
    strand.yield %15 : tensor<8xf32> next %15 : tensor<8xf32>
  }
  return %r : tensor<?x8xf32>
}

// h' = a (m ? 0 : h) + x: a mask is a factor.
func.func @reset(%xs: tensor<?x8xf32>, %as: tensor<?x8xf32>, %ms: tensor<?x8xf32>,
    %offsets: tensor<?xi32>) -> tensor<?x8xf32> {
  // expected-remark @below {{h is diagonal: h[i] = a[i] * h[i] + b[i]; becomes strand.linear_recurrence}}
  %r = strand.scan rows(%x = %xs : tensor<?x8xf32>, %a = %as : tensor<?x8xf32>, %m = %ms : tensor<?x8xf32>)
      carry(%h : tensor<8xf32>) offsets %offsets : tensor<?xi32> -> tensor<?x8xf32> {
    %c0 = arith.constant dense<0.5> : tensor<8xf32>
    %1 = arith.cmpf ogt, %m, %c0 : tensor<8xf32>
    %c1 = arith.constant dense<0.0> : tensor<8xf32>
    %3 = arith.select %1, %c1, %h : tensor<8xi1>, tensor<8xf32>
    %4 = arith.mulf %a, %3 : tensor<8xf32>
    %5 = arith.addf %4, %x : tensor<8xf32>
    strand.yield %5 : tensor<8xf32> next %5 : tensor<8xf32>
  }
  return %r : tensor<?x8xf32>
}

// h' = h + dt (A h + B x), A diagonal.
func.func @euler(%dts: tensor<?x8xf32>, %xs: tensor<?x8xf32>, %all_A: tensor<8xf32>, %all_Bw: tensor<8xf32>,
    %offsets: tensor<?xi32>) -> tensor<?x8xf32> {
  // expected-remark @below {{h is diagonal: h[i] = a[i] * h[i] + b[i]; becomes strand.linear_recurrence}}
  %r = strand.scan rows(%dt = %dts : tensor<?x8xf32>, %x = %xs : tensor<?x8xf32>)
      with(%A = %all_A : tensor<8xf32>, %Bw = %all_Bw : tensor<8xf32>)
      carry(%h : tensor<8xf32>) offsets %offsets : tensor<?xi32> -> tensor<?x8xf32> {
    %0 = arith.mulf %A, %h : tensor<8xf32>
    %1 = arith.mulf %Bw, %x : tensor<8xf32>
    %2 = arith.addf %0, %1 : tensor<8xf32>
    %3 = arith.mulf %dt, %2 : tensor<8xf32>
    %4 = arith.addf %h, %3 : tensor<8xf32>
    strand.yield %4 : tensor<8xf32> next %4 : tensor<8xf32>
  }
  return %r : tensor<?x8xf32>
}

// h' = f h + (1 - f) z; the output gate stands behind the recurrence.
func.func @qrnn(%zs: tensor<?x8xf32>, %fs: tensor<?x8xf32>, %os: tensor<?x8xf32>,
    %offsets: tensor<?xi32>) -> tensor<?x8xf32> {
  // expected-remark @below {{h is diagonal: h[i] = exp(g[i]) * h[i] + b[i]; becomes strand.linear_recurrence}}
  %r = strand.scan rows(%z = %zs : tensor<?x8xf32>, %f = %fs : tensor<?x8xf32>, %o = %os : tensor<?x8xf32>)
      carry(%c : tensor<8xf32>) offsets %offsets : tensor<?xi32> -> tensor<?x8xf32> {
    %c0 = arith.constant dense<1.0> : tensor<8xf32>
    %1 = arith.negf %f : tensor<8xf32>
    %2 = math.exp %1 : tensor<8xf32>
    %3 = arith.addf %c0, %2 : tensor<8xf32>
    %4 = arith.divf %c0, %3 : tensor<8xf32>
    %5 = arith.mulf %4, %c : tensor<8xf32>
    %6 = arith.subf %c0, %4 : tensor<8xf32>
    %7 = math.tanh %z : tensor<8xf32>
    %8 = arith.mulf %6, %7 : tensor<8xf32>
    %9 = arith.addf %5, %8 : tensor<8xf32>
    %10 = arith.negf %o : tensor<8xf32>
    %11 = math.exp %10 : tensor<8xf32>
    %12 = arith.addf %c0, %11 : tensor<8xf32>
    %13 = arith.divf %c0, %12 : tensor<8xf32>
    %14 = math.tanh %9 : tensor<8xf32>
    %15 = arith.mulf %13, %14 : tensor<8xf32>
    strand.yield %15 : tensor<8xf32> next %9 : tensor<8xf32>
  }
  return %r : tensor<?x8xf32>
}

// The same, gates being slices of one product.
func.func @qrnn_fused_gates(%xs: tensor<?x8xf32>, %all_W: tensor<16x8xf32>,
    %offsets: tensor<?xi32>) -> tensor<?x8xf32> {
  // expected-remark @below {{h is diagonal: h[i] = exp(g[i]) * h[i] + b[i]; becomes strand.linear_recurrence}}
  %r = strand.scan rows(%x = %xs : tensor<?x8xf32>) with(%W = %all_W : tensor<16x8xf32>)
      carry(%c : tensor<8xf32>) offsets %offsets : tensor<?xi32> -> tensor<?x8xf32> {
    %c0 = arith.constant dense<0.0> : tensor<16xf32>
    %1 = linalg.matvec ins(%W, %x : tensor<16x8xf32>, tensor<8xf32>) outs(%c0 : tensor<16xf32>) -> tensor<16xf32>
    %2 = tensor.extract_slice %1[0] [8] [1] : tensor<16xf32> to tensor<8xf32>
    %3 = tensor.extract_slice %1[8] [8] [1] : tensor<16xf32> to tensor<8xf32>
    %c1 = arith.constant dense<1.0> : tensor<8xf32>
    %5 = arith.negf %2 : tensor<8xf32>
    %6 = math.exp %5 : tensor<8xf32>
    %7 = arith.addf %c1, %6 : tensor<8xf32>
    %8 = arith.divf %c1, %7 : tensor<8xf32>
    %9 = arith.mulf %8, %c : tensor<8xf32>
    %10 = arith.subf %c1, %8 : tensor<8xf32>
    %11 = math.tanh %3 : tensor<8xf32>
    %12 = arith.mulf %10, %11 : tensor<8xf32>
    %13 = arith.addf %9, %12 : tensor<8xf32>
    strand.yield %13 : tensor<8xf32> next %13 : tensor<8xf32>
  }
  return %r : tensor<?x8xf32>
}

// tanh(h) - tanh(h) + h / 2 + (x + h) / 2 = h + x / 2.
func.func @cancelling(%xs: tensor<?x8xf32>, %offsets: tensor<?xi32>) -> tensor<?x8xf32> {
  // expected-remark @below {{h is a sum: h[i] = h[i] + b[i]; becomes strand.linear_recurrence}}
  %r = strand.scan rows(%x = %xs : tensor<?x8xf32>)
      carry(%h : tensor<8xf32>) offsets %offsets : tensor<?xi32> -> tensor<?x8xf32> {
    %c0 = arith.constant dense<0.5> : tensor<8xf32>
    %1 = math.tanh %h : tensor<8xf32>
    %2 = math.tanh %h : tensor<8xf32>
    %3 = arith.subf %1, %2 : tensor<8xf32>
    %4 = arith.mulf %h, %c0 : tensor<8xf32>
    %5 = arith.addf %x, %h : tensor<8xf32>
    %6 = arith.mulf %5, %c0 : tensor<8xf32>
    %7 = arith.addf %4, %6 : tensor<8xf32>
    %8 = arith.addf %3, %7 : tensor<8xf32>
    strand.yield %8 : tensor<8xf32> next %8 : tensor<8xf32>
  }
  return %r : tensor<?x8xf32>
}

// y = h + mu (x - h), h' = x: the row before.
func.func @tokenshift(%xs: tensor<?x8xf32>, %all_mu: tensor<8xf32>, %offsets: tensor<?xi32>) -> tensor<?x8xf32> {
  // expected-remark @below {{h is a shift: h[i] = b[i]; becomes the row before}}
  %r = strand.scan rows(%x = %xs : tensor<?x8xf32>) with(%mu = %all_mu : tensor<8xf32>)
      carry(%p : tensor<8xf32>) offsets %offsets : tensor<?xi32> -> tensor<?x8xf32> {
    %0 = arith.subf %p, %x : tensor<8xf32>
    %1 = arith.mulf %mu, %0 : tensor<8xf32>
    %2 = arith.addf %x, %1 : tensor<8xf32>
    strand.yield %2 : tensor<8xf32> next %x : tensor<8xf32>
  }
  return %r : tensor<?x8xf32>
}

// (re, im)' = rho (cos t + i sin t) (re + i im) + B u: more channels than a row has, but few.
func.func @lru(%us: tensor<?x2xf32>, %all_nu: tensor<8xf32>, %all_th: tensor<8xf32>, %all_Br: tensor<8x2xf32>,
    %all_Bi: tensor<8x2xf32>, %all_Cr: tensor<2x8xf32>, %all_Ci: tensor<2x8xf32>,
    %offsets: tensor<?xi32>) -> tensor<?x2xf32> {
  // expected-remark @below {{h0 is complex diagonal: h0[i] = A0[i] * h0[i] + A1[i] * h1[i] + b[i]; becomes strand.complex_recurrence}}
  // expected-remark @below {{h1 is complex diagonal: h1[i] = A0[i] * h0[i] + A1[i] * h1[i] + b[i]; becomes strand.complex_recurrence}}
  %r = strand.scan rows(%u = %us : tensor<?x2xf32>)
      with(%nu = %all_nu : tensor<8xf32>, %th = %all_th : tensor<8xf32>, %Br = %all_Br : tensor<8x2xf32>,
           %Bi = %all_Bi : tensor<8x2xf32>, %Cr = %all_Cr : tensor<2x8xf32>, %Ci = %all_Ci : tensor<2x8xf32>)
      carry(%re : tensor<8xf32>, %im : tensor<8xf32>) offsets %offsets : tensor<?xi32> -> tensor<?x2xf32> {
    %0 = math.exp %nu : tensor<8xf32>
    %1 = arith.negf %0 : tensor<8xf32>
    %2 = math.exp %1 : tensor<8xf32>
    %3 = math.cos %th : tensor<8xf32>
    %4 = arith.mulf %2, %3 : tensor<8xf32>
    %5 = math.sin %th : tensor<8xf32>
    %6 = arith.mulf %2, %5 : tensor<8xf32>
    %7 = arith.mulf %4, %re : tensor<8xf32>
    %8 = arith.mulf %6, %im : tensor<8xf32>
    %9 = arith.subf %7, %8 : tensor<8xf32>
    %c0 = arith.constant dense<0.0> : tensor<8xf32>
    %11 = linalg.matvec ins(%Br, %u : tensor<8x2xf32>, tensor<2xf32>) outs(%c0 : tensor<8xf32>) -> tensor<8xf32>
    %12 = arith.addf %9, %11 : tensor<8xf32>
    %13 = arith.mulf %6, %re : tensor<8xf32>
    %14 = arith.mulf %4, %im : tensor<8xf32>
    %15 = arith.addf %13, %14 : tensor<8xf32>
    %16 = linalg.matvec ins(%Bi, %u : tensor<8x2xf32>, tensor<2xf32>) outs(%c0 : tensor<8xf32>) -> tensor<8xf32>
    %17 = arith.addf %15, %16 : tensor<8xf32>
    %c1 = arith.constant dense<0.0> : tensor<2xf32>
    %19 = linalg.matvec ins(%Cr, %12 : tensor<2x8xf32>, tensor<8xf32>) outs(%c1 : tensor<2xf32>) -> tensor<2xf32>
    %20 = linalg.matvec ins(%Ci, %17 : tensor<2x8xf32>, tensor<8xf32>) outs(%c1 : tensor<2xf32>) -> tensor<2xf32>
    %21 = arith.subf %19, %20 : tensor<2xf32>
    strand.yield %21 : tensor<2xf32> next %12, %17 : tensor<8xf32>, tensor<8xf32>
  }
  return %r : tensor<?x2xf32>
}

// All channels of all rows would have to be stored.
func.func @lru_of_many_channels(%us: tensor<?x2xf32>, %all_nu: tensor<72xf32>, %all_th: tensor<72xf32>, %all_Br: tensor<72x2xf32>,
    %all_Bi: tensor<72x2xf32>, %all_Cr: tensor<2x72xf32>, %all_Ci: tensor<2x72xf32>,
    %offsets: tensor<?xi32>) -> tensor<?x2xf32> {
  // expected-remark @below {{h0 is complex diagonal: h0[i] = A0[i] * h0[i] + A1[i] * h1[i] + b[i]; stays a scan: it is read other than by a sum along a dimension, and is wider than a row}}
  // expected-remark @below {{h1 is complex diagonal: h1[i] = A0[i] * h0[i] + A1[i] * h1[i] + b[i]; stays a scan: it is read other than by a sum along a dimension, and is wider than a row}}
  %r = strand.scan rows(%u = %us : tensor<?x2xf32>)
      with(%nu = %all_nu : tensor<72xf32>, %th = %all_th : tensor<72xf32>, %Br = %all_Br : tensor<72x2xf32>,
           %Bi = %all_Bi : tensor<72x2xf32>, %Cr = %all_Cr : tensor<2x72xf32>, %Ci = %all_Ci : tensor<2x72xf32>)
      carry(%re : tensor<72xf32>, %im : tensor<72xf32>) offsets %offsets : tensor<?xi32> -> tensor<?x2xf32> {
    %0 = math.exp %nu : tensor<72xf32>
    %1 = arith.negf %0 : tensor<72xf32>
    %2 = math.exp %1 : tensor<72xf32>
    %3 = math.cos %th : tensor<72xf32>
    %4 = arith.mulf %2, %3 : tensor<72xf32>
    %5 = math.sin %th : tensor<72xf32>
    %6 = arith.mulf %2, %5 : tensor<72xf32>
    %7 = arith.mulf %4, %re : tensor<72xf32>
    %8 = arith.mulf %6, %im : tensor<72xf32>
    %9 = arith.subf %7, %8 : tensor<72xf32>
    %c0 = arith.constant dense<0.0> : tensor<72xf32>
    %11 = linalg.matvec ins(%Br, %u : tensor<72x2xf32>, tensor<2xf32>) outs(%c0 : tensor<72xf32>) -> tensor<72xf32>
    %12 = arith.addf %9, %11 : tensor<72xf32>
    %13 = arith.mulf %6, %re : tensor<72xf32>
    %14 = arith.mulf %4, %im : tensor<72xf32>
    %15 = arith.addf %13, %14 : tensor<72xf32>
    %16 = linalg.matvec ins(%Bi, %u : tensor<72x2xf32>, tensor<2xf32>) outs(%c0 : tensor<72xf32>) -> tensor<72xf32>
    %17 = arith.addf %15, %16 : tensor<72xf32>
    %c1 = arith.constant dense<0.0> : tensor<2xf32>
    %19 = linalg.matvec ins(%Cr, %12 : tensor<2x72xf32>, tensor<72xf32>) outs(%c1 : tensor<2xf32>) -> tensor<2xf32>
    %20 = linalg.matvec ins(%Ci, %17 : tensor<2x72xf32>, tensor<72xf32>) outs(%c1 : tensor<2xf32>) -> tensor<2xf32>
    %21 = arith.subf %19, %20 : tensor<2xf32>
    strand.yield %21 : tensor<2xf32> next %12, %17 : tensor<72xf32>, tensor<72xf32>
  }
  return %r : tensor<?x2xf32>
}

// (p, q)' = rotation by t of (p, q), plus (u, 0).
func.func @rotation(%ts: tensor<?x8xf32>, %us: tensor<?x8xf32>, %offsets: tensor<?xi32>) -> tensor<?x8xf32> {
  // expected-remark @below {{h0 is complex diagonal: h0[i] = a0[i] * h0[i] + a1[i] * h1[i] + b[i]; becomes strand.complex_recurrence}}
  // expected-remark @below {{h1 is complex diagonal: h1[i] = a0[i] * h0[i] + a1[i] * h1[i]; becomes strand.complex_recurrence}}
  %r = strand.scan rows(%t = %ts : tensor<?x8xf32>, %u = %us : tensor<?x8xf32>)
      carry(%p : tensor<8xf32>, %q : tensor<8xf32>) offsets %offsets : tensor<?xi32> -> tensor<?x8xf32> {
    %0 = math.cos %t : tensor<8xf32>
    %1 = math.sin %t : tensor<8xf32>
    %2 = arith.mulf %0, %p : tensor<8xf32>
    %3 = arith.mulf %1, %q : tensor<8xf32>
    %4 = arith.subf %2, %3 : tensor<8xf32>
    %5 = arith.addf %4, %u : tensor<8xf32>
    %6 = arith.mulf %1, %p : tensor<8xf32>
    %7 = arith.mulf %0, %q : tensor<8xf32>
    %8 = arith.addf %6, %7 : tensor<8xf32>
    strand.yield %5 : tensor<8xf32> next %5, %8 : tensor<8xf32>, tensor<8xf32>
  }
  return %r : tensor<?x8xf32>
}

// v' = v - w p - z v + u, p' = p + 0.1 v.
func.func @second_order(%us: tensor<?x8xf32>, %all_w: tensor<8xf32>, %all_z: tensor<8xf32>,
    %offsets: tensor<?xi32>) -> tensor<?x8xf32> {
  // expected-remark @below {{h0 is a 2 x 2 block for each element: h0[i] = h0[i] + 0.1 * h1[i]; stays a scan: there is no op of that kind}}
  // expected-remark @below {{h1 is a 2 x 2 block for each element: h1[i] = A0[i] * h0[i] + A1[i] * h1[i] + b[i]; stays a scan: there is no op of that kind}}
  %r = strand.scan rows(%u = %us : tensor<?x8xf32>) with(%w = %all_w : tensor<8xf32>, %z = %all_z : tensor<8xf32>)
      carry(%p : tensor<8xf32>, %v : tensor<8xf32>) offsets %offsets : tensor<?xi32> -> tensor<?x8xf32> {
    %0 = arith.mulf %w, %p : tensor<8xf32>
    %1 = arith.mulf %z, %v : tensor<8xf32>
    %2 = arith.addf %0, %1 : tensor<8xf32>
    %3 = arith.subf %v, %2 : tensor<8xf32>
    %4 = arith.addf %3, %u : tensor<8xf32>
    %c0 = arith.constant dense<0.1> : tensor<8xf32>
    %6 = arith.mulf %c0, %v : tensor<8xf32>
    %7 = arith.addf %p, %6 : tensor<8xf32>
    strand.yield %7 : tensor<8xf32> next %7, %4 : tensor<8xf32>, tensor<8xf32>
  }
  return %r : tensor<?x8xf32>
}
