// Two rules keep sums over bound indices comparable. The bound indices of a term have names of their own, by how deep
// they are nested, by position and extent, so no name is captured when terms are put into each other; and of all orders
// of its bound indices a term takes the least.
#include "lib/Analysis/StepAlgebra.h"
#include "llvm/ADT/Hashing.h"
#include "llvm/ADT/STLExtras.h"
#include <algorithm>
#include <array>
#include <cmath>
using namespace mlir;
using namespace strand::algebra;

bool strand::algebra::operator<(const Term &a, const Term &b) {
  if (a.factors != b.factors)
    return std::lexicographical_compare(a.factors.begin(), a.factors.end(), b.factors.begin(), b.factors.end());
  return std::lexicographical_compare(a.bound.begin(), a.bound.end(), b.bound.begin(), b.bound.end());
}

//===--- atoms ---------------------------------------------------------------------------------------------------===//

static size_t hashOf(const Poly &p) {
  size_t h = p.summands.size();
  for (const Summand &s : p.summands) {
    h = llvm::hash_combine(h, llvm::bit_cast<uint64_t>(s.coefficient), llvm::hash_combine_range(s.term.bound));
    for (const Factor &f : s.term.factors)
      h = llvm::hash_combine(h, f.atom, f.power);
  }
  return h;
}
static size_t hashOf(const Atom &a) {
  size_t h = llvm::hash_combine(unsigned(a.kind), a.value.getAsOpaquePointer(), unsigned(a.fn), a.over.value_or(~0u));
  for (AffineExpr e : a.index)
    h = llvm::hash_combine(h, e);
  for (const Poly &p : a.args)
    h = llvm::hash_combine(h, hashOf(p));
  return h;
}

static bool same(const Poly &a, const Poly &b) {
  return llvm::equal(a.summands, b.summands, [](const Summand &x, const Summand &y) {
    return x.coefficient == y.coefficient && x.term == y.term;
  });
}
/// An order of arguments, for functions to which order means nothing.
static bool before(const Poly &x, const Poly &y) {
  return !y.isZero() && (x.isZero() || x.summands[0].term < y.summands[0].term);
}
/// Functions that have no name here are told by their operation.
static bool sameOperation(const Atom &a, const Atom &b) {
  return a.fn != Fn::Other || a.op == b.op ||
         (a.op->getName() == b.op->getName() && a.op->getAttrDictionary() == b.op->getAttrDictionary());
}
static bool same(const Atom &a, const Atom &b) {
  return a.kind == b.kind && a.value == b.value && a.index == b.index && a.fn == b.fn && a.over == b.over &&
         sameOperation(a, b) && llvm::equal(a.args, b.args, [](const Poly &x, const Poly &y) { return same(x, y); });
}

unsigned Algebra::levelOf(const Term &t) const {
  unsigned level = 0;
  for (const Factor &f : t.factors)
    level = std::max(level, atoms[f.atom].level);
  return level + !t.bound.empty();
}

/// Free indices, level and liveness from the parts.
void Algebra::finish(Atom &a) const {
  llvm::SmallDenseSet<Var> vars;
  for (AffineExpr e : a.index)
    e.walk([&](AffineExpr x) {
      if (auto d = dyn_cast<AffineDimExpr>(x))
        vars.insert(d.getPosition());
    });
  a.live = a.kind == Atom::Kind::Leaf && liveValues.contains(a.value);
  a.level = 0;
  for (const Poly &p : a.args)
    for (const Summand &s : p.summands) {
      a.live |= isLive(s.term);
      a.level = std::max(a.level, levelOf(s.term));
      for (const Factor &f : s.term.factors)
        for (Var v : atoms[f.atom].vars)
          if (!llvm::is_contained(s.term.bound, v))
            vars.insert(v);
    }
  if (a.over) {
    vars.erase(*a.over);
    ++a.level;
  }
  a.vars.assign(vars.begin(), vars.end());
  llvm::sort(a.vars);
}

AtomId Algebra::intern(Atom a) {
  size_t h = hashOf(a);
  auto [begin, end] = byHash.equal_range(h);
  for (auto it = begin; it != end; ++it)
    if (same(atoms[it->second], a))
      return it->second;
  finish(a);
  atoms.push_back(std::move(a));
  byHash.emplace(h, atoms.size() - 1);
  return atoms.size() - 1;
}

Var Algebra::fresh(int64_t extent) {
  extents.push_back(extent);
  return extents.size() - 1;
}
Var Algebra::boundVar(unsigned level, unsigned position, int64_t extent) {
  std::array<int64_t, 3> key{level, position, extent};
  for (auto &[k, v] : boundVars)
    if (k == key)
      return v;
  Var v = fresh(extent);
  boundVars.push_back({key, v});
  return v;
}

