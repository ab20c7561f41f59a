// strand.attention on tensor cores: what lies before a call, apart from its tiles.
//
// Tiles read no ring. In front of them the rows of each that the call may see, the last min(n, W - 1) of the n that
// the sequence has seen, are copied: in the order of their positions, rounded to bf16 as all factors are (a state in
// bf16 has them so), at the end of `rowsOfPast` places. So a key that lies d rows before the call is in place
// rowsOfPast - d whatever n is, and what tiles read is aligned to tiles. Places in front of that hold zeros, since a
// weight of 0 does not undo a NaN. A cache is read where it lies, since it may be larger than any bound that a call's
// rows and sequences give; one in f32 is rounded on the way to tiles.
//
// Behind the tiles the rows of the call, of a window the last W, go to their places in the state.
#include "dialects/Strand/Arithmetic.h"
#include "dialects/Strand/Attention.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "llvm/Support/MathExtras.h"
using namespace mlir;
using namespace strand;

int64_t strand::rowsOfPast(AttentionOp op) {
  return llvm::alignTo(std::max<int64_t>(op.getWindow().value_or(0) - 1, 1), longestCoreTile);
}

/// sequences x rowsOfPast x heads x size.
static Value pastOf(AttentionOp op, OpBuilder &b, Value ring) {
  Location loc = op.getLoc();
  RankedTensorType type = rowsType(ring);
  int64_t places = rowsOfPast(op), window = *op.getWindow();
  Value sequences = sub(b, loc, numRows(b, loc, op.getOffsets()), indexConstant(b, loc, 1));
  SmallVector<int64_t> shape{ShapedType::kDynamic, places, type.getDimSize(2), type.getDimSize(3)};
  Type kept = isRounded(op) ? Type(b.getBF16Type()) : type.getElementType();
  Value into = tensor::EmptyOp::create(b, loc, shape, kept, sequences);
  AffineMap map = b.getMultiDimIdentityMap(4);
  return generic(b, loc, {}, into, map, "pppp", [&](OpBuilder &b, Location loc, ValueRange) -> SmallVector<Value> {
    auto at = [&](unsigned d) { return linalg::IndexOp::create(b, loc, d).getResult(); };
    Value slot = indexAt(b, loc, op.getSlots(), at(0)), count = indexAt(b, loc, op.getStates()[0], slot);
    Value seen = arith::MinUIOp::create(b, loc, count, indexConstant(b, loc, window - 1));
    Value before = sub(b, loc, indexConstant(b, loc, places), at(1));
    Value isSeen = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ule, before, seen);
    Value position = arith::SelectOp::create(b, loc, isSeen, sub(b, loc, count, before), indexConstant(b, loc, 0));
    Value number = tensor::ExtractOp::create(b, loc, ring, ValueRange{slot, placeOf(b, op, position), at(2), at(3)});
    Value zero = floatConstant(b, loc, type.getElementType(), 0);
    return {castFloat(b, loc, arith::SelectOp::create(b, loc, isSeen, number, zero), kept)};
  })[0];
}

SmallVector<Value> AttentionOp::emitPast(OpBuilder &b, const ChunkOptions &options) {
  bool copied = getWindow() && !isStepOnDevice(*this, options);
  return llvm::map_to_vector(getStates().drop_front(),
                             [&](Value state) { return copied ? pastOf(*this, b, state) : state; });
}

/// A block for each row of the call and some heads, which it copies to its place if no later row of the sequence has
/// that.
SmallVector<Value> AttentionOp::emitNextStates(OpBuilder &b, const ChunkOptions &options) {
  Location loc = getLoc();
  int64_t elements = options.singleRow ? 256 : 1024; // of a block, whose threads copy one after another
  int64_t heads = blockOf(getKeyHeads(), std::max<int64_t>(1, elements / std::max(getKeySize(), getValueSize())), 1);
  SmallVector<OpFoldResult> rows{numRows(b, loc, getK()), b.getIndexAttr(getKeyHeads() / heads)};
  auto blocks = scf::ForallOp::create(b, loc, rows, getStates().drop_front(), std::nullopt);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPoint(blocks.getTerminator());
  Value row = blocks.getInductionVar(0);
  auto beginOf = [&](Value s) { return indexAt(b, loc, getOffsets(), s); };
  Value s = sequenceOf(b, loc, getOffsets(), row), end = beginOf(add(b, loc, s, indexConstant(b, loc, 1)));
  Value slot = indexAt(b, loc, getSlots(), s), before = indexAt(b, loc, getStates()[0], slot);
  Value place = placeOf(b, *this, add(b, loc, before, sub(b, loc, row, beginOf(s))));
  Value left = sub(b, loc, arith::MaxUIOp::create(b, loc, end, row), row); // 0 for rows behind the last sequence
  Value stays = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ne, left, indexConstant(b, loc, 0));
  if (getWindow()) {
    Value isLast = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ule, left, indexConstant(b, loc, *getWindow()));
    stays = arith::AndIOp::create(b, loc, stays, isLast);
  }
  Value count = arith::IndexCastUIOp::create(b, loc, b.getIndexType(), stays); // of rows that are copied
  SmallVector<Value> copies, operands{getK(), getV()};
  SmallVector<SmallVector<OpFoldResult>> sizes;
  Value head = startOf(b, loc, blocks.getInductionVar(1), heads);
  SmallVector<OpFoldResult> at{slot, place, head, b.getIndexAttr(0)}, ones(4, b.getIndexAttr(1));
  for (auto [ring, from] : llvm::zip_equal(blocks.getRegionIterArgs(), operands)) {
    int64_t size = itemShape(from).back();
    auto type = RankedTensorType::get({ShapedType::kDynamic, heads, size}, rowsType(from).getElementType());
    sizes.push_back({b.getIndexAttr(1), count, b.getIndexAttr(heads), b.getIndexAttr(size)});
    Value own = tensor::ExtractSliceOp::create(b, loc, type, from, ArrayRef<OpFoldResult>{row, at[2], at[3]},
                                               ArrayRef(sizes.back()).drop_front(), ArrayRef(ones).drop_front());
    Value into = tensor::ExtractSliceOp::create(b, loc, type, ring, at, sizes.back(), ones);
    copies.push_back(linalg::CopyOp::create(b, loc, own, into).getResult(0));
  }
  b.setInsertionPointToEnd(blocks.getTerminator().getBody());
  for (auto [copy, ring, size] : llvm::zip_equal(copies, blocks.getRegionIterArgs(), sizes))
    tensor::ParallelInsertSliceOp::create(b, loc, copy, ring, at, size, ones);
  return llvm::to_vector_of<Value>(blocks.getResults());
}
