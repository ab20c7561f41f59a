// Scalar formulas for the bodies of row-wise ops, so that an importer reads like its equations.
#pragma once
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/Builders.h"
namespace strand {
using namespace mlir;

/// A float of the body that is being built. Operators build arith and math ops.
struct Scalar {
  OpBuilder *b;
  Location loc;
  Value v;

  Scalar with(Value value) const { return {b, loc, value}; }
  Scalar constant(double value) const {
    return with(arith::ConstantOp::create(*b, loc, b->getFloatAttr(v.getType(), value)));
  }
  template <typename Op> Scalar unary() const { return with(Op::create(*b, loc, v)); }
  template <typename Op> Scalar binary(Scalar y) const { return with(Op::create(*b, loc, v, y.v)); }
};

inline Scalar operator+(Scalar x, Scalar y) { return x.binary<arith::AddFOp>(y); }
inline Scalar operator-(Scalar x, Scalar y) { return x.binary<arith::SubFOp>(y); }
inline Scalar operator*(Scalar x, Scalar y) { return x.binary<arith::MulFOp>(y); }
inline Scalar operator/(Scalar x, Scalar y) { return x.binary<arith::DivFOp>(y); }
inline Scalar operator-(Scalar x) { return x.unary<arith::NegFOp>(); }
inline Scalar operator+(Scalar x, double y) { return x + x.constant(y); }
inline Scalar operator-(Scalar x, double y) { return x - x.constant(y); }
inline Scalar operator-(double x, Scalar y) { return y.constant(x) - y; }
inline Scalar operator*(Scalar x, double y) { return x * x.constant(y); }
inline Scalar operator*(double x, Scalar y) { return y * x; }
inline Scalar operator/(double x, Scalar y) { return y.constant(x) / y; }
inline Scalar operator/(Scalar x, double y) { return x / x.constant(y); }

inline Scalar exp(Scalar x) { return x.unary<math::ExpOp>(); }
inline Scalar expm1(Scalar x) { return x.unary<math::ExpM1Op>(); }
inline Scalar log(Scalar x) { return x.unary<math::LogOp>(); }
inline Scalar log1p(Scalar x) { return x.unary<math::Log1pOp>(); }
inline Scalar tanh(Scalar x) { return x.unary<math::TanhOp>(); }
inline Scalar erf(Scalar x) { return x.unary<math::ErfOp>(); }
inline Scalar abs(Scalar x) { return x.unary<math::AbsFOp>(); }
inline Scalar sqrt(Scalar x) { return x.unary<math::SqrtOp>(); }
inline Scalar rsqrt(Scalar x) { return x.unary<math::RsqrtOp>(); }
inline Scalar maximum(Scalar x, Scalar y) { return x.binary<arith::MaximumFOp>(y); }
inline Scalar minimum(Scalar x, Scalar y) { return x.binary<arith::MinimumFOp>(y); }
inline Scalar maximum(Scalar x, double y) { return maximum(x, x.constant(y)); }
inline Scalar minimum(Scalar x, double y) { return minimum(x, x.constant(y)); }

/// A truth value, for select.
inline Scalar operator>=(Scalar x, double y) {
  return x.with(arith::CmpFOp::create(*x.b, x.loc, arith::CmpFPredicate::OGE, x.v, x.constant(y).v));
}
/// Whether an integer is 0.
inline Scalar isZero(Scalar x) {
  Value zero = arith::ConstantOp::create(*x.b, x.loc, x.b->getIntegerAttr(x.v.getType(), 0));
  return x.with(arith::CmpIOp::create(*x.b, x.loc, arith::CmpIPredicate::eq, x.v, zero));
}
inline Scalar select(Scalar condition, Scalar x, Scalar y) {
  return x.with(arith::SelectOp::create(*x.b, x.loc, condition.v, x.v, y.v));
}

inline Scalar sigmoid(Scalar x) { return 1.0 / (exp(-x) + 1.0); }
inline Scalar silu(Scalar x) { return x / (exp(-x) + 1.0); }
/// log(1 + exp(x)) without overflow.
inline Scalar softplus(Scalar x) { return maximum(x, 0.0) + log1p(exp(-abs(x))); }
inline Scalar logSigmoid(Scalar x) { return minimum(x, 0.0) - log1p(exp(-abs(x))); }
inline Scalar relu(Scalar x) { return maximum(x, 0.0); }
inline Scalar gelu(Scalar x) { return x * 0.5 * (erf(x * 0.70710678118654752) + 1.0); }
inline Scalar geluTanh(Scalar x) {
  return 0.5 * x * (tanh(0.79788456080286536 * (x + 0.044715 * (x * x * x))) + 1.0);
}
} // namespace strand
