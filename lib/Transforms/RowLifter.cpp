#include "lib/Transforms/RowLifter.h"
#include "dialects/Strand/Rows.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Transforms/RegionUtils.h"
using namespace mlir;
using namespace strand;

static ArrayRef<int64_t> itemOf(Value v) {
  auto type = dyn_cast<RankedTensorType>(v.getType());
  return type ? type.getShape() : ArrayRef<int64_t>();
}
static SmallVector<int64_t> shapeOf(ArrayRef<int64_t> item, int64_t rows) {
  SmallVector<int64_t> shape{rows};
  llvm::append_range(shape, item);
  return shape;
}

/// What an operation reads from the region around it, in bodies too.
static llvm::SetVector<Value> readsOf(Operation *op) {
  llvm::SetVector<Value> reads(op->operand_begin(), op->operand_end());
  for (Region &r : op->getRegions())
    getUsedValuesDefinedAbove(r, reads);
  return reads;
}

OpFoldResult RowLifter::getNumRows(Location loc) {
  int64_t rows = rowsType(like).getDimSize(0);
  if (ShapedType::isDynamic(rows))
    return numRows(b, loc, like);
  return b.getIndexAttr(rows);
}
Value RowLifter::emptyRows(Location loc, ArrayRef<int64_t> item, Type element) {
  return strand::emptyRows(b, loc, like, item, element);
}

/// The map (r, loops...) -> (r, results...) or (results...), from one over the loops alone.
static AffineMap mapWithRows(AffineMap map, bool perRow) {
  AffineMap shifted = map.shiftDims(1);
  if (!perRow)
    return shifted;
  return shifted.insertResult(getAffineDimExpr(0, map.getContext()), 0);
}

Value RowLifter::withRows(Lifted v, Location loc) {
  if (v.perRow)
    return v.value;
  ArrayRef<int64_t> item = itemOf(v.value);
  Value out = emptyRows(loc, item, getElementTypeOrSelf(v.value));
  AffineMap whole = b.getMultiDimIdentityMap(item.size());
  return generic(b, loc, v.value, out, {mapWithRows(whole, false), mapWithRows(whole, true)},
                 std::string(item.size() + 1, 'p'),
                 [](OpBuilder &, Location, ValueRange x) -> SmallVector<Value> { return {x[0]}; })[0];
}

Value RowLifter::shifted(Value rows, TypedAttr initial, Location loc) {
  auto item = RankedTensorType::get(itemShape(rows), rowsType(rows).getElementType());
  auto shift = ScanOp::create(b, loc, rows.getType(), rows, ValueRange(), ValueRange(), scan.getOffsets(), ValueRange(),
                              Value(), b.getArrayAttr({initial}), scan.getReverse());
  OpBuilder::InsertionGuard guard(b);
  Block *body = b.createBlock(&shift.getStep(), {}, {item, item}, {loc, loc});
  YieldOp::create(b, loc, body->getArgument(1), body->getArgument(0));
  return shift.getValues()[0];
}

//===--- what can be lifted --------------------------------------------------------------------------------------===//

static bool isStatic(ArrayRef<int64_t> values) { return !llvm::any_of(values, ShapedType::isDynamic); }

bool RowLifter::canLift(Operation *op) {
  if (auto linalgOp = dyn_cast<linalg::LinalgOp>(op))
    return llvm::all_of(op->getOperands(), [](Value v) { return isStatic(itemOf(v)); });
  if (auto slice = dyn_cast<tensor::ExtractSliceOp>(op))
    return isStatic(slice.getStaticOffsets()) && isStatic(slice.getStaticSizes()) && isStatic(slice.getStaticStrides());
  if (auto slice = dyn_cast<tensor::InsertSliceOp>(op))
    return isStatic(slice.getStaticOffsets()) && isStatic(slice.getStaticSizes()) && isStatic(slice.getStaticStrides());
  if (auto extract = dyn_cast<tensor::ExtractOp>(op))
    return llvm::all_of(extract.getIndices(), [](Value i) { return matchPattern(i, m_Constant()); });
  if (auto from = dyn_cast<tensor::FromElementsOp>(op))
    return from.getElements().size() == 1;
  if (auto splat = dyn_cast<tensor::SplatOp>(op))
    return splat.getDynamicSizes().empty();
  if (isa<tensor::ExpandShapeOp, tensor::CollapseShapeOp, tensor::ConcatOp>(op))
    return isStatic(itemOf(op->getResult(0)));
  return !op->getNumRegions() && op->getNumResults() == 1 && OpTrait::hasElementwiseMappableTraits(op);
}

