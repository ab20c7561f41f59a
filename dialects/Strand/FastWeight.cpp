// strand.fast_weight: what it is.
//
// Tiles are whole blocks. With the tile's first weights A (there M = A), momenta S, its rows r, s, and the steps
// e[s] = -rate[s] slope(A^T k[s], v[s]), which need no weights but A:
//   D[r, s] = product of exp(momentum[s+1..r])                 how much of step s the sum holds at row r
//   W[r, s] = sum over u = s..r of (product of exp(gate[u+1..r])) D[u, s]
//   y[r]    = m[r] q_r A + n[r] q_r S + sum_{s <= r} W[r, s] (q_r . k_s) e_s
// where m[r] is the product of exp(gate[0..r]) and n[r] = exp(gate[r]) n[r-1] + product of exp(momentum[0..r]). Every
// addend of W and n is positive, so nothing is lost. With `rescale`, W[r, s] is tau[r] and m is 1.
#include "dialects/Strand/Rows.h"
#include "dialects/Strand/ScanStep.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"
using namespace mlir;
using namespace strand;

static RankedTensorType tensorOf(Value like, ArrayRef<int64_t> shape) {
  return RankedTensorType::get(shape, rowsType(like).getElementType());
}

LogicalResult FastWeightOp::verify() {
  auto q = rowsType(getQ()), k = rowsType(getK()), v = rowsType(getV()), y = rowsType(getY());
  if (q != k || q.getRank() != 3)
    return emitOpError("C1: q and k must have one type of rank 3 (rows x heads x size), not ") << q << " and " << k;
  if (v != y || v.getRank() != 3 || v.getDimSize(1) != getHeads())
    return emitOpError("C2: v and the result must have one type, rows x ") << getHeads() << " x size, not " << v << " and " << y;
  for (Value x : {Value(getRate()), Value(getMomentum()), Value(getGate()), Value(getRescale())})
    if (x && rowsType(x).getShape() != ArrayRef<int64_t>{q.getDimSize(0), getHeads()})
      return emitOpError("C3: rate, momentum, gate and rescale must be rows x ") << getHeads() << ", not " << x.getType();
  if (getRescale() && (getMomentum() || getGate()))
    return emitOpError("C4: `rescale` excludes `momentum` and `gate`");
  SmallVector<int64_t> weights{getHeads(), getKeySize(), getValueSize()};
  if (getInit() && rowsType(getInit()).getShape() != ArrayRef<int64_t>(weights))
    return emitOpError("C5: init must be ") << tensorOf(getV(), weights) << ", not " << getInit().getType();
  if (getBlock() < 1)
    return emitOpError("C6: block must be at least 1, not ") << getBlock();
  if (!getInvariants().empty() && getSlope().empty())
    return emitOpError("C7: `with` wants a `slope` that reads it");
  if (failed(verifyOneFloatType(*this, "C8")))
    return failure();
  return verifyStates(*this, 1);
}

LogicalResult FastWeightOp::verifyRegions() {
  if (getSlope().empty())
    return success();
  Block &body = getSlope().front();
  RankedTensorType item = tensorOf(getV(), getValueSize());
  SmallVector<Type> wanted{item, item};
  for (Value w : getInvariants()) {
    if (!rowsType(w).getRank() || rowsType(w).getDimSize(0) != getHeads())
      return emitOpError("C7: each of `with` must have ") << getHeads() << " heads in dimension 0, not " << w.getType();
    wanted.push_back(tensorOf(w, itemShape(w)));
  }
  if (body.getArgumentTypes() != TypeRange(wanted))
    return emitOpError("C7: the arguments of `slope` must be ") << wanted << ", not " << body.getArgumentTypes();
  auto yield = dyn_cast<YieldOp>(body.getTerminator());
  if (!yield || yield->getOperandTypes() != TypeRange(item) || !yield.getNext().empty())
    return emitOpError("C7: `slope` must end in a strand.yield of ") << item;
  for (Operation &op : body.without_terminator())
    if (!isMemoryEffectFree(&op))
      return op.emitOpError("C7: has effects, which a slope must not have");
  return success();
}

