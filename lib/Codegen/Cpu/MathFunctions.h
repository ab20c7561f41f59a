// What strand-expand-math writes for each operation, and the small builder with which it is written.
#pragma once
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/Builders.h"
namespace strand {
using namespace mlir;

/// Builds operations on scalars or on lanes, whichever the first argument is. An operand may be a literal: 1.0f is an
/// f32, 1.0 an f64 and 1u an i32 in every lane.
///
/// Code generation may contract a product that is added (FPOpFusion::Fast), and where it does may differ between lanes
/// and scalars. So what is a product in a sum is written as fma, and no mul stands before an add.
class LaneMath {
public:
  LaneMath(OpBuilder &b, Location loc, Type like) : b(b), loc(loc), lanes(dyn_cast<VectorType>(like)) {}

  template <class A, class B> Value add(A x, B y) { return arith::AddFOp::create(b, loc, of(x), of(y)); }
  template <class A, class B> Value sub(A x, B y) { return arith::SubFOp::create(b, loc, of(x), of(y)); }
  template <class A, class B> Value mul(A x, B y) { return arith::MulFOp::create(b, loc, of(x), of(y)); }
  template <class A, class B> Value div(A x, B y) { return arith::DivFOp::create(b, loc, of(x), of(y)); }
  /// x y + z, rounded once.
  template <class A, class B, class C> Value fma(A x, B y, C z) {
    return math::FmaOp::create(b, loc, of(x), of(y), of(z));
  }
  Value negative(Value x) { return arith::NegFOp::create(b, loc, x); }
  Value abs(Value x) { return math::AbsFOp::create(b, loc, x); }
  Value sqrt(Value x) { return math::SqrtOp::create(b, loc, x); }

  template <class A, class B> Value less(A x, B y) { return compare(arith::CmpFPredicate::OLT, of(x), of(y)); }
  template <class A, class B> Value equal(A x, B y) { return compare(arith::CmpFPredicate::OEQ, of(x), of(y)); }
  template <class A, class B> Value select(Value condition, A x, B y) {
    return arith::SelectOp::create(b, loc, condition, of(x), of(y));
  }
  /// x, but at most or at least `limit`; NaN stays NaN. One instruction: it gives its second operand for NaN.
  template <class A> Value atMost(Value x, A limit) { return select(less(limit, x), limit, x); }
  template <class A> Value atLeast(Value x, A limit) { return select(less(x, limit), limit, x); }

  template <class A, class B> Value addBits(A x, B y) { return arith::AddIOp::create(b, loc, of(x), of(y)); }
  template <class A, class B> Value subBits(A x, B y) { return arith::SubIOp::create(b, loc, of(x), of(y)); }
  template <class A, class B> Value andBits(A x, B y) { return arith::AndIOp::create(b, loc, of(x), of(y)); }
  template <class A, class B> Value orBits(A x, B y) { return arith::OrIOp::create(b, loc, of(x), of(y)); }
  template <class A, class B> Value xorBits(A x, B y) { return arith::XOrIOp::create(b, loc, of(x), of(y)); }
  Value shiftLeft(Value x, unsigned by) { return arith::ShLIOp::create(b, loc, x, of(by)); }
  Value shiftRight(Value x, unsigned by) { return arith::ShRSIOp::create(b, loc, x, of(by)); }
  Value isZero(Value x) { return arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, x, of(0u)); }

  Value bits(Value x) { return arith::BitcastOp::create(b, loc, shaped(b.getI32Type()), x); }
  Value fromBits(Value x) { return arith::BitcastOp::create(b, loc, shaped(b.getF32Type()), x); }
  Value toFloat(Value x) { return arith::SIToFPOp::create(b, loc, shaped(b.getF32Type()), x); }
  Value toDouble(Value x) { return arith::ExtFOp::create(b, loc, shaped(b.getF64Type()), x); }
  Value toSingle(Value x) { return arith::TruncFOp::create(b, loc, shaped(b.getF32Type()), x); }
  /// The lower half of the bits of an f64.
  Value lowBits(Value x) {
    Value all = arith::BitcastOp::create(b, loc, shaped(b.getI64Type()), x);
    return arith::TruncIOp::create(b, loc, shaped(b.getI32Type()), all);
  }
  /// The number of bf16 whose bits are the upper half of those of x.
  Value upperHalf(Value x) {
    Value half = arith::TruncIOp::create(b, loc, shaped(b.getI16Type()), shiftRight(x, 16));
    return arith::BitcastOp::create(b, loc, shaped(b.getBF16Type()), half);
  }
  /// y, not negative, with the sign of x.
  Value withSign(Value y, Value x) { return fromBits(orBits(bits(y), signBit(x))); }
  Value signBit(Value x) { return andBits(bits(x), 0x80000000u); }

  Value number(float v) { return of(v); }
  /// c[0] + c[1] x + c[2] x^2 + ...
  Value polynomial(Value x, ArrayRef<float> c);

private:
  Value of(Value v) { return v; }
  Value of(float v) { return constant(b.getF32FloatAttr(v)); }
  Value of(double v) { return constant(b.getF64FloatAttr(v)); }
  Value of(unsigned v) { return constant(b.getI32IntegerAttr(int32_t(v))); }
  Value constant(TypedAttr scalar);
  Value compare(arith::CmpFPredicate p, Value x, Value y) { return arith::CmpFOp::create(b, loc, p, x, y); }
  Type shaped(Type element) { return lanes ? Type(lanes.clone(element)) : element; }

  OpBuilder &b;
  Location loc;
  VectorType lanes; ///< null: scalars
};

/// What rounding f32 to bf16 computes; null for other types.
Value expandRounding(OpBuilder &b, arith::TruncFOp op);

/// exp of f32 by the power of 2 that a GPU has an instruction for: within 2.5 units of the last place if that is within
/// 2, and 0 below the normal numbers if it is 0 there.
Value expandExpByPower(OpBuilder &b, math::ExpOp op);

/// What `op` computes, written at the position of `b`; null if strand-expand-math leaves it alone.
Value expandMath(OpBuilder &b, Operation *op);
} // namespace strand