/// Whether a body reads a tensor that differs from row to row at places of its own choice.
static bool gathersFromRows(Operation *op, llvm::function_ref<bool(Value)> isPerRow) {
  return isa<linalg::LinalgOp>(op) && llvm::any_of(readsOf(op), [&](Value v) {
           return isa<RankedTensorType>(v.getType()) && !llvm::is_contained(op->getOperands(), v) && isPerRow(v);
         });
}

RowLifter::Outlook RowLifter::lookAt(Value v, DenseMap<Value, Outlook> &seen) {
  if (auto it = lifted.find(v); it != lifted.end())
    return {nullptr, it->second.perRow};
  if (auto it = seen.find(v); it != seen.end())
    return it->second;
  Outlook o;
  if (v.getParentBlock() != scan.getBody())
    return {scan.getOperation(), true};
  if (auto argument = dyn_cast<BlockArgument>(v)) {
    unsigned n = argument.getArgNumber(), inputs = scan.getInputs().size(),
             first = inputs + scan.getInvariants().size();
    o.perRow = n < inputs || n >= first;
    bool before = n >= first && (!isKnown(scan.getYield().getNext()[n - first]) || scan.getInitialTensor(n - first));
    o.obstacle = before ? scan.getOperation() : nullptr;
  } else {
    Operation *op = v.getDefiningOp();
    for (Value read : readsOf(op)) {
      Outlook below = lookAt(read, seen);
      o.perRow |= below.perRow;
      o.obstacle = o.obstacle ? o.obstacle : below.obstacle;
    }
    auto isPerRow = [&](Value x) { return lookAt(x, seen).perRow; };
    if (!o.obstacle && o.perRow && (!canLift(op) || gathersFromRows(op, isPerRow)))
      o.obstacle = op;
  }
  return seen[v] = o;
}

Operation *RowLifter::findObstacle(Value v) {
  DenseMap<Value, Outlook> seen;
  return lookAt(v, seen).obstacle;
}

//===--- lifting -------------------------------------------------------------------------------------------------===//

std::optional<Lifted> RowLifter::carriedBefore(BlockArgument v) {
  unsigned i = v.getArgNumber() - scan.getInputs().size() - scan.getInvariants().size();
  auto next = lifted.find(scan.getYield().getNext()[i]);
  auto initial = dyn_cast<TypedAttr>(scan.getInitial()[i]);
  if (next == lifted.end() || !initial)
    return {};
  return Lifted{shifted(withRows(next->second, scan.getLoc()), initial, scan.getLoc()), true};
}

std::optional<Lifted> RowLifter::lift(Value v) {
  if (auto it = lifted.find(v); it != lifted.end())
    return it->second;
  if (v.getParentBlock() != scan.getBody())
    return {}; // of a body, such as the number of a loop
  std::optional<Lifted> result;
  if (auto argument = dyn_cast<BlockArgument>(v)) {
    unsigned n = argument.getArgNumber(), inputs = scan.getInputs().size();
    if (n < inputs)
      result = Lifted{scan.getInputs()[n], true};
    else if (n < inputs + scan.getInvariants().size())
      result = Lifted{scan.getInvariants()[n - inputs], false};
    else
      result = carriedBefore(argument);
  } else {
    result = liftOperation(v.getDefiningOp(), v);
  }
  if (result)
    lifted[v] = *result;
  return result;
}

std::optional<Lifted> RowLifter::liftOperation(Operation *op, Value v) {
  bool perRow = false;
  for (Value o : readsOf(op)) {
    std::optional<Lifted> operand = lift(o);
    if (!operand)
      return {};
    perRow |= operand->perRow;
  }
  if (!perRow) {
    IRMapping map;
    for (Value o : readsOf(op))
      map.map(o, lifted[o].value);
    for (auto [before, after] : llvm::zip(op->getResults(), b.clone(*op, map)->getResults()))
      lifted[before] = {after, false};
    return lifted[v];
  }
  if (!canLift(op) || gathersFromRows(op, [&](Value x) { return lifted[x].perRow; }))
    return {};
  if (auto linalgOp = dyn_cast<linalg::LinalgOp>(op)) {
    for (auto [before, after] : llvm::zip(op->getResults(), liftLinalg(linalgOp)))
      lifted[before] = {after, true};
    return lifted[v];
  }
  Value value = OpTrait::hasElementwiseMappableTraits(op) ? liftElementwise(op) : liftShape(op);
  return Lifted{value, true};
}

