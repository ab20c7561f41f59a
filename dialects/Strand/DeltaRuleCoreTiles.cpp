// Tiles of strand.delta_rule on tensor cores: products of bf16, and the inverse of the system of a tile.
#include "dialects/Strand/DeltaTile.h"
#include "dialects/Tile/Tile.h"
#include "llvm/Support/FormatVariadic.h"
using namespace mlir;
using namespace strand;

SmallVector<int64_t> strand::lengthsOfCoreTiles(DeltaRuleOp op) {
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

bool strand::isForTensorCores(DeltaRuleOp op, const ChunkOptions &options) {
  return options.tensorCores && !options.singleRow && op.getTensorCoreObstacle().empty();
}

/// (1 + the strictly lower part of `system`)^-1, in as many parts as factors are.
Parts DeltaTile::inverted(Value system) {
  SmallVector<Value> into;
  for (int64_t i = 0; i < numParts(op); ++i)
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
  y = contractParts(b, loc, parts(seen), "ml", parts(n), "lj", y, "mj");
  n = decayed(b, loc, n, "mj", gates.after, "m");
  state = decayed(b, loc, state, "ij", gates.total, "");
  state = contractParts(b, loc, keys, "mi", parts(n), "mj", state, "ij");
  return {y, state};
}

/// Of keys that met earlier keys, `met`, and queries, `scores`, if they are given: weighed with decays from the update
/// in a column to the reader in a row, and beta; 0 for later updates. Scores are scaled, and rounded where factors are.
SmallVector<Value> DeltaTile::weighed(Value met, Value scores, const GateSums &readers, const GateSums &updates) {
  Type kept = isRounded(op) ? Type(b.getBF16Type()) : e; // of scores
  Inputs ins(*this, "ml");
  SmallVector<Value> outs;
  if (met && beta)
    ins.read(beta, "m");
  size_t sums = ins.values.size();
  if (gate) {
    for (Value v : readers.ofRow())
      ins.read(v, "m");
    for (Value v : updates.ofRow())
      ins.read(v, "l");
  }
  size_t score = scores ? ins.read(scores, "ml") : 0;
  if (met)
    outs.push_back(met);
  if (scores)
    outs.push_back(emptyTensor(b, loc, rowsType(scores).getShape(), kept));
  ins.maps.append(outs.size(), map("ml", "ml"));
  return generic(b, loc, ins.values, outs, ins.maps, "pp", [&](OpBuilder &b, Location loc, ValueRange x) {
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
      Value v = times(times(x[ins.values.size()], beta ? x[0] : Value()), decay);
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
  SmallVector<Value> scores = decays.scores(q16, {low16, k16});
  for (Value &s : scores)
    s = inBf16(b, loc, decayed(b, loc, s, "rm", {}, "", scale));
  SmallVector<Value> met = decays.scores(a16, {low16, k16}, true);
  Value fromValues = inBf16(b, loc, met[1]);
  Value inverse = inverted(mapped({}, met[0], {"ml"}, [](OpBuilder &b, Location loc, ValueRange x) -> Value {
    return arith::NegFOp::create(b, loc, x[0]);
  }))[0];
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
