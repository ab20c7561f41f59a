// strand.linear_attention: what it is.
//
// Tiles. With rows r, s of a tile and its first state S, all weights are products of gates between two rows, each at
// most 1 where gates are at most 1, so nothing overflows and nothing is lost in a difference of long sums:
//   P[r, s] = product of a[s+1..r]       (s <= r)
//   y[r]    = sum_s P[r, s] (q_r . k_s) v_s + (product of a[0..r]) q_r S
//   S'      = (product of all a) S + sum_s P[last, s] k_s v_s^T
// A scalar gate gives one C x C matrix P (from sums of logarithms of one sign); a vector gate has a P for each channel,
// which is folded into the keys while the rows are walked (keys transposed, so that the lanes are rows of the tile).
#include "dialects/Strand/Arithmetic.h"
#include "dialects/Strand/Decay.h"
#include "dialects/Strand/HeadPart.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
using namespace mlir;
using namespace strand;

LogicalResult LinearAttentionOp::verify() {
  auto q = rowsType(getQ()), k = rowsType(getK()), v = rowsType(getV()), y = rowsType(getY());
  if (q != k || q.getRank() != 3)
    return emitOpError("C1: q and k must have one type of rank 3 (rows x heads x size), not ") << q << " and " << k;
  if (v != y || v.getRank() != 3 || v.getDimSize(1) % q.getDimSize(1))
    return emitOpError("C2: v and the result must have one type, rows x heads x size, with a multiple of ")
           << q.getDimSize(1) << " heads, not " << v << " and " << y;
  if (getGate()) {
    ArrayRef<int64_t> g = rowsType(getGate()).getShape().drop_front();
    if (g != ArrayRef<int64_t>{getHeads()} && g != ArrayRef<int64_t>{getHeads(), getKeySize()})
      return emitOpError("C3: the gate must be rows x ") << getHeads() << " or rows x " << getHeads() << " x "
                                                         << getKeySize() << ", not " << getGate().getType();
  }
  if (getDecay() && (getGate() || int64_t(getDecay()->size()) != getHeads()))
    return emitOpError("C4: `decay` wants ") << getHeads() << " entries and no gate, has " << getDecay()->size();
  if (getBonus() && rowsType(getBonus()).getShape() != ArrayRef<int64_t>{getHeads(), getKeySize()})
    return emitOpError("C5: the bonus must be ")
           << getHeads() << " x " << getKeySize() << ", not " << getBonus().getType();
  if (getNormalized() && getBonus())
    return emitOpError("C6: `normalized` and a bonus exclude each other");
  if (failed(verifyOneFloatType(*this, "C7")))
    return failure();
  return verifyStates(*this, 1);
}

SmallVector<StateSpec> LinearAttentionOp::getStateSpecs() {
  Type e = rowsType(getV()).getElementType();
  SmallVector<StateSpec> specs{{"s", {getHeads(), getKeySize(), getValueSize()}, e, FloatAttr::get(e, 0)}};
  if (getNormalized())
    specs.push_back({"z", {getHeads(), getKeySize()}, e, FloatAttr::get(e, 0)});
  return specs;
}

//===--- meaning -------------------------------------------------------------------------------------------------===//

/// The gate of a row as a factor: maps over loops (h, i, j), and the operand, if there is one.
static void gateOperand(OpBuilder &b, LinearAttentionOp op, Value t, SmallVector<Value> &ins,
                        SmallVector<AffineMap> &maps) {
  if (op.getGate()) {
    ins.push_back(takeRow(b, op.getLoc(), op.getGate(), t));
    maps.push_back(dimsMap(b.getContext(), "hij", op.hasVectorGate() ? "hi" : "h"));
  } else if (op.getDecay()) {
    Type e = rowsType(op.getV()).getElementType();
    SmallVector<Attribute> values;
    for (double d : op.getDecayAttr().asArrayRef())
      values.push_back(b.getFloatAttr(e, d));
    ins.push_back(arith::ConstantOp::create(b, op.getLoc(),
                                            DenseElementsAttr::get(RankedTensorType::get({op.getHeads()}, e), values)));
    maps.push_back(dimsMap(b.getContext(), "hij", "h"));
  }
}

/// q and k of a row for each value head.
static Value headsOf(OpBuilder &b, LinearAttentionOp op, Value keys, Value t) {
  Location loc = op.getLoc();
  int64_t group = op.getHeads() / op.getKeyHeads();
  Value row = takeRow(b, loc, keys, t);
  Value out = emptyTensor(b, loc, {op.getHeads(), op.getKeySize()}, rowsType(keys).getElementType());
  AffineExpr h = b.getAffineDimExpr(0), i = b.getAffineDimExpr(1);
  SmallVector<Value> r = generic(b, loc, {}, out, {AffineMap::get(2, 0, {h, i}, b.getContext())}, "pp",
                                 [&](OpBuilder &b, Location loc, ValueRange) -> SmallVector<Value> {
                                   Value head = linalg::IndexOp::create(b, loc, 0),
                                         at = linalg::IndexOp::create(b, loc, 1);
                                   Value key = arith::DivUIOp::create(b, loc, head, indexConstant(b, loc, group));
                                   return {tensor::ExtractOp::create(b, loc, row, ValueRange{key, at})};
                                 });
  return r[0];
}

