// Ops whose tiles do not need each other: a block for each sequence, block of the op and part of a sequence.
//
//   parts    tiles of the longest length, and what they leave of a sequence as one more, which ends with its last row
//   short    sequences that are shorter than such a tile, by blocks of their own, so that these are not what all blocks
//            take registers and memory for: a tile that rows of other sequences are in, or tiles of shorter lengths
//   results  of tiles that begin before their own rows, only these are written: nobody writes a row twice
#include "lib/Lowering/Expansion.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
using namespace mlir;
using namespace strand;

int64_t Expansion::longestTile() { return op.getTileLengths(options).front(); }

SmallVector<Value> Expansion::independentTiles(ValueRange into) {
  SmallVector<Value> past = readsPast ? op.emitPast(b, options) : SmallVector<Value>(), values;
  values = partsOfSequences(into, past);
  if (longestTile() == 1)
    return values;
  Value one = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, numSequences(), index(1));
  Value isLong =
      arith::CmpIOp::create(b, loc, arith::CmpIPredicate::uge, numRows(b, loc, rowsOperand()), index(longestTile()));
  return oneOf(
      arith::AndIOp::create(b, loc, one, isLong), values, [&] { return values; },
      [&] { return shortSequences(values, past); });
}

SmallVector<Value> Expansion::partsOfSequences(ValueRange into, ValueRange past) {
  Value parts = numParts();
  SmallVector<OpFoldResult> counts{numSequences(), b.getIndexAttr(op.getBlocks(options)), parts};
  auto loop = scf::ForallOp::create(b, loc, counts, into, std::nullopt);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPoint(loop.getTerminator());
  Value sequence = loop.getInductionVar(0), ofCall = rowsOf(sequence).second;
  Part part = partOfSequence(sequence, loop.getInductionVar(1), loop.getInductionVar(2), parts);
  int64_t length = longestTile();
  Value isLong = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::uge, ofCall, index(length));
  part.rows = arith::SelectOp::create(b, loc, isLong, part.rows, index(0));
  addResults(part);
  addPast(part, past, sequence);
  SmallVector<Value> slices = takeSlices(part, loop.getRegionIterArgs(), written.size());
  Value rest = arith::RemUIOp::create(b, loc, part.rows, index(length));
  Value whole = arith::SubIOp::create(b, loc, part.rows, rest);
  slices = emitLoop(index(0), whole, length, slices,
                    [&](Value at, int64_t length, ValueRange carried) { return emitTile(part, at, length, carried); });
  if (length > 1)
    slices = emitLoop(whole, part.rows, length, slices, [&](Value at, int64_t length, ValueRange carried) {
      Value count = arith::SubIOp::create(b, loc, part.rows, at);
      TilePart own{arith::SubIOp::create(b, loc, index(length), count), count, {}, {}};
      return emitPartOfTile(part, at, length, own, carried);
    });
  putSlices(loop, part, slices);
  return llvm::to_vector_of<Value>(loop.getResults());
}

SmallVector<Value> Expansion::shortSequences(ValueRange into, ValueRange past) {
  SmallVector<OpFoldResult> counts{numSequences(), b.getIndexAttr(op.getBlocks(options))};
  Value fit = tilesFit();
  auto loop = scf::ForallOp::create(b, loc, counts, into, std::nullopt);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPoint(loop.getTerminator());
  Value sequence = loop.getInductionVar(0);
  int64_t length = longestTile();
  Part part = partOfSequence(sequence, loop.getInductionVar(1), {}, {});
  Value isShort = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ult, part.rows, index(length));
  part.rows = arith::SelectOp::create(b, loc, isShort, part.rows, index(0));
  addResults(part);
  addPast(part, past, sequence);
  SmallVector<Value> slices = takeSlices(part, loop.getRegionIterArgs(), written.size());
  Value at = index(0);
  if (op.takesForeignRows(options)) {
    at = arith::SelectOp::create(b, loc, fit, part.rows, index(0));
    slices = emitLoop(index(0), at, length, slices, [&](Value at, int64_t length, ValueRange carried) {
      return emitPartOfTile(part, at, length, ownRows(part, at, length), carried);
    });
  }
  auto tile = [&](Value at, int64_t length, ValueRange carried) { return emitTile(part, at, length, carried); };
  for (int64_t shorter : ArrayRef(op.getTileLengths(options)).drop_front()) {
    // the last of several rows begins earlier where it is not whole
    Value several = index(shorter), left = arith::SubIOp::create(b, loc, part.rows, at);
    Value fill = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::uge, left, several);
    Value end = arith::SelectOp::create(b, loc, fill, part.rows, at),
          last = arith::SubIOp::create(b, loc, end, several);
    slices = emitLoop(at, end, shorter, slices, [&](Value at, int64_t length, ValueRange carried) {
      return tile(length > 1 ? arith::MinUIOp::create(b, loc, at, last).getResult() : at, length, carried);
    });
    at = end;
  }
  putSlices(loop, part, slices);
  return llvm::to_vector_of<Value>(loop.getResults());
}

