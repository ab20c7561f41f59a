// strand.fast_weight: what it is.
//
// Tiles are whole blocks. All keys go through the layers at the tile's first weights A, which gives what goes into each
// layer, and come back as the errors of each layer, which need no weights but A. Then the queries go through the
// layers. In each, with its first weights A (there M = A), its sums S, the tile's rows r, s, what goes into it of the
// queries, q, and of the keys, k, and its errors e:
//   D[r, s] = product of exp(momentum[s+1..r])                 how much of step s the sum holds at row r
//   W[r, s] = sum over u = s..r of (product of exp(gate[u+1..r])) D[u, s]
//   y[r]    = m[r] q_r A + n[r] q_r S + sum_{s <= r} W[r, s] (q_r . k_s) e_s
// where m[r] is the product of exp(gate[0..r]) and n[r] = exp(gate[r]) n[r-1] + product of exp(momentum[0..r]). Every
// addend of W and n is positive, so nothing is lost. With `rescale`, W[r, s] is tau[r] and m is 1. A bias is a row of
// weights whose input is 1: it adds m[r] and n[r] times its own first values, and 1 to q_r . k_s.
#include "dialects/Strand/Arithmetic.h"
#include "dialects/Strand/LayerActivation.h"
#include "dialects/Strand/Rows.h"
#include "dialects/Strand/ScanStep.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"
using namespace mlir;
using namespace strand;

static RankedTensorType tensorOf(Value like, ArrayRef<int64_t> shape) {
  return RankedTensorType::get(shape, rowsType(like).getElementType());
}

SmallVector<int64_t> FastWeightOp::getLayerSizes() {
  SmallVector<int64_t> sizes{getKeySize()};
  for (Value w : getInit().drop_back(getInit().empty() ? 0 : 1))
    sizes.push_back(rowsType(w).getShape().back());
  sizes.push_back(getValueSize());
  return sizes;
}

SmallVector<SmallVector<int64_t>> FastWeightOp::getPartShapes() {
  SmallVector<int64_t> sizes = getLayerSizes();
  SmallVector<SmallVector<int64_t>> shapes;
  for (int64_t l = 0; l < getLayers(); ++l)
    shapes.push_back({sizes[l], sizes[l + 1]});
  for (unsigned l = 0; l < getBias().size(); ++l)
    shapes.push_back({sizes[l + 1]});
  return shapes;
}

Value FastWeightOp::getPartInit(unsigned i) {
  if (i >= getLayers())
    return getBias()[i - getLayers()];
  return getInit().empty() ? Value() : getInit()[i];
}

LogicalResult FastWeightOp::verifyLayers() {
  for (auto [l, w] : llvm::enumerate(getInit()))
    if (rowsType(w).getRank() != 3 || !rowsType(w).hasStaticShape())
      return emitOpError("C5: init of layer ") << l + 1 << " must be heads x inputs x outputs, not " << w.getType();
  if (!getBias().empty() && int64_t(getBias().size()) != getLayers())
    return emitOpError("C9: wants a bias of each of ") << getLayers() << " layers or none, has " << getBias().size();
  for (auto [i, shape] : llvm::enumerate(getPartShapes())) {
    Value init = getPartInit(i);
    shape.insert(shape.begin(), getHeads());
    if (init && rowsType(init).getShape() != ArrayRef(shape))
      return emitOpError(shape.size() == 3 ? "C5: init" : "C9: bias")
             << " of layer " << i % getLayers() + 1 << " must be " << tensorOf(getV(), shape) << ", not "
             << init.getType();
  }
  if (bool(getActivation()) != (getLayers() > 1))
    return emitOpError("C10: an activation stands between layers, of which there ")
           << (getLayers() == 1 ? "is 1" : "are " + std::to_string(getLayers()))
           << (getActivation() ? "" : " and it is not given");
  return success();
}