FailureOr<SmallVector<Value>> LinearAttentionOp::decomposeOperation(OpBuilder &b) {
  Location loc = getLoc();
  Type e = rowsType(getV()).getElementType();
  MLIRContext *ctx = b.getContext();
  auto map = [&](StringRef dims) { return dimsMap(ctx, "hij", dims); };
  Value out = emptyRows(b, loc, getV(), itemShape(getV()), e);
  return walkRows(b, *this, out, [&](OpBuilder &b, Value t, ValueRange outs, ValueRange carries) {
    Value q = headsOf(b, *this, getQ(), t), k = headsOf(b, *this, getK(), t), v = takeRow(b, loc, getV(), t);
    SmallVector<Value> ins{k, v};
    SmallVector<AffineMap> maps{map("hi"), map("hj")};
    gateOperand(b, *this, t, ins, maps);
    maps.push_back(map("hij"));
    bool gated = ins.size() == 3;
    Value before = carries[0], next;
    auto update = [&] {
      next = generic(b, loc, ins, before, maps, "ppp",
                     [&](OpBuilder &b, Location loc, ValueRange x) -> SmallVector<Value> {
                       Value s = gated ? mul(b, loc, math::ExpOp::create(b, loc, x[2]), x.back()) : x.back();
                       return {add(b, loc, s, mul(b, loc, x[0], x[1]))};
                     })[0];
    };
    if (!getBonus()) // with one the state is read before it is written over
      update();
    Value y = filledInto(b, loc, floatConstant(b, loc, e, 0), takeRow(b, loc, outs[0], t));
    Value scale = floatConstant(b, loc, e, getScale().convertToDouble());
    if (getBonus())
      y = generic(b, loc, {before, q, k, v, getBonus()}, y,
                  {map("hij"), map("hi"), map("hi"), map("hj"), map("hi"), map("hj")}, "prp",
                  [&](OpBuilder &b, Location loc, ValueRange x) -> SmallVector<Value> {
                    Value own = mul(b, loc, mul(b, loc, x[4], x[2]), x[3]);
                    return {add(b, loc, x[5], mul(b, loc, scale, mul(b, loc, x[1], add(b, loc, x[0], own))))};
                  })[0];
    else
      y = generic(b, loc, {next, q}, y, {map("hij"), map("hi"), map("hj")}, "prp",
                  [&](OpBuilder &b, Location loc, ValueRange x) -> SmallVector<Value> {
                    return {add(b, loc, x[2], mul(b, loc, scale, mul(b, loc, x[0], x[1])))};
                  })[0];
    if (getBonus())
      update();
    SmallVector<Value> states{next};
    if (getNormalized()) {
      SmallVector<Value> zins{k};
      SmallVector<AffineMap> zmaps{dimsMap(ctx, "hi", "hi")};
      gateOperand(b, *this, t, zins, zmaps);
      if (gated)
        zmaps.back() = dimsMap(ctx, "hi", hasVectorGate() ? "hi" : "h");
      zmaps.push_back(dimsMap(ctx, "hi", "hi"));
      Value z = generic(b, loc, zins, carries[1], zmaps, "pp",
                        [&](OpBuilder &b, Location loc, ValueRange x) -> SmallVector<Value> {
                          Value s = gated ? mul(b, loc, math::ExpOp::create(b, loc, x[1]), x.back()) : x.back();
                          return {add(b, loc, s, x[0])};
                        })[0];
      Value sum = filled(b, loc, {getHeads()}, floatConstant(b, loc, e, 0));
      sum = generic(b, loc, {z, q}, sum, {dimsMap(ctx, "hi", "hi"), dimsMap(ctx, "hi", "hi"), dimsMap(ctx, "hi", "h")},
                    "pr", [&](OpBuilder &b, Location loc, ValueRange x) -> SmallVector<Value> {
                      return {add(b, loc, x[2], mul(b, loc, scale, mul(b, loc, x[0], x[1])))};
                    })[0];
      y = generic(b, loc, sum, y, {dimsMap(ctx, "hj", "h"), dimsMap(ctx, "hj", "hj")}, "pp",
                  [&](OpBuilder &b, Location loc, ValueRange x) -> SmallVector<Value> {
                    return {arith::DivFOp::create(b, loc, x[1], x[0])};
                  })[0];
      states.push_back(z);
    }
    return std::pair(SmallVector<Value>{putRow(b, loc, y, outs[0], t)}, states);
  });
}

//===--- tiles ---------------------------------------------------------------------------------------------------===//

