#include "dialects/Strand/LayerActivation.h"
#include "dialects/Strand/Rows.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include <cmath>
using namespace mlir;
using namespace strand;
namespace {

/// Arithmetic of one number, written as such.
struct Formula {
  OpBuilder &b;
  Location loc;
  Type type;

  Value number(double x) { return floatConstant(b, loc, type, x); }
  Value mul(Value x, Value y) { return arith::MulFOp::create(b, loc, x, y); }
  Value add(Value x, Value y) { return arith::AddFOp::create(b, loc, x, y); }
  Value rest(Value x) { return arith::SubFOp::create(b, loc, number(1), x); } // 1 - x
  Value exp(Value x) { return math::ExpOp::create(b, loc, x); }

  std::pair<Value, Value> tanh(Value x);
  std::pair<Value, Value> silu(Value x);
  std::pair<Value, Value> gelu(Value x);
  std::pair<Value, Value> geluTanh(Value x);
};

std::pair<Value, Value> Formula::tanh(Value x) {
  Value t = math::TanhOp::create(b, loc, x);
  return {t, rest(mul(t, t))};
}

/// x s with s = 1 / (1 + exp(-x)), and s (1 + x (1 - s)).
std::pair<Value, Value> Formula::silu(Value x) {
  Value one = number(1), s = arith::DivFOp::create(b, loc, one, add(one, exp(arith::NegFOp::create(b, loc, x))));
  return {mul(x, s), mul(s, add(one, mul(x, rest(s))))};
}

/// x p with the normal distribution p = (1 + erf(x / sqrt 2)) / 2, and p + x exp(-x^2 / 2) / sqrt(2 pi).
std::pair<Value, Value> Formula::gelu(Value x) {
  Value e = math::ErfOp::create(b, loc, mul(x, number(std::sqrt(0.5))));
  Value p = mul(number(0.5), add(number(1), e)), density = exp(mul(number(-0.5), mul(x, x)));
  return {mul(x, p), add(p, mul(x, mul(number(std::sqrt(0.5 / M_PI)), density)))};
}

/// x p with p = (1 + t) / 2, t = tanh(c x (1 + d x^2)), and p + x (1 - t^2) c (1 + 3 d x^2) / 2.
std::pair<Value, Value> Formula::geluTanh(Value x) {
  constexpr double d = 0.044715;
  Value half = number(0.5), one = number(1), squares = mul(x, x), c = number(std::sqrt(2 / M_PI));
  auto [t, slope] = tanh(mul(mul(c, x), add(one, mul(number(d), squares))));
  Value p = mul(half, add(one, t)), inner = mul(c, add(one, mul(number(3 * d), squares)));
  return {mul(x, p), add(p, mul(mul(half, x), mul(slope, inner)))};
}
} // namespace

std::pair<Value, Value> strand::valueAndSlope(OpBuilder &b, Location loc, LayerActivation f, Value x) {
  Formula formula{b, loc, x.getType()};
  switch (f) {
  case LayerActivation::Gelu:
    return formula.gelu(x);
  case LayerActivation::GeluTanh:
    return formula.geluTanh(x);
  case LayerActivation::Silu:
    return formula.silu(x);
  case LayerActivation::Tanh:
    return formula.tanh(x);
  }
  llvm_unreachable("all activations are above");
}
