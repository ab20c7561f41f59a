#include "lib/Analysis/StepFactors.h"
#include <cmath>
using namespace mlir;
using namespace strand;
using namespace strand::algebra;

SmallVector<Term> strand::joinedFactors(Algebra &A, const Term &t) {
  SmallVector<Term> groups;
  SmallVector<Factor, 4> left = t.factors;
  while (!left.empty()) {
    Term group;
    SmallVector<Factor, 4> queue{left.pop_back_val()};
    while (!queue.empty()) {
      Factor f = queue.pop_back_val();
      group.factors.push_back(f);
      for (Var v : A[f.atom].vars) {
        if (!llvm::is_contained(t.bound, v))
          continue;
        if (!llvm::is_contained(group.bound, v))
          group.bound.push_back(v);
        for (const Factor &other : SmallVector<Factor, 4>(left))
          if (llvm::is_contained(A[other.atom].vars, v)) {
            queue.push_back(other);
            llvm::erase(left, other);
          }
      }
    }
    llvm::sort(group.factors);
    llvm::sort(group.bound);
    groups.push_back(std::move(group));
  }
  return groups;
}

static SmallVector<Var> freeIndices(Algebra &A, const Term &t) {
  SmallVector<Var> vars;
  for (const Factor &f : t.factors)
    for (Var v : A[f.atom].vars)
      if (!llvm::is_contained(t.bound, v) && !llvm::is_contained(vars, v))
        vars.push_back(v);
  llvm::sort(vars);
  return vars;
}

std::optional<SmallVector<Poly>> strand::separateFactors(Algebra &A, StepReader &reader, const Poly &p) {
  if (p.summands.size() != 1)
    return {};
  Summand s = p.summands[0];
  for (bool more = true; more;) {
    more = false;
    for (const Factor &f : SmallVector<Factor, 4>(s.term.factors)) {
      Atom wide = A[f.atom];
      if (wide.vars.size() < 2 || f.power != 1)
        continue;
      Poly open = A.withFactors(s, [&](AtomId factor, const Atom &now) -> std::optional<Poly> {
        return factor == f.atom ? reader.opened(now) : std::nullopt;
      });
      if (open.summands.size() != 1 || open.summands[0].term == s.term || A.isTooLong())
        continue;
      s = open.summands[0];
      more = true;
      break;
    }
  }
  SmallVector<SmallVector<Var>> keys;
  SmallVector<Poly> factors;
  for (const Term &group : joinedFactors(A, s.term)) {
    SmallVector<Var> vars = freeIndices(A, group);
    auto *at = llvm::find(keys, vars);
    if (at == keys.end()) {
      keys.push_back(vars);
      factors.push_back(A.poly(group));
    } else {
      Poly &into = factors[at - keys.begin()];
      into = A.product(into, A.poly(group));
    }
  }
  if (factors.empty())
    factors.push_back(A.number(1));
  if (s.coefficient != 1)
    factors[0] = A.scaled(factors[0], s.coefficient);
  return factors;
}

std::optional<std::pair<Poly, Poly>> strand::splitProduct(Algebra &A, StepReader &reader, const Poly &p, Var first,
                                                          Var second) {
  std::optional<SmallVector<Poly>> factors = separateFactors(A, reader, p);
  if (!factors)
    return {};
  Poly one = A.number(1), other = A.number(1);
  for (const Poly &f : *factors) {
    if (A.dependsOn(f, first) && A.dependsOn(f, second))
      return {};
    Poly &into = A.dependsOn(f, second) ? other : one;
    into = A.product(into, f);
  }
  return std::pair(one, other);
}

/// `p`, or if it is a single leaf, what that was made of.
static Poly resolved(Algebra &A, StepReader &reader, Poly p) {
  for (std::optional<AtomId> id = A.asAtom(p); id; id = A.asAtom(p)) {
    std::optional<Poly> open = reader.opened(Atom(A[*id]));
    if (!open)
      break;
    p = *open;
  }
  return p;
}

/// x of exp(x).
static std::optional<Poly> exponentOf(Algebra &A, StepReader &reader, const Poly &p) {
  std::optional<AtomId> id = A.asAtom(resolved(A, reader, p));
  if (!id || A[*id].fn != Fn::Exp)
    return {};
  return Poly(A[*id].args[0]);
}

/// x of 1 / (1 + exp(x)).
static std::optional<Poly> logisticOf(Algebra &A, StepReader &reader, const Poly &p) {
  Poly quotient = resolved(A, reader, p);
  if (quotient.summands.size() != 1 || quotient.summands[0].coefficient != 1)
    return {};
  const Term &t = quotient.summands[0].term;
  if (t.factors.size() != 1 || t.factors[0].power != -1 || !t.bound.empty())
    return {};
  Atom below = A[t.factors[0].atom];
  Poly sum = below.kind == Atom::Kind::Group ? Poly(below.args[0])
                                             : resolved(A, reader, A.poly({{{t.factors[0].atom, 1}}, {}}));
  Poly rest = A.sum(sum, A.number(1), -1);
  return rest.summands.size() + 1 == sum.summands.size() ? exponentOf(A, reader, rest) : std::nullopt;
}

/// -log(1 + exp(x)) = min(-x, 0) - log1p(exp(min(x, -x))).
static Poly logOfLogistic(Algebra &A, const Poly &x) {
  Poly minus = A.scaled(x, -1);
  Poly small = A.exp(A.extremum(Fn::Min, {x, minus}, nullptr), nullptr);
  return A.sum(A.extremum(Fn::Min, {minus, A.number(0)}, nullptr), A.log1p(small), -1);
}

std::optional<Poly> strand::logarithmOf(Algebra &A, StepReader &reader, const Poly &p) {
  Poly q = resolved(A, reader, p);
  if (std::optional<Poly> x = logisticOf(A, reader, q))
    return logOfLogistic(A, *x);
  // 1 - 1 / (1 + exp(x)) = 1 / (1 + exp(-x))
  if (std::optional<Poly> x = logisticOf(A, reader, A.sum(A.number(1), q, -1)))
    return logOfLogistic(A, A.scaled(*x, -1));
  if (q.summands.size() != 1 || q.summands[0].coefficient <= 0 || !q.summands[0].term.bound.empty())
    return {};
  Poly log = A.number(std::log(q.summands[0].coefficient));
  for (const Factor &f : q.summands[0].term.factors) {
    Atom a = A[f.atom];
    std::optional<Poly> one;
    if (a.fn == Fn::Exp)
      one = Poly(a.args[0]);
    else if (std::optional<Poly> x = logisticOf(A, reader, A.poly({{f}, {}})))
      one = A.scaled(logOfLogistic(A, *x), 1.0 / f.power);
    else if (std::optional<Poly> open = reader.opened(a))
      one = logarithmOf(A, reader, *open);
    if (!one)
      return {};
    log = A.sum(log, *one, f.power);
  }
  return log;
}
