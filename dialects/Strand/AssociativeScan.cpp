// strand.associative_scan: what it is.
//
// Rows in order need only the parts that results depend on (the carried ones); a summary of a span has all, those that
// are not carried as transfers. For h' = max(h + g, x), of which h is read, h is carried and the sum of g a transfer.
#include "dialects/Strand/Recurrence.h"
#include "dialects/Strand/Rows.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/IR/PatternMatch.h"
using namespace mlir;
using namespace strand;

YieldOp AssociativeScanOp::getYield() { return cast<YieldOp>(getBody()->getTerminator()); }

SmallVector<int64_t> AssociativeScanOp::getItemShape() { return itemShape(getOutputs()[0]); }

SmallVector<AffineMap> AssociativeScanOp::getMaps() {
  if (std::optional<ArrayAttr> maps = getIndexingMaps())
    return llvm::to_vector(maps->getAsValueRange<AffineMapAttr>());
  unsigned dims = 1 + getItemShape().size();
  return SmallVector<AffineMap>(getParts().size(), AffineMap::getMultiDimIdentityMap(dims, getContext()));
}

SmallVector<unsigned> AssociativeScanOp::getReadParts() {
  if (std::optional<ArrayRef<int64_t>> read = getRead())
    return SmallVector<unsigned>(read->begin(), read->end());
  return llvm::to_vector(llvm::seq<unsigned>(getParts().size()));
}

StringRef AssociativeScanOp::getReasonAgainstState() { return getReverse() ? StringRef(reasonAgainstReverse) : ""; }

//===--- the combine ---------------------------------------------------------------------------------------------===//

/// The operations of the combine, in order, and arguments that its `parts` are made of.
static std::pair<SmallVector<Operation *>, BitVector> madeOf(AssociativeScanOp op, ArrayRef<unsigned> parts) {
  DenseSet<Value> needed;
  for (unsigned i : parts)
    needed.insert(op.getYield().getOutputs()[i]);
  SmallVector<Operation *> operations;
  for (Operation &inner : llvm::reverse(op.getBody()->without_terminator()))
    if (llvm::any_of(inner.getResults(), [&](Value v) { return needed.contains(v); })) {
      needed.insert(inner.operand_begin(), inner.operand_end());
      operations.push_back(&inner);
    }
  std::reverse(operations.begin(), operations.end());
  BitVector arguments;
  for (Value v : op.getBody()->getArguments())
    arguments.push_back(needed.contains(v));
  return {operations, arguments};
}

/// `parts`, and those that they are made of when rows are combined again and again: of the left element, and `ofRight`
/// of the right one as well.
static SmallVector<unsigned> closure(AssociativeScanOp op, SmallVector<unsigned> parts, bool ofRight) {
  unsigned n = op.getParts().size();
  for (size_t before = 0; before != parts.size();) {
    before = parts.size();
    BitVector arguments = madeOf(op, parts).second;
    for (unsigned i = 0; i < n; ++i)
      if ((arguments[i] || (ofRight && arguments[n + i])) && !llvm::is_contained(parts, i))
        parts.push_back(i);
  }
  llvm::sort(parts);
  return parts;
}

SmallVector<unsigned> AssociativeScanOp::getCarriedParts() { return closure(*this, getReadParts(), /*ofRight=*/false); }

SmallVector<unsigned> AssociativeScanOp::getTransferParts() {
  SmallVector<unsigned> carried = getCarriedParts(), others;
  for (unsigned i = 0; i < getParts().size(); ++i)
    if (!llvm::is_contained(carried, i))
      others.push_back(i);
  return others;
}

/// `parts` of two elements together, from all parts of each; those that are not needed may be null.
static SmallVector<Value> combined(OpBuilder &b, AssociativeScanOp op, ArrayRef<unsigned> parts, ValueRange left,
                                   ValueRange right) {
  IRMapping map;
  unsigned n = op.getParts().size();
  map.map(op.getBody()->getArguments().take_front(n), left);
  map.map(op.getBody()->getArguments().drop_front(n), right);
  for (Operation *inner : madeOf(op, parts).first)
    b.clone(*inner, map);
  return llvm::map_to_vector(parts, [&](unsigned i) { return map.lookup(op.getYield().getOutputs()[i]); });
}

