#include "dialects/Strand/Rows.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"
#include "llvm/Support/FormatVariadic.h"
using namespace mlir;
using namespace strand;

RankedTensorType strand::rowsType(Value rows) { return cast<RankedTensorType>(rows.getType()); }

SmallVector<int64_t> strand::itemShape(Value rows) { return to_vector(rowsType(rows).getShape().drop_front()); }

LogicalResult strand::verifyStates(StreamOpInterface op, unsigned outputs) {
  SmallVector<StateSpec> specs = op.getStateSpecs();
  OperandRange states = OperandRange(op.getStatesMutable()), slots = OperandRange(op.getSlotsMutable());
  if (states.empty() != slots.empty())
    return op->emitOpError("states and slots go together: ")
           << states.size() << " states, " << slots.size() << " slots";
  if (!states.empty() && states.size() != specs.size())
    return op->emitOpError("carries ") << specs.size() << " values, but has " << states.size() << " state operands";
  if (op->getNumResults() != outputs + states.size())
    return op->emitOpError("wants ") << outputs + states.size() << " results, has " << op->getNumResults();
  for (auto [i, state] : llvm::enumerate(states)) {
    auto type = rowsType(state);
    size_t leading = specs[i].growth == Growth::Cache ? 2 : 1;
    if (type.getShape().size() < leading || type.getShape().drop_front(leading) != ArrayRef(specs[i].shape) ||
        type.getElementType() != specs[i].elementType)
      return op->emitOpError("state '") << specs[i].name << "' must be slots" << (leading == 2 ? " x cache rows" : "")
                                        << (specs[i].shape.empty() ? "" : " x ") << specs[i].shape << " of "
                                        << specs[i].elementType << ", not " << type;
    if (op->getResult(outputs + i).getType() != type)
      return op->emitOpError("the next '") << specs[i].name << "' must have the type of the state, " << type;
  }
  return success();
}

LogicalResult strand::verifyOneFloatType(Operation *op, StringRef constraint) {
  Type first;
  auto isOther = [&](Type t) {
    Type e = getElementTypeOrSelf(t);
    if (isa<FloatType>(e) && !first)
      first = e;
    return isa<FloatType>(e) && e != first;
  };
  if (llvm::any_of(op->getOperandTypes(), isOther) || llvm::any_of(op->getResultTypes(), isOther))
    return op->emitOpError(constraint) << ": wants one type of floats, has " << first << " and others";
  return success();
}

Value strand::indexConstant(OpBuilder &b, Location loc, int64_t value) {
  return arith::ConstantIndexOp::create(b, loc, value);
}
Value strand::floatConstant(OpBuilder &b, Location loc, Type type, double value) {
  return arith::ConstantOp::create(b, loc, b.getFloatAttr(type, value));
}
Value strand::numRows(OpBuilder &b, Location loc, Value rows) {
  return tensor::DimOp::create(b, loc, rows, indexConstant(b, loc, 0));
}
Value strand::indexAt(OpBuilder &b, Location loc, Value tensor, Value at) {
  return arith::IndexCastOp::create(b, loc, b.getIndexType(), tensor::ExtractOp::create(b, loc, tensor, at));
}

Value strand::lastNotAbove(OpBuilder &b, Location loc, Value count, Value at,
                           llvm::function_ref<Value(OpBuilder &, Value i)> begin) {
  SmallVector<Value> whole{indexConstant(b, loc, 0), count};
  auto search = scf::WhileOp::create(
      b, loc, TypeRange(ValueRange(whole)), whole,
      [&](OpBuilder &b, Location loc, ValueRange range) {
        Value wide = arith::SubIOp::create(b, loc, range[1], range[0]);
        Value open = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ugt, wide, indexConstant(b, loc, 1));
        scf::ConditionOp::create(b, loc, open, range);
      },
      [&](OpBuilder &b, Location loc, ValueRange range) {
        Value both = arith::AddIOp::create(b, loc, range[0], range[1]);
        Value middle = arith::ShRUIOp::create(b, loc, both, indexConstant(b, loc, 1));
        Value begun = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ule, begin(b, middle), at);
        Value from = arith::SelectOp::create(b, loc, begun, middle, range[0]);
        Value to = arith::SelectOp::create(b, loc, begun, range[1], middle);
        scf::YieldOp::create(b, loc, ValueRange{from, to});
      });
  return search.getResult(0);
}