LogicalResult FastWeightOp::verify() {
  auto q = rowsType(getQ()), k = rowsType(getK()), v = rowsType(getV()), y = rowsType(getY());
  if (q != k || q.getRank() != 3)
    return emitOpError("C1: q and k must have one type of rank 3 (rows x heads x size), not ") << q << " and " << k;
  if (v != y || v.getRank() != 3 || v.getDimSize(1) != getHeads())
    return emitOpError("C2: v and the result must have one type, rows x ")
           << getHeads() << " x size, not " << v << " and " << y;
  for (Value x : {Value(getRate()), Value(getMomentum()), Value(getGate()), Value(getRescale())})
    if (x && rowsType(x).getShape() != ArrayRef<int64_t>{q.getDimSize(0), getHeads()})
      return emitOpError("C3: rate, momentum, gate and rescale must be rows x ")
             << getHeads() << ", not " << x.getType();
  if (getRescale() && (getMomentum() || getGate()))
    return emitOpError("C4: `rescale` excludes `momentum` and `gate`");
  if (failed(verifyLayers()))
    return failure();
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
  SmallVector<StateSpec> specs{{"count", {}, b.getI32Type(), b.getI32IntegerAttr(0), Growth::Count}};
  auto addParts = [&](std::string name) {
    for (auto [i, shape] : llvm::enumerate(getPartShapes())) {
      std::string part = shape.size() == 1 ? name + "_bias" : name;
      if (getLayers() > 1)
        part += std::to_string(i % getLayers() + 1);
      shape.insert(shape.begin(), getHeads());
      specs.push_back({part, shape, e, FloatAttr::get(e, 0)});
    }
  };
  addParts("anchor");
  if (hasMemory())
    addParts("memory");
  if (hasSum())
    addParts("sum");
  return specs;
}

/// A gate of zeros and a rescale of ones are none; a single layer without init begins at zeros. States keep the
/// rescale: without it they are others.
LogicalResult FastWeightOp::canonicalize(FastWeightOp op, PatternRewriter &rewriter) {
  bool noGate = isAll(op.getGate(), 0), noRescale = !op.hasState() && isAll(op.getRescale(), 1);
  bool noInit = op.getInit().size() == 1 && isAll(op.getInit()[0], 0);
  if (!noGate && !noRescale && !noInit)
    return failure();
  rewriter.modifyOpInPlace(op, [&] {
    if (noGate)
      op.getGateMutable().clear();
    if (noRescale)
      op.getRescaleMutable().clear();
    if (noInit)
      op.getInitMutable().clear();
  });
  return success();
}

namespace {
/// What one head carries of the weights or the bias of one layer; null what the op has not.
struct Part {
  Value anchor, memory, sum;
};

/// What one head carries: the weights of the layers, then their biases.
struct Weights {
  SmallVector<Part> parts;

  Weights(FastWeightOp op, ValueRange values) : parts(op.getPartShapes().size()) {
    auto take = [&](Value Part::*which) {
      for (Part &part : parts) {
        part.*which = values.front();
        values = values.drop_front();
      }
    };
    take(&Part::anchor);
    if (op.hasMemory())
      take(&Part::memory);
    if (op.hasSum())
      take(&Part::sum);
  }
  SmallVector<Value> list() const {
    SmallVector<Value> all;
    for (Value Part::*which : {&Part::anchor, &Part::memory, &Part::sum})
      for (const Part &part : parts)
        if (part.*which)
          all.push_back(part.*which);
    return all;
  }
};

/// The operands of one head over some rows, and the forms built from them.
struct HeadRows {
  FastWeightOp op;
  OpBuilder &b;
  Location loc;
  Value head;
  int64_t C, layers;
  SmallVector<int64_t> sizes; // what goes into each layer, and what comes out of the last
  Type e;
  Value zero;
  Value q, k, v;                      // C x K, C x K, C x V
  Value rate, momentum, gate, rescale; // C

