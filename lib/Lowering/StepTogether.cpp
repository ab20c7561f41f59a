// strand-step-together: one scan at a time; the region is written over the rows of a step by RowLifter.
#include "dialects/Strand/Rows.h"
#include "lib/Lowering/Notes.h"
#include "lib/Passes.h"
#include "lib/Transforms/RowLifter.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
using namespace mlir;
namespace strand {
#define GEN_PASS_DEF_STEPTOGETHER
#include "lib/Passes.h.inc"
namespace {

//===--- which scans ---------------------------------------------------------------------------------------------===//

/// Values of the region that depend on some of its arguments.
DenseSet<Value> dependents(ScanOp op, ValueRange arguments) {
  DenseSet<Value> some(arguments.begin(), arguments.end());
  for (Operation &inner : op.getBody()->without_terminator()) {
    bool depends = false;
    inner.walk(
        [&](Operation *o) { depends |= llvm::any_of(o->getOperands(), [&](Value v) { return some.contains(v); }); });
    if (depends)
      some.insert(inner.result_begin(), inner.result_end());
  }
  return some;
}

/// Whether the step sums products of something carried and a matrix that is the same in every row.
bool multipliesByMatrix(ScanOp op) {
  DenseSet<Value> carried = dependents(op, ValueRange(op.getCarriedArgs())),
                  rows = dependents(op, ValueRange(op.getRowArgs()));
  for (auto inner : op.getBody()->getOps<linalg::LinalgOp>()) {
    bool fromState = llvm::any_of(inner->getOperands(), [&](Value v) { return carried.contains(v); });
    bool fromMatrix = llvm::any_of(inner.getDpsInputs(), [&](Value v) {
      auto type = dyn_cast<RankedTensorType>(v.getType());
      return type && type.getRank() > 1 && !carried.contains(v) && !rows.contains(v);
    });
    if (inner.getNumReductionLoops() && fromState && fromMatrix)
      return true;
  }
  return false;
}

bool hasFormOverRows(ScanOp op) {
  OpBuilder b(op);
  RowLifter lifter(op, b);
  Value any = op.getInputs()[0]; // findObstacle asks only whether a value is known
  for (Value v : op.getCarriedArgs())
    lifter.know(v, any);
  YieldOp yield = op.getYield();
  return llvm::none_of(yield->getOperands(), [&](Value v) { return lifter.findObstacle(v); });
}

//===--- rewrite -------------------------------------------------------------------------------------------------===//

/// One scan on its way to a loop over steps.
class Together {
public:
  explicit Together(ScanOp op) : op(op), b(op), loc(op.getLoc()) {}
  void rewrite();

private:
  Value index(int64_t i) { return indexConstant(b, loc, i); }
  Value sequenceInts() {
    return tensor::EmptyOp::create(b, loc, ArrayRef<int64_t>{ShapedType::kDynamic}, b.getI32Type(), sequences);
  }
  Value part(Value whole, OpFoldResult first, Value count);
  Value emitRanks();
  void sortSequences();
  Value numRunning(Value step);
  Value gathered(Value from, Value at, Value plus = {});
  Value begin(unsigned i);
  SmallVector<Value> step(Value t, ValueRange outs, ValueRange carries);
  Value scatter(Value rows, Value into, Value at, Value count);
  Value rowOf(Value at, Value i, Value t);
  SmallVector<Value> putStates(ValueRange carries);

