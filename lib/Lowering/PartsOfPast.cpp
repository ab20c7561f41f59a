// Few rows over a long cache: blocks that see a part of the cache each, where tiles alone would be too few for a
// device.
//
//   parts    a block for each sequence, head, tile and part: what the part makes of the tile's rows, part after part
//   joined   a block for each row, by the op
// How many parts there are is known before the call: from its rows and sequences, and the places of the cache.
#include "lib/Lowering/CostModel.h"
#include "lib/Lowering/Expansion.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
using namespace mlir;
namespace strand {

class PartsOfPast {
public:
  explicit PartsOfPast(Expansion &x)
      : x(x), b(x.b), loc(x.loc), shapes(x.op.getShapesOfParts(x.options)), length(x.longestTile()) {
    Value cache;
    for (auto [state, spec] : llvm::zip(x.states, x.specs))
      if (spec.growth == Growth::Cache)
        cache = b.createOrFold<tensor::DimOp>(loc, state, 1);
    tiles = x.numParts();
    rows = numRows(b, loc, x.rowsOperand());
    sequences = x.numSequences();
    blocks = x.op.getBlocks(x.options);
    parts = emitPartsOfPast(b, loc, sequences, tiles, blocks, cache);
  }

  Value pay() {
    Value several = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ugt, parts, x.index(1));
    return arith::AndIOp::create(b, loc, several, x.tilesFit());
  }
  SmallVector<Value> write(ValueRange into) { return joined(made(), into); }

private:
  SmallVector<Value> made();
  SmallVector<Value> joined(ValueRange made, ValueRange into);

  Expansion &x;
  OpBuilder &b;
  Location loc;
  SmallVector<SmallVector<int64_t>> shapes;
  int64_t length, blocks;
  Value tiles, rows, sequences, parts;
};

/// What each part makes of each row.
SmallVector<Value> PartsOfPast::made() {
  Value all = arith::MinUIOp::create(b, loc, arith::MulIOp::create(b, loc, parts, rows),
                                     x.index(mostRowsOfParts(blocks, length)));
  SmallVector<Value> into;
  for (ArrayRef<int64_t> shape : shapes) {
    SmallVector<int64_t> full{ShapedType::kDynamic};
    llvm::append_range(full, shape);
    into.push_back(tensor::EmptyOp::create(b, loc, full, rowsType(x.op->getResult(0)).getElementType(), all));
  }
  // one number for all, so that there is a bound on how many blocks there are: those of a sequence, part and head,
  // which read the same rows, lie beside each other
  Value tasks = arith::MulIOp::create(b, loc, parts, arith::MulIOp::create(b, loc, sequences, tiles));
  tasks = arith::MulIOp::create(b, loc, tasks, x.index(blocks));
  tasks = arith::MinUIOp::create(b, loc, tasks, x.index(mostBlocksOfParts()));
  SmallVector<Value> past = x.op.emitPast(b, x.options);
  auto loop = scf::ForallOp::create(b, loc, SmallVector<OpFoldResult>{tasks}, into, std::nullopt);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPoint(loop.getTerminator());
  Value rest = loop.getInductionVar(0);
  auto digit = [&](Value count) -> Value {
    Value number = arith::RemUIOp::create(b, loc, rest, count);
    rest = arith::DivUIOp::create(b, loc, rest, count);
    return number;
  };
  Value tileNumber = digit(tiles), block = digit(x.index(blocks)), number = digit(parts), sequence = rest;
  Expansion::Part part = x.partOfSequence(sequence, block, tileNumber, tiles);
  x.addPast(part, past, sequence);
  Value first = arith::AddIOp::create(b, loc, arith::MulIOp::create(b, loc, number, rows), part.first);
  for (auto [i, shape] : llvm::enumerate(shapes))
    x.addSlice(part, x.op.getSliceOfPart(b, i, block, x.options), first, part.rows);
  SmallVector<Value> own = x.takeSlices(part, loop.getRegionIterArgs(), shapes.size());
  own = x.emitLoop(x.index(0), part.rows, length, own, [&](Value at, int64_t, ValueRange carried) {
    TilePart tile = x.ownRows(part, at, length);
    tile.number = number;
    tile.parts = parts;
    SmallVector<Value> places;
    for (unsigned i = 0; i < shapes.size(); ++i) {
      SmallVector<int64_t> size{length};
      llvm::append_range(size, x.op.getSliceOfPart(b, i, block, x.options).sizes);
      places.push_back(emptyTensor(b, loc, size, rowsType(carried[i]).getElementType()));
    }
    Value row = arith::AddIOp::create(b, loc, part.first, at);
    SmallVector<Value> next =
        x.op.emitPartOfTile(b, row, length, block, places, x.statesOfTile(part, at, {}), x.options, tile);
    for (auto [v, into] : llvm::zip_equal(next, carried))
      v = x.putOwnRows(tile, v, into, at);
    return next;
  });
  x.putSlices(loop, part, own);
  return llvm::to_vector_of<Value>(loop.getResults());
}