std::string LinearAttentionOp::getTensorCoreObstacle() {
  if (getNormalized())
    return "it is normalized";
  if (getBonus() && !hasVectorGate())
    return "a bonus without a decay for each channel";
  return obstacleToTensorCores({getQ(), getK(), getV()}, getKeySize(), getValueSize(), !hasVectorGate());
}

/// Whether tiles are for tensor cores: rows in bf16, or in f32, in parts.
static bool isForTensorCores(LinearAttentionOp op, const ChunkOptions &options) {
  return options.tensorCores && !options.singleRow && op.getTensorCoreObstacle().empty();
}

static int64_t valuesOfBlock(LinearAttentionOp op, const ChunkOptions &options) {
  return isForTensorCores(op, options) ? valuesInRegisters(op.getKeySize(), op.getValueSize()) : op.getValueSize();
}

SmallVector<OpOperand *> LinearAttentionOp::getMultiplied() { return {&getQMutable(), &getKMutable(), &getVMutable()}; }

int64_t LinearAttentionOp::getBlocks(const ChunkOptions &options) {
  return getHeads() * getValueSize() / valuesOfBlock(*this, options);
}

SmallVector<int64_t> LinearAttentionOp::getTileLengths(const ChunkOptions &options) {
  if (options.singleRow)
    return {1};
  if (isForTensorCores(*this, options) && !options.tileLength)
    return {64, 16, 1};
  bool perChannel = hasVectorGate() || getBonus();
  int64_t length = options.tileLength ? options.tileLength : perChannel ? 16 : 32;
  return length > 1 ? SmallVector<int64_t>{length, 1} : SmallVector<int64_t>{1};
}

static HeadPart partOf(OpBuilder &b, LinearAttentionOp op, Value block, const ChunkOptions &options) {
  return HeadPart(b, op.getLoc(), block, op.getValueSize(), valuesOfBlock(op, options));
}

Slice LinearAttentionOp::getStateSlice(OpBuilder &b, unsigned i, Value block, const ChunkOptions &options) {
  return partOf(b, *this, block, options).of(b, getStateSpecs()[i].shape, i == 0);
}
Slice LinearAttentionOp::getResultSlice(OpBuilder &b, unsigned, Value block, const ChunkOptions &options) {
  return partOf(b, *this, block, options).of(b, itemShape(getY()), true);
}

namespace {
/// The operands of one head over the rows of one tile, and what the forms of a tile build from them.
struct HeadTile {
  LinearAttentionOp op;
  OpBuilder &b;
  Location loc;
  int64_t C, K, V;
  Type e;
  Value zero, scale;
  Value q, k, v;        // C x K, C x K, C x V
  Value gate;           // C, C x K, or a scalar, or none
  Value bonus;          // K, or none

  HeadTile(LinearAttentionOp op, OpBuilder &b, Value row, int64_t length, const HeadPart &part)
      : op(op), b(b), loc(op.getLoc()), C(length), K(op.getKeySize()), V(part.values),
        e(rowsType(op.getV()).getElementType()), zero(floatConstant(b, loc, e, 0)),
        scale(floatConstant(b, loc, e, op.getScale().convertToDouble())) {
    int64_t group = op.getHeads() / op.getKeyHeads();
    Value head = part.head;
    Value key = group == 1 ? head : Value(arith::DivUIOp::create(b, loc, head, indexConstant(b, loc, group)));
    OpFoldResult first = b.getIndexAttr(0);
    q = slice(b, loc, op.getQ(), {row, key, first}, {C, 1, K}, {1});
    k = slice(b, loc, op.getK(), {row, key, first}, {C, 1, K}, {1});
    v = slice(b, loc, op.getV(), {row, head, part.first}, {C, 1, V}, {1});
    if (op.hasVectorGate())
      gate = slice(b, loc, op.getGate(), {row, head, first}, {C, 1, K}, {1});
    else if (op.getGate())
      gate = slice(b, loc, op.getGate(), {row, head}, {C, 1}, {1});
    else if (op.getDecay())
      gate = constantDecay(head);
    if (op.getBonus())
      bonus = slice(b, loc, op.getBonus(), {head, first}, {1, K}, {0});
  }

  Value constantDecay(Value head) {
    SmallVector<Attribute> values;
    for (double d : op.getDecayAttr().asArrayRef())
      values.push_back(b.getFloatAttr(e, d));
    auto type = RankedTensorType::get({op.getHeads()}, e);
    return tensor::ExtractOp::create(b, loc, arith::ConstantOp::create(b, loc, DenseElementsAttr::get(type, values)),
                                     head);
  }

  AffineMap map(StringRef loops, StringRef dims) const { return dimsMap(b.getContext(), loops, dims); }