//===--- terms ---------------------------------------------------------------------------------------------------===//

void Algebra::multiply(Term &t, Factor f) const {
  auto *at = llvm::lower_bound(t.factors, f, [](const Factor &x, const Factor &y) { return x.atom < y.atom; });
  if (at == t.factors.end() || at->atom != f.atom) {
    t.factors.insert(at, f);
    return;
  }
  if (atoms[f.atom].kind == Atom::Kind::Delta)
    return;
  at->power += f.power;
  if (!at->power)
    t.factors.erase(at);
}

static AffineExpr replaced(AffineExpr e, const Substitution &s) {
  DenseMap<AffineExpr, AffineExpr> map;
  for (auto [v, x] : s)
    map[getAffineDimExpr(v, e.getContext())] = x;
  return e.replace(map);
}

/// `t` with indices replaced, its own bound ones excepted; false if that is 0.
bool Algebra::substitute(const Term &t, const Substitution &s, Term &out) {
  out.bound = t.bound;
  out.factors.clear();
  for (const Factor &f : t.factors) {
    if (llvm::none_of(s, [&](auto &pair) { return llvm::is_contained(atoms[f.atom].vars, pair.first); })) {
      multiply(out, f);
      continue;
    }
    Atom a = atoms[f.atom];
    for (AffineExpr &e : a.index)
      e = replaced(e, s);
    for (Poly &p : a.args)
      p = substituted(p, s);
    if (a.kind == Atom::Kind::Delta) {
      Poly d = delta(a.index[0], a.index[1]);
      if (d.isZero())
        return false;
      for (const Factor &g : d.summands[0].term.factors)
        multiply(out, g);
      continue;
    }
    if (a.fn == Fn::Max || a.fn == Fn::Min)
      llvm::sort(a.args, before);
    multiply(out, {intern(std::move(a)), f.power});
  }
  return true;
}

/// Replaces one bound index that a delta fixes; c becomes 0 if nothing is left.
bool Algebra::resolveDelta(Term &t, double &c) {
  for (const Factor &f : t.factors) {
    const Atom &a = atoms[f.atom];
    if (a.kind != Atom::Kind::Delta)
      continue;
    for (unsigned side : {0u, 1u}) {
      auto d = dyn_cast<AffineDimExpr>(a.index[side]);
      if (!d || !llvm::is_contained(t.bound, d.getPosition()))
        continue;
      AffineExpr other = a.index[1 - side];
      Term rest = t, out;
      llvm::erase(rest.factors, f);
      llvm::erase(rest.bound, d.getPosition());
      if (!substitute(rest, {{d.getPosition(), other}}, out))
        c = 0;
      t = std::move(out);
      return true;
    }
  }
  return false;
}

void Algebra::canonicalizeBound(Term &t) {
  if (t.bound.empty())
    return;
  unsigned level = levelOf(t);
  SmallVector<Var, 2> order = t.bound;
  llvm::sort(order);
  std::optional<Term> least;
  unsigned tries = 0;
  do {
    Substitution s;
    Term body{t.factors, {}}, named;
    SmallVector<Var, 2> names;
    for (auto [i, v] : llvm::enumerate(order)) {
      names.push_back(boundVar(level, i, extents[v]));
      s.push_back({v, dim(names.back())});
    }
    substitute(body, s, named);
    named.bound = names;
    llvm::sort(named.bound);
    if (!least || named < *least)
      least = named;
  } while (++tries < 24 && std::next_permutation(order.begin(), order.end()));
  t = std::move(*least);
}

void Algebra::accumulate(Poly &p, Term t, double c) {
  while (c != 0 && resolveDelta(t, c)) {
  }
  // a bound index that nothing mentions is a count
  llvm::erase_if(t.bound, [&](Var v) {
    bool used = llvm::any_of(t.factors, [&](const Factor &f) { return llvm::is_contained(atoms[f.atom].vars, v); });
    c *= used ? 1 : extents[v];
    return !used;
  });
  if (c == 0)
    return;
  canonicalizeBound(t);
  auto *at = llvm::lower_bound(p.summands, t, [](const Summand &s, const Term &t) { return s.term < t; });
  if (at == p.summands.end() || t < at->term) {
    p.summands.insert(at, {c, std::move(t)});
    tooLong |= p.summands.size() > maxSummands;
    return;
  }
  double was = at->coefficient;
  at->coefficient += c;
  if (std::abs(at->coefficient) <= 1e-12 * (std::abs(was) + std::abs(c)))
    p.summands.erase(at);
}