/// A list of all parts that has `values` for `parts`.
static SmallVector<Value> allParts(AssociativeScanOp op, ArrayRef<unsigned> parts, ValueRange values) {
  SmallVector<Value> all(op.getParts().size());
  for (auto [i, v] : llvm::zip_equal(parts, values))
    all[i] = v;
  return all;
}

//===--- verifier ------------------------------------------------------------------------------------------------===//

static Type elementOf(Value v) { return rowsType(v).getElementType(); }

/// Whether a value of `type` can be `number`: 32 bits hold what is asked of integers.
static bool fits(Type type, double number) {
  return !type.isInteger() || (std::abs(number) < double(INT32_MAX) && number == std::trunc(number));
}

static LogicalResult verifyIdentity(AssociativeScanOp op) {
  size_t n = op.getParts().size();
  if (!n || op.getIdentity().size() != n)
    return op.emitOpError("C1: wants parts, and a number for each in `identity`; has ")
           << n << " parts and " << op.getIdentity().size() << " numbers";
  for (auto [i, number] : llvm::enumerate(op.getIdentity()))
    if (!fits(elementOf(op.getParts()[i]), number))
      return op.emitOpError("C1: the identity of part ") << i << ", of integers, is " << number;
  return success();
}

static LogicalResult verifyShapes(AssociativeScanOp op) {
  if (op.getValues().size() <= op.getStates().size() || !rowsType(op.getValues()[0]).getRank())
    return op.emitOpError("C3: wants a result, with rows");
  RankedTensorType first = rowsType(op.getOutputs()[0]);
  for (Value y : op.getOutputs())
    if (rowsType(y).getShape() != first.getShape() ||
        llvm::any_of(first.getShape().drop_front(), [](int64_t size) { return size < 1; })) // ? is below 0
      return op.emitOpError("C3: results have one shape, of items of static size and not empty; not ")
             << first << " and " << y.getType();
  SmallVector<AffineMap> maps = op.getMaps();
  if (maps.size() != op.getParts().size())
    return op.emitOpError("C2: wants ") << op.getParts().size() << " indexing maps, has " << maps.size();
  for (auto [i, pair] : llvm::enumerate(llvm::zip(maps, op.getParts()))) {
    auto [map, x] = pair;
    if (!map.isProjectedPermutation() || map.getNumDims() != first.getRank() ||
        map.getNumResults() != rowsType(x).getRank() || readsRowsBehind(map))
      return op.emitOpError("C2: part ") << i << ", " << x.getType()
                                         << ", wants an indexing map that takes its dimensions from the "
                                         << first.getRank() << " of the results, rows first, not "
                                         << AffineMapAttr::get(map);
    for (auto [size, expr] : llvm::zip(rowsType(x).getShape(), map.getResults()))
      if (int64_t want = first.getDimSize(cast<AffineDimExpr>(expr).getPosition()); size != want)
        return op.emitOpError("C3: part ")
               << i << ", " << x.getType() << ", has size " << size << " where the results have " << want;
  }
  if (llvm::none_of(maps, [](AffineMap map) { return map.isFunctionOfDim(0); }))
    return op.emitOpError("C2: no part has rows: every indexing map lacks dimension 0");
  return success();
}

static LogicalResult verifyRead(AssociativeScanOp op) {
  for (int64_t i : op.getRead().value_or(ArrayRef<int64_t>()))
    if (i < 0 || i >= int64_t(op.getParts().size()))
      return op.emitOpError("C5: `read` names part ") << i << " of " << op.getParts().size();
  SmallVector<unsigned> read = op.getReadParts();
  bool ascends = llvm::is_sorted(read, std::less_equal<unsigned>());
  if (!ascends || read.size() != op.getOutputs().size())
    return op.emitOpError("C5: `read` names ")
           << read.size() << " parts for " << op.getOutputs().size() << " results; they have to ascend and to be below "
           << op.getParts().size();
  for (auto [i, y] : llvm::zip(read, op.getOutputs()))
    if (elementOf(y) != elementOf(op.getParts()[i]))
      return op.emitOpError("C5: the result of part ")
             << i << " must be of " << elementOf(op.getParts()[i]) << ", not " << y.getType();
  return success();
}

