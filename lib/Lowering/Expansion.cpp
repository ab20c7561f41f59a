// The loops around what an op says about one tile: sequences, blocks, tiles in order.
#include "lib/Lowering/Expansion.h"
#include "mlir/Dialect/Affine/IR/AffineOps.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Dominance.h"
#include "mlir/Interfaces/TilingInterface.h"
using namespace mlir;
using namespace strand;

Expansion::Expansion(ChunkOpInterface op, const ChunkOptions &options)
    : op(op), stream(cast<StreamOpInterface>(op.getOperation())), options(options), b(op), loc(op.getLoc()),
      states(llvm::to_vector(OperandRange(stream.getStatesMutable()))), specs(stream.getStateSpecs()),
      readsPast(!states.empty() && op.cutsSequences(options)), results(op->getNumResults() - states.size()),
      readers(results) {
  for (unsigned i = 0; i < results; ++i)
    if (!op->getResult(i).use_empty())
      written.push_back(i);
  for (auto [i, spec] : llvm::enumerate(specs))
    if (spec.growth != Growth::Count && !readsPast && !(states.empty() && op.readsEarlierRows()))
      carried.push_back(i);
}

void Expansion::writeChunks() {
  bool mayBeInParts = readsPast && !op.getShapesOfParts(options).empty();
  SmallVector<Value> into = destinations();
  if (readsPast && options.singleRow)
    remember();
  replace(mayBeInParts ? partsOrChunks(into) : chunks(into));
}

/// Results and next states, written into `into`.
SmallVector<Value> Expansion::chunks(ValueRange into) {
  if (areTilesIndependent())
    return independentTiles(into);
  SmallVector<OpFoldResult> counts{numSequences(), b.getIndexAttr(op.getBlocks(options))};
  auto loop = scf::ForallOp::create(b, loc, counts, into, std::nullopt);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPoint(loop.getTerminator());
  Value sequence = loop.getInductionVar(0);
  auto [first, rows] = rowsOf(sequence);
  Value slot = states.empty() ? Value() : slotOf(sequence);
  Part part = partOf(first, rows, loop.getInductionVar(1));
  addResults(part);
  addCounts(part, sequence, index(0));
  if (slot)
    addStates(part, slot);
  SmallVector<Value> slices = takeSlices(part, loop.getRegionIterArgs(), written.size());
  if (states.empty()) // the whole-sequence form begins at the initial values
    llvm::append_range(slices, initialStates(part.block));
  putSlices(loop, part, emitRows(part, std::move(slices), rowsToAlignment(part)));
  return llvm::to_vector_of<Value>(loop.getResults());
}

/// What the part's sequence has seen in front of it, of which `seen` rows are of the call.
void Expansion::addCounts(Part &part, Value sequence, Value seen) {
  for (auto [i, spec] : llvm::enumerate(specs)) {
    bool counts = spec.growth == Growth::Count;
    Value before = counts && !states.empty() ? indexAt(b, loc, states[i], slotOf(sequence)) : Value(); // the call
    part.callCounts.push_back(before);
    part.counts.push_back(!counts ? Value() : !before ? seen : arith::AddIOp::create(b, loc, before, seen).getResult());
  }
}

/// All rows of the part: by teams where there are some, as far as they go.
SmallVector<Value> Expansion::emitRows(const Part &part, SmallVector<Value> slices, Value aligned) {
  auto tile = [&](Value at, int64_t length, ValueRange carried) { return emitTile(part, at, length, carried); };
  Value done;
  if (options.teams > 1)
    slices = emitTeams(part, part.rows, std::move(slices), done);
  return emitTiles(part.rows, std::move(slices), tile, done ? Value() : aligned, done);
}

/// The states behind the call, which the op then reads.
void Expansion::remember() {
  SmallVector<Value> next = op.emitNextStates(b, options);
  for (unsigned i = 0, n = 0; i < states.size(); ++i)
    if (specs[i].growth != Growth::Count)
      states[i] = next[n++];
  stream.getStatesMutable().assign(states);
}

