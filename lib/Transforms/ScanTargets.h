// What a component of a scan may become, and what that needs to know.
#pragma once
#include "lib/Analysis/StepStructure.h"
#include "lib/Transforms/FormulaEmitter.h"
#include "llvm/ADT/SmallSet.h"

namespace strand {

/// A scan on its way to other ops.
struct ScanContext {
  StepStructure &structure;
  RowLifter lifter;
  llvm::BitVector done;                 // carried values whose rows, or all that is read of them, are known
  llvm::SmallSet<unsigned, 4> absorbed; // carried values that another's op carries as well
  int64_t largestItem;                  // elements of the widest row that goes in or comes out
  Value start;                          // the tensor that keeps the component at hand from an op, by being its start

  ScanContext(StepStructure &structure, OpBuilder &b);
  ScanOp getScan() { return structure.getScan(); }
  /// `rows` are what `v` of the region is in each row.
  void know(Value v, Value rows);
  /// Whether a value of each row may be stored for all rows: it is no wider than what is stored anyway.
  bool isAffordable(Value v);
  /// Outputs, and next values of components that are still to come, in which `component` may be read.
  SmallVector<Value> readersOf(const llvm::BitVector &component);
};

/// Values of the region through which alone the roots read the carried values in `carried` or their next values, each
/// as early as `accept` allows; nothing if some way is not accepted. Nothing is computed across an operation that has
/// no form over rows.
std::optional<SmallVector<Value>> findCut(ScanContext &context, const llvm::BitVector &carried, ArrayRef<Value> roots,
                                          llvm::function_ref<bool(Value)> accept);

/// A value that is linear in a carried value: the sum over some dimensions of coefficient * h, plus what is without it.
/// Of a component of two values it is the sum of coefficient * the first + second * the second.
struct StateReading {
  Value value;
  bool before = false;            // h before the step, not after it
  SmallVector<algebra::Var> vars; // of the value
  llvm::BitVector contracted;     // dimensions of h
  SmallVector<std::optional<unsigned>>
      kept;                          // the dimension of h that each dimension of the value is; none: of one entry
  algebra::Poly coefficient, second; // over the indices of the component's first form
  algebra::Poly rest;                // over `vars`
};
std::optional<StateReading> readState(ScanContext &context, StepComponent &component, Value v);

/// The rows of `reading`'s value from those of the sum, whose dimensions are those of h in `dims`.
std::optional<Value> finishReading(ScanContext &context, StepComponent &component, const StateReading &reading,
                                   Value sum, ArrayRef<unsigned> dims);

/// A component on its way to an op, whose formulas are over the indices of its first form.
class ComponentTarget {
public:
  ComponentTarget(ScanContext &context, StepComponent &component)
      : context(context), component(component), form(component.forms[0]), A(*component.algebra),
        element(getElementTypeOrSelf(context.getScan().getCarriedArgs()[form.carried])),
        emitter(context.lifter, A, element, context.getScan().getLoc()), b(context.lifter.getBuilder()),
        loc(context.getScan().getLoc()) {}

protected:
  using Poly = algebra::Poly;
  using Operand = FormulaEmitter::Result;
  /// The next value of a carried value as all that is read of it, without dimensions of one entry.
  StateReading wholeOf(Value next) const;
  /// What is read of an operand at (t, s1, ..., sk), k being `rank`, where the first dimensions s are those of `order`.
  AffineMap mapOf(const Operand &o, ArrayRef<algebra::Var> order, size_t rank) const;
  /// What a carried value begins at, as a tensor.
  Value tensorOfStart(unsigned carried);
  /// Rows of `item`: what `map` reads of `v` in the first row of each sequence, 0 in the others.
  Value onlyInFirstRows(Value v, AffineMap map, ArrayRef<int64_t> item);

  ScanContext &context;
  StepComponent &component;
  const CarriedForm &form;
  algebra::Algebra &A;
  Type element;
  FormulaEmitter emitter;
  OpBuilder &b;
  Location loc;
};

/// Tries to put an op in place of the component: makes the op, and lets the lifter know the rows of the next value or
/// of all that is read of it. Returns why not, or an empty text.
struct ScanTarget {
  StringRef op;
  bool isWorthTurning; // so much faster than steps that a reverse scan becomes it, over rows turned around
  std::string (*emit)(ScanContext &, StepComponent &);
};
std::string toDeltaRule(ScanContext &context, StepComponent &component);
std::string toLinearAttention(ScanContext &context, StepComponent &component);
std::string toLinearRecurrence(ScanContext &context, StepComponent &component);
std::string toComplexRecurrence(ScanContext &context, StepComponent &component);
std::string toAssociativeScan(ScanContext &context, StepComponent &component);
/// What a target says of a form that is none of its own.
inline constexpr const char *noSuchOp = "there is no op of that kind";
/// That all ops go forward.
inline constexpr const char *isReverse = "it goes from the last row to the first, as it is";
/// Why a carried value that does not begin at 0 keeps `op`, which begins at `where`, away.
std::string whyNotFrom(ScanContext &context, unsigned carried, StringRef where);
/// Why no op that goes forward can be put there; empty if that is not so.
std::string whyNotForward(ScanContext &context, StepComponent &component);
bool beginsAtZero(ScanContext &context, unsigned carried);
/// The same of an op that goes forward from 0.
std::string whyNotFromZero(ScanContext &context, StepComponent &component);
/// Why it does not go forward, element by element, with an input.
std::string whyNotPlain(ScanContext &context, StepComponent &component);
} // namespace strand
