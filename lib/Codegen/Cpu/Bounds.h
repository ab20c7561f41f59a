#pragma once
#include "mlir/IR/Builders.h"
#include "mlir/IR/Value.h"
#include <optional>
namespace strand {
using namespace mlir;
/// An upper bound (a + rows * r + sequences * s) / d of an index; a, r, s are not negative and d is positive.
struct Bound {
  int64_t a = 0, r = 0, s = 0, d = 1;

  bool operator==(const Bound &) const = default;
  bool isConstant() const { return !r && !s; }
  Bound times(int64_t k) const;
  Bound dividedBy(int64_t k) const;
  Bound plus(const Bound &o) const;
  /// Not below either of the two.
  Bound unitedWith(const Bound &o) const;
  /// For numbers: rounded up.
  int64_t at(int64_t rows, int64_t sequences) const;
  /// The same as index arithmetic.
  Value at(OpBuilder &b, Location loc, Value rows, Value sequences) const;
};

/// An upper bound of an index or integer, followed through index arithmetic to constants and to arguments of the
/// function that are marked `strand.rows`, `strand.sequences` or `strand.offsets` (one more than sequences). Every
/// value asked about is a size or a part of one, so none is negative: x - y is at most x.
std::optional<Bound> boundOf(Value v);
/// An upper bound of a dimension of a buffer; an argument with a mark has that many entries in dimension 0.
std::optional<Bound> boundOfDim(Value buffer, int64_t dim);
/// What one element takes in a buffer.
int64_t bytesOfElement(Type elementType);
} // namespace strand
