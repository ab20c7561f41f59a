// Joins of summaries, one after another, as one op.
#pragma once
#include "dialects/Strand/Strand.h"
namespace strand {

/// What emitJoined made of the states of one span and the summary of the next, to be done for n summaries in order.
struct Joins {
  SmallVector<Value> before;  // the states
  SmallVector<Value> later;   // what a summary holds: transfers, then states
  SmallVector<Value> after;   // the states joined with it
};

/// For k = 0 .. n - 1: starts[k] = states; states = states joined with summaries[k], as a loop over k that each element
/// goes through by itself, so that what is read of several summaries can be under way at once. `summaries` and `starts`
/// are n times what `later` and `before` are; returns starts, then states. Empty where the join is not made of linalg
/// ops that go element by element over states of one shape, each read and written in one place.
SmallVector<Value> joinedInOrder(OpBuilder &b, Location loc, const Joins &joins, ValueRange summaries,
                                 ValueRange starts, ValueRange states);
} // namespace strand
