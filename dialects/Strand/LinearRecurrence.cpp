// strand.linear_recurrence: what it is.
#include "dialects/Strand/Rows.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
using namespace mlir;
using namespace strand;

SmallVector<AffineMap> LinearRecurrenceOp::getMaps() {
  return llvm::to_vector(getIndexingMaps().getAsValueRange<AffineMapAttr>());
}

/// The operands that maps speak of, in their order.
static SmallVector<Value> mappedOperands(LinearRecurrenceOp op) {
  SmallVector<Value> v(op.getDecay());
  llvm::append_range(v, op.getInput());
  if (op.getRead())
    v.push_back(op.getRead());
  return v;
}

FailureOr<SmallVector<int64_t>> LinearRecurrenceOp::inferStateShape() {
  SmallVector<AffineMap> maps = getMaps();
  SmallVector<int64_t> shape(maps.back().getNumDims() - 1, 0);
  for (auto [x, map] : llvm::zip(mappedOperands(*this), maps))
    for (auto [size, expr] : llvm::zip_equal(rowsType(x).getShape(), map.getResults())) {
      unsigned d = cast<AffineDimExpr>(expr).getPosition();
      if (d == 0)
        continue;
      if (ShapedType::isDynamic(size) || (shape[d - 1] && shape[d - 1] != size))
        return failure();
      shape[d - 1] = size;
    }
  if (llvm::is_contained(shape, 0))
    return failure();
  return shape;
}

Value LinearRecurrenceOp::getRowsOperand() {
  for (auto [x, map] : llvm::zip(mappedOperands(*this), getMaps()))
    if (map.isFunctionOfDim(0))
      return x;
  return {};
}

LogicalResult LinearRecurrenceOp::verify() {
  SmallVector<AffineMap> maps = getMaps();
  SmallVector<Value> operands = mappedOperands(*this);
  if (maps.size() != operands.size() + 1)
    return emitOpError("C1: wants ") << operands.size() + 1 << " indexing maps, has " << maps.size();
  for (auto [i, map] : llvm::enumerate(maps)) {
    if (!map.isProjectedPermutation() || map.getNumDims() != maps[0].getNumDims() || map.getNumDims() < 2)
      return emitOpError("C1: indexing map ") << i << " is not a projected permutation of the dimensions of map 0";
    Value x = i < operands.size() ? operands[i] : Value(getY());
    if (int64_t(map.getNumResults()) != rowsType(x).getRank())
      return emitOpError("C1: indexing map ") << i << " gives " << map.getNumResults() << " indices to rank "
                                              << rowsType(x).getRank();
  }
  if (getDecay().empty() || getInput().empty())
    return emitOpError("C2: wants at least one decay and one input");
  FailureOr<SmallVector<int64_t>> shape = inferStateShape();
  if (failed(shape))
    return emitOpError("C3: a dimension of the state has no static size, or operands disagree on it");
  if (!getRowsOperand())
    return emitOpError("C1: no operand has rows: every indexing map lacks dimension 0");
  AffineMap out = maps.back();
  unsigned k = out.getNumDims() - 1;
  if (out.getNumResults() < 2 || !out.getResult(0).isFunctionOfDim(0) || !out.getResults().back().isFunctionOfDim(k))
    return emitOpError("C4: the result's map must begin with t and end with the innermost dimension");
  if (!getRead() && out.getNumResults() != k + 1)
    return emitOpError("C5: without `read` the result has every dimension of the state");
  for (auto [size, expr] : llvm::drop_begin(llvm::zip(rowsType(getY()).getShape(), out.getResults())))
    if (int64_t want = (*shape)[cast<AffineDimExpr>(expr).getPosition() - 1]; size != want)
      return emitOpError("C3: the result has size ") << size << " where the state has " << want;
  if (failed(verifyOneFloatType(*this, "C6")))
    return failure();
  return verifyStates(*this, 1);
}

SmallVector<StateSpec> LinearRecurrenceOp::getStateSpecs() {
  Type e = rowsType(getY()).getElementType();
  return {{"h", *inferStateShape(), e, FloatAttr::get(e, 0)}};
}

/// The map from (t, s1, ..., sk) to the state.
static AffineMap stateMap(OpBuilder &b, LinearRecurrenceOp op) {
  unsigned dims = op.getMaps().back().getNumDims();
  return AffineMap::getMultiDimIdentityMap(dims, b.getContext()).dropResult(0);
}

