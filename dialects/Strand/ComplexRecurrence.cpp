// strand.complex_recurrence: what it is. Values of the state go in pairs, real and imaginary part.
#include "dialects/Strand/Recurrence.h"
#include "dialects/Strand/Rows.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/PatternMatch.h"
using namespace mlir;
using namespace strand;
namespace {

/// Decay, turn, input, imag and read, in the order of their maps.
MappedOperands mappedOperands(ComplexRecurrenceOp op) {
  MappedOperands m{{}, llvm::to_vector(op.getIndexingMaps().getAsValueRange<AffineMapAttr>()), {}};
  for (OperandRange group : {op.getDecay(), op.getTurn(), op.getInput(), op.getImag(), op.getRead()})
    llvm::append_range(m.values, group);
  m.result = m.maps.empty() ? AffineMap() : m.maps.back();
  return m;
}

/// A complex number; without `im` it is real.
struct Complex {
  Value re, im;
};

class ComplexMath {
public:
  ComplexMath(OpBuilder &b, Location loc) : b(b), loc(loc) {}
  Value mul(Value x, Value y) { return arith::MulFOp::create(b, loc, x, y); }
  Value add(Value x, Value y) { return !x ? y : !y ? x : arith::AddFOp::create(b, loc, x, y); }
  Value sub(Value x, Value y) { return arith::SubFOp::create(b, loc, x, y); }
  Complex add(Complex x, Complex y) { return {add(x.re, y.re), add(x.im, y.im)}; }
  Value realOfProduct(Complex x, Complex y) {
    Value re = mul(x.re, y.re);
    return x.im && y.im ? sub(re, mul(x.im, y.im)) : re;
  }
  Complex mul(Complex x, Complex y) { return {realOfProduct(x, y), add(mul(x.re, y.im), mul(x.im, y.re))}; }
  Complex exp(Complex x) {
    Value modulus = math::ExpOp::create(b, loc, x.re);
    return {mul(modulus, math::CosOp::create(b, loc, x.im)), mul(modulus, math::SinOp::create(b, loc, x.im))};
  }

private:
  OpBuilder &b;
  Location loc;
};

/// What the operands say at one place, from their values there in the order of mappedOperands.
struct Place {
  Complex a, input, read;

  Place(OpBuilder &b, Location loc, ComplexRecurrenceOp op, ValueRange v) {
    auto next = [&](size_t count) {
      Value p = count ? productOf(b, loc, v.take_front(count)) : Value();
      v = v.drop_front(count);
      return p;
    };
    a.re = next(op.getDecay().size());
    a.im = next(op.getTurn().size());
    if (op.getLog())
      a = ComplexMath(b, loc).exp(a);
    input.re = next(op.getInput().size());
    input.im = next(op.getImag().size());
    read.re = next(!op.getRead().empty());
    read.im = next(op.getRead().size() > 1);
  }
};

/// Whether an operand is the same in every row and has more dimensions than the innermost.
bool isInvariantMatrix(AffineMap map) { return !map.isFunctionOfDim(0) && map.getNumResults() > 1; }

/// A block of such an operand in memory of its own. Its rows are often a power of two apart and would share few sets of
/// the cache, so that each row of the sequence read them from farther away (26 ms instead of 5 for 2,048 rows of 256
/// channels of 32).
Value compacted(OpBuilder &b, Location loc, Value x) {
  Value own = emptyTensor(b, loc, rowsType(x).getShape(), rowsType(x).getElementType());
  return linalg::CopyOp::create(b, loc, x, own).getResult(0);
}

/// `length` rows over a block of the innermost dimension: results, then re and im. The loop over rows is a reduction,
/// as h goes through it, so it stays in order and h may stay in registers.
SmallVector<Value> emitRows(OpBuilder &b, ComplexRecurrenceOp op, Value row, int64_t length, OpFoldResult start,
                            int64_t size, ValueRange results, ValueRange states) {
  Location loc = op.getLoc();
  MappedOperands operands = mappedOperands(op);
  SmallVector<Value> ins = operands.parts(b, loc, operands.values.size(), row, length, start, size);
  if (length > 1)
    for (auto [x, map] : llvm::zip(ins, operands.maps))
      x = isInvariantMatrix(map) ? compacted(b, loc, x) : x;
  SmallVector<AffineMap> maps = operands.maps;
  maps.append(results.size() - 1, operands.result);
  maps.append(2, operands.getStateMap());
  std::string kinds = operands.getLoopKinds();
  bool sums = StringRef(kinds).drop_front().contains('r');
  SmallVector<Value> outs(results);
  if (sums)
    outs[0] = filledInto(b, loc, floatConstant(b, loc, rowsType(outs[0]).getElementType(), 0), outs[0]);
  llvm::append_range(outs, states);
  return generic(b, loc, ins, outs, maps, kinds, [&](OpBuilder &b, Location loc, ValueRange v) -> SmallVector<Value> {
    ComplexMath m(b, loc);
    Place place(b, loc, op, v);
    Complex h = m.add(m.mul(place.a, {v[v.size() - 2], v.back()}), place.input);
    SmallVector<Value> values{place.read.re ? m.realOfProduct(h, place.read) : h.re};
    if (sums)
      values[0] = m.add(v[ins.size()], values[0]);
    if (op.getBoth())
      values.push_back(h.im);
    values.append({h.re, h.im});
    return values;
  });
}

int64_t blockSize(ComplexRecurrenceOp op, const ChunkOptions &options) {
  return channelsOfBlock(*op.inferStateShape(), 2, options);
}

/// The imaginary part as a second result goes where nobody reads it.
struct DropImaginary : OpRewritePattern<ComplexRecurrenceOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(ComplexRecurrenceOp op, PatternRewriter &rewriter) const override {
    if (!op.getBoth() || !op->getResult(1).use_empty())
      return failure();
    auto real = ComplexRecurrenceOp::create(rewriter, op.getLoc(), op.getY().getType(),
                                            op.getOthers().drop_front().getTypes(), op.getDecay(), op.getTurn(),
                                            op.getInput(), op.getImag(), op.getRead(), op.getOffsets(), op.getStates(),
                                            op.getSlots(), op.getIndexingMaps(), op.getLog(), /*both=*/false);
    real->setDiscardableAttrs(op->getDiscardableAttrDictionary());
    SmallVector<Value> values(real->getResults());
    values.insert(values.begin() + 1, real.getY()); // has no uses
    rewriter.replaceOp(op, values);
    return success();
  }
};
} // namespace

