// An output that no ordered loop indexes is held: its element stays in a register until the loops have ended. Others are
// loaded and stored where they stand, since an ordered loop may come back to what it wrote (a state that is carried).
#include "lib/Codegen/Gpu/ElementLoops.h"
#include "mlir/Dialect/Affine/Utils.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/IR/IRMapping.h"
using namespace mlir;
using namespace strand;
namespace {

/// Whether each value of loop `d` has elements of its own in every output.
bool splitsOutputs(linalg::LinalgOp op, unsigned d) {
  return llvm::all_of(op.getDpsInitsMutable(), [&](OpOperand &output) {
    AffineMap map = op.getMatchingIndexingMap(&output);
    return map.isProjectedPermutation() && map.isFunctionOfDim(d);
  });
}

Value indexValue(OpBuilder &b, Location loc, int64_t v) { return arith::ConstantIndexOp::create(b, loc, v); }
} // namespace

ElementLoops::ElementLoops(OpBuilder &b, linalg::LinalgOp op) : op(op) {
  Location loc = op.getLoc();
  SmallVector<Range> ranges = op.createLoopRanges(b, loc);
  for (Range r : ranges)
    sizes.push_back(getValueOrCreateConstantIndexOp(b, loc, r.size));
  SmallVector<utils::IteratorType> kinds = op.getIteratorTypesArray();
  auto isParallel = [&](unsigned d) { return kinds[d] == utils::IteratorType::parallel && splitsOutputs(op, d); };
  for (AffineExpr e : op.getMatchingIndexingMap(op.getDpsInitOperand(0)).getResults())
    if (auto dim = dyn_cast<AffineDimExpr>(e); dim && isParallel(dim.getPosition()))
      parallel.push_back(dim.getPosition());
  for (unsigned d = 0; d < sizes.size(); ++d)
    if (!llvm::is_contained(parallel, d))
      ordered.push_back(d);
  elements = indexValue(b, loc, 1);
  for (unsigned d : parallel) {
    elements = b.createOrFold<arith::MulIOp>(loc, elements, sizes[d]);
    std::optional<int64_t> n = getConstantIntValue(ranges[d].size);
    known = known && n ? std::optional(*known * *n) : std::nullopt;
  }
}

void ElementLoops::emit(OpBuilder &b, Value i) {
  Location loc = op.getLoc();
  SmallVector<Value> ivs(sizes.size());
  for (auto [n, d] : llvm::enumerate(llvm::reverse(parallel))) {
    bool outermost = n + 1 == parallel.size();
    ivs[d] = outermost ? i : b.createOrFold<arith::RemUIOp>(loc, i, sizes[d]);
    if (!outermost)
      i = b.createOrFold<arith::DivUIOp>(loc, i, sizes[d]);
  }
  SmallVector<Value> held;
  for (OpOperand &output : op.getDpsInitsMutable()) {
    if (!isHeld(output))
      continue;
    Type type = getElementTypeOrSelf(output.get());
    held.push_back(op.payloadUsesValueFromOperand(&output)
                       ? load(b, output, ivs)
                       : arith::ConstantOp::create(b, loc, b.getZeroAttr(type)).getResult());
  }
  ArrayRef<Value> results = held = nest(b, ordered, ivs, held);
  for (OpOperand &output : op.getDpsInitsMutable())
    if (isHeld(output)) {
      memref::StoreOp::create(b, loc, results.front(), output.get(), indices(b, output, ivs));
      results = results.drop_front();
    }
}

bool ElementLoops::isHeld(OpOperand &output) {
  AffineMap map = op.getMatchingIndexingMap(&output);
  return llvm::none_of(ordered, [&](unsigned d) { return map.isFunctionOfDim(d); });
}

SmallVector<Value> ElementLoops::indices(OpBuilder &b, OpOperand &operand, ValueRange ivs) {
  AffineMap map = op.getMatchingIndexingMap(&operand);
  SmallVector<Value> at;
  for (AffineExpr e : map.getResults()) {
    auto dim = dyn_cast<AffineDimExpr>(e);
    at.push_back(dim ? ivs[dim.getPosition()] : affine::expandAffineExpr(b, op.getLoc(), e, ivs, {}));
  }
  return at;
}

Value ElementLoops::load(OpBuilder &b, OpOperand &operand, ValueRange ivs) {
  if (!isa<MemRefType>(operand.get().getType()))
    return operand.get();
  return memref::LoadOp::create(b, op.getLoc(), operand.get(), indices(b, operand, ivs));
}

/// The op's body at one point of the loops; stores what is not held, returns what is.
SmallVector<Value> ElementLoops::body(OpBuilder &b, ValueRange ivs, ValueRange held) {
  Block &payload = op->getRegion(0).front();
  IRMapping values;
  for (OpOperand &operand : op->getOpOperands()) {
    BlockArgument arg = op.getMatchingBlockArgument(&operand);
    bool keeps = op.isDpsInit(&operand) && isHeld(operand);
    if (keeps) {
      values.map(arg, held.front());
      held = held.drop_front();
    } else if (!arg.use_empty()) {
      values.map(arg, load(b, operand, ivs));
    }
  }
  for (Operation &inner : payload.without_terminator()) {
    if (auto index = dyn_cast<linalg::IndexOp>(inner))
      values.map(index.getResult(), ivs[index.getDim()]);
    else
      b.clone(inner, values);
  }
  SmallVector<Value> next;
  for (auto [output, yielded] : llvm::zip(op.getDpsInitsMutable(), payload.getTerminator()->getOperands())) {
    Value v = values.lookupOrDefault(yielded);
    if (isHeld(output))
      next.push_back(v);
    else
      memref::StoreOp::create(b, op.getLoc(), v, output.get(), indices(b, output, ivs));
  }
  return next;
}

SmallVector<Value> ElementLoops::nest(OpBuilder &b, ArrayRef<unsigned> loops, SmallVector<Value> &ivs,
                                      SmallVector<Value> held) {
  if (loops.empty())
    return body(b, ivs, held);
  Location loc = op.getLoc();
  auto loop = scf::ForOp::create(b, loc, indexValue(b, loc, 0), sizes[loops[0]], indexValue(b, loc, 1), held);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  ivs[loops[0]] = loop.getInductionVar();
  SmallVector<Value> next = nest(b, loops.drop_front(), ivs, llvm::to_vector_of<Value>(loop.getRegionIterArgs()));
  if (held.empty())
    b.setInsertionPoint(loop.getBody()->getTerminator());
  else
    scf::YieldOp::create(b, loc, next);
  return llvm::to_vector_of<Value>(loop.getResults());
}
