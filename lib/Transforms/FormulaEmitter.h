// Formulas of a step as operations over all rows.
//
// A formula is written as one linalg.generic over the values that it names, lifted out of the region; a sum over bound
// indices is a product of its own, of the factors that the indices join. A formula that is one value stays that value.
#pragma once
#include "lib/Analysis/StepFactors.h"
#include "lib/Transforms/RowLifter.h"

namespace strand {
class FormulaEmitter {
public:
  /// `element`: the type of the arithmetic.
  FormulaEmitter(RowLifter &lifter, algebra::Algebra &algebra, Type element, Location loc)
      : lifter(lifter), b(lifter.getBuilder()), A(algebra), element(element), loc(loc) {}

  struct Result {
    Lifted lifted;
    SmallVector<algebra::Var> vars; // of its dimensions, behind the rows
  };
  /// Over the indices that it depends on, in the order of `order` unless it is a value that has another one.
  std::optional<Result> emit(const algebra::Poly &p, ArrayRef<algebra::Var> order);
  /// With rows, and over exactly these indices.
  std::optional<Value> emitRows(const algebra::Poly &p, ArrayRef<algebra::Var> vars);

private:
  using Poly = algebra::Poly;
  using Var = algebra::Var;
  /// A tensor that the loop reads, and where.
  struct Read {
    Lifted from;
    algebra::Index index;
  };
  struct Plan {
    SmallVector<Read> reads;
    SmallVector<std::pair<algebra::AtomId, unsigned>> leaves;
    SmallVector<std::pair<algebra::Term, unsigned>> sums;
    bool perRow = false;
  };
  bool plan(const Poly &p, Plan &plan);
  bool planFactor(const algebra::Factor &f, Plan &plan);
  bool planSum(const algebra::Term &t, Plan &plan);
  std::optional<Value> loop(Plan &plan, ArrayRef<Var> vars, ArrayRef<Var> reduced, bool withRows,
                            llvm::function_ref<Value(OpBuilder &, ValueRange)> body);
  std::optional<Read> sliced(Read read);
  Value emitSum(OpBuilder &b, const Poly &p, const Plan &plan, ValueRange in);
  Value emitTerm(OpBuilder &b, const algebra::Summand &s, const Plan &plan, ValueRange in);
  Value emitAtom(OpBuilder &b, algebra::AtomId id, const Plan &plan, ValueRange in);
  Value emitOther(OpBuilder &b, const algebra::Atom &a, const Plan &plan, ValueRange in);
  Value asElement(OpBuilder &b, Value v);
  Value number(OpBuilder &b, double c);

  RowLifter &lifter;
  OpBuilder &b;
  algebra::Algebra &A;
  Type element;
  Location loc;
  bool failed = false; // an operand of a function has a type that cannot be made
};
} // namespace strand