  HeadRows(FastWeightOp op, OpBuilder &b, Value row, int64_t length, Value head)
      : op(op), b(b), loc(op.getLoc()), head(head), C(length), layers(op.getLayers()), sizes(op.getLayerSizes()),
        e(rowsType(op.getV()).getElementType()), zero(floatConstant(b, loc, e, 0)) {
    OpFoldResult first = b.getIndexAttr(0);
    q = slice(b, loc, op.getQ(), {row, head, first}, {C, 1, sizes.front()}, {1});
    k = slice(b, loc, op.getK(), {row, head, first}, {C, 1, sizes.front()}, {1});
    v = slice(b, loc, op.getV(), {row, head, first}, {C, 1, sizes.back()}, {1});
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
  /// One row, whose number in the sequence is `count`: y written into `y`.
  Value step(Value y, Weights &w, Value count);
  /// One block from its border on: y [C x V] written into `y`.
  Value tile(Value y, Weights &w);

private:
  /// Of each layer, what goes into it of the keys, and its errors. One row has no dimension of rows.
  struct Learning {
    SmallVector<Value> inputs, errors;
  };
  /// How steps of a block are weighed: W [C x C], m, n and the last row of D [C], product of all exp(momentum). With
  /// `rescale` there are none; n only means something with momentum.
  struct Coefficients {
    Value W, m, n, held, kept;
  };

  const Part *biasOf(const Weights &w, int64_t layer) {
    return op.getBias().empty() ? nullptr : &w.parts[layers + layer];
  }
  Value elementwise(ValueRange ins, Value out, llvm::function_ref<Value(OpBuilder &, Location, ValueRange)> body);
  Value copyInto(Value from, Value to);
  void changeIf(Value condition, ArrayRef<Value *> values, llvm::function_ref<void()> change);
  Weights pastBorder(Weights w, Value count);
  /// into + by * x.
  Value raised(Value into, Value x, Value by);
  Value scaled(Value x, Value by);
  Value scaledRows(Value x, Value by);

  /// Errors of the keys [C x] K at the anchors. `single`: one row.
  Learning learning(Value keys, const Weights &w, bool single);
  Value atAnchor(Value x, const Weights &w, int64_t layer, StringRef rows);
  SmallVector<Value> activated(Value z);
  Value slopeOf(Value z, Value row);
  Value stepAgainst(Value z, Value r, Value out);
  Value stepsAgainst(Value z);

  Value stepPart(Part &part, Value read, Value input, Value error, Value y);

  Coefficients coefficients();
  Value biasRows(const Part &bias, const Coefficients &c, Value y);
  Value scoresOf(Value x, Value inputs, Value W);
  void tilePart(Part &part, Value inputs, Value errors, const Coefficients &c);
  Value tileLayer(Weights &w, int64_t layer, Value x, Value inputs, Value errors, const Coefficients &c, Value y);
};
} // namespace

Value HeadRows::elementwise(ValueRange ins, Value out,
                            llvm::function_ref<Value(OpBuilder &, Location, ValueRange)> body) {
  unsigned rank = rowsType(out).getRank();
  SmallVector<AffineMap> maps(ins.size() + 1, b.getMultiDimIdentityMap(rank));
  return generic(b, loc, ins, out, maps, std::string(rank, 'p'),
                 [&](OpBuilder &b, Location loc, ValueRange x) -> SmallVector<Value> { return {body(b, loc, x)}; })[0];
}

/// A linalg op that only copies would be folded, and with it the place that is copied to.
Value HeadRows::copyInto(Value from, Value to) {
  return bufferization::MaterializeInDestinationOp::create(b, loc, from.getType(), from, to).getResult();
}
Value HeadRows::raised(Value into, Value x, Value by) {
  return elementwise(x, into, [&](OpBuilder &b, Location loc, ValueRange v) {
    return add(b, loc, v[1], mul(b, loc, by, v[0]));
  });
}
Value HeadRows::scaled(Value x, Value by) {
  return elementwise({}, x, [&](OpBuilder &b, Location loc, ValueRange v) { return mul(b, loc, by, v[0]); });
}
/// x[r, i] * by[r].
Value HeadRows::scaledRows(Value x, Value by) {
  Value out = emptyTensor(b, loc, rowsType(x).getShape(), e);
  return generic(b, loc, {x, by}, out, {map("ri", "ri"), map("ri", "r"), map("ri", "ri")}, "pp",
                 [&](OpBuilder &b, Location loc, ValueRange v) -> SmallVector<Value> {
                   return {mul(b, loc, v[0], v[1])};
                 })[0];
}

/// `values`, changed by `change` if `condition` holds.
void HeadRows::changeIf(Value condition, ArrayRef<Value *> values, llvm::function_ref<void()> change) {
  auto now = [&] { return llvm::map_to_vector(values, [](Value *v) { return *v; }); };
  auto become = [&](ValueRange all) {
    for (auto [v, changed] : llvm::zip_equal(values, all))
      *v = changed;
  };
  become(changedIf(b, loc, condition, now(), [&](ValueRange inside) -> SmallVector<Value> {
    become(inside);
    change();
    return now();
  }));
}

Weights HeadRows::begun(Weights w, Value count) {
  SmallVector<Value *> begin;
  SmallVector<Value> inits;
  for (auto [i, part] : llvm::enumerate(w.parts))
    if (Value init = op.getPartInit(i))
      for (Value *x : {&part.anchor, &part.memory})
        if (*x) {
          begin.push_back(x);
          inits.push_back(init);
        }
  if (!begin.empty())
    changeIf(equal(count, 0), begin, [&] {
      for (auto [x, init] : llvm::zip_equal(begin, inits))
        *x = copyInto(takeRow(b, loc, init, head), *x);
    });
  return w;
}

/// Behind the row whose number is `count`: if it is the last of its block, the anchors of the next.
Weights HeadRows::pastBorder(Weights w, Value count) {
  Value in = arith::RemUIOp::create(b, loc, count, indexConstant(b, loc, op.getBlock()));
  Value by = rescale ? at(rescale, indexConstant(b, loc, 0)) : Value();
  SmallVector<Value *> changing;
  for (Part &part : w.parts) {
    changing.push_back(&part.anchor);
    if (rescale)
      changing.push_back(&part.sum);
  }
  changeIf(equal(in, op.getBlock() - 1), changing, [&] {
    for (Part &part : w.parts) {
      part.anchor = rescale ? raised(part.anchor, part.sum, by) : copyInto(part.memory, part.anchor);
      if (rescale)
        part.sum = filledInto(b, loc, zero, part.sum);
    }
  });
  return w;
}

//===--- what is learnt ------------------------------------------------------------------------------------------===//

/// -rate[r] * slope(z, v[r]) written into `out`.
Value HeadRows::stepAgainst(Value z, Value r, Value out) {
  Value row = takeRow(b, loc, v, r), factor = arith::NegFOp::create(b, loc, at(rate, r));
  SmallVector<Value> ins{z, row};
  if (Value slope = slopeOf(z, row))
    ins = {slope};
  return elementwise(ins, out, [&](OpBuilder &b, Location loc, ValueRange x) {
    Value slope = ins.size() == 1 ? x[0] : Value(arith::SubFOp::create(b, loc, x[0], x[1]));
    return mul(b, loc, factor, slope);
  });
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

/// The same of all rows, over `z`.
Value HeadRows::stepsAgainst(Value z) {
  Value lo = indexConstant(b, loc, 0), hi = indexConstant(b, loc, C), one = indexConstant(b, loc, 1);
  auto loop = scf::ForOp::create(b, loc, lo, hi, one, z);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  Value r = loop.getInductionVar(), rows = loop.getRegionIterArg(0), row = takeRow(b, loc, rows, r);
  scf::YieldOp::create(b, loc, putRow(b, loc, stepAgainst(row, r, emptyTensor(b, loc, {sizes.back()}, e)), rows, r));
  return loop.getResult(0);
}

/// x A + c of one layer; `rows`: the letter of a dimension of rows, or none.
Value HeadRows::atAnchor(Value x, const Weights &w, int64_t layer, StringRef rows) {
  SmallVector<int64_t> shape(rowsType(x).getShape());
  shape.back() = sizes[layer + 1];
  std::string in = (rows + "i").str(), out = (rows + "j").str();
  Value z = emptyTensor(b, loc, shape, e);
  if (const Part *bias = biasOf(w, layer))
    z = generic(b, loc, bias->anchor, z, {map(out, "j"), map(out, out)}, std::string(out.size(), 'p'),
                [](OpBuilder &, Location, ValueRange v) -> SmallVector<Value> { return {v[0]}; })[0];
  else
    z = filledInto(b, loc, zero, z);
  return contract(b, loc, x, in, w.parts[layer].anchor, "ij", z, out);
}

/// The activation of z and its slope.
SmallVector<Value> HeadRows::activated(Value z) {
  ArrayRef<int64_t> shape = rowsType(z).getShape();
  SmallVector<Value> outs{emptyTensor(b, loc, shape, e), emptyTensor(b, loc, shape, e)};
  SmallVector<AffineMap> maps(3, b.getMultiDimIdentityMap(shape.size()));
  return generic(b, loc, z, outs, maps, std::string(shape.size(), 'p'),
                 [&](OpBuilder &b, Location loc, ValueRange x) -> SmallVector<Value> {
                   auto [value, slope] = valueAndSlope(b, loc, *op.getActivation(), x[0]);
                   return {value, slope};
                 });
}

HeadRows::Learning HeadRows::learning(Value keys, const Weights &w, bool single) {
  std::string rows = single ? "" : "r";
  Learning all;
  SmallVector<Value> slopes;
  Value z, x = keys;
  for (int64_t l = 0; l < layers; ++l) {
    all.inputs.push_back(x);
    z = atAnchor(x, w, l, rows);
    if (l + 1 == layers)
      break;
    SmallVector<Value> made = activated(z);
    x = made[0];
    slopes.push_back(made[1]);
  }
  all.errors.resize(layers);
  all.errors.back() =
      single ? stepAgainst(z, indexConstant(b, loc, 0), emptyTensor(b, loc, {sizes.back()}, e)) : stepsAgainst(z);
  for (int64_t l = layers - 2; l >= 0; --l) {
    Value back = filled(b, loc, rowsType(slopes[l]).getShape(), zero), A = w.parts[l + 1].anchor;
    back = contract(b, loc, all.errors[l + 1], rows + "j", single ? A : transposed(b, loc, A), single ? "ij" : "ji",
                    back, rows + "i");
    all.errors[l] = elementwise(slopes[l], back, [](OpBuilder &b, Location loc, ValueRange v) {
      return mul(b, loc, v[0], v[1]);
    });
  }
  return all;
}

//===--- one row -------------------------------------------------------------------------------------------------===//

/// What a part of a layer has learnt behind one row, and y + what is read of it there. A bias reads and learns from 1,
/// so it has no `read` and `input`.
Value HeadRows::stepPart(Part &part, Value read, Value input, Value error, Value y) {
  Value first = indexConstant(b, loc, 0);
  auto number = [&](Value x, bool log) {
    Value n = x ? at(x, first) : Value();
    return n && log ? exp(b, loc, n) : n;
  };
  Value eta = number(momentum, true), beta = number(gate, true), tau = number(rescale, false);
  StringRef all = read ? "ij" : "j";
  SmallVector<Value> ins, outs{y};
  SmallVector<AffineMap> maps;
  auto use = [&](Value x, StringRef dims) {
    ins.push_back(x);
    maps.push_back(map(all, dims));
  };
  if (read) {
    use(read, "i");
    use(input, "i");
  }
  use(error, "j");
  if (rescale)
    use(part.anchor, all);
  maps.push_back(map(all, "j"));
  for (Value x : {part.memory, part.sum})
    if (x) {
      outs.push_back(x);
      maps.push_back(map(all, all));
    }
  SmallVector<Value> next = generic(
      b, loc, ins, outs, maps, read ? "rp" : "p", [&](OpBuilder &b, Location loc, ValueRange x) -> SmallVector<Value> {
        ValueRange in = x.take_front(ins.size()), out = x.drop_front(ins.size());
        Value learnt = read ? mul(b, loc, in[1], in[2]) : in[0], seen;
        SmallVector<Value> state;
        if (rescale) {
          state = {add(b, loc, out[1], learnt)};
          seen = add(b, loc, in.back(), mul(b, loc, tau, state[0]));
        } else {
          if (eta)
            learnt = add(b, loc, mul(b, loc, eta, out[2]), learnt);
          seen = add(b, loc, beta ? mul(b, loc, beta, out[1]) : out[1], learnt);
          state = {seen};
          if (eta)
            state.push_back(learnt);
        }
        state.insert(state.begin(), add(b, loc, out[0], read ? mul(b, loc, in[0], seen) : seen));
        return state;
      });
  if (part.memory)
    part.memory = next[1];
  if (part.sum)
    part.sum = next.back();
  return next[0];
}

Value HeadRows::step(Value y, Weights &w, Value count) {
  w = begun(w, count);
  Value first = indexConstant(b, loc, 0), x = takeRow(b, loc, q, first);
  Learning learnt = learning(takeRow(b, loc, k, first), w, /*single=*/true);
  for (int64_t l = 0; l < layers; ++l) {
    bool last = l + 1 == layers;
    Value out = filledInto(b, loc, zero, last ? y : emptyTensor(b, loc, {sizes[l + 1]}, e));
    if (!op.getBias().empty())
      out = stepPart(w.parts[layers + l], {}, {}, learnt.errors[l], out);
    out = stepPart(w.parts[l], x, learnt.inputs[l], learnt.errors[l], out);
    x = last ? out : activated(out)[0];
  }
  w = pastBorder(w, count);
  return x;
}

//===--- blocks --------------------------------------------------------------------------------------------------===//

HeadRows::Coefficients HeadRows::coefficients() {
  if (rescale)
    return {};
  Value one = floatConstant(b, loc, e, 1), lo = indexConstant(b, loc, 0), hi = indexConstant(b, loc, C);
  SmallVector<Value> init{emptyTensor(b, loc, {C, C}, e), emptyTensor(b, loc, {C}, e), emptyTensor(b, loc, {C}, e),
                          filled(b, loc, {C}, zero), filled(b, loc, {C}, zero), one, one, zero};
  auto loop = scf::ForOp::create(
      b, loc, lo, hi, indexConstant(b, loc, 1), init, [&](OpBuilder &b, Location loc, Value r, ValueRange x) {
        auto factor = [&](Value logs) {
          return logs ? exp(b, loc, tensor::ExtractOp::create(b, loc, logs, r)) : Value();
        };
        Value eta = factor(momentum), beta = factor(gate);
        auto times = [&](OpBuilder &b, Value by, Value v) { return by ? mul(b, loc, by, v) : v; };
        Value row = takeRow(b, loc, x[0], r);
        // D[r, :], the running W[r, :], and its place in W
        SmallVector<Value> next =
            generic(b, loc, {}, {x[3], x[4], row}, {map("s", "s"), map("s", "s"), map("s", "s")}, "p",
                    [&](OpBuilder &b, Location loc, ValueRange v) -> SmallVector<Value> {
                      Value s = linalg::IndexOp::create(b, loc, 0);
                      Value own = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, s, r);
                      Value held = arith::SelectOp::create(b, loc, own, one, momentum ? times(b, eta, v[0]) : zero);
                      Value all = add(b, loc, times(b, beta, v[1]), held);
                      return {held, all, all};
                    });
        Value ofMemory = times(b, beta, x[5]), ofSum = times(b, eta, x[6]),
              n = add(b, loc, times(b, beta, x[7]), ofSum);
        scf::YieldOp::create(
            b, loc,
            ValueRange{putRow(b, loc, next[2], x[0], r), tensor::InsertOp::create(b, loc, ofMemory, x[1], r),
                       tensor::InsertOp::create(b, loc, n, x[2], r), next[0], next[1], ofMemory, ofSum, n});
      });
  return {loop.getResult(0), loop.getResult(1), loop.getResult(2), loop.getResult(3), loop.getResult(6)};
}

/// What a bias of before the block still is at each row, written into y [C x D]: m[r] M + n[r] S.
Value HeadRows::biasRows(const Part &bias, const Coefficients &c, Value y) {
  SmallVector<Value> ins{rescale ? bias.anchor : bias.memory};
  SmallVector<AffineMap> maps{map("rj", "j")};
  auto use = [&](Value x, StringRef dims) {
    ins.push_back(x);
    maps.push_back(map("rj", dims));
  };
  if (!rescale)
    use(c.m, "r");
  if (momentum) {
    use(bias.sum, "j");
    use(c.n, "r");
  }
  maps.push_back(map("rj", "rj"));
  return generic(b, loc, ins, y, maps, "pp", [&](OpBuilder &b, Location loc, ValueRange x) -> SmallVector<Value> {
    Value left = rescale ? x[0] : mul(b, loc, x[0], x[1]);
    return {momentum ? add(b, loc, left, mul(b, loc, x[2], x[3])) : left};
  })[0];
}

/// (x_r . inputs_s, and 1 for the bias) W[r, s] for s <= r, else 0; without W, tau[r] in its place.
Value HeadRows::scoresOf(Value x, Value inputs, Value W) {
  Value start = filled(b, loc, {C, C}, op.getBias().empty() ? zero : floatConstant(b, loc, e, 1));
  Value scores = contract(b, loc, x, "ri", transposed(b, loc, inputs), "is", start, "rs");
  AffineMap rs = map("rs", "rs");
  return generic(b, loc, W ? W : rescale, scores, {W ? rs : map("rs", "r"), rs}, "pp",
                 [&](OpBuilder &b, Location loc, ValueRange v) -> SmallVector<Value> {
                   Value r = linalg::IndexOp::create(b, loc, 0), s = linalg::IndexOp::create(b, loc, 1);
                   Value seen = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ule, s, r);
                   return {arith::SelectOp::create(b, loc, seen, mul(b, loc, v[0], v[1]), zero)};
                 })[0];
}