void ComplexRecurrenceOp::getCanonicalizationPatterns(RewritePatternSet &patterns, MLIRContext *context) {
  patterns.add<DropImaginary>(context);
}

FailureOr<SmallVector<int64_t>> ComplexRecurrenceOp::inferStateShape() {
  return mappedOperands(*this).inferStateShape();
}

LogicalResult ComplexRecurrenceOp::verify() {
  if (getBoth() && (!getRead().empty() || getOthers().empty() || getOthers()[0].getType() != getY().getType()))
    return emitOpError("C7: `both` excludes `read` and wants a second result of type ") << getY().getType();
  if (!getBoth() && getOthers().size() != getStates().size())
    return emitOpError("C7: without `both` only the next states follow the result");
  if (failed(verifyMapped(*this, getIndexingMaps(), mappedOperands(*this), getOutputs(), !getRead().empty())))
    return failure();
  if (getDecay().empty() || getTurn().empty() || getInput().empty() || getRead().size() > 2)
    return emitOpError("C2: wants at least one decay, one turn and one input, and at most two read, has ")
           << getDecay().size() << ", " << getTurn().size() << ", " << getInput().size() << " and " << getRead().size();
  if (failed(verifyOneFloatType(*this, "C6")))
    return failure();
  return verifyStates(*this, getBoth() ? 2 : 1);
}

SmallVector<StateSpec> ComplexRecurrenceOp::getStateSpecs() {
  Type e = rowsType(getY()).getElementType();
  SmallVector<int64_t> shape = *inferStateShape();
  return {{"re", shape, e, FloatAttr::get(e, 0)}, {"im", shape, e, FloatAttr::get(e, 0)}};
}

FailureOr<SmallVector<Value>> ComplexRecurrenceOp::decomposeOperation(OpBuilder &b) {
  Location loc = getLoc();
  Value like = mappedOperands(*this).getRowsOperand();
  SmallVector<Value> outs;
  for (Value y : getOutputs())
    outs.push_back(emptyRows(b, loc, like, itemShape(y), rowsType(y).getElementType()));
  int64_t inner = inferStateShape()->back();
  return walkSingleRows(b, *this, outs, [&](OpBuilder &b, Value t, ValueRange rows, ValueRange carries) {
    return emitRows(b, *this, t, 1, b.getIndexAttr(0), inner, rows, carries);
  });
}

int64_t ComplexRecurrenceOp::getBlocks(const ChunkOptions &options) {
  return inferStateShape()->back() / blockSize(*this, options);
}
/// Longer tiles where each begins with copies of what is the same in every row.
SmallVector<int64_t> ComplexRecurrenceOp::getTileLengths(const ChunkOptions &options) {
  SmallVector<int64_t> tiles = recurrenceTiles(options);
  MappedOperands operands = mappedOperands(*this);
  if (!options.tileLength && llvm::any_of(ArrayRef(operands.maps).drop_back(), isInvariantMatrix))
    tiles.insert(tiles.begin(), 4 * tiles.front());
  return tiles;
}

