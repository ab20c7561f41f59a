// strand.attention in tiles.
//
// A block owns a key head and all query heads that read it. Rows of a tile see earlier rows of the sequence,
// which lie in the state (or, without state, in the operands), and each other. Both are taken in order of position, in
// blocks of rows that are gathered into one small matrix, with a running maximum m, sum l and unnormalised result a of
// each query (m = lowest, l = a = 0 at first):
//   r = scale * q k^T, -infinity where a query does not see a row     m' = max(m, max r)
//   p = exp(r - m')        f = exp(m - m')        l' = f l + sum p        a' = f a + p v
// and in the end y = a / l. Behind that the tile's own rows go into the state, so no row is overwritten that is still
// seen.
//
// Of a tile of many rows the lanes are queries: sums and maxima over keys need no shuffles, and only queries and
// results are transposed, once for all blocks. Of a single row the lanes are keys, and the queries are the heads of the
// group.
#include "dialects/Strand/Arithmetic.h"
#include "dialects/Strand/Attention.h"
#include "dialects/Strand/Decay.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "llvm/ADT/bit.h"
#include <cmath>
#include <limits>
using namespace mlir;
using namespace strand;

/// e^x for x <= 0, but 0 where that would be subnormal (so also at -infinity): CPUs take 100 cycles for such a number.
static Value weightOf(OpBuilder &b, Location loc, Value x) {
  Value limit = floatConstant(b, loc, x.getType(), x.getType().isF64() ? -708 : -87),
        zero = floatConstant(b, loc, x.getType(), 0);
  Value vanishes = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OLT, x, limit);
  return arith::SelectOp::create(b, loc, vanishes, zero,
                                 exp(b, loc, arith::SelectOp::create(b, loc, vanishes, zero, x)));
}
/// What queries and unnormalised results of the heads that go together may take: a part of the second-level cache.
static constexpr int64_t passBytes = 256 << 10;

bool AttentionOp::readsEarlierRows() { return true; }

/// The scale has to keep the order of scores.
std::string AttentionOp::getTensorCoreObstacle() {
  if (!(getScale().convertToDouble() > 0))
    return "a scale that is not positive";
  constexpr int64_t mostBytes = 200 << 10; // of what a multiprocessor has: queries, keys and values of a tile
  int64_t bytes = partsOfF32 * 2 * longestCoreTile * (2 * getKeySize() + getValueSize());
  return obstacleToTensorCores({getQ(), getK(), getV()}, getKeySize(), getValueSize(), bytes <= mostBytes);
}

/// Whether tiles are for tensor cores: rows in bf16, whose weights may be rounded to bf16 as well. A block then owns a
/// query head, keys come in blocks of the length of the tile, and those from before the call as AttentionPast.cpp says.
static bool isForTensorCores(AttentionOp op, const ChunkOptions &options) {
  return options.tensorCores && !options.singleRow && op.getTensorCoreObstacle().empty();
}

/// Their values are replaced by zeros in registers, beside those of the result.
bool AttentionOp::takesForeignRows(const ChunkOptions &) { return getValueSize() <= 128; }

SmallVector<OpOperand *> AttentionOp::getMultiplied() { return {&getQMutable(), &getKMutable(), &getVMutable()}; }
SmallVector<OpOperand *> AttentionOp::getRemembered() { return {&getKMutable(), &getVMutable()}; }

bool AttentionOp::cutsSequences(const ChunkOptions &options) {
  return isForTensorCores(*this, options) || isStepOnDevice(*this, options);
}

/// Query heads of a block.
static int64_t headsOfBlock(AttentionOp op, const ChunkOptions &options) {
  if (isStepOnDevice(op, options))
    return headsOfStep(op);
  return isForTensorCores(op, options) ? 1 : op.getGroup();
}

int64_t AttentionOp::getBlocks(const ChunkOptions &options) {
  return getKeyHeads() * getGroup() / headsOfBlock(*this, options);
}

/// Bytes of a query and its unnormalised result, or of a key and its value.
static int64_t queryBytes(AttentionOp op) {
  return (op.getKeySize() + op.getValueSize()) * op.getElementType().getIntOrFloatBitWidth() / 8;
}

/// The queries that one matrix holds, rows of one head along the lanes; and as many rows of keys go past at a time.
static int64_t panelRows(AttentionOp op) {
  return llvm::bit_floor<uint64_t>(std::clamp<int64_t>(passBytes / queryBytes(op), 16, 64));
}

/// Rows of keys and values that fit in the first-level cache, for queries of a single row: they are read from far away
/// and used several times. 16, 32, 48 or 64.
static int64_t keyBlock(AttentionOp op) {
  constexpr int64_t bytes = 32 << 10;
  return std::clamp<int64_t>(bytes / queryBytes(op) / 16 * 16, 16, 64);
}

SmallVector<int64_t> AttentionOp::getTileLengths(const ChunkOptions &options) {
  if (options.singleRow || options.tileLength == 1)
    return {1};
  if (options.tileLength)
    return {options.tileLength, 1};
  if (isForTensorCores(*this, options))
    return {longestCoreTile, 16, 1};
  int64_t rows = panelRows(*this), panels = std::clamp<int64_t>(passBytes / (rows * queryBytes(*this)), 1, 4);
  return {panels * rows, rows / 2, 1};
}