/// A part of a layer behind the block. A bias has no `inputs`.
void HeadRows::tilePart(Part &part, Value inputs, Value errors, const Coefficients &c) {
  Value last = indexConstant(b, loc, C - 1);
  auto learn = [&](Value into, Value by) {
    if (!inputs)
      return contract(b, loc, by, "s", errors, "sj", into, "j");
    return contract(b, loc, transposed(b, loc, scaledRows(inputs, by)), "is", errors, "sj", into, "ij");
  };
  if (rescale) { // the sum is 0 here, at both borders
    part.anchor = learn(part.anchor, filled(b, loc, {C}, at(rescale, last)));
    return;
  }
  Value memory = gate ? scaled(part.memory, at(c.m, last)) : part.memory;
  if (part.sum)
    memory = raised(memory, part.sum, at(c.n, last));
  part.memory = learn(memory, takeRow(b, loc, c.W, last));
  if (part.sum)
    part.sum = learn(scaled(part.sum, c.kept), c.held);
  part.anchor = copyInto(part.memory, part.anchor);
}

/// x [C x D] through one layer, written into y, and its weights behind the block.
Value HeadRows::tileLayer(Weights &w, int64_t layer, Value x, Value inputs, Value errors, const Coefficients &c,
                          Value y) {
  Part &part = w.parts[layer];
  const Part *bias = biasOf(w, layer);
  y = bias ? biasRows(*bias, c, y) : filledInto(b, loc, zero, y);
  if (rescale)
    y = contract(b, loc, x, "ri", part.anchor, "ij", y, "rj");
  else
    y = contract(b, loc, scaledRows(x, c.m), "ri", part.memory, "ij", y, "rj");
  if (momentum)
    y = contract(b, loc, scaledRows(x, c.n), "ri", part.sum, "ij", y, "rj");
  y = contract(b, loc, scoresOf(x, inputs, c.W), "rs", errors, "sj", y, "rj");
  tilePart(part, inputs, errors, c);
  if (bias)
    tilePart(w.parts[layers + layer], {}, errors, c);
  return y;
}