  /// One row: S and y in one pass over S. {y, S, z}.
  SmallVector<Value> step(ValueRange results, ValueRange states);
  /// Gates of all channels as factors, C x K.
  Value factors();
  SmallVector<Value> scalarTile(ValueRange results, ValueRange states);
  /// x as a factor of products of bf16.
  Parts parts(Value x) { return inBf16Parts(b, loc, x, numParts(op)); }
  GateSums sumsOfGate() { return gate ? gateSums(b, loc, gate, C, e, !isRounded(op)) : GateSums(); }
  /// The same from products of bf16, and with as few values to multiply by decays as there can be.
  SmallVector<Value> tensorCoreTile(ValueRange results, ValueRange states);
  Value tensorCoreState(const GateSums &gates, Value state);
  /// With a decay for each channel.
  SmallVector<Value> tensorCoreVectorTile(ValueRange results, ValueRange states);
  Value tensorCoreState(ChannelDecays &decays, Value state);
  SmallVector<Value> vectorTile(ValueRange results, ValueRange states);
  /// What of a tile a summary is made of.
  struct Kept {
    Value keys;      // K x C, decayed to the tile's end
    Value total;     // the decay of the tile: none, a scalar, or K
    StringRef dims;  // of total over "ij"
  };
  Kept kept();
  /// states with `total` applied and the tile's keys and values added.
  SmallVector<Value> nextStates(const Kept &kept, ValueRange states);
  /// What both tiles end with, from scores, decayed queries, decayed keys [K x C] and the decay of the state.
  SmallVector<Value> finish(Value scores, Value queries, Value keys, Value total, StringRef totalDims,
                            ValueRange results, ValueRange states);
};
} // namespace

SmallVector<Value> HeadTile::step(ValueRange results, ValueRange states) {
  Value at = indexConstant(b, loc, 0);
  Value q1 = takeRow(b, loc, q, at), k1 = takeRow(b, loc, k, at), v1 = takeRow(b, loc, v, at);
  SmallVector<Value> ins{q1, k1, v1};
  SmallVector<AffineMap> maps{map("ij", "i"), map("ij", "i"), map("ij", "j")};
  Value uniform; // a gate that is one number
  if (op.hasVectorGate()) {
    ins.push_back(takeRow(b, loc, gate, at));
    maps.push_back(map("ij", "i"));
  } else if (gate) {
    uniform = isa<RankedTensorType>(gate.getType()) ? Value(tensor::ExtractOp::create(b, loc, gate, at)) : gate;
    uniform = math::ExpOp::create(b, loc, uniform);
  }
  if (bonus) {
    ins.push_back(bonus);
    maps.push_back(map("ij", "i"));
  }
  bool vectorGate = op.hasVectorGate(), hasBonus = bool(bonus);
  auto decayed = [&](OpBuilder &b, Location loc, Value s, ValueRange x) {
    if (vectorGate)
      return mul(b, loc, math::ExpOp::create(b, loc, x[3]), s);
    return uniform ? mul(b, loc, uniform, s) : s;
  };
  // results and states arrive with unit dimensions for row, head and slot
  Value y = filledInto(b, loc, zero, takeRow(b, loc, results[0], at));
  maps.append({map("ij", "j"), map("ij", "ij")});
  SmallVector<Value> r = generic(b, loc, ins, {y, states[0]}, maps, "rp",
                                 [&](OpBuilder &b, Location loc, ValueRange x) -> SmallVector<Value> {
                                   Value old = x.back(), sum = x[x.size() - 2], kv = mul(b, loc, x[1], x[2]);
                                   Value next = add(b, loc, decayed(b, loc, old, x), kv);
                                   Value read = hasBonus ? add(b, loc, old, mul(b, loc, x[ins.size() - 1], kv)) : next;
                                   return {add(b, loc, sum, mul(b, loc, mul(b, loc, x[0], scale), read)), next};
                                 });
  SmallVector<Value> out{r[0], r[1]};
  if (op.getNormalized()) {
    SmallVector<Value> zins{q1, k1, v1};
    SmallVector<AffineMap> zmaps{map("i", "i"), map("i", "i")};
    zins.pop_back();
    if (vectorGate) {
      zins.push_back(ins[3]);
      zmaps.push_back(map("i", "i"));
    }
    zmaps.append({map("i", ""), map("i", "i")});
    Value sum = filled(b, loc, {}, zero);
    SmallVector<Value> z =
        generic(b, loc, zins, {sum, states[1]}, zmaps, "r",
                [&](OpBuilder &b, Location loc, ValueRange x) -> SmallVector<Value> {
                  Value old = x.back();
                  Value kept = vectorGate ? mul(b, loc, math::ExpOp::create(b, loc, x[2]), old)
                               : uniform  ? mul(b, loc, uniform, old)
                                          : old;
                  Value next = add(b, loc, kept, x[1]);
                  return {add(b, loc, x[x.size() - 2], mul(b, loc, mul(b, loc, x[0], scale), next)), next};
                });
    out[0] = generic(b, loc, z[0], out[0], {map("j", ""), map("j", "j")}, "p",
                     [](OpBuilder &b, Location loc, ValueRange x) -> SmallVector<Value> {
                       return {arith::DivFOp::create(b, loc, x[1], x[0])};
                     })[0];
    out.push_back(z[1]);
  }
  out[0] = putRow(b, loc, out[0], results[0], at);
  return out;
}

