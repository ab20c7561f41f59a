// A carried matrix that ops with keys and values may take over: one of its dimensions is summed over where it is read
// (the key), one is not (the value), and a third may be heads.
#pragma once
#include "lib/Transforms/ScanTargets.h"

namespace strand {

class MatrixState : protected ComponentTarget {
public:
  using ComponentTarget::ComponentTarget;

protected:
  /// The dimensions of the state and its input, k v^T.
  struct Parts {
    unsigned key, value;
    std::optional<unsigned> head;
    Poly k, v;
  };

  /// Finds the one reading; returns why not, or an empty text.
  std::string findReading();
  /// The same, and the parts that fit it.
  std::string find();
  algebra::Var keyVar() const { return form.vars[parts.key]; }
  algebra::Var valueVar() const { return form.vars[parts.value]; }
  bool dependsOnHead(const Poly &p) const { return parts.head && A.dependsOn(p, form.vars[*parts.head]); }
  /// rows x heads x size, or rows x heads without `dim`; one head if there are none or the formula is the same for all.
  std::optional<Value> withHeads(const Poly &p, bool heads, std::optional<unsigned> dim);
  /// The rows of the decay or its logarithm, with channels if they differ.
  std::optional<Value> gateOf(const Poly &decay);
  /// Lets the rows that `y`, rows x heads x value, gives to the reading be known; returns why not, or an empty text.
  std::string finish(Value y);

  StateReading reading;
  Parts parts;

private:
  std::optional<Parts> partsWith(unsigned key, unsigned value);
  std::optional<Parts> findParts();
};
} // namespace strand