//===--- building ------------------------------------------------------------------------------------------------===//

Poly Algebra::poly(const Term &t, double coefficient) {
  Poly p;
  accumulate(p, t, coefficient);
  return p;
}
Poly Algebra::number(double c) { return poly({}, c); }

Poly Algebra::leaf(Value value, ArrayRef<AffineExpr> index) {
  return poly({{{intern({.kind = Atom::Kind::Leaf, .value = value, .index = Index(index)}), 1}}, {}});
}

Poly Algebra::delta(AffineExpr a, AffineExpr b) {
  if (a == b)
    return number(1);
  if (isa<AffineConstantExpr>(a) && isa<AffineConstantExpr>(b))
    return {};
  auto rank = [](AffineExpr e) {
    auto d = dyn_cast<AffineDimExpr>(e);
    return std::pair(d ? 0 : 1, d ? size_t(d.getPosition()) : size_t(hash_value(e)));
  };
  if (rank(b) < rank(a))
    std::swap(a, b);
  return poly({{{intern({.kind = Atom::Kind::Delta, .index = {a, b}}), 1}}, {}});
}

Poly Algebra::function(Operation *op, ArrayRef<Poly> args) {
  Atom a{.kind = Atom::Kind::Function, .fn = Fn::Other, .op = op};
  a.args.assign(args.begin(), args.end());
  return poly({{{intern(std::move(a)), 1}}, {}});
}

Poly Algebra::sum(const Poly &a, const Poly &b, double scale) {
  Poly r = a;
  for (const Summand &s : b.summands)
    accumulate(r, s.term, s.coefficient * scale);
  return r;
}

/// The product of two terms; bound indices are kept apart, and live exponentials become one.
Poly Algebra::times(const Term &a, const Term &b, double c) {
  Term t = a, other = b;
  if (!b.bound.empty())
    other = withFreshBound({1, b}).term;
  for (const Factor &f : other.factors)
    multiply(t, f);
  t.bound.append(other.bound);
  llvm::sort(t.bound);
  auto exponentials = [&] {
    SmallVector<Factor> exps;
    llvm::copy_if(t.factors, std::back_inserter(exps), [&](const Factor &f) { return atoms[f.atom].fn == Fn::Exp; });
    return exps;
  };
  SmallVector<Factor> exps = exponentials();
  bool merge = llvm::any_of(exps, [&](const Factor &f) { return atoms[f.atom].live; }) &&
               (exps.size() > 1 || exps[0].power != 1);
  if (!merge)
    return poly(t, c);
  t = withFreshBound({1, t}).term; // they are unbound until the exponentials are one
  Poly exponent;
  Operation *op = atoms[exps[0].atom].op;
  for (const Factor &f : exponentials()) {
    exponent = sum(exponent, Poly(atoms[f.atom].args[0]), f.power);
    llvm::erase(t.factors, f);
  }
  SmallVector<Var, 2> bound;
  std::swap(bound, t.bound);
  return sumOver(distribute(poly(t, c), exp(exponent, op)), bound);
}

Poly Algebra::distribute(const Poly &a, const Poly &b) {
  Poly r;
  tooLong |= a.summands.size() * b.summands.size() > maxSummands;
  if (tooLong)
    return r;
  for (const Summand &x : a.summands)
    for (const Summand &y : b.summands)
      r = sum(r, times(x.term, y.term, x.coefficient * y.coefficient));
  return r;
}

/// What does not depend on the carried values becomes one factor.
Poly Algebra::seal(const Poly &p) {
  Poly alive, constant;
  for (const Summand &s : p.summands)
    (isLive(s.term) ? alive : constant).summands.push_back(s);
  bool single = constant.summands.size() == 1 && constant.summands[0].term.bound.empty();
  if (constant.isZero() || single)
    return p;
  Atom group{.kind = Atom::Kind::Group};
  group.args.push_back(constant);
  return sum(alive, poly({{{intern(std::move(group)), 1}}, {}}));
}
Poly Algebra::product(const Poly &a, const Poly &b) { return distribute(seal(a), seal(b)); }

Poly Algebra::reciprocal(const Poly &a, Operation *op) {
  if (a.summands.size() != 1 || !a.summands[0].term.bound.empty()) {
    Atom group{.kind = Atom::Kind::Group, .op = op};
    group.args.push_back(a);
    return poly({{{intern(std::move(group)), -1}}, {}});
  }
  Poly r = number(1 / a.summands[0].coefficient);
  Term t = a.summands[0].term;
  for (const Factor &f : t.factors) {
    Atom x = atoms[f.atom];
    Poly one = x.live && x.fn == Fn::Exp ? exp(scaled(x.args[0], -f.power), op) : poly({{{f.atom, -f.power}}, {}});
    r = distribute(r, one);
  }
  return r;
}

