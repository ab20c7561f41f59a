// strand.attention: what it is. Its tiles stand in AttentionTiles.cpp.
#include "dialects/Strand/Attention.h"
#include "dialects/Strand/Arithmetic.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include <cmath>
using namespace mlir;
using namespace strand;

LogicalResult AttentionOp::verify() {
  RankedTensorType q = rowsType(getQ()), k = rowsType(getK()), v = rowsType(getV()), y = rowsType(getY());
  if (q.getRank() != 3 || k.getRank() != 3 || q.getDimSize(2) != k.getDimSize(2) || k.getDimSize(1) < 1 ||
      q.getDimSize(1) % k.getDimSize(1))
    return emitOpError("C1: q and k must be rows x heads x one size, q with a multiple of k's heads, not ")
           << q << " and " << k;
  if (v.getRank() != 3 || v.getDimSize(1) != k.getDimSize(1))
    return emitOpError("C2: v must be rows x ") << k.getDimSize(1) << " x a size, not " << v;
  if (y.getShape().drop_front() != ArrayRef<int64_t>{q.getDimSize(1), v.getDimSize(2)})
    return emitOpError("C3: the result must be rows x ")
           << q.getDimSize(1) << " x " << v.getDimSize(2) << ", not " << y;
  Type e = q.getElementType(), kept = getKeyType().isBF16() ? getKeyType() : e;
  for (auto [type, element] : {std::pair(q, e), std::pair(k, kept), std::pair(v, kept), std::pair(y, e)})
    if (llvm::any_of(type.getShape().drop_front(), [](int64_t size) { return size < 1; }) ||
        type.getElementType() != element)
      return emitOpError("C4: sizes behind the rows must be static, at least 1, and elements ")
             << element << ", not " << type;
  if (getWindow() && (*getWindow() < 1 || *getWindow() > INT32_MAX))
    return emitOpError("C5: a window has 1 to ") << INT32_MAX << " rows, not " << *getWindow();
  auto lse = RankedTensorType::get({y.getDimSize(0), q.getDimSize(1)}, q.getElementType());
  if (getLse() && (getOthers().empty() || getOthers()[0].getType() != lse))
    return emitOpError("C6: the second result must be the log-sum-exp, ") << lse;
  if (!getLse() && getOthers().size() != getStates().size())
    return emitOpError("C6: without `lse` only the next states follow the result");
  if (!std::isfinite(getScale().convertToDouble()))
    return emitOpError("C7: the scale must be finite, not ") << getScale().convertToDouble();
  return verifyStates(*this, getLse() ? 2 : 1);
}

SmallVector<StateSpec> AttentionOp::getStateSpecs() {
  Builder b(getContext());
  Type e = getKeyType();
  auto item = [&](int64_t size) {
    SmallVector<int64_t> shape{getKeyHeads(), size};
    if (getWindow())
      shape.insert(shape.begin(), *getWindow());
    return shape;
  };
  Growth growth = getWindow() ? Growth::Fixed : Growth::Cache;
  return {{"count", {}, b.getI32Type(), b.getI32IntegerAttr(0), Growth::Count},
          {"k", item(getKeySize()), e, FloatAttr::get(e, 0), growth},
          {"v", item(getValueSize()), e, FloatAttr::get(e, 0), growth}};
}

Value strand::lowest(OpBuilder &b, Location loc, Type e) {
  const llvm::fltSemantics &semantics = cast<FloatType>(e).getFloatSemantics();
  return arith::ConstantOp::create(b, loc, FloatAttr::get(e, APFloat::getLargest(semantics, /*Negative=*/true)));
}

Value strand::keyHeadOf(OpBuilder &b, AttentionOp op, Value block, int64_t heads) {
  int64_t blocksOfKey = op.getGroup() / heads;
  return blocksOfKey == 1 ? block
                          : arith::DivUIOp::create(b, op.getLoc(), block, indexConstant(b, op.getLoc(), blocksOfKey));
}

Value strand::placeOf(OpBuilder &b, AttentionOp op, Value position) {
  if (!op.getWindow())
    return position;
  return arith::RemUIOp::create(b, op.getLoc(), position, indexConstant(b, op.getLoc(), *op.getWindow()));
}

//===--- meaning -------------------------------------------------------------------------------------------------===//

namespace {
/// The values that change from row to row: results, then the states, if there are any.
struct Carried {
  Value y, lse, count, k, v;