/// Slices of `operands`, the first of mappedOperands.
static SmallVector<Value> partsOf(OpBuilder &b, LinearRecurrenceOp op, ArrayRef<Value> operands, Value row, int64_t length,
                                  OpFoldResult start, int64_t size) {
  SmallVector<Value> parts;
  for (auto [x, map] : llvm::zip(operands, op.getMaps()))
    parts.push_back(mappedPart(b, op.getLoc(), x, map, row, length, start, size));
  return parts;
}

static Value product(OpBuilder &b, Location loc, ValueRange factors) {
  Value p = factors.front();
  for (Value x : factors.drop_front())
    p = arith::MulFOp::create(b, loc, p, x);
  return p;
}

/// a and a h + b of one element, from the values of the operands there.
static std::pair<Value, Value> stepOf(OpBuilder &b, Location loc, LinearRecurrenceOp op, ValueRange v, Value h) {
  unsigned decays = op.getDecay().size(), inputs = op.getInput().size();
  Value a = product(b, loc, v.take_front(decays));
  if (op.getLog())
    a = math::ExpOp::create(b, loc, a);
  Value kept = arith::MulFOp::create(b, loc, a, h);
  return {a, arith::AddFOp::create(b, loc, kept, product(b, loc, v.slice(decays, inputs)))};
}

/// `length` rows over a block of the innermost dimension: {y, h}. The loop over rows is a reduction, as h goes through
/// it, so it stays in order and h may stay in registers.
static SmallVector<Value> emitRows(OpBuilder &b, LinearRecurrenceOp op, Value row, int64_t length, OpFoldResult start,
                                   int64_t size, Value y, Value h) {
  Location loc = op.getLoc();
  SmallVector<AffineMap> maps = op.getMaps();
  SmallVector<Value> ins = partsOf(b, op, mappedOperands(op), row, length, start, size);
  AffineMap out = maps.back();
  maps.push_back(stateMap(b, op));
  std::string kinds(out.getNumDims(), 'r');
  for (AffineExpr e : out.getResults().drop_front())
    kinds[cast<AffineDimExpr>(e).getPosition()] = 'p';
  bool sums = StringRef(kinds).drop_front().contains('r');
  if (sums)
    y = filledInto(b, loc, floatConstant(b, loc, rowsType(y).getElementType(), 0), y);
  return generic(b, loc, ins, {y, h}, maps, kinds, [&](OpBuilder &b, Location loc, ValueRange v) -> SmallVector<Value> {
    Value next = stepOf(b, loc, op, v, v.back()).second;
    Value read = op.getRead() ? arith::MulFOp::create(b, loc, next, v[ins.size() - 1]) : next;
    if (sums)
      read = arith::AddFOp::create(b, loc, v[ins.size()], read);
    return {read, next};
  });
}

FailureOr<SmallVector<Value>> LinearRecurrenceOp::decomposeOperation(OpBuilder &b) {
  Location loc = getLoc();
  Value out = emptyRows(b, loc, getRowsOperand(), itemShape(getY()), rowsType(getY()).getElementType());
  int64_t inner = inferStateShape()->back();
  return walkRows(b, *this, out, [&](OpBuilder &b, Value t, ValueRange outs, ValueRange carries) {
    SmallVector<OpFoldResult> at(rowsType(outs[0]).getRank(), b.getIndexAttr(0));
    SmallVector<int64_t> sizes(1, 1);
    at[0] = t;
    llvm::append_range(sizes, itemShape(outs[0]));
    Value y = slice(b, loc, outs[0], at, sizes);
    SmallVector<Value> r = emitRows(b, *this, t, 1, b.getIndexAttr(0), inner, y, carries[0]);
    return std::pair(SmallVector<Value>{unslice(b, loc, r[0], outs[0], at, sizes)}, SmallVector<Value>{r[1]});
  });
}

static int64_t blockSize(LinearRecurrenceOp op, const ChunkOptions &options) {
  return innerBlockSize(*op.inferStateShape(), options);
}
int64_t LinearRecurrenceOp::getBlocks(const ChunkOptions &options) {
  return inferStateShape()->back() / blockSize(*this, options);
}
/// Rows of a tile: enough that what stands around it does not count, few enough that its slices stay in L1.
SmallVector<int64_t> LinearRecurrenceOp::getTileLengths(const ChunkOptions &options) {
  int64_t length = options.tileLength ? options.tileLength : 16;
  return length > 1 ? SmallVector<int64_t>{length, 1} : SmallVector<int64_t>{1};
}

