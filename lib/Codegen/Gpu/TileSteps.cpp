// The ops of a tile program, element by element, and products on tensor cores.
#include "lib/Codegen/Gpu/Fragments.h"
#include "lib/Codegen/Gpu/ProductTiles.h"
#include "lib/Codegen/Gpu/TileCode.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
using namespace mlir;
using namespace strand;
namespace {
constexpr int64_t columnsOfStep = fragment.rows, valuesOfFragment = 4, wordsOfFragment = 2, depthOfStep = 16;
} // namespace

void TileCode::emitStep(const TileStep &step) {
  linalg::LinalgOp op = step.op;
  if (program.isNoCode(op))
    return;
  if (isa<linalg::FillOp>(op))
    return emitFill(step);
  if (step.isProduct)
    return emitProduct(step);
  if (step.sizes.size() == 2) {
    emitMap(step);
    // registers are what there is least of: what is read in shared memory goes there at once, and inputs that lie there
    // are read anew
    for (Value init : op.getDpsInits())
      if (Value tile = tileOf(init); isSharedAtOnce(tile, op)) {
        shareTile(tile);
        held[tile].isParked = waits(tile, op);
      }
    for (OpOperand *input : op.getDpsInputOperands())
      if (step.loopsOf(*input).size() == 2)
        loaded.erase(program.sourceOf(tileOf(input->get())));
    return;
  }
  if (step.sizes.size() == 1 && step.isReduction(0))
    return emitTotal(step);
  emitLines(step);
}

void TileCode::emitFill(const TileStep &step) {
  linalg::LinalgOp op = step.op;
  Value tile = tileOf(op.getDpsInits()[0]);
  put(tile, {});
  held[tile].everywhere = asType(map.lookupOrDefault(op.getDpsInputs()[0]), b.getF32Type());
}

/// The body's results for one element; of sums the terms. Arguments that nothing reads are null.
SmallVector<Value> TileCode::evaluate(const TileStep &step, ArrayRef<Value> arguments, ArrayRef<Value> indices) {
  linalg::LinalgOp op = step.op;
  Block *body = op.getBlock();
  IRMapping inside(map);
  for (auto [argument, v] : llvm::zip_equal(body->getArguments(), arguments))
    if (v)
      inside.map(argument, asType(v, argument.getType()));
  SmallVector<TileSum> sums;
  for (auto [i, init] : llvm::enumerate(op.getDpsInitsMutable()))
    sums.push_back(step.loopsOf(init).size() < step.sizes.size() ? TileSum::of(op, i) : TileSum());
  for (Operation &inner : body->without_terminator()) {
    if (llvm::any_of(sums, [&](const TileSum &c) { return c.op == &inner; }))
      continue;
    if (auto index = dyn_cast<linalg::IndexOp>(inner)) {
      std::optional<unsigned> loop = step.loops[index.getDim()];
      Value v = loop ? indices[*loop] : at.number(0);
      inside.map(index.getResult(), arith::IndexCastOp::create(b, b.getIndexType(), v).getResult());
      continue;
    }
    b.clone(inner, inside);
  }
  SmallVector<Value> results;
  for (auto [i, v] : llvm::enumerate(body->getTerminator()->getOperands())) {
    Value result = inside.lookupOrDefault(sums[i].op ? sums[i].term : v);
    // rounding waits until the value is stored or multiplied
    if (auto rounded = result.getDefiningOp<arith::TruncFOp>(); rounded && rounded.getIn().getType().isF32())
      result = rounded.getIn();
    results.push_back(asType(result, b.getF32Type()));
  }
  return results;
}