void Expansion::replace(ValueRange values) {
  if (readsPast && !options.singleRow)
    remember();
  SmallVector<Value> after(states);
  for (auto [i, state] : llvm::zip(carried, values.drop_front(written.size())))
    after[i] = state;
  for (unsigned i = 0; i < states.size(); ++i)
    if (specs[i].growth == Growth::Count)
      after[i] = raised(states[i]);
  for (auto [i, value] : llvm::zip(written, values)) {
    resultOf(i).replaceAllUsesWith(value);
    SmallVector<Value> taken{op->getResult(i)}; // by readers; of which sizes may be asked
    for (linalg::GenericOp reader : readers[i])
      taken.push_back(reader.getResult(0));
    for (Value v : taken)
      for (OpOperand &use : llvm::make_early_inc_range(v.getUses()))
        if (isa<tensor::DimOp>(use.getOwner()))
          use.set(value);
  }
  for (auto [result, value] : llvm::zip_equal(op->getResults().drop_front(results), after))
    result.replaceAllUsesWith(value);
  for (ArrayRef<linalg::GenericOp> chain : readers)
    for (linalg::GenericOp reader : llvm::reverse(chain))
      reader.erase();
  op->erase();
}

/// The rows that each sequence has seen, after the op.
Value Expansion::raised(Value counts) {
  if (options.device)
    return raisedTogether(counts);
  auto loop = scf::ForOp::create(b, loc, index(0), numSequences(), index(1), counts);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  Value s = loop.getInductionVar(), soFar = loop.getRegionIterArg(0), slot = slotOf(s);
  auto at = [&](Value from, Value i) -> Value { return tensor::ExtractOp::create(b, loc, from, i); };
  Value begin = at(stream.getOffsets(), s), end = at(stream.getOffsets(), arith::AddIOp::create(b, loc, s, index(1)));
  Value count = arith::AddIOp::create(b, loc, at(soFar, slot), arith::SubIOp::create(b, loc, end, begin));
  scf::YieldOp::create(b, loc, tensor::InsertOp::create(b, loc, count, soFar, slot).getResult());
  return loop.getResult(0);
}

/// The same by a block for each sequence.
Value Expansion::raisedTogether(Value counts) {
  auto loop = scf::ForallOp::create(b, loc, SmallVector<OpFoldResult>{numSequences()}, counts, std::nullopt);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPoint(loop.getTerminator());
  Value s = loop.getInductionVar(0);
  Value rows = arith::IndexCastOp::create(b, loc, rowsType(counts).getElementType(), rowsOf(s).second);
  OpFoldResult slot = slotOf(s), one = b.getIndexAttr(1);
  Value place = slice(b, loc, loop.getRegionIterArgs()[0], slot, 1);
  Value count = generic(b, loc, {}, place, b.getMultiDimIdentityMap(1), "p",
                        [&](OpBuilder &b, Location loc, ValueRange x) -> SmallVector<Value> {
                          return {arith::AddIOp::create(b, loc, x[0], rows)};
                        })[0];
  b.setInsertionPointToEnd(loop.getTerminator().getBody());
  tensor::ParallelInsertSliceOp::create(b, loc, count, loop.getRegionIterArgs()[0], slot, one, one);
  return loop.getResult(0);
}

/// The operand that says how many rows the results have: the first with an unknown dimension 0.
Value Expansion::rowsOperand() {
  for (Value v : op->getOperands())
    if (auto type = dyn_cast<RankedTensorType>(v.getType());
        type && type.getRank() && v != stream.getOffsets() && type.isDynamicDim(0))
      return v;
  return op->getOperand(0);
}

Value Expansion::numSequences() {
  return arith::SubIOp::create(b, loc, numRows(b, loc, stream.getOffsets()), index(1));
}

std::pair<Value, Value> Expansion::rowsOf(Value sequence) {
  Value first = indexAt(b, loc, stream.getOffsets(), sequence);
  Value end = indexAt(b, loc, stream.getOffsets(), arith::AddIOp::create(b, loc, sequence, index(1)));
  return {first, arith::SubIOp::create(b, loc, end, first)};
}

Value Expansion::slotOf(Value sequence) { return indexAt(b, loc, OperandRange(stream.getSlotsMutable())[0], sequence); }

SmallVector<Value> Expansion::destinations() {
  SmallVector<Value> into;
  for (unsigned i : written) {
    Value result = resultOf(i);
    if (rowsType(result).hasStaticShape())
      into.push_back(emptyTensor(b, loc, rowsType(result).getShape(), rowsType(result).getElementType()));
    else
      into.push_back(emptyRows(b, loc, rowsOperand(), itemShape(result), rowsType(result).getElementType()));
  }
  for (unsigned i : carried)
    if (!states.empty())
      into.push_back(states[i]);
  return into;
}

