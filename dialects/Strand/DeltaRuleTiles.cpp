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
#include "dialects/Strand/Arithmetic.h"
#include "dialects/Strand/Decay.h"
#include "dialects/Strand/HeadPart.h"
#include "dialects/Tile/Tile.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "llvm/Support/FormatVariadic.h"
using namespace mlir;
using namespace strand;

/// Lengths of tiles on tensor cores: multiples of 16 whose updates are as many as tile.inverse takes.
static SmallVector<int64_t> lengthsOfCoreTiles(DeltaRuleOp op) {
  SmallVector<int64_t> lengths;
  for (int64_t length : {64, 32, 16})
    if (int64_t updates = length * op.getFactors(); updates == 64 || (length == 16 && (updates == 16 || updates == 32)))
      lengths.push_back(length);
  lengths.push_back(1);
  return lengths;
}

std::string DeltaRuleOp::getTensorCoreObstacle() {
  if (hasVectorBeta())
    return "a beta for each value channel";
  if (getFactors() > 1 && hasVectorGate())
    return "several factors a row and a decay for each channel";
  if (getFactors() > 1 && lengthsOfCoreTiles(*this).size() == 1)
    return llvm::formatv("{0} factors a row, which are neither 2 nor 4", getFactors()).str();
  SmallVector<Value> rows;
  for (OpOperand *multiplied : getMultiplied())
    rows.push_back(multiplied->get());
  return obstacleToTensorCores(rows, getKeySize(), getValueSize(),
                               !hasVectorGate() && !isLowRank() && getFactors() == 1);
}

/// Whether products may round their factors to bf16, as rows are.
static bool isRounded(DeltaRuleOp op) {
  return comesFromBf16(op.getQ()) && comesFromBf16(op.getK()) && comesFromBf16(op.getV());
}

/// Whether tiles are for tensor cores.
static bool isForTensorCores(DeltaRuleOp op, const ChunkOptions &options) {
  return options.tensorCores && !options.singleRow && op.getTensorCoreObstacle().empty();
}

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

namespace {
/// What one array of keys that updates write at is in a tile, decayed to where it is read.
struct Written {
  Value system; // M x M: entry [m, l] says how much of n[l] (or v[l]) update m reads, l < m
  Value scores; // C x M: of n[m], how much row r reads, 0 for later m
  Value keys;   // K x M: decayed to the end of the tile
};
/// How rows and updates read the first state, and what is left of it: a number, [K], or all of it.
struct FromStart {
  Value errors, queries, total; // M x K, C x K
};

/// Of all that updates write at: the corrections' keys, then, low rank, those of v.
struct Weights {
  SmallVector<Written> written;
  FromStart start;
};

/// The operands of one head over the rows of one tile, and what the forms of a tile build from them.
struct DeltaTile {
  DeltaRuleOp op;
  OpBuilder &b;
  Location loc;
  int64_t C, F, M, K, V;
  bool isFlat;
  Type e;
  Value zero, scale;
  Value q;          // C x K
  Value k, v, beta; // M x K, M x V or none, M or M x V or none
  Value a, low;     // M x K: a and b of the low-rank form, or none
  Value gate;       // C or C x K, or none

  /// With `isFlat` factors are rows of their own of matrices that stand in front of all tiles.
  DeltaTile(DeltaRuleOp op, OpBuilder &b, Value row, int64_t length, const HeadPart &part, bool isFlat = false)
      : op(op), b(b), loc(op.getLoc()), C(length), F(op.getFactors()), M(C * F), K(op.getKeySize()), V(part.values),
        isFlat(isFlat), e(rowsType(op.getY()).getElementType()), zero(floatConstant(b, loc, e, 0)),
        scale(floatConstant(b, loc, e, op.getScale().convertToDouble())) {
    int64_t group = op.getHeads() / op.getKeyHeads();
    Value head = part.head;
    Value key = group == 1 ? head : Value(arith::DivUIOp::create(b, loc, head, indexConstant(b, loc, group)));
    q = rowsOf(op.getQ(), row, key, false);
    k = rowsOf(op.getK(), row, key, true);
    v = rowsOf(op.getV(), row, head, true, part.first);
    if (op.getBeta())
      beta = rowsOf(op.getBeta(), row, head, true, op.hasVectorBeta() ? part.first : OpFoldResult());
    if (op.isLowRank()) {
      a = rowsOf(op.getA(), row, key, false);
      low = rowsOf(op.getB(), row, key, false);
    }
    if (op.getGate())
      gate = rowsOf(op.getGate(), row, head, false);
  }