Value strand::sequenceOf(OpBuilder &b, Location loc, Value offsets, Value row) {
  Value sequences = arith::SubIOp::create(b, loc, numRows(b, loc, offsets), indexConstant(b, loc, 1));
  return lastNotAbove(b, loc, sequences, row,
                      [&](OpBuilder &b, Value s) { return indexAt(b, loc, offsets, s); });
}

bool strand::isAll(Value tensor, double number) {
  if (auto fill = tensor ? tensor.getDefiningOp<linalg::FillOp>() : linalg::FillOp()) {
    FloatAttr value;
    return matchPattern(fill.getInputs()[0], m_Constant(&value)) && value.getValueAsDouble() == number;
  }
  SplatElementsAttr splat;
  return tensor && matchPattern(tensor, m_Constant(&splat)) &&
         splat.getSplatValue<APFloat>().convertToDouble() == number;
}

static SmallVector<OpFoldResult> indices(OpBuilder &b, ArrayRef<int64_t> values) {
  return getAsIndexOpFoldResult(b.getContext(), values);
}

Value strand::slice(OpBuilder &b, Location loc, Value x, ArrayRef<OpFoldResult> offsets, ArrayRef<int64_t> sizes,
                    ArrayRef<unsigned> dropped) {
  SmallVector<int64_t> shape;
  for (auto [i, s] : llvm::enumerate(sizes))
    if (!llvm::is_contained(dropped, i))
      shape.push_back(s);
  if (x.getDefiningOp<tensor::EmptyOp>() && !llvm::is_contained(shape, ShapedType::kDynamic))
    return emptyTensor(b, loc, shape, rowsType(x).getElementType()); // a part of nothing is nothing
  return tensor::ExtractSliceOp::create(b, loc, RankedTensorType::get(shape, rowsType(x).getElementType()), x, offsets,
                                        indices(b, sizes), indices(b, SmallVector<int64_t>(sizes.size(), 1)));
}
Value strand::unslice(OpBuilder &b, Location loc, Value part, Value x, ArrayRef<OpFoldResult> offsets,
                      ArrayRef<int64_t> sizes) {
  return tensor::InsertSliceOp::create(b, loc, part, x, offsets, indices(b, sizes),
                                       indices(b, SmallVector<int64_t>(sizes.size(), 1)));
}

static void rowPlace(OpBuilder &b, Value rows, Value t, SmallVector<OpFoldResult> &offsets,
                     SmallVector<int64_t> &sizes) {
  sizes = {1};
  llvm::append_range(sizes, itemShape(rows));
  offsets.assign(sizes.size(), b.getIndexAttr(0));
  offsets[0] = t;
}
Value strand::takeRow(OpBuilder &b, Location loc, Value rows, Value t) {
  SmallVector<OpFoldResult> offsets;
  SmallVector<int64_t> sizes;
  rowPlace(b, rows, t, offsets, sizes);
  return slice(b, loc, rows, offsets, sizes, {0});
}
Value strand::putRow(OpBuilder &b, Location loc, Value row, Value rows, Value t) {
  SmallVector<OpFoldResult> offsets;
  SmallVector<int64_t> sizes;
  rowPlace(b, rows, t, offsets, sizes);
  return unslice(b, loc, row, rows, offsets, sizes);
}

SmallVector<Value> strand::changedIf(OpBuilder &b, Location loc, Value condition, ValueRange values,
                                     llvm::function_ref<SmallVector<Value>(ValueRange)> change) {
  Value rounds = arith::IndexCastUIOp::create(b, loc, b.getIndexType(), condition);
  auto loop =
      scf::ForOp::create(b, loc, indexConstant(b, loc, 0), rounds, indexConstant(b, loc, 1), values,
                         [&](OpBuilder &, Location, Value, ValueRange v) { scf::YieldOp::create(b, loc, change(v)); });
  return llvm::to_vector_of<Value>(loop.getResults());
}

