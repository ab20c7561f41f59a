// Tiles and summaries of strand.delta_rule.
//
// The M = C * F factors of the C rows of a tile are walked as M updates of the state, of which the first of each
// row decays it. With w[m] what update m writes at, n[m] what it writes, and P[m, l] the decay of what l wrote at m,
//   S[m] = D[m] S[m-1] + w[m] n[m]^T
// so what is read at update m is known from the first state S of the tile and the earlier n:
//   n[m] = beta[m] (v[m] - (P[m, start] k[m])^T S - sum_{l<m} (k[m] . P[m, l] k[l]) n[l])      w = k
//   n[m] = (P[m-1, start] a[m])^T S + sum_{l<m} (a[m] . P[m-1, l] b[l]) n[l]                     w = b, low rank
//                                   + sum_{l<m} (a[m] . P[m-1, l] k[l]) v[l]
// a triangular system that is solved row by row, since its matrix does not depend on the state. Then
//   y[r] = (P[r, start] q[r])^T S + sum_m (q[r] . P[r, m] w[m]) n[m]      (and the same of k and v, low rank)
//   S'   = P[last, start] S + sum_m (P[last, m] w[m]) n[m]^T
// P is a product of gates, never a quotient, so nothing overflows. A scalar gate has one matrix P; a vector gate has
// one a channel, which is folded into the keys while the updates are walked (keys transposed, so that lanes are
// updates).
//
// A summary of rows is what they make of no state, and the matrix T of the rest, S' = T S + ..., which is what they
// make, without values, of a state that begins as the identity.
#include "dialects/Strand/DeltaTile.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
using namespace mlir;
using namespace strand;

static int64_t valuesOfBlock(DeltaRuleOp op, const ChunkOptions &options) {
  return isForTensorCores(op, options) ? valuesInRegisters(op.getKeySize(), op.getValueSize()) : op.getValueSize();
}

SmallVector<OpOperand *> DeltaRuleOp::getMultiplied() {
  SmallVector<OpOperand *> rows{&getQMutable(), &getKMutable(), &getVMutable()};
  for (MutableOperandRange some : {getAMutable(), getBMutable()})
    for (OpOperand &operand : some)
      rows.push_back(&operand);
  return rows;
}

int64_t DeltaRuleOp::getBlocks(const ChunkOptions &options) {
  return getHeads() * getValueSize() / valuesOfBlock(*this, options);
}

SmallVector<int64_t> DeltaRuleOp::getTileLengths(const ChunkOptions &options) {
  if (options.singleRow)
    return {1};
  if (isForTensorCores(*this, options) && !options.tileLength)
    return lengthsOfCoreTiles(*this);
  int64_t updates = hasVectorGate() || isLowRank() ? 16 : 32;
  int64_t length = options.tileLength ? options.tileLength : std::max<int64_t>(1, updates / getFactors());
  return length > 1 ? SmallVector<int64_t>{length, 1} : SmallVector<int64_t>{1};
}

static HeadPart partOf(OpBuilder &b, DeltaRuleOp op, Value block, const ChunkOptions &options) {
  return HeadPart(b, op.getLoc(), block, op.getValueSize(), valuesOfBlock(op, options));
}

Slice DeltaRuleOp::getStateSlice(OpBuilder &b, unsigned i, Value block, const ChunkOptions &options) {
  return partOf(b, *this, block, options).of(b, getStateSpecs()[i].shape, true);
}
Slice DeltaRuleOp::getResultSlice(OpBuilder &b, unsigned, Value block, const ChunkOptions &options) {
  return partOf(b, *this, block, options).of(b, itemShape(getY()), true);
}


//===--- one row -------------------------------------------------------------------------------------------------===//

DeltaTile::RowGate DeltaTile::rowGate(Value at) {
  if (!gate)
    return {};
  if (op.hasVectorGate())
    return {{}, takeRow(b, loc, gate, at)};
  return {exp(b, loc, tensor::ExtractOp::create(b, loc, gate, at)), {}};
}