Expansion::Part Expansion::partOf(Value first, Value rows, Value block) {
  return {block, first, rows, {}, {}, {}, {}, {}};
}

void Expansion::addSlice(Part &part, Slice slice, OpFoldResult at, OpFoldResult count) {
  SmallVector<OpFoldResult> offsets{at}, sizes{count};
  llvm::append_range(offsets, slice.offsets);
  llvm::append_range(sizes, getAsIndexOpFoldResult(b.getContext(), slice.sizes));
  part.offsets.push_back(std::move(offsets));
  part.sizes.push_back(std::move(sizes));
}

void Expansion::addResults(Part &part) {
  for (unsigned i : written)
    addSlice(part, op.getResultSlice(b, i, part.block, options), part.first, part.rows);
}

/// The block's part of each carried state at entry `at` of its tensor.
void Expansion::addStates(Part &part, Value at) {
  for (unsigned i : carried) {
    Slice slice = op.getStateSlice(b, i, part.block, options);
    if (specs[i].growth == Growth::Cache) { // all cache rows of the slot
      slice.offsets.insert(slice.offsets.begin(), b.getIndexAttr(0));
      slice.sizes.insert(slice.sizes.begin(), ShapedType::kDynamic);
    }
    addSlice(part, slice, at, b.getIndexAttr(1));
    if (specs[i].growth == Growth::Cache)
      part.sizes.back()[1] = tensor::DimOp::create(b, loc, states[i], 1).getResult();
  }
}

/// What `sequence` has of each value of `past`.
void Expansion::addPast(Part &part, ValueRange past, Value sequence) {
  for (Value v : past) {
    RankedTensorType type = rowsType(v);
    SmallVector<OpFoldResult> at(type.getRank(), b.getIndexAttr(0)), sizes = tensor::getMixedSizes(b, loc, v),
                                                                     ones(type.getRank(), b.getIndexAttr(1));
    at[0] = llvm::is_contained(states, v) ? slotOf(sequence) : sequence;
    sizes[0] = b.getIndexAttr(1);
    part.past.push_back(tensor::ExtractSliceOp::create(
        b, loc, RankedTensorType::get(type.getShape().drop_front(), type.getElementType()), v, at, sizes, ones));
  }
}

/// Slices of the first `results` keep dimension 0, the rows of the part; those of states lose it.
SmallVector<Value> Expansion::takeSlices(const Part &part, ValueRange whole, unsigned results) {
  SmallVector<Value> slices;
  for (auto [i, v] : llvm::enumerate(whole)) {
    SmallVector<int64_t> shape;
    for (OpFoldResult size : part.sizes[i])
      shape.push_back(getConstantIntValue(size).value_or(ShapedType::kDynamic));
    if (i >= results)
      shape.erase(shape.begin());
    auto type = RankedTensorType::get(shape, rowsType(v).getElementType());
    SmallVector<OpFoldResult> strides(part.sizes[i].size(), b.getIndexAttr(1));
    slices.push_back(tensor::ExtractSliceOp::create(b, loc, type, v, part.offsets[i], part.sizes[i], strides));
  }
  return slices;
}

SmallVector<Value> Expansion::initialStates(Value block) {
  SmallVector<Value> slices;
  for (unsigned i : carried)
    slices.push_back(filled(b, loc, op.getStateSlice(b, i, block, options).sizes,
                            arith::ConstantOp::create(b, loc, specs[i].initial)));
  return slices;
}

/// Tiles of each length while so many of `rows` are left, behind the first `done`; of one row before row `aligned`, if
/// that is given.
SmallVector<Value> Expansion::emitTiles(Value rows, SmallVector<Value> carried, WriteTile tile, Value aligned,
                                        Value done) {
  SmallVector<int64_t> lengths = options.singleRow ? SmallVector<int64_t>{1} : op.getTileLengths(options);
  Value at = done ? done : index(0);
  if (aligned && lengths.front() > 1) {
    carried = emitLoop(at, aligned, 1, carried, tile);
    at = aligned;
  }
  for (int64_t length : lengths) {
    Value end = rows;
    if (length > 1) {
      Value rest = arith::RemUIOp::create(b, loc, arith::SubIOp::create(b, loc, rows, at), index(length));
      end = arith::SubIOp::create(b, loc, rows, rest);
    }
    carried = emitLoop(at, end, length, carried, tile);
    at = end;
  }
  return carried;
}