Slice AttentionOp::getStateSlice(OpBuilder &b, unsigned i, Value block, const ChunkOptions &) {
  SmallVector<int64_t> shape = getStateSpecs()[i].shape;
  Slice s{SmallVector<OpFoldResult>(shape.size(), b.getIndexAttr(0)), shape};
  s.offsets[shape.size() - 2] = block;
  s.sizes[shape.size() - 2] = 1;
  return s;
}
Slice AttentionOp::getResultSlice(OpBuilder &b, unsigned i, Value block, const ChunkOptions &options) {
  SmallVector<int64_t> shape = itemShape(getResult(i));
  Slice s{SmallVector<OpFoldResult>(shape.size(), b.getIndexAttr(0)), shape};
  s.sizes[0] = headsOfBlock(*this, options);
  s.offsets[0] = startOf(b, getLoc(), block, s.sizes[0]);
  return s;
}

namespace {
/// A tile of one key head, or of some of its query heads. Queries come in panels of R: rows of one head, or, where the
/// tile is a single row, all heads of the group. Keys come in blocks of B rows.
struct Tile {
  AttentionOp op;
  OpBuilder &b;
  Location loc;
  Type e;
  bool lanesAreQueries;
  int64_t C, E, D, V, W, R, B; // rows of the tile, heads of the group, sizes of keys and values, window (0: none)
  Value row, before;           // the first row, its position
  Value inCall;                // and its number among the sequence's rows of the call
  Value keyHead, queryHead;    // the key head, the first of the query heads
  Value k, v;                  // the head's part of the state, or null
  Value pastK, pastV;          // or what was before the call (AttentionPast.cpp), or null

  Tile(AttentionOp op, OpBuilder &b, Value row, int64_t length, Value block, ValueRange states, int64_t heads,
       const ChunkOptions &options)
      : op(op), b(b), loc(op.getLoc()), e(op.getElementType()), lanesAreQueries(length > 1), C(length), E(heads),
        D(op.getKeySize()), V(op.getValueSize()), W(op.getWindow().value_or(0)),
        R(length > 1 ? blockOf(length, panelRows(op), 1) : E), B(length > 1 ? panelRows(op) : keyBlock(op)), row(row),
        before(states[0]), inCall(before), keyHead(keyHeadOf(b, op, block, heads)), queryHead(startOf(b, loc, block, heads)) {
    if (op.getStates().empty())
      return;
    if (op.cutsSequences(options))
      inCall = sub(b, loc, before, states[1]), pastK = states[2], pastV = states[3];
    else
      k = states[1], v = states[2];
  }

  /// Rows of keys and values of all heads: those of the call in the operands, or those before it.
  struct CoreKeys {
    Value keys, values, first; // first: the row there that has number 0
    Value query;               // the number that the tile's first row has, or would have; null: all lie behind the keys
    Value oldest, end;         // the first number that is there and the one behind the last, of a masked block; or null
    bool foreign = false;      // what lies before and behind these may be anything
  };
  /// Results of one head from destinations C x 1 x V and C x 1, with keys in blocks of C rows.
  SmallVector<Value> onTensorCores(ValueRange results, const TilePart &part);
  Parts valuesWithin(const CoreKeys &keys, Value from);
  std::pair<Value, Value> blocksOfPart(const TilePart &part, Value rest);
  Value isLastPart(const TilePart &part) {
    return arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, add(b, loc, part.number, index(1)), part.parts);
  }
  SmallVector<Value> coreBlock(const Parts &q, const CoreKeys &keys, Value from, bool mask, ValueRange running);
  /// x as a factor of products of bf16.
  Parts parts(Value x) { return inBf16Parts(b, loc, x, numParts(op)); }
  /// What is made only to be one.
  Type factorType() { return isRounded(op) ? Type(b.getBF16Type()) : e; }
  /// C rows of one head.
  Parts coreRows(Value rows, Value row, Value head, int64_t size) {
    return parts(slice(b, loc, rows, {row, head, b.getIndexAttr(0)}, {C, 1, size}, {1}));
  }
  /// The scale of scores whose powers are of 2.
  double powerScale() { return op.getScale().convertToDouble() * log2e; }
  /// Results from destinations C x E x V and C x E, then the next states.
  SmallVector<Value> emit(ValueRange results) {
    SmallVector<Value> out;
    if (lanesAreQueries) {
      out = manyRows(results);
      remember();
    } else {
      remember();
      out = oneRow(results);
    }
    if (k)
      out.append({k, v});
    return out;
  }

private:
  /// Of a panel: maxima and sums, R each, and unnormalised results, V x R or R x V. Or of several panels.
  struct Running {
    Value most, sum, result;

    Running(Value most, Value sum, Value result) : most(most), sum(sum), result(result) {}
    explicit Running(ValueRange x) : Running(x[0], x[1], x[2]) {}
    SmallVector<Value> list() const { return {most, sum, result}; }
  };
  /// The rows from `row` of the tile on of the head `head` of the group.
  struct Panel {
    Value number, head, row;
  };
  struct KeyBlock {
    Value keys, values; // B x D, B x V
  };
  using RowAt = llvm::function_ref<Value(bool isValue, Value i)>;

  Value index(int64_t i) const { return indexConstant(b, loc, i); }
  Value number(double x) const { return floatConstant(b, loc, e, x); }
  Value times(Value x, int64_t n) const { return arith::MulIOp::create(b, loc, x, index(n)); }
  Value least(Value x, Value y) const { return arith::MinUIOp::create(b, loc, x, y); }
  Value greatest(Value x, Value y) const { return arith::MaxUIOp::create(b, loc, x, y); }
  SmallVector<Value> loop(Value from, Value to, int64_t step, ValueRange init, LoopBody body) {
    return emitLoop(b, loc, from, to, step, init, body);
  }
  AffineMap map(StringRef loops, StringRef dims) const { return dimsMap(b.getContext(), loops, dims); }