LogicalResult AssociativeScanOp::verify() {
  if (failed(verifyIdentity(*this)) || failed(verifyShapes(*this)) || failed(verifyRead(*this)))
    return failure();
  if (getReverse() && !getStates().empty())
    return emitOpError("C7: a reverse scan has no states");
  return success();
}

LogicalResult AssociativeScanOp::verifyRegions() {
  SmallVector<Type> types;
  for (Value x : getParts())
    types.push_back(elementOf(x));
  SmallVector<Type> twice(types);
  llvm::append_range(twice, types);
  if (getBody()->getArgumentTypes() != TypeRange(twice))
    return emitOpError("C4: the region's arguments must be ") << twice << ", not " << getBody()->getArgumentTypes();
  auto yield = dyn_cast<YieldOp>(getBody()->getTerminator());
  if (!yield || yield.getOutputs().getTypes() != TypeRange(types) || !yield.getNext().empty())
    return emitOpError("C4: the region must end in a strand.yield of ") << types;
  for (Operation &op : getBody()->without_terminator())
    if (!isMemoryEffectFree(&op) || op.getNumRegions())
      return op.emitOpError("C4: has effects or a region, which a combine must not have");
  ValueRange made = yield.getOutputs();
  for (auto [i, v] : llvm::enumerate(made)) {
    if (isa<BlockArgument>(v))
      return emitOpError("C4: part ") << i << " of two elements is that of one of them, which has no identity";
    if (llvm::is_contained(made.take_front(i), v))
      return emitOpError("C4: part ") << i << " is an earlier part again";
  }
  // what is carried is known by the region
  if (size_t carried = getCarriedParts().size(); getInitial() && getInitial()->size() != carried)
    return emitOpError("C6: `initial` must have a number for each of ")
           << carried << " carried parts, not " << getInitial()->size();
  if (getInitial())
    for (auto [number, part] : llvm::zip_equal(*getInitial(), getCarriedParts()))
      if (!fits(elementOf(getParts()[part]), number))
        return emitOpError("C6: the initial value of part ") << part << ", of integers, is " << number;
  return verifyStates(*this, getOutputs().size());
}

//===--- state ---------------------------------------------------------------------------------------------------===//

static TypedAttr numberOf(Type type, double value) {
  if (isa<FloatType>(type))
    return FloatAttr::get(type, value);
  return IntegerAttr::get(type, int64_t(value));
}

static StateSpec specOf(AssociativeScanOp op, unsigned part, double initial) {
  Type e = elementOf(op.getParts()[part]);
  std::string name = op.getParts().size() == 1 ? "p" : "p" + std::to_string(part);
  return {name, op.getItemShape(), e, numberOf(e, initial)};
}

SmallVector<StateSpec> AssociativeScanOp::getStateSpecs() {
  SmallVector<StateSpec> specs;
  for (auto [i, part] : llvm::enumerate(getCarriedParts()))
    specs.push_back(specOf(*this, part, getInitial() ? (*getInitial())[i] : getIdentity()[part]));
  return specs;
}

SmallVector<StateSpec> AssociativeScanOp::getTransferSpecs() {
  return llvm::map_to_vector(getTransferParts(),
                             [&](unsigned part) { return specOf(*this, part, getIdentity()[part]); });
}

TypedAttr AssociativeScanOp::getNeutralState(unsigned i) {
  unsigned part = getCarriedParts()[i];
  return numberOf(elementOf(getParts()[part]), getIdentity()[part]);
}

//===--- meaning and tiles ---------------------------------------------------------------------------------------===//

