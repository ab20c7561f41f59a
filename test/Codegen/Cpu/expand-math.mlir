// RUN: strand-opt %s --pass-pipeline='builtin.module(func.func(strand-expand-math,canonicalize,cse))' | FileCheck %s

// One fma for every step of the reduction, the polynomial and the end; two factors of 2^n.
// CHECK-LABEL: @exp
// CHECK: %[[LOW:.*]] = arith.select %{{.*}} : vector<16xi1>, vector<16xf32>
// CHECK: %[[X:.*]] = arith.select %{{.*}} : vector<16xi1>, vector<16xf32>
// CHECK: %[[SUM:.*]] = math.fma %[[X]], %{{.*}} : vector<16xf32>
// CHECK: arith.subf %[[SUM]]
// CHECK-COUNT-8: math.fma
// CHECK: %[[BITS:.*]] = arith.bitcast %[[SUM]] : vector<16xf32> to vector<16xi32>
// CHECK-COUNT-2: arith.shli %[[BITS]]
// CHECK: arith.mulf
// CHECK: %[[R:.*]] = math.fma
// CHECK-NEXT: return %[[R]]
func.func @exp(%x: vector<16xf32>) -> vector<16xf32> {
  %r = math.exp %x : vector<16xf32>
  return %r : vector<16xf32>
}

// A scalar takes the same steps as a lane.
// CHECK-LABEL: @exp_scalar
// CHECK: %[[SUM:.*]] = math.fma %{{.*}} : f32
// CHECK: arith.subf %[[SUM]]
// CHECK-COUNT-8: math.fma
// CHECK: %[[BITS:.*]] = arith.bitcast %[[SUM]] : f32 to i32
// CHECK-COUNT-2: arith.shli %[[BITS]]
// CHECK: arith.mulf
// CHECK: %[[R:.*]] = math.fma
// CHECK-NEXT: return %[[R]]
func.func @exp_scalar(%x: f32) -> f32 {
  %r = math.exp %x : f32
  return %r : f32
}

// The argument is whole + fraction without a product.
// CHECK-LABEL: @exp2
// CHECK: %[[SUM:.*]] = arith.addf %[[X:.*]], %[[MAGIC:.*]] : vector<3xf32>
// CHECK: %[[N:.*]] = arith.subf %[[SUM]], %[[MAGIC]]
// CHECK: arith.subf %[[X]], %[[N]]
// CHECK-COUNT-7: math.fma
// CHECK-NOT: math.
// CHECK: return
func.func @exp2(%x: vector<3xf32>) -> vector<3xf32> {
  %r = math.exp2 %x : vector<3xf32>
  return %r : vector<3xf32>
}

// A tiny argument is the result.
// CHECK-LABEL: @expm1
// CHECK-SAME: %[[X:.*]]: vector<8xf32>
// CHECK-COUNT-9: math.fma
// CHECK: %[[A:.*]] = math.absf %[[X]]
// CHECK: %[[TINY:.*]] = arith.cmpf olt, %[[A]]
// CHECK: arith.select %[[TINY]], %[[X]]
// CHECK-NOT: math.
func.func @expm1(%x: vector<8xf32>) -> vector<8xf32> {
  %r = math.expm1 %x : vector<8xf32>
  return %r : vector<8xf32>
}

// The exponent comes from the bits and is added last.
// CHECK-LABEL: @log(
// CHECK-DAG: %[[LN2:.*]] = arith.constant dense<0.693147182> : vector<8xf32>
// CHECK: %[[E:.*]] = arith.sitofp %{{.*}} : vector<8xi32> to vector<8xf32>
// CHECK-COUNT-8: math.fma
// CHECK: math.fma %[[E]], %[[LN2]]
// CHECK-NOT: math.
func.func @log(%x: vector<8xf32>) -> vector<8xf32> {
  %r = math.log %x : vector<8xf32>
  return %r : vector<8xf32>
}

