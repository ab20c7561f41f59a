#include "lib/Codegen/Gpu/TileProgram.h"
#include "dialects/Tile/Tile.h"
#include "lib/Codegen/Gpu/Fragments.h"
#include "lib/Codegen/Gpu/OwnElements.h"
#include "lib/Codegen/Gpu/ProductTiles.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
#include "mlir/IR/IRMapping.h"
using namespace mlir;
using namespace strand;
namespace {
std::string toText(Type type) {
  std::string text;
  llvm::raw_string_ostream(text) << type;
  return text;
}
} // namespace

Value strand::tileOf(Value v) {
  for (;;) {
    Operation *op = v.getDefiningOp();
    if (isa_and_present<memref::ExpandShapeOp, memref::CollapseShapeOp>(op)) {
      if (tileShape(v) != tileShape(op->getOperand(0)))
        return v;
    } else if (auto part = dyn_cast_if_present<memref::SubViewOp>(op)) {
      MemRefType whole = part.getSourceType();
      bool isWhole = whole.hasStaticShape() && part.getType().hasStaticShape() &&
                     whole.getNumElements() == part.getType().getNumElements();
      if (!isWhole)
        return v;
    } else if (!isa_and_present<memref::CastOp>(op)) {
      return v;
    }
    v = op->getOperand(0);
  }
}

SmallVector<int64_t> strand::tileShape(Value buffer) {
  SmallVector<int64_t> shape;
  for (int64_t size : cast<MemRefType>(buffer.getType()).getShape())
    if (size != 1)
      shape.push_back(size);
  return shape;
}

SmallVector<unsigned> TileStep::loopsOf(OpOperand &operand) const {
  SmallVector<unsigned> all;
  linalg::LinalgOp linalgOp = op;
  for (AffineExpr e : linalgOp.getMatchingIndexingMap(&operand).getResults())
    if (auto dim = dyn_cast<AffineDimExpr>(e))
      if (std::optional<unsigned> loop = loops[dim.getPosition()])
        all.push_back(*loop);
  return all;
}

TileSum TileSum::of(linalg::LinalgOp op, unsigned i) {
  BlockArgument output = op.getBlock()->getArgument(op.getNumDpsInputs() + i);
  Operation *made = op.getBlock()->getTerminator()->getOperand(i).getDefiningOp();
  if (!made || made->getNumOperands() != 2 || !output.hasOneUse())
    return {};
  for (unsigned side : {0u, 1u})
    if (made->getOperand(side) == output)
      return {made, output, made->getOperand(1 - side)};
  return {};
}

Value TileSum::combine(OpBuilder &b, Value x, Value y) const {
  IRMapping inside;
  inside.map(output, x);
  inside.map(term, y);
  return b.clone(*op, inside)->getResult(0);
}

bool TileProgram::isLocal(Value tile) const {
  Operation *alloc = tile.getDefiningOp();
  return isa_and_present<memref::AllocOp>(alloc) && loop->getParentOp()->isAncestor(alloc);
}

bool TileProgram::arrives(Value source) const {
  Value origin = originOf(source);
  SmallVector<int64_t> shape = tileShape(origin);
  Type type = getElementTypeOrSelf(origin);
  Operation *view = origin.getDefiningOp();
  constexpr int64_t bytesOfLoad = 16;
  bool isPlane = shape.size() == 2 && (type.isBF16() || partOf(source)) &&
                 hasAlignedLines(origin, bytesOfLoad * 8 / type.getIntOrFloatBitWidth());
  bool fits = isPlane || (shape.size() == 1 && type.isF32());
  return fits && isInput(source) && view && loop->isProperAncestor(view);
}

bool TileProgram::isInput(Value tile) const {
  return parts.contains(tile) || (!writes.contains(tile) && !isLocal(tile));
}

bool TileProgram::isRead(Value tile) const {
  return anyStep([&](const TileStep &step) {
    linalg::LinalgOp op = step.op;
    return llvm::any_of(op.getDpsInputs(), [&](Value v) { return isa<MemRefType>(v.getType()) && tileOf(v) == tile; });
  });
}

bool TileProgram::isNoCode(linalg::LinalgOp op) const {
  return llvm::all_of(op.getDpsInits(), [&](Value init) {
    Value tile = tileOf(init);
    return aliases.contains(tile) || parts.contains(tile);
  });
}