/// x with `total`, a scalar or a tensor over `totalDims`, multiplied in; as it is without.
static Value scaled(OpBuilder &b, Location loc, Value x, StringRef dims, Value total, StringRef totalDims) {
  if (!total)
    return x;
  SmallVector<Value> ins;
  SmallVector<AffineMap> maps;
  bool tensorTotal = isa<RankedTensorType>(total.getType());
  if (tensorTotal) {
    ins.push_back(total);
    maps.push_back(dimsMap(b.getContext(), dims, totalDims));
  }
  maps.push_back(dimsMap(b.getContext(), dims, dims));
  return generic(b, loc, ins, x, maps, std::string(dims.size(), 'p'),
                 [&](OpBuilder &b, Location loc, ValueRange v) -> SmallVector<Value> {
                   return {mul(b, loc, tensorTotal ? v[0] : total, v.back())};
                 })[0];
}

SmallVector<Value> HeadTile::nextStates(const Kept &t, ValueRange states) {
  SmallVector<Value> next{
      contract(b, loc, t.keys, "is", v, "sj", scaled(b, loc, states[0], "ij", t.total, t.dims), "ij")};
  if (op.getNormalized())
    next.push_back(generic(
        b, loc, t.keys, scaled(b, loc, states[1], "i", t.total, t.dims), {map("is", "is"), map("is", "i")}, "pr",
        [](OpBuilder &b, Location loc, ValueRange x) -> SmallVector<Value> { return {add(b, loc, x[1], x[0])}; })[0]);
  return next;
}

SmallVector<Value> HeadTile::finish(Value scores, Value queries, Value keys, Value total, StringRef totalDims,
                                    ValueRange results, ValueRange states) {
  Value y = filledInto(b, loc, zero, results[0]);
  y = contract(b, loc, scores, "rs", v, "sj", y, "rj");
  y = contract(b, loc, queries, "ri", states[0], "ij", y, "rj");
  SmallVector<Value> out{y};
  llvm::append_range(out, nextStates({keys, total, totalDims}, states));
  if (op.getNormalized()) {
    Value sum = filled(b, loc, {C}, zero);
    sum = generic(
        b, loc, scores, sum, {map("rs", "rs"), map("rs", "r")}, "pr",
        [](OpBuilder &b, Location loc, ValueRange x) -> SmallVector<Value> { return {add(b, loc, x[1], x[0])}; })[0];
    sum = generic(b, loc, {queries, states[1]}, sum, {map("ri", "ri"), map("ri", "i"), map("ri", "r")}, "pr",
                  [](OpBuilder &b, Location loc, ValueRange x) -> SmallVector<Value> {
                    return {add(b, loc, x[2], mul(b, loc, x[0], x[1]))};
                  })[0];
    out[0] = generic(b, loc, sum, out[0], {map("rj", "r"), map("rj", "rj")}, "pp",
                     [](OpBuilder &b, Location loc, ValueRange x) -> SmallVector<Value> {
                       return {arith::DivFOp::create(b, loc, x[1], x[0])};
                     })[0];
  }
  return out;
}

SmallVector<Value> HeadTile::scalarTile(ValueRange results, ValueRange states) {
  DecayWeights w = decayWeights(b, loc, gate, C, e);
  Value keys = transposed(b, loc, k);
  Value scores = filled(b, loc, {C, C}, zero);
  scores = contract(b, loc, q, "ri", keys, "is", scores, "rs");
  scores = generic(b, loc, w.products, scores, {map("rs", "rs"), map("rs", "rs")}, "pp",
                   [&](OpBuilder &b, Location loc, ValueRange x) -> SmallVector<Value> {
                     return {mul(b, loc, mul(b, loc, x[0], scale), x[1])};
                   })[0];
  Value queries = generic(b, loc, {q, w.fromStart}, emptyTensor(b, loc, {C, K}, e),
                          {map("ri", "ri"), map("ri", "r"), map("ri", "ri")}, "pp",
                          [&](OpBuilder &b, Location loc, ValueRange x) -> SmallVector<Value> {
                            return {mul(b, loc, mul(b, loc, x[1], scale), x[0])};
                          })[0];
  keys = scaled(b, loc, keys, "is", takeRow(b, loc, w.products, indexConstant(b, loc, C - 1)), "s");
  return finish(scores, queries, keys, gate ? w.total : Value(), "", results, states);
}

