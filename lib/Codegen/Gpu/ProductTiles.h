// Which products tensor cores compute, and how a result is cut for blocks and warps. The decisions stand here alone.
#pragma once
#include "dialects/Tile/Tile.h"
#include "lib/Lowering/Product.h"
namespace strand {

constexpr int64_t threadsOfWarp = 32;
/// What one instruction of a warp computes.
constexpr tile::Piece fragment{16, 8};
/// How a product is shared out.
struct ProductShares {
  tile::Piece block, warp;
  int64_t threads;         // of a block
  int64_t depthShares = 1; // parts of equal length of the depth, a warp each, if there are several
  bool staged = false;     // factors go through shared memory
  // Neighbouring blocks have the same rows and other columns, since the cache of the device holds the matrix and not
  // the rows; else the same columns and other rows.
  bool columnsTogether = false;
};

/// The product on buffers that `op` is; nothing if tensor cores do not take it: its depth must be known, its types be
/// bf16, f16 or f32 with a result in f32, and no loop be known to have fewer iterations than half a fragment has.
std::optional<Product> tensorCoreProduct(linalg::LinalgOp op);

/// Single rows of a few sequences; of many; and rows without end. A kernel reads its matrix about once for few rows.
enum class RowCount { few, some, many };
/// For a product that is a kernel of its own.
ProductShares sharesOfGrid(Product product, RowCount count);
/// For one inside a kernel whose blocks have so many threads.
tile::Piece warpTileInBlock(Product product, int64_t threads);

/// The fill with zeros right in front of a product or sum that begins its result; null if there is none.
linalg::FillOp zerosInFront(linalg::LinalgOp op);
} // namespace strand