SetVector<Value> TileProgram::writtenIn(Operation *op) const {
  SetVector<Value> tiles;
  op->walk([&](linalg::LinalgOp inner) {
    if (rowsOf(inner))
      return;
    for (Value init : inner.getDpsInits())
      if (Value tile = tileOf(init); !aliases.contains(tile) && !parts.contains(tile))
        tiles.insert(tile);
  });
  return tiles;
}

std::optional<TileProgram> TileProgram::of(scf::ForOp loop, Refuse refuse) {
  TileProgram program(loop);
  if (!program.read(*loop.getBody(), refuse))
    return {};
  program.findCopies();
  if (!program.checkProducts(refuse) || !program.chooseLines(refuse) || !program.chooseWarps(refuse))
    return {};
  return program;
}

bool TileProgram::read(Block &block, Refuse refuse) {
  for (Operation &op : block.without_terminator()) {
    auto copy = dyn_cast<linalg::CopyOp>(op);
    if (std::optional<TileRows> some = copy ? TileRows::of(copy, loop) : std::nullopt) {
      rows.insert({&op, *some});
    } else if (auto linalgOp = dyn_cast<linalg::LinalgOp>(op)) {
      if (!readStep(linalgOp, refuse))
        return false;
    } else if (auto inner = dyn_cast<scf::ForOp>(op)) {
      if (inner.getNumRegionIterArgs())
        return refuse(&op, "a loop that carries numbers"), false;
      if (!read(*inner.getBody(), refuse))
        return false;
    } else if (auto inverse = dyn_cast<tile::InverseOp>(op)) {
      if (!readInto(inverse.getInto(), block, refuse))
        return false;
      for (Value into : inverse.getInto())
        inverses.insert(tileOf(into));
    } else if (auto decayed = dyn_cast<tile::DecayedScoresOp>(op)) {
      if (!readInto(decayed.getInto(), block, refuse))
        return false;
      scores.push_back(decayed);
    } else if (auto alloc = dyn_cast<memref::AllocOp>(op)) {
      if (!alloc.getType().hasStaticShape())
        return refuse(&op, "a buffer of unknown size"), false;
    } else if (!isa<memref::LoadOp>(op) && (op.getNumRegions() || !isMemoryEffectFree(&op))) {
      return refuse(&op, "it touches memory in another way than as tiles"), false;
    }
  }
  return true;
}

/// Tiles that an op of the tile dialect makes.
bool TileProgram::readInto(ValueRange into, Block &block, Refuse refuse) {
  for (Value v : into) {
    Value tile = tileOf(v);
    if (!isLocal(tile) || tile.getParentBlock() != &block || writes.contains(tile))
      return refuse(v.getDefiningOp(), "a result of an op on tiles that other rounds of the loop see"), false;
    ++writes[tile];
  }
  return true;
}

bool TileProgram::readStep(linalg::LinalgOp op, Refuse refuse) {
  TileStep step;
  step.op = op;
  for (auto [size, kind] : llvm::zip_equal(op.getStaticLoopRanges(), op.getIteratorTypesArray())) {
    if (ShapedType::isDynamic(size))
      return refuse(op, "a loop without a known length"), false;
    step.loops.push_back(size == 1 ? std::nullopt : std::optional<unsigned>(step.sizes.size()));
    if (size == 1)
      continue;
    step.sizes.push_back(size);
    step.kinds.push_back(kind);
  }
  for (OpOperand &operand : op->getOpOperands()) {
    auto type = dyn_cast<MemRefType>(operand.get().getType());
    if (type && step.loopsOf(operand).size() != tileShape(operand.get()).size())
      return refuse(op, "an operand that is not read in its loops' order"), false;
  }
  step.isProduct =
      step.sizes.size() == 3 && op.getNumDpsInputs() == 2 && op.getNumDpsInits() == 1 && isMultiplyAdd(op.getBlock());
  if (!step.isProduct && step.sizes.size() > 2)
    return refuse(op, "three loops that are no product"), false;
  for (OpOperand &operand : op->getOpOperands())
    if (step.isProduct && step.loopsOf(operand).size() != 2)
      return refuse(op, "a product of other than two matrices"), false;
  if (!step.isProduct && !canBeSummed(step, refuse))
    return false;
  for (Value init : op.getDpsInits())
    ++writes[tileOf(init)];
  steps.insert({op, std::move(step)});
  return true;
}