SmallVector<Value> HeadTile::tensorCoreTile(ValueRange results, ValueRange states) {
  Parts queries = parts(q);
  GateSums gates = sumsOfGate();
  Value scores = contractParts(b, loc, queries, "ri", parts(k), "si", filled(b, loc, {C, C}, zero), "rs");
  SmallVector<Value> ins;
  SmallVector<AffineMap> maps;
  if (gate)
    for (StringRef row : {"r", "s"})
      for (Value sums : gates.ofRow()) {
        ins.push_back(sums);
        maps.push_back(map("rs", row));
      }
  maps.push_back(map("rs", "rs"));
  scores =
      generic(b, loc, ins, scores, maps, "pp", [&](OpBuilder &b, Location loc, ValueRange x) -> SmallVector<Value> {
        Value r = linalg::IndexOp::create(b, loc, 0), s = linalg::IndexOp::create(b, loc, 1);
        Value score = mul(b, loc, x.back(), scale);
        Value seen = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ule, s, r);
        if (gate) {
          // where s is later the difference is positive, and its power could be infinite
          Value since = arith::SelectOp::create(b, loc, seen, gates.since(b, loc, x), zero);
          score = mul(b, loc, score, coarsePowerOfTwo(b, loc, since));
        }
        return {arith::SelectOp::create(b, loc, seen, score, zero)};
      })[0];
  Value y = filledInto(b, loc, zero, results[0]);
  y = contractParts(b, loc, queries, "ri", parts(states[0]), "ij", y, "rj");
  y = decayed(b, loc, y, "rj", gates.before, "r", scale);
  y = contractParts(b, loc, parts(scores), "rs", parts(v), "sj", y, "rj");
  return {y, tensorCoreState(gates, states[0])};
}

/// exp(total) S + sum_s k_s (exp(after[s]) v_s)^T.
Value HeadTile::tensorCoreState(const GateSums &gates, Value state) {
  Value values = gate ? decayed(b, loc, v, "sj", gates.after, "s", {}, emptyTensor(b, loc, {C, V}, e)) : v;
  state = decayed(b, loc, state, "ij", gates.total, "");
  return contractParts(b, loc, parts(k), "si", parts(values), "sj", state, "ij");
}

SmallVector<Value> HeadTile::tensorCoreVectorTile(ValueRange results, ValueRange states) {
  Value q16 = inBf16(b, loc, q), k16 = inBf16(b, loc, k), v16 = inBf16(b, loc, v);
  ChannelDecays decays(b, loc, gate);
  Value scores = decays.scores(q16, k16, bool(bonus))[0];
  Value y = filledInto(b, loc, zero, results[0]);
  y = contract(b, loc, inBf16(b, loc, decayed(b, loc, scores, "rs", {}, "", scale)), "rs", v16, "sj", y, "rj");
  Value queries = decayed(b, loc, q, "ri", decays.before(bool(bonus)), "ri", scale, emptyTensor(b, loc, {C, K}, e));
  y = contract(b, loc, inBf16(b, loc, queries), "ri", inBf16(b, loc, states[0]), "ij", y, "rj");
  if (bonus) {
    Value own = generic(b, loc, {q, k, bonus}, filled(b, loc, {C}, zero),
                        {map("ri", "ri"), map("ri", "ri"), map("ri", "i"), map("ri", "r")}, "pr",
                        [&](OpBuilder &b, Location loc, ValueRange x) -> SmallVector<Value> {
                          return {add(b, loc, x[3], mul(b, loc, mul(b, loc, x[0], x[1]), x[2]))};
                        })[0];
    y = generic(b, loc, {own, v}, y, {map("rj", "r"), map("rj", "rj"), map("rj", "rj")}, "pp",
                [&](OpBuilder &b, Location loc, ValueRange x) -> SmallVector<Value> {
                  return {add(b, loc, x[2], mul(b, loc, mul(b, loc, x[0], scale), x[1]))};
                })[0];
  }
  return {y, tensorCoreState(decays, states[0])};
}

Value HeadTile::tensorCoreState(ChannelDecays &decays, Value state) {
  Value keys = decayed(b, loc, k, "si", decays.after(), "si", {}, emptyTensor(b, loc, {C, K}, e));
  state = decayed(b, loc, state, "ij", decays.total(), "i");
  return contract(b, loc, inBf16(b, loc, keys), "si", inBf16(b, loc, v), "sj", state, "ij");
}

Value HeadTile::factors() {
  Value factors = emptyTensor(b, loc, {C, K}, e);
  if (gate && isa<RankedTensorType>(gate.getType()))
    return generic(b, loc, gate, factors, {map("ri", op.hasVectorGate() ? "ri" : "r"), map("ri", "ri")}, "pp",
                   [](OpBuilder &b, Location loc, ValueRange x) -> SmallVector<Value> {
                     return {math::ExpOp::create(b, loc, x[0])};
                   })[0];
  return filledInto(b, loc, gate ? Value(math::ExpOp::create(b, loc, gate)) : floatConstant(b, loc, e, 1), factors);
}