Slice LinearRecurrenceOp::getStateSlice(OpBuilder &b, unsigned, Value block, const ChunkOptions &options) {
  return innerBlock(b, getLoc(), *inferStateShape(), block, blockSize(*this, options));
}
Slice LinearRecurrenceOp::getResultSlice(OpBuilder &b, unsigned, Value block, const ChunkOptions &options) {
  return innerBlock(b, getLoc(), itemShape(getY()), block, blockSize(*this, options));
}
SmallVector<Value> LinearRecurrenceOp::emitTile(OpBuilder &b, Value row, int64_t length, Value block, ValueRange results,
                                                ValueRange states, const ChunkOptions &options) {
  int64_t size = blockSize(*this, options);
  Value start = arith::MulIOp::create(b, getLoc(), block, indexConstant(b, getLoc(), size));
  SmallVector<Value> tile = emitRows(b, *this, row, length, start, size, results[0], states[0]);
  if (length > 1) // nobody reads y before the tile is done
    tile[0].getDefiningOp()->setAttr("strand.streams", b.getUnitAttr());
  return tile;
}

//===--- spans: h[t] = (a[t] ... a[0]) h[-1] + local[t] ----------------------------------------------------------===//

SmallVector<StateSpec> LinearRecurrenceOp::getTransferSpecs() {
  Type e = rowsType(getY()).getElementType();
  return {{"a", *inferStateShape(), e, FloatAttr::get(e, 1)}};
}
Slice LinearRecurrenceOp::getTransferSlice(OpBuilder &b, unsigned i, Value block, const ChunkOptions &options) {
  return getStateSlice(b, i, block, options);
}

SmallVector<Value> LinearRecurrenceOp::emitSummary(OpBuilder &b, Value row, int64_t length, Value block,
                                                   ValueRange transfers, ValueRange states, const ChunkOptions &options) {
  int64_t size = blockSize(*this, options);
  Value start = arith::MulIOp::create(b, getLoc(), block, indexConstant(b, getLoc(), size));
  SmallVector<Value> operands = mappedOperands(*this);
  operands.truncate(getDecay().size() + getInput().size()); // no read-out
  SmallVector<Value> ins = partsOf(b, *this, operands, row, length, start, size);
  SmallVector<AffineMap> maps = getMaps();
  maps.truncate(ins.size());
  maps.append(2, stateMap(b, *this));
  std::string kinds(maps.back().getNumDims(), 'p');
  kinds[0] = 'r';
  return generic(b, getLoc(), ins, {transfers[0], states[0]}, maps, kinds,
                 [&](OpBuilder &b, Location loc, ValueRange v) -> SmallVector<Value> {
                   auto [a, next] = stepOf(b, loc, *this, v, v.back());
                   return {arith::MulFOp::create(b, loc, a, v[v.size() - 2]), next};
                 });
}

SmallVector<Value> LinearRecurrenceOp::emitJoined(OpBuilder &b, ValueRange transfers, ValueRange states,
                                                  ValueRange laterTransfers, ValueRange laterStates) {
  unsigned k = rowsType(states[0]).getRank();
  SmallVector<AffineMap> maps(3, AffineMap::getMultiDimIdentityMap(k, b.getContext()));
  Value state = generic(b, getLoc(), {laterTransfers[0], laterStates[0]}, states[0], maps,
                        std::string(k, 'p'), [](OpBuilder &b, Location loc, ValueRange v) -> SmallVector<Value> {
                          return {arith::AddFOp::create(b, loc, arith::MulFOp::create(b, loc, v[0], v[2]), v[1])};
                        })[0];
  if (transfers.empty())
    return {state};
  Value transfer = generic(b, getLoc(), laterTransfers[0], transfers[0], ArrayRef(maps).take_front(2), std::string(k, 'p'),
                           [](OpBuilder &b, Location loc, ValueRange v) -> SmallVector<Value> {
                             return {arith::MulFOp::create(b, loc, v[0], v[1])};
                           })[0];
  return {transfer, state};
}

SplitCost LinearRecurrenceOp::getSplitCost(const ChunkOptions &options) {
  SmallVector<int64_t> shape = *inferStateShape();
  shape.back() = blockSize(*this, options);
  int64_t elements = ShapedType::getNumElements(shape);
  // an exponential is a polynomial; where there is none, moving the operands is what counts
  int64_t element = getLog() ? 24 : 12;
  int64_t row = elements * (element + (getRead() ? 2 : 0));
  // as measured: two values are carried instead of one, and with a read-out more than the registers hold
  return {row, getRead() ? 3 * row : row + row / 4, 4 * elements};
}
