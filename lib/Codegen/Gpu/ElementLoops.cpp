// An output that no ordered loop indexes is held: its element stays in a register until the loops have ended. Others
// are loaded and stored where they stand, since an ordered loop may come back to what it wrote (a state that is
// carried).
//
// The innermost ordered loop takes several steps together: their inputs are loaded first, so that so many loads are
// under way at once, and then the steps follow each other. An input may lie where an output is written, but then at the
// same indices.
#include "lib/Codegen/Gpu/ElementLoops.h"
#include "lib/Codegen/Gpu/OwnElements.h"
#include "mlir/Analysis/SliceAnalysis.h"
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

/// How many steps of a loop are taken together: few where each is a lot of code.
int64_t stepsTogether(linalg::LinalgOp op) {
  constexpr size_t shortBody = 12;
  return op.getBlock()->getOperations().size() <= shortBody ? 8 : 4;
}

Value indexValue(OpBuilder &b, Location loc, int64_t v) { return arith::ConstantIndexOp::create(b, loc, v); }
} // namespace

SmallVector<unsigned> ElementLoops::sharedLoops(linalg::LinalgOp op) {
  SmallVector<utils::IteratorType> kinds = op.getIteratorTypesArray();
  SmallVector<unsigned> loops;
  for (AffineExpr e : op.getMatchingIndexingMap(op.getDpsInitOperand(0)).getResults())
    if (auto dim = dyn_cast<AffineDimExpr>(e);
        dim && kinds[dim.getPosition()] == utils::IteratorType::parallel && splitsOutputs(op, dim.getPosition()))
      loops.push_back(dim.getPosition());
  return loops;
}

