// strand-block-products: a product's whole tiles as a parallel loop, the rest of its rows as a product.
#include "dialects/Strand/Rows.h"
#include "lib/Lowering/NarrowProducts.h"
#include "lib/Lowering/Notes.h"
#include "lib/Passes.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/SCF/IR/SCF.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/IRMapping.h"
#include "llvm/Support/FormatVariadic.h"
using namespace mlir;
namespace strand {
#define GEN_PASS_DEF_BLOCKPRODUCTS
#include "lib/Passes.h.inc"
namespace {

class Blocked {
public:
  Blocked(Product p, int64_t rows, int64_t columns, int64_t depth)
      : p(p), reader(elementWiseReaderOf(p.op)), last(reader ? reader.getOperation() : p.op.getOperation()), b(last),
        loc(p.op.getLoc()), R(rows), C(columns), D(depth) {}

  void write() {
    Value x = p.rows->get(), count = numRows(b, loc, x);
    Value rest = arith::RemUIOp::create(b, loc, count, index(R)), whole = arith::SubIOp::create(b, loc, count, rest);
    Value y = tiles(whole);
    y = restOf(y, whole, rest);
    p.op->getResult(0).replaceUsesWithIf(x, [](OpOperand &use) { return asksForRows(use.getOwner()); });
    last->getResult(0).replaceAllUsesWith(y);
    last->erase();
    if (reader)
      p.op->erase();
  }

private:
  Value tiles(Value whole);
  Value tile(Value firstRow, Value firstColumn, Value into);
  Value restOf(Value y, Value whole, Value rest);
  Value made(Value sums, Value into);

  Value index(int64_t i) { return indexConstant(b, loc, i); }
  Value times(Value x, int64_t n) { return arith::MulIOp::create(b, loc, x, index(n)); }
  int64_t sizeOf(unsigned loop) { return p.op.getStaticLoopRanges()[loop]; }

  Product p;
  linalg::GenericOp reader;
  Operation *last; // what makes the result
  OpBuilder b;
  Location loc;
  int64_t R, C, D;
};

/// What the reader makes of sums.
Value Blocked::made(Value sums, Value into) {
  IRMapping values;
  values.map(reader.getDpsInputs()[0], sums);
  values.map(reader.getDpsInits()[0], into);
  Value result = b.clone(*reader, values)->getResult(0);
  result.setType(into.getType());
  return result;
}

/// The tile at `firstRow` and `firstColumn`.
Value Blocked::tile(Value firstRow, Value firstColumn, Value into) {
  // a loop of one round: what a block does with its tiles is what strand-register-tiles takes
  Value end = arith::AddIOp::create(b, loc, firstRow, index(R));
  return emitLoop(b, loc, firstRow, end, R, into, [&](Value row, ValueRange into) -> SmallVector<Value> {
    Value zero = floatConstant(b, loc, b.getF32Type(), 0);
    Value sums = reader ? filled(b, loc, {R, C}, zero) : filledInto(b, loc, zero, into[0]);
    sums = emitLoop(b, loc, index(0), index(sizeOf(p.k)), D, sums, [&](Value k, ValueRange sums) -> SmallVector<Value> {
      Value x = slice(b, loc, p.rows->get(), {row, k}, {R, D});
      Value w = slice(b, loc, p.matrix->get(), {firstColumn, k}, {C, D});
      return {contract(b, loc, x, "mk", w, "nk", sums[0], "mn")};
    })[0];
    return {reader ? made(sums, into[0]) : sums};
  })[0];
}

/// The rows up to `whole`.
Value Blocked::tiles(Value whole) {
  Value y = reader ? reader.getDpsInits()[0] : p.op.getDpsInits()[0].getDefiningOp<linalg::FillOp>().getOutputs()[0];
  SmallVector<OpFoldResult> counts{arith::DivUIOp::create(b, loc, whole, index(R)).getResult(),
                                   b.getIndexAttr(sizeOf(p.n) / C)};
  auto loop = scf::ForallOp::create(b, loc, counts, y, std::nullopt);
  OpBuilder::InsertionGuard guard(b);
  b.setInsertionPoint(loop.getTerminator());
  Value into = loop.getRegionIterArgs()[0], row = times(loop.getInductionVar(0), R),
        column = times(loop.getInductionVar(1), C);
  SmallVector<OpFoldResult> offsets{row, column}, sizes{b.getIndexAttr(R), b.getIndexAttr(C)},
      strides(2, b.getIndexAttr(1));
  Value part = tile(row, column, slice(b, loc, into, offsets, {R, C}));
  b.setInsertionPointToEnd(loop.getTerminator().getBody());
  tensor::ParallelInsertSliceOp::create(b, loc, part, into, offsets, sizes, strides);
  return loop.getResult(0);
}

/// y with its last `rest` rows, behind the `whole` ones.
Value Blocked::restOf(Value y, Value whole, Value rest) {
  SmallVector<OpFoldResult> offsets{whole, b.getIndexAttr(0)}, strides(2, b.getIndexAttr(1));
  auto sizes = [&](unsigned loop) { return SmallVector<OpFoldResult>{rest, b.getIndexAttr(sizeOf(loop))}; };
  Value x = tensor::ExtractSliceOp::create(b, loc, p.rows->get(), offsets, sizes(p.k), strides);
  Value into = tensor::ExtractSliceOp::create(b, loc, y, offsets, sizes(p.n), strides);
  IRMapping values;
  values.map(p.rows->get(), x);
  Value sums = reader ? tensor::EmptyOp::create(b, loc, sizes(p.n), b.getF32Type()).getResult() : into;
  sums = filledInto(b, loc, floatConstant(b, loc, b.getF32Type(), 0), sums);
  values.map(p.op.getDpsInits()[0], sums);
  sums = b.clone(*p.op, values)->getResult(0);
  return tensor::InsertSliceOp::create(b, loc, reader ? made(sums, into) : sums, y, offsets, sizes(p.n), strides);
}

struct BlockProducts : impl::BlockProductsBase<BlockProducts> {
  using BlockProductsBase::BlockProductsBase;

