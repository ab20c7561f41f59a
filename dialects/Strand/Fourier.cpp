// One pass of radix R (Stockham's order, so that nothing is permuted) takes x [R, m, s] to y [m, R, s], m R s = n:
//
//   y[p, c, q] = sum_k w[p, c, k] x[k, p, q],     w[p, c, k] = exp(-+ 2 pi i c (p + k m) / (m R))
//
// The first pass has s = 1, the next s R; channels are innermost all along, so that vectors are neighbouring channels. A
// pass is one contraction with a table, which costs more multiplications than the usual butterflies and fewer passes
// over memory, by which long transforms are limited.
#include "dialects/Strand/Fourier.h"
#include "dialects/Strand/Rows.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include <cmath>
using namespace mlir;
using namespace strand;

/// w as two constants of m x R x R.
static Spectrum passTable(OpBuilder &b, Location loc, int64_t m, int64_t radix, bool inverse, Type e) {
  SmallVector<Attribute> re, im;
  int64_t n = m * radix;
  for (int64_t p = 0; p < m; ++p)
    for (int64_t c = 0; c < radix; ++c)
      for (int64_t k = 0; k < radix; ++k) {
        double angle = 2 * M_PI * double(c * (p + k * m) % n) / double(n);
        re.push_back(b.getFloatAttr(e, std::cos(angle)));
        im.push_back(b.getFloatAttr(e, inverse ? std::sin(angle) : -std::sin(angle)));
      }
  auto type = RankedTensorType::get({m, radix, radix}, e);
  auto constant = [&](ArrayRef<Attribute> values) {
    return arith::ConstantOp::create(b, loc, DenseElementsAttr::get(type, values));
  };
  return {constant(re), constant(im)};
}

static Value expanded(OpBuilder &b, Location loc, Value x, ArrayRef<int64_t> lead) {
  SmallVector<int64_t> shape(lead);
  shape.push_back(rowsType(x).getDimSize(1));
  auto type = RankedTensorType::get(shape, rowsType(x).getElementType());
  return tensor::ExpandShapeOp::create(b, loc, type, x, SmallVector<ReassociationIndices>{{0, 1, 2}, {3}});
}

static Spectrum onePass(OpBuilder &b, Location loc, Spectrum x, int64_t s, int64_t radix, bool inverse) {
  RankedTensorType type = rowsType(x.re);
  Type e = type.getElementType();
  int64_t m = type.getDimSize(0) / radix / s;
  Spectrum w = passTable(b, loc, m, radix, inverse, e);
  // of one shape for all passes, so that they share their memory
  auto out = [&] {
    return expanded(b, loc, filled(b, loc, type.getShape(), floatConstant(b, loc, e, 0)), {m, radix, s});
  };
  auto map = [&](StringRef dims) { return dimsMap(b.getContext(), "pcqdk", dims); };
  SmallVector<Value> ins{expanded(b, loc, x.re, {radix, m, s}), expanded(b, loc, x.im, {radix, m, s}), w.re, w.im};
  SmallVector<Value> y = generic(
      b, loc, ins, {out(), out()}, {map("kpqd"), map("kpqd"), map("pck"), map("pck"), map("pcqd"), map("pcqd")}, "ppppr",
      [](OpBuilder &b, Location loc, ValueRange v) -> SmallVector<Value> {
        auto mul = [&](Value x, Value y) { return arith::MulFOp::create(b, loc, x, y); };
        Value re = arith::AddFOp::create(b, loc, v[4], mul(v[0], v[2]));
        Value im = arith::AddFOp::create(b, loc, v[5], mul(v[1], v[2]));
        return {arith::SubFOp::create(b, loc, re, mul(v[1], v[3])), arith::AddFOp::create(b, loc, im, mul(v[0], v[3]))};
      });
  auto collapsed = [&](Value x) {
    return tensor::CollapseShapeOp::create(b, loc, type, x, SmallVector<ReassociationIndices>{{0, 1, 2}, {3}});
  };
  return {collapsed(y[0]), collapsed(y[1])};
}

Spectrum strand::fourierTransform(OpBuilder &b, Location loc, Spectrum x, bool inverse) {
  int64_t n = rowsType(x.re).getDimSize(0);
  for (int64_t s = 1, radix; s < n; s *= radix) {
    radix = n / s % 4 == 0 ? 4 : 2;
    x = onePass(b, loc, x, s, radix, inverse);
  }
  return x;
}

Spectrum strand::addProduct(OpBuilder &b, Location loc, Spectrum x, Spectrum y, Spectrum sum) {
  SmallVector<AffineMap> maps(6, b.getMultiDimIdentityMap(2));
  SmallVector<Value> next = generic(
      b, loc, {x.re, x.im, y.re, y.im}, {sum.re, sum.im}, maps, "pp",
      [](OpBuilder &b, Location loc, ValueRange v) -> SmallVector<Value> {
        auto mul = [&](Value x, Value y) { return arith::MulFOp::create(b, loc, x, y); };
        Value re = arith::AddFOp::create(b, loc, v[4], mul(v[0], v[2]));
        Value im = arith::AddFOp::create(b, loc, v[5], mul(v[0], v[3]));
        return {arith::SubFOp::create(b, loc, re, mul(v[1], v[3])), arith::AddFOp::create(b, loc, im, mul(v[1], v[2]))};
      });
  return {next[0], next[1]};
}
