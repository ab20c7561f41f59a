// What the step of a strand.scan is: its carried values in components, each with the form of its next values.
//
//   components   carried values that need each other, what they read first; a component sees the others' values as rows
//   read         each next value as a formula in its component's carried values (StepReader)
//   classify     an affine formula is sorted into scale, rank-one terms, matrices and input; others are tried as
//                maxima and log-sum-exps of shifted carried values, and as a quotient of affine ones
#pragma once
#include "lib/Analysis/StepReader.h"
#include <map>

namespace strand {
enum class StepKind {
  Shift,      // h' = b
  Affine,     // h' = L h + b
  MaxPlus,    // h' = max over alternatives of h + a, or of a
  MinPlus,    //
  LogSumExp,  // the same with log sum exp
  Fractional, // h' = (a h + b) / (c h + d), element by element
  NotAffine,
  TooLong, // the formula grew beyond use
};

/// left * (the sum of right * h along one dimension); both over the indices of the next value.
struct RankOne {
  algebra::Poly left, right;
};

/// How a next value depends on one carried value of its component.
struct LinearForm {
  algebra::Poly scale; // of the element at the same place
  SmallVector<RankOne> rankOne;
  SmallVector<algebra::Summand> dense; // sums along one dimension with a matrix
  SmallVector<algebra::Summand> other; // elements of other places, sums along several dimensions
  std::optional<unsigned> contracted;  // the dimension of the sums
  bool isElementwise() const { return rankOne.empty() && dense.empty() && other.empty(); }
};

/// An argument of a maximum or log-sum-exp: offset, plus a carried value at some place.
struct Alternative {
  std::optional<unsigned> carried;
  algebra::Index index;
  SmallVector<algebra::Var> over; // indices that the extremum or sum runs over
  algebra::Poly offset;
};

/// One carried value's next value.
struct CarriedForm {
  unsigned carried = 0;
  StepKind kind = StepKind::NotAffine;
  SmallVector<algebra::Var> vars; // an index a dimension
  algebra::Poly next, input;
  std::map<unsigned, LinearForm> from; // by carried value, those that are not 0
  SmallVector<Alternative> alternatives;
  Operation *culprit = nullptr; // what makes it not affine
};

/// Two carried values p, q with p' = decay p - turn q + b0, q' = turn p + decay q + b1: real and imaginary part of a
/// complex number that is multiplied by decay + i turn.
struct ComplexForm {
  algebra::Poly decay, turn; // over the indices of the first form, as all
  algebra::Poly inputs[2];
};

struct StepComponent {
  SmallVector<unsigned> carried;
  SmallVector<unsigned> given; // carried values of other components that it reads
  std::vector<CarriedForm> forms;
  std::unique_ptr<algebra::Algebra> algebra; // the formulas live here
  std::unique_ptr<StepReader> reader;
  /// The form, if the component is one carried value that is affine in itself.
  const CarriedForm *getSingleAffine() const;
  /// The form, if the component is two carried values that are one complex one, element by element.
  std::optional<ComplexForm> getComplex() const;
};

/// Whether the component is two carried values neither of whose next values is computed from the other's.
bool isPairOfNext(const StepComponent &component, ValueRange next);

class StepStructure {
public:
  explicit StepStructure(ScanOp scan);

  ScanOp getScan() const { return scan; }
  /// In an order in which each comes after those that it reads.
  MutableArrayRef<StepComponent> getComponents() { return components; }
  /// The carried values that a value of the region depends on.
  const llvm::BitVector &getCarried(Value v);
  /// Whether a value of the region differs from row to row.
  bool isPerRow(Value v);
  bool isPerRow(const algebra::Algebra &A, const algebra::Poly &p);
  /// Part of a step: `v` as an affine form of `from`, a value of the region that depends on carried value `carried`;
  /// nothing if `v` depends on that otherwise as well.
  std::optional<StepComponent> between(Value from, Value v, unsigned carried);

private:
  void findComponents();
  void solve(StepComponent &c);

  ScanOp scan;
  std::vector<StepComponent> components;
  DenseMap<Value, llvm::BitVector> carriedOf;
  DenseMap<Value, bool> perRow;
};

/// In words and as an equation, for remarks.
std::string describe(StepStructure &structure, const StepComponent &component, const CarriedForm &form);
} // namespace strand
