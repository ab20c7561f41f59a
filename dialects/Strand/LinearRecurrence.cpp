// strand.linear_recurrence: what it is.
#include "dialects/Strand/Recurrence.h"
#include "dialects/Strand/Rows.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
using namespace mlir;
using namespace strand;

/// Decay, input and, if there is one, read, in the order of their maps.
static MappedOperands mappedOperands(LinearRecurrenceOp op) {
  MappedOperands m{op.getDecay(), llvm::to_vector(op.getIndexingMaps().getAsValueRange<AffineMapAttr>()), {}};
  llvm::append_range(m.values, op.getInput());
  if (op.getRead())
    m.values.push_back(op.getRead());
  m.result = m.maps.empty() ? AffineMap() : m.maps.back();
  return m;
}

FailureOr<SmallVector<int64_t>> LinearRecurrenceOp::inferStateShape() {
  return mappedOperands(*this).inferStateShape();
}

LogicalResult LinearRecurrenceOp::verify() {
  if (failed(verifyMapped(*this, getIndexingMaps(), mappedOperands(*this), getY(), bool(getRead()))))
    return failure();
  if (getDecay().empty() || getInput().empty())
    return emitOpError("C2: wants at least one decay and one input");
  if (failed(verifyOneFloatType(*this, "C6")))
    return failure();
  return verifyStates(*this, 1);
}

SmallVector<StateSpec> LinearRecurrenceOp::getStateSpecs() {
  Type e = rowsType(getY()).getElementType();
  return {{"h", *inferStateShape(), e, FloatAttr::get(e, 0)}};
}

/// a and a h + b of one element, from the values of the operands there.
static std::pair<Value, Value> stepOf(OpBuilder &b, Location loc, LinearRecurrenceOp op, ValueRange v, Value h) {
  unsigned decays = op.getDecay().size(), inputs = op.getInput().size();
  Value a = productOf(b, loc, v.take_front(decays));
  if (op.getLog())
    a = math::ExpOp::create(b, loc, a);
  Value kept = arith::MulFOp::create(b, loc, a, h);
  return {a, arith::AddFOp::create(b, loc, kept, productOf(b, loc, v.slice(decays, inputs)))};
}

/// `length` rows over a block of the innermost dimension: {y, h}. The loop over rows is a reduction, as h goes through
/// it, so it stays in order and h may stay in registers.
static SmallVector<Value> emitRows(OpBuilder &b, LinearRecurrenceOp op, Value row, int64_t length, OpFoldResult start,
                                   int64_t size, Value y, Value h) {
  Location loc = op.getLoc();
  MappedOperands operands = mappedOperands(op);
  SmallVector<AffineMap> maps = operands.maps;
  SmallVector<Value> ins = operands.parts(b, loc, operands.values.size(), row, length, start, size);
  maps.push_back(operands.getStateMap());
  std::string kinds = operands.getLoopKinds();
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
  Value out =
      emptyRows(b, loc, mappedOperands(*this).getRowsOperand(), itemShape(getY()), rowsType(getY()).getElementType());
  int64_t inner = inferStateShape()->back();
  return walkSingleRows(b, *this, out, [&](OpBuilder &b, Value t, ValueRange rows, ValueRange carries) {
    return emitRows(b, *this, t, 1, b.getIndexAttr(0), inner, rows[0], carries[0]);
  });
}

static int64_t blockSize(LinearRecurrenceOp op, const ChunkOptions &options) {
  return channelsOfBlock(*op.inferStateShape(), 1, options);
}
int64_t LinearRecurrenceOp::getBlocks(const ChunkOptions &options) {
  return inferStateShape()->back() / blockSize(*this, options);
}
SmallVector<int64_t> LinearRecurrenceOp::getTileLengths(const ChunkOptions &options) {
  return recurrenceTiles(options);
}

Slice LinearRecurrenceOp::getStateSlice(OpBuilder &b, unsigned, Value block, const ChunkOptions &options) {
  return innerBlock(b, getLoc(), *inferStateShape(), block, blockSize(*this, options));
}
Slice LinearRecurrenceOp::getResultSlice(OpBuilder &b, unsigned, Value block, const ChunkOptions &options) {
  return innerBlock(b, getLoc(), itemShape(getY()), block, blockSize(*this, options));
}
SmallVector<Value> LinearRecurrenceOp::emitTile(OpBuilder &b, Value row, int64_t length, Value block,
                                                ValueRange results, ValueRange states, const ChunkOptions &options) {
  int64_t size = blockSize(*this, options);
  Value start = startOf(b, getLoc(), block, size);
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
                                                   ValueRange transfers, ValueRange states,
                                                   const ChunkOptions &options) {
  int64_t size = blockSize(*this, options);
  Value start = startOf(b, getLoc(), block, size);
  MappedOperands operands = mappedOperands(*this);
  size_t count = getDecay().size() + getInput().size(); // no read-out
  SmallVector<Value> ins = operands.parts(b, getLoc(), count, row, length, start, size);
  SmallVector<AffineMap> maps(ArrayRef(operands.maps).take_front(count));
  maps.append(2, operands.getStateMap());
  std::string kinds(maps.back().getNumDims(), 'p');
  kinds[0] = 'r';
  auto step = [&](OpBuilder &b, Location loc, ValueRange v) -> SmallVector<Value> {
    auto [a, next] = stepOf(b, loc, *this, v, v.back());
    return {arith::MulFOp::create(b, loc, a, v[v.size() - 2]), next};
  };
  SmallVector<Value> summary = generic(b, getLoc(), ins, {transfers[0], states[0]}, maps, kinds, step);
  if (length > 1)
    summary[0] = withoutSubnormals(b, getLoc(), summary[0]);
  return summary;
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
  Value transfer = generic(b, getLoc(), laterTransfers[0], transfers[0], ArrayRef(maps).take_front(2),
                           std::string(k, 'p'), [](OpBuilder &b, Location loc, ValueRange v) -> SmallVector<Value> {
                             return {arith::MulFOp::create(b, loc, v[0], v[1])};
                           })[0];
  return {transfer, state};
}

bool LinearRecurrenceOp::isElementWise() {
  return !StringRef(mappedOperands(*this).getLoopKinds()).drop_front().contains('r');
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
