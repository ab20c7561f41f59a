#include "dialects/Strand/History.h"
#include "dialects/Strand/Rows.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "llvm/Support/MathExtras.h"
using namespace mlir;
using namespace strand;

/// The place of `count` rows from row `from` on.
static Slice rowsAt(OpBuilder &b, Value like, int64_t from, int64_t count) {
  Slice s{SmallVector<OpFoldResult>(rowsType(like).getRank(), b.getIndexAttr(0)), to_vector(rowsType(like).getShape())};
  s.offsets[0] = b.getIndexAttr(from);
  s.sizes[0] = count;
  return s;
}

Value strand::joinHistory(OpBuilder &b, Location loc, Value history, Value rows) {
  int64_t k = rowsType(history).getDimSize(0), n = rowsType(rows).getDimSize(0);
  SmallVector<int64_t> shape = to_vector(rowsType(rows).getShape());
  shape[0] = k + n;
  Value joined = emptyTensor(b, loc, shape, rowsType(rows).getElementType());
  Slice old = rowsAt(b, history, 0, k), fresh = rowsAt(b, rows, k, n);
  joined = unslice(b, loc, history, joined, old.offsets, old.sizes);
  return unslice(b, loc, rows, joined, fresh.offsets, fresh.sizes);
}

Value strand::keepHistory(OpBuilder &b, Location loc, Value joined, Value history) {
  int64_t k = rowsType(history).getDimSize(0);
  Slice last = rowsAt(b, history, rowsType(joined).getDimSize(0) - k, k);
  return linalg::CopyOp::create(b, loc, slice(b, loc, joined, last.offsets, last.sizes), history).getResult(0);
}

SmallVector<int64_t> strand::historyTiles(int64_t k, const ChunkOptions &options) {
  int64_t rows = std::max<int64_t>(1, 2 * k);
  return {options.tileLength ? options.tileLength : int64_t(llvm::alignTo(rows, options.historyRows)), 1};
}

int64_t strand::historyBlock(int64_t inner, int64_t others, int64_t k, const ChunkOptions &options) {
  constexpr int64_t nearElements = 1 << 14, elementsOfTile = 1 << 13;
  int64_t most = std::min(
      {2 * options.channelBlock, nearElements / std::max<int64_t>(1, 2 * k), elementsOfTile / options.historyRows});
  return blockOf(inner, std::max(options.vectorWidth, most / others), options.vectorWidth);
}