  /// Dimensions of scores (r queries, s keys), results (r, d) and queries (r, i): queries last if they are the lanes.
  StringRef scoreDims() const { return lanesAreQueries ? "sr" : "rs"; }
  StringRef resultDims() const { return lanesAreQueries ? "dr" : "rd"; }
  StringRef queryDims() const { return lanesAreQueries ? "ir" : "ri"; }
  StringRef kinds() const { return lanesAreQueries ? "rp" : "pr"; } // of scores, where keys are summed over
  SmallVector<int64_t> shape(StringRef dims, ArrayRef<int64_t> leading = {}) const {
    SmallVector<int64_t> sizes(leading);
    for (char c : dims)
      sizes.push_back(c == 'r' ? R : c == 's' ? B : c == 'd' ? V : D);
    return sizes;
  }

  // results without the dimension of heads, and back
  Value wholeTile(Value whole);
  Value inWholeTile(Value part, Value whole);
  SmallVector<Value> finishCore(const Running &done, ValueRange results);
  SmallVector<Value> finishPart(const Running &done, ValueRange results);

  // what all tiles are made of
  Running start(ArrayRef<int64_t> leading);
  Value scaled(Value q, Value into);
  Value inverseOf(Value sums, int64_t count);
  SmallVector<Value> maskedAndMost(Value scores, Value distance);
  Running block(Value queries, const KeyBlock &rows, Value distance, const Running &old);
  SmallVector<Value> finish(const Running &done, Value y, Value lse);
  void copyRows(KeyBlock &into, Value from, Value to, Value begin, RowAt rowAt);
  void zeroRest(KeyBlock &into, Value count);
  Value ownRow(Value rows, Value row);
  Value rowsOfHead(Value rows, Value row, Value head, int64_t n);
  void remember();

  SmallVector<Value> manyRows(ValueRange results);
  SmallVector<Value> overPanels(int64_t heads, Value firstHead, Value rowPanel, Value endPanel, ValueRange init,
                                llvm::function_ref<SmallVector<Value>(Panel, ValueRange)> body);
  KeyBlock gathered(Value from, Value to);
  Running overBlocks(int64_t heads, Value firstHead, Value queries);

  SmallVector<Value> oneRow(ValueRange results);
};
} // namespace

Tile::Running Tile::start(ArrayRef<int64_t> leading) {
  return {filled(b, loc, shape("r", leading), lowest(b, loc, e)), filled(b, loc, shape("r", leading), number(0)),
          filled(b, loc, shape(resultDims(), leading), number(0))};
}

/// scale * q, in the order of lanes.
Value Tile::scaled(Value q, Value into) {
  StringRef dims = queryDims();
  return generic(b, loc, q, into, {map(dims, "ri"), map(dims, dims)}, "pp",
                 [&](OpBuilder &b, Location loc, ValueRange x) -> SmallVector<Value> {
                   return {mul(b, loc, x[0], floatConstant(b, loc, e, op.getScale().convertToDouble()))};
                 })[0];
}