SmallVector<Value> HeadTile::vectorTile(ValueRange results, ValueRange states) {
  Value factors = this->factors();
  bool exclusive = bool(bonus);
  Value lo = indexConstant(b, loc, 0), hi = indexConstant(b, loc, C), one = indexConstant(b, loc, 1);
  Value unit = floatConstant(b, loc, e, 1);
  SmallVector<Value> init{transposed(b, loc, k), filled(b, loc, {C, C}, zero), emptyTensor(b, loc, {C, K}, e),
                          filled(b, loc, {K}, unit)};
  auto loop = scf::ForOp::create(b, loc, lo, hi, one, init, [&](OpBuilder &b, Location loc, Value r, ValueRange x) {
    Value a = takeRow(b, loc, factors, r), qr = takeRow(b, loc, q, r), score = takeRow(b, loc, x[1], r),
          qd = takeRow(b, loc, x[2], r);
    SmallVector<Value> ins{a, qr};
    SmallVector<AffineMap> maps{map("is", "i"), map("is", "i")};
    if (exclusive) {
      ins.push_back(bonus);
      maps.push_back(map("is", "i"));
    }
    maps.append({map("is", "s"), map("is", "is")});
    // keys[i, s] holds k_s weighed with a[s+1..r]: earlier rows take the new factor, the row itself is as it was
    SmallVector<Value> scored = generic(
        b, loc, ins, {score, x[0]}, maps, "rp", [&](OpBuilder &b, Location loc, ValueRange v) -> SmallVector<Value> {
          Value s = linalg::IndexOp::create(b, loc, 1), old = v.back(), sum = v[v.size() - 2];
          Value earlier = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ult, s, r);
          Value own = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, s, r);
          Value key = arith::SelectOp::create(b, loc, earlier, mul(b, loc, v[0], old), old);
          Value ownKey = exclusive ? mul(b, loc, v[2], old) : old;
          Value read = arith::SelectOp::create(b, loc, own, ownKey,
                                               arith::SelectOp::create(b, loc, earlier, exclusive ? old : key, zero));
          return {add(b, loc, sum, mul(b, loc, mul(b, loc, v[1], scale), read)), key};
        });
    SmallVector<Value> running =
        generic(b, loc, {a, qr}, {qd, x[3]}, {map("i", "i"), map("i", "i"), map("i", "i"), map("i", "i")}, "p",
                [&](OpBuilder &b, Location loc, ValueRange v) -> SmallVector<Value> {
                  Value next = mul(b, loc, v[0], v[3]);
                  return {mul(b, loc, mul(b, loc, v[1], scale), exclusive ? v[3] : next), next};
                });
    scf::YieldOp::create(
        b, loc,
        ValueRange{scored[1], putRow(b, loc, scored[0], x[1], r), putRow(b, loc, running[0], x[2], r), running[1]});
  });
  return finish(loop.getResult(1), loop.getResult(2), loop.getResult(0), loop.getResult(3), "i", results, states);
}

SmallVector<Value> LinearAttentionOp::emitTile(OpBuilder &b, Value row, int64_t length, Value block, ValueRange results,
                                               ValueRange states, const ChunkOptions &options) {
  Location loc = getLoc();
  HeadTile tile(*this, b, row, length, partOf(b, *this, block, options));
  SmallVector<Value> y = withoutHead(b, loc, results, 1), s = withoutHead(b, loc, states, 0), out;
  if (length == 1)
    out = tile.step(y, s);
  else if (isForTensorCores(*this, options))
    out = hasVectorGate() ? tile.tensorCoreVectorTile(y, s) : tile.tensorCoreTile(y, s);
  else if (hasVectorGate() || getBonus())
    out = tile.vectorTile(y, s);
  else
    out = tile.scalarTile(y, s);
  SmallVector<Value> whole{results[0]};
  llvm::append_range(whole, states);
  return withHead(b, loc, out, whole);
}

//===--- spans: S[t] = (D[t] ... D[0]) S[-1] + local[t] ----------------------------------------------------------===//

/// Keys decayed to the end of the tile. With a decay a channel the product from the end is folded into each row.
HeadTile::Kept HeadTile::kept() {
  if (!op.hasVectorGate()) {
    DecayWeights w = decayWeights(b, loc, gate, C, e);
    Value last = takeRow(b, loc, w.products, indexConstant(b, loc, C - 1));
    return {scaled(b, loc, transposed(b, loc, k), "is", last, "s"), gate ? w.total : Value(), ""};
  }
  Value lo = indexConstant(b, loc, 0), hi = indexConstant(b, loc, C), one = indexConstant(b, loc, 1);
  Value factors = this->factors(), last = indexConstant(b, loc, C - 1);
  SmallVector<Value> init{emptyTensor(b, loc, {C, K}, e), filled(b, loc, {K}, floatConstant(b, loc, e, 1))};
  auto loop = scf::ForOp::create(b, loc, lo, hi, one, init, [&](OpBuilder &b, Location loc, Value i, ValueRange x) {
    Value r = arith::SubIOp::create(b, loc, last, i);
    SmallVector<Value> ins{takeRow(b, loc, k, r), takeRow(b, loc, factors, r)}, outs{takeRow(b, loc, x[0], r), x[1]};
    SmallVector<Value> next = generic(b, loc, ins, outs, SmallVector<AffineMap>(4, map("i", "i")), "p",
                                      [](OpBuilder &b, Location loc, ValueRange v) -> SmallVector<Value> {
                                        return {mul(b, loc, v[0], v[3]), mul(b, loc, v[1], v[3])};
                                      });
    scf::YieldOp::create(b, loc, ValueRange{putRow(b, loc, next[0], x[0], r), next[1]});
  });
  return {transposed(b, loc, loop.getResult(0)), loop.getResult(1), "i"};
}

