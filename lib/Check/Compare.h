// How far two runs of a function are apart.
#pragma once
#include "lib/Check/Function.h"
#include "lib/Check/Meaning.h"
namespace strand {

/// Against values that are wanted: root of the mean square of the differences, relative to that of the values; and the
/// largest difference, relative to the largest value. NaN where a value is; equal infinities do not differ. Both
/// absolute where all that is wanted is 0.
struct Distance {
  double rms = 0, largest = 0;
};
Distance distance(ArrayRef<double> got, ArrayRef<double> want);

/// What each result and each state may be off by.
struct Bounds {
  SmallVector<Distance> results, states;
};

class Comparison {
public:
  Comparison(const Signature &signature, const Inputs &inputs, ArrayRef<CarriedValue> carried, int64_t cacheRows,
             const Bounds &bounds)
      : signature(signature), inputs(inputs), carried(carried), cacheRows(cacheRows), bounds(bounds) {}

  /// What is wrong with `got`, or nothing: a result or state of floats that is farther off than its bound; one of
  /// integers that is not the same. States are compared if both runs have them. `worst` takes the larger of its own
  /// figures and those found.
  std::string difference(const Values &got, const Values &want, StringRef wanted, Distance &worst) const;
  /// What is not finite in a result, or nothing.
  std::string infinite(const Values &values) const;
  /// Where two runs do not have the same bits in the sequences that `isMeant` answers true for, or nothing. `when` says
  /// what `b` is. States are compared if both runs have them.
  std::string otherBits(const Values &a, const Values &b, StringRef when,
                        llvm::function_ref<bool(int64_t)> isMeant) const;

private:
  std::string resultPlace(unsigned i, int64_t element) const;
  std::string statePlace(unsigned i, int64_t element) const;

  const Signature &signature;
  const Inputs &inputs;
  ArrayRef<CarriedValue> carried;
  int64_t cacheRows;
  const Bounds &bounds;
};

/// The bound that goes with a tolerance: it is that of the root of the mean square, and a single element may be 16
/// times farther off.
Distance boundOf(double tolerance);
} // namespace strand