  Carried(AttentionOp op, ValueRange values) {
    y = values.front();
    if (op.getLse())
      lse = values[1];
    if (!op.getStates().empty()) {
      ValueRange states = values.take_back(3);
      count = states[0], k = states[1], v = states[2];
    }
  }
  SmallVector<Value> list() const {
    SmallVector<Value> all{y};
    for (Value x : {lse, count, k, v})
      if (x)
        all.push_back(x);
    return all;
  }
};

/// One row of one sequence. Loops: g key heads, e queries of a head, i and d their sizes.
struct RowMeaning {
  AttentionOp op;
  OpBuilder &b;
  Location loc;
  Type e;
  int64_t G, E, D, V;
  Value row, slot, position;

  RowMeaning(AttentionOp op, OpBuilder &b, Value row, Value slot, Value position)
      : op(op), b(b), loc(op.getLoc()), e(op.getElementType()), G(op.getKeyHeads()), E(op.getGroup()),
        D(op.getKeySize()), V(op.getValueSize()), row(row), slot(slot), position(position) {}

  AffineMap map(StringRef dims, StringRef of) const { return dimsMap(b.getContext(), dims, of); }
  Value number(double x) const { return floatConstant(b, loc, e, x); }

  Carried run(Carried c);

private:
  Value remembered(Value state, Value rows, int64_t size);
  Value seen(Value state, Value rows, int64_t size, Value count, Value j);
  Value scores(Value q, Value key);
  SmallVector<Value> overRows(Value count, ValueRange init, LoopBody body) {
    return emitLoop(b, loc, indexConstant(b, loc, 0), count, 1, init, body);
  }
};
} // namespace

/// The state with this row in it.
Value RowMeaning::remembered(Value state, Value rows, int64_t size) {
  SmallVector<OpFoldResult> offsets{slot, placeOf(b, op, position), b.getIndexAttr(0), b.getIndexAttr(0)};
  return unslice(b, loc, takeRow(b, loc, rows, row), state, offsets, {1, 1, G, size});
}

/// The j-th of the `count` rows that this row sees, G x size. In a state that has this row they are the first places.
Value RowMeaning::seen(Value state, Value rows, int64_t size, Value count, Value j) {
  if (!state)
    return takeRow(b, loc, rows, add(b, loc, sub(b, loc, row, count), add(b, loc, j, indexConstant(b, loc, 1))));
  return slice(b, loc, state, {slot, j, b.getIndexAttr(0), b.getIndexAttr(0)}, {1, 1, G, size}, {0, 1});
}

Value RowMeaning::scores(Value q, Value key) {
  Value sum = contract(b, loc, q, "gei", key, "gi", filled(b, loc, {G, E}, number(0)), "ge");
  return generic(b, loc, sum, emptyTensor(b, loc, {G, E}, e), {map("ge", "ge"), map("ge", "ge")}, "pp",
                 [&](OpBuilder &b, Location loc, ValueRange x) -> SmallVector<Value> {
                   return {mul(b, loc, x[0], floatConstant(b, loc, e, op.getScale().convertToDouble()))};
                 })[0];
}