  /// (rows * F) x heads x ..., in front of all loops; what is widened, beneath that.
  Value withFactorsAsRows(Value rows) {
    if (auto wide = rows.getDefiningOp<arith::ExtFOp>()) {
      Value narrow = withFactorsAsRows(wide.getIn());
      OpBuilder at(b.getContext());
      at.setInsertionPointAfterValue(narrow);
      auto type = rowsType(narrow).clone(rowsType(rows).getElementType());
      return arith::ExtFOp::create(at, loc, type, narrow);
    }
    OpBuilder at(b.getContext());
    at.setInsertionPointAfterValue(rows);
    SmallVector<ReassociationIndices> joined{{0, 1}};
    for (int64_t dim = 2; dim < rowsType(rows).getRank(); ++dim)
      joined.push_back({dim});
    return tensor::CollapseShapeOp::create(at, loc, rows, joined);
  }

  /// The rows of a tile of one head; with factors a row each, if the operand has them; of values, from `first` on.
  Value rowsOf(Value rows, Value row, Value head, bool hasFactors, OpFoldResult first = {}) {
    bool split = hasFactors && op.getK().getType().getRank() == 4;
    bool flat = split && isFlat;
    if (flat)
      rows = withFactorsAsRows(rows);
    split &= !flat;
    unsigned at = split ? 2 : 1;
    SmallVector<int64_t> sizes(rowsType(rows).getShape());
    sizes[0] = flat ? M : C;
    sizes[at] = 1;
    SmallVector<OpFoldResult> offsets(sizes.size(), b.getIndexAttr(0));
    offsets[0] = flat ? arith::MulIOp::create(b, loc, row, indexConstant(b, loc, F)).getResult() : row;
    offsets[at] = head;
    if (first) {
      offsets.back() = first;
      sizes.back() = V;
    }
    Value part = slice(b, loc, rows, offsets, sizes, {at});
    if (!split)
      return part;
    SmallVector<ReassociationIndices> joined{{0, 1}};
    if (rowsType(part).getRank() == 3)
      joined.push_back({2});
    return tensor::CollapseShapeOp::create(b, loc, part, joined);
  }

  AffineMap map(StringRef loops, StringRef dims) const { return dimsMap(b.getContext(), loops, dims); }
  Value empty(ArrayRef<int64_t> shape) { return emptyTensor(b, loc, shape, e); }
  Value zeros(ArrayRef<int64_t> shape) { return filled(b, loc, shape, zero); }
  /// out = body(ins..., out), element by element; `dims` of each operand and last of out, whose letters are the loops.
  Value mapped(ValueRange ins, Value out, ArrayRef<StringRef> dims,
               llvm::function_ref<Value(OpBuilder &, Location, ValueRange)> body) {
    SmallVector<AffineMap> maps;
    for (StringRef d : dims)
      maps.push_back(map(dims.back(), d));
    return generic(
        b, loc, ins, out, maps, std::string(dims.back().size(), 'p'),
        [&](OpBuilder &b, Location loc, ValueRange x) -> SmallVector<Value> { return {body(b, loc, x)}; })[0];
  }

  /// The same keys without values, for states whose columns are keys: the transfers of summaries.
  DeltaTile withoutValues() const {
    DeltaTile tile = *this;
    tile.v = {};
    tile.V = K;
    return tile;
  }

  /// One row: {y, S}, or without `y` {S}.
  SmallVector<Value> step(Value y, Value state);
  /// Several rows: {y, S}.
  SmallVector<Value> tile(Value y, Value state);
  /// What does not depend on the state, and the state behind the tile.
  Weights weights();
  Value stateAfter(const Weights &weights, Value state);
  /// The same from products of bf16, with the inverse of the system.
  SmallVector<Value> tensorCoreTile(Value y, Value state);
  /// With a decay for each channel.
  SmallVector<Value> tensorCoreVectorTile(Value y, Value state);
  /// Low rank.
  SmallVector<Value> tensorCoreLowRankTile(Value y, Value state);

private:
  /// How one row decays: a number, or logarithms [K], or not.
  struct RowGate {
    Value number, logs;
    Value applied(OpBuilder &b, Location loc, Value x, Value log) const {
      return number ? mul(b, loc, number, x) : logs ? mul(b, loc, exp(b, loc, log), x) : x;
    }
  };
  RowGate rowGate(Value at);
  Value stepRead(const RowGate &gate, Value keys, Value state);
  Value stepCorrection(Value read, Value at);
  SmallVector<Value> stepWritten(const RowGate &gate, ValueRange keys, ValueRange values, Value y, Value state);