  ScanOp op;
  OpBuilder b;
  Location loc;
  Value sequences;             // how many
  Value first, lengths, slots; // by rank, i32: row 0, the number of rows, the slot if there are states
  Value longest;
};

/// Entries first .. first + count of dimension 0.
Value Together::part(Value whole, OpFoldResult first, Value count) {
  auto type = rowsType(whole);
  SmallVector<int64_t> shape(type.getShape());
  SmallVector<OpFoldResult> offsets(shape.size(), b.getIndexAttr(0)), strides(shape.size(), b.getIndexAttr(1)),
      sizes = getAsIndexOpFoldResult(b.getContext(), shape);
  shape[0] = ShapedType::kDynamic;
  offsets[0] = first;
  sizes[0] = count;
  return tensor::ExtractSliceOp::create(b, loc, RankedTensorType::get(shape, type.getElementType()), whole, offsets,
                                        sizes, strides);
}

/// rank[s] = how many sequences are longer, or as long and before s.
Value Together::emitRanks() {
  Value lo = part(op.getOffsets(), b.getIndexAttr(0), sequences),
        hi = part(op.getOffsets(), b.getIndexAttr(1), sequences);
  Value zero = arith::ConstantIntOp::create(b, loc, 0, 32);
  auto map = [&](StringRef dims) { return dimsMap(b.getContext(), "sr", dims); };
  return generic(b, loc, {lo, hi, lo, hi}, filledInto(b, loc, zero, sequenceInts()),
                 {map("s"), map("s"), map("r"), map("r"), map("s")}, "pr",
                 [](OpBuilder &b, Location loc, ValueRange x) -> SmallVector<Value> {
                   Value own = arith::SubIOp::create(b, loc, x[1], x[0]),
                         other = arith::SubIOp::create(b, loc, x[3], x[2]);
                   auto compare = [&](arith::CmpIPredicate p, Value l, Value r) -> Value {
                     return arith::CmpIOp::create(b, loc, p, l, r);
                   };
                   Value before = compare(arith::CmpIPredicate::ult, linalg::IndexOp::create(b, loc, 1),
                                          linalg::IndexOp::create(b, loc, 0));
                   Value sameBefore =
                       arith::AndIOp::create(b, loc, compare(arith::CmpIPredicate::eq, other, own), before);
                   Value comes =
                       arith::OrIOp::create(b, loc, compare(arith::CmpIPredicate::sgt, other, own), sameBefore);
                   Value one = arith::ExtUIOp::create(b, loc, b.getI32Type(), comes);
                   return {arith::AddIOp::create(b, loc, x[4], one)};
                 })[0];
}

void Together::sortSequences() {
  sequences = arith::SubIOp::create(b, loc, numRows(b, loc, op.getOffsets()), index(1));
  Value ranks = emitRanks(), zero = arith::ConstantIntOp::create(b, loc, 0, 32), one = index(1);
  SmallVector<Value> sorted{sequenceInts(), sequenceInts()};
  if (op.getSlots())
    sorted.push_back(sequenceInts());
  sorted.push_back(zero);
  auto loop = scf::ForOp::create(
      b, loc, index(0), sequences, one, sorted, [&](OpBuilder &b, Location loc, Value s, ValueRange so) {
        auto at = [&](Value tensor, Value i) -> Value { return tensor::ExtractOp::create(b, loc, tensor, i); };
        Value rank = indexAt(b, loc, ranks, s), lo = at(op.getOffsets(), s);
        Value hi = at(op.getOffsets(), arith::AddIOp::create(b, loc, s, one));
        Value length = arith::SubIOp::create(b, loc, hi, lo), last;
        if (op.getReverse())
          last = arith::SubIOp::create(b, loc, hi, arith::ConstantIntOp::create(b, loc, 1, 32));
        SmallVector<Value> values{op.getReverse() ? last : lo, length};
        if (op.getSlots())
          values.push_back(at(op.getSlots(), s));
        SmallVector<Value> next;
        for (auto [v, tensor] : llvm::zip(values, so))
          next.push_back(tensor::InsertOp::create(b, loc, v, tensor, rank));
        next.push_back(arith::MaxSIOp::create(b, loc, so.back(), length));
        scf::YieldOp::create(b, loc, next);
      });
  first = loop.getResult(0);
  lengths = loop.getResult(1);
  slots = op.getSlots() ? loop.getResult(2) : Value();
  longest = arith::IndexCastOp::create(b, loc, b.getIndexType(), loop.getResults().back());
}

/// The sequences that have a row of number `t`; the minimum says so to those who ask for a bound.
Value Together::numRunning(Value t) {
  Value limit = arith::IndexCastOp::create(b, loc, b.getI32Type(), t),
        zero = arith::ConstantIntOp::create(b, loc, 0, 32);
  AffineMap each = b.getMultiDimIdentityMap(1), sum = AffineMap::get(1, 0, b.getContext());
  Value count = generic(b, loc, lengths, filled(b, loc, {}, zero), {each, sum}, "r",
                        [&](OpBuilder &b, Location loc, ValueRange x) -> SmallVector<Value> {
                          Value runs = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::sgt, x[0], limit);
                          Value one = arith::ExtUIOp::create(b, loc, b.getI32Type(), runs);
                          return {arith::AddIOp::create(b, loc, x[1], one)};
                        })[0];
  Value number = tensor::ExtractOp::create(b, loc, count, ValueRange());
  return arith::MinUIOp::create(b, loc, arith::IndexCastOp::create(b, loc, b.getIndexType(), number), sequences);
}

/// rows[i] = from[at[i] + plus]; with reverse `plus` counts down.
Value Together::gathered(Value from, Value at, Value plus) {
  SmallVector<int64_t> item = itemShape(from);
  unsigned loops = item.size() + 1;
  AffineMap row = AffineMap::get(loops, 0, b.getAffineDimExpr(0)), whole = b.getMultiDimIdentityMap(loops);
  Value out = emptyRows(b, loc, at, item, rowsType(from).getElementType());
  return generic(b, loc, at, out, {row, whole}, std::string(loops, 'p'),
                 [&](OpBuilder &b, Location loc, ValueRange x) -> SmallVector<Value> {
                   Value first = arith::IndexCastOp::create(b, loc, b.getIndexType(), x[0]);
                   if (plus && op.getReverse())
                     first = arith::SubIOp::create(b, loc, first, plus);
                   else if (plus)
                     first = arith::AddIOp::create(b, loc, first, plus);
                   SmallVector<Value> indices{first};
                   for (unsigned d = 1; d < loops; ++d)
                     indices.push_back(linalg::IndexOp::create(b, loc, d));
                   return {tensor::ExtractOp::create(b, loc, from, indices)};
                 })[0];
}

/// What carried value `i` is before the first step, a row for each sequence.
Value Together::begin(unsigned i) {
  StateSpec spec = op.getStateSpecs()[i];
  Value initial = op.getInitialTensor(i), from = op.getStates().empty() ? Value() : gathered(op.getStates()[i], slots);
  if (from && !initial)
    return from;
  Value rows = emptyRows(b, loc, first, spec.shape, spec.elementType);
  if (!initial)
    return filledInto(b, loc, arith::ConstantOp::create(b, loc, spec.initial), rows);
  unsigned loops = spec.shape.size() + 1;
  AffineMap whole = b.getMultiDimIdentityMap(loops), row = AffineMap::get(loops, 0, b.getAffineDimExpr(0)),
            item = whole.dropResult(0);
  if (!from)
    return generic(b, loc, initial, rows, {item, whole}, std::string(loops, 'p'),
                   [](OpBuilder &, Location, ValueRange x) -> SmallVector<Value> { return {x[0]}; })[0];
  Value begun = gathered(op.getStates().back(), slots);
  return generic(b, loc, {begun, initial, from}, rows, {row, item, whole, whole}, std::string(loops, 'p'),
                 [](OpBuilder &b, Location loc, ValueRange x) -> SmallVector<Value> {
                   Value zero = arith::ConstantIntOp::create(b, loc, 0, 32);
                   Value is = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, x[0], zero);
                   return {arith::SelectOp::create(b, loc, is, x[1], x[2])};
                 })[0];
}