/// The factor of each line, where all that an op does is to multiply a tile by it.
OpOperand *TileCode::scalesLines(const TileStep &step) {
  linalg::LinalgOp op = step.op;
  if (op.getNumDpsInits() != 1 || op.getNumDpsInputs() != 1 || step.sizes.size() != 2 ||
      step.isReduction(0) || step.isReduction(1))
    return nullptr;
  OpOperand *factor = op.getDpsInputOperand(0);
  auto product = op.getBlock()->getTerminator()->getOperand(0).getDefiningOp<arith::MulFOp>();
  auto isArgument = [&](Value v, unsigned i) { return v == op.getBlock()->getArgument(i); };
  bool multiplies = product && ((isArgument(product.getLhs(), 0) && isArgument(product.getRhs(), 1)) ||
                                (isArgument(product.getLhs(), 1) && isArgument(product.getRhs(), 0)));
  SmallVector<unsigned> loops = step.loopsOf(*factor);
  return multiplies && loops.size() == 1 && loops[0] == step.lines ? factor : nullptr;
}

void TileCode::emitMap(const TileStep &step) {
  linalg::LinalgOp op = step.op;
  SmallVector<SmallVector<Value>> results;
  if (OpOperand *factor = scalesLines(step)) { // mostly by 1, in attention, which is then done at once
    SmallVector<Value> before = valuesOf(tileOf(op.getDpsInits()[0]));
    Value one = arith::ConstantOp::create(b, b.getF32FloatAttr(1)), any;
    int64_t lines = step.sizes[step.lines];
    for (int64_t f = 0; f < at.fragmentsOfThread(lines); ++f)
      for (int64_t half : {0, 1}) {
        Value v = asType(ofLine(tileOf(factor->get()), lines, f, half), b.getF32Type());
        Value changes = arith::CmpFOp::create(b, arith::CmpFPredicate::UNE, v, one);
        any = any ? arith::OrIOp::create(b, any, changes).getResult() : changes;
      }
    auto branch = scf::IfOp::create(b, ValueRange(before).getTypes(), any, true);
    OpBuilder::InsertionGuard guard(b);
    b.setInsertionPointToEnd(branch.thenBlock());
    scf::YieldOp::create(b, resultsOfMap(step)[0]);
    b.setInsertionPointToEnd(branch.elseBlock());
    scf::YieldOp::create(b, before);
    results.push_back(llvm::to_vector_of<Value>(branch.getResults()));
  } else {
    results = resultsOfMap(step);
  }
  if (op.getNumDpsInits() > 1 && yieldsParts(op))
    return putParts(op, results);
  for (auto [init, values] : llvm::zip_equal(op.getDpsInits(), results))
    put(tileOf(init), std::move(values));
}

/// Parts of values, the largest first, which add up to them: words are made of the values, where they are multiplied.
void TileCode::putParts(linalg::LinalgOp op, ArrayRef<SmallVector<Value>> values) {
  for (auto [number, init] : llvm::enumerate(op.getDpsInits())) {
    Value tile = tileOf(init);
    put(tile, {});
    Held &h = held[tile];
    h.values = values[number];
    for (size_t i = 0; i < values[0].size(); i += 2)
      h.pairs.push_back({{values[0][i], values[0][i + 1]}, unsigned(number), unsigned(op.getNumDpsInits())});
  }
}