/// The map from (t, s1, ..., sk) to what is carried.
static AffineMap stateMap(AssociativeScanOp op) {
  return AffineMap::getMultiDimIdentityMap(1 + op.getItemShape().size(), op.getContext()).dropResult(0);
}

static SmallVector<Value> partsOf(OpBuilder &b, AssociativeScanOp op, Value row, int64_t length, OpFoldResult start,
                                  int64_t size) {
  SmallVector<Value> parts;
  for (auto [x, map] : llvm::zip(op.getParts(), op.getMaps()))
    parts.push_back(mappedPart(b, op.getLoc(), x, map, row, length, start, size));
  return parts;
}

/// The loop over rows is a reduction: what is carried goes through it in order and may stay in registers.
static std::string loopKinds(AssociativeScanOp op) { return "r" + std::string(op.getItemShape().size(), 'p'); }

/// `length` rows over a block of the innermost dimension: results, then what is carried.
static SmallVector<Value> emitRows(OpBuilder &b, AssociativeScanOp op, Value row, int64_t length, OpFoldResult start,
                                   int64_t size, ValueRange results, ValueRange carried) {
  SmallVector<Value> ins = partsOf(b, op, row, length, start, size), outs(results);
  llvm::append_range(outs, carried);
  SmallVector<AffineMap> maps = op.getMaps();
  AffineMap state = stateMap(op);
  maps.append(results.size(), AffineMap::getMultiDimIdentityMap(state.getNumDims(), b.getContext()));
  maps.append(carried.size(), state);
  SmallVector<unsigned> parts = op.getCarriedParts(), read = op.getReadParts();
  return generic(b, op.getLoc(), ins, outs, maps, loopKinds(op),
                 [&](OpBuilder &b, Location, ValueRange v) -> SmallVector<Value> {
                   SmallVector<Value> next =
                       combined(b, op, parts, allParts(op, parts, v.take_back(parts.size())), v.take_front(ins.size()));
                   SmallVector<Value> all = allParts(op, parts, next);
                   SmallVector<Value> yields = llvm::map_to_vector(read, [&](unsigned i) { return all[i]; });
                   llvm::append_range(yields, next);
                   return yields;
                 });
}

FailureOr<SmallVector<Value>> AssociativeScanOp::decomposeOperation(OpBuilder &b) {
  Location loc = getLoc();
  SmallVector<AffineMap> maps = getMaps();
  auto *perRow = llvm::find_if(maps, [](AffineMap map) { return map.isFunctionOfDim(0); });
  Value rows = getParts()[perRow - maps.begin()];
  SmallVector<int64_t> shape = getItemShape();
  SmallVector<Value> outs;
  for (Value y : getOutputs())
    outs.push_back(emptyRows(b, loc, rows, shape, elementOf(y)));
  auto step = [&](OpBuilder &b, Value t, ValueRange rows, ValueRange carries) {
    return emitRows(b, *this, t, 1, b.getIndexAttr(0), shape.empty() ? 1 : shape.back(), rows, carries);
  };
  return walkSingleRows(b, *this, outs, step, getReverse());
}

int64_t AssociativeScanOp::getBlocks(const ChunkOptions &options) {
  SmallVector<int64_t> shape = getItemShape();
  return shape.empty() ? 1 : shape.back() / channelsOfBlock(shape, 1, options);
}

SmallVector<int64_t> AssociativeScanOp::getTileLengths(const ChunkOptions &options) {
  return getReverse() ? SmallVector<int64_t>{1} : recurrenceTiles(options);
}
bool AssociativeScanOp::goesBack() { return getReverse(); }

Slice AssociativeScanOp::getStateSlice(OpBuilder &b, unsigned, Value block, const ChunkOptions &options) {
  SmallVector<int64_t> shape = getItemShape();
  return innerBlock(b, getLoc(), shape, block, channelsOfBlock(shape, 1, options));
}
Slice AssociativeScanOp::getResultSlice(OpBuilder &b, unsigned i, Value block, const ChunkOptions &options) {
  return getStateSlice(b, i, block, options);
}
Slice AssociativeScanOp::getTransferSlice(OpBuilder &b, unsigned i, Value block, const ChunkOptions &options) {
  return getStateSlice(b, i, block, options);
}

