// Products of single warps, by mma.sync, among tiles in registers.
#include "lib/Codegen/Gpu/Fragments.h"
#include "lib/Codegen/Gpu/ProductTiles.h"
#include "lib/Codegen/Gpu/TileCode.h"
#include "mlir/Dialect/MemRef/IR/MemRef.h"
using namespace mlir;
using namespace strand;
namespace {
constexpr int64_t columnsOfStep = fragment.rows, valuesOfFragment = 4, depthOfStep = 16;
} // namespace

/// A product with those behind it that are added to the same tile and have its sizes, if some share a factor: those of
/// parts. Else the product alone.
SmallVector<const TileStep *> TileCode::productsFrom(const TileStep &step) const {
  SmallVector<const TileStep *> all;
  DenseSet<Value> firsts;
  bool isShared = false;
  auto outOf = [](Operation *op) { return tileOf(cast<linalg::LinalgOp>(op).getDpsInits()[0]); };
  Operation *begin = step.op;
  for (Operation *op = begin; op; op = op->getNextNode()) {
    const TileStep *next = program.stepOf(op);
    if (!next && (isMemoryEffectFree(op) || isa<memref::AllocOp>(op)))
      continue;
    if (!next || !next->isProduct || next->sizes != step.sizes || next->lines != step.lines ||
        outOf(op) != outOf(begin))
      break;
    all.push_back(next);
    isShared |= !firsts.insert(tileOf(factorsOf(*next).first->get())).second;
  }
  all.truncate(isShared ? all.size() : 1);
  return all;
}

void TileCode::emitProduct(const TileStep &step) {
  if (isOfGroup(factorsOf(step)))
    return emitGroupProduct(step, factorsOf(step));
  if (multiplied.erase(step.op))
    return;
  SmallVector<const TileStep *> steps = productsFrom(step);
  for (const TileStep *other : ArrayRef(steps).drop_front())
    multiplied.insert(other->op);
  // Small ones first over all of the depth: what is added to large sums is cut off. Beside products of warpgroups,
  // which do all at each step as well where words of parts are in registers, these are of few rows, and twice is too
  // much code for ptxas to keep in its registers.
  if (steps.size() > 1 && !program.wgmma) {
    multiplyByWarps(ArrayRef(steps).drop_back());
    at = at.again(); // words are not kept for the last one
    steps = {steps.back()};
  }
  multiplyByWarps(steps);
}

/// Products of the same sizes into one tile. Of all of them 16 of the depth at a time: the words of each factor, which
/// several may share, are in registers only then.
void TileCode::multiplyByWarps(ArrayRef<const TileStep *> steps) {
  struct Product {
    Factors factors;
    Value first, second;
  };
  SmallVector<Product> products;
  for (const TileStep *step : steps) {
    Factors factors = factorsOf(*step);
    products.push_back(
        {factors, program.sourceOf(tileOf(factors.first->get())), program.sourceOf(tileOf(factors.second->get()))});
  }
  linalg::LinalgOp op = steps.front()->op;
  Value out = tileOf(op.getDpsInits()[0]);
  SmallVector<Value> sums = valuesOf(out);
  for (unsigned time = 0; time < 2; ++time) // again: another may have needed a barrier behind what is read
    for (const Product &p : products) {
      planeOf(p.second);
      if (!isHeldAlong(p.first, p.factors.firstAlongRows) && kept.lookup(p.first).empty())
        planeOf(p.first);
    }
  int64_t lines = products[0].factors.lines, fragments = products[0].factors.columns / columnsOfStep;
  using Side = std::pair<Value, unsigned>; // a tile and which of its dimensions is the depth
  for (int64_t k = 0; k < products[0].factors.depth / depthOfStep; ++k) {
    DenseMap<Side, SmallVector<Words>> firsts; // of each fragment along lines
    for (const Product &p : products) {
      SmallVector<Words> &known = firsts[{p.first, p.factors.firstAlongRows}];
      if (known.empty())
        for (int64_t f = 0; f < at.fragmentsOfThread(lines); ++f)
          known.push_back(firstFactor(p.first, p.factors.firstAlongRows, lines, f, k));
    }
    for (int64_t n = 0; n < fragments; n += 2) {
      DenseMap<Side, Words> seconds;
      for (const Product &p : products) {
        Words &both = seconds[{p.second, p.factors.depthIsRows}];
        if (both.empty())
          both = at.secondFactor(planeOf(p.second), p.factors.depthIsRows, n / 2, k);
      }
      for (int64_t f = 0; f < at.fragmentsOfThread(lines); ++f)
        for (int64_t which : {0, 1}) {
          auto here = MutableArrayRef(sums).slice((f * fragments + n + which) * valuesOfFragment, valuesOfFragment);
          for (const Product &p : products) {
            ArrayRef<Value> columns = firsts[{p.first, p.factors.firstAlongRows}][f];
            ArrayRef<Value> rows = ArrayRef(seconds[{p.second, p.factors.depthIsRows}]).slice(2 * which, 2);
            llvm::copy(multiplyFragments(b, columns, rows, here), here.begin());
          }
        }
    }
    parts = {};
    for (const Product &p : products) // parts are many words: others read them anew
      if (program.partOf(p.first))
        loaded.erase(p.first);
  }
  put(out, std::move(sums));
}