/// Whether threads can find the sums of an op with two loops or fewer.
bool TileProgram::canBeSummed(const TileStep &step, Refuse refuse) {
  constexpr int64_t lanes = 32;
  linalg::LinalgOp op = step.op;
  for (OpOperand &operand : op->getOpOperands())
    if (SmallVector<unsigned> loops = step.loopsOf(operand); loops.size() == 2 && loops[0] == loops[1])
      return refuse(op, "a diagonal"), false;
  unsigned reductions = llvm::count(step.kinds, utils::IteratorType::reduction);
  if (!reductions)
    return true;
  if (step.sizes.size() == 2 && reductions == 2)
    return refuse(op, "a sum over all of a matrix"), false;
  bool toNumber = step.sizes.size() == 1;
  if (toNumber && (op.getNumDpsInits() != 1 || (step.sizes[0] % lanes && !llvm::isPowerOf2_64(step.sizes[0]))))
    return refuse(op, "a sum of " + Twine(step.sizes[0]) + " numbers"), false;
  for (auto [i, init] : llvm::enumerate(op.getDpsInitsMutable()))
    if (step.loopsOf(init).size() < step.sizes.size() && !TileSum::of(op, i).op)
      return refuse(op, "a combination that is not of two numbers at a time"), false;
  return true;
}

/// Whether elements of `op`'s only output are those of its only input, perhaps as another type.
static bool isCopy(const TileStep &step) {
  linalg::LinalgOp op = step.op;
  if (op.getNumDpsInputs() != 1 || op.getNumDpsInits() != 1 || op.getNumReductionLoops() || isa<linalg::FillOp>(op) ||
      step.loopsOf(*op.getDpsInputOperand(0)) != step.loopsOf(*op.getDpsInitOperand(0)))
    return false;
  Value v = op.getBlock()->getTerminator()->getOperand(0);
  if (isa_and_present<arith::ExtFOp, arith::TruncFOp>(v.getDefiningOp()))
    v = v.getDefiningOp()->getOperand(0);
  return v == op.getBlock()->getArgument(0);
}

void TileProgram::findCopies() {
  loop->walk([&](linalg::LinalgOp op) {
    if (rowsOf(op))
      return;
    const TileStep &step = steps.find(op)->second;
    findParts(step);
    if (!isCopy(step))
      return;
    Value from = sourceOf(tileOf(op.getDpsInputs()[0])), to = tileOf(op.getDpsInits()[0]);
    Type source = getElementTypeOrSelf(from), target = getElementTypeOrSelf(to);
    if (!isInput(from) || !isLocal(to) || writes.lookup(to) != 1)
      return;
    if (target == source || (target.isF32() && source.isBF16()))
      aliases[to] = from;
  });
  for (auto [tile, source] : aliases)
    writes.erase(tile);
  constexpr size_t allOfF32 = 3;
  for (auto &[tile, part] : parts) {
    writes.erase(tile);
    if (SmallVector<Value> &before = whole[part.input]; part.number == before.size() && isRead(tile))
      before.push_back(tile);
  }
  whole.remove_if([](auto &parts) { return parts.second.size() < allOfF32; });
}

bool strand::yieldsParts(linalg::LinalgOp op) {
  Value rest, before;
  for (Value v : op.getBlock()->getTerminator()->getOperands()) {
    auto rounded = v.getDefiningOp<arith::TruncFOp>();
    if (!rounded || !v.getType().isBF16() || !rounded.getIn().getType().isF32())
      return false;
    rest = rest ? rest : rounded.getIn();
    if (before) { // rest - before
      auto difference = rounded.getIn().getDefiningOp<arith::SubFOp>();
      auto kept = difference ? difference.getRhs().getDefiningOp<arith::ExtFOp>() : arith::ExtFOp();
      if (!kept || difference.getLhs() != rest || kept.getIn() != before)
        return false;
      rest = difference;
    } else if (rounded.getIn() != rest) {
      return false;
    }
    before = v;
  }
  return rest != nullptr;
}

/// Whether what an op rounds first is what it reads.
static bool roundsArgument(linalg::LinalgOp op) {
  auto rounded = op.getBlock()->getTerminator()->getOperand(0).getDefiningOp<arith::TruncFOp>();
  return rounded.getIn() == op.getBlock()->getArgument(0);
}