/// (D S)^T keys.
Value DeltaTile::stepRead(const RowGate &gate, Value keys, Value state) {
  SmallVector<Value> ins{keys};
  SmallVector<AffineMap> maps{map("ij", "i")};
  if (gate.logs) {
    ins.push_back(gate.logs);
    maps.push_back(map("ij", "i"));
  }
  ins.push_back(state);
  maps.append({map("ij", "ij"), map("ij", "j")});
  return generic(b, loc, ins, zeros({V}), maps, "rp",
                 [&](OpBuilder &b, Location loc, ValueRange x) -> SmallVector<Value> {
                   return {add(b, loc, x.back(), mul(b, loc, gate.applied(b, loc, x[0], x[1]), x[x.size() - 2]))};
                 })[0];
}

/// beta (v - read) of the update `at`.
Value DeltaTile::stepCorrection(Value read, Value at) {
  SmallVector<Value> ins;
  SmallVector<StringRef> dims;
  if (v) {
    ins.push_back(takeRow(b, loc, v, at));
    dims.push_back("j");
  }
  Value number;
  if (op.hasVectorBeta()) {
    ins.push_back(takeRow(b, loc, beta, at));
    dims.push_back("j");
  } else if (beta) {
    number = tensor::ExtractOp::create(b, loc, beta, at);
  }
  dims.push_back("j");
  return mapped(ins, read, dims, [&](OpBuilder &b, Location loc, ValueRange x) {
    Value error = v ? sub(b, loc, x[0], x.back()) : Value(arith::NegFOp::create(b, loc, x.back()));
    return number ? mul(b, loc, number, error) : x.size() == 3 ? mul(b, loc, x[1], error) : error;
  });
}

/// S = D S + the sum of keys value^T; with `y` also y = scale S^T q in the same pass: {y, S}, else {S}.
SmallVector<Value> DeltaTile::stepWritten(const RowGate &gate, ValueRange keys, ValueRange values, Value y,
                                          Value state) {
  Inputs ins(*this, "ij");
  SmallVector<Value> outs;
  for (auto [key, value] : llvm::zip_equal(keys, values)) {
    ins.read(key, "i");
    ins.read(value, "j");
  }
  size_t log = gate.logs ? ins.read(gate.logs, "i") : 0, query = 0;
  if (y) {
    query = ins.read(takeRow(b, loc, q, indexConstant(b, loc, 0)), "i");
    outs.push_back(filledInto(b, loc, zero, y));
    ins.maps.push_back(map("ij", "j"));
  }
  outs.push_back(state);
  ins.maps.push_back(map("ij", "ij"));
  return generic(b, loc, ins.values, outs, ins.maps, y ? "rp" : "pp",
                 [&](OpBuilder &b, Location loc, ValueRange x) -> SmallVector<Value> {
                   Value s = gate.applied(b, loc, x.back(), x[log]);
                   for (size_t i = 0; i < keys.size(); ++i)
                     s = add(b, loc, s, mul(b, loc, x[2 * i], x[2 * i + 1]));
                   if (!y)
                     return {s};
                   return {add(b, loc, x[ins.values.size()], mul(b, loc, mul(b, loc, x[query], scale), s)), s};
                 });
}

SmallVector<Value> DeltaTile::step(Value y, Value state) {
  Value first = indexConstant(b, loc, 0);
  Value into = y ? takeRow(b, loc, y, first) : Value();
  RowGate gate = rowGate(first);
  SmallVector<Value> out;
  if (op.isLowRank()) {
    SmallVector<Value> keys{takeRow(b, loc, low, first)}, values{stepRead({}, takeRow(b, loc, a, first), state)};
    if (v) {
      keys.push_back(takeRow(b, loc, k, first));
      values.push_back(takeRow(b, loc, v, first));
    }
    out = stepWritten(gate, keys, values, into, state);
  }
  for (int64_t f = 0; f < F && !op.isLowRank(); ++f) {
    Value at = indexConstant(b, loc, f), keys = takeRow(b, loc, k, at);
    Value n = stepCorrection(stepRead(gate, keys, state), at);
    out = stepWritten(gate, keys, n, f + 1 == F ? into : Value(), state);
    state = out.back();
    gate = {};
  }
  if (y)
    out[0] = putRow(b, loc, out[0], y, first);
  return out;
}

//===--- several rows --------------------------------------------------------------------------------------------===//