/// {scores with -infinity where a query does not see the key, their maxima}. `distance`: from the first key to the
/// first query. Keys behind the tile are later than all queries.
SmallVector<Value> Tile::maskedAndMost(Value scores, Value distance) {
  StringRef dims = scoreDims();
  Type i32 = b.getI32Type();
  int64_t lanes = lanesAreQueries ? R : B;
  auto lane = llvm::to_vector(llvm::seq<int32_t>(0, lanes));
  Value numbers =
      arith::ConstantOp::create(b, loc, DenseElementsAttr::get(RankedTensorType::get({lanes}, i32), ArrayRef(lane)));
  distance = arith::IndexCastOp::create(b, loc, i32, distance);
  Value most = filled(b, loc, {R}, lowest(b, loc, e));
  return generic(b, loc, numbers, {scores, most}, {map(dims, dims.take_back()), map(dims, dims), map(dims, "r")},
                 kinds(), [&](OpBuilder &b, Location loc, ValueRange x) -> SmallVector<Value> {
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

/// One panel past one block of keys.
Tile::Running Tile::block(Value queries, const KeyBlock &rows, Value distance, const Running &old) {
  Value scores = filled(b, loc, shape(scoreDims()), number(0));
  scores = lanesAreQueries ? contract(b, loc, rows.keys, "si", queries, "ir", scores, "sr")
                           : contract(b, loc, queries, "ri", rows.keys, "si", scores, "rs");
  SmallVector<Value> masked = maskedAndMost(scores, distance);
  SmallVector<Value> scales = generic(
      b, loc, masked[1], {old.most, old.sum, emptyTensor(b, loc, {R}, e)}, SmallVector<AffineMap>(4, map("r", "r")),
      "p", [](OpBuilder &b, Location loc, ValueRange x) -> SmallVector<Value> {
        Value most = arith::MaxNumFOp::create(b, loc, x[0], x[1]), factor = weightOf(b, loc, sub(b, loc, x[1], most));
        return {most, mul(b, loc, x[2], factor), factor};
      });
  StringRef dims = scoreDims(), out = resultDims();
  SmallVector<Value> weights =
      generic(b, loc, scales[0], {masked[0], scales[1]}, {map(dims, "r"), map(dims, dims), map(dims, "r")}, kinds(),
              [](OpBuilder &b, Location loc, ValueRange x) -> SmallVector<Value> {
                Value p = weightOf(b, loc, sub(b, loc, x[1], x[0]));
                return {p, add(b, loc, x[2], p)};
              });
  Value result = generic(
      b, loc, scales[2], old.result, {map(out, "r"), map(out, out)}, "pp",
      [](OpBuilder &b, Location loc, ValueRange x) -> SmallVector<Value> { return {mul(b, loc, x[0], x[1])}; })[0];
  result = lanesAreQueries ? contract(b, loc, rows.values, "sd", weights[0], "sr", result, "dr")
                           : contract(b, loc, weights[0], "rs", rows.values, "sd", result, "rd");
  return {scales[0], weights[1], result};
}

/// 1 / sum of each query: rows of results are multiplied with it.
Value Tile::inverseOf(Value sums, int64_t count) {
  return generic(b, loc, sums, emptyTensor(b, loc, {count}, e), {map("r", "r"), map("r", "r")}, "p",
                 [&](OpBuilder &b, Location loc, ValueRange x) -> SmallVector<Value> {
                   return {arith::DivFOp::create(b, loc, floatConstant(b, loc, e, 1), x[0])};
                 })[0];
}

/// {y, lse} of a panel, rows first.
SmallVector<Value> Tile::finish(const Running &done, Value y, Value lse) {
  Value inverse = inverseOf(done.sum, R);
  SmallVector<Value> out =
      generic(b, loc, {done.result, inverse}, y, {map("rd", resultDims()), map("rd", "r"), map("rd", "rd")}, "pp",
              [](OpBuilder &b, Location loc, ValueRange x) -> SmallVector<Value> { return {mul(b, loc, x[0], x[1])}; });
  if (lse)
    out.append(generic(b, loc, {done.most, done.sum}, lse, SmallVector<AffineMap>(3, map("r", "r")), "p",
                       [](OpBuilder &b, Location loc, ValueRange x) -> SmallVector<Value> {
                         return {add(b, loc, x[0], math::LogOp::create(b, loc, x[1]))};
                       }));
  return out;
}

/// The key head's part of one row of an operand.
Value Tile::ownRow(Value rows, Value row) { return rowsOfHead(rows, row, keyHead, 1); }

/// `n` rows of a head, or the one.
Value Tile::rowsOfHead(Value rows, Value row, Value head, int64_t n) {
  SmallVector<unsigned> dropped{1};
  if (n == 1)
    dropped = {0, 1};
  return slice(b, loc, rows, {row, head, b.getIndexAttr(0)}, {n, 1, itemShape(rows).back()}, dropped);
}

/// Rows i of [from, to) go to i - begin of the block.
void Tile::copyRows(KeyBlock &into, Value from, Value to, Value begin, RowAt rowAt) {
  Value init[] = {into.keys, into.values};
  SmallVector<Value> next = loop(from, to, 1, init, [&](Value i, ValueRange x) -> SmallVector<Value> {
    Value at = sub(b, loc, i, begin);
    return {putRow(b, loc, rowAt(false, i), x[0], at), putRow(b, loc, rowAt(true, i), x[1], at)};
  });
  into = {next[0], next[1]};
}

/// Values behind `count` are multiplied with weights of 0, so they must be numbers.
void Tile::zeroRest(KeyBlock &into, Value count) {
  into.values = loop(count, index(B), 1, into.values, [&](Value i, ValueRange x) -> SmallVector<Value> {
    Value zero = floatConstant(b, loc, rowsType(x[0]).getElementType(), 0);
    return {putRow(b, loc, filled(b, loc, {V}, zero), x[0], i)};
  })[0];
}

/// The tile's last rows to their places in the state.
void Tile::remember() {
  if (!k)
    return;
  Value init[] = {k, v};
  SmallVector<Value> next = loop(index(W && C > W ? C - W : 0), index(C), 1, init, [&](Value i, ValueRange x) {
    Value place = placeOf(b, op, add(b, loc, before, i)), at = add(b, loc, row, i), own[] = {op.getK(), op.getV()};
    SmallVector<Value> next;
    OpFoldResult zero = b.getIndexAttr(0);
    for (auto [state, rows] : llvm::zip_equal(x, own))
      next.push_back(unslice(b, loc, ownRow(rows, at), state, {place, zero, zero}, {1, 1, itemShape(rows).back()}));
    return next;
  });
  k = next[0], v = next[1];
}

/// Panels of `heads` heads and of the panels of rows in [rowPanel, endPanel).
SmallVector<Value> Tile::overPanels(int64_t heads, Value firstHead, Value rowPanel, Value endPanel, ValueRange init,
                                    llvm::function_ref<SmallVector<Value>(Panel, ValueRange)> body) {
  return loop(index(0), index(heads), 1, init, [&](Value j, ValueRange x) {
    return loop(rowPanel, endPanel, 1, x, [&](Value u, ValueRange x) {
      return body({add(b, loc, times(j, C / R), u), add(b, loc, firstHead, j), times(u, R)}, x);
    });
  });
}

/// The rows at the positions [from, to), at most B: those before the tile lie in the state.
Tile::KeyBlock Tile::gathered(Value from, Value to) {
  KeyBlock block{emptyTensor(b, loc, {B, D}, op.getKeyType()), emptyTensor(b, loc, {B, V}, op.getKeyType())};
  Value own = from;
  if (k) {
    own = least(to, greatest(from, before));
    copyRows(block, from, own, from, [&](bool isValue, Value position) {
      OpFoldResult zero = b.getIndexAttr(0);
      return slice(b, loc, isValue ? v : k, {placeOf(b, op, position), zero, zero}, {1, 1, isValue ? V : D}, {0, 1});
    });
  }
  copyRows(block, own, to, from, [&](bool isValue, Value position) {
    return ownRow(isValue ? op.getV() : op.getK(), sub(b, loc, add(b, loc, row, position), before));
  });
  zeroRest(block, sub(b, loc, to, from));
  return block;
}

/// The panels of `heads` heads past all keys.
Tile::Running Tile::overBlocks(int64_t heads, Value firstHead, Value queries) {
  int64_t rowPanels = C / R;
  Value first = index(0), end = add(b, loc, before, index(C));
  if (W) // a query before position W - 1 sees all rows
    first = sub(b, loc, greatest(before, index(W - 1)), index(W - 1));
  return Running(loop(first, end, B, start({heads * rowPanels}).list(), [&](Value from, ValueRange x) {
    Value to = least(end, add(b, loc, from, index(B)));
    KeyBlock rows = gathered(from, to);
    // panels whose last row is not before the first key, and whose first row sees the last
    Value rowPanel = arith::DivUIOp::create(b, loc, sub(b, loc, greatest(from, before), before), index(R)),
          endPanel = index(rowPanels);
    if (W)
      endPanel = least(
          endPanel, arith::CeilDivUIOp::create(b, loc, sub(b, loc, add(b, loc, to, index(W - 1)), before), index(R)));
    return overPanels(heads, firstHead, rowPanel, endPanel, x, [&](const Panel &panel, ValueRange x) {
      auto of = [&](Value panels) { return takeRow(b, loc, panels, panel.number); };
      Value distance = sub(b, loc, add(b, loc, before, panel.row), from);
      SmallVector<Value> next = block(of(queries), rows, distance, {of(x[0]), of(x[1]), of(x[2])}).list();
      for (auto [value, into] : llvm::zip_equal(next, x))
        value = putRow(b, loc, value, into, panel.number);
      return next;
    });
  }));
}

/// Several rows: some heads at a time, so that their panels stay in cache while the blocks pass.
SmallVector<Value> Tile::manyRows(ValueRange results) {
  int64_t heads = blockOf(E, std::max<int64_t>(1, passBytes / (C * queryBytes(op))), 1);
  Value zero = index(0), endPanel = index(C / R);
  auto place = [&](const Panel &panel, Value row, Value head) {
    return SmallVector<OpFoldResult>{add(b, loc, row, panel.row), add(b, loc, head, panel.head), b.getIndexAttr(0)};
  };
  return loop(zero, index(E), heads, results, [&](Value firstHead, ValueRange results) {
    Value all = emptyTensor(b, loc, shape(queryDims(), {heads * C / R}), e);
    Value queries =
        overPanels(heads, firstHead, zero, endPanel, all, [&](const Panel &panel, ValueRange x) -> SmallVector<Value> {
          Value q = slice(b, loc, op.getQ(), place(panel, row, queryHead), {R, 1, D}, {1});
          return {putRow(b, loc, scaled(q, takeRow(b, loc, x[0], panel.number)), x[0], panel.number)};
        })[0];
    Running done = overBlocks(heads, firstHead, queries);
    return overPanels(heads, firstHead, zero, endPanel, results, [&](const Panel &panel, ValueRange x) {
      auto of = [&](Value panels) { return takeRow(b, loc, panels, panel.number); };
      SmallVector<OpFoldResult> at = place(panel, zero, zero);
      Value lse = op.getLse() ? slice(b, loc, x[1], ArrayRef(at).drop_back(), {R, 1}, {1}) : Value();
      SmallVector<Value> out =
          finish({of(done.most), of(done.sum), of(done.result)}, slice(b, loc, x[0], at, {R, 1, V}, {1}), lse);
      out[0] = unslice(b, loc, out[0], x[0], at, {R, 1, V});
      if (lse)
        out[1] = unslice(b, loc, out[1], x[1], ArrayRef(at).drop_back(), {R, 1});
      return out;
    });
  });
}

/// One row, which is in the state already, past the rows that it sees in the order of their positions, so that the sum
/// is the same with state and without. Blocks are read where they lie; copied are the rest and, of a window whose
/// places begin anew within a block, that block. Rows from before the call may lie apart from those of the call.
SmallVector<Value> Tile::oneRow(ValueRange results) {
  Value zero = index(0), count = add(b, loc, before, index(1));
  if (W)
    count = least(count, index(W));
  Value others = sub(b, loc, count, index(1)); // seen before this row
  Value firstRow = sub(b, loc, row, others), firstPosition = sub(b, loc, before, others);
  // of the rows that are seen those from number i on
  auto ofCall = [&](bool isValue, Value i, int64_t n) {
    return rowsOfHead(isValue ? op.getV() : op.getK(), add(b, loc, firstRow, i), keyHead, n);
  };
  auto inState = [&](bool isValue, Value i, int64_t n) {
    return rowsOfHead(isValue ? v : k, placeOf(b, op, add(b, loc, firstPosition, i)), zero, n);
  };
  Value numPast = pastK ? sub(b, loc, others, least(others, inCall)) : zero;
  auto inPast = [&](bool isValue, Value i, int64_t n) {
    Value first = W ? sub(b, loc, index(rowsOfPast(op)), numPast) : zero;
    return rowsOfHead(isValue ? pastV : pastK, add(b, loc, first, i), keyHead, n);
  };
  Value q = slice(b, loc, op.getQ(), {row, queryHead, b.getIndexAttr(0)}, {1, E, D}, {0});
  Value queries = scaled(q, emptyTensor(b, loc, {E, D}, e));
  SmallVector<Value> done = start({}).list();
  using RowsAt = llvm::function_ref<Value(bool isValue, Value i, int64_t n)>;
  auto copied = [&](Value from, Value to, RowsAt rowsAt, Type type) { // a block or none
    done = loop(from, to, B, done, [&](Value from, ValueRange x) {
      KeyBlock rows{emptyTensor(b, loc, {B, D}, type), emptyTensor(b, loc, {B, V}, type)};
      copyRows(rows, from, to, from, [&](bool isValue, Value i) { return rowsAt(isValue, i, 1); });
      Value own = sub(b, loc, to, from);
      zeroRest(rows, own);
      return block(queries, rows, sub(b, loc, own, index(1)), Running(x)).list();
    });
  };
  auto inPlace = [&](Value from, Value to, RowsAt rowsAt) {
    done = loop(from, to, B, done, [&](Value from, ValueRange x) {
      KeyBlock rows{rowsAt(false, from, B), rowsAt(true, from, B)};
      return block(queries, rows, index(B - 1), Running(x)).list(); // all of them are seen
    });
  };
  auto restOf = [&](Value from, Value to) {
    return add(b, loc, from, arith::RemUIOp::create(b, loc, sub(b, loc, to, from), index(B)));
  };
  if (!k) {
    if (pastK) {
      Value rest = restOf(zero, numPast);
      copied(zero, rest, inPast, rowsType(pastK).getElementType());
      inPlace(rest, numPast, inPast);
    }
    Value rest = restOf(numPast, count);
    copied(numPast, rest, ofCall, op.getKeyType());
    inPlace(rest, count, ofCall);
  } else {
    Value rest = restOf(zero, count);
    copied(zero, rest, inState, op.getKeyType());
    if (W) {
      Value left = sub(b, loc, index(W), placeOf(b, op, add(b, loc, firstPosition, rest))); // until places begin anew
      Value over = arith::RemUIOp::create(b, loc, left, index(B)),
            turn = least(count, add(b, loc, rest, sub(b, loc, left, over)));
      Value straddles = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ne, over, zero);
      Value behind = arith::SelectOp::create(b, loc, straddles, least(count, add(b, loc, turn, index(B))), turn);
      inPlace(rest, turn, inState);
      copied(turn, behind, inState, op.getKeyType());
      rest = behind;
    }
    inPlace(rest, count, inState);
  }
  SmallVector<Value> out = finish(Running(done), takeRow(b, loc, results[0], zero),
                                  op.getLse() ? takeRow(b, loc, results[1], zero) : Value());
  for (auto [part, into] : llvm::zip_equal(out, results))
    part = putRow(b, loc, part, into, zero);
  return out;
}

/// C values of the key head from number `from` on, with zeros for those that are not there, since a weight of 0 does
/// not undo a NaN.
Parts Tile::valuesWithin(const CoreKeys &keys, Value from) {
  Value rows = rowsOfHead(keys.values, add(b, loc, keys.first, from), keyHead, C);
  auto word = [&](Value x) -> Value { return arith::IndexCastOp::create(b, loc, b.getI32Type(), x); };
  Value count = word(sub(b, loc, keys.end, from)), missing;
  if (keys.oldest)
    missing = word(sub(b, loc, keys.oldest, from));
  Type kept = factorType();
  Value there =
      generic(b, loc, rows, emptyTensor(b, loc, {C, V}, kept), {map("sd", "sd"), map("sd", "sd")}, "pp",
              [&](OpBuilder &b, Location loc, ValueRange x) -> SmallVector<Value> {
                Value s = arith::IndexCastOp::create(b, loc, b.getI32Type(), linalg::IndexOp::create(b, loc, 0));
                Value isThere = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::slt, s, count);
                if (missing)
                  isThere = arith::AndIOp::create(
                      b, loc, isThere, arith::CmpIOp::create(b, loc, arith::CmpIPredicate::sge, s, missing));
                Value v = arith::SelectOp::create(b, loc, isThere, x[0], floatConstant(b, loc, x[0].getType(), 0));
                return {castFloat(b, loc, v, kept)};
              })[0];
  return parts(there);
}

/// One block of C keys from number `from` on, on tensor cores. As above, but m is a maximum before the scale, powers
/// are of 2 and weights are rounded to bf16 if rows are. `mask`: not all queries see all keys.
SmallVector<Value> Tile::coreBlock(const Parts &q, const CoreKeys &keys, Value from, bool mask, ValueRange x) {
  Running old(x);
  Value at = add(b, loc, keys.first, from);
  Value scores = contractParts(b, loc, q, "ri", coreRows(keys.keys, at, keyHead, D), "si",
                               filled(b, loc, {C, C}, number(0)), "rs");
  Type i32 = b.getI32Type();
  auto word = [&](Value x) -> Value { return arith::IndexCastOp::create(b, loc, i32, x); };
  Value distance, missing, count;
  if (keys.query)
    distance = word(sub(b, loc, keys.query, from));
  if (keys.oldest)
    missing = word(sub(b, loc, keys.oldest, from));
  if (keys.end)
    count = word(sub(b, loc, keys.end, from));
  auto seen = [&](OpBuilder &b, Location loc) -> Value {
    auto place = [&](unsigned d) {
      return arith::IndexCastOp::create(b, loc, i32, linalg::IndexOp::create(b, loc, d)).getResult();
    };
    Value isSeen;
    auto both = [&](arith::CmpIPredicate holds, Value x, Value y) {
      Value next = arith::CmpIOp::create(b, loc, holds, x, y);
      isSeen = isSeen ? arith::AndIOp::create(b, loc, isSeen, next).getResult() : next;
    };
    if (distance) {
      Value age = add(b, loc, sub(b, loc, place(0), place(1)), distance);
      Value limit = arith::ConstantOp::create(b, loc, b.getI32IntegerAttr(W));
      both(W ? arith::CmpIPredicate::ult : arith::CmpIPredicate::sge, age, limit); // with W: 0 <= age < W
    }
    if (missing)
      both(arith::CmpIPredicate::sge, place(1), missing);
    if (count)
      both(arith::CmpIPredicate::slt, place(1), count);
    return isSeen;
  };
  SmallVector<Value> masked =
      generic(b, loc, {}, {scores, filled(b, loc, {C}, lowest(b, loc, e))}, {map("rs", "rs"), map("rs", "r")}, "pr",
              [&](OpBuilder &b, Location loc, ValueRange x) -> SmallVector<Value> {
                Value score = x[0];
                if (mask)
                  score = arith::SelectOp::create(b, loc, seen(b, loc), score, floatConstant(b, loc, e, -INFINITY));
                return {score, arith::MaxNumFOp::create(b, loc, x[1], score)};
              });
  SmallVector<Value> scales =
      generic(b, loc, masked[1], {old.most, old.sum, emptyTensor(b, loc, {C}, e)},
              SmallVector<AffineMap>(4, map("r", "r")), "p",
              [&](OpBuilder &b, Location loc, ValueRange x) -> SmallVector<Value> {
                // a maximum that is passed by little stays, so that there is seldom anything to scale
                constexpr double fewPowers = 8;
                Value passed = mul(b, loc, sub(b, loc, x[0], x[1]), number(powerScale()));
                Value isFar = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OGT, passed, number(fewPowers));
                Value most = arith::SelectOp::create(b, loc, isFar, x[0], x[1]);
                Value factor = coarsePowerOfTwo(b, loc, mul(b, loc, sub(b, loc, x[1], most), number(powerScale())));
                return {most, mul(b, loc, x[2], factor), factor};
              });
  Type kept = factorType();
  SmallVector<Value> weights =
      generic(b, loc, {masked[0], scales[0]}, {emptyTensor(b, loc, {C, C}, kept), scales[1]},
              {map("rs", "rs"), map("rs", "r"), map("rs", "rs"), map("rs", "r")}, "pr",
              [&](OpBuilder &b, Location loc, ValueRange x) -> SmallVector<Value> {
                Value scale = number(powerScale());
                Value weight =
                    coarsePowerOfTwo(b, loc, sub(b, loc, mul(b, loc, x[0], scale), mul(b, loc, x[1], scale)));
                return {castFloat(b, loc, weight, kept), add(b, loc, x[3], weight)};
              });
  Value result = generic(
      b, loc, scales[2], old.result, {map("rd", "r"), map("rd", "rd")}, "pp",
      [](OpBuilder &b, Location loc, ValueRange x) -> SmallVector<Value> { return {mul(b, loc, x[0], x[1])}; })[0];
  Parts v = mask && keys.foreign ? valuesWithin(keys, from) : coreRows(keys.values, at, keyHead, V);
  return {scales[0], weights[1], contractParts(b, loc, parts(weights[0]), "rs", v, "sd", result, "rd")};
}