SmallVector<Value> strand::emitLoop(OpBuilder &b, Location loc, Value from, Value to, int64_t step, ValueRange init,
                                   LoopBody body) {
  auto loop = scf::ForOp::create(b, loc, from, to, indexConstant(b, loc, step), init);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  scf::YieldOp::create(b, loc, body(loop.getInductionVar(), loop.getRegionIterArgs()));
  return llvm::to_vector_of<Value>(loop.getResults());
}

Value strand::emptyTensor(OpBuilder &b, Location loc, ArrayRef<int64_t> shape, Type element) {
  return tensor::EmptyOp::create(b, loc, shape, element);
}
Value strand::emptyRows(OpBuilder &b, Location loc, Value like, ArrayRef<int64_t> item, Type element) {
  SmallVector<int64_t> shape{rowsType(like).getDimSize(0)};
  llvm::append_range(shape, item);
  SmallVector<Value> dynamic;
  if (ShapedType::isDynamic(shape[0]))
    dynamic.push_back(numRows(b, loc, like));
  return tensor::EmptyOp::create(b, loc, RankedTensorType::get(shape, element), dynamic);
}
Value strand::filledInto(OpBuilder &b, Location loc, Value scalar, Value out) {
  return linalg::FillOp::create(b, loc, scalar, out).getResult(0);
}
Value strand::filled(OpBuilder &b, Location loc, ArrayRef<int64_t> shape, Value scalar) {
  return filledInto(b, loc, scalar, emptyTensor(b, loc, shape, scalar.getType()));
}

SmallVector<Value> strand::generic(OpBuilder &b, Location loc, ValueRange ins, ValueRange outs,
                                   ArrayRef<AffineMap> maps, StringRef iterators, Body body) {
  SmallVector<utils::IteratorType> kinds;
  for (char c : iterators)
    kinds.push_back(c == 'p' ? utils::IteratorType::parallel : utils::IteratorType::reduction);
  auto op = linalg::GenericOp::create(b, loc, TypeRange(outs), ins, outs, maps, kinds,
                                      [&](OpBuilder &b, Location loc, ValueRange args) {
                                        linalg::YieldOp::create(b, loc, body(b, loc, args));
                                      });
  return llvm::to_vector_of<Value>(op.getResults());
}

AffineMap strand::dimsMap(MLIRContext *context, StringRef loops, StringRef dims) {
  SmallVector<AffineExpr> exprs;
  for (char c : dims)
    exprs.push_back(getAffineDimExpr(loops.find(c), context));
  return AffineMap::get(loops.size(), 0, exprs, context);
}

Value strand::contract(OpBuilder &b, Location loc, Value lhs, StringRef lhsDims, Value rhs, StringRef rhsDims,
                       Value out, StringRef outDims) {
  std::string loops = outDims.str(), kinds(outDims.size(), 'p');
  for (char c : lhsDims)
    if (!StringRef(loops).contains(c)) {
      loops += c;
      kinds += 'r';
    }
  MLIRContext *ctx = b.getContext();
  return generic(b, loc, {lhs, rhs}, {out},
                 {dimsMap(ctx, loops, lhsDims), dimsMap(ctx, loops, rhsDims), dimsMap(ctx, loops, outDims)}, kinds,
                 [](OpBuilder &b, Location loc, ValueRange v) -> SmallVector<Value> {
                   Value x = castFloat(b, loc, v[0], v[2].getType()), y = castFloat(b, loc, v[1], v[2].getType());
                   return {arith::AddFOp::create(b, loc, v[2], arith::MulFOp::create(b, loc, x, y))};
                 })[0];
}

bool strand::comesFromBf16(Value rows) {
  if (getElementTypeOrSelf(rows).isBF16())
    return true;
  Operation *op = rows.getDefiningOp();
  if (auto cast = dyn_cast_if_present<arith::ExtFOp>(op))
    return comesFromBf16(cast.getIn());
  auto made = dyn_cast_if_present<linalg::GenericOp>(op);
  if (!made || made.getNumReductionLoops())
    return false;
  SmallVector<Value> full; // inputs with as many elements; the others are few
  for (Value input : made.getInputs())
    if (auto type = dyn_cast<RankedTensorType>(input.getType()); type && type.getRank() == rowsType(rows).getRank())
      full.push_back(input);
  return !full.empty() && llvm::all_of(full, [](Value input) { return comesFromBf16(input); });
}

