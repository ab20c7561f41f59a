// One pass of radix 4 (Stockham's order, so that nothing is permuted) takes x [4, m, s] to y [m, 4, s], 4 m s = n, with
// i to the power +-1 as e, exp(+-2 pi i c p / (4 m)) as t[p, c], and (-1)^c as sign[c]:
//
//   y[p, c, q] = t[p, c] (x[0, p, q] + sign[c] x[2, p, q]) + t[p, c] e^c (x[1, p, q] + sign[c] x[3, p, q])
//
// The first pass has s = 1, the next 4 s; channels are innermost all along, so that vectors are neighbouring channels.
// Each output is made by itself from four inputs and tables: more operations than butterflies have, but each pass is
// one element-wise operation.
#include "dialects/Strand/Fourier.h"
#include "dialects/Strand/Rows.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include <cmath>
using namespace mlir;
using namespace strand;

/// sign [4], and real and imaginary parts of t and t e^c, m x 4.
static SmallVector<Value> passTables(OpBuilder &b, Location loc, int64_t m, bool inverse, Type e) {
  auto constant = [&](ArrayRef<int64_t> shape, llvm::function_ref<double(int64_t)> element) -> Value {
    auto type = RankedTensorType::get(shape, e);
    SmallVector<Attribute> values;
    for (int64_t i = 0; i < type.getNumElements(); ++i)
      values.push_back(b.getFloatAttr(e, element(i)));
    return arith::ConstantOp::create(b, loc, DenseElementsAttr::get(type, values));
  };
  SmallVector<Value> tables{constant({4}, [](int64_t c) { return c % 2 ? -1.0 : 1.0; })};
  for (int64_t later : {int64_t(0), m}) // e^c is the factor of p = m
    for (bool imaginary : {false, true})
      tables.push_back(constant({m, 4}, [&](int64_t i) {
        double angle = 2 * M_PI * double(i % 4 * (i / 4 + later) % (4 * m)) / double(4 * m);
        return !imaginary ? std::cos(angle) : inverse ? std::sin(angle) : -std::sin(angle);
      }));
  return tables;
}

static Value expanded(OpBuilder &b, Location loc, Value x, ArrayRef<int64_t> lead) {
  SmallVector<int64_t> shape(lead);
  shape.push_back(rowsType(x).getDimSize(1));
  auto type = RankedTensorType::get(shape, rowsType(x).getElementType());
  return tensor::ExpandShapeOp::create(b, loc, type, x, SmallVector<ReassociationIndices>{{0, 1, 2}, {3}});
}

static Spectrum onePass(OpBuilder &b, Location loc, Spectrum x, int64_t s, bool inverse) {
  RankedTensorType type = rowsType(x.re);
  Type e = type.getElementType();
  int64_t m = type.getDimSize(0) / 4 / s, channels = type.getDimSize(1);
  auto map = [&](StringRef dims) { return dimsMap(b.getContext(), "pcqd", dims); };
  SmallVector<Value> ins;
  for (Value part : {x.re, x.im})
    for (int64_t k = 0; k < 4; ++k) {
      Value rows = slice(b, loc, part, {b.getIndexAttr(k * m * s), b.getIndexAttr(0)}, {m * s, channels});
      auto split = RankedTensorType::get({m, s, channels}, e);
      ins.push_back(tensor::ExpandShapeOp::create(b, loc, split, rows, SmallVector<ReassociationIndices>{{0, 1}, {2}}));
    }
  SmallVector<AffineMap> maps(8, map("pqd"));
  llvm::append_range(ins, passTables(b, loc, m, inverse, e));
  maps.push_back(map("c"));
  maps.append(4, map("pc"));
  maps.append(2, map("pcqd"));
  auto out = [&] { return expanded(b, loc, emptyTensor(b, loc, type.getShape(), e), {m, 4, s}); };
  SmallVector<Value> y = generic(
      b, loc, ins, {out(), out()}, maps, "pppp", [](OpBuilder &b, Location loc, ValueRange v) -> SmallVector<Value> {
        auto mul = [&](Value x, Value y) { return arith::MulFOp::create(b, loc, x, y); };
        auto add = [&](Value x, Value y) -> Value { return arith::AddFOp::create(b, loc, x, y); };
        auto sub = [&](Value x, Value y) -> Value { return arith::SubFOp::create(b, loc, x, y); };
        Value sign = v[8], tr = v[9], ti = v[10], wr = v[11], wi = v[12];
        Value er = add(v[0], mul(sign, v[2])), ei = add(v[4], mul(sign, v[6])); // of the even inputs
        Value dr = add(v[1], mul(sign, v[3])), di = add(v[5], mul(sign, v[7])); // of the odd ones
        Value re = sub(add(sub(mul(tr, er), mul(ti, ei)), mul(wr, dr)), mul(wi, di));
        Value im = add(add(add(mul(tr, ei), mul(ti, er)), mul(wr, di)), mul(wi, dr));
        return {re, im};
      });
  auto collapsed = [&](Value x) {
    return tensor::CollapseShapeOp::create(b, loc, type, x, SmallVector<ReassociationIndices>{{0, 1, 2}, {3}});
  };
  return {collapsed(y[0]), collapsed(y[1])};
}

Spectrum strand::fourierTransform(OpBuilder &b, Location loc, Spectrum x, bool inverse) {
  for (int64_t s = 1, n = rowsType(x.re).getDimSize(0); s < n; s *= 4)
    x = onePass(b, loc, x, s, inverse);
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
