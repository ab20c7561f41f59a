// How much of what one row of a tile wrote is left at another, for tiles of matrix states that decay.
#pragma once
#include "dialects/Strand/Rows.h"
#include "mlir/Dialect/Arith/IR/Arith.h"

namespace strand {
constexpr double log2e = 1.4426950408889634; // powers of 2 are what a GPU has

/// Products of a[t] = exp(gate[t]): `products`[r, s] is that of a[s+1..r], 0 for s > r; `fromStart`[r] that of a[0..r].
struct DecayWeights {
  Value products, fromStart, total; // length x length, length, a number
};
/// `gate`: logarithms, one a row or the same number for all rows; none: nothing decays.
DecayWeights decayWeights(OpBuilder &b, Location loc, Value gate, int64_t length, Type element);

/// Sums of the logarithms, to base 2, of decays of one head over a tile, as exact as results in bf16 need: `after` and
/// what is since another row are differences, and wrong by some 2^-24 of `total`.
struct GateSums {
  Value before; // of each row, of all gates up to its own
  Value after;  // of each row, of all gates behind it
  Value total;  // of all rows, of rank 0
  /// Of exact sums: `before` to base e as what 2^-7 divides, of which differences lose nothing, and a small rest.
  Value whole, rest;

  /// Of gates between two rows, from their `before`, or from `whole` and `rest` of the later, then the earlier row.
  Value since(OpBuilder &b, Location loc, ValueRange ofRows) const;
  /// What `since` takes of each row.
  SmallVector<Value> ofRow() const { return whole ? SmallVector<Value>{whole, rest} : SmallVector<Value>{before}; }
};
/// `gate`: one natural logarithm a row, or one for all rows. `exact`: nothing is lost in differences. With `updates`,
/// sums are those of so many updates of each row, of which the first decays.
GateSums gateSums(OpBuilder &b, Location loc, Value gate, int64_t length, Type element, bool exact = false,
                  int64_t updates = 1);

/// The same of decays that each channel has of its own. Each sum is made where it is asked for: threads that hold tiles
/// in registers have no room for all of them at once.
class ChannelDecays {
public:
  /// `gate`: natural logarithms, length x channels.
  ChannelDecays(OpBuilder &b, Location loc, Value gate);

  /// With `exclusive`, up to the gate in front of a row's own.
  Value before(bool exclusive = false); // length x channels
  Value after();
  Value total();  // channels
  /// Of each of `rights` and of each of `lefts`, scores with earlier rows of the right one, all in bf16; with
  /// `exclusive`, rows are read before their own gate (tile.decayed_scores).
  SmallVector<Value> scores(ValueRange lefts, ValueRange rights, bool exclusive = false);

private:
  OpBuilder &b;
  Location loc;
  Value gate;
  SmallVector<Value> parts; // of the gate in bf16, which add up to it but for 2^-17
  Value sums(arith::CmpIPredicate counted);
  Value inBaseTwo(Value x);
};

/// x[dims] * factor * 2^logs[logDims], without `factor` or `logs` where they are null; written over x or, if it is
/// given, to `into`.
Value decayed(OpBuilder &b, Location loc, Value x, StringRef dims, Value logs, StringRef logDims, Value factor = {},
              Value into = {});
/// 2^x with an error of about 2^-22.
Value coarsePowerOfTwo(OpBuilder &b, Location loc, Value x);
} // namespace strand
