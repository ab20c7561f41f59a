// Tiles of strand.delta_rule: what DeltaRuleTiles.cpp says of them, and DeltaRuleCoreTiles.cpp of those on tensor
// cores.
#pragma once
#include "dialects/Strand/Arithmetic.h"
#include "dialects/Strand/Decay.h"
#include "dialects/Strand/HeadPart.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
namespace strand {
using namespace mlir;

/// Lengths of tiles on tensor cores: multiples of 16 whose updates are as many as tile.inverse takes; then 1.
SmallVector<int64_t> lengthsOfCoreTiles(DeltaRuleOp op);
bool isForTensorCores(DeltaRuleOp op, const ChunkOptions &options);

/// The operands of one head over the rows of one tile, and what the forms of a tile build from them.
struct DeltaTile {
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
  /// Inputs of an op over `loops`, each with its map.
  struct Inputs {
    const DeltaTile &tile;
    StringRef loops;
    SmallVector<Value> values;
    SmallVector<AffineMap> maps;
    Inputs(const DeltaTile &tile, StringRef loops) : tile(tile), loops(loops) {}
    /// Its number.
    size_t read(Value x, StringRef dims) {
      values.push_back(x);
      maps.push_back(tile.map(loops, dims));
      return values.size() - 1;
    }
  };
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
  /// x as a factor of products of bf16.
  Parts parts(Value x) { return inBf16Parts(b, loc, x, numParts(op)); }
  Parts inverted(Value system);
  SmallVector<Value> weighed(Value met, Value scores, const GateSums &readers, const GateSums &updates);
  Value channelGates();
  SmallVector<Value> decayed16(ValueRange rows, Value logs, Value factor = {});
  Value errors(Value read);
};
} // namespace strand
