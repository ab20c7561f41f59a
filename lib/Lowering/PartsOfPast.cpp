// Few rows over a long cache: blocks that see a part of the cache each, where tiles alone would be too few for a
// device.
//
//   parts    a block for each sequence, head, tile and part: what the part makes of the tile's rows, part after part
//   joined   a block for each row, by the op; where rows are few, for each row and head
// How many parts there are is known before the call: from its rows and sequences, and the places of the cache. Calls of
// fewer rows than a tile come this way even with one part: their rows are copied to where there is room for a tile.
#include "lib/Lowering/CostModel.h"
#include "lib/Lowering/Expansion.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"
using namespace mlir;
namespace strand {

class PartsOfPast {
public:
  /// `few`: for calls of fewer rows than a tile.
  PartsOfPast(Expansion &x, bool few)
      : x(x), b(x.b), loc(x.loc), shapes(x.op.getShapesOfParts(x.options)), length(x.longestTile()), few(few) {
    for (auto [state, spec] : llvm::zip(x.states, x.specs))
      if (spec.growth != Growth::Count)
        places = b.createOrFold<tensor::DimOp>(loc, state, 1);
    tiles = few ? x.index(1) : x.numParts();
    rows = numRows(b, loc, x.rowsOperand());
    sequences = x.numSequences();
    blocks = x.op.getBlocks(x.options);
    limits = limitsOfParts(x.options.singleRow, x.op.getBlocksTogether(x.options));
    parts = emitPartsOfPast(b, loc, limits, sequences, tiles, blocks, places);
  }

  Value pay() {
    Value several = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ugt, parts, x.index(1));
    return arith::AndIOp::create(b, loc, several, x.tilesFit());
  }
  /// Whether the call has some rows, fewer than a tile, and the cache places for one.
  Value isFew() {
    Value some = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ne, rows, x.index(0));
    Value isLess = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ult, rows, x.index(length));
    Value hasPlaces = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::uge, places, x.index(length));
    return arith::AndIOp::create(b, loc, some, arith::AndIOp::create(b, loc, isLess, hasPlaces));
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
  PartLimits limits;
  bool few;
  Value tiles, rows, sequences, places, parts; // places: of a cache or ring
  ChunkOpInterface withRoom();
};

/// What `rows` are widened from, or they themselves: who reads them before tiles do keeps tiles from reading that.
static Value beforeWidening(Value rows) {
  if (auto cast = rows.getDefiningOp<arith::ExtFOp>())
    return cast.getIn();
  auto op = rows.getDefiningOp<linalg::GenericOp>();
  if (!op || op.getNumDpsInputs() != 1 || op->getNumResults() != 1 ||
      !llvm::all_of(op.getIndexingMapsArray(), [](AffineMap m) { return m.isIdentity(); }))
    return rows;
  auto cast = op.getBody()->getTerminator()->getOperand(0).getDefiningOp<arith::ExtFOp>();
  return cast && cast.getIn() == op.getBody()->getArgument(0) ? op.getInputs()[0] : rows;
}

/// The op on copies of its rows, in which there is room for a tile; they begin as the rows do. A block copies a row, or
/// the last one to where there is none.
ChunkOpInterface PartsOfPast::withRoom() {
  SmallVector<OpOperand *> operands = x.op.getMultiplied();
  SmallVector<Value> into;
  for (OpOperand *operand : operands) {
    SmallVector<int64_t> shape{length + 1}; // of which a tile is a part, also where there is one head
    llvm::append_range(shape, itemShape(operand->get()));
    Type type = rowsType(operand->get()).getElementType();
    into.push_back(emptyTensor(b, loc, shape, isRounded(x.op) ? Type(b.getBF16Type()) : type));
  }
  auto loop = scf::ForallOp::create(b, loc, ArrayRef<OpFoldResult>{b.getIndexAttr(length)}, into, std::nullopt);
  {
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPoint(loop.getTerminator());
    Value row = loop.getInductionVar(0);
    Value from = arith::MinUIOp::create(b, loc, row, arith::SubIOp::create(b, loc, rows, x.index(1)));
    Expansion::Part part = x.partOf(row, x.index(1), {});
    SmallVector<Value> copies;
    for (auto [operand, place] : llvm::zip_equal(operands, loop.getRegionIterArgs())) {
      SmallVector<int64_t> item = itemShape(operand->get());
      Slice whole{SmallVector<OpFoldResult>(item.size(), b.getIndexAttr(0)), item};
      x.addSlice(part, whole, row, b.getIndexAttr(1));
      AffineMap map = b.getMultiDimIdentityMap(item.size());
      copies.push_back(generic(b, loc, takeRow(b, loc, beforeWidening(operand->get()), from),
                               takeRow(b, loc, place, row), {map, map}, std::string(item.size(), 'p'),
                               [](OpBuilder &b, Location loc, ValueRange v) -> SmallVector<Value> {
                                 return {castFloat(b, loc, v[0], v[1].getType())};
                               })[0]);
    }
    x.putSlices(loop, part, copies);
  }
  IRMapping copies;
  for (auto [operand, copy] : llvm::zip_equal(operands, loop.getResults())) {
    RankedTensorType type = rowsType(operand->get()), kept = rowsType(copy);
    AffineMap map = b.getMultiDimIdentityMap(kept.getRank());
    Value wide = copy;
    if (kept.getElementType() != type.getElementType()) // tiles see that it comes from bf16
      wide = generic(b, loc, copy, emptyTensor(b, loc, kept.getShape(), type.getElementType()), {map, map},
                     std::string(kept.getRank(), 'p'),
                     [&](OpBuilder &b, Location loc, ValueRange v) -> SmallVector<Value> {
                       return {castFloat(b, loc, v[0], v[1].getType())};
                     })[0];
    copies.map(operand->get(), wide);
  }
  return cast<ChunkOpInterface>(b.clone(*x.op, copies));
}