/// Over lines and columns; what has no columns is combined along them.
SmallVector<SmallVector<Value>> TileCode::resultsOfMap(const TileStep &step) {
  linalg::LinalgOp op = step.op;
  int64_t lines = step.sizes[step.lines], columns = step.sizes[1 - step.lines];
  unsigned outputs = op.getNumDpsInits(), inputs = op.getNumDpsInputs();
  SmallVector<SmallVector<Value>> results(outputs);
  auto isSum = [&](unsigned i) { return step.loopsOf(*op.getDpsInitOperand(i)).size() < 2; };
  // LLVM would add up 8 * n and what else is known in front of a loop, and keep a register for each n through it
  bool counts = !op.getBlock()->getOps<linalg::IndexOp>().empty();
  SmallVector<Value> columnOf;
  for (int64_t n = 0; n < columns / columnsOfStep; ++n)
    columnOf.push_back(counts ? pinned(b, at.column(n)) : at.column(n));
  for (int64_t f = 0; f < at.fragmentsOfThread(lines); ++f) {
    SmallVector<std::array<Value, 2>> sums(outputs);
    for (int64_t n = 0; n < columns / columnsOfStep; ++n)
      for (int64_t e = 0; e < valuesOfFragment; ++e) {
        SmallVector<Value> arguments, indices(2);
        indices[step.lines] = at.line(lines, f, e / 2);
        indices[1 - step.lines] = at.at().add(columnOf[n], e % 2);
        for (OpOperand &operand : op->getOpOperands()) {
          SmallVector<unsigned> loops = step.loopsOf(operand);
          bool summed = operand.getOperandNumber() >= inputs && isSum(operand.getOperandNumber() - inputs);
          if (summed || op.getMatchingBlockArgument(&operand).use_empty())
            arguments.push_back({}); // sums are combined behind the loop
          else if (!isa<MemRefType>(operand.get().getType()))
            arguments.push_back(map.lookupOrDefault(operand.get()));
          else if (loops.empty())
            arguments.push_back(number(tileOf(operand.get())));
          else if (loops.size() == 2)
            arguments.push_back(element(tileOf(operand.get()), loops[0] != step.lines, lines, {f, n, e}));
          else if (loops[0] == step.lines)
            arguments.push_back(ofLine(tileOf(operand.get()), lines, f, e / 2));
          else
            arguments.push_back(ofColumn(tileOf(operand.get()), n, e % 2));
        }
        SmallVector<Value> made = evaluate(step, arguments, indices);
        for (unsigned i = 0; i < outputs; ++i) {
          if (!isSum(i)) {
            results[i].push_back(made[i]);
            continue;
          }
          Value &sum = sums[i][e / 2];
          sum = sum ? TileSum::of(op, i).combine(b, sum, made[i]) : made[i];
        }
      }
    for (unsigned i = 0; i < outputs; ++i)
      for (int64_t half : {0, 1}) {
        if (!isSum(i))
          continue;
        TileSum combiner = TileSum::of(op, i);
        Value sum = sums[i][half];
        for (int64_t mask : {1, 2}) // the four threads that share a line
          sum = combiner.combine(b, sum, at.fromLane(sum, mask));
        results[i].push_back(combiner.combine(b, ofLine(tileOf(op.getDpsInits()[i]), lines, f, half), sum));
      }
  }
  return results;
}

/// Over lines alone, or over one element.
void TileCode::emitLines(const TileStep &step) {
  linalg::LinalgOp op = step.op;
  bool single = step.sizes.empty();
  int64_t lines = single ? 0 : step.sizes[0];
  SmallVector<SmallVector<Value>> results(op.getNumDpsInits());
  for (int64_t f = 0; f < (single ? 1 : at.fragmentsOfThread(lines)); ++f)
    for (int64_t half = 0; half < (single ? 1 : 2); ++half) {
      SmallVector<Value> arguments, indices;
      if (!single)
        indices.push_back(at.line(lines, f, half));
      for (OpOperand &operand : op->getOpOperands()) {
        if (op.getMatchingBlockArgument(&operand).use_empty())
          arguments.push_back({});
        else if (!isa<MemRefType>(operand.get().getType()))
          arguments.push_back(map.lookupOrDefault(operand.get()));
        else if (step.loopsOf(operand).empty())
          arguments.push_back(number(tileOf(operand.get())));
        else
          arguments.push_back(ofLine(tileOf(operand.get()), lines, f, half));
      }
      for (auto [all, v] : llvm::zip_equal(results, evaluate(step, arguments, indices)))
        all.push_back(v);
    }
  for (auto [init, values] : llvm::zip_equal(op.getDpsInits(), results))
    put(tileOf(init), std::move(values));
}