Value HeadRows::tile(Value y, Weights &w) {
  Learning learnt = learning(k, w, /*single=*/false);
  Coefficients c = coefficients();
  Value x = q;
  for (int64_t l = 0; l < layers; ++l) {
    bool last = l + 1 == layers;
    Value out = last ? y : emptyTensor(b, loc, {C, sizes[l + 1]}, e);
    out = tileLayer(w, l, x, learnt.inputs[l], learnt.errors[l], c, out);
    x = last ? out : activated(out)[0];
  }
  return x;
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
    auto heads = scf::ForOp::create(b, loc, indexConstant(b, loc, 0), indexConstant(b, loc, getHeads()),
                                    indexConstant(b, loc, 1), all);
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
    SmallVector<Value> next{
        tensor::InsertOp::create(b, loc, arith::AddIOp::create(b, loc, count, one), carries[0], ValueRange())};
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
  auto startOf = [&](Value x) { return SmallVector<OpFoldResult>(rowsType(x).getRank(), b.getIndexAttr(0)); };
  auto inner = [&](Value x, ArrayRef<unsigned> dropped) {
    return slice(b, loc, x, startOf(x), rowsType(x).getShape(), dropped);
  };
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
  SmallVector<Value> out{unslice(b, loc, y, results[0], startOf(results[0]), rowsType(results[0]).getShape())};
  for (auto [part, whole] : llvm::zip_equal(w.list(), states.drop_front()))
    out.push_back(unslice(b, loc, part, whole, startOf(whole), rowsType(whole).getShape()));
  return out;
}