std::string strand::obstacleToTensorCores(ValueRange multiplied, int64_t keys, int64_t values, bool inParts) {
  constexpr int64_t unit = 16; // of a fragment
  bool isF32 = getElementTypeOrSelf(multiplied[0]).isF32();
  if (!(inParts && isF32) && !llvm::all_of(multiplied, comesFromBf16))
    return "rows are in f32 where they are multiplied; --rows=bf16 rounds them";
  if (keys % unit || values % unit)
    return llvm::formatv("heads of {0} keys and {1} values, which are no multiples of {2}", keys, values, unit).str();
  return {};
}

Value strand::inBf16(OpBuilder &b, Location loc, Value x) {
  auto type = rowsType(x);
  AffineMap map = b.getMultiDimIdentityMap(type.getRank());
  Value out = emptyTensor(b, loc, type.getShape(), b.getBF16Type());
  return generic(b, loc, x, out, {map, map}, std::string(type.getRank(), 'p'),
                 [](OpBuilder &b, Location loc, ValueRange v) -> SmallVector<Value> {
                   return {castFloat(b, loc, v[0], v[1].getType())};
                 })[0];
}

bool strand::isRounded(ChunkOpInterface op) {
  return llvm::all_of(op.getMultiplied(), [](OpOperand *rows) { return comesFromBf16(rows->get()); });
}

SmallVector<Value> strand::roundedParts(OpBuilder &b, Location loc, Value x, int64_t count) {
  SmallVector<Value> kept;
  for (int64_t i = 0; i < count; ++i) {
    if (i)
      x = arith::SubFOp::create(b, loc, x, castFloat(b, loc, kept.back(), x.getType()));
    kept.push_back(castFloat(b, loc, x, b.getBF16Type()));
  }
  return kept;
}

Parts strand::inBf16Parts(OpBuilder &b, Location loc, Value x, int64_t count) {
  auto type = rowsType(x);
  if (type.getElementType().isBF16())
    return {x};
  SmallVector<AffineMap> maps(count + 1, b.getMultiDimIdentityMap(type.getRank()));
  SmallVector<Value> outs;
  for (int64_t i = 0; i < count; ++i)
    outs.push_back(emptyTensor(b, loc, type.getShape(), b.getBF16Type()));
  SmallVector<Value> parts =
      generic(b, loc, x, outs, maps, std::string(type.getRank(), 'p'),
              [&](OpBuilder &b, Location loc, ValueRange v) { return roundedParts(b, loc, v[0], count); });
  return Parts(parts.begin(), parts.end());
}

Value strand::contractParts(OpBuilder &b, Location loc, const Parts &lhs, StringRef lhsDims, const Parts &rhs,
                            StringRef rhsDims, Value out, StringRef outDims) {
  if (lhs.size() == 1 && rhs.size() == 1)
    return contract(b, loc, lhs[0], lhsDims, rhs[0], rhsDims, out, outDims);
  auto type = rowsType(out);
  Value sums = filled(b, loc, type.getShape(), floatConstant(b, loc, type.getElementType(), 0));
  for (int64_t below = partsOfF32 - 1; below >= 0; --below)
    for (int64_t p = below; p >= 0; --p)
      if (p < int64_t(lhs.size()) && below - p < int64_t(rhs.size()))
        sums = contract(b, loc, lhs[p], lhsDims, rhs[below - p], rhsDims, sums, outDims);
  AffineMap map = b.getMultiDimIdentityMap(type.getRank());
  return generic(b, loc, sums, out, {map, map}, std::string(type.getRank(), 'p'),
                 [](OpBuilder &b, Location loc, ValueRange v) -> SmallVector<Value> {
                   return {arith::AddFOp::create(b, loc, v[1], v[0])};
                 })[0];
}