ElementLoops::ElementLoops(OpBuilder &b, linalg::LinalgOp op, int64_t together)
    : op(op), together(together ? together : stepsTogether(op)), parallel(sharedLoops(op)), sum(combinerOf(op)) {
  Location loc = op.getLoc();
  SmallVector<Range> ranges = op.createLoopRanges(b, loc);
  for (Range r : ranges)
    sizes.push_back(getValueOrCreateConstantIndexOp(b, loc, r.size));
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

Operation *ElementLoops::combinerOf(linalg::LinalgOp op) {
  SmallVector<unsigned> reductions;
  op.getReductionDims(reductions);
  if (reductions.size() != 1)
    return nullptr;
  Operation *combiner = nullptr;
  for (OpOperand &output : op.getDpsInitsMutable()) {
    AffineMap map = op.getMatchingIndexingMap(&output);
    bool sums = !map.isFunctionOfDim(reductions[0]);
    // each of the other loops has elements of its own
    if (!map.isProjectedPermutation() || map.getNumResults() != op.getNumLoops() - sums || (sums && combiner))
      return nullptr;
    if (sums && !(combiner = combinerOf(op, output)))
      return nullptr;
  }
  return combiner;
}

/// What adds to `output`, if its values go through nothing else.
Operation *ElementLoops::combinerOf(linalg::LinalgOp op, OpOperand &output) {
  unsigned number = output.getOperandNumber() - op.getNumDpsInputs();
  SmallVector<Operation *> combiners;
  bool found = matchReduction(op.getRegionOutputArgs(), number, combiners) && combiners.size() == 1 &&
               arith::getNeutralElement(combiners[0]);
  if (!found || !op.getMatchingBlockArgument(&output).hasOneUse() || !combiners[0]->hasOneUse())
    return nullptr;
  return op.getBlock()->getTerminator()->getOperand(number) == combiners[0]->getResult(0) ? combiners[0] : nullptr;
}

/// The parallel loops' indices for element `i`.
SmallVector<Value> ElementLoops::place(OpBuilder &b, Value i) {
  Location loc = op.getLoc();
  SmallVector<Value> ivs(sizes.size());
  for (auto [n, d] : llvm::enumerate(llvm::reverse(parallel))) {
    bool outermost = n + 1 == parallel.size();
    ivs[d] = outermost ? i : b.createOrFold<arith::RemUIOp>(loc, i, sizes[d]);
    if (!outermost)
      i = b.createOrFold<arith::DivUIOp>(loc, i, sizes[d]);
  }
  return ivs;
}

bool ElementLoops::mayBeginWithZeros(linalg::LinalgOp op) {
  if (op.getNumDpsInits() != 1)
    return false;
  Value output = op.getDpsInits()[0];
  AffineMap map = op.getMatchingIndexingMap(op.getDpsInitOperand(0));
  SmallVector<utils::IteratorType> kinds = op.getIteratorTypesArray();
  auto isParallel = [&](AffineExpr e) {
    return kinds[cast<AffineDimExpr>(e).getPosition()] == utils::IteratorType::parallel;
  };
  return map.isProjectedPermutation() && llvm::all_of(map.getResults(), isParallel) &&
         llvm::none_of(op.getDpsInputs(), [&](Value v) { return bufferOf(v) == bufferOf(output); });
}

/// What an element that is held is before the first step.
Value ElementLoops::begin(OpBuilder &b, OpOperand &output, ValueRange ivs) {
  if (op.payloadUsesValueFromOperand(&output) && !fromZeros)
    return load(b, output, ivs);
  return arith::ConstantOp::create(b, op.getLoc(), b.getZeroAttr(getElementTypeOrSelf(output.get())));
}

void ElementLoops::emit(OpBuilder &b, Value i) {
  Location loc = op.getLoc();
  SmallVector<Value> ivs = place(b, i), held;
  for (OpOperand &output : op.getDpsInitsMutable())
    if (isHeld(output))
      held.push_back(begin(b, output, ivs));
  ArrayRef<Value> results = held = nest(b, ordered, ivs, held);
  for (OpOperand &output : op.getDpsInitsMutable())
    if (isHeld(output)) {
      memref::StoreOp::create(b, loc, results.front(), output.get(), indices(b, output, ivs));
      results = results.drop_front();
    }
}

std::optional<int64_t> ElementLoops::terms() const {
  return sum ? getConstantIntValue(sizes[ordered[0]]) : std::nullopt;
}

OpOperand &ElementLoops::summed() {
  return *llvm::find_if(op.getDpsInitsMutable(), [&](OpOperand &o) { return isHeld(o); });
}

Value ElementLoops::emitPart(OpBuilder &b, Value i, Value part, int64_t parts) {
  SmallVector<Value> ivs = place(b, i);
  Value neutral = arith::ConstantOp::create(b, op.getLoc(), *arith::getNeutralElement(sum));
  return innermost(b, ordered[0], part, parts, ivs, {neutral})[0];
}

void ElementLoops::finish(OpBuilder &b, Value i, Value whole) {
  SmallVector<Value> ivs = place(b, i);
  OpOperand &output = summed();
  Value v = combine(b, begin(b, output, ivs), whole);
  memref::StoreOp::create(b, op.getLoc(), v, output.get(), indices(b, output, ivs));
}

Value ElementLoops::combine(OpBuilder &b, Value x, Value y) {
  Operation *again = b.clone(*sum);
  again->setOperands({x, y});
  return again->getResult(0);
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

/// What the body reads of the inputs at one point of the loops; null for what it does not use.
SmallVector<Value> ElementLoops::loadInputs(OpBuilder &b, ValueRange ivs) {
  SmallVector<Value> values;
  for (OpOperand *input : op.getDpsInputOperands())
    values.push_back(op.getMatchingBlockArgument(input).use_empty() ? Value() : load(b, *input, ivs));
  return values;
}

/// The op's body at one point of the loops; stores what is not held, returns what is.
SmallVector<Value> ElementLoops::body(OpBuilder &b, ValueRange inputs, ValueRange ivs, ValueRange held) {
  Block &payload = op->getRegion(0).front();
  IRMapping values;
  for (auto [operand, v] : llvm::zip(op.getDpsInputOperands(), inputs))
    if (v)
      values.map(op.getMatchingBlockArgument(operand), v);
  for (OpOperand &output : op.getDpsInitsMutable()) {
    BlockArgument arg = op.getMatchingBlockArgument(&output);
    if (isHeld(output)) {
      values.map(arg, held.front());
      held = held.drop_front();
    } else if (!arg.use_empty()) {
      values.map(arg, load(b, output, ivs));
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
    return body(b, loadInputs(b, ivs), ivs, held);
  Location loc = op.getLoc();
  Value zero = indexValue(b, loc, 0);
  if (loops.size() == 1)
    return innermost(b, loops[0], zero, 1, ivs, std::move(held));
  auto loop = scf::ForOp::create(b, loc, zero, sizes[loops[0]], indexValue(b, loc, 1), held);
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

/// Steps `first`, `first` + `stride` ... of a loop, several together and then those that are left.
SmallVector<Value> ElementLoops::innermost(OpBuilder &b, unsigned loop, Value first, int64_t stride,
                                           SmallVector<Value> &ivs, SmallVector<Value> held) {
  Location loc = op.getLoc();
  int64_t width = together * stride;
  std::optional<int64_t> size = getConstantIntValue(sizes[loop]);
  if (size && *size < width)
    return steps(b, loop, first, sizes[loop], stride, 1, ivs, std::move(held));
  Value whole = indexValue(b, loc, width), rest = b.createOrFold<arith::RemUIOp>(loc, sizes[loop], whole);
  Value end = b.createOrFold<arith::SubIOp>(loc, sizes[loop], rest);
  held = steps(b, loop, first, end, stride, together, ivs, std::move(held));
  if (size && *size % width == 0)
    return held;
  return steps(b, loop, b.createOrFold<arith::AddIOp>(loc, end, first), sizes[loop], stride, 1, ivs, std::move(held));
}

SmallVector<Value> ElementLoops::steps(OpBuilder &b, unsigned loop, Value first, Value end, int64_t stride,
                                       int64_t together, SmallVector<Value> &ivs, SmallVector<Value> held) {
  Location loc = op.getLoc();
  auto all = scf::ForOp::create(b, loc, first, end, indexValue(b, loc, together * stride), held);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(all.getBody());
  SmallVector<SmallVector<Value>> inputs;
  SmallVector<Value> at, next = llvm::to_vector_of<Value>(all.getRegionIterArgs());
  for (int64_t s = 0; s < together; ++s) {
    ivs[loop] = s ? arith::AddIOp::create(b, loc, all.getInductionVar(), indexValue(b, loc, s * stride)).getResult()
                  : all.getInductionVar();
    at.push_back(ivs[loop]);
    inputs.push_back(loadInputs(b, ivs));
  }
  for (int64_t s = 0; s < together; ++s) {
    ivs[loop] = at[s];
    next = body(b, inputs[s], ivs, next);
  }
  if (held.empty())
    b.setInsertionPoint(all.getBody()->getTerminator());
  else
    scf::YieldOp::create(b, loc, next);
  return llvm::to_vector_of<Value>(all.getResults());
}