/// From rank 1 to one number, which each warp finds by itself.
void TileCode::emitTotal(const TileStep &step) {
  linalg::LinalgOp op = step.op;
  TileSum combiner = TileSum::of(op, 0);
  int64_t count = step.sizes[0], together = std::min(count, threadsOfWarp);
  Value sum;
  for (int64_t first = 0; first < count; first += together) {
    Value i = at.at().add(at.at().rem(at.lane, together), first);
    SmallVector<Value> arguments;
    for (OpOperand *input : op.getDpsInputOperands()) {
      Value tile = tileOf(input->get()), source = program.sourceOf(tile);
      if (step.loopsOf(*input).empty())
        arguments.push_back(number(tile));
      else if (program.isInput(source) && !program.arrives(source))
        arguments.push_back(loadDirect(source, {i}));
      else
        arguments.push_back(ofIndex(program.isInput(source) ? source : tile, i));
    }
    arguments.push_back({});
    Value term = evaluate(step, arguments, {i})[0];
    sum = sum ? combiner.combine(b, sum, term) : term;
  }
  for (int64_t mask = 1; mask < together; mask *= 2)
    sum = combiner.combine(b, sum, at.fromLane(sum, mask));
  Value tile = tileOf(op.getDpsInits()[0]);
  put(tile, {combiner.combine(b, number(tile), sum)});
}

/// Whether a first factor is held as sums are, with its lines along lines.
bool TileCode::isHeldAlong(Value tile, bool alongRows) const {
  return !program.isInput(tile) && !program.isInverse(tile) && (program.linesOf(tile) == 0) == alongRows;
}

/// Whether an op that takes many registers stands between the writer of a tile and what reads it.
bool TileCode::waits(Value tile, Operation *writer) const {
  bool takesMany = false;
  for (Operation *op = writer->getNextNode(); op; op = op->getNextNode()) {
    if (llvm::is_contained(llvm::map_range(op->getOperands(), tileOf), tile))
      return takesMany;
    takesMany |= isa<tile::InverseOp, tile::DecayedScoresOp>(op);
  }
  return false;
}

/// Whether all that reads a tile in bf16 takes it from shared memory, and there is room now: it is there anyway, or the
/// next product needs it.
bool TileCode::isSharedAtOnce(Value tile, Operation *writer) {
  if (!program.isLocal(tile) || !getElementTypeOrSelf(tile).isBF16() || tile.getParentBlock() != writer->getBlock())
    return false;
  bool isWaiting = waits(tile, writer);
  auto takes = [&](const TileStep &step, bool inRegisters) {
    linalg::LinalgOp op = step.op;
    return llvm::any_of(op.getDpsInputOperands(), [&](OpOperand *operand) {
      if (tileOf(operand->get()) != tile)
        return false;
      if (!step.isProduct)
        return inRegisters;
      Factors factors = factorsOf(step);
      bool isHeld = operand == factors.first && isHeldAlong(tile, factors.firstAlongRows);
      return (isHeld && !(isWaiting && isOfGroup(factors))) == inRegisters;
    });
  };
  Operation *next = writer->getNextNode();
  auto isPassed = [&](Operation *op) {
    const TileStep *step = program.stepOf(op);
    return step ? !step->isProduct : isMemoryEffectFree(op) || isa<memref::AllocOp>(op);
  };
  while (next && isPassed(next))
    next = next->getNextNode();
  const TileStep *step = next ? program.stepOf(next) : nullptr;
  bool isNext = step && takes(*step, false);
  return (isNext || findUnused(sharedBytesOf(tile), alignmentOf(tile))) &&
         program.anyStep([&](const TileStep &s) { return takes(s, false); }) &&
         !program.anyStep([&](const TileStep &s) { return takes(s, true); });
}

/// 16 lines of the first factor along 16 of the depth. `alongRows`: its lines are the rows of the tile.
TileCode::Words TileCode::firstFactor(Value tile, bool alongRows, int64_t lines, int64_t f, int64_t k) {
  bool isInput = program.isInput(tile);
  if (isHeldAlong(tile, alongRows) && !held[tile].pairs.empty())
    return llvm::map_to_vector(stepOf<PairInParts>(tile, held[tile].pairs, f, k),
                               [&](const PairInParts &pair) { return parts.of(at, pair); });
  if (isHeldAlong(tile, alongRows))
    return llvm::to_vector(stepOf<Value>(tile, wordsOf(tile), f, k));
  if (!isInput)
    return at.firstFactor(planeOf(tile), !alongRows, at.fragmentBegin(lines, f), k);
  int64_t number = numberOfWords(alongRows, f, k);
  if (Words words = kept[tile].lookup(number); !words.empty())
    return words;
  Plane plane = planeOf(tile);
  Words &known = loaded[tile][number];
  if (known.empty())
    known = at.firstFactor(plane, !alongRows, at.fragmentBegin(lines, f), k);
  return known;
}

