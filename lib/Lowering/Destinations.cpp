// strand-destinations: no private function hands out a buffer of its own. Callees first, since the tensor.empty that a
// call now takes may be the origin of the caller's result.
#include "dialects/Tile/Tile.h"
#include "lib/Lowering/CalleesFirst.h"
#include "lib/Lowering/Places.h"
#include "lib/Lowering/Roots.h"
#include "lib/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"
#include "mlir/Interfaces/DestinationStyleOpInterface.h"
using namespace mlir;
namespace strand {
#define GEN_PASS_DEF_DESTINATIONS
#include "lib/Passes.h.inc"
namespace {
/// (function, result) -> the operand whose buffer it is
using Ties = DenseMap<std::pair<StringRef, unsigned>, unsigned>;

bool isReshape(Operation *op) { return isa<tensor::CastOp, tensor::ExpandShapeOp, tensor::CollapseShapeOp>(op); }

/// The operands whose buffer the result is written into; two for a branch, none where a new buffer begins.
SmallVector<OpOperand *> tiedOperands(OpResult r, const Ties &ties) {
  Operation *op = r.getOwner();
  unsigned n = r.getResultNumber();
  if (auto loop = dyn_cast<scf::ForOp>(op))
    return {&loop.getInitsMutable()[n]};
  if (auto forall = dyn_cast<scf::ForallOp>(op))
    return {&forall.getOutputsMutable()[n]};
  if (auto branch = dyn_cast<scf::IfOp>(op))
    return {&branch.thenYield()->getOpOperand(n), &branch.elseYield()->getOpOperand(n)};
  if (auto dps = dyn_cast<DestinationStyleOpInterface>(op))
    return {dps.getTiedOpOperand(r)};
  if (auto product = dyn_cast<tile::LibraryProductOp>(op); product && r == product.getResult())
    return {&product.getIntoMutable()};
  if (isReshape(op))
    return {&op->getOpOperand(0)};
  if (auto call = dyn_cast<func::CallOp>(op))
    if (auto at = ties.find({call.getCallee(), n}); at != ties.end())
      return {&call->getOpOperand(at->second)};
  return {};
}

/// Where a result's buffer begins: the use that reads it, and the ops on the way from the result that change its type.
struct Origin {
  OpOperand *use;
  SmallVector<Operation *> reshapes;
};

void collectOrigins(OpOperand &use, const Ties &ties, SmallVector<Operation *> reshapes,
                    SmallVectorImpl<Origin> &origins) {
  SmallVector<OpOperand *> next;
  if (Value v = use.get(); v.getDefiningOp() && isPlace(v) && !v.hasOneUse()) { // others would write there as well
    OpBuilder b(use.getOwner());
    use.set(placeAgain(b, v, {}));
  }
  if (auto r = dyn_cast<OpResult>(use.get()))
    next = tiedOperands(r, ties);
  if (next.empty()) {
    if (llvm::none_of(origins, [&](const Origin &known) { return known.use == &use; })) // branches may meet
      origins.push_back({&use, std::move(reshapes)});
    return;
  }
  if (isReshape(use.get().getDefiningOp()))
    reshapes.push_back(use.get().getDefiningOp());
  for (OpOperand *operand : next)
    collectOrigins(*operand, ties, reshapes, origins);
}

/// Whether `undo` can write the op's operand from its result: each group has one dynamic size at most.
bool canUndo(Operation *reshape) {
  auto collapse = dyn_cast<tensor::CollapseShapeOp>(reshape);
  return !collapse || llvm::all_of(collapse.getReassociationIndices(), [&](ArrayRef<int64_t> group) {
    return llvm::count_if(group, [&](int64_t d) { return collapse.getSrcType().isDynamicDim(d); }) <= 1;
  });
}
/// `v`, of the type of the op's result, in the shape of its operand.
Value undo(OpBuilder &b, Operation *reshape, Value v) {
  Location loc = reshape->getLoc();
  Type type = reshape->getOperand(0).getType();
  if (auto collapse = dyn_cast<tensor::CollapseShapeOp>(reshape))
    return tensor::ExpandShapeOp::create(b, loc, type, v, collapse.getReassociationIndices());
  if (auto expand = dyn_cast<tensor::ExpandShapeOp>(reshape))
    return tensor::CollapseShapeOp::create(b, loc, type, v, expand.getReassociationIndices());
  return tensor::CastOp::create(b, loc, type, v);
}

/// A value of the same shape as `v`, as far back as ties go without entering a region.
Value shapeSource(Value v, const Ties &ties) {
  while (auto r = dyn_cast<OpResult>(v)) {
    SmallVector<OpOperand *> tied = tiedOperands(r, ties);
    if (tied.size() != 1 || tied[0]->get().getType() != v.getType())
      break;
    v = tied[0]->get();
  }
  return v;
}

/// Writes index values of a callee again in front of a call of it.
struct AtCaller {
  func::CallOp call;
  const Ties &ties;
  OpBuilder b;
  IRMapping done;

