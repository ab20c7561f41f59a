// A warp's sums stay in registers, so its tile is as large as these allow: each value of the matrix is then multiplied
// with as many rows, and each value of a row with as many columns, as there can be. Operands in f32 are three parts
// each (Fragments.h) and take more registers.
#include "lib/Codegen/Gpu/ProductTiles.h"
#include "mlir/IR/Matchers.h"
#include "llvm/Support/MathExtras.h"
using namespace mlir;
using namespace strand;
namespace {

bool isOperand(Value v) {
  auto type = dyn_cast<MemRefType>(v.getType());
  return type && type.getRank() == 2 &&
         (type.getElementType().isF32() || type.getElementType().isBF16() || type.getElementType().isF16());
}

tile::Piece largestWarpTile(Product p) {
  bool inParts = !getElementTypeOrSelf(p.matrix->get()).isBF16();
  return inParts ? tile::Piece{32, 32} : tile::Piece{64, 32};
}

/// Whether the matrix stays in the cache of a device, of which the smallest that are compiled for have 40 MB.
bool isCached(Product p) {
  constexpr int64_t shareOfCache = 16 << 20;
  auto type = cast<MemRefType>(p.matrix->get().getType());
  return type.hasStaticShape() && type.getNumElements() * type.getElementTypeBitWidth() / 8 <= shareOfCache;
}

/// Into how many parts the depth is cut where rows are few. What counts then is how much of the matrix is on its way at
/// once, so parts are as short as pays.
int64_t depthSharesOf(int64_t depth, int64_t mostWarps) {
  constexpr int64_t leastShare = 64, lengthOfStep = 32;
  for (int64_t n = std::min(mostWarps, depth / leastShare); n > 1; --n)
    if (depth % (n * lengthOfStep) == 0)
      return n;
  return 1;
}

/// Blocks of one piece, so that all multiprocessors read the matrix, whose depth warps share.
ProductShares sharesOfDepth(Product p, tile::Piece piece, int64_t mostWarps) {
  int64_t shares = depthSharesOf(p.op.getStaticLoopRanges()[p.k], mostWarps);
  return {piece, piece, threadsOfWarp * shares, shares};
}
} // namespace

std::optional<Product> strand::tensorCoreProduct(linalg::LinalgOp op) {
  std::optional<Product> p = productOf(op);
  if (!p || !isOperand(p->rows->get()) || !isOperand(p->matrix->get()) || !isOperand(op.getDpsInits()[0]) ||
      !getElementTypeOrSelf(op.getDpsInits()[0]).isF32())
    return {};
  SmallVector<int64_t> sizes = op.getStaticLoopRanges();
  if (ShapedType::isDynamic(sizes[p->k]))
    return {};
  for (int64_t n : sizes)
    if (!ShapedType::isDynamic(n) && n < fragment.rows)
      return {};
  return p;
}

ProductShares strand::sharesOfGrid(Product p, RowCount count) {
  int64_t columns = p.op.getStaticLoopRanges()[p.n];
  if (count == RowCount::few)
    return sharesOfDepth(p, fragment, 16);
  if (count == RowCount::some) // what a row's values cost to be cut into parts is shared by more columns
    return sharesOfDepth(p, {largestWarpTile(p).columns, 16}, 8);
  tile::Piece warp = largestWarpTile(p),
              across = ShapedType::isStatic(columns) && columns <= warp.columns ? tile::Piece{1, 4} : tile::Piece{2, 2};
  bool staged =
      p.op.getStaticLoopRanges()[p.k] >= tile::stageDepth; // else threads wait for a stage that is mostly empty
  return {{warp.columns * across.columns, warp.rows * across.rows},
          warp,
          threadsOfWarp * across.columns * across.rows,
          1,
          staged,
          isCached(p)};
}

tile::Piece strand::warpTileInBlock(Product p, int64_t threads) {
  SmallVector<int64_t> sizes = p.op.getStaticLoopRanges();
  tile::Piece tile = fragment, most{32, 16}; // what else the kernel does needs registers as well
  auto pieces = [&](tile::Piece t) {
    return llvm::divideCeil(sizes[p.n], t.columns) * llvm::divideCeil(sizes[p.m], t.rows);
  };
  auto isBetter = [&](tile::Piece t) {
    return t.columns <= most.columns && t.rows <= most.rows && int64_t(pieces(t)) * threadsOfWarp >= threads;
  };
  if (ShapedType::isDynamic(sizes[p.n]) || ShapedType::isDynamic(sizes[p.m]))
    return most;
  for (bool grown = true; grown;) {
    grown = false;
    for (tile::Piece t : {tile::Piece{tile.columns, 2 * tile.rows}, tile::Piece{2 * tile.columns, tile.rows}})
      if (!grown && isBetter(t)) {
        tile = t;
        grown = true;
      }
  }
  return tile;
}

linalg::FillOp strand::zerosInFront(linalg::LinalgOp op) {
  auto fill = dyn_cast_if_present<linalg::FillOp>(op->getPrevNode());
  if (!fill || fill.getOutputs()[0] != op.getDpsInits()[0])
    return nullptr;
  Value v = fill.getInputs()[0];
  return matchPattern(v, m_AnyZeroFloat()) || matchPattern(v, m_Zero()) ? fill : nullptr;
}