SmallVector<Value> AssociativeScanOp::emitTile(OpBuilder &b, Value row, int64_t length, Value block, ValueRange results,
                                               ValueRange states, const ChunkOptions &options) {
  int64_t size = channelsOfBlock(getItemShape(), 1, options);
  SmallVector<Value> tile = emitRows(b, *this, row, length, startOf(b, getLoc(), block, size), size, results, states);
  if (length > 1) // nobody reads the results before the tile is done
    tile[0].getDefiningOp()->setAttr("strand.streams", b.getUnitAttr());
  return tile;
}

//===--- spans ---------------------------------------------------------------------------------------------------===//

/// Transfers and carried parts of two elements together, transfers first.
static SmallVector<Value> combinedAll(OpBuilder &b, AssociativeScanOp op, ValueRange left, ValueRange right) {
  SmallVector<unsigned> parts = op.getTransferParts();
  llvm::append_range(parts, op.getCarriedParts());
  return combined(b, op, parts, allParts(op, parts, left), right);
}

SmallVector<Value> AssociativeScanOp::emitSummary(OpBuilder &b, Value row, int64_t length, Value block,
                                                  ValueRange transfers, ValueRange states,
                                                  const ChunkOptions &options) {
  int64_t size = channelsOfBlock(getItemShape(), 1, options);
  SmallVector<Value> ins = partsOf(b, *this, row, length, startOf(b, getLoc(), block, size), size), outs(transfers);
  llvm::append_range(outs, states);
  SmallVector<AffineMap> maps = getMaps();
  maps.append(outs.size(), stateMap(*this));
  return generic(b, getLoc(), ins, outs, maps, loopKinds(*this), [&](OpBuilder &b, Location, ValueRange v) {
    return combinedAll(b, *this, v.take_back(outs.size()), v.take_front(ins.size()));
  });
}

SmallVector<Value> AssociativeScanOp::emitJoined(OpBuilder &b, ValueRange transfers, ValueRange states,
                                                 ValueRange laterTransfers, ValueRange laterStates) {
  unsigned k = rowsType(states[0]).getRank();
  SmallVector<unsigned> parts = getTransferParts(), carried = getCarriedParts();
  llvm::append_range(parts, carried);
  SmallVector<Value> later(laterTransfers), first(transfers);
  llvm::append_range(later, laterStates);
  llvm::append_range(first, states);
  SmallVector<AffineMap> maps(later.size() + first.size(), AffineMap::getMultiDimIdentityMap(k, b.getContext()));
  return generic(b, getLoc(), later, first, maps, std::string(k, 'p'), [&](OpBuilder &b, Location, ValueRange v) {
    SmallVector<Value> right = allParts(*this, parts, v.take_front(later.size()));
    if (transfers.size() == laterTransfers.size())
      return combinedAll(b, *this, v.take_back(first.size()), right);
    return combined(b, *this, carried, allParts(*this, carried, v.take_back(carried.size())), right);
  });
}

/// f32 operations for `parts` of one element; an exponential or the like is a polynomial.
static int64_t costOf(AssociativeScanOp op, ArrayRef<unsigned> parts) {
  int64_t cost = 0;
  for (Operation *inner : madeOf(op, parts).first)
    cost += inner->getName().getDialectNamespace() == "math" ? 12 : 1;
  return cost;
}

SplitCost AssociativeScanOp::getSplitCost(const ChunkOptions &options) {
  SmallVector<int64_t> shape = getItemShape();
  if (!shape.empty())
    shape.back() = channelsOfBlock(shape, 1, options);
  int64_t elements = ShapedType::getNumElements(shape);
  int64_t inOrder = costOf(*this, getCarriedParts()),
          all = costOf(*this, llvm::to_vector(llvm::seq<unsigned>(getParts().size())));
  // where there is no polynomial, moving the operands is what counts
  constexpr int64_t moving = 12;
  return {elements * std::max(moving, inOrder), elements * std::max(moving + moving / 4, all),
          elements * std::max<int64_t>(4, all)};
}