  AtCaller(func::CallOp call, const Ties &ties) : call(call), ties(ties), b(call) {}

  /// Null if `v` is no pure function of the operands.
  Value value(Value v) {
    if (Value known = done.lookupOrNull(v))
      return known;
    if (auto arg = dyn_cast<BlockArgument>(v))
      return isa<func::FuncOp>(arg.getOwner()->getParentOp()) ? call.getOperand(arg.getArgNumber()) : Value();
    Operation *op = v.getDefiningOp();
    if (auto dim = dyn_cast<tensor::DimOp>(op))
      if (std::optional<int64_t> d = dim.getConstantIndex())
        return size(dim.getSource(), *d);
    if (op->getNumRegions() || !isPure(op))
      return {};
    for (Value operand : op->getOperands()) {
      Value there = value(operand);
      if (!there)
        return {};
      done.map(operand, there);
    }
    b.clone(*op, done);
    return done.lookup(v);
  }

  /// Dimension `d` of a tensor of the callee.
  Value size(Value tensor, int64_t d) {
    tensor = shapeSource(tensor, ties);
    auto type = cast<RankedTensorType>(tensor.getType());
    if (!type.isDynamicDim(d))
      return arith::ConstantIndexOp::create(b, call.getLoc(), type.getDimSize(d));
    if (isa<BlockArgument>(tensor)) {
      Value there = value(tensor);
      return there ? tensor::DimOp::create(b, call.getLoc(), shapeSource(there, ties), d).getResult() : Value();
    }
    Operation *op = tensor.getDefiningOp();
    if (auto empty = dyn_cast<tensor::EmptyOp>(op))
      return value(empty.getDynamicSize(d));
    unsigned result = cast<OpResult>(tensor).getResultNumber();
    if (auto branch = dyn_cast<scf::IfOp>(op))
      return size(branch.thenYield().getOperand(result), d);
    OpBuilder callee(op);
    FailureOr<OpFoldResult> size = reifyDimOfResult(callee, op, result, d);
    if (failed(size))
      return {};
    if (std::optional<int64_t> k = getConstantIntValue(*size))
      return arith::ConstantIndexOp::create(b, call.getLoc(), *k);
    return value(cast<Value>(*size));
  }
};

/// "strand.rows" or "strand.sequences" if dimension 0 of `tensor` is that of a marked argument of `f`.
StringRef extentMark(func::FuncOp f, Value tensor, const Ties &ties) {
  auto empty = tensor.getDefiningOp<tensor::EmptyOp>();
  Value from =
      empty && empty.getType().getRank() && empty.getType().isDynamicDim(0) ? empty.getDynamicSize(0) : Value();
  if (auto dim = from ? from.getDefiningOp<tensor::DimOp>() : nullptr; dim && dim.getConstantIndex() == 0)
    from = shapeSource(dim.getSource(), ties);
  auto arg = dyn_cast_if_present<BlockArgument>(from);
  if (arg && arg.getOwner() == &f.front())
    for (StringRef mark : {"strand.rows", "strand.sequences"})
      if (f.getArgAttr(arg.getArgNumber(), mark))
        return mark;
  return {};
}

/// Writes the returned value into a `tensor.empty`, so that what cannot be tied at least has a destination.
tensor::EmptyOp copyToEmpty(OpOperand &returned) {
  OpBuilder b(returned.getOwner());
  Value v = returned.get();
  Location loc = v.getLoc();
  SmallVector<Value> sizes;
  auto type = cast<RankedTensorType>(v.getType());
  for (int64_t d = 0; d < type.getRank(); ++d)
    if (type.isDynamicDim(d))
      sizes.push_back(tensor::DimOp::create(b, loc, v, d));
  auto empty = tensor::EmptyOp::create(b, loc, type, sizes);
  returned.set(linalg::CopyOp::create(b, loc, v, empty.getResult()).getResult(0));
  return empty;
}

struct Destinations : impl::DestinationsBase<Destinations> {
  Ties ties;