Poly Algebra::sumOver(const Poly &a, ArrayRef<Var> vars) {
  Poly r;
  for (const Summand &s : a.summands) {
    Term t = s.term;
    t.bound.append(vars.begin(), vars.end());
    llvm::sort(t.bound);
    accumulate(r, t, s.coefficient);
  }
  return r;
}

Poly Algebra::substituted(const Poly &a, const Substitution &s) {
  Poly r;
  if (tooLong)
    return r;
  for (const Summand &x : a.summands) {
    Term t;
    if (substitute(x.term, s, t))
      accumulate(r, t, x.coefficient);
  }
  return r;
}

/// exp(x + log y) = y exp(x).
Poly Algebra::exp(const Poly &a, Operation *op) {
  if (std::optional<double> c = asNumber(a))
    return number(std::exp(*c));
  Poly rest, factor = number(1);
  for (const Summand &s : a.summands) {
    std::optional<AtomId> id = asAtom(poly(s.term));
    if (id && atoms[*id].live && atoms[*id].fn == Fn::Log && std::abs(s.coefficient) == 1) {
      Poly inner = atoms[*id].args[0];
      factor = product(factor, s.coefficient == 1 ? inner : reciprocal(inner, op));
    } else {
      accumulate(rest, s.term, s.coefficient);
    }
  }
  if (std::optional<double> c = asNumber(rest))
    return scaled(factor, std::exp(*c));
  Atom e{.kind = Atom::Kind::Function, .fn = Fn::Exp, .op = op};
  e.args.push_back(rest);
  return distribute(factor, poly({{{intern(std::move(e)), 1}}, {}}));
}

/// log sum_i exp(x_i - m) = -m + log sum_i exp(x_i): what all exponents share comes out, and with it whatever was
/// subtracted to keep them small.
Poly Algebra::log(const Poly &a, Operation *op) {
  if (std::optional<double> c = asNumber(a); c && *c > 0)
    return number(std::log(*c));
  std::optional<Poly> shared;
  for (const Summand &s : a.summands) {
    Poly exponent, mine;
    for (const Factor &f : s.term.factors)
      if (atoms[f.atom].fn == Fn::Exp)
        exponent = sum(exponent, Poly(atoms[f.atom].args[0]), f.power);
    for (const Summand &x : exponent.summands)
      if (llvm::none_of(s.term.bound, [&](Var v) { return dependsOn(x.term, v); }))
        mine.summands.push_back(x);
    if (shared)
      llvm::erase_if(mine.summands, [&](const Summand &x) {
        return llvm::none_of(shared->summands,
                             [&](const Summand &y) { return x.coefficient == y.coefficient && x.term == y.term; });
      });
    shared = mine;
  }
  Poly common = shared.value_or(Poly()), rest = a;
  if (!isLive(a) || common.isZero())
    common = {};
  else
    rest = distribute(a, exp(scaled(common, -1), op));
  if (std::optional<double> c = asNumber(rest); c && *c > 0)
    return sum(common, number(std::log(*c)));
  Atom l{.kind = Atom::Kind::Function, .fn = Fn::Log, .op = op};
  l.args.push_back(rest);
  return sum(common, poly({{{intern(std::move(l)), 1}}, {}}));
}

/// For what is emitted; formulas that are read have log(1 + a).
Poly Algebra::log1p(const Poly &a) {
  Atom l{.kind = Atom::Kind::Function, .fn = Fn::Log1p};
  l.args.push_back(a);
  return poly({{{intern(std::move(l)), 1}}, {}});
}

/// max(a, max(b, c)) = max(a, b, c); equal ones count once.
Poly Algebra::extremum(Fn fn, ArrayRef<Poly> args, Operation *op) {
  Atom m{.kind = Atom::Kind::Function, .fn = fn, .op = op};
  for (const Poly &p : args) {
    std::optional<AtomId> id = asAtom(p);
    if (id && atoms[*id].fn == fn)
      m.args.append(atoms[*id].args);
    else
      m.args.push_back(p);
  }
  llvm::sort(m.args, before);
  m.args.erase(std::unique(m.args.begin(), m.args.end(), [](const Poly &x, const Poly &y) { return same(x, y); }),
               m.args.end());
  return m.args.size() == 1 ? Poly(m.args[0]) : poly({{{intern(std::move(m)), 1}}, {}});
}

