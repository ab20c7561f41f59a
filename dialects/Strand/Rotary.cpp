// strand.rotary: what it is. Cosines and sines are tables of rows x pairs, computed once for all heads.
#include "dialects/Strand/Rows.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include <cmath>
using namespace mlir;
using namespace strand;

LogicalResult RotaryOp::verify() {
  RankedTensorType x = rowsType(getX()), p = rowsType(getPositions());
  if (x.getRank() != 3 || x.isDynamicDim(2) || x.getDimSize(0) != p.getDimSize(0))
    return emitOpError("C1: x must be rows x heads x a static size, with as many rows as ") << p << ", not " << x;
  if (int64_t n = getTurned(); n < 2 || n % 2 || n > x.getDimSize(2))
    return emitOpError("C2: an even number of elements is turned, from 2 to ") << x.getDimSize(2) << ", not " << n;
  if (double base = getBase().convertToDouble(); !(base > 0) || std::isinf(base))
    return emitOpError("C3: the base must be a finite number above 0, not ") << base;
  return success();
}

/// base^(-2i / n) in f32.
static SmallVector<float> frequencies(float base, int64_t n) {
  SmallVector<float> f;
  for (int64_t i = 0; i < n / 2; ++i) {
    float exponent = float(2 * i) / float(n), power = float(std::pow(double(base), double(exponent)));
    f.push_back(1.0f / power);
  }
  return f;
}

/// {cosines, sines}: rows x n/2, of type `e`.
static SmallVector<Value> emitTables(OpBuilder &b, RotaryOp op, Type e) {
  Location loc = op.getLoc();
  Type f32 = b.getF32Type();
  int64_t pairs = op.getTurned() / 2;
  SmallVector<float> f = frequencies(float(op.getBase().convertToDouble()), op.getTurned());
  Value frequency =
      arith::ConstantOp::create(b, loc, DenseElementsAttr::get(RankedTensorType::get({pairs}, f32), ArrayRef(f)));
  auto map = [&](StringRef dims) { return dimsMap(b.getContext(), "ri", dims); };
  SmallVector<Value> outs;
  for (int i = 0; i < 2; ++i)
    outs.push_back(emptyRows(b, loc, op.getPositions(), {pairs}, e));
  return generic(b, loc, {op.getPositions(), frequency}, outs, {map("r"), map("i"), map("ri"), map("ri")}, "pp",
                 [&](OpBuilder &b, Location loc, ValueRange v) -> SmallVector<Value> {
                   Value angle = arith::MulFOp::create(b, loc, arith::SIToFPOp::create(b, loc, f32, v[0]), v[1]);
                   angle = castFloat(b, loc, angle, e);
                   return {math::CosOp::create(b, loc, angle), math::SinOp::create(b, loc, angle)};
                 });
}

namespace {
/// A part of the last dimension of all rows and heads.
struct Part {
  SmallVector<OpFoldResult> offsets, sizes, strides;
  RankedTensorType type;

  Part(OpBuilder &b, Value x, OpFoldResult rows, int64_t offset, int64_t size, int64_t stride) {
    int64_t heads = rowsType(x).getDimSize(1);
    offsets = {b.getIndexAttr(0), b.getIndexAttr(0), b.getIndexAttr(offset)};
    sizes = {rows, b.getIndexAttr(heads), b.getIndexAttr(size)};
    strides = {b.getIndexAttr(1), b.getIndexAttr(1), b.getIndexAttr(stride)};
    type = RankedTensorType::get({rowsType(x).getDimSize(0), heads, size}, rowsType(x).getElementType());
  }
  Value of(OpBuilder &b, Location loc, Value x) const {
    return tensor::ExtractSliceOp::create(b, loc, type, x, offsets, sizes, strides);
  }
  Value into(OpBuilder &b, Location loc, Value part, Value x) const {
    return tensor::InsertSliceOp::create(b, loc, part, x, offsets, sizes, strides);
  }
};
} // namespace

FailureOr<SmallVector<Value>> RotaryOp::decomposeOperation(OpBuilder &b) {
  Location loc = getLoc();
  Value x = getX();
  Type e = rowsType(x).getElementType();
  int64_t n = getTurned(), size = rowsType(x).getDimSize(2);
  SmallVector<Value> tables = emitTables(b, *this, e);
  Value y = emptyRows(b, loc, x, itemShape(x), e);
  OpFoldResult rows = numRows(b, loc, x);
  Part first(b, x, rows, 0, n / 2, getInterleaved() ? 2 : 1);
  Part second(b, x, rows, getInterleaved() ? 1 : n / 2, n / 2, getInterleaved() ? 2 : 1);
  auto map = [&](StringRef dims) { return dimsMap(b.getContext(), "rhi", dims); };
  Value ins[] = {first.of(b, loc, x), second.of(b, loc, x), tables[0], tables[1]};
  // one part behind the other: two slices of y that are written at once would cost a copy
  auto turn = [&](const Part &part, llvm::function_ref<Value(OpBuilder &, ValueRange)> formula) {
    Value turned =
        generic(b, loc, ins, part.of(b, loc, y), {map("rhi"), map("rhi"), map("ri"), map("ri"), map("rhi")}, "ppp",
                [&](OpBuilder &b, Location, ValueRange v) -> SmallVector<Value> { return {formula(b, v)}; })[0];
    y = part.into(b, loc, turned, y);
  };
  auto product = [&](OpBuilder &b, Value u, Value v) { return arith::MulFOp::create(b, loc, u, v); };
  turn(first, [&](OpBuilder &b, ValueRange v) {
    return arith::SubFOp::create(b, loc, product(b, v[0], v[2]), product(b, v[1], v[3]));
  });
  turn(second, [&](OpBuilder &b, ValueRange v) {
    return arith::AddFOp::create(b, loc, product(b, v[1], v[2]), product(b, v[0], v[3]));
  });
  if (n < size) {
    Part rest(b, x, rows, n, size - n, 1);
    y = rest.into(b, loc, rest.of(b, loc, x), y);
  }
  return SmallVector<Value>{y};
}