/// at[i], `t` rows further in the direction of the scan.
Value Together::rowOf(Value at, Value i, Value t) {
  Value row = indexAt(b, loc, at, i);
  if (!t)
    return row;
  return op.getReverse() ? arith::SubIOp::create(b, loc, row, t).getResult()
                         : arith::AddIOp::create(b, loc, row, t).getResult();
}

/// Row i of `rows` into row at[i] of `into`, for i < count; `t` as in rowOf.
Value Together::scatter(Value rows, Value into, Value t, Value count) {
  auto loop = scf::ForOp::create(b, loc, index(0), count, index(1), into);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  Value i = loop.getInductionVar(), at = rowOf(t ? first : slots, i, t);
  scf::YieldOp::create(b, loc, putRow(b, loc, takeRow(b, loc, rows, i), loop.getRegionIterArg(0), at));
  return loop.getResult(0);
}

/// Row `t` of the sequences that have one: {outs, carries}.
SmallVector<Value> Together::step(Value t, ValueRange outs, ValueRange carries) {
  Value n = numRunning(t), running = part(first, b.getIndexAttr(0), n);
  RowLifter lifter(op, b, running);
  for (auto [argument, input] : llvm::zip(op.getRowArgs(), op.getInputs()))
    lifter.know(argument, gathered(input, running, t));
  for (auto [argument, carry] : llvm::zip(op.getCarriedArgs(), carries))
    lifter.know(argument, part(carry, b.getIndexAttr(0), n));
  auto rowsOf = [&](Value v) { return lifter.withRows(*lifter.lift(v), loc); };
  SmallVector<Value> rows = llvm::map_to_vector(op.getYield().getOutputs(), rowsOf);
  SmallVector<Value> next = llvm::map_to_vector(op.getYield().getNext(), rowsOf), results;
  for (auto [y, out] : llvm::zip(rows, outs))
    results.push_back(scatter(y, out, t, n));
  for (auto [h, carry] : llvm::zip(next, carries)) {
    auto type = rowsType(carry);
    SmallVector<OpFoldResult> offsets(type.getRank(), b.getIndexAttr(0)), strides(type.getRank(), b.getIndexAttr(1)),
        sizes = getAsIndexOpFoldResult(b.getContext(), type.getShape());
    sizes[0] = n;
    results.push_back(tensor::InsertSliceOp::create(b, loc, h, carry, offsets, sizes, strides));
  }
  return results;
}