SmallVector<Value> Expansion::emitLoop(Value from, Value to, int64_t length, ValueRange carried, WriteTile tile) {
  auto loop = scf::ForOp::create(b, loc, from, to, index(length), carried);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  SmallVector<Value> next = tile(loop.getInductionVar(), length, loop.getRegionIterArgs());
  scf::YieldOp::create(b, loc, next);
  return llvm::to_vector_of<Value>(loop.getResults());
}

/// How many rows of the part come before the first place where a tile of several rows may begin; none if it is 0.
Value Expansion::rowsToAlignment(const Part &part) {
  int64_t alignment = op.getTileAlignment();
  if (alignment == 1 || states.empty()) // without states a sequence begins at its row 0
    return {};
  Value seen = *llvm::find_if(part.counts, [](Value count) { return bool(count); });
  Value behind = arith::RemUIOp::create(b, loc, seen, index(alignment));
  Value left =
      arith::RemUIOp::create(b, loc, arith::SubIOp::create(b, loc, index(alignment), behind), index(alignment));
  return arith::MinUIOp::create(b, loc, left, part.rows);
}

SmallVector<Value> Expansion::emitTile(const Part &part, Value at, int64_t length, ValueRange slices) {
  if (op.goesBack())
    at = arith::SubIOp::create(b, loc, arith::SubIOp::create(b, loc, part.rows, index(length)), at);
  SmallVector<Value> tiles;
  SmallVector<SmallVector<OpFoldResult>> offsets;
  SmallVector<SmallVector<int64_t>> sizes;
  for (auto [i, v] : llvm::zip(written, slices)) {
    offsets.emplace_back(rowsType(v).getRank(), b.getIndexAttr(0)).front() = at;
    sizes.push_back({length});
    llvm::append_range(sizes.back(), op.getResultSlice(b, i, part.block, options).sizes);
    tiles.push_back(slice(b, loc, v, offsets.back(), sizes.back()));
  }
  SmallVector<Value> made = computeTile(part, at, length, tiles, slices.drop_front(written.size())), next;
  for (auto [tile, v, offset, size] : llvm::zip(made, slices, offsets, sizes))
    next.push_back(unslice(b, loc, tile, v, offset, size));
  llvm::append_range(next, ArrayRef(made).drop_front(written.size()));
  return next;
}

/// What an op's emitTile takes as states, at row `at` of the part, with those that are carried.
SmallVector<Value> Expansion::statesOfTile(const Part &part, Value at, ValueRange states) {
  SmallVector<Value> of;
  for (unsigned i = 0; i < specs.size(); ++i) {
    if (i < part.counts.size() && part.counts[i]) {
      of.push_back(arith::AddIOp::create(b, loc, part.counts[i], at));
      if (readsPast)
        of.push_back(part.callCounts[i]);
    } else if (llvm::is_contained(carried, i)) {
      of.push_back(states.front());
      states = states.drop_front();
    }
  }
  llvm::append_range(of, part.past);
  return of;
}

/// The tile of `length` rows from row `at` of the part on: what is written of its results, with `into` as destinations,
/// then the carried states behind it.
SmallVector<Value> Expansion::computeTile(const Part &part, Value at, int64_t length, ValueRange into,
                                          ValueRange states) {
  SmallVector<Value> tiles;
  for (unsigned i = 0; i < results; ++i) {
    bool direct = llvm::is_contained(written, i) && readers[i].empty();
    SmallVector<int64_t> size{length};
    llvm::append_range(size, op.getResultSlice(b, i, part.block, options).sizes);
    // nobody reads what is written to a place of its own, unless a reader was taken along
    tiles.push_back(direct ? into[llvm::find(written, i) - written.begin()]
                           : emptyTensor(b, loc, size, rowsType(op->getResult(i)).getElementType()));
  }
  Value row = arith::AddIOp::create(b, loc, part.first, at);
  SmallVector<Value> of = statesOfTile(part, at, states);
  SmallVector<Value> made = op.emitTile(b, row, length, part.block, tiles, of, options);
  SmallVector<Value> next = readTiles(made, into, [&](unsigned i) { return placeOfTile(part, row, i); });
  llvm::append_range(next, ArrayRef(made).drop_front(results));
  return next;
}

