// sLSTM: exponential gates of the state, under a running maximum.
//
//   m' = max(i, logsigmoid(f) + m), c' = exp(logsigmoid(f) + m - m') c + exp(i - m') tanh z, n alike, y = o c' /
//   n'.
//
// RUN: strand-opt %s -strand-infer-structure -verify-diagnostics -o /dev/null
// RUN: strand-check %s | FileCheck %s --implicit-check-not=wrong
// CHECK: slstm: {{[7-9]|1[0-9]}} forms right

func.func @slstm(%xs: tensor<?x8xf32>, %all_W0: tensor<8x8xf32> {check.range = [-0.35, 0.35]},
    %all_W1: tensor<8x8xf32> {check.range = [-0.35, 0.35]}, %all_W2: tensor<8x8xf32> {check.range = [-0.35, 0.35]},
    %all_W3: tensor<8x8xf32> {check.range = [-0.35, 0.35]}, %all_U0: tensor<8x8xf32> {check.range = [-0.35, 0.35]},
    %all_U1: tensor<8x8xf32> {check.range = [-0.35, 0.35]}, %all_U2: tensor<8x8xf32> {check.range = [-0.35, 0.35]},
    %all_U3: tensor<8x8xf32> {check.range = [-0.35, 0.35]}, %offsets: tensor<?xi32>) -> tensor<?x8xf32> {
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