void TileProgram::findParts(const TileStep &step) {
  linalg::LinalgOp op = step.op;
  if (isa<linalg::FillOp>(op) || op.getNumDpsInputs() != 1 || op.getNumReductionLoops() || step.sizes.size() != 2 ||
      !isa<MemRefType>(op.getDpsInputs()[0].getType()) || !yieldsParts(op) || !roundsArgument(op))
    return;
  Value input = sourceOf(tileOf(op.getDpsInputs()[0]));
  bool fits = isInput(input) && !parts.contains(input) && getElementTypeOrSelf(input).isF32();
  for (OpOperand &init : op.getDpsInitsMutable()) {
    Value tile = tileOf(init.get());
    fits &= getElementTypeOrSelf(tile).isBF16() && isLocal(tile) && writes.lookup(tile) == 1 &&
            step.loopsOf(init) == step.loopsOf(*op.getDpsInputOperand(0));
  }
  for (auto [number, init] : llvm::enumerate(op.getDpsInits()))
    if (fits)
      parts[tileOf(init)] = {input, unsigned(number)};
}

bool TileProgram::checkProducts(Refuse refuse) const {
  for (auto &[op, step] : steps) {
    linalg::LinalgOp linalgOp = step.op;
    for (Value init : linalgOp.getDpsInits())
      if (Type type = getElementTypeOrSelf(init); !type.isF32() && !type.isBF16())
        return refuse(op, "a tile of " + toText(type)), false;
    for (Value factor : linalgOp.getDpsInputs()) {
      if (!step.isProduct) {
        if (isa<MemRefType>(factor.getType()) && isInverse(tileOf(factor)))
          return refuse(op, "it reads elements of an inverse"), false;
        continue;
      }
      if (!checkFactor(op, factor, refuse))
        return false;
    }
  }
  for (tile::DecayedScoresOp op : scores)
    for (OpOperand *factor : op.getDpsInputOperands())
      if (isInverse(tileOf(factor->get())) || !checkFactor(op, factor->get(), refuse))
        return false;
  return true;
}

bool TileProgram::checkFactor(Operation *op, Value factor, Refuse refuse) const {
  Value source = sourceOf(tileOf(factor));
  if (!getElementTypeOrSelf(source).isBF16())
    return refuse(op, "a factor in " + toText(getElementTypeOrSelf(source))), false;
  if (!isInput(source) || arrives(source))
    return true;
  Operation *view = source.getDefiningOp();
  if (!view || !loop->isProperAncestor(view))
    return refuse(op, "a factor that is all of a buffer from outside, and no part of it"), false;
  return refuse(op, "a factor whose rows are not aligned to 16 bytes"), false;
}

namespace {
/// Tiles and steps that have the same lines, or the opposite.
class SameLines {
public:
  /// The one that stands for all that are tied to `v`, and whether v's lines are the other ones.
  std::pair<void *, bool> find(void *v) {
    bool turned = false;
    while (true) {
      auto [next, by] = parents.try_emplace(v, v, false).first->second;
      if (next == v)
        return {v, turned};
      v = next, turned ^= by;
    }
  }
  void tie(void *x, void *y, bool turned) {
    auto [a, byA] = find(x);
    auto [c, byC] = find(y);
    if (a != c)
      parents[a] = {c, turned ^ byA ^ byC};
  }
  DenseMap<void *, std::pair<void *, bool>> parents;
};
} // namespace