SmallVector<StateSpec> FastWeightOp::getStateSpecs() {
  Builder b(getContext());
  Type e = rowsType(getV()).getElementType();
  SmallVector<int64_t> shape{getHeads(), getKeySize(), getValueSize()};
  SmallVector<StateSpec> specs{{"count", {}, b.getI32Type(), b.getI32IntegerAttr(0), Growth::Count},
                               {"anchor", shape, e, FloatAttr::get(e, 0)}};
  if (hasMemory())
    specs.push_back({"memory", shape, e, FloatAttr::get(e, 0)});
  if (hasSum())
    specs.push_back({"sum", shape, e, FloatAttr::get(e, 0)});
  return specs;
}

static Value mul(OpBuilder &b, Location loc, Value x, Value y) { return arith::MulFOp::create(b, loc, x, y); }
static Value add(OpBuilder &b, Location loc, Value x, Value y) { return arith::AddFOp::create(b, loc, x, y); }
static Value exp(OpBuilder &b, Location loc, Value x) { return math::ExpOp::create(b, loc, x); }

namespace {
/// What one head carries; null what the op has not.
struct Weights {
  Value anchor, memory, sum;

  Weights(FastWeightOp op, ValueRange values) : anchor(values[0]) {
    if (op.hasMemory())
      memory = values[1];
    if (op.hasSum())
      sum = values.back();
  }
  SmallVector<Value> list() const {
    SmallVector<Value> all;
    for (Value x : {anchor, memory, sum})
      if (x)
        all.push_back(x);
    return all;
  }
};

/// The operands of one head over some rows, and the forms built from them.
struct HeadRows {
  FastWeightOp op;
  OpBuilder &b;
  Location loc;
  Value head;
  int64_t C, K, V;
  Type e;
  Value zero;
  Value q, k, v;                      // C x K, C x K, C x V
  Value rate, momentum, gate, rescale; // C

  HeadRows(FastWeightOp op, OpBuilder &b, Value row, int64_t length, Value head)
      : op(op), b(b), loc(op.getLoc()), head(head), C(length), K(op.getKeySize()), V(op.getValueSize()),
        e(rowsType(op.getV()).getElementType()), zero(floatConstant(b, loc, e, 0)) {
    OpFoldResult first = b.getIndexAttr(0);
    q = slice(b, loc, op.getQ(), {row, head, first}, {C, 1, K}, {1});
    k = slice(b, loc, op.getK(), {row, head, first}, {C, 1, K}, {1});
    v = slice(b, loc, op.getV(), {row, head, first}, {C, 1, V}, {1});
    auto numbers = [&](Value x) { return x ? slice(b, loc, x, {row, head}, {C, 1}, {1}) : Value(); };
    rate = numbers(op.getRate());
    momentum = numbers(op.getMomentum());
    gate = numbers(op.getGate());
    rescale = numbers(op.getRescale());
  }

  AffineMap map(StringRef loops, StringRef dims) const { return dimsMap(b.getContext(), loops, dims); }
  Value at(Value numbers, Value i) { return tensor::ExtractOp::create(b, loc, numbers, i); }
  Value equal(Value x, int64_t y) {
    return arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, x, indexConstant(b, loc, y));
  }

  /// The weights, set to their initial values if the sequence has seen no row.
  Weights begun(Weights w, Value count);
  /// -rate[r] * slope(z, v[r]) written into `out`.
  Value stepAgainst(Value z, Value r, Value out);
  /// One row, whose number in the sequence is `count`: y written into `y`.
  Value step(Value y, Weights &w, Value count);
  /// One block from its border on: y [C x V] written into `y`.
  Value tile(Value y, Weights &w);

private:
  Value slopeOf(Value z, Value row);
  Value copyInto(Value from, Value to);
  Weights pastBorder(Weights w, Value count);
  Value rescaled(Value anchor, Value sum, Value by);
  /// {W [C x C], m [C], n [C], last row of D [C], product of all exp(momentum)}; n only means something with momentum.
  SmallVector<Value> coefficients();
  Value scoresWith(Value coefficients);
  Value scaledRows(Value x, Value by);
};
} // namespace

