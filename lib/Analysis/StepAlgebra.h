// The normal form in which a step of a scan is classified: sums of products of atoms over named indices.
//
// An atom is what one element of a tensor is (a leaf at an index), a function of such sums, a sealed sum, or 1 where
// two indices agree. A sum that does not depend on what the scan carries is multiplied with others as one thing (a
// group), so that products with the carried values are multiplied out and nothing else is: k v^T stays one product
// however k was made. Atoms have numbers and are the same if they look the same, so equal formulas are equal lists of
// numbers.
#pragma once
#include "mlir/IR/AffineExpr.h"
#include "mlir/IR/Operation.h"
#include "mlir/IR/Value.h"
#include "llvm/ADT/DenseSet.h"
#include "llvm/ADT/SmallVector.h"
#include <optional>
#include <unordered_map>
#include <vector>

namespace strand::algebra {
using namespace mlir;
using Var = unsigned; // an index, a dimension of affine expressions; it has an extent
using AtomId = unsigned;
using Index = SmallVector<AffineExpr, 4>;
using Substitution = SmallVector<std::pair<Var, AffineExpr>, 4>;

struct Factor {
  AtomId atom;
  int power; // not 0
  auto operator<=>(const Factor &) const = default;
};

/// A product of powers of atoms, summed over its bound indices.
struct Term {
  SmallVector<Factor, 4> factors; // by atom
  SmallVector<Var, 2> bound;      // ascending
  bool operator==(const Term &) const = default;
};

struct Summand {
  double coefficient; // not 0
  Term term;
};

/// Summands have different terms and stand in their order; the empty sum is 0.
struct Poly {
  SmallVector<Summand, 1> summands;
  bool isZero() const { return summands.empty(); }
};

enum class Fn { None, Exp, Log, Log1p, Max, Min, MaxOver, MinOver, Other };

struct Atom {
  enum class Kind { Leaf, Function, Group, Delta };
  Kind kind;
  Value value = {};        // Leaf: of the region
  Index index = {};        // Leaf: which element; Delta: the two that have to agree
  Fn fn = Fn::None;        // Function
  Operation *op = nullptr; // Function: the operation on numbers; Group: what divides by it, if that is what it is for
  SmallVector<Poly, 2> args = {}; // Function, Group
  std::optional<Var> over = {};   // MaxOver, MinOver
  // found when the atom is made
  bool live = false;          // depends on what the scan carries
  unsigned level = 0;         // how deep sums over bound indices are nested in it
  SmallVector<Var> vars = {}; // free indices, ascending
};

class Algebra {
public:
  /// `live`: the values whose elements the formulas are in; all others are coefficients.
  Algebra(MLIRContext *context, DenseSet<Value> live) : context(context), liveValues(std::move(live)) {}

  Var fresh(int64_t extent);
  int64_t extent(Var v) const { return extents[v]; }
  AffineExpr dim(Var v) const { return getAffineDimExpr(v, context); }
  /// The index `v`, or 0 if it can be nothing else.
  AffineExpr indexOf(Var v) const { return extents[v] == 1 ? getAffineConstantExpr(0, context) : dim(v); }

  Poly number(double c);
  Poly leaf(Value value, ArrayRef<AffineExpr> index);
  Poly delta(AffineExpr a, AffineExpr b);
  Poly function(Operation *op, ArrayRef<Poly> args);
  Poly exp(const Poly &a, Operation *op);
  Poly log(const Poly &a, Operation *op);
  Poly log1p(const Poly &a);
  /// `fn`: Max or Min.
  Poly extremum(Fn fn, ArrayRef<Poly> args, Operation *op);
  /// `fn`: MaxOver or MinOver.
  Poly extremumOver(Fn fn, const Poly &a, Var over, Operation *op);
  Poly sum(const Poly &a, const Poly &b, double scale = 1);
  Poly scaled(const Poly &a, double c) { return sum({}, a, c); }
  Poly product(const Poly &a, const Poly &b);
  Poly reciprocal(const Poly &a, Operation *op);
  Poly sumOver(const Poly &a, ArrayRef<Var> vars);
  Poly substituted(const Poly &a, const Substitution &s);
  Poly poly(const Term &t, double coefficient = 1);
  /// The same with bound indices of new names: they may be unbound, and the factors opened, without meeting others.
  Summand withFreshBound(const Summand &s);
  /// `s` with some of its factors replaced by sums and multiplied out. The replacement of a factor of `s` is asked for
  /// in terms of `now`, the same atom with indices that no other sum has bound.
  using Replacement = llvm::function_ref<std::optional<Poly>(AtomId factor, const Atom &now)>;
  Poly withFactors(const Summand &s, Replacement replacement);
  /// All groups, multiplied out.
  Poly expanded(const Poly &a);

  const Atom &operator[](AtomId id) const { return atoms[id]; }
  bool isLive(const Term &t) const;
  bool isLive(const Poly &p) const;
  std::optional<double> asNumber(const Poly &p) const;
  /// The atom, if `p` is one and nothing else.
  std::optional<AtomId> asAtom(const Poly &p) const;
  bool dependsOn(const Term &t, Var v) const; // as a free index
  bool dependsOn(const Poly &p, Var v) const;
  /// Whether some product holds more than one live leaf, or one inside a function.
  bool isNonlinear(const Poly &p) const;
  bool equal(const Poly &a, const Poly &b) const;
  void forEachLeaf(const Poly &p, llvm::function_ref<void(const Atom &)> visit) const;
  /// A formula became too long to go on; what was made since is not to be trusted.
  bool isTooLong() const { return tooLong; }

private:
  static constexpr size_t maxSummands = 400;
  AtomId intern(Atom a);
  void finish(Atom &a) const;
  void accumulate(Poly &p, Term t, double c);
  bool substitute(const Term &t, const Substitution &s, Term &out);
  void canonicalizeBound(Term &t);
  bool resolveDelta(Term &t, double &c);
  void multiply(Term &t, Factor f) const;
  Poly seal(const Poly &p);
  Poly times(const Term &a, const Term &b, double c);
  Poly distribute(const Poly &a, const Poly &b);
  unsigned levelOf(const Term &t) const;
  Var boundVar(unsigned level, unsigned position, int64_t extent);

  MLIRContext *context;
  DenseSet<Value> liveValues;
  std::vector<int64_t> extents;
  std::vector<Atom> atoms;
  std::unordered_multimap<size_t, AtomId> byHash;
  std::vector<std::pair<std::array<int64_t, 3>, Var>> boundVars;
  bool tooLong = false;
};

/// Order of terms in a sum.
bool operator<(const Term &a, const Term &b);
} // namespace strand::algebra