/// A value of each row as one of each update: first(x) in the first of a row, `between` in the others. `dims` of x;
/// `loops` row, factor and what an update has.
Value DeltaTile::perUpdate(Value rows, StringRef dims, StringRef loops, double between,
                           llvm::function_ref<Value(OpBuilder &, Location, Value)> first) {
  SmallVector<int64_t> shape{C, F};
  SmallVector<ReassociationIndices> joined{{0, 1}};
  if (loops.size() == 3) {
    shape.push_back(K);
    joined.push_back({2});
  }
  Value rest = floatConstant(b, loc, e, between);
  Value out = mapped(rows, empty(shape), {dims, loops}, [&](OpBuilder &b, Location loc, ValueRange x) -> Value {
    Value here = first(b, loc, x[0]);
    if (F == 1)
      return here;
    Value isFirst = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, linalg::IndexOp::create(b, loc, 1),
                                          indexConstant(b, loc, 0));
    return arith::SelectOp::create(b, loc, isFirst, here, rest);
  });
  return tensor::CollapseShapeOp::create(b, loc, out, joined);
}

/// Of what there is for each update, that of the last of each row.
Value DeltaTile::endsOfRows(Value updates) {
  if (F == 1)
    return updates;
  SmallVector<int64_t> shape(rowsType(updates).getShape());
  shape[0] = C;
  SmallVector<OpFoldResult> offsets(shape.size(), b.getIndexAttr(0)), strides(shape.size(), b.getIndexAttr(1));
  offsets[0] = b.getIndexAttr(F - 1);
  strides[0] = b.getIndexAttr(F);
  return tensor::ExtractSliceOp::create(b, loc, RankedTensorType::get(shape, e), updates, offsets,
                                        getAsIndexOpFoldResult(b.getContext(), shape), strides);
}

/// One matrix P, so that keys meet keys in products.
void DeltaTile::scalarWeights(Weights &weights) {
  Value gates =
      !gate || F == 1 ? gate : perUpdate(gate, "r", "rf", 0, [](OpBuilder &, Location, Value x) { return x; });
  DecayWeights w = decayWeights(b, loc, gates, M, e);
  auto scaledProduct = [&](OpBuilder &b, Location loc, ValueRange x) {
    return mul(b, loc, mul(b, loc, x[0], scale), x[1]);
  };
  auto minusProduct = [&](OpBuilder &b, Location loc, ValueRange x) -> Value {
    return arith::NegFOp::create(b, loc, mul(b, loc, x[0], x[1]));
  };
  Value keys = transposed(b, loc, k);
  Value system = contract(b, loc, k, "mi", keys, "il", zeros({M, M}), "ml");
  system = mapped(w.products, system, {"ml", "ml"}, minusProduct);
  Value scores = contract(b, loc, q, "ri", keys, "im", zeros({C, M}), "rm");
  scores = mapped(endsOfRows(w.products), scores, {"rm", "rm"}, scaledProduct);
  weights.start.errors = mapped({k, w.fromStart}, empty({M, K}), {"mi", "m", "mi"}, minusProduct);
  weights.start.queries = mapped({q, endsOfRows(w.fromStart)}, empty({C, K}), {"ri", "r", "ri"}, scaledProduct);
  weights.start.total = gate ? w.total : Value();
  Value last = takeRow(b, loc, w.products, indexConstant(b, loc, M - 1));
  keys =
      mapped(last, keys, {"m", "im"}, [](OpBuilder &b, Location loc, ValueRange x) { return mul(b, loc, x[0], x[1]); });
  weights.written.push_back({system, scores, keys});
}