  void runOnOperation() override {
    if (failed(forEachCalleesFirst(getOperation(), [&](func::FuncOp f) { return convert(f); })))
      signalPassFailure();
  }

  LogicalResult convert(func::FuncOp f) {
    if (!f.getBody().hasOneBlock())
      return f.emitError() << "has branches between blocks; destinations need structured control flow";
    for (OpOperand &returned : f.front().getTerminator()->getOpOperands())
      if (isa<RankedTensorType>(returned.get().getType()) && failed(convert(f, returned)))
        return failure();
    return success();
  }

  LogicalResult convert(func::FuncOp f, OpOperand &returned) {
    SmallVector<Origin> origins;
    collectOrigins(returned, ties, {}, origins);
    Value first = origins[0].use->get();
    auto arg = dyn_cast<BlockArgument>(first);
    bool isArgument = arg && arg.getOwner() == &f.front() &&
                      llvm::all_of(origins, [&](const Origin &o) { return o.use->get() == first; });
    // an argument in another shape is another buffer to callers
    bool isForCallers = isArgument && arg.getType() == returned.get().getType() && !isResultBefore(f, returned, arg);
    if (isForCallers || (isArgument && !f.isPrivate())) {
      ties[{f.getName(), returned.getOperandNumber()}] = arg.getArgNumber();
      return success();
    }
    if (!f.isPrivate())
      return success();
    bool fresh = llvm::all_of(origins, [&](const Origin &o) {
      return o.use->get().getDefiningOp<tensor::EmptyOp>() && llvm::all_of(o.reshapes, canUndo);
    });
    if (!fresh)
      origins = {{&*copyToEmpty(returned)->use_begin(), {}}};
    return takeDestination(f, returned, origins);
  }

  /// Whether a result in front of `returned` is written into `arg` already: callers want a buffer for each.
  bool isResultBefore(func::FuncOp f, OpOperand &returned, BlockArgument arg) {
    for (unsigned i = 0; i < returned.getOperandNumber(); ++i)
      if (auto at = ties.find({f.getName(), i}); at != ties.end() && at->second == arg.getArgNumber())
        return true;
    return false;
  }

  /// Makes what `origins` read an argument of `f` and of its calls.
  LogicalResult takeDestination(func::FuncOp f, OpOperand &returned, ArrayRef<Origin> origins) {
    unsigned result = returned.getOperandNumber();
    auto type = cast<RankedTensorType>(returned.get().getType());
    for (func::CallOp call : callsOf(f, getOperation())) {
      AtCaller caller(call, ties);
      SmallVector<Value> sizes;
      for (int64_t d = 0; d < type.getRank(); ++d) {
        if (!type.isDynamicDim(d))
          continue;
        sizes.push_back(caller.size(returned.get(), d));
        if (!sizes.back())
          return f.emitError()
                 << "dimension " << d << " of result " << result
                 << " cannot be computed from the operands; compute it in the caller and pass it as an index";
      }
      call->insertOperands(call.getNumOperands(),
                           tensor::EmptyOp::create(caller.b, call.getLoc(), type, sizes).getResult());
    }
    Builder b(&getContext());
    SmallVector<NamedAttribute> attrs;
    if (StringRef mark = extentMark(f, origins[0].use->get(), ties); !mark.empty())
      attrs.push_back(b.getNamedAttr(mark, b.getUnitAttr()));
    if (result == 0 && isRoot(f))
      attrs.push_back(b.getNamedAttr("strand.input", b.getStringAttr("logits")));
    unsigned at = f.getNumArguments();
    if (failed(f.insertArgument(at, type, b.getDictionaryAttr(attrs), returned.get().getLoc())))
      return failure();
    for (const Origin &origin : origins) {
      Operation *empty = origin.use->get().getDefiningOp();
      // in front of all branches, so that what they return is one value
      OpBuilder here = OpBuilder::atBlockBegin(&f.front());
      Value v = f.getArgument(at);
      for (Operation *reshape : origin.reshapes)
        v = undo(here, reshape, v);
      origin.use->set(v);
      if (empty->use_empty())
        empty->erase();
    }
    ties[{f.getName(), result}] = at;
    return success();
  }
};
} // namespace
} // namespace strand