Value HeadRows::copyInto(Value from, Value to) {
  unsigned rank = rowsType(to).getRank();
  AffineMap same = b.getMultiDimIdentityMap(rank);
  return generic(b, loc, from, to, {same, same}, std::string(rank, 'p'),
                 [](OpBuilder &, Location, ValueRange x) -> SmallVector<Value> { return {x[0]}; })[0];
}

Weights HeadRows::begun(Weights w, Value count) {
  if (!op.getInit())
    return w;
  SmallVector<OpFoldResult> place{head, b.getIndexAttr(0), b.getIndexAttr(0)};
  SmallVector<Value> old{w.anchor};
  if (w.memory)
    old.push_back(w.memory);
  auto choice = scf::IfOp::create(b, loc, equal(count, 0),
                                  [&](OpBuilder &b, Location loc) {
                                    Value init = slice(b, loc, op.getInit(), place, {1, K, V}, {0});
                                    SmallVector<Value> fresh;
                                    for (Value x : old)
                                      fresh.push_back(copyInto(init, x));
                                    scf::YieldOp::create(b, loc, fresh);
                                  },
                                  [&](OpBuilder &b, Location loc) { scf::YieldOp::create(b, loc, old); });
  w.anchor = choice.getResult(0);
  if (w.memory)
    w.memory = choice.getResult(1);
  return w;
}

Value HeadRows::slopeOf(Value z, Value row) {
  if (op.getSlope().empty())
    return {};
  IRMapping inside;
  Block &body = op.getSlope().front();
  inside.map(body.getArgument(0), z);
  inside.map(body.getArgument(1), row);
  for (auto [w, argument] : llvm::zip_equal(op.getInvariants(), body.getArguments().drop_front(2)))
    inside.map(argument, takeRow(b, loc, w, head));
  for (Operation &inner : body.without_terminator())
    cloneWithDestinations(b, inner, inside);
  return inside.lookup(body.getTerminator()->getOperand(0));
}

Value HeadRows::stepAgainst(Value z, Value r, Value out) {
  Value row = takeRow(b, loc, v, r), factor = arith::NegFOp::create(b, loc, at(rate, r));
  SmallVector<Value> ins;
  if (Value slope = slopeOf(z, row))
    ins = {slope};
  else
    ins = {z, row};
  SmallVector<AffineMap> maps(ins.size() + 1, map("j", "j"));
  return generic(b, loc, ins, out, maps, "p", [&](OpBuilder &b, Location loc, ValueRange x) -> SmallVector<Value> {
    Value slope = ins.size() == 1 ? x[0] : Value(arith::SubFOp::create(b, loc, x[0], x[1]));
    return {mul(b, loc, factor, slope)};
  })[0];
}

Value HeadRows::rescaled(Value anchor, Value sum, Value by) {
  return generic(b, loc, sum, anchor, {map("ij", "ij"), map("ij", "ij")}, "pp",
                 [&](OpBuilder &b, Location loc, ValueRange x) -> SmallVector<Value> {
                   return {add(b, loc, x[1], mul(b, loc, by, x[0]))};
                 })[0];
}

/// Behind the row whose number is `count`: if it is the last of its block, the anchor of the next.
Weights HeadRows::pastBorder(Weights w, Value count) {
  Value in = arith::RemUIOp::create(b, loc, count, indexConstant(b, loc, op.getBlock()));
  SmallVector<Value> old{w.anchor};
  if (rescale)
    old.push_back(w.sum);
  Value by = rescale ? at(rescale, indexConstant(b, loc, 0)) : Value();
  auto choice = scf::IfOp::create(b, loc, equal(in, op.getBlock() - 1),
                                  [&](OpBuilder &b, Location loc) {
                                    SmallVector<Value> next;
                                    if (rescale)
                                      next = {rescaled(w.anchor, w.sum, by), filledInto(b, loc, zero, w.sum)};
                                    else
                                      next = {copyInto(w.memory, w.anchor)};
                                    scf::YieldOp::create(b, loc, next);
                                  },
                                  [&](OpBuilder &b, Location loc) { scf::YieldOp::create(b, loc, old); });
  w.anchor = choice.getResult(0);
  if (rescale)
    w.sum = choice.getResult(1);
  return w;
}

