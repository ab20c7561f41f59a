// strand.attention: what it is.
//
// Tiles. A block owns a key head and all query heads that read it. Rows of a tile see earlier rows of the sequence, which
// lie in the state (or, without state, in the operands), and each other. Both are taken in order of position, in blocks
// of rows that are gathered into one small matrix, with a running maximum m, sum l and unnormalised result a of each
// query (m = lowest, l = a = 0 at first):
//   r = scale * q k^T, -infinity where a query does not see a row     m' = max(m, max r)
//   p = exp(r - m')        f = exp(m - m')        l' = f l + sum p        a' = f a + p v
// and in the end y = a / l. Behind that the tile's own rows go into the state, so no row is overwritten that is still seen.
//
// Of a tile of many rows the lanes are queries: sums and maxima over keys need no shuffles, and only queries and results
// are transposed, once for all blocks. Of a single row the lanes are keys, and the queries are the heads of the group.
#include "dialects/Strand/Rows.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include <cmath>
using namespace mlir;
using namespace strand;

LogicalResult AttentionOp::verify() {
  RankedTensorType q = rowsType(getQ()), k = rowsType(getK()), v = rowsType(getV()), y = rowsType(getY());
  if (q.getRank() != 3 || k.getRank() != 3 || q.getDimSize(2) != k.getDimSize(2) || k.getDimSize(1) < 1 ||
      q.getDimSize(1) % k.getDimSize(1))
    return emitOpError("C1: q and k must be rows x heads x one size, q with a multiple of k's heads, not ") << q << " and " << k;
  if (v.getRank() != 3 || v.getDimSize(1) != k.getDimSize(1))
    return emitOpError("C2: v must be rows x ") << k.getDimSize(1) << " x a size, not " << v;
  if (y.getShape().drop_front() != ArrayRef<int64_t>{q.getDimSize(1), v.getDimSize(2)})
    return emitOpError("C3: the result must be rows x ") << q.getDimSize(1) << " x " << v.getDimSize(2) << ", not " << y;
  for (RankedTensorType type : {q, k, v, y})
    if (llvm::any_of(type.getShape().drop_front(), ShapedType::isDynamic) || type.getElementType() != q.getElementType())
      return emitOpError("C4: sizes behind the rows must be static and elements ") << q.getElementType() << ", not " << type;
  if (getWindow() && *getWindow() < 1)
    return emitOpError("C5: a window has at least 1 row, not ") << *getWindow();
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
  Type e = getElementType();
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

static Value add(OpBuilder &b, Location loc, Value x, Value y) {
  return isa<FloatType>(getElementTypeOrSelf(x)) ? Value(arith::AddFOp::create(b, loc, x, y))
                                                 : Value(arith::AddIOp::create(b, loc, x, y));
}
static Value sub(OpBuilder &b, Location loc, Value x, Value y) {
  return isa<FloatType>(getElementTypeOrSelf(x)) ? Value(arith::SubFOp::create(b, loc, x, y))
                                                 : Value(arith::SubIOp::create(b, loc, x, y));
}
static Value mul(OpBuilder &b, Location loc, Value x, Value y) { return arith::MulFOp::create(b, loc, x, y); }
static Value exp(OpBuilder &b, Location loc, Value x) { return math::ExpOp::create(b, loc, x); }
static Value lowest(OpBuilder &b, Location loc, Type e) {
  const llvm::fltSemantics &semantics = cast<FloatType>(e).getFloatSemantics();
  return arith::ConstantOp::create(b, loc, FloatAttr::get(e, APFloat::getLargest(semantics, /*Negative=*/true)));
}

/// Where the row at `position` lies in the state.
static Value placeOf(OpBuilder &b, AttentionOp op, Value position) {
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
      : op(op), b(b), loc(op.getLoc()), e(op.getElementType()), G(op.getKeyHeads()), E(op.getGroup()), D(op.getKeySize()),
        V(op.getValueSize()), row(row), slot(slot), position(position) {}

  AffineMap map(StringRef dims, StringRef of) const { return dimsMap(b.getContext(), dims, of); }
  Value number(double x) const { return floatConstant(b, loc, e, x); }

  Carried run(Carried c);

private:
  Value remembered(Value state, Value rows, int64_t size);
  Value seen(Value state, Value rows, int64_t size, Value count, Value j);
  Value scores(Value q, Value key);
  SmallVector<Value> overRows(Value count, ValueRange init, llvm::function_ref<SmallVector<Value>(Value j, ValueRange)> body);
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

SmallVector<Value> RowMeaning::overRows(Value count, ValueRange init,
                                        llvm::function_ref<SmallVector<Value>(Value, ValueRange)> body) {
  auto loop = scf::ForOp::create(b, loc, indexConstant(b, loc, 0), count, indexConstant(b, loc, 1), init);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  scf::YieldOp::create(b, loc, body(loop.getInductionVar(), loop.getRegionIterArgs()));
  return llvm::to_vector_of<Value>(loop.getResults());
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
  Value q = tensor::ExpandShapeOp::create(b, loc, RankedTensorType::get({G, E, D}, e), takeRow(b, loc, op.getQ(), row), heads);
  Value most = overRows(count, filled(b, loc, {G, E}, lowest(b, loc, e)), [&](Value j, ValueRange x) -> SmallVector<Value> {
    Value score = scores(q, seen(c.k, op.getK(), D, count, j));
    return generic(b, loc, score, x[0], {map("ge", "ge"), map("ge", "ge")}, "pp", [](OpBuilder &b, Location loc, ValueRange x) -> SmallVector<Value> {
      return {arith::MaximumFOp::create(b, loc, x[0], x[1])};
    });
  })[0];
  Value zeros[] = {filled(b, loc, {G, E}, number(0)), filled(b, loc, {G, E, V}, number(0))};
  SmallVector<Value> sums = overRows(count, zeros, [&](Value j, ValueRange x) -> SmallVector<Value> {
    Value score = scores(q, seen(c.k, op.getK(), D, count, j)), value = seen(c.v, op.getV(), V, count, j);
    Value weight = generic(b, loc, {score, most}, emptyTensor(b, loc, {G, E}, e), {map("ge", "ge"), map("ge", "ge"), map("ge", "ge")}, "pp",
                           [](OpBuilder &b, Location loc, ValueRange x) -> SmallVector<Value> {
                             return {exp(b, loc, sub(b, loc, x[0], x[1]))};
                           })[0];
    Value sum = generic(b, loc, weight, x[0], {map("ge", "ge"), map("ge", "ge")}, "pp", [](OpBuilder &b, Location loc, ValueRange x) -> SmallVector<Value> {
      return {add(b, loc, x[1], x[0])};
    })[0];
    Value result = generic(b, loc, {weight, value}, x[1], {map("ged", "ge"), map("ged", "gd"), map("ged", "ged")}, "ppp",
                           [](OpBuilder &b, Location loc, ValueRange x) -> SmallVector<Value> {
                             return {add(b, loc, x[2], mul(b, loc, x[0], x[1]))};
                           })[0];
    return {sum, result};
  });
  Value y = generic(b, loc, sums[0], sums[1], {map("ged", "ge"), map("ged", "ged")}, "ppp", [](OpBuilder &b, Location loc, ValueRange x) -> SmallVector<Value> {
    return {arith::DivFOp::create(b, loc, x[1], x[0])};
  })[0];
  c.y = putRow(b, loc, tensor::CollapseShapeOp::create(b, loc, y, heads), c.y, row);
  if (op.getLse()) {
    Value lse = generic(b, loc, {most, sums[0]}, emptyTensor(b, loc, {G, E}, e), {map("ge", "ge"), map("ge", "ge"), map("ge", "ge")}, "pp",
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
  auto each = scf::ForOp::create(b, loc, zero, sequences, one, init, [&](OpBuilder &b, Location loc, Value s, ValueRange in) {
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

//===--- tiles ---------------------------------------------------------------------------------------------------===//

bool AttentionOp::readsEarlierRows() { return true; }
int64_t AttentionOp::getBlocks(const ChunkOptions &) { return getKeyHeads(); }

SmallVector<int64_t> AttentionOp::getTileLengths(const ChunkOptions &options) {
  if (options.singleRow || options.tileLength == 1)
    return {1};
  if (options.tileLength)
    return {options.tileLength, 1};
  return {64, options.vectorWidth, 1};
}

Slice AttentionOp::getStateSlice(OpBuilder &b, unsigned i, Value block, const ChunkOptions &) {
  SmallVector<int64_t> shape = getStateSpecs()[i].shape;
  Slice s{SmallVector<OpFoldResult>(shape.size(), b.getIndexAttr(0)), shape};
  s.offsets[shape.size() - 2] = block;
  s.sizes[shape.size() - 2] = 1;
  return s;
}
Slice AttentionOp::getResultSlice(OpBuilder &b, unsigned i, Value block, const ChunkOptions &) {
  SmallVector<int64_t> shape = itemShape(getResult(i));
  Slice s{SmallVector<OpFoldResult>(shape.size(), b.getIndexAttr(0)), shape};
  s.offsets[0] = arith::MulIOp::create(b, getLoc(), block, indexConstant(b, getLoc(), getGroup())).getResult();
  s.sizes[0] = getGroup();
  return s;
}

namespace {
/// A tile of one key head: its rows, and where what they see lies.
struct Tile {
  AttentionOp op;
  OpBuilder &b;
  Location loc;
  Type e;
  int64_t C, B, D, V, W;  // rows of the tile and of a block of keys, sizes, window (0: none)
  Value row, before, head; // the first row, its position, the key head
  Value k, v;              // the head's part of the state, or null
  bool lanesAreQueries;

  Tile(AttentionOp op, OpBuilder &b, Value row, int64_t length, Value head, ValueRange states)
      : op(op), b(b), loc(op.getLoc()), e(op.getElementType()), C(length), B(64), D(op.getKeySize()), V(op.getValueSize()),
        W(op.getWindow().value_or(0)), row(row), before(states[0]), head(head), lanesAreQueries(length > 1) {
    if (states.size() > 1)
      k = states[1], v = states[2];
  }

  /// {y, lse} of queries R x D, which are rows of one head, or heads of one row; `y` and `lse` are destinations, R x V
  /// and R.
  SmallVector<Value> attend(Value q, Value y, Value lse);
  /// The next states: the tile's last rows at their places.
  SmallVector<Value> remember();
  /// {y, lse} of all heads of the group, from destinations C x E x V and C x E.
  SmallVector<Value> run(ValueRange results);

private:
  struct Running {
    Value most, sum, result; // R, R, and V x R or R x V
  };

  Value index(int64_t i) const { return indexConstant(b, loc, i); }
  Value number(double x) const { return floatConstant(b, loc, e, x); }
  /// Dimensions of scores (r queries, s keys), results (r, d) and queries (r, i): queries last if they are the lanes.
  StringRef scoreDims() const { return lanesAreQueries ? "sr" : "rs"; }
  StringRef resultDims() const { return lanesAreQueries ? "dr" : "rd"; }
  StringRef queryDims() const { return lanesAreQueries ? "ir" : "ri"; }
  StringRef kinds() const { return lanesAreQueries ? "rp" : "pr"; } // of scores, where keys are summed over
  AffineMap map(StringRef loops, StringRef dims) const { return dimsMap(b.getContext(), loops, dims); }
  SmallVector<int64_t> shape(StringRef dims, int64_t queries) const;

  Value scaled(Value q);
  Value gathered(Value state, Value rows, int64_t size, Value from, Value to, bool zeroRest);
  Value copied(Value into, Value from, Value to, Value begin, llvm::function_ref<Value(Value position)> rowAt);
  SmallVector<Value> maskedAndMost(Value scores, Value from);
  Running block(Value queries, Value from, Value to, const Running &before);
};
} // namespace

SmallVector<int64_t> Tile::shape(StringRef dims, int64_t queries) const {
  return llvm::map_to_vector(dims, [&](char c) { return c == 'r' ? queries : c == 's' ? B : c == 'd' ? V : D; });
}

/// scale * q, in the order of lanes.
Value Tile::scaled(Value q) {
  StringRef dims = queryDims();
  return generic(b, loc, q, emptyTensor(b, loc, shape(dims, rowsType(q).getDimSize(0)), e), {map(dims, "ri"), map(dims, dims)}, "pp",
                 [&](OpBuilder &b, Location loc, ValueRange x) -> SmallVector<Value> {
                   return {mul(b, loc, x[0], floatConstant(b, loc, e, op.getScale().convertToDouble()))};
                 })[0];
}

/// `into` with the rows of the positions [from, to) at their distance from `begin`.
Value Tile::copied(Value into, Value from, Value to, Value begin, llvm::function_ref<Value(Value)> rowAt) {
  auto loop = scf::ForOp::create(b, loc, from, to, index(1), into);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  Value position = loop.getInductionVar();
  Value next = putRow(b, loc, rowAt(position), loop.getRegionIterArg(0), sub(b, loc, position, begin));
  scf::YieldOp::create(b, loc, next);
  return loop.getResult(0);
}

/// The rows at the positions [from, to), at most B, as a matrix B x size: those before the tile from the state.
Value Tile::gathered(Value state, Value rows, int64_t size, Value from, Value to, bool zeroRest) {
  Value block = emptyTensor(b, loc, {B, size}, e), own = from;
  auto operandRow = [&](Value position) {
    Value at = sub(b, loc, add(b, loc, row, position), before);
    return slice(b, loc, rows, {at, head, b.getIndexAttr(0)}, {1, 1, size}, {0, 1});
  };
  if (state) {
    own = arith::MinUIOp::create(b, loc, to, arith::MaxUIOp::create(b, loc, from, before));
    block = copied(block, from, own, from, [&](Value position) {
      OpFoldResult first = b.getIndexAttr(0);
      return slice(b, loc, state, {placeOf(b, op, position), first, first}, {1, 1, size}, {0, 1});
    });
  }
  block = copied(block, own, to, from, operandRow);
  if (!zeroRest)
    return block;
  Value end = add(b, loc, from, index(B));
  return copied(block, to, end, from, [&](Value) { return filled(b, loc, {size}, number(0)); });
}

/// {scores with -infinity where a query does not see the key, their maximum}. The keys are those at `from` and behind;
/// keys behind the tile are later than all queries.
SmallVector<Value> Tile::maskedAndMost(Value scores, Value from) {
  StringRef dims = scoreDims();
  int64_t lanes = rowsType(scores).getDimSize(1), queries = rowsType(scores).getDimSize(lanesAreQueries ? 1 : 0);
  Type i32 = b.getI32Type();
  auto lane = llvm::to_vector(llvm::seq<int32_t>(0, lanes));
  Value numbers = arith::ConstantOp::create(b, loc, DenseElementsAttr::get(RankedTensorType::get({lanes}, i32), ArrayRef(lane)));
  Value distance = arith::IndexCastOp::create(b, loc, i32, sub(b, loc, before, from));
  Value most = filled(b, loc, {queries}, lowest(b, loc, e));
  return generic(b, loc, numbers, {scores, most}, {map(dims, dims.take_back()), map(dims, dims), map(dims, "r")}, kinds(),
                 [&](OpBuilder &b, Location loc, ValueRange x) -> SmallVector<Value> {
                   Value age; // how far the key lies before the query
                   if (lanesAreQueries) {
                     Value key = arith::IndexCastOp::create(b, loc, i32, linalg::IndexOp::create(b, loc, 0));
                     age = add(b, loc, x[0], sub(b, loc, distance, key));
                   } else {
                     age = sub(b, loc, distance, x[0]);
                   }
                   Value limit = arith::ConstantOp::create(b, loc, b.getI32IntegerAttr(W));
                   auto isSeen = W ? arith::CmpIPredicate::ult : arith::CmpIPredicate::sge; // with W: 0 <= age < W
                   Value seen = arith::CmpIOp::create(b, loc, isSeen, age, limit);
                   Value score = arith::SelectOp::create(b, loc, seen, x[1], floatConstant(b, loc, e, -INFINITY));
                   return {score, arith::MaxNumFOp::create(b, loc, x[2], score)};
                 });
}

/// One block of keys, those at the positions [from, to).
Tile::Running Tile::block(Value queries, Value from, Value to, const Running &old) {
  int64_t R = rowsType(old.most).getDimSize(0);
  Value keys = gathered(k, op.getK(), D, from, to, false), values = gathered(v, op.getV(), V, from, to, true);
  Value scores = filled(b, loc, shape(scoreDims(), R), number(0));
  scores = lanesAreQueries ? contract(b, loc, keys, "si", queries, "ir", scores, "sr")
                           : contract(b, loc, queries, "ri", keys, "si", scores, "rs");
  SmallVector<Value> masked = maskedAndMost(scores, from);
  SmallVector<Value> scales = generic(
      b, loc, masked[1], {old.most, old.sum, emptyTensor(b, loc, {R}, e)}, SmallVector<AffineMap>(4, map("r", "r")), "p",
      [](OpBuilder &b, Location loc, ValueRange x) -> SmallVector<Value> {
        Value most = arith::MaxNumFOp::create(b, loc, x[0], x[1]), factor = exp(b, loc, sub(b, loc, x[1], most));
        return {most, mul(b, loc, x[2], factor), factor};
      });
  StringRef dims = scoreDims(), out = resultDims();
  SmallVector<Value> weights = generic(b, loc, scales[0], {masked[0], scales[1]}, {map(dims, "r"), map(dims, dims), map(dims, "r")}, kinds(),
                                       [](OpBuilder &b, Location loc, ValueRange x) -> SmallVector<Value> {
                                         Value p = exp(b, loc, sub(b, loc, x[1], x[0]));
                                         return {p, add(b, loc, x[2], p)};
                                       });
  Value result = generic(b, loc, scales[2], old.result, {map(out, "r"), map(out, out)}, "pp", [](OpBuilder &b, Location loc, ValueRange x) -> SmallVector<Value> {
    return {mul(b, loc, x[0], x[1])};
  })[0];
  result = lanesAreQueries ? contract(b, loc, values, "sd", weights[0], "sr", result, "dr")
                           : contract(b, loc, weights[0], "rs", values, "sd", result, "rd");
  return {scales[0], weights[1], result};
}

SmallVector<Value> Tile::attend(Value q, Value y, Value lse) {
  int64_t R = rowsType(q).getDimSize(0);
  Value queries = scaled(q), first = index(0), end = add(b, loc, before, index(C));
  if (W) // the first query is not before position W - 1, or it sees all rows
    first = sub(b, loc, arith::MaxUIOp::create(b, loc, before, index(W - 1)), index(W - 1));
  Value init[] = {filled(b, loc, {R}, lowest(b, loc, e)), filled(b, loc, {R}, number(0)), filled(b, loc, shape(resultDims(), R), number(0))};
  auto loop = scf::ForOp::create(b, loc, first, end, index(B), init);
  {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    Value from = loop.getInductionVar(), to = arith::MinUIOp::create(b, loc, end, add(b, loc, from, index(B)));
    ValueRange x = loop.getRegionIterArgs();
    Running next = block(queries, from, to, {x[0], x[1], x[2]});
    scf::YieldOp::create(b, loc, ValueRange{next.most, next.sum, next.result});
  }
  Value most = loop.getResult(0), sum = loop.getResult(1);
  Value inverse = generic(b, loc, sum, emptyTensor(b, loc, {R}, e), {map("r", "r"), map("r", "r")}, "p", [&](OpBuilder &b, Location loc, ValueRange x) -> SmallVector<Value> {
    return {arith::DivFOp::create(b, loc, floatConstant(b, loc, e, 1), x[0])};
  })[0];
  SmallVector<Value> out = generic(b, loc, {loop.getResult(2), inverse}, y, {map("rd", resultDims()), map("rd", "r"), map("rd", "rd")}, "pp",
                                   [](OpBuilder &b, Location loc, ValueRange x) -> SmallVector<Value> {
                                     return {mul(b, loc, x[0], x[1])};
                                   });
  if (lse)
    out.push_back(generic(b, loc, {most, sum}, lse, {map("r", "r"), map("r", "r"), map("r", "r")}, "p", [](OpBuilder &b, Location loc, ValueRange x) -> SmallVector<Value> {
      return {add(b, loc, x[0], math::LogOp::create(b, loc, x[1]))};
    })[0]);
  return out;
}

SmallVector<Value> Tile::remember() {
  if (!k)
    return {};
  Value from = index(W && C > W ? C - W : 0);
  auto loop = scf::ForOp::create(b, loc, from, index(C), index(1), ValueRange{k, v}, [&](OpBuilder &b, Location loc, Value i, ValueRange x) {
    Value place = placeOf(b, op, add(b, loc, before, i)), at = add(b, loc, row, i);
    SmallVector<Value> next;
    Value own[] = {op.getK(), op.getV()};
    for (auto [state, rows] : llvm::zip_equal(x, own)) {
      OpFoldResult first = b.getIndexAttr(0);
      int64_t size = itemShape(rows).back();
      Value part = slice(b, loc, rows, {at, head, first}, {1, 1, size}, {0, 1});
      next.push_back(unslice(b, loc, part, state, {place, first, first}, {1, 1, size}));
    }
    scf::YieldOp::create(b, loc, next);
  });
  return {loop.getResult(0), loop.getResult(1)};
}

SmallVector<Value> Tile::run(ValueRange results) {
  int64_t E = op.getGroup();
  Value firstHead = arith::MulIOp::create(b, loc, head, index(E));
  auto lseOf = [&](ValueRange x) { return op.getLse() ? x[1] : Value(); };
  OpFoldResult zero = b.getIndexAttr(0);
  if (C == 1) { // the group's heads at once
    Value q = slice(b, loc, op.getQ(), {row, firstHead, zero}, {1, E, D}, {0});
    SmallVector<Value> out;
    Value y = takeRow(b, loc, results[0], index(0)), lse = lseOf(results);
    out = attend(q, y, lse ? takeRow(b, loc, lse, index(0)) : lse);
    for (auto [part, into] : llvm::zip_equal(out, results))
      part = putRow(b, loc, part, into, index(0));
    return out;
  }
  auto loop = scf::ForOp::create(b, loc, index(0), index(E), index(1), results);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  Value j = loop.getInductionVar();
  Value q = slice(b, loc, op.getQ(), {row, add(b, loc, firstHead, j), zero}, {C, 1, D}, {1});
  ValueRange into = loop.getRegionIterArgs();
  Value y = slice(b, loc, into[0], {zero, j, zero}, {C, 1, V}, {1}), lse = lseOf(into);
  SmallVector<Value> out = attend(q, y, lse ? slice(b, loc, lse, {zero, j}, {C, 1}, {1}) : lse);
  out[0] = unslice(b, loc, out[0], into[0], {zero, j, zero}, {C, 1, V});
  if (lse)
    out[1] = unslice(b, loc, out[1], lse, {zero, j}, {C, 1});
  scf::YieldOp::create(b, loc, out);
  return llvm::to_vector_of<Value>(loop.getResults());
}

SmallVector<Value> AttentionOp::emitTile(OpBuilder &b, Value row, int64_t length, Value block, ValueRange results,
                                         ValueRange states, const ChunkOptions &) {
  Tile tile(*this, b, row, length, block, states);
  SmallVector<Value> out = tile.run(results);
  llvm::append_range(out, tile.remember());
  return out;
}