/// Where the part's block has the rows from `row` of the call on in result `i`.
SmallVector<OpFoldResult> Expansion::placeOfTile(const Part &part, Value row, unsigned i) {
  SmallVector<OpFoldResult> at{row};
  llvm::append_range(at, op.getResultSlice(b, i, part.block, options).offsets);
  return at;
}

/// What is written of a tile, of which `made` are the op's results, at `placeOf` in whole results; readers that were
/// taken along write to `into`, or to places of their own where that is null.
SmallVector<Value> Expansion::readTiles(ValueRange made, ValueRange into, PlaceOfResult placeOf) {
  SmallVector<Value> next;
  for (auto [i, place] : llvm::zip_equal(written, into)) {
    Value tile = made[i], value = op->getResult(i);
    for (linalg::GenericOp reader : readers[i]) {
      tile = readTile(reader, value, placeOf(i), tile, reader == readers[i].back() ? place : Value());
      value = reader.getResult(0);
    }
    next.push_back(tile);
  }
  return next;
}

/// What `reader` makes of the tile of `value` at `offsets`, written to `into` or, without, to a place of its own.
Value Expansion::readTile(linalg::GenericOp reader, Value value, ArrayRef<OpFoldResult> offsets, Value tile,
                          Value into) {
  SmallVector<OpFoldResult> sizes = getAsIndexOpFoldResult(b.getContext(), rowsType(tile).getShape());
  if (!into)
    into = emptyTensor(b, loc, rowsType(tile).getShape(), rowsType(reader.getResult(0)).getElementType());
  auto tiled = cast<TilingInterface>(reader.getOperation()).getTiledImplementation(b, offsets, sizes);
  auto made = cast<linalg::GenericOp>(tiled->tiledOps.front());
  for (OpOperand &operand : reader->getOpOperands()) {
    if (operand.get() == value)
      made->setOperand(operand.getOperandNumber(), tile);
    if (reader.isDpsInit(&operand))
      made->setOperand(operand.getOperandNumber(), into);
  }
  for (Operation *unused : tiled->generatedSlices)
    if (unused->use_empty())
      unused->erase();
  return made.getResult(0);
}

/// The op that alone reads elements of `result`, if it is element-wise, in the same places.
static linalg::GenericOp soleReader(OpResult result) {
  SmallVector<OpOperand *> uses;
  for (OpOperand &use : result.getUses())
    if (!isa<tensor::DimOp>(use.getOwner()))
      uses.push_back(&use);
  auto reader = uses.size() == 1 ? dyn_cast<linalg::GenericOp>(uses[0]->getOwner()) : linalg::GenericOp();
  if (!reader || reader->getBlock() != result.getOwner()->getBlock() || reader.getNumDpsInits() != 1 ||
      reader.getNumReductionLoops() || reader.hasIndexSemantics())
    return {};
  OpOperand &use = *uses[0], &init = *reader.getDpsInitOperand(0);
  auto isWhole = [&](OpOperand &operand) { return reader.getMatchingIndexingMap(&operand).isIdentity(); };
  bool plain = llvm::all_of(reader.getIndexingMapsArray(), [](AffineMap m) { return m.isProjectedPermutation(); });
  return plain && isWhole(use) && isWhole(init) && &use != &init && !reader.payloadUsesValueFromOperand(&init)
             ? reader
             : linalg::GenericOp();
}

void Expansion::takeReaders() {
  DominanceInfo order;
  for (unsigned i : written)
    while (linalg::GenericOp reader = soleReader(cast<OpResult>(resultOf(i)))) {
      Value made = resultOf(i);
      bool known = llvm::all_of(reader->getOperands(), [&](Value v) {
        return v == made || v == reader.getOutputs()[0] || order.properlyDominates(v, op);
      });
      if (!known)
        break;
      readers[i].push_back(reader);
    }
}

void Expansion::putSlices(scf::ForallOp loop, const Part &part, ValueRange slices) {
  b.setInsertionPointToEnd(loop.getTerminator().getBody());
  for (auto [i, into] : llvm::enumerate(loop.getRegionIterArgs())) {
    SmallVector<OpFoldResult> strides(part.sizes[i].size(), b.getIndexAttr(1));
    tensor::ParallelInsertSliceOp::create(b, loc, slices[i], into, part.offsets[i], part.sizes[i], strides);
  }
}