/// What each part makes of each row.
SmallVector<Value> PartsOfPast::made() {
  Value all =
      arith::MinUIOp::create(b, loc, arith::MulIOp::create(b, loc, parts, rows), x.index(limits.rows(blocks, length)));
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
  Value most = x.index(limits.blocks);
  if (few) // which may be more without parts
    most = arith::MaxUIOp::create(b, loc, most, arith::MulIOp::create(b, loc, sequences, x.index(blocks)));
  tasks = arith::MinUIOp::create(b, loc, tasks, most);
  SmallVector<Value> past = x.op.emitPast(b, x.options);
  ChunkOpInterface op = few ? withRoom() : x.op;
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
    TilePart tile = few ? TilePart{part.first, part.rows, {}, {}, true} : x.ownRows(part, at, length);
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
        op.emitPartOfTile(b, row, length, block, places, x.statesOfTile(part, at, {}), x.options, tile);
    for (auto [v, into] : llvm::zip_equal(next, carried))
      v = x.putOwnRows(tile, v, into, at);
    return next;
  });
  x.putSlices(loop, part, own);
  if (few)
    op.erase();
  return llvm::to_vector_of<Value>(loop.getResults());
}

SmallVector<Value> PartsOfPast::joined(ValueRange made, ValueRange into) {
  int64_t together = few || length == 1 ? 1 : shapes[0][0]; // heads, dimension 0 of what is made
  SmallVector<OpFoldResult> counts{rows, b.getIndexAttr(shapes[0][0] / together)};
  auto loop = scf::ForallOp::create(b, loc, counts, into, std::nullopt);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPoint(loop.getTerminator());
  Value row = loop.getInductionVar(0), head = startOf(b, loc, loop.getInductionVar(1), together);
  auto ofHeads = [&](ArrayRef<int64_t> shape) {
    Slice slice = headOf(b, shape, head);
    slice.sizes[0] = together;
    return slice;
  };
  SmallVector<Value> ofRow, places;
  for (auto [v, shape] : llvm::zip_equal(made, shapes)) { // part after part
    Slice slice = ofHeads(shape);
    SmallVector<OpFoldResult> at{row}, steps(rowsType(v).getRank(), b.getIndexAttr(1)), sizes{parts};
    steps[0] = rows;
    SmallVector<int64_t> all{ShapedType::kDynamic};
    llvm::append_range(all, slice.sizes);
    llvm::append_range(at, slice.offsets);
    llvm::append_range(sizes, getAsIndexOpFoldResult(b.getContext(), slice.sizes));
    auto type = RankedTensorType::get(all, rowsType(v).getElementType());
    ofRow.push_back(tensor::ExtractSliceOp::create(b, loc, type, v, at, sizes, steps));
  }
  Expansion::Part part = x.partOf(row, x.index(1), head);
  for (unsigned i : x.written)
    x.addSlice(part, ofHeads(itemShape(x.op->getResult(i))), row, b.getIndexAttr(1));
  auto sizesOf = [&](unsigned i) {
    SmallVector<int64_t> sizes{1};
    llvm::append_range(sizes, ofHeads(itemShape(x.op->getResult(i))).sizes);
    return sizes;
  };
  for (auto [i, v, at] : llvm::zip_equal(x.written, loop.getRegionIterArgs(), part.offsets))
    places.push_back(slice(b, loc, v, at, sizesOf(i)));
  SmallVector<Value> tiles;
  for (unsigned i = 0; i < x.results; ++i) {
    bool direct = llvm::is_contained(x.written, i) && x.readers[i].empty();
    tiles.push_back(direct ? places[llvm::find(x.written, i) - x.written.begin()]
                           : emptyTensor(b, loc, sizesOf(i), rowsType(x.op->getResult(i)).getElementType()));
  }
  SmallVector<Value> rowsMade = x.op.emitJoinedParts(b, ofRow, tiles);
  SmallVector<Value> read = x.readTiles(rowsMade, places, [&](unsigned i) {
    SmallVector<OpFoldResult> at{row};
    llvm::append_range(at, ofHeads(itemShape(x.op->getResult(i))).offsets);
    return at;
  });
  x.putSlices(loop, part, read);
  return llvm::to_vector_of<Value>(loop.getResults());
}

/// One of the ways, each by a branch of its own behind the other: results stay in place.
SmallVector<Value> Expansion::partsOrChunks(ValueRange into) {
  PartsOfPast ofPast(*this, /*few=*/false);
  Value several = ofPast.pay();
  if (longestTile() == 1)
    return oneOf(several, into, [&] { return ofPast.write(into); }, [&] { return chunks(into); });
  PartsOfPast ofFew(*this, /*few=*/true);
  Value few = ofFew.isFew(), inParts = arith::OrIOp::create(b, loc, few, several);
  SmallVector<Value> values =
      oneOf(few, into, [&] { return ofFew.write(into); }, [&] { return llvm::to_vector(into); });
  values = oneOf(several, values, [&] { return ofPast.write(values); }, [&] { return values; });
  return oneOf(inParts, values, [&] { return values; }, [&] { return chunks(values); });
}
} // namespace strand