Value HeadRows::step(Value y, Weights &w, Value count) {
  w = begun(w, count);
  Value first = indexConstant(b, loc, 0);
  Value qr = takeRow(b, loc, q, first), kr = takeRow(b, loc, k, first);
  Value z = contract(b, loc, kr, "i", w.anchor, "ij", filled(b, loc, {V}, zero), "j");
  Value err = stepAgainst(z, first, emptyTensor(b, loc, {V}, e));
  auto number = [&](Value x, bool log) {
    Value n = x ? at(x, first) : Value();
    return n && log ? exp(b, loc, n) : n;
  };
  Value eta = number(momentum, true), beta = number(gate, true), tau = number(rescale, false);
  SmallVector<Value> ins{qr, kr, err}, outs{filledInto(b, loc, zero, y)};
  SmallVector<AffineMap> maps{map("ij", "i"), map("ij", "i"), map("ij", "j")};
  if (rescale) {
    ins.push_back(w.anchor);
    maps.push_back(map("ij", "ij"));
  }
  maps.push_back(map("ij", "j"));
  for (Value x : {w.memory, w.sum})
    if (x) {
      outs.push_back(x);
      maps.push_back(map("ij", "ij"));
    }
  size_t firstOut = ins.size();
  SmallVector<Value> next = generic(b, loc, ins, outs, maps, "rp", [&](OpBuilder &b, Location loc, ValueRange x) -> SmallVector<Value> {
    Value learnt = mul(b, loc, x[1], x[2]), read;
    SmallVector<Value> state;
    if (rescale) {
      state = {add(b, loc, x.back(), learnt)};
      read = add(b, loc, x[3], mul(b, loc, tau, state[0]));
    } else {
      if (eta)
        learnt = add(b, loc, mul(b, loc, eta, x.back()), learnt);
      Value memory = x[firstOut + 1];
      read = add(b, loc, beta ? mul(b, loc, beta, memory) : memory, learnt);
      state = {read};
      if (eta)
        state.push_back(learnt);
    }
    state.insert(state.begin(), add(b, loc, x[firstOut], mul(b, loc, x[0], read)));
    return state;
  });
  if (w.memory)
    w.memory = next[1];
  if (w.sum)
    w.sum = next.back();
  w = pastBorder(w, count);
  return next[0];
}

SmallVector<Value> HeadRows::coefficients() {
  Value one = floatConstant(b, loc, e, 1), lo = indexConstant(b, loc, 0), hi = indexConstant(b, loc, C);
  SmallVector<Value> init{emptyTensor(b, loc, {C, C}, e), emptyTensor(b, loc, {C}, e), emptyTensor(b, loc, {C}, e),
                          filled(b, loc, {C}, zero), filled(b, loc, {C}, zero), one, one, zero};
  auto loop = scf::ForOp::create(b, loc, lo, hi, indexConstant(b, loc, 1), init, [&](OpBuilder &b, Location loc, Value r, ValueRange x) {
    auto factor = [&](Value logs) { return logs ? exp(b, loc, tensor::ExtractOp::create(b, loc, logs, r)) : Value(); };
    Value eta = factor(momentum), beta = factor(gate);
    auto times = [&](OpBuilder &b, Value by, Value v) { return by ? mul(b, loc, by, v) : v; };
    Value row = takeRow(b, loc, x[0], r);
    // D[r, :], the running W[r, :], and its place in W
    SmallVector<Value> next = generic(b, loc, {}, {x[3], x[4], row}, {map("s", "s"), map("s", "s"), map("s", "s")}, "p", [&](OpBuilder &b, Location loc, ValueRange v) -> SmallVector<Value> {
      Value s = linalg::IndexOp::create(b, loc, 0);
      Value own = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, s, r);
      Value held = arith::SelectOp::create(b, loc, own, one, momentum ? times(b, eta, v[0]) : zero);
      Value all = add(b, loc, times(b, beta, v[1]), held);
      return {held, all, all};
    });
    Value ofMemory = times(b, beta, x[5]), ofSum = times(b, eta, x[6]), n = add(b, loc, times(b, beta, x[7]), ofSum);
    scf::YieldOp::create(b, loc, ValueRange{putRow(b, loc, next[2], x[0], r), tensor::InsertOp::create(b, loc, ofMemory, x[1], r),
                                            tensor::InsertOp::create(b, loc, n, x[2], r), next[0], next[1], ofMemory, ofSum, n});
  });
  return {loop.getResult(0), loop.getResult(1), loop.getResult(2), loop.getResult(3), loop.getResult(6)};
}

