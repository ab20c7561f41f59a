#include "dialects/Strand/Recurrence.h"
#include "dialects/Strand/Rows.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
using namespace mlir;
using namespace strand;

static unsigned positionOf(AffineExpr e) { return cast<AffineDimExpr>(e).getPosition(); }

FailureOr<SmallVector<int64_t>> MappedOperands::inferStateShape() const {
  SmallVector<int64_t> shape(result.getNumDims() - 1, 0);
  for (auto [x, map] : llvm::zip(values, maps))
    for (auto [size, expr] : llvm::zip_equal(rowsType(x).getShape(), map.getResults())) {
      unsigned d = positionOf(expr);
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

Value MappedOperands::getRowsOperand() const {
  for (auto [x, map] : llvm::zip(values, maps))
    if (map.isFunctionOfDim(0))
      return x;
  return {};
}

AffineMap MappedOperands::getStateMap() const {
  return AffineMap::getMultiDimIdentityMap(result.getNumDims(), result.getContext()).dropResult(0);
}

std::string MappedOperands::getLoopKinds() const {
  std::string kinds(result.getNumDims(), 'r');
  for (AffineExpr e : result.getResults().drop_front())
    kinds[positionOf(e)] = 'p';
  return kinds;
}

Value strand::mappedPart(OpBuilder &b, Location loc, Value x, AffineMap map, Value row, int64_t length,
                         OpFoldResult start, int64_t size) {
  SmallVector<OpFoldResult> offsets;
  SmallVector<int64_t> sizes;
  for (auto [i, e] : llvm::enumerate(map.getResults())) {
    unsigned d = positionOf(e);
    bool inner = d == map.getNumDims() - 1;
    offsets.push_back(d == 0 ? OpFoldResult(row) : inner ? start : OpFoldResult(b.getIndexAttr(0)));
    sizes.push_back(d == 0 ? length : inner ? size : rowsType(x).getDimSize(i));
  }
  return slice(b, loc, x, offsets, sizes);
}

SmallVector<Value> MappedOperands::parts(OpBuilder &b, Location loc, size_t count, Value row, int64_t length,
                                         OpFoldResult start, int64_t size) const {
  SmallVector<Value> parts;
  for (auto [x, map] : llvm::zip(ArrayRef(values).take_front(count), maps))
    parts.push_back(mappedPart(b, loc, x, map, row, length, start, size));
  return parts;
}

bool strand::readsRowsBehind(AffineMap map) { return map.isFunctionOfDim(0) && positionOf(map.getResult(0)) != 0; }

LogicalResult strand::verifyMapped(Operation *op, ArrayAttr all, const MappedOperands &operands, ValueRange results,
                                   bool sums) {
  auto maps = llvm::to_vector(all.getAsValueRange<AffineMapAttr>());
  size_t count = operands.values.size();
  if (maps.size() != count + 1)
    return op->emitOpError("C1: wants ") << count + 1 << " indexing maps, has " << maps.size();
  for (auto [i, map] : llvm::enumerate(maps)) {
    if (!map.isProjectedPermutation() || map.getNumDims() != maps[0].getNumDims() || map.getNumDims() < 2)
      return op->emitOpError("C1: indexing map ") << i << " is not a projected permutation of the dimensions of map 0";
    if (i < count && readsRowsBehind(map))
      return op->emitOpError("C1: indexing map ") << i << " reads rows, dimension 0, behind another dimension";
    for (Value x : i < count ? ValueRange(operands.values[i]) : results)
      if (int64_t(map.getNumResults()) != rowsType(x).getRank())
        return op->emitOpError("C1: indexing map ")
               << i << " gives " << map.getNumResults() << " indices to rank " << rowsType(x).getRank();
  }
  FailureOr<SmallVector<int64_t>> shape = operands.inferStateShape();
  if (failed(shape))
    return op->emitOpError("C3: a dimension of the state has no static size, or operands disagree on it");
  if (!operands.getRowsOperand())
    return op->emitOpError("C1: no operand has rows: every indexing map lacks dimension 0");
  AffineMap out = operands.result;
  unsigned k = out.getNumDims() - 1;
  if (out.getNumResults() < 2 || !out.getResult(0).isFunctionOfDim(0) || !out.getResults().back().isFunctionOfDim(k))
    return op->emitOpError("C4: the result's map must begin with t and end with the innermost dimension");
  if (!sums && out.getNumResults() != k + 1)
    return op->emitOpError("C5: without `read` the result has every dimension of the state");
  for (auto [i, x] : llvm::enumerate(operands.values))
    if (maps[i].isFunctionOfDim(0))
      for (Value y : results)
        if (rowsType(x).getDimSize(0) != rowsType(y).getDimSize(0))
          return op->emitOpError("C3: operand ")
                 << i << " and the result have different rows: " << x.getType() << " and " << y.getType();
  for (Value y : results)
    for (auto [size, expr] : llvm::drop_begin(llvm::zip(rowsType(y).getShape(), out.getResults())))
      if (int64_t want = (*shape)[positionOf(expr) - 1]; size != want)
        return op->emitOpError("C3: the result has size ") << size << " where the state has " << want;
  return success();
}

Value strand::productOf(OpBuilder &b, Location loc, ValueRange factors) {
  Value p = factors.front();
  for (Value x : factors.drop_front())
    p = arith::MulFOp::create(b, loc, p, x);
  return p;
}

Value strand::withoutSubnormals(OpBuilder &b, Location loc, Value x) {
  int64_t rank = rowsType(x).getRank();
  return generic(b, loc, {}, x, {AffineMap::getMultiDimIdentityMap(rank, b.getContext())}, std::string(rank, 'p'),
                 [](OpBuilder &b, Location loc, ValueRange v) -> SmallVector<Value> {
                   auto type = cast<FloatType>(v[0].getType());
                   APFloat least = APFloat::getSmallestNormalized(type.getFloatSemantics());
                   Value normal = arith::ConstantOp::create(b, loc, FloatAttr::get(type, least));
                   Value zero = arith::ConstantOp::create(b, loc, FloatAttr::get(type, 0));
                   Value size = math::AbsFOp::create(b, loc, v[0]);
                   Value isBelow = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OLT, size, normal);
                   return {arith::SelectOp::create(b, loc, isBelow, zero, v[0])};
                 })[0];
}

int64_t strand::channelsOfBlock(ArrayRef<int64_t> shape, int64_t parts, const ChunkOptions &options) {
  if (shape.empty())
    return 1;
  int64_t others = parts;
  for (int64_t s : shape.drop_back())
    others *= s;
  int64_t most = std::max(options.vectorWidth, 4 * options.channelBlock / others);
  if (options.leastBlocks > 1) // of two vectors at least: a row's part should fill lines of the cache that lie together
    most = std::min(most, std::max(2 * options.vectorWidth, shape.back() / options.leastBlocks));
  return blockOf(shape.back(), most, options.vectorWidth);
}

SmallVector<int64_t> strand::recurrenceTiles(const ChunkOptions &options) {
  int64_t length = options.tileLength ? options.tileLength : 16;
  return length > 1 ? SmallVector<int64_t>{length, 1} : SmallVector<int64_t>{1};
}