//===--- canonical form ------------------------------------------------------------------------------------------===//

namespace {
/// Results that nobody reads, and parts that no result is made of, are dropped. With states all stay: they are the
/// caller's.
struct DropUnread : OpRewritePattern<AssociativeScanOp> {
  using OpRewritePattern::OpRewritePattern;
  LogicalResult matchAndRewrite(AssociativeScanOp op, PatternRewriter &rewriter) const override {
    SmallVector<unsigned> read;
    SmallVector<Value> outputs;
    for (auto [i, y] : llvm::zip(op.getReadParts(), op.getOutputs()))
      if (!y.use_empty()) {
        read.push_back(i);
        outputs.push_back(y);
      }
    if (!op.getStates().empty() || read.empty())
      return rewriter.notifyMatchFailure(op, "all of it is the caller's, or none of it is read");
    SmallVector<unsigned> parts = closure(op, read, /*ofRight=*/true);
    SmallVector<AffineMap> maps = op.getMaps();
    bool hasRows = llvm::any_of(parts, [&](unsigned i) { return maps[i].isFunctionOfDim(0); });
    if (!hasRows || (parts.size() == op.getParts().size() && read.size() == op.getOutputs().size()))
      return rewriter.notifyMatchFailure(op, "all of it is used");
    rewrite(op, parts, read, outputs, rewriter);
    return success();
  }

  static void rewrite(AssociativeScanOp op, ArrayRef<unsigned> parts, ArrayRef<unsigned> read, ValueRange outputs,
                      PatternRewriter &rewriter) {
    SmallVector<Value> operands;
    SmallVector<double> identity, initial;
    SmallVector<Attribute> maps;
    SmallVector<int64_t> readNow;
    SmallVector<unsigned> before = op.getCarriedParts(), after = closure(op, llvm::to_vector(read), /*ofRight=*/false);
    for (unsigned i : parts) {
      operands.push_back(op.getParts()[i]);
      identity.push_back(op.getIdentity()[i]);
      maps.push_back(AffineMapAttr::get(op.getMaps()[i]));
    }
    for (unsigned i : read)
      readNow.push_back(llvm::find(parts, i) - parts.begin());
    for (unsigned i : after)
      if (op.getInitial())
        initial.push_back((*op.getInitial())[llvm::find(before, i) - before.begin()]);
    auto made = AssociativeScanOp::create(
        rewriter, op.getLoc(), outputs.getTypes(), operands, op.getOffsets(), ValueRange(), Value(), identity,
        op.getInitial() ? rewriter.getDenseF64ArrayAttr(initial) : DenseF64ArrayAttr(),
        read.size() == parts.size() ? DenseI64ArrayAttr() : rewriter.getDenseI64ArrayAttr(readNow),
        op.getIndexingMaps() ? rewriter.getArrayAttr(maps) : ArrayAttr(), op.getReverse());
    made->setDiscardableAttrs(op->getDiscardableAttrDictionary());
    Block *body = rewriter.createBlock(&made.getCombine());
    unsigned n = op.getParts().size();
    SmallVector<Value> sides[2] = {SmallVector<Value>(n), SmallVector<Value>(n)};
    for (auto [s, side] : llvm::enumerate(sides))
      for (unsigned i : parts) {
        Value argument = op.getBody()->getArgument(s * n + i);
        side[i] = body->addArgument(argument.getType(), argument.getLoc());
      }
    YieldOp::create(rewriter, op.getYield().getLoc(), combined(rewriter, op, parts, sides[0], sides[1]), ValueRange());
    for (auto [y, now] : llvm::zip(outputs, made.getOutputs()))
      rewriter.replaceAllUsesWith(y, now);
    rewriter.eraseOp(op);
  }
};
} // namespace

void AssociativeScanOp::getCanonicalizationPatterns(RewritePatternSet &patterns, MLIRContext *context) {
  patterns.add<DropUnread>(context);
}