/// Tries all ways and takes the one by which least goes through shared memory.
bool TileProgram::chooseLines(Refuse refuse) {
  SameLines same;
  DenseMap<Operation *, unsigned> wanted; // of steps with a reduction: the loop that must lie along lines
  SetVector<Value> tiles;
  auto isHeld = [&](Value tile) { return tileShape(tile).size() == 2 && !isInput(sourceOf(tile)) && !isInverse(tile); };
  for (auto &[op, step] : steps) {
    for (OpOperand &operand : op->getOpOperands()) {
      if (!isa<MemRefType>(operand.get().getType()) || !isHeld(tileOf(operand.get())) ||
          aliases.contains(tileOf(operand.get())))
        continue;
      Value tile = tileOf(operand.get());
      tiles.insert(tile);
      if (!step.isProduct)
        same.tie(tile.getAsOpaquePointer(), op, step.loopsOf(operand)[0] != 0);
    }
    if (!step.isProduct && step.sizes.size() == 2)
      for (unsigned loop : {0u, 1u})
        if (step.isReduction(loop))
          wanted[op] = 1 - loop;
  }
  for (tile::DecayedScoresOp op : scores) {
    for (Value into : op.getInto()) {
      tiles.insert(tileOf(into));
      same.tie(tileOf(into).getAsOpaquePointer(), op, false);
    }
    wanted[op] = 0;
  }
  SetVector<void *> classes;
  for (Value tile : tiles)
    classes.insert(same.find(tile.getAsOpaquePointer()).first);
  for (auto [op, loop] : wanted)
    classes.insert(same.find(op).first);
  unsigned fixed = 0, begin = 0; // classes that have to be held in one way, and which
  constexpr size_t mostClasses = 32, mostFree = 12;
  if (classes.size() <= mostClasses)
    for (auto [op, loop] : wanted) {
      auto [root, turned] = same.find(op);
      unsigned bit = 1u << (llvm::find(classes, root) - classes.begin());
      fixed |= bit;
      begin = loop ^ unsigned(turned) ? begin | bit : begin & ~bit;
    }
  if (classes.size() > mostClasses || classes.size() - llvm::popcount(fixed) > mostFree)
    return refuse(loop, "more tiles than ways to hold them are tried for"), false;
  auto linesBy = [&](void *v, unsigned choice) -> unsigned {
    auto [root, turned] = same.find(v);
    auto at = llvm::find(classes, root);
    return ((choice >> (at - classes.begin())) & 1) ^ unsigned(turned);
  };
  auto linesOfTile = [&](Value tile, unsigned choice) { return linesBy(tile.getAsOpaquePointer(), choice); };
  auto costOf = [&](unsigned choice) -> std::optional<int64_t> {
    int64_t cost = 0;
    for (auto [op, loop] : wanted)
      if (linesBy(op, choice) != loop)
        return {};
    for (auto &[op, step] : steps) {
      if (!step.isProduct)
        continue;
      linalg::LinalgOp product = step.op;
      OpOperand &out = *product.getDpsInitOperand(0);
      unsigned line = step.loopsOf(out)[linesOfTile(tileOf(out.get()), choice)];
      for (OpOperand *factor : product.getDpsInputOperands()) {
        Value tile = tileOf(factor->get());
        if (isInput(sourceOf(tile)) || isInverse(tile))
          continue;
        unsigned lines = linesOfTile(tile, choice);
        SmallVector<unsigned> loops = step.loopsOf(*factor);
        int64_t elements = step.sizes[loops[0]] * step.sizes[loops[1]];
        bool inRegisters = loops[lines] == line;
        cost += inRegisters ? 0 : lines == 0 ? 2 * elements : 4 * elements; // in words or in halves of words
      }
    }
    for (Value tile : tiles) // stores of neighbours, where lines are rows
      cost += !isLocal(tile) && linesOfTile(tile, choice) ? 1 : 0;
    return cost;
  };
  std::optional<int64_t> best;
  unsigned choice = 0;
  unsigned all = classes.size() == mostClasses ? ~0u : (1u << classes.size()) - 1, free = all & ~fixed, more = 0;
  do { // all subsets of those that are free, the smallest number first
    if (std::optional<int64_t> cost = costOf(begin | more); cost && (!best || *cost < *best))
      best = cost, choice = begin | more;
    more = (more - free) & free;
  } while (more);
  if (!best)
    return refuse(loop, "a tile is summed up along both of its dimensions"), false;
  for (Value tile : tiles)
    lines[tile] = linesOfTile(tile, choice);
  for (auto &[op, step] : steps) {
    if (step.isProduct) {
      OpOperand &out = *cast<linalg::LinalgOp>(op).getDpsInitOperand(0);
      step.lines = step.loopsOf(out)[linesOf(tileOf(out.get()))];
    } else if (step.sizes.size() == 2) {
      step.lines = linesBy(op, choice);
    }
  }
  return true;
}

/// As many warps as all lines can be shared out among, evenly or each to several, up to those of one warpgroup.
bool TileProgram::chooseWarps(Refuse refuse) {
  constexpr int64_t lineStep = fragment.columns, columnStep = 16;
  SmallVector<int64_t> counts; // of fragments along lines
  for (auto &[op, step] : steps) {
    for (auto [loop, size] : llvm::enumerate(step.sizes))
      if (size % columnStep)
        return refuse(op, "a size of " + Twine(size) + ", which is no multiple of " + Twine(columnStep)), false;
    if (isNoCode(step.op))
      continue;
    if (step.sizes.size() >= 2)
      counts.push_back(step.sizes[step.lines] / lineStep);
    for (Value init : step.op.getDpsInits())
      if (SmallVector<int64_t> shape = tileShape(init); shape.size() == 1)
        counts.push_back(shape[0] / lineStep);
  }
  for (tile::DecayedScoresOp op : scores)
    counts.push_back(op.rows() / lineStep);
  for (int64_t n : {4, 2, 1})
    if (llvm::all_of(counts, [&](int64_t count) { return count % n == 0 || n % count == 0; })) {
      warps = n;
      return true;
    }
  return refuse(loop, "no number of warps"), false;
}