/// Blocks that all queries see, and around them those at the window's and the diagonal's edge: of the rows before the
/// call, then of its own. The tile's own rows are those from `row` on, as many as part.count says, which the tile may
/// begin before; of a part of the past, only the last also has the rows of the call, and what it has may be nothing.
SmallVector<Value> Tile::onTensorCores(ValueRange results, const TilePart &part) {
  Value skipped = part.count ? part.skipped : index(0), begin = part.count ? sub(b, loc, row, skipped) : row;
  Parts q = coreRows(op.getQ(), begin, queryHead, D);
  // a query may see nothing of the first blocks: then this is its maximum, which the scale must leave finite
  double mostOfNone = -std::numeric_limits<float>::max() / std::max(1.0, 2 * powerScale());
  SmallVector<Value> x{filled(b, loc, {C}, number(mostOfNone)), filled(b, loc, {C}, number(0)),
                       filled(b, loc, {C, V}, number(0))};
  auto blocks = [&](const CoreKeys &keys, Value from, Value to, bool mask) {
    x = loop(from, to, C, x, [&](Value at, ValueRange x) { return coreBlock(q, keys, at, mask, x); });
  };
  auto blockAt = [&](Value number) { return sub(b, loc, number, arith::RemUIOp::create(b, loc, number, index(C))); };
  auto blockFrom = [&](Value number) { return blockAt(add(b, loc, number, index(C - 1))); };
  auto firstSeenBy = [&](Value query) { return sub(b, loc, greatest(query, index(W - 1)), index(W - 1)); };
  Value seenBefore = sub(b, loc, before, inCall); // by the sequence, before the call
  Value isLast;                                   // of several parts of the past
  auto ofLast = [&](Value end, Value otherwise) -> Value {
    return isLast ? arith::SelectOp::create(b, loc, isLast, end, otherwise).getResult() : end;
  };
  if (pastK && W) {
    Value end = index(rowsOfPast(op)), query = add(b, loc, end, inCall);
    Value oldest = sub(b, loc, end, least(seenBefore, index(W - 1))), first = greatest(oldest, firstSeenBy(query));
    Value full = blockFrom(greatest(oldest, firstSeenBy(add(b, loc, query, index(C - 1)))));
    full = least(full, end);
    CoreKeys past{pastK, pastV, index(0), sub(b, loc, query, skipped), oldest, Value()};
    blocks(past, blockAt(first), full, true);
    blocks(past, full, end, false);
  } else if (pastK) {
    Value rest = blockAt(seenBefore), from = index(0), to = rest;
    CoreKeys past{pastK, pastV, index(0), Value(), rest, seenBefore, true};
    if (part.parts) {
      std::tie(from, to) = blocksOfPart(part, rest);
      isLast = isLastPart(part);
    }
    blocks(past, from, to, false);
    // a block that ends with the last row, or begins with the first: the cache has room for the tile's rows behind it
    x = loop(rest, ofLast(seenBefore, rest), C, x, [&](Value at, ValueRange x) {
      Value end = least(add(b, loc, at, index(C)), seenBefore);
      return coreBlock(q, past, sub(b, loc, greatest(end, index(C)), index(C)), true, x);
    });
  }
  CoreKeys own{op.getK(), op.getV(), sub(b, loc, row, inCall), sub(b, loc, inCall, skipped), Value(), Value()};
  Value first = index(0), end = add(b, loc, inCall, index(C));
  if (C < longestCoreTile) { // it may begin anywhere: rows in front of the first of the blocks that end with it
    first = arith::RemUIOp::create(b, loc, inCall, index(C));
    Value rest = W ? least(first, firstSeenBy(inCall)) : index(0);
    CoreKeys few = own;
    few.end = first;
    few.query = W ? few.query : Value();
    x = loop(rest, first, C, x,
             [&](Value at, ValueRange x) { return coreBlock(q, few, sub(b, loc, at, rest), true, x); });
  }
  auto blockOf = [&](Value number) { // the one that the number is in, or the first
    return add(b, loc, first, blockAt(sub(b, loc, greatest(number, first), first)));
  };
  Value full = first;
  if (W) {
    full = least(inCall, blockOf(add(b, loc, firstSeenBy(add(b, loc, inCall, index(C - 1))), index(C - 1))));
    blocks(own, blockOf(firstSeenBy(inCall)), full, true);
  }
  blocks(own, full, ofLast(inCall, full), false);
  if (part.count) { // the rows of the tile, others among them, with numbers as if it began with its own
    own.first = sub(b, loc, begin, inCall);
    own.query = inCall;
    own.oldest = add(b, loc, inCall, skipped);
    own.foreign = part.foreign;
    if (part.foreign)
      own.end = add(b, loc, own.oldest, part.count);
  }
  blocks(own, inCall, ofLast(end, inCall), true);
  return part.parts ? finishPart(Running(x), results) : finishCore(Running(x), results);
}

