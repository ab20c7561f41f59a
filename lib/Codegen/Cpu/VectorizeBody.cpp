// strand-vectorize, part 3: loads, operations of the body and stores at one point of the nest.
#include "lib/Codegen/Cpu/VectorizeEmit.h"
#include "mlir/Dialect/Affine/Utils.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
#include "mlir/IR/IRMapping.h"
using namespace mlir;
namespace strand {

int64_t lanesIn(Value v) {
  auto type = dyn_cast<VectorType>(v.getType());
  return type ? type.getNumElements() : 1;
}

static Type laneType(Type scalar, int64_t width) {
  return width == 1 ? scalar : Type(VectorType::get({width}, scalar));
}

Value Emitter::index(int64_t i) { return arith::ConstantIndexOp::create(b, loc, i); }

Value Emitter::plus(Value v, int64_t i) { return i ? b.createOrFold<arith::AddIOp>(loc, v, index(i)) : v; }

/// Calls `fn` for each combination of pieces of `dims`, the last dimension fastest.
void Emitter::forEachCoord(DimSet dims, const State &s, function_ref<void(const Coord &)> fn) const {
  Coord c(s.dims.size(), 0);
  auto next = [&] {
    for (int d = c.size() - 1; d >= 0; --d) {
      if (!(dims >> d & 1))
        continue;
      if (++c[d] < s.dims[d].pieces.size())
        return true;
      c[d] = 0;
    }
    return false;
  };
  do
    fn(c);
  while (next());
}

/// The position of `c` in the order of forEachCoord over `dims`.
unsigned Emitter::positionOf(DimSet dims, const State &s, const Coord &c) const {
  unsigned at = 0;
  for (unsigned d = 0; d < c.size(); ++d)
    if (dims >> d & 1)
      at = at * s.dims[d].pieces.size() + c[d];
  return at;
}

int64_t Emitter::widthOf(DimSet dims, const State &s, const Coord &c) const {
  return plan.vec && (dims >> *plan.vec & 1) ? s.dims[*plan.vec].pieces[c[*plan.vec]].width : 1;
}

/// The copy of a value of the body at `c`; a value from outside the op is its own only copy.
Value Emitter::copyOf(Value v, const State &s, const Coord &c) const {
  auto it = s.values.find(v);
  return it == s.values.end() ? v : it->second[positionOf(plan.depsOf(v), s, c)];
}

Value Emitter::widen(Value v, int64_t width, State &s) {
  if (width == 1 || lanesIn(v) == width)
    return v;
  Value &wide = s.broadcasts[{v, width}];
  if (!wide)
    wide = vector::BroadcastOp::create(b, loc, laneType(v.getType(), width), v);
  return wide;
}

/// Indices of an operand at `c`, `lane` elements along the vector dimension; `ahead`: a dimension and what to add.
SmallVector<Value> Emitter::indices(AffineMap map, const State &s, const Coord &c, int64_t lane,
                                    std::optional<std::pair<unsigned, int64_t>> ahead) {
  auto at = [&](unsigned d) {
    Value v = s.dims[d].at[c[d]];
    if (plan.vec == d)
      v = plus(v, lane);
    return ahead && ahead->first == d ? plus(v, ahead->second) : v;
  };
  SmallVector<Value> result, all(map.getNumDims());
  for (AffineExpr e : map.getResults()) {
    if (auto dim = dyn_cast<AffineDimExpr>(e)) {
      result.push_back(at(dim.getPosition()));
      continue;
    }
    for (unsigned d = 0; d < all.size(); ++d)
      all[d] = e.isFunctionOfDim(d) ? at(d) : index(0);
    result.push_back(affine::expandAffineExpr(b, loc, e, all, {}));
  }
  return result;
}

Value Emitter::load(OpOperand *operand, State &s, const Coord &c) {
  return load(operand->get(), plan.op.getMatchingIndexingMap(operand), s, c);
}

/// What `map` reads of a buffer at `c`.
Value Emitter::load(Value buffer, AffineMap map, State &s, const Coord &c) {
  Type element = cast<MemRefType>(buffer.getType()).getElementType();
  int64_t width = widthOf(dimsOf(map), s, c);
  if (width == 1)
    return memref::LoadOp::create(b, loc, buffer, indices(map, s, c));
  auto type = VectorType::get({width}, element);
  if (accessAlong(buffer.getType(), map, *plan.vec) == Access::contiguous)
    return vector::LoadOp::create(b, loc, type, buffer, indices(map, s, c));
  SmallVector<Value> lanes;
  for (int64_t l = 0; l < width; ++l)
    lanes.push_back(memref::LoadOp::create(b, loc, buffer, indices(map, s, c, l)));
  return vector::FromElementsOp::create(b, loc, type, lanes);
}

/// What the op that wrote the output before would have put there.
Value Emitter::spreadStart(const OutputPlan &o, State &s, const Coord &c) {
  OpOperand *in = o.spread.getDpsInputOperand(0);
  AffineMap map = o.spread.getMatchingIndexingMap(in).compose(plan.op.getMatchingIndexingMap(o.operand));
  Value v = load(in->get(), map, s, c);
  for (Operation &op : o.spread.getBlock()->without_terminator()) {
    IRMapping mapping;
    mapping.map(op.getOperand(0), v);
    Operation *clone = b.clone(op, mapping);
    clone->getResult(0).setType(laneType(op.getResult(0).getType(), lanesIn(v)));
    v = clone->getResult(0);
  }
  return widen(v, widthOf(o.dims, s, c), s);
}

void Emitter::store(OpOperand *operand, Value value, State &s, const Coord &c) {
  AffineMap map = plan.op.getMatchingIndexingMap(operand);
  int64_t width = widthOf(dimsOf(map), s, c);
  if (width == 1) {
    memref::StoreOp::create(b, loc, value, operand->get(), indices(map, s, c));
    return;
  }
  value = widen(value, width, s);
  if (plan.access(operand) == Access::contiguous) {
    auto whole = vector::StoreOp::create(b, loc, value, operand->get(), indices(map, s, c));
    if (stream && operand == plan.outputs[0].operand && width == plan.lanes) {
      whole.setNontemporal(true);
      whole.setAlignment(cast<VectorType>(value.getType()).getElementTypeBitWidth() / 8 * width);
    }
    return;
  }
  for (int64_t l = 0; l < width; ++l)
    memref::StoreOp::create(b, loc, vector::ExtractOp::create(b, loc, value, l), operand->get(),
                            indices(map, s, c, l));
}

/// A large operand that moves with the innermost loop is asked for `target.prefetch` bytes before its use: the hardware
/// prefetchers stop at each 4 KB page, and a panel is read once.
void Emitter::prefetch(OpOperand *operand, State &s, const Coord &c) {
  constexpr int64_t large = 1 << 20, line = 64;
  auto type = cast<MemRefType>(operand->get().getType());
  AffineMap map = plan.op.getMatchingIndexingMap(operand);
  unsigned inner = plan.order.back();
  SmallVector<int64_t> strides;
  int64_t offset;
  if (!target.prefetch || plan.isParallel(inner) || !plan.vec || plan.access(operand) != Access::contiguous ||
      !map.isProjectedPermutation() || !map.isFunctionOfDim(inner) || !type.hasStaticShape() ||
      failed(type.getStridesAndOffset(strides, offset)))
    return;
  int64_t bytes = type.getElementTypeBitWidth() / 8;
  int64_t step = strides[*map.getResultPosition(getAffineDimExpr(inner, b.getContext()))];
  if (type.getNumElements() * bytes < large || ShapedType::isDynamic(step))
    return;
  // One line is asked for once: by the piece that begins it, in the step that reaches it.
  const OpenDim &vec = s.dims[*plan.vec];
  if (vec.pieces[c[*plan.vec]].offset * bytes % line)
    return;
  std::pair<unsigned, int64_t> ahead{inner, std::max<int64_t>(1, target.prefetch / (step * bytes))};
  memref::PrefetchOp::create(b, loc, operand->get(), indices(map, s, c, 0, ahead), /*isWrite=*/false,
                             /*localityHint=*/3, /*isDataCache=*/true);
}

/// A square of a strided input is loaded along the dimension in which it is contiguous, and turned.
bool Emitter::emitTransposed(OpOperand *in, State &s) {
  if (!plan.transposed || plan.access(in) != Access::strided ||
      accessAlong(plan.op, in, *plan.transposed) != Access::contiguous)
    return false;
  AffineMap map = plan.op.getMatchingIndexingMap(in);
  const OpenDim &along = s.dims[*plan.transposed], &vec = s.dims[*plan.vec];
  int64_t width = plan.lanes;
  if (int64_t(along.pieces.size()) != width || vec.pieces.size() != 1 || vec.pieces[0].width != width)
    return false;
  auto type = VectorType::get({width}, cast<MemRefType>(in->get().getType()).getElementType());
  SmallVector<Value> rows;
  Coord c(s.dims.size(), 0);
  for (int64_t l = 0; l < width; ++l)
    rows.push_back(vector::LoadOp::create(b, loc, type, in->get(), indices(map, s, c, l)));
  s.values[plan.op.getMatchingBlockArgument(in)] = transposeVectors(b, loc, rows);
  return true;
}

void Emitter::emitItem(const BodyItem &item, State &s) {
  if (item.op && item.op->getNumRegions())
    return emitWhole(item.op, s);
  if (item.load && emitTransposed(item.load, s))
    return;
  Value key = item.load ? Value(plan.op.getMatchingBlockArgument(item.load))
                        : item.op->getNumResults() ? item.op->getResult(0) : Value();
  if (!key)
    return emitWhole(item.op, s);
  Copies copies;
  forEachCoord(plan.depsOf(key), s, [&](const Coord &c) {
    if (item.load && item.level == plan.order.size() && item.level)
      prefetch(item.load, s, c);
    copies.push_back(item.load    ? load(item.load, s, c)
                     : item.folds ? emitFold(item, s, c)
                                  : emitOp(item, s, c));
  });
  s.values[key] = copies;
}

/// An operation that scalar loops alone can hold: copied as it is. Every value then has one copy.
void Emitter::emitWhole(Operation *op, State &s) {
  IRMapping mapping;
  for (auto &[value, copies] : s.values)
    mapping.map(value, copies.front());
  Operation *clone = b.clone(*op, mapping);
  clone->walk([&](linalg::IndexOp index) {
    index.replaceAllUsesWith(s.dims[index.getDim()].at.front());
    index.erase();
  });
  for (auto [old, now] : llvm::zip(op->getResults(), clone->getResults()))
    s.values[old] = {now};
}

Value Emitter::emitIndex(unsigned dim, State &s, const Coord &c) {
  Value at = s.dims[dim].at[c[dim]];
  int64_t width = s.dims[dim].pieces[c[dim]].width;
  if (width == 1)
    return at;
  auto type = VectorType::get({width}, b.getIndexType());
  return arith::AddIOp::create(b, loc, widen(at, width, s), vector::StepOp::create(b, loc, type));
}

/// The first of neighbouring indices, for a value of the body that rises by one from lane to lane; else null.
Value Emitter::scalarIndex(Value v, State &s, const Coord &c) {
  if (auto index = v.getDefiningOp<linalg::IndexOp>())
    return s.dims[index.getDim()].at[c[index.getDim()]];
  auto sum = v.getDefiningOp<arith::AddIOp>();
  if (!sum || plan.dependsOnVec(sum.getLhs()) == plan.dependsOnVec(sum.getRhs()))
    return {};
  Value moving = plan.dependsOnVec(sum.getLhs()) ? sum.getLhs() : sum.getRhs();
  Value first = scalarIndex(moving, s, c);
  Value fixed = copyOf(moving == sum.getLhs() ? sum.getRhs() : sum.getLhs(), s, c);
  return first ? Value(arith::AddIOp::create(b, loc, first, fixed)) : Value();
}

/// memref.load of the body on vectors: neighbours where only the last index moves, by one a lane; else lane by lane.
Value Emitter::emitTableLoad(Operation *op, State &s, const Coord &c) {
  auto table = cast<memref::LoadOp>(op);
  int64_t width = widthOf(plan.depsOf(table), s, c);
  SmallVector<Value> index;
  for (Value v : table.getIndices())
    index.push_back(copyOf(v, s, c));
  Value memref = copyOf(table.getMemRef(), s, c);
  if (width == 1)
    return memref::LoadOp::create(b, loc, memref, index);
  auto type = VectorType::get({width}, table.getType());
  bool lastOnly = llvm::none_of(table.getIndices().drop_back(), [&](Value v) { return plan.dependsOnVec(v); });
  SmallVector<int64_t> strides;
  int64_t offset;
  bool unit = succeeded(table.getMemRefType().getStridesAndOffset(strides, offset)) && strides.back() == 1;
  if (lastOnly && unit && !table.getType().isInteger(1))
    if (Value first = scalarIndex(table.getIndices().back(), s, c)) {
      index.back() = first;
      return vector::LoadOp::create(b, loc, type, memref, index);
    }
  SmallVector<Value> lanes;
  for (int64_t l = 0; l < width; ++l) {
    SmallVector<Value> at = index;
    for (Value &v : at)
      if (lanesIn(v) == width)
        v = vector::ExtractOp::create(b, loc, v, l);
    lanes.push_back(memref::LoadOp::create(b, loc, memref, at));
  }
  return vector::FromElementsOp::create(b, loc, type, lanes);
}

/// The sum of all pieces of the held dimension and what the output holds already.
Value Emitter::emitFold(const BodyItem &item, State &s, Coord c) {
  Value sum = copyOf(item.folds, s, c);
  for (unsigned piece = 0; piece < s.dims[*plan.held].pieces.size(); ++piece) {
    c[*plan.held] = piece;
    sum = emitOp(item, s, c, sum);
  }
  return sum;
}

/// One copy of an operation of the body, `sum` standing for the argument that it folds: on scalars if none of its
/// operands has lanes.
Value Emitter::emitOp(const BodyItem &item, State &s, const Coord &c, Value sum) {
  Operation *op = item.op;
  if (auto index = dyn_cast<linalg::IndexOp>(op))
    return emitIndex(index.getDim(), s, c);
  if (isa<memref::LoadOp>(op))
    return emitTableLoad(op, s, c);
  Value result = op->getResult(0);
  int64_t width = widthOf(plan.depsOf(result), s, c);
  auto operand = [&](Value v) { return widen(sum && v == item.folds ? sum : copyOf(v, s, c), width, s); };
  if (item.product) {
    Value factor = item.product->getResult(0);
    Value rest = operand(op->getOperand(0) == factor ? op->getOperand(1) : op->getOperand(0));
    Value x = operand(item.product->getOperand(0)), y = operand(item.product->getOperand(1));
    if (width == 1)
      return math::FmaOp::create(b, loc, x, y, rest);
    return vector::FMAOp::create(b, loc, x, y, rest);
  }
  IRMapping mapping;
  for (Value v : op->getOperands()) {
    bool condition = isa<arith::SelectOp>(op) && v == op->getOperand(0) && !plan.dependsOnVec(v);
    mapping.map(v, condition ? copyOf(v, s, c) : operand(v));
  }
  Operation *clone = b.clone(*op, mapping);
  clone->getResult(0).setType(laneType(result.getType(), width));
  return clone->getResult(0);
}

/// x (+) y by a copy of the operation `op`.
Value Emitter::combine(Operation *op, Value x, Value y) {
  IRMapping mapping;
  mapping.map(op->getOperand(0), x);
  mapping.map(op->getOperand(1), y);
  Operation *clone = b.clone(*op, mapping);
  clone->getResult(0).setType(x.getType());
  return clone->getResult(0);
}
} // namespace strand
