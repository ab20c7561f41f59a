// strand-block-rows, in three steps for each block of operations:
//   classes  which tensors have the same rows: ops that pair rows one by one join their operands and results
//   runs     in the order of the text, row-wise ops of one class collect until something else needs one of their
//   results rewrite  a run becomes a parallel loop over blocks of rows; its ops are written again on slices
#include "dialects/Strand/Rows.h"
#include "lib/Lowering/Places.h"
#include "lib/Passes.h"
#include "lib/Transforms/RowWise.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/Interfaces/DestinationStyleOpInterface.h"
#include "llvm/ADT/EquivalenceClasses.h"
#include "llvm/ADT/SetVector.h"
#include "llvm/Support/MathExtras.h"
using namespace mlir;
namespace strand {
#define GEN_PASS_DEF_BLOCKROWS
#include "lib/Passes.h.inc"
namespace {

/// Blocks that a call is divided into at least, where it has the rows for them.
constexpr int64_t severalBlocks = 8;

//===--- classes of tensors with the same rows -------------------------------------------------------------------===//

class RowClasses {
public:
  explicit RowClasses(Block &block) {
    for (Operation &op : block)
      if (isRowOp(&op))
        joinAll(op);
      else if (auto dim = dyn_cast<tensor::DimOp>(op); dim && isRows(dim.getSource()) && dim.getConstantIndex() == 0)
        join(dim.getResult(), dim.getSource());
      else if (auto forall = dyn_cast<scf::ForallOp>(op))
        for (auto [init, result] : llvm::zip(forall.getOutputs(), forall.getResults()))
          join(init, result);
  }
  /// Ops that a run may hold.
  static bool isRowOp(Operation *op) {
    if (auto empty = dyn_cast<tensor::EmptyOp>(op))
      return isRows(empty) && llvm::hasSingleElement(empty.getDynamicSizes());
    bool kind = isa<linalg::LinalgOp, tensor::ExpandShapeOp, tensor::CollapseShapeOp, tensor::ExtractSliceOp,
                    tensor::InsertSliceOp>(op);
    return kind && op->getNumResults() && llvm::all_of(op->getResults(), isRows) &&
           llvm::all_of(op->getResultTypes(),
                        [](Type t) { return cast<RankedTensorType>(t).getNumDynamicDims() == 1; }) &&
           !rowProblem(op);
  }
  bool same(Value x, Value y) const { return classes.isEquivalent(x.getAsOpaquePointer(), y.getAsOpaquePointer()); }

private:
  void joinAll(Operation &op) {
    for (Value v : op.getOperands())
      if (isRows(v))
        join(v, op.getResult(0));
    for (Value v : op.getResults())
      join(v, op.getResult(0));
    if (auto empty = dyn_cast<tensor::EmptyOp>(op))
      join(empty.getDynamicSizes()[0], empty);
  }
  void join(Value x, Value y) { classes.unionSets(x.getAsOpaquePointer(), y.getAsOpaquePointer()); }
  llvm::EquivalenceClasses<const void *> classes;
};

//===--- runs ----------------------------------------------------------------------------------------------------===//

using Run = llvm::SetVector<Operation *>;

/// Whether `op`, or anything in its regions, uses a result of the run.
bool needs(Operation *op, const Run &run) {
  return op
      ->walk([&](Operation *inner) {
        bool uses = llvm::any_of(inner->getOperands(),
                                 [&](Value v) { return v.getDefiningOp() && run.contains(v.getDefiningOp()); });
        return uses ? WalkResult::interrupt() : WalkResult::advance();
      })
      .wasInterrupted();
}

SmallVector<Run> runsIn(Block &block, const RowClasses &classes) {
  SmallVector<Run> runs;
  Run open;
  auto close = [&] {
    if (llvm::count_if(open, llvm::IsaPred<linalg::LinalgOp>) > 1)
      runs.push_back(open);
    open.clear();
  };
  for (Operation &op : block) {
    bool isRowOp = RowClasses::isRowOp(&op);
    if (isRowOp && isPlace(op.getResult(0)))
      continue;
    if (!isRowOp || (!open.empty() && !classes.same(op.getResult(0), open.front()->getResult(0))))
      if (needs(&op, open))
        close();
    if (isRowOp && (open.empty() || classes.same(op.getResult(0), open.front()->getResult(0))))
      open.insert(&op);
  }
  close();
  return runs;
}

//===--- rewrite -------------------------------------------------------------------------------------------------===//

class Blocking {
public:
  Blocking(const Run &run, int64_t cache, int64_t unit)
      : run(run), cache(cache), unit(unit), b(run.back()), loc(run.front()->getLoc()) {}
  void rewrite();

private:
  /// Where an output's buffer begins: the value, and the operand of the run through which it comes in.
  struct Origin {
    Value value;
    OpOperand *use;
  };

  void takeTrailingViews();
  void findEnds();
  Origin originOf(Value output) const;
  int64_t rowsOfBlock() const;
  Value rowsOfRun();
  scf::ForallOp makeLoop(Value rows, Value length);
  Value sliceOf(Value v, Value first, Value count);
  SmallVector<OpFoldResult> place(Value v, OpFoldResult first) const;
  SmallVector<OpFoldResult> extent(Value v, OpFoldResult count) const;
  void writeAgain(Operation *op, IRMapping &slices, const DenseMap<OpOperand *, Value> &bases, Value count);