/// x[r, i] * by[r].
Value HeadRows::scaledRows(Value x, Value by) {
  Value out = emptyTensor(b, loc, rowsType(x).getShape(), e);
  return generic(b, loc, {x, by}, out, {map("ri", "ri"), map("ri", "r"), map("ri", "ri")}, "pp",
                 [&](OpBuilder &b, Location loc, ValueRange v) -> SmallVector<Value> {
                   return {mul(b, loc, v[0], v[1])};
                 })[0];
}

/// (q_r . k_s) W[r, s] for s <= r, else 0; without W, tau[r] in its place.
Value HeadRows::scoresWith(Value W) {
  Value scores = contract(b, loc, q, "ri", transposed(b, loc, k), "is", filled(b, loc, {C, C}, zero), "rs");
  AffineMap rs = map("rs", "rs");
  return generic(b, loc, W ? W : rescale, scores, {W ? rs : map("rs", "r"), rs}, "pp",
                 [&](OpBuilder &b, Location loc, ValueRange x) -> SmallVector<Value> {
                   Value r = linalg::IndexOp::create(b, loc, 0), s = linalg::IndexOp::create(b, loc, 1);
                   Value seen = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ule, s, r);
                   return {arith::SelectOp::create(b, loc, seen, mul(b, loc, x[0], x[1]), zero)};
                 })[0];
}

Value HeadRows::tile(Value y, Weights &w) {
  Value z = contract(b, loc, k, "ri", w.anchor, "ij", filled(b, loc, {C, V}, zero), "rj");
  auto loop = scf::ForOp::create(b, loc, indexConstant(b, loc, 0), indexConstant(b, loc, C), indexConstant(b, loc, 1), z);
  {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    Value r = loop.getInductionVar(), rows = loop.getRegionIterArg(0), row = takeRow(b, loc, rows, r);
    scf::YieldOp::create(b, loc, putRow(b, loc, stepAgainst(row, r, emptyTensor(b, loc, {V}, e)), rows, r));
  }
  Value err = loop.getResult(0), last = indexConstant(b, loc, C - 1);
  y = filledInto(b, loc, zero, y);
  auto learn = [&](Value into, Value keys) { return contract(b, loc, transposed(b, loc, keys), "is", err, "sj", into, "ij"); };
  if (rescale) {
    y = contract(b, loc, q, "ri", w.anchor, "ij", y, "rj");
    y = contract(b, loc, scoresWith({}), "rs", err, "sj", y, "rj");
    Value tau = filled(b, loc, {C}, at(rescale, last));
    w.anchor = learn(w.anchor, scaledRows(k, tau)); // the sum is 0 here, at both borders
    return y;
  }
  SmallVector<Value> c = coefficients();
  Value W = c[0], m = c[1], n = c[2];
  y = contract(b, loc, scaledRows(q, m), "ri", w.memory, "ij", y, "rj");
  if (w.sum)
    y = contract(b, loc, scaledRows(q, n), "ri", w.sum, "ij", y, "rj");
  y = contract(b, loc, scoresWith(W), "rs", err, "sj", y, "rj");
  auto scaled = [&](Value weights, Value by) {
    return generic(b, loc, {}, weights, map("ij", "ij"), "pp", [&](OpBuilder &b, Location loc, ValueRange x) -> SmallVector<Value> {
      return {mul(b, loc, by, x[0])};
    })[0];
  };
  Value memory = gate ? scaled(w.memory, at(m, last)) : w.memory;
  if (w.sum)
    memory = rescaled(memory, w.sum, at(n, last));
  w.memory = learn(memory, scaledRows(k, takeRow(b, loc, W, last)));
  if (w.sum)
    w.sum = learn(scaled(w.sum, c[4]), scaledRows(k, c[3]));
  w.anchor = copyInto(w.memory, w.anchor);
  return y;
}

//===--- meaning -------------------------------------------------------------------------------------------------===//