// CHECK-LABEL: @log2
// CHECK: %[[E:.*]] = arith.sitofp %{{.*}} : vector<8xi32> to vector<8xf32>
// CHECK-COUNT-8: math.fma
// CHECK: math.fma %{{.*}}, %{{.*}}, %[[E]]
// CHECK-NOT: math.
func.func @log2(%x: vector<8xf32>) -> vector<8xf32> {
  %r = math.log2 %x : vector<8xf32>
  return %r : vector<8xf32>
}

// The fraction is made of x itself, not of 1 + x.
// CHECK-LABEL: @log1p
// CHECK-SAME: %[[X:.*]]: vector<8xf32>
// CHECK: %[[U:.*]] = arith.addf %[[X]]
// CHECK: %[[BITS:.*]] = arith.bitcast %[[X]]
// CHECK: %[[SCALED:.*]] = arith.addi %[[BITS]]
// CHECK: %[[S:.*]] = arith.bitcast %[[SCALED]]
// CHECK: %[[ONE:.*]] = math.fma
// CHECK: arith.subf %[[S]], %[[ONE]]
// CHECK-COUNT-9: math.fma
// CHECK-NOT: math.
func.func @log1p(%x: vector<8xf32>) -> vector<8xf32> {
  %r = math.log1p %x : vector<8xf32>
  return %r : vector<8xf32>
}

// CHECK-LABEL: @tanh
// CHECK: math.absf
// CHECK-COUNT-8: math.fma
// CHECK-NOT: math.
// CHECK: arith.divf
// CHECK-NOT: arith.divf
// CHECK-NOT: math.
// CHECK: arith.ori
func.func @tanh(%x: vector<8xf32>) -> vector<8xf32> {
  %r = math.tanh %x : vector<8xf32>
  return %r : vector<8xf32>
}

// CHECK-LABEL: @erf
// CHECK-COUNT-6: math.fma
// CHECK: math.absf
// CHECK-COUNT-11: math.fma
// CHECK-NOT: arith.divf
// CHECK-NOT: math.
// CHECK: return
func.func @erf(%x: vector<8xf32>) -> vector<8xf32> {
  %r = math.erf %x : vector<8xf32>
  return %r : vector<8xf32>
}

// Sine and cosine of one angle share the reduction in f64 and both polynomials.
// CHECK-LABEL: @sin_and_cos
// CHECK-COUNT-3: math.fma {{.*}} : vector<8xf64>
// CHECK: arith.truncf
// CHECK-COUNT-7: math.fma {{.*}} : vector<8xf32>
// CHECK-COUNT-2: arith.cmpi eq
// CHECK-NOT: math.
// CHECK: return
func.func @sin_and_cos(%x: vector<8xf32>) -> (vector<8xf32>, vector<8xf32>) {
  %s = math.sin %x : vector<8xf32>
  %c = math.cos %x : vector<8xf32>
  return %s, %c : vector<8xf32>, vector<8xf32>
}

// CHECK-LABEL: @rsqrt
// CHECK: %[[S:.*]] = math.sqrt
// CHECK: arith.divf %{{.*}}, %[[S]]
func.func @rsqrt(%x: vector<8xf32>) -> vector<8xf32> {
  %r = math.rsqrt %x : vector<8xf32>
  return %r : vector<8xf32>
}

// CHECK-LABEL: @powers
// CHECK-SAME: %[[X:.*]]: vector<8xf32>
// CHECK: %[[SQUARE:.*]] = arith.mulf %[[X]], %[[X]]
// CHECK: %[[CUBE:.*]] = arith.mulf %[[SQUARE]], %[[X]]
// CHECK: %[[INVERSE:.*]] = arith.divf %{{.*}}, %[[X]]
// CHECK: %[[INVERSE_SQUARE:.*]] = arith.mulf %[[INVERSE]], %[[INVERSE]]
// CHECK: %[[ROOT:.*]] = math.sqrt %[[X]]
// CHECK: %[[ABS:.*]] = math.absf %[[ROOT]]
// CHECK: %[[HALF:.*]] = arith.select %{{.*}}, %{{.*}}, %[[ABS]]
// CHECK: return %[[CUBE]], %[[INVERSE_SQUARE]], %[[HALF]]
func.func @powers(%x: vector<8xf32>) -> (vector<8xf32>, vector<8xf32>, vector<8xf32>) {
  %three = arith.constant dense<3.0> : vector<8xf32>
  %minus_two = arith.constant -2.0 : f32
  %all_minus_two = vector.broadcast %minus_two : f32 to vector<8xf32>
  %half = arith.constant dense<0.5> : vector<8xf32>
  %0 = math.powf %x, %three : vector<8xf32>
  %1 = math.powf %x, %all_minus_two : vector<8xf32>
  %2 = math.powf %x, %half : vector<8xf32>
  return %0, %1, %2 : vector<8xf32>, vector<8xf32>, vector<8xf32>
}

