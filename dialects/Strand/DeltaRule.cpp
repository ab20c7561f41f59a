// strand.delta_rule: what it is. Its tiles are in DeltaRuleTiles.cpp.
#include "dialects/Strand/Arithmetic.h"
#include "dialects/Strand/Rows.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/PatternMatch.h"
using namespace mlir;
using namespace strand;

LogicalResult DeltaRuleOp::verify() {
  auto q = rowsType(getQ()), k = rowsType(getK()), v = rowsType(getV()), y = rowsType(getY());
  auto without = [](RankedTensorType type, unsigned dim) {
    SmallVector<int64_t> shape(type.getShape());
    shape.erase(shape.begin() + dim);
    return RankedTensorType::get(shape, type.getElementType());
  };
  bool factors = k.getRank() == 4;
  if (q.getRank() != 3 || (q != k && !(factors && without(k, 1) == q)))
    return emitOpError(
               "C1: q must have rank 3 (rows x heads x size) and k its type, or that with factors behind the rows, "
               "not ")
           << q << " and " << k;
  bool asK = v.getRank() == k.getRank() && (!factors || v.getDimSize(1) == k.getDimSize(1));
  if (!asK || y != (factors ? without(v, 1) : v) || y.getDimSize(1) % q.getDimSize(1))
    return emitOpError("C2: v must be rows ")
           << (factors ? "x " + std::to_string(k.getDimSize(1)) + " factors " : std::string())
           << "x heads x size, with a multiple of " << q.getDimSize(1)
           << " heads, and the result that without factors, not " << v << " and " << y;
  if (getBeta() && rowsType(getBeta()) != v && rowsType(getBeta()) != without(v, v.getRank() - 1))
    return emitOpError("C3: beta must be ") << v << " or that without its last dimension, not " << getBeta().getType();
  if (isLowRank() && (rowsType(getA()) != q || rowsType(getB()) != q || getBeta() || factors))
    return emitOpError("C4: `low_rank` wants a and b of the type ")
           << q << ", no beta and no factors, has " << getA().getType() << ", " << getB().getType()
           << (getBeta() ? " and beta"
               : factors ? " and factors"
                         : "");
  if (getGate()) {
    ArrayRef<int64_t> g = rowsType(getGate()).getShape().drop_front();
    if (g != ArrayRef<int64_t>{getHeads()} && g != ArrayRef<int64_t>{getHeads(), getKeySize()})
      return emitOpError("C5: the gate must be rows x ")
             << getHeads() << " or rows x " << getHeads() << " x " << getKeySize() << ", not " << getGate().getType();
  }
  if (failed(verifyOneFloatType(*this, "C6")))
    return failure();
  return verifyStates(*this, 1);
}

SmallVector<StateSpec> DeltaRuleOp::getStateSpecs() {
  Type e = getY().getType().getElementType();
  return {{"s", {getHeads(), getKeySize(), getValueSize()}, e, FloatAttr::get(e, 0)}};
}

/// A beta of ones and a gate of zeros are none.
LogicalResult DeltaRuleOp::canonicalize(DeltaRuleOp op, PatternRewriter &rewriter) {
  bool noBeta = isAll(op.getBeta(), 1), noGate = isAll(op.getGate(), 0);
  if (!noBeta && !noGate)
    return failure();
  rewriter.modifyOpInPlace(op, [&] {
    if (noBeta)
      op.getBetaMutable().clear();
    if (noGate)
      op.getGateMutable().clear();
  });
  return success();
}

//===--- meaning -------------------------------------------------------------------------------------------------===//

namespace {
/// One row, over loops h (value head), i (key channel) and j (value channel).
struct RowMeaning {
  DeltaRuleOp op;
  OpBuilder &b;
  Value t;
  Location loc = op.getLoc();
  Type e = rowsType(op.getY()).getElementType();

  AffineMap map(StringRef loops, StringRef dims) { return dimsMap(b.getContext(), loops, dims); }

  /// Factor f of the row of an operand.
  Value rowOf(Value rows, int64_t f) {
    Value row = takeRow(b, loc, rows, t);
    bool keyed = rows == op.getQ() || rows == op.getA() || rows == op.getB();
    return keyed || op.getK().getType().getRank() == 3 ? row : takeRow(b, loc, row, indexConstant(b, loc, f));
  }

