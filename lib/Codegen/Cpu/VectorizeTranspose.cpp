// The transpose of a square of vectors in registers, in two-operand shuffles that the x86 units have.
#include "lib/Codegen/Cpu/VectorizePlan.h"
#include "mlir/Dialect/Vector/IR/VectorOps.h"
using namespace mlir;
namespace strand {
namespace {
/// (a, b) -> the two shuffles whose lane l comes from index(l, 0) and index(l, 1) of a followed by b.
void shufflePair(OpBuilder &b, Location loc, Value &x, Value &y, int64_t width,
                 llvm::function_ref<int64_t(int64_t, bool)> index) {
  SmallVector<int64_t> low, high;
  for (int64_t l = 0; l < width; ++l) {
    low.push_back(index(l, false));
    high.push_back(index(l, true));
  }
  Value u = vector::ShuffleOp::create(b, loc, x, y, low), v = vector::ShuffleOp::create(b, loc, x, y, high);
  x = u;
  y = v;
}

/// In each group of 4 lanes and 4 rows: interleave single lanes, then pairs of lanes (unpcklps, unpcklpd).
void transposeGroupsOf4(OpBuilder &b, Location loc, SmallVectorImpl<Value> &r) {
  int64_t width = r.size();
  for (int64_t i = 0; i < width; i += 2)
    shufflePair(b, loc, r[i], r[i + 1], width, [&](int64_t l, bool high) {
      return l / 4 * 4 + l % 4 / 2 + 2 * high + (l % 2) * width;
    });
  for (int64_t i = 0; i < width; i += 4) {
    auto pairs = [&](int64_t l, bool high) { return l / 4 * 4 + l % 2 + 2 * high + (l % 4 / 2) * width; };
    shufflePair(b, loc, r[i], r[i + 2], width, pairs);
    shufflePair(b, loc, r[i + 1], r[i + 3], width, pairs);
    std::swap(r[i + 1], r[i + 2]);
  }
}
} // namespace

SmallVector<Value> transposeVectors(OpBuilder &b, Location loc, SmallVector<Value> r) {
  int64_t width = r.size(), block = 1;
  if (width >= 4) {
    transposeGroupsOf4(b, loc, r);
    block = 4;
  }
  // Swap the blocks beside the diagonal, for blocks of twice the size each time.
  for (; block < width; block *= 2)
    for (int64_t i = 0; i < width; ++i)
      if (!(i & block))
        shufflePair(b, loc, r[i], r[i + block], width, [&](int64_t l, bool high) {
          bool right = l & block;
          return right ? (high ? l + width : l - block + width) : (high ? l + block : l);
        });
  return r;
}
} // namespace strand
