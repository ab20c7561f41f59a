// The part of a head that a block owns, of ops with a matrix state a head: all of its keys, and some of its values.
#pragma once
#include "dialects/Strand/Rows.h"
namespace strand {
struct HeadPart {
  Value head;
  OpFoldResult first; // of the values
  int64_t values;

  /// Block number `block`, where a block takes `values` of the `all` values of a head.
  HeadPart(OpBuilder &b, Location loc, Value block, int64_t all, int64_t values)
      : head(block), first(b.getIndexAttr(0)), values(values) {
    if (all == values)
      return;
    Value count = indexConstant(b, loc, all / values);
    head = arith::DivUIOp::create(b, loc, block, count);
    first = startOf(b, loc, arith::RemUIOp::create(b, loc, block, count), values);
  }

  /// Of a state or row whose first dimension is the heads; of its last, the values, if it has them.
  Slice of(OpBuilder &b, ArrayRef<int64_t> shape, bool hasValues) const {
    Slice slice = headOf(b, shape, head);
    if (hasValues) {
      slice.offsets.back() = first;
      slice.sizes.back() = values;
    }
    return slice;
  }
};

/// A head's parts of results or states without the dimension `dim` of the head, and all such parts back in their
/// places.
inline SmallVector<Value> withoutHead(OpBuilder &b, Location loc, ValueRange values, unsigned dim) {
  SmallVector<Value> out;
  for (Value v : values) {
    auto type = rowsType(v);
    SmallVector<OpFoldResult> offsets(type.getRank(), b.getIndexAttr(0));
    out.push_back(slice(b, loc, v, offsets, type.getShape(), {dim}));
  }
  return out;
}
inline SmallVector<Value> withHead(OpBuilder &b, Location loc, ArrayRef<Value> parts, ValueRange whole) {
  SmallVector<Value> out;
  for (auto [part, into] : llvm::zip_equal(parts, whole)) {
    auto type = rowsType(into);
    out.push_back(
        unslice(b, loc, part, into, SmallVector<OpFoldResult>(type.getRank(), b.getIndexAttr(0)), type.getShape()));
  }
  return out;
}

/// How many of the `values` of a head with so many keys a block takes, if its part of the state is to stay in
/// registers.
inline int64_t valuesInRegisters(int64_t keys, int64_t values) {
  constexpr int64_t most = 128 * 64, widest = 64, fragment = 16;
  return blockOf(values, std::clamp(most / keys, fragment, widest), fragment);
}
} // namespace strand