/// As many parts as a sequence has tiles, if all are of one length, which is what is known before the call.
Value Expansion::numParts() {
  Value rows = numRows(b, loc, rowsOperand()), length = index(longestTile());
  Value sequences = arith::MaxUIOp::create(b, loc, numSequences(), index(1));
  Value parts = arith::CeilDivUIOp::create(b, loc, rows, arith::MulIOp::create(b, loc, sequences, length));
  return arith::MaxUIOp::create(b, loc, parts, index(1));
}

/// Part `number` of the `parts` of a sequence, each but the last in whole tiles; all of it if these are null.
Expansion::Part Expansion::partOfSequence(Value sequence, Value block, Value number, Value parts) {
  auto [first, rows] = rowsOf(sequence);
  Value seen = index(0);
  if (parts) {
    Value length = index(longestTile()), each = arith::CeilDivUIOp::create(b, loc, rows, parts);
    each = arith::MulIOp::create(b, loc, arith::CeilDivUIOp::create(b, loc, each, length), length);
    auto beginOf = [&](Value number) -> Value {
      return arith::MinUIOp::create(b, loc, arith::MulIOp::create(b, loc, number, each), rows);
    };
    seen = beginOf(number);
    rows = arith::SubIOp::create(b, loc, beginOf(arith::AddIOp::create(b, loc, number, index(1))), seen);
    first = arith::AddIOp::create(b, loc, first, seen);
  }
  Part part = partOf(first, rows, block);
  addCounts(part, sequence, seen);
  return part;
}

/// Whether a tile of the longest length can begin before any row such that it ends with the call's rows at the latest,
/// and places of a cache are as many.
Value Expansion::tilesFit() {
  Value most = numRows(b, loc, rowsOperand());
  for (auto [state, spec] : llvm::zip(states, specs))
    if (spec.growth == Growth::Cache)
      most = arith::MinUIOp::create(b, loc, most, b.createOrFold<tensor::DimOp>(loc, state, 1));
  return arith::CmpIOp::create(b, loc, arith::CmpIPredicate::uge, most, index(longestTile()));
}

/// Of a tile of `length` rows for those from row `at` of the part on: it ends with the call's rows at the latest.
TilePart Expansion::ownRows(const Part &part, Value at, int64_t length) {
  Value row = arith::AddIOp::create(b, loc, part.first, at), all = numRows(b, loc, rowsOperand());
  Value begin = arith::MinUIOp::create(b, loc, row, arith::SubIOp::create(b, loc, all, index(length)));
  Value left = arith::SubIOp::create(b, loc, part.rows, at);
  return {arith::SubIOp::create(b, loc, row, begin), arith::MinUIOp::create(b, loc, left, index(length)), {}, {}, true};
}

/// As emitTile, for a tile that fills places of its own, of which the rows that are the sequence's are written.
SmallVector<Value> Expansion::emitPartOfTile(const Part &part, Value at, int64_t length, const TilePart &own,
                                             ValueRange slices) {
  Value row = arith::AddIOp::create(b, loc, part.first, at);
  SmallVector<Value> tiles;
  for (unsigned i = 0; i < results; ++i) {
    SmallVector<int64_t> size{length};
    llvm::append_range(size, op.getResultSlice(b, i, part.block, options).sizes);
    tiles.push_back(emptyTensor(b, loc, size, rowsType(op->getResult(i)).getElementType()));
  }
  SmallVector<Value> made =
      op.emitPartOfTile(b, row, length, part.block, tiles, statesOfTile(part, at, {}), options, own);
  Value begin = arith::SubIOp::create(b, loc, row, own.skipped);
  SmallVector<Value> read =
      readTiles(made, SmallVector<Value>(written.size()), [&](unsigned i) { return placeOfTile(part, begin, i); });
  for (auto [tile, slice] : llvm::zip_equal(read, slices))
    tile = putOwnRows(own, tile, slice, at);
  return read;
}

/// The sequence's own rows of `tile` at row `at` of `into`.
Value Expansion::putOwnRows(const TilePart &own, Value tile, Value into, Value at) {
  int64_t rank = rowsType(tile).getRank();
  SmallVector<OpFoldResult> from(rank, b.getIndexAttr(0)), to(rank, b.getIndexAttr(0)), ones(rank, b.getIndexAttr(1)),
      sizes = getAsIndexOpFoldResult(b.getContext(), rowsType(tile).getShape());
  from[0] = own.skipped;
  to[0] = at;
  sizes[0] = own.count;
  Value rows = tensor::ExtractSliceOp::create(b, loc, tile, from, sizes, ones);
  Value place = tensor::ExtractSliceOp::create(b, loc, into, to, sizes, ones);
  Value copy = linalg::CopyOp::create(b, loc, rows, place).getResult(0);
  return tensor::InsertSliceOp::create(b, loc, copy, into, to, sizes, ones);
}