Slice ComplexRecurrenceOp::getStateSlice(OpBuilder &b, unsigned, Value block, const ChunkOptions &options) {
  return innerBlock(b, getLoc(), *inferStateShape(), block, blockSize(*this, options));
}
Slice ComplexRecurrenceOp::getResultSlice(OpBuilder &b, unsigned, Value block, const ChunkOptions &options) {
  return innerBlock(b, getLoc(), itemShape(getY()), block, blockSize(*this, options));
}
SmallVector<Value> ComplexRecurrenceOp::emitTile(OpBuilder &b, Value row, int64_t length, Value block,
                                                 ValueRange results, ValueRange states, const ChunkOptions &options) {
  int64_t size = blockSize(*this, options);
  Value start = startOf(b, getLoc(), block, size);
  SmallVector<Value> tile = emitRows(b, *this, row, length, start, size, results, states);
  if (length > 1) // nobody reads y before the tile is done
    tile[0].getDefiningOp()->setAttr("strand.streams", b.getUnitAttr());
  return tile;
}

//===--- spans: h[t] = (a[t] ... a[0]) h[-1] + local[t] ----------------------------------------------------------===//

SmallVector<StateSpec> ComplexRecurrenceOp::getTransferSpecs() {
  Type e = rowsType(getY()).getElementType();
  SmallVector<int64_t> shape = *inferStateShape();
  return {{"a_re", shape, e, FloatAttr::get(e, 1)}, {"a_im", shape, e, FloatAttr::get(e, 0)}};
}
Slice ComplexRecurrenceOp::getTransferSlice(OpBuilder &b, unsigned i, Value block, const ChunkOptions &options) {
  return getStateSlice(b, i, block, options);
}

SmallVector<Value> ComplexRecurrenceOp::emitSummary(OpBuilder &b, Value row, int64_t length, Value block,
                                                    ValueRange transfers, ValueRange states,
                                                    const ChunkOptions &options) {
  MappedOperands operands = mappedOperands(*this);
  size_t count = operands.values.size() - getRead().size();
  int64_t size = blockSize(*this, options);
  SmallVector<Value> ins = operands.parts(b, getLoc(), count, row, length, startOf(b, getLoc(), block, size), size);
  SmallVector<AffineMap> maps(ArrayRef(operands.maps).take_front(count));
  maps.append(4, operands.getStateMap());
  std::string kinds(operands.result.getNumDims(), 'p');
  kinds[0] = 'r';
  auto step = [&](OpBuilder &b, Location loc, ValueRange v) -> SmallVector<Value> {
    ComplexMath m(b, loc);
    ValueRange carried = v.take_back(4);
    Value one = floatConstant(b, loc, carried[0].getType(), 1); // nothing is read
    SmallVector<Value> all(v.drop_back(4));
    all.append(getRead().size(), one);
    Place place(b, loc, *this, all);
    Complex a = m.mul(place.a, {carried[0], carried[1]});
    Complex h = m.add(m.mul(place.a, {carried[2], carried[3]}), place.input);
    return {a.re, a.im, h.re, h.im};
  };
  SmallVector<Value> outs(transfers);
  llvm::append_range(outs, states);
  SmallVector<Value> summary = generic(b, getLoc(), ins, outs, maps, kinds, step);
  if (length > 1)
    for (Value &transfer : MutableArrayRef(summary).take_front(2))
      transfer = withoutSubnormals(b, getLoc(), transfer);
  return summary;
}

SmallVector<Value> ComplexRecurrenceOp::emitJoined(OpBuilder &b, ValueRange transfers, ValueRange states,
                                                   ValueRange laterTransfers, ValueRange laterStates) {
  unsigned k = rowsType(states[0]).getRank();
  auto map = [&](ValueRange ins, ValueRange outs, bool adds) {
    SmallVector<AffineMap> maps(ins.size() + 2, AffineMap::getMultiDimIdentityMap(k, b.getContext()));
    return generic(b, getLoc(), ins, outs, maps, std::string(k, 'p'),
                   [&](OpBuilder &b, Location loc, ValueRange v) -> SmallVector<Value> {
                     ComplexMath m(b, loc);
                     Complex p = m.mul(Complex{v[0], v[1]}, Complex{v[v.size() - 2], v.back()});
                     if (adds)
                       p = m.add(p, Complex{v[2], v[3]});
                     return {p.re, p.im};
                   });
  };
  SmallVector<Value> ins(laterTransfers);
  llvm::append_range(ins, laterStates);
  SmallVector<Value> joined = map(ins, states, true);
  if (transfers.empty())
    return joined;
  SmallVector<Value> all = map(laterTransfers, transfers, false);
  llvm::append_range(all, joined);
  return all;
}

SplitCost ComplexRecurrenceOp::getSplitCost(const ChunkOptions &options) {
  SmallVector<int64_t> shape = *inferStateShape();
  shape.back() = blockSize(*this, options);
  int64_t elements = ShapedType::getNumElements(shape);
  // exponential, cosine and sine are polynomials; a complex product is four real ones
  int64_t element = getLog() ? 60 : 24;
  int64_t row = elements * (element + 2 * getRead().size());
  return {row, row + elements * (getRead().empty() ? 8 : 16), 16 * elements};
}
