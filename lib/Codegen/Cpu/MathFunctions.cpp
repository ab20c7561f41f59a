// The arithmetic of strand-expand-math. Each function reduces its argument to a short interval, evaluates a polynomial
// there and puts the result together again, without branches. All polynomials are minimax fits of our own with
// coefficients in f32; the comment of each gives the interval and the largest error there.
//
// Greatest error over all 2^32 arguments against f64, in units of the last place of f32 (sin, cos: up to 2^50; up to 2^20 0.88):
//
//   exp   0.93   log   1.16   tanh  2.57   x^3, x^4     1.29, 1.91
//   exp2  0.88   log2  1.88   erf   1.69   x^-2         1.91
//   expm1 1.54   log1p 1.80   sin   1.42   x^(1/2)      0.50
//                             cos   1.45   x^(-1/2)     1.50 (rsqrt too)
//
// Subnormal arguments and results are computed like all others; signs of zero, infinities and NaN are those of C.
#include "lib/Codegen/Cpu/MathFunctions.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/StringMap.h"
#include <cmath>
#include <limits>
using namespace mlir;
namespace strand {

Value LaneMath::constant(TypedAttr scalar) {
  if (!lanes)
    return arith::ConstantOp::create(b, loc, scalar);
  return arith::ConstantOp::create(b, loc, DenseElementsAttr::get(lanes.clone(scalar.getType()), Attribute(scalar)));
}

Value LaneMath::polynomial(Value x, ArrayRef<float> c) {
  Value sum = of(c.back());
  for (float next : llvm::reverse(c.drop_back()))
    sum = fma(sum, x, next);
  return sum;
}

namespace {
constexpr float infinity = std::numeric_limits<float>::infinity(), nan = std::numeric_limits<float>::quiet_NaN();
constexpr float log2e = 1.44269504f;
/// ln 2 as the sum of two f32.
constexpr float ln2 = 0.693147182f, ln2Rest = -1.90465421e-9f;

// --- Exponentials: x = n ln 2 + r, n whole.

/// Added to an f32 below 2^22 in absolute value, leaves it rounded to a whole number in the last bits.
constexpr float toWhole = 0x1.8p23f;

/// (e^r - 1 - r) / r^2 for |r| <= ln 2 / 2; relative error of r + r^2 (...) against e^r - 1: 2^-26.1.
constexpr float expTail[] = {0.49999997f, 0.166665465f, 0.0416674353f, 0.00836626161f, 0.00138706574f};
/// 2^r for |r| <= 1/2; relative error 2^-28.3.
constexpr float exp2Poly[] = {1.f,           0.693147182f,   0.240226477f,  0.0555035993f,
                              0.00961850584f, 0.00133908063f, 0.000153264715f};
/// 2^r for |r| <= 1/2; relative error 2^-23.4.
constexpr float exp2Short[] = {1.f, 0.693147004f, 0.240222469f, 0.0555071086f, 0.00967129227f, 0.00132695329f};

/// p 2^n for p in [1/2, 2]: n + 254 is in the last bits of `sum`. In two factors, because n may be below -126, where
/// the result is rounded to a subnormal number, or 128. The last product is an fma so that no later add takes it up.
Value timesPowerOfTwo(LaneMath &m, Value p, Value sum) {
  Value bits = m.bits(sum);
  Value half = m.andBits(m.shiftLeft(bits, 22), 0xff800000u);
  Value rest = m.subBits(m.shiftLeft(bits, 23), half);
  return m.fma(m.mul(p, m.fromBits(half)), m.fromBits(rest), 0.f);
}

Value expandExp(LaneMath &m, Value x) {
  constexpr float magic = toWhole + 254;
  x = m.atLeast(m.atMost(x, 89.f), -104.f);
  Value sum = m.fma(x, log2e, magic), n = m.sub(sum, magic);
  Value r = m.fma(n, -ln2Rest, m.fma(n, -ln2, x));
  Value p = m.fma(m.fma(m.polynomial(r, expTail), r, 1.f), r, 1.f);
  return timesPowerOfTwo(m, p, sum);
}

Value expandExp2(LaneMath &m, Value x) {
  constexpr float magic = toWhole + 254;
  x = m.atLeast(m.atMost(x, 129.f), -151.f);
  Value sum = m.add(x, magic);
  Value r = m.sub(x, m.sub(sum, magic));
  return timesPowerOfTwo(m, m.polynomial(r, exp2Poly), sum);
}

/// e^r - 1 for |r| <= ln 2 / 2.
Value expMinusOneNearZero(LaneMath &m, Value r) { return m.fma(m.mul(r, r), m.polynomial(r, expTail), r); }

/// 2^n (e^r - 1) + (2^n - 1), at half its size, since 2^128 is too large.
Value expandExpM1(LaneMath &m, Value x) {
  constexpr float magic = toWhole + 126;
  Value limited = m.atLeast(m.atMost(x, 89.f), -18.f);
  Value sum = m.fma(limited, log2e, magic), n = m.sub(sum, magic);
  Value r = m.fma(n, -ln2Rest, m.fma(n, -ln2, limited));
  Value power = m.fromBits(m.shiftLeft(m.bits(sum), 23));
  Value half = m.fma(power, expMinusOneNearZero(m, r), m.sub(power, 0.5f));
  // Halves of subnormal numbers lose a bit, and a zero its sign.
  return m.select(m.less(m.abs(x), 0x1p-24f), x, m.add(half, half));
}

/// With e = e^(2|x|) - 1: tanh |x| = e / (e + 2). From |x| = 10 on that is 1. n is at most 29, so one part of ln 2 is
/// enough: its error comes in with weight n 2^-n.
Value expandTanh(LaneMath &m, Value x) {
  constexpr float magic = toWhole + 127;
  Value a = m.atMost(m.abs(x), 10.f), y = m.add(a, a);
  Value sum = m.fma(y, log2e, magic), n = m.sub(sum, magic);
  Value r = m.fma(n, -ln2, y);
  Value power = m.fromBits(m.shiftLeft(m.bits(sum), 23));
  Value e = m.fma(power, expMinusOneNearZero(m, r), m.sub(power, 1.f));
  return m.withSign(m.div(e, m.add(e, 2.f)), x);
}

// --- erf: below 15/16 a polynomial, above it 1 - 2^q with a polynomial q.

/// erf(x) / x - 1 as a polynomial in x^2 for |x| <= 15/16; relative error of erf 2^-25.6.
constexpr float erfSmall[] = {0.128379151f,   -0.376124799f,  0.112816177f,
                              -0.0267585646f, 0.00498068752f, -0.000592512486f};
/// log2(1 - erf(x)) for 15/16 <= x <= 4; error in erf 2^-25.4.
constexpr float erfLarge[] = {-0.00302661466f, -1.61497545f,  -0.9403795f,
                              -0.130410403f,   0.0221379586f, -0.00176252041f};

Value expandErf(LaneMath &m, Value x) {
  Value small = m.fma(x, m.polynomial(m.mul(x, x), erfSmall), x);
  Value a = m.atMost(m.abs(x), 4.f), q = m.polynomial(a, erfLarge);
  // 256 more than the biased exponent sets the sign: -2^n.
  constexpr float magic = toWhole + 127 + 256;
  Value sum = m.add(q, magic), r = m.sub(q, m.sub(sum, magic));
  Value negative = m.fromBits(m.shiftLeft(m.bits(sum), 23));
  Value large = m.fma(m.polynomial(r, exp2Short), negative, 1.f);
  return m.select(m.less(a, 0.9375f), small, m.withSign(large, x));
}

// --- Logarithms: x = 2^e (1 + f), 1 + f between sqrt(1/2) and sqrt(2).

/// The bits of sqrt(1/2): an f32 above it has a larger exponent when these are subtracted from its bits.
constexpr unsigned sqrtHalf = 0x3f3504f3u;

/// (log(1 + f) - f) / f^2 for sqrt(1/2) <= 1 + f <= sqrt(2); relative error of log(1 + f) = f + f^2 (...): 2^-24.9.
constexpr float logTail[] = {-0.5f,         0.333339095f, -0.250013351f, 0.19963102f,
                             -0.165776491f, 0.149144799f, -0.142669618f, 0.0870054588f};
/// log2(1 + f) / f on the same interval; relative error 2^-25.1.
constexpr float log2Poly[] = {1.44269502f,  -0.721347392f, 0.48090896f,   -0.360700577f, 0.287953496f,
                              -0.239014879f, 0.215480819f, -0.206787154f, 0.125842735f};

struct Reduced {
  Value e, f;
};

/// e as an f32, and f. Subnormal numbers are made normal first, for which e then makes up.
Reduced reduceForLog(LaneMath &m, Value x) {
  Value tiny = m.less(x, 0x1p-126f);
  Value normal = m.select(tiny, m.mul(x, 0x1p23f), x);
  Value offset = m.subBits(m.bits(normal), m.select(tiny, sqrtHalf + (23u << 23), sqrtHalf));
  Value mantissa = m.addBits(m.andBits(offset, 0x007fffffu), sqrtHalf);
  return {m.toFloat(m.shiftRight(offset, 23)), m.sub(m.fromBits(mantissa), 1.f)};
}

/// `value` for finite u > 0; infinity for infinity, -infinity for 0, NaN for u < 0 and NaN.
Value withSpecialsOfLog(LaneMath &m, Value value, Value u) {
  value = m.select(m.less(u, infinity), value, infinity);
  return m.select(m.less(0.f, u), value, m.select(m.equal(u, 0.f), -infinity, nan));
}

/// e ln 2 + log(1 + f), with e in units of `unit`.
Value sumOfLogs(LaneMath &m, Value e, float unit, Value f) {
  return m.fma(e, unit * ln2, m.fma(m.mul(f, f), m.polynomial(f, logTail), f));
}

Value expandLog(LaneMath &m, Value x) {
  Reduced x2 = reduceForLog(m, x);
  return withSpecialsOfLog(m, sumOfLogs(m, x2.e, 1.f, x2.f), x);
}

Value expandLog2(LaneMath &m, Value x) {
  Reduced x2 = reduceForLog(m, x);
  return withSpecialsOfLog(m, m.fma(x2.f, m.polynomial(x2.f, log2Poly), x2.e), x);
}

/// u = 1 + x rounded gives e, but f is x 2^-e + (2^-e - 1), which keeps all of a small x. Exponents are subtracted
/// as bits; 2^(2-e) stands for 2^-e, which may be subnormal. The signs are such that every term is -0 if x is.
Value expandLog1p(LaneMath &m, Value x) {
  Value u = m.add(x, 1.f);
  constexpr unsigned sqrtTwo = sqrtHalf + (1u << 23), four = 0x40800000u;
  Value minusE = m.andBits(m.subBits(sqrtTwo, m.bits(u)), 0xff800000u);
  Value scaled = m.fromBits(m.addBits(m.bits(x), minusE));
  Value power = m.fromBits(m.addBits(minusE, four));
  Value f = m.sub(scaled, m.fma(power, -0.25f, 1.f));
  return withSpecialsOfLog(m, sumOfLogs(m, m.toFloat(minusE), -0x1p-23f, f), u);
}

// --- Circular functions: |x| = n pi/2 + r.

/// (sin r - r) / r^3 as a polynomial in r^2 for |r| <= pi/4; relative error of sin 2^-27.9.
constexpr float sinTail[] = {-0.166666552f, 0.00833218917f, -0.000195182904f};
/// (cos r - 1 + r^2 / 2) / r^4 likewise; relative error of cos 2^-33.0.
constexpr float cosTail[] = {0.0416666456f, -0.00138873095f, 2.44323273e-05f};

/// sin(|x| + quarters pi/2), its sign turned where `sign` has its upper bit set. The reduction is done in f64 with pi/2
/// in two parts, exact enough for |x| <= 2^50; beyond, where f32 are 2^27 apart, the result is some number in [-1, 1].
///
/// Recurrences turn by the same angle in every row, so that an error here grows with the rows. r is therefore kept in two
/// parts, and what rounding takes from r^2 and from 1 - r^2 / 2 is put back.
Value sinOfAbs(LaneMath &m, Value x, unsigned quarters, Value sign) {
  constexpr double magic = 0x1.8p52, halfPi = 0x1.921fb54442d18p0, halfPiRest = 0x1.1a62633145c07p-54;
  Value a = m.toDouble(m.abs(x));
  Value sum = m.fma(a, 0.6366197723675814, magic), n = m.sub(sum, magic);
  Value whole = m.fma(n, -halfPiRest, m.fma(n, -halfPi, a));
  whole = m.atLeast(m.atMost(whole, 1.0), -1.0);
  Value r = m.toSingle(whole), rest = m.toSingle(m.sub(whole, m.toDouble(r)));
  Value s = m.mul(r, r), half = m.mul(s, 0.5f);
  Value sin = m.add(m.fma(m.mul(r, s), m.polynomial(s, sinTail), rest), r);
  Value lost = m.fma(r, rest, m.mul(m.fma(r, r, m.negative(s)), 0.5f)); // of s / 2
  Value high = m.sub(1.f, half), low = m.sub(m.sub(m.sub(1.f, high), half), lost);
  Value cos = m.add(m.fma(m.mul(s, s), m.polynomial(s, cosTail), low), high);
  Value quadrant = m.lowBits(sum);
  if (quarters)
    quadrant = m.addBits(quadrant, quarters);
  Value value = m.select(m.isZero(m.andBits(quadrant, 1u)), sin, cos);
  Value turn = m.andBits(m.shiftLeft(quadrant, 30), 0x80000000u);
  return m.fromBits(m.xorBits(m.bits(value), sign ? m.xorBits(turn, sign) : turn));
}

Value expandSin(LaneMath &m, Value x) { return sinOfAbs(m, x, 0, m.signBit(x)); }
Value expandCos(LaneMath &m, Value x) { return sinOfAbs(m, x, 1, {}); }

// --- Roots and powers.

Value expandRsqrt(LaneMath &m, Value x) { return m.div(1.f, m.sqrt(x)); }

/// The square root, but 0 for -0 and infinity for -infinity, as C's pow has it.
Value powerOfHalf(LaneMath &m, Value x) { return m.select(m.equal(x, -infinity), infinity, m.abs(m.sqrt(x))); }

/// x^n, n from 1 to 4.
Value wholePower(LaneMath &m, Value x, int n) {
  if (n == 1)
    return x;
  Value square = m.mul(x, x);
  return n == 2 ? square : m.mul(square, n == 3 ? x : square);
}

/// The number that an operand has in every lane.
std::optional<double> constantIn(Value v) {
  if (auto splat = v.getDefiningOp<vector::BroadcastOp>())
    v = splat.getSource();
  FloatAttr number;
  DenseElementsAttr all;
  if (matchPattern(v, m_Constant(&all)) && all.isSplat())
    number = all.getSplatValue<FloatAttr>();
  else if (!matchPattern(v, m_Constant(&number)))
    return std::nullopt;
  return number.getValueAsDouble();
}

/// Exponents -2 .. 4, 1/2 and -1/2; of others the roundings of the products add up beyond 2.5 ulp. A quotient is
/// raised, not the power divided, so that no intermediate overflows where the result does not.
Value expandPowF(LaneMath &m, Value x, Value exponent) {
  std::optional<double> y = constantIn(exponent);
  if (!y)
    return {};
  if (*y == 0)
    return m.number(1.f);
  if (std::abs(*y) == 0.5)
    return *y < 0 ? m.div(1.f, powerOfHalf(m, x)) : powerOfHalf(m, x);
  if (*y != std::trunc(*y) || *y < -2 || *y > 4)
    return {};
  return wholePower(m, *y < 0 ? m.div(1.f, x) : x, std::abs(*y));
}
} // namespace

/// To the nearest, to even if there are two: to the bits is added half of what the last bit that stays is worth, a bit
/// less if it is 0. A NaN becomes quiet and stays one.
Value expandRounding(OpBuilder &b, arith::TruncFOp op) {
  Value x = op.getIn();
  if (!getElementTypeOrSelf(x).isF32() || !getElementTypeOrSelf(op.getType()).isBF16())
    return {};
  LaneMath m(b, op.getLoc(), x.getType());
  Value bits = m.bits(x), odd = m.andBits(m.shiftRight(bits, 16), 1u);
  Value rounded = m.addBits(bits, m.addBits(odd, 0x7fffu));
  return m.upperHalf(m.select(m.equal(x, x), rounded, m.orBits(bits, 0x400000u)));
}

/// x log2(e) = t + e; 2^t (1 + e ln 2).
Value expandExpByPower(OpBuilder &b, math::ExpOp op) {
  LaneMath m(b, op.getLoc(), op.getType());
  constexpr float log2eRest = 1.92596299e-8f;
  Value x = m.atLeast(m.atMost(op.getOperand(), 89.f), -104.f);
  Value t = m.mul(x, log2e), e = m.fma(x, log2eRest, m.fma(x, log2e, m.negative(t)));
  Value power = math::Exp2Op::create(b, op.getLoc(), t, arith::FastMathFlags::afn);
  return m.mul(power, m.fma(e, ln2, 1.f));
}

Value expandMath(OpBuilder &b, Operation *op) {
  LaneMath m(b, op->getLoc(), op->getResult(0).getType());
  if (auto power = dyn_cast<math::PowFOp>(op))
    return expandPowF(m, power.getLhs(), power.getRhs());
  using Expander = Value (*)(LaneMath &, Value);
  static const llvm::StringMap<Expander> table = {
      {"math.exp", expandExp},   {"math.exp2", expandExp2},   {"math.expm1", expandExpM1},
      {"math.log", expandLog},   {"math.log2", expandLog2},   {"math.log1p", expandLog1p},
      {"math.tanh", expandTanh}, {"math.erf", expandErf},     {"math.sin", expandSin},
      {"math.cos", expandCos},   {"math.rsqrt", expandRsqrt},
  };
  auto known = table.find(op->getName().getStringRef());
  return known == table.end() ? Value() : known->second(m, op->getOperand(0));
}
} // namespace strand