/// keys[i, l] holds what update l writes at, weighed with the decays of channel i since: each update weighs the earlier
/// ones with its own decay and adds its column. Low rank reads them before that decay, a correction behind it.
void DeltaTile::vectorWeights(Weights &weights) {
  bool lowRank = op.isLowRank();
  Value unit = floatConstant(b, loc, e, 1);
  auto factor = [](OpBuilder &b, Location loc, Value g) { return exp(b, loc, g); };
  Value factors =
      gate ? perUpdate(gate, op.hasVectorGate() ? "ri" : "r", "rfi", 1, factor) : filled(b, loc, {M, K}, unit);
  SmallVector<Value> init{empty({M, K}), empty({C, K}),
                          filled(b, loc, {K}, unit)}; // errors, queries, decay since the start
  SmallVector<Value> writers{k};
  if (lowRank)
    writers = {low, k};
  for (Value w : writers)
    init.append({empty({M, M}), empty({C, M}), transposed(b, loc, w)});
  auto row = [&](OpBuilder &b, Location loc, Value m, ValueRange x) {
    Value r = F == 1 ? m : Value(arith::DivUIOp::create(b, loc, m, indexConstant(b, loc, F)));
    Value decay = takeRow(b, loc, factors, m), reader = takeRow(b, loc, lowRank ? a : k, m),
          query = takeRow(b, loc, q, r);
    auto read = [&](OpBuilder &b, Location loc, Value key) -> Value {
      return lowRank ? key : arith::NegFOp::create(b, loc, key);
    };
    SmallVector<Value> since =
        generic(b, loc, {decay, reader, query}, {takeRow(b, loc, x[0], m), takeRow(b, loc, x[1], r), x[2]},
                SmallVector<AffineMap>(6, map("i", "i")), "p",
                [&](OpBuilder &b, Location loc, ValueRange v) -> SmallVector<Value> {
                  Value next = mul(b, loc, v[0], v[5]);
                  return {mul(b, loc, read(b, loc, v[1]), lowRank ? v[5] : next),
                          mul(b, loc, mul(b, loc, v[2], scale), next), next};
                });
    SmallVector<Value> next{putRow(b, loc, since[0], x[0], m), putRow(b, loc, since[1], x[1], r), since[2]};
    for (size_t at = 3; at < x.size(); at += 3) {
      Value system = filledInto(b, loc, zero, takeRow(b, loc, x[at], m)),
            scores = filledInto(b, loc, zero, takeRow(b, loc, x[at + 1], r));
      SmallVector<AffineMap> maps(3, map("il", "i"));
      maps.append({map("il", "l"), map("il", "l"), map("il", "il")});
      SmallVector<Value> met =
          generic(b, loc, {decay, reader, query}, {system, scores, x[at + 2]}, maps, "rp",
                  [&](OpBuilder &b, Location loc, ValueRange v) -> SmallVector<Value> {
                    Value l = linalg::IndexOp::create(b, loc, 1), old = v[5];
                    Value earlier = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ult, l, m);
                    Value until = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ule, l, m);
                    Value key = arith::SelectOp::create(b, loc, earlier, mul(b, loc, v[0], old), old);
                    Value error = arith::SelectOp::create(b, loc, earlier, lowRank ? old : key, zero),
                          seen = arith::SelectOp::create(b, loc, until, key, zero);
                    return {add(b, loc, v[3], mul(b, loc, read(b, loc, v[1]), error)),
                            add(b, loc, v[4], mul(b, loc, mul(b, loc, v[2], scale), seen)), key};
                  });
      next.append({putRow(b, loc, met[0], x[at], m), putRow(b, loc, met[1], x[at + 1], r), met[2]});
    }
    scf::YieldOp::create(b, loc, next);
  };
  auto loop = scf::ForOp::create(b, loc, indexConstant(b, loc, 0), indexConstant(b, loc, M), indexConstant(b, loc, 1),
                                 init, row);
  ValueRange out = loop.getResults();
  weights.start = {out[0], out[1], gate ? out[2] : Value()};
  for (size_t at = 3; at < out.size(); at += 3)
    weights.written.push_back({out[at], out[at + 1], out[at + 2]});
}

