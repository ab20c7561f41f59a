// What recurrences that go element by element need on their way to an op: which dimensions of the state are summed
// where it is read, and operands in factors that are no wider than a row, with their maps.
#pragma once
#include "lib/Transforms/ScanTargets.h"

namespace strand {

/// Of a component whose carried values have one shape and no others beside them.
class RecurrenceTarget : protected ComponentTarget {
public:
  using ComponentTarget::ComponentTarget;

protected:
  /// Sets `reading` to the one sum along dimensions of the state through which it is read; none if all of it becomes
  /// rows. Returns why neither can be. A state that begins elsewhere than at 0 becomes rows.
  std::string findReading();
  /// What a carried value begins at, in the first row of each sequence; 0 in the others. The op begins at 0, so its
  /// input of the first row is that of the scan and what the step makes of this.
  Poly startOf(unsigned carried);
  /// Sets `dims` and `resultDims`.
  void orderDims();
  std::optional<SmallVector<Operand>> operandsOf(const Poly &p);
  /// Whether nothing is stored for all rows that is wider than `widest`.
  bool isNarrow(ArrayRef<Operand> operands);
  /// Something has to have rows: if nothing has, the first operand of `input` gets them.
  void giveRows(ArrayRef<Operand> decay, SmallVector<Operand> &input);
  /// What keeps the operands from giving every dimension of the state its size; empty if nothing does.
  std::string findMissingDim(ArrayRef<Operand> operands);

  /// The values of operands in their order, whose maps are appended to `maps`.
  SmallVector<Value> valuesOf(ArrayRef<Operand> operands, SmallVector<AffineMap> &maps);
  /// The type of the results; their map is appended to `maps`, of which the one of `input`, at `place`, may change: a
  /// state of one number becomes a dimension of one entry, which an operand has to show.
  RankedTensorType finishMaps(SmallVector<AffineMap> &maps, Value &input, size_t place);
  /// The result of the op as rows of the scan's values.
  Value asRows(Value result);
  /// Lets the lifter know that `rows` are the next values of a carried value.
  void knowNext(unsigned carried, Value rows);
  /// The same for what `reading` reads; returns why not.
  std::string knowReading(Value rows);

  /// A row, or a vector of few channels: what reads that as a vector is a product of all rows with it, not of each.
  int64_t widest() const {
    return form.vars.size() > 1 ? context.largestItem : std::max(context.largestItem, fewChannels);
  }
  static constexpr int64_t fewChannels = 64;

  std::optional<StateReading> reading; // none: all of h
  SmallVector<unsigned> dims;          // of the state, in the op's order: those that are summed first
  SmallVector<unsigned> resultDims;
};
} // namespace strand