Poly Algebra::extremumOver(Fn fn, const Poly &a, Var over, Operation *op) {
  unsigned level = 0;
  for (const Summand &s : a.summands)
    level = std::max(level, levelOf(s.term));
  Atom m{.kind = Atom::Kind::Function, .fn = fn, .op = op};
  m.over = boundVar(level + 1, 0, extents[over]);
  m.args.push_back(substituted(a, {{over, dim(*m.over)}}));
  return poly({{{intern(std::move(m)), 1}}, {}});
}

Summand Algebra::withFreshBound(const Summand &s) {
  Substitution names;
  SmallVector<Var, 2> bound;
  for (Var v : s.term.bound) {
    bound.push_back(fresh(extents[v]));
    names.push_back({v, dim(bound.back())});
  }
  Summand renamed{s.coefficient, {}};
  substitute({s.term.factors, {}}, names, renamed.term);
  renamed.term.bound = bound;
  return renamed;
}

Poly Algebra::withFactors(const Summand &s, Replacement replacement) {
  Substitution names;
  SmallVector<Var, 2> bound;
  for (Var v : s.term.bound) {
    bound.push_back(fresh(extents[v]));
    names.push_back({v, dim(bound.back())});
  }
  Poly body = number(s.coefficient);
  for (const Factor &f : s.term.factors) {
    Term now;
    substitute({{{f.atom, 1}}, {}}, names, now);
    if (now.factors.empty()) // a delta that is 1
      continue;
    AtomId id = now.factors[0].atom;
    std::optional<Poly> r = f.power > 0 ? replacement(f.atom, Atom(atoms[id])) : std::nullopt;
    for (int i = 0; r && i < f.power; ++i)
      body = distribute(body, *r);
    if (!r)
      body = distribute(body, poly({{{id, f.power}}, {}}));
  }
  return sumOver(body, bound);
}

Poly Algebra::expanded(const Poly &a) {
  Poly r;
  for (const Summand &s : a.summands)
    r = sum(r, withFactors(s, [&](AtomId, const Atom &x) -> std::optional<Poly> {
              if (x.kind != Atom::Kind::Group)
                return {};
              return expanded(x.args[0]);
            }));
  return r;
}

//===--- asking --------------------------------------------------------------------------------------------------===//

bool Algebra::isLive(const Term &t) const {
  return llvm::any_of(t.factors, [&](const Factor &f) { return atoms[f.atom].live; });
}
bool Algebra::isLive(const Poly &p) const {
  return llvm::any_of(p.summands, [&](const Summand &s) { return isLive(s.term); });
}
std::optional<double> Algebra::asNumber(const Poly &p) const {
  if (p.isZero())
    return 0;
  if (p.summands.size() != 1 || !p.summands[0].term.factors.empty())
    return {};
  return p.summands[0].coefficient;
}
std::optional<AtomId> Algebra::asAtom(const Poly &p) const {
  if (p.summands.size() != 1 || p.summands[0].coefficient != 1)
    return {};
  const Term &t = p.summands[0].term;
  if (!t.bound.empty() || t.factors.size() != 1 || t.factors[0].power != 1)
    return {};
  return t.factors[0].atom;
}
bool Algebra::dependsOn(const Term &t, Var v) const {
  return !llvm::is_contained(t.bound, v) &&
         llvm::any_of(t.factors, [&](const Factor &f) { return llvm::is_contained(atoms[f.atom].vars, v); });
}
bool Algebra::dependsOn(const Poly &p, Var v) const {
  return llvm::any_of(p.summands, [&](const Summand &s) { return dependsOn(s.term, v); });
}
bool Algebra::isNonlinear(const Poly &p) const {
  return llvm::any_of(p.summands, [&](const Summand &s) {
    int degree = 0;
    for (const Factor &f : s.term.factors)
      if (atoms[f.atom].live)
        degree += atoms[f.atom].kind == Atom::Kind::Leaf && f.power > 0 ? f.power : 2;
    return degree > 1;
  });
}
bool Algebra::equal(const Poly &a, const Poly &b) const { return same(a, b); }

void Algebra::forEachLeaf(const Poly &p, llvm::function_ref<void(const Atom &)> visit) const {
  for (const Summand &s : p.summands)
    for (const Factor &f : s.term.factors) {
      const Atom &a = atoms[f.atom];
      if (a.kind == Atom::Kind::Leaf)
        visit(a);
      for (const Poly &q : a.args)
        forEachLeaf(q, visit);
    }
}
