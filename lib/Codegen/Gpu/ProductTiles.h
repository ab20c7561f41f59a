// Which products tensor cores compute, and how a result is cut for blocks and warps. The decisions stand here alone.
#pragma once
#include "lib/Lowering/Product.h"
namespace strand {

/// A piece of the result y[m, n] of a product: so many columns (n) and rows (m) of it.
struct ProductTile {
  int64_t columns, rows;
};

constexpr int64_t threadsOfWarp = 32;
/// What one instruction of a warp computes.
constexpr ProductTile fragment{16, 8};
/// The attribute on a product that says which piece of it a warp takes at a time: array<i64: columns, rows>.
constexpr const char *warpTileName = "strand.warp_tile";
/// Beside it: each warp computes all of a product by itself, whose operands depend on the thread.
constexpr const char *eachWarpName = "strand.each_warp";

/// How a product is shared out.
struct ProductShares {
  ProductTile block, warp;
  int64_t threads;         // of a block
  int64_t depthShares = 1; // parts of equal length of the depth, a warp each, if there are several
};

/// The product on buffers that `op` is; nothing if tensor cores do not take it: its depth must be known, its types be
/// bf16, f16 or f32 with a result in f32, and no loop be known to have fewer iterations than half a fragment has.
std::optional<Product> tensorCoreProduct(linalg::LinalgOp op);

/// For a product that is a kernel of its own. With `fewRows` it reads its matrix about once; else it has many rows.
ProductShares sharesOfGrid(Product product, bool fewRows);
/// For one inside a kernel whose blocks have so many threads.
ProductTile warpTileInBlock(Product product, int64_t threads);

/// The fill with zeros right in front of a product or sum that begins its result; null if there is none.
linalg::FillOp zerosInFront(linalg::LinalgOp op);
} // namespace strand