FailureOr<SmallVector<Value>> FastWeightOp::decomposeOperation(OpBuilder &b) {
  Location loc = getLoc();
  Value out = emptyRows(b, loc, getV(), itemShape(getV()), rowsType(getV()).getElementType());
  return walkRows(b, *this, out, [&](OpBuilder &b, Value t, ValueRange outs, ValueRange carries) {
    Value count = tensor::ExtractOp::create(b, loc, carries[0], ValueRange());
    Value seen = arith::IndexCastOp::create(b, loc, b.getIndexType(), count);
    SmallVector<Value> all{outs[0]};
    llvm::append_range(all, carries.drop_front());
    auto heads = scf::ForOp::create(b, loc, indexConstant(b, loc, 0), indexConstant(b, loc, getHeads()), indexConstant(b, loc, 1), all);
    {
      OpBuilder::InsertionGuard guard(b);
      b.setInsertionPointToStart(heads.getBody());
      Value h = heads.getInductionVar();
      HeadRows rows(*this, b, t, 1, h);
      ValueRange x = heads.getRegionIterArgs();
      SmallVector<Value> of = llvm::map_to_vector(x.drop_front(), [&](Value w) { return takeRow(b, loc, w, h); });
      Weights w(*this, of);
      SmallVector<OpFoldResult> place{t, h, b.getIndexAttr(0)};
      Value y = rows.step(slice(b, loc, x[0], place, {1, 1, getValueSize()}, {0, 1}), w, seen);
      SmallVector<Value> next{unslice(b, loc, y, x[0], place, {1, 1, getValueSize()})};
      for (auto [part, whole] : llvm::zip_equal(w.list(), x.drop_front()))
        next.push_back(putRow(b, loc, part, whole, h));
      scf::YieldOp::create(b, loc, next);
    }
    Value one = arith::ConstantOp::create(b, loc, b.getI32IntegerAttr(1));
    SmallVector<Value> next{tensor::InsertOp::create(b, loc, arith::AddIOp::create(b, loc, count, one), carries[0], ValueRange())};
    llvm::append_range(next, heads.getResults().drop_front());
    return std::pair(SmallVector<Value>{heads.getResult(0)}, next);
  });
}

//===--- tiles ---------------------------------------------------------------------------------------------------===//

int64_t FastWeightOp::getBlocks(const ChunkOptions &) { return getHeads(); }
int64_t FastWeightOp::getTileAlignment() { return getBlock(); }

SmallVector<int64_t> FastWeightOp::getTileLengths(const ChunkOptions &options) {
  bool rows = options.singleRow || options.tileLength == 1 || getBlock() == 1;
  return rows ? SmallVector<int64_t>{1} : SmallVector<int64_t>{int64_t(getBlock()), 1};
}

Slice FastWeightOp::getStateSlice(OpBuilder &b, unsigned i, Value block, const ChunkOptions &) {
  return headOf(b, getStateSpecs()[i].shape, block);
}
Slice FastWeightOp::getResultSlice(OpBuilder &b, unsigned, Value block, const ChunkOptions &) {
  return headOf(b, itemShape(getY()), block);
}

SmallVector<Value> FastWeightOp::emitTile(OpBuilder &b, Value row, int64_t length, Value block, ValueRange results,
                                          ValueRange states, const ChunkOptions &) {
  Location loc = getLoc();
  HeadRows rows(*this, b, row, length, block);
  SmallVector<OpFoldResult> start(3, b.getIndexAttr(0));
  auto inner = [&](Value x, ArrayRef<unsigned> dropped) { return slice(b, loc, x, start, rowsType(x).getShape(), dropped); };
  Value count = states[0];
  SmallVector<Value> of = llvm::map_to_vector(states.drop_front(), [&](Value s) { return inner(s, {0}); });
  Weights w(*this, of);
  Value y;
  if (length == 1) {
    y = rows.step(inner(results[0], {0, 1}), w, count);
  } else {
    w = rows.begun(w, count);
    y = rows.tile(inner(results[0], {1}), w);
  }
  SmallVector<Value> out{unslice(b, loc, y, results[0], start, rowsType(results[0]).getShape())};
  for (auto [part, whole] : llvm::zip_equal(w.list(), states.drop_front()))
    out.push_back(unslice(b, loc, part, whole, start, rowsType(whole).getShape()));
  return out;
}