  void runOnOperation() override {
    if (getOperation()->hasAttr("strand.single_row"))
      return;
    SmallVector<Product> products;
    getOperation().walk([&](linalg::GenericOp op) {
      std::optional<Product> p = productOf(op);
      if (!p || !isNarrowProduct(*p) || op->getParentOfType<scf::ForallOp>())
        return;
      std::string why = obstacleOf(*p);
      note(*p, why);
      if (why.empty())
        products.push_back(*p);
    });
    for (Product p : products) {
      int64_t n = p.op.getStaticLoopRanges()[p.n], wide = columns;
      while (n % wide)
        wide /= 2;
      Blocked(p, rows, wide, depth).write();
      ++numProducts;
    }
  }

  /// Why a product in bf16 stays as it is; empty if it does not.
  std::string obstacleOf(Product p) const {
    constexpr int64_t unit = 64;
    SmallVector<int64_t> sizes = p.op.getStaticLoopRanges();
    int64_t ofDepth = std::max<int64_t>(unit, depth);
    if (!isZeros(p.op.getDpsInits()[0]))
      return "it is added to other sums";
    if (sizes[p.n] % unit || sizes[p.k] % ofDepth)
      return llvm::formatv("{0} columns and a depth of {1}, which are no multiples of {2} and {3}", sizes[p.n],
                           sizes[p.k], unit, ofDepth)
          .str();
    return {};
  }

  void note(Product p, StringRef why) {
    Builder b(&getContext());
    SmallVector<int64_t> sizes = p.op.getStaticLoopRanges();
    SmallVector<NamedAttribute> facts{b.getNamedAttr("columns", b.getI64IntegerAttr(sizes[p.n])),
                                      b.getNamedAttr("depth", b.getI64IntegerAttr(sizes[p.k]))};
    llvm::append_range(facts, factsOfTiles(b, why.empty() ? StringRef(unknownTiles) : StringRef(why)));
    noteForm(p.op, "own kernels", facts);
  }
};
} // namespace
} // namespace strand