/// n with n[m] = beta[m] (rhs[m] + sum_{l<m} system[m, l] n[l]).
Value DeltaTile::solved(Value system, Value rhs) {
  auto row = [&](OpBuilder &b, Location loc, Value m, ValueRange x) {
    OpFoldResult first = b.getIndexAttr(0), one = b.getIndexAttr(1);
    Value weights = tensor::ExtractSliceOp::create(b, loc, RankedTensorType::get({ShapedType::kDynamic}, e), system,
                                                   ArrayRef<OpFoldResult>{m, first}, ArrayRef<OpFoldResult>{one, m},
                                                   ArrayRef<OpFoldResult>{one, one});
    Value before = tensor::ExtractSliceOp::create(
        b, loc, RankedTensorType::get({ShapedType::kDynamic, V}, e), x[0], ArrayRef<OpFoldResult>{first, first},
        ArrayRef<OpFoldResult>{m, b.getIndexAttr(V)}, ArrayRef<OpFoldResult>{one, one});
    Value sum = contract(b, loc, weights, "l", before, "lj", filled(b, loc, {V}, zero), "j");
    SmallVector<Value> ins{sum, takeRow(b, loc, rhs, m)};
    SmallVector<AffineMap> maps(ins.size(), map("j", "j"));
    Value number;
    if (op.hasVectorBeta()) {
      ins.push_back(takeRow(b, loc, beta, m));
      maps.push_back(map("j", "j"));
    } else if (beta) {
      number = tensor::ExtractOp::create(b, loc, beta, m);
    }
    maps.push_back(map("j", "j"));
    Value n = generic(b, loc, ins, takeRow(b, loc, x[0], m), maps, "p",
                      [&](OpBuilder &b, Location loc, ValueRange v) -> SmallVector<Value> {
                        Value error = add(b, loc, v[0], v[1]);
                        return {number ? mul(b, loc, number, error) : v.size() == 4 ? mul(b, loc, v[2], error) : error};
                      })[0];
    scf::YieldOp::create(b, loc, putRow(b, loc, n, x[0], m));
  };
  Value lo = indexConstant(b, loc, 0), hi = indexConstant(b, loc, M), one = indexConstant(b, loc, 1);
  return scf::ForOp::create(b, loc, lo, hi, one, empty({M, V}), row).getResult(0);
}

Value DeltaTile::decayedState(Value state, Value total) {
  if (!total)
    return state;
  bool perChannel = isa<RankedTensorType>(total.getType());
  SmallVector<Value> ins;
  SmallVector<StringRef> dims;
  if (perChannel) {
    ins.push_back(total);
    dims.push_back("i");
  }
  dims.push_back("ij");
  return mapped(ins, state, dims, [&](OpBuilder &b, Location loc, ValueRange x) {
    return mul(b, loc, perChannel ? x[0] : total, x.back());
  });
}

DeltaTile::Weights DeltaTile::weights() {
  Weights made;
  if (op.hasVectorGate() || op.isLowRank())
    vectorWeights(made);
  else
    scalarWeights(made);
  return made;
}

/// n of all updates.
Value DeltaTile::corrections(const Weights &weights, Value state) {
  Value rhs = zeros({M, V});
  if (v && op.isLowRank())
    rhs = contract(b, loc, weights.written[1].system, "ml", v, "lj", rhs, "mj");
  else if (v)
    rhs = mapped(v, empty({M, V}), {"mj", "mj"}, [](OpBuilder &, Location, ValueRange x) { return x[0]; });
  return solved(weights.written[0].system, contract(b, loc, weights.start.errors, "mi", state, "ij", rhs, "mj"));
}

Value DeltaTile::stateAfter(const Weights &weights, Value n, Value state) {
  state = decayedState(state, weights.start.total);
  for (auto [w, value] : llvm::zip(weights.written, SmallVector<Value>{n, v}))
    if (value)
      state = contract(b, loc, w.keys, "im", value, "mj", state, "ij");
  return state;
}
Value DeltaTile::stateAfter(const Weights &weights, Value state) {
  return stateAfter(weights, corrections(weights, state), state);
}

SmallVector<Value> DeltaTile::tile(Value y, Value state) {
  Weights of = weights();
  Value n = corrections(of, state);
  y = filledInto(b, loc, zero, y);
  for (auto [w, value] : llvm::zip(of.written, SmallVector<Value>{n, v}))
    y = contract(b, loc, w.scores, "rm", value, "mj", y, "rj");
  y = contract(b, loc, of.start.queries, "ri", state, "ij", y, "rj");
  return {y, stateAfter(of, n, state)};
}

