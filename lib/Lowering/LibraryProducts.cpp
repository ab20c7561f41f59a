// strand-library-products: the question to the library, and the product as it was in a branch behind it.
#include "dialects/Strand/Rows.h"
#include "dialects/Tile/Tile.h"
#include "lib/Lowering/CostModel.h"
#include "lib/Lowering/NarrowProducts.h"
#include "lib/Lowering/Notes.h"
#include "lib/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"
using namespace mlir;
namespace strand {
#define GEN_PASS_DEF_LIBRARYPRODUCTS
#include "lib/Passes.h.inc"
namespace {

/// A product, the element-wise op that alone reads it if there is one, from how many rows on the library is asked, and
/// whether sums begin at what is in their place instead of zeros.
struct Candidate {
  Product p;
  linalg::GenericOp reader;
  int64_t from;
  bool adds;

  Operation *last() { return reader ? reader.getOperation() : p.op.getOperation(); }
  int64_t sizeOf(unsigned loop) { return p.op.getStaticLoopRanges()[loop]; }
  /// Whether what reads the product is more than a library does.
  bool isReadAfter() { return reader && !isRounding(reader); }
};

std::optional<Candidate> candidateOf(linalg::GenericOp op) {
  constexpr int64_t unit = 8; // values of bf16 in 16 bytes
  std::optional<Product> p = productOf(op);
  if (!p || !isNarrowProduct(*p) || !isa<func::FuncOp>(op->getParentOp()))
    return {};
  SmallVector<int64_t> sizes = op.getStaticLoopRanges();
  int64_t n = sizes[p->n], k = sizes[p->k];
  std::optional<int64_t> from = leastRowsOfLibrary(n, k, op->getParentOp()->hasAttr("strand.single_row"));
  if (!from || n % unit || k % unit)
    return {};
  bool adds = !isZeros(op.getDpsInits()[0]);
  return Candidate{*p, adds ? linalg::GenericOp() : elementWiseReaderOf(op), *from, adds};
}

/// What the reader makes of sums, written into `y`.
Value read(OpBuilder &b, Candidate c, Value sums, Value y) {
  IRMapping values;
  values.map(c.p.op->getResult(0), sums);
  values.map(c.reader.getDpsInits()[0], y);
  return b.clone(*c.reader, values)->getResult(0);
}

/// All of it by own kernels, written into `y`.
Value otherwise(OpBuilder &b, Candidate c, Value y) {
  Location loc = c.p.op.getLoc();
  Value sums = c.reader ? emptyRows(b, loc, c.p.rows->get(), {c.sizeOf(c.p.n)}, b.getF32Type()) : y;
  if (!c.adds)
    sums = filledInto(b, loc, floatConstant(b, loc, b.getF32Type(), 0), sums);
  IRMapping values;
  values.map(c.p.op.getDpsInits()[0], sums);
  sums = b.clone(*c.p.op, values)->getResult(0);
  return c.reader ? read(b, c, sums, y) : sums;
}

void ask(Candidate c) {
  Operation *last = c.last();
  OpBuilder b(last);
  Location loc = c.p.op.getLoc();
  Value x = c.p.rows->get(), result = last->getResult(0), product = c.p.op->getResult(0);
  auto place = [&](Value like) { return emptyRows(b, loc, x, {c.sizeOf(c.p.n)}, getElementTypeOrSelf(like)); };
  Value into = c.adds ? c.p.op.getDpsInits()[0] : place(c.isReadAfter() ? product : result);
  Value y = c.isReadAfter() ? place(result) : Value();
  auto asked = tile::LibraryProductOp::create(b, loc, into.getType(), b.getI1Type(), x, c.p.matrix->get(), into,
                                              b.getI64IntegerAttr(c.from), c.adds ? b.getUnitAttr() : UnitAttr());
  Value done = asked.getResult();
  auto branch = scf::IfOp::create(
      b, loc, asked.getLeft(),
      [&](OpBuilder &b, Location loc) { scf::YieldOp::create(b, loc, otherwise(b, c, y ? y : done)); },
      [&](OpBuilder &b, Location loc) { scf::YieldOp::create(b, loc, y ? read(b, c, done, y) : done); });
  auto number = [&](StringRef name, int64_t v) { return b.getNamedAttr(name, b.getI64IntegerAttr(v)); };
  noteForm(asked, "library, or own kernels",
           {number("columns", c.sizeOf(c.p.n)), number("depth", c.sizeOf(c.p.k)), number("from_rows", c.from)});
  for (Value v : {result, product})
    v.replaceUsesWithIf(x, [](OpOperand &use) { return asksForRows(use.getOwner()); });
  result.replaceAllUsesWith(branch.getResult(0));
  last->erase();
  if (c.reader)
    c.p.op->erase();
}

struct LibraryProducts : impl::LibraryProductsBase<LibraryProducts> {
  void runOnOperation() override {
    SmallVector<Candidate> candidates;
    for (auto op : getOperation().getOps<linalg::GenericOp>())
      if (std::optional<Candidate> c = candidateOf(op))
        candidates.push_back(*c);
    for (const Candidate &c : candidates)
      ask(c);
    numProducts += candidates.size();
  }
};
} // namespace
} // namespace strand