/// The part of the whole blocks of the cache, `rest` rows, that is shared out together with those of the call.
std::pair<Value, Value> Tile::blocksOfPart(const TilePart &part, Value rest) {
  Value all = add(b, loc, rest, add(b, loc, inCall, index(2 * C)));
  Value count = arith::DivUIOp::create(b, loc, all, index(C));
  auto beginOf = [&](Value number) {
    Value share = arith::MulIOp::create(b, loc, count, number);
    return least(times(arith::DivUIOp::create(b, loc, share, part.parts), C), rest);
  };
  Value end = beginOf(add(b, loc, part.number, index(1)));
  return {beginOf(part.number), arith::SelectOp::create(b, loc, isLastPart(part), rest, end)};
}

Value Tile::wholeTile(Value whole) {
  return slice(b, loc, whole, SmallVector<OpFoldResult>(rowsType(whole).getRank(), b.getIndexAttr(0)),
               rowsType(whole).getShape(), {1});
}

Value Tile::inWholeTile(Value part, Value whole) {
  return unslice(b, loc, part, whole, SmallVector<OpFoldResult>(rowsType(whole).getRank(), b.getIndexAttr(0)),
                 rowsType(whole).getShape());
}

/// {y, lse} of a tile on tensor cores.
SmallVector<Value> Tile::finishCore(const Running &done, ValueRange results) {
  SmallVector<Value> into = llvm::map_to_vector(results, [&](Value v) { return wholeTile(v); });
  auto out = generic(b, loc, {done.result, inverseOf(done.sum, C)}, into[0],
                     {map("rd", "rd"), map("rd", "r"), map("rd", "rd")}, "pp",
                     [](OpBuilder &b, Location loc, ValueRange x) -> SmallVector<Value> {
                       return {mul(b, loc, x[0], x[1])};
                     });
  if (op.getLse())
    out.append(generic(b, loc, {done.most, done.sum}, into[1], SmallVector<AffineMap>(3, map("r", "r")), "p",
                       [&](OpBuilder &b, Location loc, ValueRange x) -> SmallVector<Value> {
                         Value most = mul(b, loc, x[0], number(op.getScale().convertToDouble()));
                         return {add(b, loc, most, math::LogOp::create(b, loc, x[1]))};
                       }));
  for (auto [part, whole] : llvm::zip_equal(out, results))
    part = inWholeTile(part, whole);
  return out;
}