Value RowLifter::liftElementwise(Operation *op) {
  Value result = op->getResult(0);
  AffineMap whole = b.getMultiDimIdentityMap(itemOf(result).size()),
            number = AffineMap::get(whole.getNumDims(), 0, b.getContext());
  SmallVector<Value> ins;
  SmallVector<AffineMap> maps;
  for (Value o : op->getOperands()) {
    bool tensor = isa<RankedTensorType>(o.getType());
    if (!tensor && !lifted[o].perRow)
      continue; // a number from outside is used as it is
    ins.push_back(lifted[o].value);
    maps.push_back(mapWithRows(tensor ? whole : number, lifted[o].perRow));
  }
  maps.push_back(mapWithRows(whole, true));
  Value out = emptyRows(op->getLoc(), itemOf(result), getElementTypeOrSelf(result));
  return generic(
      b, op->getLoc(), ins, out, maps, std::string(whole.getNumDims() + 1, 'p'),
      [&](OpBuilder &b, Location loc, ValueRange x) -> SmallVector<Value> {
        SmallVector<Value> operands;
        for (Value o : op->getOperands()) {
          bool captured = !isa<RankedTensorType>(o.getType()) && !lifted[o].perRow;
          operands.push_back(captured ? lifted[o].value : x.front());
          x = captured ? x : x.drop_front();
        }
        return {b.create(loc, op->getName().getIdentifier(), operands, getElementTypeOrSelf(result), op->getAttrs())
                    ->getResult(0)};
      })[0];
}

/// What a result begins with: nothing, one number, or the rows of the init.
Value RowLifter::liftInit(linalg::LinalgOp op, OpOperand &init) {
  Location loc = op.getLoc();
  Lifted from = lifted[init.get()];
  Type element = getElementTypeOrSelf(init.get());
  if (op.getMatchingBlockArgument(&init).use_empty())
    return emptyRows(loc, itemOf(init.get()), element);
  if (from.perRow)
    return from.value;
  Value number;
  DenseElementsAttr constant;
  if (matchPattern(from.value, m_Constant(&constant)) && constant.isSplat())
    number = arith::ConstantOp::create(b, loc, cast<TypedAttr>(constant.getSplatValue<Attribute>()));
  else if (auto fill = from.value.getDefiningOp<linalg::FillOp>())
    number = fill.getInputs()[0];
  return number ? filledInto(b, loc, number, emptyRows(loc, itemOf(init.get()), element)) : withRows(from, loc);
}

SmallVector<Value> RowLifter::liftLinalg(linalg::LinalgOp op) {
  Location loc = op.getLoc();
  Block *body = op.getBlock();
  SmallVector<OpOperand *> inputs;
  for (bool perRow : {true, false}) // so a matrix times a vector is a product of rows and a matrix, as kernels know it
    for (OpOperand *o : op.getDpsInputOperands())
      if (lifted[o->get()].perRow == perRow)
        inputs.push_back(o);
  SmallVector<Value> ins, outs;
  SmallVector<AffineMap> maps;
  SmallVector<BlockArgument> arguments;
  for (OpOperand *o : inputs) {
    ins.push_back(lifted[o->get()].value);
    maps.push_back(mapWithRows(op.getMatchingIndexingMap(o), lifted[o->get()].perRow));
    arguments.push_back(op.getMatchingBlockArgument(o));
  }
  SmallVector<Value> captured;
  for (Value v : readsOf(op))
    if (!llvm::is_contained(op->getOperands(), v) && lifted[v].perRow) {
      captured.push_back(v);
      ins.push_back(lifted[v].value);
      maps.push_back(mapWithRows(AffineMap::get(op.getNumLoops(), 0, b.getContext()), true));
    }
  for (OpOperand &o : op.getDpsInitsMutable()) {
    outs.push_back(liftInit(op, o));
    maps.push_back(mapWithRows(op.getMatchingIndexingMap(&o), true));
    arguments.push_back(op.getMatchingBlockArgument(&o));
  }
  SmallVector<utils::IteratorType> kinds{utils::IteratorType::parallel};
  llvm::append_range(kinds, op.getIteratorTypesArray());
  auto all = linalg::GenericOp::create(
      b, loc, TypeRange(outs), ins, outs, maps, kinds, [&](OpBuilder &b, Location loc, ValueRange x) {
        IRMapping map;
        for (Value v : readsOf(op))
          map.map(v, lifted[v].value);
        for (auto [v, a] : llvm::zip(captured, x.slice(inputs.size(), captured.size())))
          map.map(v, a);
        SmallVector<Value> own(x.take_front(inputs.size()));
        llvm::append_range(own, x.drop_front(inputs.size() + captured.size()));
        for (auto [v, a] : llvm::zip(arguments, own))
          map.map(v, a);
        for (Operation &inner : *body) {
          if (auto index = dyn_cast<linalg::IndexOp>(inner))
            map.map(index.getResult(), linalg::IndexOp::create(b, loc, index.getDim() + 1).getResult());
          else
            b.clone(inner, map);
        }
      });
  return llvm::to_vector_of<Value>(all.getResults());
}