SmallVector<Value> PartsOfPast::joined(ValueRange made, ValueRange into) {
  auto loop = scf::ForallOp::create(b, loc, SmallVector<OpFoldResult>{rows}, into, std::nullopt);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPoint(loop.getTerminator());
  Value row = loop.getInductionVar(0);
  SmallVector<Value> ofRow, places;
  for (auto [v, shape] : llvm::zip_equal(made, shapes)) { // part after part
    SmallVector<OpFoldResult> at(rowsType(v).getRank(), b.getIndexAttr(0)), steps(at.size(), b.getIndexAttr(1)),
        sizes{parts};
    at[0] = row;
    steps[0] = rows;
    SmallVector<int64_t> all{ShapedType::kDynamic};
    llvm::append_range(all, shape);
    llvm::append_range(sizes, getAsIndexOpFoldResult(b.getContext(), shape));
    auto type = RankedTensorType::get(all, rowsType(v).getElementType());
    ofRow.push_back(tensor::ExtractSliceOp::create(b, loc, type, v, at, sizes, steps));
  }
  auto rowOf = [&](Value v) {
    SmallVector<OpFoldResult> at(rowsType(v).getRank(), b.getIndexAttr(0));
    at[0] = row;
    SmallVector<int64_t> sizes = llvm::to_vector(rowsType(v).getShape());
    sizes[0] = 1;
    return std::pair(at, sizes);
  };
  for (Value v : loop.getRegionIterArgs()) {
    auto [at, sizes] = rowOf(v);
    places.push_back(slice(b, loc, v, at, sizes));
  }
  SmallVector<Value> tiles;
  for (unsigned i = 0; i < x.results; ++i) {
    SmallVector<int64_t> size{1};
    llvm::append_range(size, itemShape(x.op->getResult(i)));
    bool direct = llvm::is_contained(x.written, i) && x.readers[i].empty();
    tiles.push_back(direct ? places[llvm::find(x.written, i) - x.written.begin()]
                           : emptyTensor(b, loc, size, rowsType(x.op->getResult(i)).getElementType()));
  }
  SmallVector<Value> rowsMade = x.op.emitJoinedParts(b, ofRow, tiles);
  SmallVector<Value> read = x.readTiles(rowsMade, places, [&](unsigned i) { return rowOf(x.op->getResult(i)).first; });
  b.setInsertionPointToEnd(loop.getTerminator().getBody());
  for (auto [v, to] : llvm::zip_equal(read, loop.getRegionIterArgs())) {
    auto [at, sizes] = rowOf(to);
    SmallVector<OpFoldResult> ones(at.size(), b.getIndexAttr(1));
    tensor::ParallelInsertSliceOp::create(b, loc, v, to, at, getAsIndexOpFoldResult(b.getContext(), sizes), ones);
  }
  return llvm::to_vector_of<Value>(loop.getResults());
}

SmallVector<Value> Expansion::partsOrChunks(ValueRange into) {
  PartsOfPast ofPast(*this);
  return oneOf(ofPast.pay(), into, [&] { return ofPast.write(into); }, [&] { return chunks(into); });
}
} // namespace strand
