// What recurrences that go element by element share: operands that are read through maps from (t, s1, ..., sk), where t
// is the row and s1 .. sk are the dimensions of the state; a block takes a part of the innermost one, sk.
#pragma once
#include "dialects/Strand/Strand.h"

namespace strand {
/// Operands with a map each, and the map of the results. There may be more maps than operands: the first ones count.
struct MappedOperands {
  SmallVector<Value> values;
  SmallVector<AffineMap> maps;
  AffineMap result;

  /// Sizes of s1 .. sk; failure if an operand leaves one out or two disagree.
  FailureOr<SmallVector<int64_t>> inferStateShape() const;
  /// An operand that has one item a row; null if none has.
  Value getRowsOperand() const;
  /// The map from (t, s1, ..., sk) to the state.
  AffineMap getStateMap() const;
  /// Kinds of the loops (t, s1, ..., sk) of an op that goes through rows in order and sums what the result lacks.
  std::string getLoopKinds() const;
  /// The first `count` operands over rows [row, row + length) and `size` channels from `start` on.
  SmallVector<Value> parts(OpBuilder &b, Location loc, size_t count, Value row, int64_t length, OpFoldResult start,
                           int64_t size) const;
};

/// Whether t, the rows, is read as another dimension than the first.
bool readsRowsBehind(AffineMap map);

/// C1, C3, C4 and C5 of such an op with the results `y`; `sums`: the result's map may lack dimensions of the state.
LogicalResult verifyMapped(Operation *op, ArrayAttr maps, const MappedOperands &operands, ValueRange y, bool sums);

/// What `map`, over (t, s1, ..., sk), reads of `x`: `length` rows from `row` on, and `size` of sk from `start` on.
Value mappedPart(OpBuilder &b, Location loc, Value x, AffineMap map, Value row, int64_t length, OpFoldResult start,
                 int64_t size);

/// The product of the values of the factors at one place.
Value productOf(OpBuilder &b, Location loc, ValueRange factors);

/// `x` with 0 for what is below the numbers that f32 holds with all their bits. A product of many decays ends there,
/// and each further operation on it takes a hundred times as long.
Value withoutSubnormals(OpBuilder &b, Location loc, Value x);

/// Channels of a block of a state of that shape, of which each element is `parts` numbers; 1 if it has no dimension.
int64_t channelsOfBlock(ArrayRef<int64_t> shape, int64_t parts, const ChunkOptions &options);
/// Lengths of tiles: enough rows that what stands around a tile does not count, few enough that its slices stay in L1.
SmallVector<int64_t> recurrenceTiles(const ChunkOptions &options);
} // namespace strand
