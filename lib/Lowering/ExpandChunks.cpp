// strand-expand-chunks: the loops around what an op says about one tile.
#include "dialects/Strand/Rows.h"
#include "lib/Lowering/Notes.h"
#include "lib/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Bufferization/IR/Bufferization.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
using namespace mlir;
namespace strand {
#define GEN_PASS_DEF_EXPANDCHUNKS
#include "lib/Passes.h.inc"
namespace {

/// One op on its way to loops. Results come before carried states in all lists. States that count rows are not carried:
/// blocks share them, so they are read where they were before the op, and raised when all blocks are done.
class Expansion {
public:
  Expansion(ChunkOpInterface op, const ChunkOptions &options)
      : op(op), stream(cast<StreamOpInterface>(op.getOperation())), options(options), b(op), loc(op.getLoc()),
        states(llvm::to_vector(OperandRange(stream.getStatesMutable()))), specs(stream.getStateSpecs()),
        outputs(op->getNumResults() - states.size()) {
    for (auto [i, spec] : llvm::enumerate(specs))
      if (spec.growth != Growth::Count && !(states.empty() && op.readsEarlierRows()))
        carried.push_back(i);
  }
  void run();

private:
  /// The loops of one sequence and block: what its part of `whole` becomes.
  struct Part {
    Value sequence, block, first, rows, slot;
    SmallVector<Value> counts;                             // of each state: the rows seen before, if it counts them
    SmallVector<SmallVector<OpFoldResult>> offsets, sizes; // of each slice of a result or carried state
  };

  Value index(int64_t i) { return indexConstant(b, loc, i); }
  Value rowsOperand();
  SmallVector<Value> destinations();
  Part openPart(Value sequence, Value block);
  SmallVector<Value> takeSlices(const Part &part, ValueRange whole);
  SmallVector<Value> emitTiles(const Part &part, SmallVector<Value> slices);
  Value rowsToAlignment(const Part &part);
  SmallVector<Value> emitLoop(const Part &part, Value from, Value to, int64_t length, ValueRange slices);
  SmallVector<Value> emitTile(const Part &part, Value at, int64_t length, ValueRange slices);
  void putSlices(scf::ForallOp loop, const Part &part, ValueRange slices);
  Value raised(Value counts);