/// Reads what products in `loop` multiply in all of its rounds, to be kept in registers through it, if these are free.
SmallVector<Value> TileCode::keepFactors(scf::ForOp loop) {
  constexpr int64_t mostKept = 144; // of 255 registers, with what is carried; scores and addresses take others
  SmallVector<Value> tiles;
  int64_t registers = 0;
  for (Value tile : carriedBy(loop))
    registers += slotsOf(tile);
  loop->walk([&](linalg::LinalgOp op) {
    const TileStep *step = program.stepOf(op);
    if (!step || !step->isProduct)
      return;
    Factors factors = factorsOf(*step);
    Value tile = program.sourceOf(tileOf(factors.first->get()));
    // some parts of three would take what others need, and half of the products would still read shared memory
    if (!program.isInput(tile) || program.partOf(tile) || !places.contains(tile) || llvm::is_contained(tiles, tile))
      return;
    int64_t words = at.fragmentsOfThread(factors.lines) * factors.depth / depthOfStep * 2 * wordsOfFragment;
    if (registers + words > mostKept)
      return;
    registers += words;
    loaded.erase(tile);
    for (int64_t k = 0; k < factors.depth / depthOfStep; ++k)
      for (int64_t f = 0; f < at.fragmentsOfThread(factors.lines); ++f)
        firstFactor(tile, factors.firstAlongRows, factors.lines, f, k);
    kept[tile] = loaded[tile];
    tiles.push_back(tile);
  });
  for (Value tile : tiles)
    if (isOnlyKept(tile, loop->getBlock()))
      givePlace(tile);
  return tiles;
}

/// Whether all that reads an input are loops in `around`, as a first factor of their products.
bool TileCode::isOnlyKept(Value tile, Block *around) const {
  return !program.hasScores() && !program.anyStep([&](const TileStep &step) {
    linalg::LinalgOp op = step.op;
    bool reads = llvm::any_of(op.getDpsInputs(), [&](Value v) { return program.sourceOf(tileOf(v)) == tile; }),
         writes = llvm::any_of(op.getDpsInits(), [&](Value v) { return program.sourceOf(tileOf(v)) == tile; });
    if (!reads || writes) // a copy is not made
      return false;
    if (!step.isProduct || !isa<scf::ForOp>(op->getParentOp()) || op->getParentOp()->getBlock() != around)
      return true;
    return program.sourceOf(tileOf(factorsOf(step).second->get())) == tile;
  });
}

/// The end of shared memory to others, where an input lies there that is in registers now.
void TileCode::givePlace(Value tile) {
  const Place &place = places[tile];
  if (place.begin + place.size != bytes)
    return;
  if (read.contains(place.number))
    barrier();
  bytes = place.begin;
  places.erase(tile);
}

TileCode::Factors TileCode::factorsOf(const TileStep &step) {
  linalg::LinalgOp op = step.op;
  OpOperand *first = op.getDpsInputOperand(0), *second = op.getDpsInputOperand(1);
  if (!llvm::is_contained(step.loopsOf(*first), step.lines))
    std::swap(first, second);
  SmallVector<unsigned> a = step.loopsOf(*first), c = step.loopsOf(*second);
  bool alongRows = a[0] == step.lines;
  unsigned depth = a[alongRows ? 1 : 0];
  bool depthIsRows = c[0] == depth;
  unsigned column = c[depthIsRows ? 1 : 0];
  return {first, second, alongRows, depthIsRows, step.sizes[step.lines], step.sizes[column], step.sizes[depth]};
}