SmallVector<StateSpec> LinearAttentionOp::getTransferSpecs() {
  if (!getGate() && !getDecay())
    return {};
  Type e = rowsType(getV()).getElementType();
  // each block that takes a part of a head's values has its own
  int64_t parts = getValueSize() / valuesInRegisters(getKeySize(), getValueSize());
  SmallVector<int64_t> shape{getHeads(), parts};
  if (hasVectorGate())
    shape.push_back(getKeySize());
  return {{"d", shape, e, FloatAttr::get(e, 1)}};
}
Slice LinearAttentionOp::getTransferSlice(OpBuilder &b, unsigned i, Value block, const ChunkOptions &options) {
  HeadPart part = partOf(b, *this, block, options);
  Slice slice = part.of(b, getTransferSpecs()[i].shape, false);
  if (part.values == getValueSize())
    return slice;
  slice.offsets[1] = arith::RemUIOp::create(b, getLoc(), block, indexConstant(b, getLoc(), slice.sizes[1])).getResult();
  slice.sizes[1] = 1;
  return slice;
}

SmallVector<Value> LinearAttentionOp::emitSummary(OpBuilder &b, Value row, int64_t length, Value block,
                                                  ValueRange transfers, ValueRange states,
                                                  const ChunkOptions &options) {
  Location loc = getLoc();
  HeadTile tile(*this, b, row, length, partOf(b, *this, block, options));
  SmallVector<Value> out, whole(transfers);
  StringRef dims = hasVectorGate() ? "hpi" : "hp", channel = hasVectorGate() ? "i" : "";
  if (isForTensorCores(*this, options) && length > 1) {
    Value state = withoutHead(b, loc, states, 0)[0], total;
    if (hasVectorGate()) {
      ChannelDecays decays(b, loc, tile.gate);
      total = decays.total();
      state = tile.tensorCoreState(decays, state);
    } else {
      GateSums gates = tile.sumsOfGate();
      total = gates.total;
      state = tile.tensorCoreState(gates, state);
    }
    for (Value transfer : transfers)
      out.push_back(decayed(b, loc, transfer, dims, total, channel));
    out.push_back(state);
    llvm::append_range(whole, states);
    return withHead(b, loc, out, whole);
  }
  HeadTile::Kept kept = tile.kept();
  for (Value transfer : transfers)
    out.push_back(scaled(b, loc, transfer, dims, kept.total, channel));
  llvm::append_range(out, tile.nextStates(kept, withoutHead(b, loc, states, 0)));
  llvm::append_range(whole, states);
  return withHead(b, loc, out, whole);
}

SmallVector<Value> LinearAttentionOp::emitJoined(OpBuilder &b, ValueRange transfers, ValueRange states,
                                                 ValueRange laterTransfers, ValueRange laterStates) {
  Location loc = getLoc();
  StringRef dims = hasVectorGate() ? "hi" : "h", ofParts = hasVectorGate() ? "hpi" : "hp";
  Value later = laterTransfers.empty() ? Value() : laterTransfers[0];
  SmallVector<Value> out;
  for (Value t : transfers)
    out.push_back(scaled(b, loc, t, ofParts, later, ofParts));
  if (later) { // all parts of a head decay alike
    SmallVector<int64_t> sizes(rowsType(later).getShape());
    sizes[1] = 1;
    later = slice(b, loc, later, SmallVector<OpFoldResult>(sizes.size(), b.getIndexAttr(0)), sizes, {1});
  }
  const StringRef loops[] = {"hij", "hi"}; // of S, of z
  for (auto [before, made, all] : llvm::zip_first(states, laterStates, loops)) {
    Value decayed = later ? scaled(b, loc, before, all, later, dims) : before;
    SmallVector<AffineMap> maps(2, dimsMap(b.getContext(), all, all));
    out.push_back(generic(b, loc, made, decayed, maps, std::string(all.size(), 'p'),
                          [](OpBuilder &b, Location loc, ValueRange x) -> SmallVector<Value> {
                            return {add(b, loc, x[1], x[0])};
                          })[0]);
  }
  return out;
}

SplitCost LinearAttentionOp::getSplitCost(const ChunkOptions &options) {
  int64_t K = getKeySize(), V = getValueSize(), C = getTileLengths(options).front();
  int64_t products = 4 * K * V + 2 * C * (K + V), gates = hasVectorGate() ? 24 * K : 24;
  int64_t row = products + gates;
  return {row, row + row / 4, 3 * K * V}; // as measured: a summary moves the state as often, and is one product long
}