  ChunkOpInterface op;
  StreamOpInterface stream;
  const ChunkOptions &options;
  OpBuilder b;
  Location loc;
  SmallVector<Value> states;
  SmallVector<StateSpec> specs;
  SmallVector<unsigned> carried; // states that the loops carry
  unsigned outputs;
};

void Expansion::run() {
  SmallVector<Value> into = destinations();
  Value sequences = arith::SubIOp::create(b, loc, numRows(b, loc, stream.getOffsets()), index(1));
  SmallVector<OpFoldResult> counts{sequences, b.getIndexAttr(op.getBlocks(options))};
  auto loop = scf::ForallOp::create(b, loc, counts, into, std::nullopt);
  b.setInsertionPoint(loop.getTerminator());
  Part part = openPart(loop.getInductionVar(0), loop.getInductionVar(1));
  SmallVector<Value> slices = takeSlices(part, loop.getRegionIterArgs());
  putSlices(loop, part, emitTiles(part, std::move(slices)));
  b.setInsertionPointAfter(loop);
  SmallVector<Value> values(loop.getResults().take_front(outputs));
  llvm::append_range(values, states);
  for (auto [i, state] : llvm::zip(carried, loop.getResults().drop_front(outputs)))
    if (!states.empty())
      values[outputs + i] = state;
  for (unsigned i = 0; i < states.size(); ++i)
    if (specs[i].growth == Growth::Count)
      values[outputs + i] = raised(states[i]);
  op->replaceAllUsesWith(values);
  op->erase();
}

/// The rows that each sequence has seen, after the op.
Value Expansion::raised(Value counts) {
  Value offsets = stream.getOffsets(), slots = OperandRange(stream.getSlotsMutable())[0];
  Value sequences = arith::SubIOp::create(b, loc, numRows(b, loc, offsets), index(1));
  auto loop = scf::ForOp::create(b, loc, index(0), sequences, index(1), counts);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  Value s = loop.getInductionVar(), soFar = loop.getRegionIterArg(0), slot = indexAt(b, loc, slots, s);
  auto at = [&](Value from, Value i) -> Value { return tensor::ExtractOp::create(b, loc, from, i); };
  Value begin = at(offsets, s), end = at(offsets, arith::AddIOp::create(b, loc, s, index(1)));
  Value count = arith::AddIOp::create(b, loc, at(soFar, slot), arith::SubIOp::create(b, loc, end, begin));
  scf::YieldOp::create(b, loc, tensor::InsertOp::create(b, loc, count, soFar, slot).getResult());
  return loop.getResult(0);
}

/// The operand that says how many rows the results have: the first with an unknown dimension 0.
Value Expansion::rowsOperand() {
  for (Value v : op->getOperands())
    if (auto type = dyn_cast<RankedTensorType>(v.getType()); type && type.getRank() && v != stream.getOffsets() && type.isDynamicDim(0))
      return v;
  return op->getOperand(0);
}

SmallVector<Value> Expansion::destinations() {
  SmallVector<Value> into;
  for (Value result : op->getResults().take_front(outputs))
    into.push_back(emptyRows(b, loc, rowsOperand(), itemShape(result), rowsType(result).getElementType()));
  for (unsigned i : carried)
    if (!states.empty())
      into.push_back(states[i]);
  return into;
}

Expansion::Part Expansion::openPart(Value sequence, Value block) {
  Part part{sequence, block, indexAt(b, loc, stream.getOffsets(), sequence), {}, {}, {}, {}, {}};
  Value end = indexAt(b, loc, stream.getOffsets(), arith::AddIOp::create(b, loc, sequence, index(1)));
  part.rows = arith::SubIOp::create(b, loc, end, part.first);
  if (!states.empty())
    part.slot = indexAt(b, loc, OperandRange(stream.getSlotsMutable())[0], sequence);
  auto add = [&](Slice slice, OpFoldResult at, OpFoldResult count) {
    SmallVector<OpFoldResult> offsets{at}, sizes{count};
    llvm::append_range(offsets, slice.offsets);
    llvm::append_range(sizes, getAsIndexOpFoldResult(b.getContext(), slice.sizes));
    part.offsets.push_back(std::move(offsets));
    part.sizes.push_back(std::move(sizes));
  };
  for (unsigned i = 0; i < outputs; ++i)
    add(op.getResultSlice(b, i, block, options), part.first, part.rows);
  for (auto [i, spec] : llvm::enumerate(specs)) {
    bool counts = spec.growth == Growth::Count;
    part.counts.push_back(!counts ? Value() : states.empty() ? index(0) : indexAt(b, loc, states[i], part.slot));
  }
  for (unsigned i : carried) {
    if (states.empty())
      break;
    Slice slice = op.getStateSlice(b, i, block, options);
    if (specs[i].growth == Growth::Cache) { // all cache rows of the slot
      slice.offsets.insert(slice.offsets.begin(), b.getIndexAttr(0));
      slice.sizes.insert(slice.sizes.begin(), ShapedType::kDynamic);
    }
    add(slice, part.slot, b.getIndexAttr(1));
    if (specs[i].growth == Growth::Cache)
      part.sizes.back()[1] = tensor::DimOp::create(b, loc, states[i], 1).getResult();
  }
  return part;
}

/// Slices of results keep dimension 0, the rows of the sequence; those of states lose it, the slot.
SmallVector<Value> Expansion::takeSlices(const Part &part, ValueRange whole) {
  SmallVector<Value> slices;
  for (auto [i, v] : llvm::enumerate(whole)) {
    SmallVector<int64_t> shape;
    for (OpFoldResult size : part.sizes[i])
      shape.push_back(getConstantIntValue(size).value_or(ShapedType::kDynamic));
    if (i >= outputs)
      shape.erase(shape.begin());
    auto type = RankedTensorType::get(shape, rowsType(v).getElementType());
    SmallVector<OpFoldResult> strides(part.sizes[i].size(), b.getIndexAttr(1));
    slices.push_back(tensor::ExtractSliceOp::create(b, loc, type, v, part.offsets[i], part.sizes[i], strides));
  }
  if (states.empty()) // the whole-sequence form begins at the initial values
    for (unsigned i : carried)
      slices.push_back(filled(b, loc, op.getStateSlice(b, i, part.block, options).sizes,
                              arith::ConstantOp::create(b, loc, specs[i].initial)));
  return slices;
}

/// Tiles of each length while so many rows are left.
SmallVector<Value> Expansion::emitTiles(const Part &part, SmallVector<Value> slices) {
  SmallVector<int64_t> lengths = options.singleRow ? SmallVector<int64_t>{1} : op.getTileLengths(options);
  Value at = index(0);
  if (lengths.front() > 1)
    if (Value aligned = rowsToAlignment(part)) {
      slices = emitLoop(part, at, aligned, 1, slices);
      at = aligned;
    }
  for (int64_t length : lengths) {
    Value end = part.rows;
    if (length > 1) {
      Value rest = arith::RemUIOp::create(b, loc, arith::SubIOp::create(b, loc, part.rows, at), index(length));
      end = arith::SubIOp::create(b, loc, part.rows, rest);
    }
    slices = emitLoop(part, at, end, length, slices);
    at = end;
  }
  return slices;
}

/// How many rows of the part come before the first place where a tile of several rows may begin; none if it is 0.
Value Expansion::rowsToAlignment(const Part &part) {
  int64_t alignment = op.getTileAlignment();
  if (alignment == 1 || states.empty()) // without states a sequence begins at its row 0
    return {};
  Value seen = *llvm::find_if(part.counts, [](Value count) { return bool(count); });
  Value behind = arith::RemUIOp::create(b, loc, seen, index(alignment));
  Value left = arith::RemUIOp::create(b, loc, arith::SubIOp::create(b, loc, index(alignment), behind), index(alignment));
  return arith::MinUIOp::create(b, loc, left, part.rows);
}

SmallVector<Value> Expansion::emitLoop(const Part &part, Value from, Value to, int64_t length, ValueRange slices) {
  auto loop = scf::ForOp::create(b, loc, from, to, index(length), slices);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPointToStart(loop.getBody());
  SmallVector<Value> next = emitTile(part, loop.getInductionVar(), length, loop.getRegionIterArgs());
  scf::YieldOp::create(b, loc, next);
  return llvm::to_vector_of<Value>(loop.getResults());
}

SmallVector<Value> Expansion::emitTile(const Part &part, Value at, int64_t length, ValueRange slices) {
  SmallVector<Value> tiles;
  SmallVector<SmallVector<OpFoldResult>> offsets;
  SmallVector<SmallVector<int64_t>> sizes;
  for (Value v : slices.take_front(outputs)) {
    SmallVector<OpFoldResult> place(rowsType(v).getRank(), b.getIndexAttr(0));
    place[0] = at;
    SmallVector<int64_t> size{length};
    llvm::append_range(size, itemShape(v));
    tiles.push_back(slice(b, loc, v, place, size));
    offsets.push_back(place);
    sizes.push_back(size);
  }
  Value row = arith::AddIOp::create(b, loc, part.first, at);
  SmallVector<Value> of;
  ValueRange left = slices.drop_front(outputs);
  for (auto [i, count] : llvm::enumerate(part.counts)) {
    if (count) {
      of.push_back(arith::AddIOp::create(b, loc, count, at));
    } else if (llvm::is_contained(carried, i)) {
      of.push_back(left.front());
      left = left.drop_front();
    }
  }
  SmallVector<Value> next = op.emitTile(b, row, length, part.block, tiles, of, options);
  for (unsigned i = 0; i < outputs; ++i)
    next[i] = unslice(b, loc, next[i], slices[i], offsets[i], sizes[i]);
  return next;
}

void Expansion::putSlices(scf::ForallOp loop, const Part &part, ValueRange slices) {
  b.setInsertionPointToEnd(loop.getTerminator().getBody());
  for (auto [i, into] : llvm::enumerate(loop.getRegionIterArgs())) {
    SmallVector<OpFoldResult> strides(part.sizes[i].size(), b.getIndexAttr(1));
    tensor::ParallelInsertSliceOp::create(b, loc, slices[i], into, part.offsets[i], part.sizes[i], strides);
  }
}

struct ExpandChunks : impl::ExpandChunksBase<ExpandChunks> {
  using ExpandChunksBase::ExpandChunksBase;
  void runOnOperation() override {
    ChunkOptions options;
    options.vectorWidth = vectorBits / 32;
    options.tileLength = tileLength;
    options.singleRow = getOperation()->hasAttr("strand.single_row");
    SmallVector<ChunkOpInterface> ops;
    getOperation().walk([&](ChunkOpInterface op) { ops.push_back(op); });
    Builder b(&getContext());
    for (ChunkOpInterface op : ops) {
      SmallVector<int64_t> lengths = op.getTileLengths(options);
      if (lengths.empty())
        continue;
      noteForm(op, options.singleRow ? "step" : lengths.front() == 1 ? "step loop" : "chunk",
               {b.getNamedAttr("tile", b.getI64IntegerAttr(options.singleRow ? 1 : lengths.front())),
                b.getNamedAttr("blocks", b.getI64IntegerAttr(op.getBlocks(options)))},
               op.isFallback());
      Expansion(op, options).run();
    }
  }
};
} // namespace
} // namespace strand