Value strand::transposed(OpBuilder &b, Location loc, Value x) {
  auto type = rowsType(x);
  Value out = emptyTensor(b, loc, {type.getDimSize(1), type.getDimSize(0)}, type.getElementType());
  return generic(b, loc, x, out, {dimsMap(b.getContext(), "ij", "ji"), dimsMap(b.getContext(), "ij", "ij")}, "pp",
                 [](OpBuilder &, Location, ValueRange v) -> SmallVector<Value> { return {v[0]}; })[0];
}

Value strand::castFloat(OpBuilder &b, Location loc, Value x, Type to) {
  unsigned from = getElementTypeOrSelf(x).getIntOrFloatBitWidth(),
           bits = getElementTypeOrSelf(to).getIntOrFloatBitWidth();
  if (getElementTypeOrSelf(x) == getElementTypeOrSelf(to))
    return x;
  if (from < bits)
    return arith::ExtFOp::create(b, loc, to, x);
  return arith::TruncFOp::create(b, loc, to, x);
}

Value strand::initialState(OpBuilder &b, Location loc, const StateSpec &spec) {
  return filled(b, loc, spec.shape, arith::ConstantOp::create(b, loc, spec.initial));
}

SmallVector<Value> strand::walkSequences(OpBuilder &b, Location loc, Value offsets, ValueRange outer, OpenSequence open,
                                         NextRow row, CloseSequence close) {
  Value zero = indexConstant(b, loc, 0), one = indexConstant(b, loc, 1);
  Value sequences = arith::SubIOp::create(b, loc, numRows(b, loc, offsets), one);
  auto sequence = [&](OpBuilder &b, Location loc, Value s, ValueRange in) {
    Value lo = indexAt(b, loc, offsets, s), hi = indexAt(b, loc, offsets, arith::AddIOp::create(b, loc, s, one));
    SmallVector<Value> first = open(b, s, in);
    auto step = [&](OpBuilder &b, Location loc, Value t, ValueRange carried) {
      scf::YieldOp::create(b, loc, row(b, t, carried));
    };
    auto rows = scf::ForOp::create(b, loc, lo, hi, one, first, step);
    scf::YieldOp::create(b, loc, close(b, s, in, rows.getResults()));
  };
  auto each = scf::ForOp::create(b, loc, zero, sequences, one, outer, sequence);
  return llvm::to_vector_of<Value>(each.getResults());
}

static Value slotOf(OpBuilder &b, StreamOpInterface op, Value s) {
  return indexAt(b, op.getLoc(), OperandRange(op.getSlotsMutable())[0], s);
}

SmallVector<Value> strand::openStates(OpBuilder &b, StreamOpInterface op, Value s, ValueRange states) {
  SmallVector<Value> carries;
  if (states.empty())
    for (const StateSpec &spec : op.getStateSpecs())
      carries.push_back(initialState(b, op.getLoc(), spec));
  for (Value state : states)
    carries.push_back(takeRow(b, op.getLoc(), state, slotOf(b, op, s)));
  return carries;
}

SmallVector<Value> strand::closeStates(OpBuilder &b, StreamOpInterface op, Value s, ValueRange states,
                                       ValueRange carries) {
  SmallVector<Value> next;
  for (auto [state, carry] : llvm::zip(states, carries))
    next.push_back(putRow(b, op.getLoc(), carry, state, slotOf(b, op, s)));
  return next;
}

SmallVector<Value> strand::walkRows(OpBuilder &b, StreamOpInterface op, ValueRange outs, Step step) {
  SmallVector<Value> outer(outs);
  llvm::append_range(outer, OperandRange(op.getStatesMutable()));
  size_t n = outs.size();
  auto open = [&](OpBuilder &b, Value s, ValueRange outer) {
    SmallVector<Value> carried(outer.take_front(n));
    llvm::append_range(carried, openStates(b, op, s, outer.drop_front(n)));
    return carried;
  };
  auto row = [&](OpBuilder &b, Value t, ValueRange carried) {
    auto [y, carries] = step(b, t, carried.take_front(n), carried.drop_front(n));
    llvm::append_range(y, carries);
    return y;
  };
  auto close = [&](OpBuilder &b, Value s, ValueRange outer, ValueRange carried) {
    SmallVector<Value> next(carried.take_front(n));
    llvm::append_range(next, closeStates(b, op, s, outer.drop_front(n), carried.drop_front(n)));
    return next;
  };
  return walkSequences(b, op.getLoc(), op.getOffsets(), outer, open, row, close);
}