/// What a part of the past makes (AttentionPast.cpp): the running values as they are, with powers of 2.
SmallVector<Value> Tile::finishPart(const Running &done, ValueRange results) {
  SmallVector<Value> out;
  auto copied = [&](Value from, StringRef dims, StringRef kinds) {
    Value into = wholeTile(results[out.size()]);
    out.push_back(
        inWholeTile(generic(b, loc, from, into, {map(dims, dims), map(dims, dims)}, kinds,
                            [](OpBuilder &, Location, ValueRange x) -> SmallVector<Value> { return {x[0]}; })[0],
                    results[out.size()]));
  };
  copied(done.result, "rd", "pp");
  copied(done.most, "r", "p");
  copied(done.sum, "r", "p");
  return out;
}

SmallVector<Value> AttentionOp::emitTile(OpBuilder &b, Value row, int64_t length, Value block, ValueRange results,
                                         ValueRange states, const ChunkOptions &options) {
  if (isStepOnDevice(*this, options))
    return emitStepOnDevice(*this, b, row, block, results, states, {});
  Tile tile(*this, b, row, length, block, states, headsOfBlock(*this, options), options);
  return isForTensorCores(*this, options) && length > 1 ? tile.onTensorCores(results, {}) : tile.emit(results);
}

SmallVector<Value> AttentionOp::emitPartOfTile(OpBuilder &b, Value row, int64_t length, Value block, ValueRange results,
                                               ValueRange states, const ChunkOptions &options, const TilePart &part) {
  if (isStepOnDevice(*this, options))
    return emitStepOnDevice(*this, b, row, block, results, states, part);
  return Tile(*this, b, row, length, block, states, headsOfBlock(*this, options), options).onTensorCores(results, part);
}