Carried RowMeaning::run(Carried c) {
  if (c.k) {
    c.k = remembered(c.k, op.getK(), D);
    c.v = remembered(c.v, op.getV(), V);
  }
  Value count = add(b, loc, position, indexConstant(b, loc, 1));
  if (op.getWindow())
    count = arith::MinUIOp::create(b, loc, count, indexConstant(b, loc, *op.getWindow()));
  SmallVector<ReassociationIndices> heads{{0, 1}, {2}};
  Value q = tensor::ExpandShapeOp::create(b, loc, RankedTensorType::get({G, E, D}, e), takeRow(b, loc, op.getQ(), row),
                                          heads);
  Value most =
      overRows(count, filled(b, loc, {G, E}, lowest(b, loc, e)), [&](Value j, ValueRange x) -> SmallVector<Value> {
        Value score = scores(q, seen(c.k, op.getK(), D, count, j));
        return generic(b, loc, score, x[0], {map("ge", "ge"), map("ge", "ge")}, "pp",
                       [](OpBuilder &b, Location loc, ValueRange x) -> SmallVector<Value> {
                         return {arith::MaximumFOp::create(b, loc, x[0], x[1])};
                       });
      })[0];
  Value zeros[] = {filled(b, loc, {G, E}, number(0)), filled(b, loc, {G, E, V}, number(0))};
  SmallVector<Value> sums = overRows(count, zeros, [&](Value j, ValueRange x) -> SmallVector<Value> {
    Value score = scores(q, seen(c.k, op.getK(), D, count, j)), value = seen(c.v, op.getV(), V, count, j);
    Value weight = generic(b, loc, {score, most}, emptyTensor(b, loc, {G, E}, e),
                           {map("ge", "ge"), map("ge", "ge"), map("ge", "ge")}, "pp",
                           [](OpBuilder &b, Location loc, ValueRange x) -> SmallVector<Value> {
                             return {exp(b, loc, sub(b, loc, x[0], x[1]))};
                           })[0];
    Value sum = generic(
        b, loc, weight, x[0], {map("ge", "ge"), map("ge", "ge")}, "pp",
        [](OpBuilder &b, Location loc, ValueRange x) -> SmallVector<Value> { return {add(b, loc, x[1], x[0])}; })[0];
    Value result = generic(b, loc, {weight, value}, x[1], {map("ged", "ge"), map("ged", "gd"), map("ged", "ged")},
                           "ppp", [](OpBuilder &b, Location loc, ValueRange x) -> SmallVector<Value> {
                             return {add(b, loc, x[2], mul(b, loc, x[0], castFloat(b, loc, x[1], x[0].getType())))};
                           })[0];
    return {sum, result};
  });
  Value y = generic(b, loc, sums[0], sums[1], {map("ged", "ge"), map("ged", "ged")}, "ppp",
                    [](OpBuilder &b, Location loc, ValueRange x) -> SmallVector<Value> {
                      return {arith::DivFOp::create(b, loc, x[1], x[0])};
                    })[0];
  c.y = putRow(b, loc, tensor::CollapseShapeOp::create(b, loc, y, heads), c.y, row);
  if (op.getLse()) {
    Value lse = generic(b, loc, {most, sums[0]}, emptyTensor(b, loc, {G, E}, e),
                        {map("ge", "ge"), map("ge", "ge"), map("ge", "ge")}, "pp",
                        [](OpBuilder &b, Location loc, ValueRange x) -> SmallVector<Value> {
                          return {add(b, loc, x[0], math::LogOp::create(b, loc, x[1]))};
                        })[0];
    lse = tensor::CollapseShapeOp::create(b, loc, lse, SmallVector<ReassociationIndices>{{0, 1}});
    c.lse = putRow(b, loc, lse, c.lse, row);
  }
  return c;
}

FailureOr<SmallVector<Value>> AttentionOp::decomposeOperation(OpBuilder &b) {
  Location loc = getLoc();
  Value zero = indexConstant(b, loc, 0), one = indexConstant(b, loc, 1);
  SmallVector<Value> init;
  for (Value result : getResults().drop_back(getStates().size()))
    init.push_back(emptyRows(b, loc, getQ(), itemShape(result), getElementType()));
  llvm::append_range(init, getStates());
  Value sequences = sub(b, loc, numRows(b, loc, getOffsets()), one);
  auto each =
      scf::ForOp::create(b, loc, zero, sequences, one, init, [&](OpBuilder &b, Location loc, Value s, ValueRange in) {
        Value lo = indexAt(b, loc, getOffsets(), s), hi = indexAt(b, loc, getOffsets(), add(b, loc, s, one));
        Carried all(*this, in);
        Value slot = getSlots() ? indexAt(b, loc, getSlots(), s) : Value();
        Value before = slot ? indexAt(b, loc, all.count, slot) : zero;
        auto rows = scf::ForOp::create(b, loc, lo, hi, one, in, [&](OpBuilder &b, Location loc, Value t, ValueRange x) {
          Value position = add(b, loc, before, sub(b, loc, t, lo));
          scf::YieldOp::create(b, loc, RowMeaning(*this, b, t, slot, position).run(Carried(*this, x)).list());
        });
        Carried next(*this, rows.getResults());
        if (slot) {
          Value count = arith::IndexCastOp::create(b, loc, b.getI32Type(), add(b, loc, before, sub(b, loc, hi, lo)));
          next.count = tensor::InsertOp::create(b, loc, count, next.count, slot);
        }
        scf::YieldOp::create(b, loc, next.list());
      });
  return llvm::to_vector_of<Value>(each.getResults());
}