// Other powers go to libm.
// CHECK-LABEL: @other_powers
// CHECK-COUNT-4: math.powf
func.func @other_powers(%x: vector<2xf32>, %y: vector<2xf32>) -> (vector<2xf32>, vector<2xf32>, vector<2xf32>, vector<2xf32>) {
  %five = arith.constant dense<5.0> : vector<2xf32>
  %third = arith.constant dense<0.333333343> : vector<2xf32>
  %mixed = arith.constant dense<[2.0, 3.0]> : vector<2xf32>
  %0 = math.powf %x, %five : vector<2xf32>
  %1 = math.powf %x, %third : vector<2xf32>
  %2 = math.powf %x, %mixed : vector<2xf32>
  %3 = math.powf %x, %y : vector<2xf32>
  return %0, %1, %2, %3 : vector<2xf32>, vector<2xf32>, vector<2xf32>, vector<2xf32>
}

// CHECK-LABEL: @other_types
// CHECK: math.exp {{.*}} : f64
// CHECK: math.tanh {{.*}} : vector<4xf64>
// CHECK: math.log {{.*}} : bf16
// CHECK: math.sin {{.*}} : vector<2x2xf32>
func.func @other_types(%a: f64, %b: vector<4xf64>, %c: bf16, %d: vector<2x2xf32>) -> (f64, vector<4xf64>, bf16, vector<2x2xf32>) {
  %0 = math.exp %a : f64
  %1 = math.tanh %b : vector<4xf64>
  %2 = math.log %c : bf16
  %3 = math.sin %d : vector<2x2xf32>
  return %0, %1, %2, %3 : f64, vector<4xf64>, bf16, vector<2x2xf32>
}

// CHECK-LABEL: @instructions
// CHECK: math.sqrt
// CHECK: math.absf
// CHECK: math.fma
// CHECK: math.ceil
// CHECK: math.floor
// CHECK: math.roundeven
// CHECK: math.copysign
// CHECK: math.trunc
func.func @instructions(%x: vector<8xf32>) -> vector<8xf32> {
  %0 = math.sqrt %x : vector<8xf32>
  %1 = math.absf %0 : vector<8xf32>
  %2 = math.fma %1, %x, %0 : vector<8xf32>
  %3 = math.ceil %2 : vector<8xf32>
  %4 = math.floor %3 : vector<8xf32>
  %5 = math.roundeven %4 : vector<8xf32>
  %6 = math.copysign %5, %x : vector<8xf32>
  %7 = math.trunc %6 : vector<8xf32>
  return %7 : vector<8xf32>
}

// The bits get half of what the last one that stays is worth, or a bit less; NaN gets its quiet bit.
// CHECK-LABEL: @round
// CHECK-DAG: %[[HALF:.*]] = arith.constant dense<32767>
// CHECK-DAG: %[[QUIET:.*]] = arith.constant dense<4194304>
// CHECK: %[[BITS:.*]] = arith.bitcast %{{.*}} : vector<8xf32> to vector<8xi32>
// CHECK: %[[UP:.*]] = arith.addi %{{.*}}, %[[HALF]]
// CHECK: %[[R:.*]] = arith.addi %[[BITS]], %[[UP]]
// CHECK: arith.ori %[[BITS]], %[[QUIET]]
// CHECK: arith.trunci %{{.*}} : vector<8xi32> to vector<8xi16>
// CHECK-NOT: arith.truncf
func.func @round(%x: vector<8xf32>) -> vector<8xbf16> {
  %r = arith.truncf %x : vector<8xf32> to vector<8xbf16>
  return %r : vector<8xbf16>
}