  /// The same of keys, for each value head.
  Value keysOf(Value rows, int64_t f = 0) {
    int64_t group = op.getHeads() / op.getKeyHeads();
    Value row = rowOf(rows, f), out = emptyTensor(b, loc, {op.getHeads(), op.getKeySize()}, e);
    return generic(b, loc, {}, out, {map("hi", "hi")}, "pp",
                   [&](OpBuilder &b, Location loc, ValueRange) -> SmallVector<Value> {
                     Value head = linalg::IndexOp::create(b, loc, 0), at = linalg::IndexOp::create(b, loc, 1);
                     Value key = arith::DivUIOp::create(b, loc, head, indexConstant(b, loc, group));
                     return {tensor::ExtractOp::create(b, loc, row, ValueRange{key, at})};
                   })[0];
  }

  Value decayed(Value s) {
    if (!op.getGate())
      return s;
    Value gate = takeRow(b, loc, op.getGate(), t);
    return generic(b, loc, gate, s, {map("hij", op.hasVectorGate() ? "hi" : "h"), map("hij", "hij")}, "ppp",
                   [](OpBuilder &b, Location loc, ValueRange x) -> SmallVector<Value> {
                     return {mul(b, loc, exp(b, loc, x[0]), x[1])};
                   })[0];
  }

  /// s^T x.
  Value read(Value s, Value x) {
    Value zeros = filled(b, loc, {op.getHeads(), op.getValueSize()}, floatConstant(b, loc, e, 0));
    return contract(b, loc, s, "hij", x, "hi", zeros, "hj");
  }

  /// s + k n^T.
  Value written(Value s, Value k, Value n) {
    return generic(b, loc, {k, n}, s, {map("hij", "hi"), map("hij", "hj"), map("hij", "hij")}, "ppp",
                   [](OpBuilder &b, Location loc, ValueRange x) -> SmallVector<Value> {
                     return {add(b, loc, x[2], mul(b, loc, x[0], x[1]))};
                   })[0];
  }

  /// beta (v - s^T k).
  Value correction(Value s, Value k, int64_t f) {
    SmallVector<Value> ins{rowOf(op.getV(), f)};
    SmallVector<AffineMap> maps{map("hj", "hj")};
    if (op.getBeta()) {
      ins.push_back(rowOf(op.getBeta(), f));
      maps.push_back(map("hj", op.hasVectorBeta() ? "hj" : "h"));
    }
    maps.push_back(map("hj", "hj"));
    return generic(b, loc, ins, read(s, k), maps, "pp",
                   [](OpBuilder &b, Location loc, ValueRange x) -> SmallVector<Value> {
                     Value error = sub(b, loc, x[0], x.back());
                     return {x.size() == 3 ? mul(b, loc, x[1], error) : error};
                   })[0];
  }

  Value next(Value s) {
    if (op.isLowRank()) {
      Value n = read(s, keysOf(op.getA()));
      return written(written(decayed(s), keysOf(op.getB()), n), keysOf(op.getK()), rowOf(op.getV(), 0));
    }
    s = decayed(s);
    for (int64_t f = 0; f < op.getFactors(); ++f) {
      Value k = keysOf(op.getK(), f);
      s = written(s, k, correction(s, k, f));
    }
    return s;
  }

  Value output(Value s) {
    Value scale = floatConstant(b, loc, e, op.getScale().convertToDouble());
    return generic(
        b, loc, {}, read(s, keysOf(op.getQ())), {map("hj", "hj")}, "pp",
        [&](OpBuilder &b, Location loc, ValueRange x) -> SmallVector<Value> { return {mul(b, loc, scale, x[0])}; })[0];
  }
};
} // namespace

FailureOr<SmallVector<Value>> DeltaRuleOp::decomposeOperation(OpBuilder &b) {
  Value out = emptyRows(b, getLoc(), getQ(), itemShape(getY()), rowsType(getY()).getElementType());
  return walkRows(b, *this, out, [&](OpBuilder &b, Value t, ValueRange outs, ValueRange carries) {
    RowMeaning row{*this, b, t};
    Value s = row.next(carries[0]);
    return std::pair(SmallVector<Value>{putRow(b, getLoc(), row.output(s), outs[0], t)}, SmallVector<Value>{s});
  });
}