SmallVector<Value> DeltaRuleOp::emitTile(OpBuilder &b, Value row, int64_t length, Value block, ValueRange results,
                                         ValueRange states, const ChunkOptions &options) {
  Location loc = getLoc();
  bool onCores = isForTensorCores(*this, options) && length > 1;
  DeltaTile tile(*this, b, row, length, partOf(b, *this, block, options), onCores);
  Value y = withoutHead(b, loc, results[0], 1)[0], s = withoutHead(b, loc, states[0], 0)[0];
  SmallVector<Value> out;
  if (length == 1)
    out = tile.step(y, s);
  else if (!onCores)
    out = tile.tile(y, s);
  else if (isLowRank())
    out = tile.tensorCoreLowRankTile(y, s);
  else if (hasVectorGate())
    out = tile.tensorCoreVectorTile(y, s);
  else
    out = tile.tensorCoreTile(y, s);
  return withHead(b, loc, out, {results[0], states[0]});
}

//===--- spans ---------------------------------------------------------------------------------------------------===//

/// With a beta for each value channel each of these has a matrix of its own, and a block of a device has no room for
/// a matrix beside the state.
bool DeltaRuleOp::canBeSplit(const ChunkOptions &options) { return !hasVectorBeta() && !options.device; }

SmallVector<StateSpec> DeltaRuleOp::getTransferSpecs() {
  Type e = rowsType(getY()).getElementType();
  return {{"t", {getHeads(), getKeySize(), getKeySize()}, e, FloatAttr::get(e, 0)}};
}
bool DeltaRuleOp::hasUnitTransfers() { return true; }
Slice DeltaRuleOp::getTransferSlice(OpBuilder &b, unsigned i, Value block, const ChunkOptions &options) {
  return partOf(b, *this, block, options).of(b, getTransferSpecs()[i].shape, false);
}

SmallVector<Value> DeltaRuleOp::emitSummary(OpBuilder &b, Value row, int64_t length, Value block, ValueRange transfers,
                                            ValueRange states, const ChunkOptions &options) {
  Location loc = getLoc();
  DeltaTile tile(*this, b, row, length, partOf(b, *this, block, options)), transfer = tile.withoutValues();
  Value t = withoutHead(b, loc, transfers[0], 0)[0], s = withoutHead(b, loc, states[0], 0)[0];
  if (length == 1) {
    t = transfer.step({}, t)[0];
    s = tile.step({}, s)[0];
  } else {
    DeltaTile::Weights weights = tile.weights();
    t = transfer.stateAfter(weights, t);
    s = tile.stateAfter(weights, s);
  }
  return withHead(b, loc, {t, s}, {transfers[0], states[0]});
}

/// S = T2 S1 + S2 and T = T2 T1, each made beside what it is written over.
SmallVector<Value> DeltaRuleOp::emitJoined(OpBuilder &b, ValueRange transfers, ValueRange states,
                                           ValueRange laterTransfers, ValueRange laterStates) {
  Location loc = getLoc();
  auto joined = [&](Value earlier, Value more) -> Value {
    RankedTensorType type = rowsType(earlier);
    Value made = emptyTensor(b, loc, type.getShape(), type.getElementType());
    made = more ? linalg::CopyOp::create(b, loc, more, made).getResult(0)
                : filledInto(b, loc, floatConstant(b, loc, type.getElementType(), 0), made);
    made = contract(b, loc, laterTransfers[0], "hik", earlier, "hkj", made, "hij");
    return linalg::CopyOp::create(b, loc, made, earlier).getResult(0);
  };
  SmallVector<Value> out;
  for (Value t : transfers)
    out.push_back(joined(t, {}));
  out.push_back(joined(states[0], laterStates[0]));
  return out;
}

/// Of a row: the products of a tile, with the state and of its rows with each other. A summary takes about as long as
/// the outputs, as measured: for the matrix there is one product less than for them, but it has all keys for columns.
SplitCost DeltaRuleOp::getSplitCost(const ChunkOptions &options) {
  int64_t K = getKeySize(), V = getValueSize(), F = getFactors(), C = getTileLengths(options).front() * F;
  int64_t gates = hasVectorGate() ? 24 * K : 24, rows = F * C * (3 * K + V) + gates;
  return {F * 4 * K * V + 2 * K * V + rows, F * K * (4 * V + 3 * K) + rows, 2 * K * K * V};
}