  Run run;
  int64_t cache, unit;
  OpBuilder b;
  Location loc;
  llvm::SetVector<Value> inputs, outputs; // rows from outside, and rows used outside
  SmallVector<Operation *> trailing;      // views for readers outside
};

/// What is read outside of a view is made of the whole result, behind the loop; a view that the run reads as well is
/// there twice then, which costs nothing, where a tensor of its own would cost a copy.
void Blocking::takeTrailingViews() {
  SmallVector<Operation *> ops(run.begin(), run.end());
  for (Operation *op : llvm::reverse(ops)) {
    bool isView = isa<tensor::ExpandShapeOp, tensor::CollapseShapeOp, tensor::ExtractSliceOp>(op);
    Value from = originOf(op->getResult(0)).value;
    bool updates = from && !isPlace(from) && from.getType() == op->getResult(0).getType(); // it has a place as it is
    auto isInside = [&](Operation *user) { return run.contains(user); };
    if (!isView || updates || (!op->use_empty() && llvm::all_of(op->getUsers(), isInside)))
      continue;
    if (llvm::none_of(op->getUsers(), isInside)) {
      run.remove(op);
      trailing.push_back(op);
      continue;
    }
    trailing.push_back(OpBuilder(op).clone(*op));
    op->replaceUsesWithIf(trailing.back(), [&](OpOperand &use) { return !isInside(use.getOwner()); });
  }
}

void Blocking::findEnds() {
  for (Operation *op : run) {
    for (Value v : op->getOperands())
      if (isRows(v) && !isPlace(v) && !(v.getDefiningOp() && run.contains(v.getDefiningOp())))
        inputs.insert(v);
    for (Value v : op->getResults())
      if (llvm::any_of(v.getUsers(), [&](Operation *user) { return !run.contains(user); }))
        outputs.insert(v);
  }
}

Blocking::Origin Blocking::originOf(Value v) const {
  OpOperand *use = nullptr;
  while (v.getDefiningOp() && run.contains(v.getDefiningOp())) {
    Operation *op = v.getDefiningOp();
    if (auto dps = dyn_cast<DestinationStyleOpInterface>(op))
      use = dps.getTiedOpOperand(cast<OpResult>(v));
    else if (auto insert = dyn_cast<tensor::InsertSliceOp>(op))
      use = &insert.getDestMutable();
    else if (isa<tensor::ExpandShapeOp, tensor::CollapseShapeOp>(op))
      use = &op->getOpOperand(0);
    else
      return {};
    v = use->get();
  }
  return {v, use};
}

/// As many as keep what is made and read inside within the cache.
int64_t Blocking::rowsOfBlock() const {
  int64_t bytes = 0;
  for (Operation *op : run)
    if (isa<linalg::LinalgOp>(op))
      for (Value v : op->getResults())
        if (!outputs.contains(v))
          bytes += ShapedType::getNumElements(itemShape(v)) *
                   llvm::divideCeil(getElementTypeOrSelf(v).getIntOrFloatBitWidth(), 8);
  constexpr int64_t mostUnits = 16;
  int64_t rows = bytes ? cache / bytes : mostUnits * unit;
  return std::clamp<int64_t>(rows / unit, 1, mostUnits) * unit;
}

Value Blocking::rowsOfRun() {
  if (!inputs.empty())
    return numRows(b, loc, inputs.front());
  for (Operation *op : run)
    for (Value v : op->getOperands())
      if (isRows(v) && isPlace(v))
        return baseOf(v).getDefiningOp<tensor::EmptyOp>().getDynamicSizes()[0];
  llvm_unreachable("rows come from somewhere");
}

SmallVector<OpFoldResult> Blocking::place(Value v, OpFoldResult first) const {
  SmallVector<OpFoldResult> offsets(rowsType(v).getRank(), OpBuilder(v.getContext()).getIndexAttr(0));
  offsets[0] = first;
  return offsets;
}
SmallVector<OpFoldResult> Blocking::extent(Value v, OpFoldResult count) const {
  SmallVector<OpFoldResult> sizes = getAsIndexOpFoldResult(v.getContext(), rowsType(v).getShape());
  sizes[0] = count;
  return sizes;
}

Value Blocking::sliceOf(Value v, Value first, Value count) {
  SmallVector<OpFoldResult> strides(rowsType(v).getRank(), b.getIndexAttr(1));
  return tensor::ExtractSliceOp::create(b, loc, rowsType(v), v, place(v, first), extent(v, count), strides);
}

/// `op`, a copy, has `count` rows where the original had all.
void setRows(Operation *op, Value count) {
  if (auto empty = dyn_cast<tensor::EmptyOp>(op))
    empty.getDynamicSizesMutable().assign(count);
  else if (auto expand = dyn_cast<tensor::ExpandShapeOp>(op))
    expand.getOutputShapeMutable().assign(count);
  else if (auto slice = dyn_cast<OffsetSizeAndStrideOpInterface>(op))
    op->setOperand(slice.getIndexOfDynamicSize(0), count);
}

/// An op of the run on slices; `bases` has the destinations of outputs, by the operand that begins them.
void Blocking::writeAgain(Operation *op, IRMapping &slices, const DenseMap<OpOperand *, Value> &bases, Value count) {
  SmallVector<Value> operands;
  for (OpOperand &operand : op->getOpOperands()) {
    Value v = operand.get();
    operands.push_back(isRows(v) && isPlace(v)
                           ? placeAgain(b, v, bases.lookup(&operand), [&](Operation *op) { setRows(op, count); })
                           : slices.lookupOrDefault(v));
  }
  Operation *again = b.clone(*op, slices);
  again->setOperands(operands);
  setRows(again, count);
  slices.map(op->getResults(), again->getResults());
}

/// Blocks of `length` rows; an output that is an input, updated, shares its place.
scf::ForallOp Blocking::makeLoop(Value rows, Value length) {
  Value blocks = arith::CeilDivUIOp::create(b, loc, rows, length);
  SmallVector<Value> into;
  for (Value v : outputs) {
    Value from = originOf(v).value;
    bool inPlace = inputs.contains(from) && from.getType() == v.getType() && !llvm::is_contained(into, from);
    into.push_back(inPlace ? from : tensor::EmptyOp::create(b, loc, rowsType(v), rows).getResult());
  }
  return scf::ForallOp::create(b, loc, SmallVector<OpFoldResult>{blocks}, into, std::nullopt);
}

void Blocking::rewrite() {
  Operation *last = run.back();
  takeTrailingViews();
  findEnds();
  if (outputs.empty())
    return;
  b.setInsertionPointAfter(last);
  Value rows = rowsOfRun(), most = indexConstant(b, loc, rowsOfBlock()), least = indexConstant(b, loc, unit);
  // enough rows for several blocks are divided into several, of whole register tiles
  Value share = arith::MulIOp::create(
      b, loc, arith::DivUIOp::create(b, loc, rows, indexConstant(b, loc, severalBlocks * unit)), least);
  Value length = arith::MinUIOp::create(b, loc, most, arith::MaxUIOp::create(b, loc, least, share));
  scf::ForallOp loop = makeLoop(rows, length);

  b.setInsertionPoint(loop.getTerminator());
  Value first = arith::MulIOp::create(b, loc, loop.getInductionVar(0), length);
  Value left = arith::SubIOp::create(b, loc, rows, first);
  Value count = arith::MinUIOp::create(b, loc, arith::MinUIOp::create(b, loc, left, length), most);
  IRMapping slices;
  DenseMap<OpOperand *, Value> bases;
  for (auto [v, init, whole] : llvm::zip_equal(outputs, loop.getOutputs(), loop.getRegionIterArgs())) {
    Origin origin = originOf(v);
    if (init == origin.value)
      slices.map(init, sliceOf(whole, first, count));
    else if (origin.use && isPlace(origin.value) && canStandOn(origin.value, v.getType())) {
      bases[origin.use] = sliceOf(whole, first, count);
      if (auto insert = dyn_cast<tensor::InsertSliceOp>(origin.use->getOwner()))
        if (OpOperand *begin = beginOfPart(insert))
          bases[begin] = bases[origin.use];
    }
  }
  for (Value v : inputs)
    if (!slices.contains(v))
      slices.map(v, sliceOf(v, first, count));
  for (Operation *op : run)
    writeAgain(op, slices, bases, count);

  b.setInsertionPointToEnd(loop.getTerminator().getBody());
  for (auto [v, whole] : llvm::zip_equal(outputs, loop.getRegionIterArgs())) {
    SmallVector<OpFoldResult> strides(rowsType(v).getRank(), b.getIndexAttr(1));
    tensor::ParallelInsertSliceOp::create(b, loc, slices.lookup(v), whole, place(v, first), extent(v, count), strides);
  }
  for (auto [v, result] : llvm::zip_equal(llvm::to_vector(outputs), loop.getResults()))
    v.replaceUsesWithIf(result, [&](OpOperand &use) { return !run.contains(use.getOwner()); });
  for (Operation *op : trailing)
    op->moveAfter(loop);
  for (Operation *op : llvm::reverse(run))
    op->erase();
}

struct BlockRows : impl::BlockRowsBase<BlockRows> {
  using BlockRowsBase::BlockRowsBase;
  LogicalResult initialize(MLIRContext *context) override {
    if (cache > 0 && unit > 0)
      return success();
    return emitError(UnknownLoc::get(context))
           << "strand-block-rows: cache is " << int64_t(cache) << " and unit is " << int64_t(unit)
           << "; both must be at least 1";
  }
  void runOnOperation() override {
    if (getOperation()->hasAttr("strand.single_row") || getOperation().isDeclaration())
      return;
    Block &block = getOperation().front();
    SmallVector<Run> runs = runsIn(block, RowClasses(block));
    numRuns += runs.size();
    for (const Run &run : runs)
      Blocking(run, cache, unit).rewrite();
  }
};
} // namespace
} // namespace strand