SmallVector<Value> strand::walkRowsBack(OpBuilder &b, StreamOpInterface op, ValueRange outs, Step step) {
  Location loc = op.getLoc();
  Value zero = indexConstant(b, loc, 0), one = indexConstant(b, loc, 1), offsets = op.getOffsets();
  Value sequences = arith::SubIOp::create(b, loc, numRows(b, loc, offsets), one);
  auto sequence = [&](OpBuilder &b, Location loc, Value s, ValueRange in) {
    Value lo = indexAt(b, loc, offsets, s), hi = indexAt(b, loc, offsets, arith::AddIOp::create(b, loc, s, one));
    Value last = arith::SubIOp::create(b, loc, hi, one), rows = arith::SubIOp::create(b, loc, hi, lo);
    SmallVector<Value> walk(in);
    llvm::append_range(walk, openStates(b, op, s, {}));
    auto row = [&](OpBuilder &b, Location loc, Value i, ValueRange x) {
      Value t = arith::SubIOp::create(b, loc, last, i);
      auto [y, carries] = step(b, t, x.take_front(outs.size()), x.drop_front(outs.size()));
      llvm::append_range(y, carries);
      scf::YieldOp::create(b, loc, y);
    };
    auto loop = scf::ForOp::create(b, loc, zero, rows, one, walk, row);
    scf::YieldOp::create(b, loc, loop.getResults().take_front(outs.size()));
  };
  auto each = scf::ForOp::create(b, loc, zero, sequences, one, outs, sequence);
  return llvm::to_vector_of<Value>(each.getResults());
}

SmallVector<Value> strand::walkSingleRows(OpBuilder &b, StreamOpInterface op, ValueRange outs, SingleRowStep step,
                                          bool back) {
  Location loc = op.getLoc();
  auto whole = [&](OpBuilder &b, Value t, ValueRange outs, ValueRange carries) {
    SmallVector<Value> rows;
    SmallVector<SmallVector<OpFoldResult>> places;
    SmallVector<SmallVector<int64_t>> sizes;
    for (Value out : outs) {
      places.emplace_back(rowsType(out).getRank(), b.getIndexAttr(0)).front() = t;
      sizes.push_back({1});
      llvm::append_range(sizes.back(), itemShape(out));
      rows.push_back(slice(b, loc, out, places.back(), sizes.back()));
    }
    SmallVector<Value> made = step(b, t, rows, carries), results;
    for (auto [row, out, place, size] : llvm::zip(made, outs, places, sizes))
      results.push_back(unslice(b, loc, row, out, place, size));
    return std::pair(results, SmallVector<Value>(ArrayRef(made).drop_front(outs.size())));
  };
  return back ? walkRowsBack(b, op, outs, whole) : walkRows(b, op, outs, whole);
}

Value strand::startOf(OpBuilder &b, Location loc, Value block, int64_t size) {
  return arith::MulIOp::create(b, loc, block, indexConstant(b, loc, size));
}

Slice strand::innerBlock(OpBuilder &b, Location loc, ArrayRef<int64_t> shape, Value block, int64_t size) {
  Slice s{SmallVector<OpFoldResult>(shape.size(), b.getIndexAttr(0)), to_vector(shape)};
  if (shape.empty())
    return s;
  s.offsets.back() = startOf(b, loc, block, size);
  s.sizes.back() = size;
  return s;
}

Slice strand::headOf(OpBuilder &b, ArrayRef<int64_t> shape, Value head) {
  Slice s{SmallVector<OpFoldResult>(shape.size(), b.getIndexAttr(0)), to_vector(shape)};
  s.offsets[0] = head;
  s.sizes[0] = 1;
  return s;
}

int64_t strand::blockOf(int64_t n, int64_t limit, int64_t unit) {
  int64_t best = 0;
  for (int64_t d = std::min(n, limit); d >= 1; --d) {
    if (n % d)
      continue;
    if (d % unit == 0)
      return d;
    best = std::max(best, d);
  }
  return best;
}