/// Reassociation of an item, with the rows in front; dimensions of one entry that an item of rank 0 gets or loses stand
/// beside them.
static SmallVector<ReassociationIndices> withRowsInFront(ArrayRef<ReassociationIndices> item, int64_t expandedRank) {
  SmallVector<ReassociationIndices> groups{{0}};
  for (const ReassociationIndices &group : item)
    groups.push_back(llvm::map_to_vector<2>(group, [](int64_t d) { return d + 1; }));
  for (int64_t d = 0; item.empty() && d < expandedRank; ++d)
    groups[0].push_back(d + 1);
  return groups;
}

Value RowLifter::liftShape(Operation *op) {
  Location loc = op->getLoc();
  Value result = op->getResult(0);
  auto type = RankedTensorType::get(shapeOf(itemOf(result), rowsType(like).getDimSize(0)),
                                    getElementTypeOrSelf(result));
  auto rowsOf = [&](Value v) { return withRows(lifted[v], loc); };
  auto inFront = [&](ArrayRef<OpFoldResult> rest, OpFoldResult first) {
    SmallVector<OpFoldResult> all{first};
    llvm::append_range(all, rest);
    return all;
  };
  OpFoldResult zero = b.getIndexAttr(0), one = b.getIndexAttr(1), rows = getNumRows(loc);
  if (auto expand = dyn_cast<tensor::ExpandShapeOp>(op)) {
    SmallVector<OpFoldResult> shape = inFront(getAsIndexOpFoldResult(b.getContext(), itemOf(result)), rows);
    return tensor::ExpandShapeOp::create(b, loc, type, rowsOf(expand.getSrc()),
                                         withRowsInFront(expand.getReassociationIndices(), itemOf(result).size()),
                                         shape);
  }
  if (auto collapse = dyn_cast<tensor::CollapseShapeOp>(op))
    return tensor::CollapseShapeOp::create(
        b, loc, type, rowsOf(collapse.getSrc()),
        withRowsInFront(collapse.getReassociationIndices(), collapse.getSrcType().getRank()));
  if (auto slice = dyn_cast<tensor::ExtractSliceOp>(op))
    return tensor::ExtractSliceOp::create(b, loc, type, rowsOf(slice.getSource()),
                                          inFront(slice.getMixedOffsets(), zero), inFront(slice.getMixedSizes(), rows),
                                          inFront(slice.getMixedStrides(), one));
  if (auto slice = dyn_cast<tensor::InsertSliceOp>(op))
    return tensor::InsertSliceOp::create(b, loc, rowsOf(slice.getSource()), rowsOf(slice.getDest()),
                                         inFront(slice.getMixedOffsets(), zero), inFront(slice.getMixedSizes(), rows),
                                         inFront(slice.getMixedStrides(), one));
  if (auto concat = dyn_cast<tensor::ConcatOp>(op))
    return tensor::ConcatOp::create(b, loc, type, concat.getDim() + 1, llvm::map_to_vector(concat.getInputs(), rowsOf));
  if (auto extract = dyn_cast<tensor::ExtractOp>(op)) {
    SmallVector<OpFoldResult> offsets = getAsOpFoldResult(extract.getIndices()), ones(offsets.size(), one);
    return tensor::ExtractSliceOp::create(b, loc, type, rowsOf(extract.getTensor()), inFront(offsets, zero),
                                          inFront(ones, rows), inFront(ones, one));
  }
  // tensor.splat, tensor.from_elements: one number a row
  unsigned rank = itemOf(result).size();
  AffineMap number = AffineMap::get(rank, 0, b.getContext()), whole = b.getMultiDimIdentityMap(rank);
  return generic(b, loc, rowsOf(op->getOperand(0)), emptyRows(loc, itemOf(result), getElementTypeOrSelf(result)),
                 {mapWithRows(number, true), mapWithRows(whole, true)}, std::string(rank + 1, 'p'),
                 [](OpBuilder &, Location, ValueRange x) -> SmallVector<Value> { return {x[0]}; })[0];
}