/// The states after the scan; a sequence without rows leaves its slot as it was.
SmallVector<Value> Together::putStates(ValueRange carries) {
  SmallVector<Value> states;
  if (op.getStates().empty())
    return states;
  Value n = numRunning(index(0));
  for (auto [carry, state] : llvm::zip(carries, op.getStates()))
    states.push_back(scatter(carry, state, {}, n));
  if (op.getInits().empty())
    return states;
  auto loop = scf::ForOp::create(b, loc, index(0), n, index(1), op.getStates().back());
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  Value begun = arith::ConstantIntOp::create(b, loc, 1, 32), slot = indexAt(b, loc, slots, loop.getInductionVar());
  scf::YieldOp::create(b, loc, tensor::InsertOp::create(b, loc, begun, loop.getRegionIterArg(0), slot).getResult());
  states.push_back(loop.getResult(0));
  return states;
}

void Together::rewrite() {
  sortSequences();
  SmallVector<Value> all;
  for (Value y : op.getOutputs())
    all.push_back(emptyRows(b, loc, op.getInputs()[0], itemShape(y), rowsType(y).getElementType()));
  unsigned outputs = all.size();
  for (unsigned i = 0; i < op.getInitial().size(); ++i)
    all.push_back(begin(i));
  auto loop = scf::ForOp::create(b, loc, index(0), longest, index(1), all);
  {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToStart(loop.getBody());
    ValueRange carried = loop.getRegionIterArgs();
    scf::YieldOp::create(b, loc,
                         step(loop.getInductionVar(), carried.take_front(outputs), carried.drop_front(outputs)));
  }
  SmallVector<Value> results(loop.getResults().take_front(outputs));
  llvm::append_range(results, putStates(loop.getResults().drop_front(outputs)));
  op->replaceAllUsesWith(results);
  op->erase();
}

struct StepTogether : impl::StepTogetherBase<StepTogether> {
  using StepTogetherBase::StepTogetherBase;
  void runOnOperation() override {
    SmallVector<ScanOp> scans;
    getOperation().walk([&](ScanOp op) { scans.push_back(op); });
    bool singleRow = getOperation()->hasAttr("strand.single_row");
    for (ScanOp op : scans) {
      if (!multipliesByMatrix(op) || !hasFormOverRows(op))
        continue;
      noteForm(op, singleRow ? "step" : "step loop, sequences together");
      Together(op).rewrite();
      ++numScans;
    }
  }
};
} // namespace
} // namespace strand