  Value perUpdate(Value rows, StringRef dims, StringRef loops, double between,
                  llvm::function_ref<Value(OpBuilder &, Location, Value)> first);
  Value endsOfRows(Value updates);
  void scalarWeights(Weights &weights);
  void vectorWeights(Weights &weights);
  Value corrections(const Weights &weights, Value state);
  Value solved(Value system, Value rhs);
  Value stateAfter(const Weights &weights, Value n, Value state);
  Value decayedState(Value state, Value total);
  /// Of how many parts in bf16 a factor is.
  int64_t numParts() const { return isRounded(op) ? 1 : partsOfF32; }
  Parts parts(Value x) { return inBf16Parts(b, loc, x, numParts()); }
  Parts inverted(Value system);
  SmallVector<Value> weighed(Value met, Value scores, const GateSums &readers, const GateSums &updates);
  Value channelGates();
  SmallVector<Value> decayed16(ValueRange rows, Value logs, Value factor = {});
  Value errors(Value read);
};
} // namespace

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
  SmallVector<Value> ins, outs;
  SmallVector<AffineMap> maps;
  auto read = [&](Value x, StringRef dims) {
    ins.push_back(x);
    maps.push_back(map("ij", dims));
    return ins.size() - 1;
  };
  for (auto [key, value] : llvm::zip_equal(keys, values)) {
    read(key, "i");
    read(value, "j");
  }
  size_t log = gate.logs ? read(gate.logs, "i") : 0, query = 0;
  if (y) {
    query = read(takeRow(b, loc, q, indexConstant(b, loc, 0)), "i");
    outs.push_back(filledInto(b, loc, zero, y));
    maps.push_back(map("ij", "j"));
  }
  outs.push_back(state);
  maps.push_back(map("ij", "ij"));
  return generic(b, loc, ins, outs, maps, y ? "rp" : "pp",
                 [&](OpBuilder &b, Location loc, ValueRange x) -> SmallVector<Value> {
                   Value s = gate.applied(b, loc, x.back(), x[log]);
                   for (size_t i = 0; i < keys.size(); ++i)
                     s = add(b, loc, s, mul(b, loc, x[2 * i], x[2 * i + 1]));
                   if (!y)
                     return {s};
                   return {add(b, loc, x[ins.size()], mul(b, loc, mul(b, loc, x[query], scale), s)), s};
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

Weights DeltaTile::weights() {
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

/// (1 + the strictly lower part of `system`)^-1, in as many parts as factors are.
Parts DeltaTile::inverted(Value system) {
  SmallVector<Value> into;
  for (int64_t i = 0; i < numParts(); ++i)
    into.push_back(emptyTensor(b, loc, {M, M}, b.getBF16Type()));
  auto inverse = tile::InverseOp::create(b, loc, ValueRange(into).getTypes(), system, into);
  return Parts(inverse.getResults().begin(), inverse.getResults().end());
}

/// beta (v - read), over `read`.
Value DeltaTile::errors(Value read) {
  SmallVector<Value> ins{v};
  SmallVector<StringRef> dims{"mj"};
  if (beta) {
    ins.push_back(beta);
    dims.push_back("m");
  }
  dims.push_back("mj");
  return mapped(ins, read, dims, [&](OpBuilder &b, Location loc, ValueRange x) -> Value {
    Value error = sub(b, loc, x[0], x.back());
    return beta ? mul(b, loc, error, x[1]) : error;
  });
}

/// With P[m, l] the decay from update l to update m, beta on the diagonal of B:
///   n = (1 + B strictly_lower(P * k k^T))^-1 B (v - decayed k S)
SmallVector<Value> DeltaTile::tensorCoreTile(Value y, Value state) {
  Parts queries = parts(q), keys = parts(k);
  GateSums gates, rowGates; // of updates, of rows
  if (gate) {
    gates = gateSums(b, loc, gate, C, e, !isRounded(op), F);
    rowGates = F == 1 ? gates : gateSums(b, loc, gate, C, e, !isRounded(op));
  }
  Value system = contractParts(b, loc, keys, "mi", keys, "li", zeros({M, M}), "ml"),
        scores = contractParts(b, loc, queries, "mi", keys, "li", zeros({C, M}), "ml");
  Value seen;
  if (F == 1) { // both at once
    SmallVector<Value> both = weighed(system, scores, gates, gates);
    system = both[0], seen = both[1];
  } else {
    system = weighed(system, {}, gates, gates)[0];
    seen = weighed({}, scores, rowGates, gates)[0];
  }
  Parts inverse = inverted(system);
  Parts before = parts(state); // not before it is multiplied: it takes registers
  Value read =
      decayed(b, loc, contractParts(b, loc, keys, "mi", before, "ij", zeros({M, V}), "mj"), "mj", gates.before, "m");
  Value n = contractParts(b, loc, inverse, "ml", parts(errors(read)), "lj", zeros({M, V}), "mj");
  y = contractParts(b, loc, queries, "mi", before, "ij", filledInto(b, loc, zero, y), "mj");
  y = decayed(b, loc, y, "mj", rowGates.before, "m", scale);
  Parts seenBy = isRounded(op) ? Parts{seen} : parts(seen);
  y = contractParts(b, loc, seenBy, "ml", parts(n), "lj", y, "mj");
  n = decayed(b, loc, n, "mj", gates.after, "m");
  state = decayed(b, loc, state, "ij", gates.total, "");
  state = contractParts(b, loc, keys, "mi", parts(n), "mj", state, "ij");
  return {y, state};
}

/// Of keys that met earlier keys, `met`, and queries, `scores`, if they are given: weighed with decays from the update
/// in a column to the reader in a row, and beta; 0 for later updates. Scores are scaled, and rounded where factors are.
SmallVector<Value> DeltaTile::weighed(Value met, Value scores, const GateSums &readers, const GateSums &updates) {
  Type kept = isRounded(op) ? Type(b.getBF16Type()) : e; // of scores
  SmallVector<Value> ins, outs;
  SmallVector<AffineMap> maps;
  auto read = [&](Value x, StringRef dims) {
    ins.push_back(x);
    maps.push_back(map("ml", dims));
    return ins.size() - 1;
  };
  if (met && beta)
    read(beta, "m");
  size_t sums = ins.size();
  if (gate) {
    for (Value v : readers.ofRow())
      read(v, "m");
    for (Value v : updates.ofRow())
      read(v, "l");
  }
  size_t score = scores ? read(scores, "ml") : 0;
  if (met)
    outs.push_back(met);
  if (scores)
    outs.push_back(emptyTensor(b, loc, rowsType(scores).getShape(), kept));
  maps.append(outs.size(), map("ml", "ml"));
  return generic(b, loc, ins, outs, maps, "pp", [&](OpBuilder &b, Location loc, ValueRange x) {
    Value m = linalg::IndexOp::create(b, loc, 0), l = linalg::IndexOp::create(b, loc, 1), last = m, decay;
    if (!met && F > 1) { // the last update of a row
      last = arith::MulIOp::create(b, loc, m, indexConstant(b, loc, F));
      last = arith::AddIOp::create(b, loc, last, indexConstant(b, loc, F - 1));
    }
    Value seen = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ule, l, last);
    if (gate) {
      Value since = arith::SelectOp::create(b, loc, seen, readers.since(b, loc, x.drop_front(sums)), zero);
      decay = coarsePowerOfTwo(b, loc, since);
    }
    auto times = [&](Value v, Value factor) { return factor ? mul(b, loc, v, factor) : v; };
    SmallVector<Value> out;
    if (met) {
      Value earlier = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ult, l, m);
      Value v = times(times(x[ins.size()], beta ? x[0] : Value()), decay);
      out.push_back(arith::SelectOp::create(b, loc, earlier, v, zero));
    }
    if (scores) {
      Value v = times(mul(b, loc, x[score], scale), decay);
      out.push_back(castFloat(b, loc, arith::SelectOp::create(b, loc, seen, v, zero), kept));
    }
    return out;
  });
}

/// Of each of `rows`, C x K: times 2^logs and, the last of two, `factor`, in bf16. All at once: then nobody needs the
/// logarithms any more.
SmallVector<Value> DeltaTile::decayed16(ValueRange rows, Value logs, Value factor) {
  Type bf16 = b.getBF16Type();
  SmallVector<Value> ins(rows), into(rows.size(), emptyTensor(b, loc, {C, K}, bf16));
  ins.push_back(logs);
  return generic(b, loc, ins, into, SmallVector<AffineMap>(ins.size() + into.size(), map("mi", "mi")), "pp",
                 [&](OpBuilder &b, Location loc, ValueRange x) {
                   Value decay = coarsePowerOfTwo(b, loc, x[rows.size()]);
                   SmallVector<Value> out;
                   for (Value row : x.take_front(rows.size())) {
                     bool isLast = out.size() + 1 == rows.size();
                     Value scaled = isLast && factor ? mul(b, loc, row, factor) : row;
                     out.push_back(castFloat(b, loc, mul(b, loc, scaled, decay), bf16));
                   }
                   return out;
                 });
}

/// The same where P[m, l] is a vector: it is in what tile.decayed_scores multiplies, and in keys and queries that meet
/// the state.
SmallVector<Value> DeltaTile::tensorCoreVectorTile(Value y, Value state) {
  Value q16 = inBf16(b, loc, q), k16 = inBf16(b, loc, k);
  ChannelDecays decays(b, loc, gate);
  SmallVector<Value> met = decays.scores({k16, q16}, k16);
  Value system = met[0], scores = inBf16(b, loc, decayed(b, loc, met[1], "ml", {}, "", scale));
  if (beta)
    system = mapped(beta, system, {"m", "ml"},
                    [](OpBuilder &b, Location loc, ValueRange x) { return mul(b, loc, x[0], x[1]); });
  Value inverse = inverted(system)[0];
  SmallVector<Value> readers = decayed16({k, q}, decays.before(), scale);
  Value state16 = inBf16(b, loc, state);
  Value read = contract(b, loc, readers[0], "mi", state16, "ij", zeros({C, V}), "mj");
  y = contract(b, loc, readers[1], "mi", state16, "ij", filledInto(b, loc, zero, y), "mj");
  Value n = contract(b, loc, inverse, "ml", inBf16(b, loc, errors(read)), "lj", zeros({C, V}), "mj");
  Value n16 = inBf16(b, loc, n);
  y = contract(b, loc, scores, "ml", n16, "lj", y, "mj");
  Value keys = decayed16(k, decays.after())[0];
  state = decayed(b, loc, state, "ij", decays.total(), "i");
  return {y, contract(b, loc, keys, "mi", n16, "mj", state, "ij")};
}

/// A gate for each channel, of whatever gate there is.
Value DeltaTile::channelGates() {
  if (!gate)
    return zeros({C, K});
  if (op.hasVectorGate())
    return gate;
  return mapped(gate, empty({C, K}), {"r", "ri"}, [](OpBuilder &, Location, ValueRange x) { return x[0]; });
}

/// With A, B from P[m-1, l], where the rule reads, and W, X from P[r, m], where rows do:
///   n = (1 - strictly_lower(A * a b^T))^-1 (decayed a S + strictly_lower(B * a k^T) v)
///   y = decayed q S + lower(W * q b^T) n + lower(X * q k^T) v
SmallVector<Value> DeltaTile::tensorCoreLowRankTile(Value y, Value state) {
  Value q16 = inBf16(b, loc, q), k16 = inBf16(b, loc, k), v16 = inBf16(b, loc, v), a16 = inBf16(b, loc, a),
        low16 = inBf16(b, loc, low);
  ChannelDecays decays(b, loc, channelGates());
  SmallVector<Value> met = decays.scores(a16, {low16, k16}, true);
  Value fromValues = inBf16(b, loc, met[1]);
  Value inverse = inverted(mapped({}, met[0], {"ml"}, [](OpBuilder &b, Location loc, ValueRange x) -> Value {
    return arith::NegFOp::create(b, loc, x[0]);
  }))[0];
  SmallVector<Value> scores = decays.scores(q16, {low16, k16});
  for (Value &s : scores)
    s = inBf16(b, loc, decayed(b, loc, s, "rm", {}, "", scale));
  Value readers = decayed16(a, decays.before(true))[0], state16 = inBf16(b, loc, state);
  Value n = contract(b, loc, readers, "mi", state16, "ij", zeros({C, V}), "mj");
  Value queries = decayed16(q, decays.before(), scale)[0];
  y = contract(b, loc, queries, "ri", state16, "ij", filledInto(b, loc, zero, y), "rj");
  n = contract(b, loc, fromValues, "ml", v16, "lj", n, "mj");
  y = contract(b, loc, scores[1], "rm", v16, "mj", y, "rj");
  n = contract(b, loc, inverse, "ml", inBf16(b, loc, n), "lj", zeros({C, V}), "mj");
  Value n16 = inBf16(b, loc, n);
  y = contract(b, loc, scores[0], "rm", n16, "mj", y, "rj");
  SmallVector<Value> keys = decayed16({low, k}, decays.after());
  state = decayed(b, loc, state, "ij", decays.total(), "i");
  state = contract(b, loc, keys[0], "mi", n16, "mj", state, "ij");
  return {y, contract(b, loc, keys[1], "mi", v16, "mj", state, "ij")};
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
    Weights weights = tile.weights();
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
