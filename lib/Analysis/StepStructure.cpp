#include "lib/Analysis/StepStructure.h"
using namespace mlir;
using namespace strand;
using namespace strand::algebra;

const CarriedForm *StepComponent::getSingleAffine() const {
  bool single = forms.size() == 1 && forms[0].kind == StepKind::Affine;
  return single ? &forms[0] : nullptr;
}

//===--- components ----------------------------------------------------------------------------------------------===//

const llvm::BitVector &StepStructure::getCarried(Value v) {
  if (auto it = carriedOf.find(v); it != carriedOf.end())
    return it->second;
  llvm::BitVector all(scan.getInitial().size());
  unsigned first = scan.getInputs().size() + scan.getInvariants().size();
  if (Operation *op = v.getDefiningOp())
    op->walk([&](Operation *inner) {
      for (Value o : inner->getOperands())
        if (o.getParentBlock() == scan.getBody())
          all |= getCarried(o);
    });
  else if (unsigned n = cast<BlockArgument>(v).getArgNumber(); n >= first)
    all.set(n - first);
  return carriedOf[v] = all;
}

bool StepStructure::isPerRow(Value v) {
  if (auto it = perRow.find(v); it != perRow.end())
    return it->second;
  bool result = false;
  if (Operation *op = v.getDefiningOp()) {
    op->walk([&](Operation *inner) {
      for (Value o : inner->getOperands())
        result |= o.getParentBlock() == scan.getBody() && isPerRow(o);
    });
  } else if (v.getParentBlock() == scan.getBody()) {
    result = !llvm::is_contained(scan.getInvariantArgs(), v);
  }
  return perRow[v] = result;
}
bool StepStructure::isPerRow(const Algebra &A, const Poly &p) {
  bool result = false;
  A.forEachLeaf(p, [&](const Atom &a) { result |= isPerRow(a.value); });
  return result;
}

StepStructure::StepStructure(ScanOp scan) : scan(scan) {
  findComponents();
  for (StepComponent &c : components)
    solve(c);
}

void StepStructure::findComponents() {
  unsigned n = scan.getInitial().size();
  SmallVector<llvm::BitVector> reach;
  for (Value next : scan.getYield().getNext())
    reach.push_back(getCarried(next));
  for (unsigned k = 0; k < n; ++k)
    for (unsigned p = 0; p < n; ++p)
      if (reach[p].test(k))
        reach[p] |= reach[k];
  // of those that may come next matrices come first: vectors beside them may be their normalisers
  SmallVector<unsigned> order = llvm::to_vector(llvm::seq(n));
  auto place = [&](unsigned i) {
    return std::pair(-cast<RankedTensorType>(scan.getCarriedArgs()[i].getType()).getRank(), i);
  };
  llvm::sort(order, [&](unsigned p, unsigned q) { return place(p) < place(q); });
  llvm::BitVector placed(n);
  while (!placed.all())
    for (unsigned p : order) {
      StepComponent c;
      llvm::BitVector own(n);
      for (unsigned q = 0; q < n; ++q)
        if (q == p || (reach[p].test(q) && reach[q].test(p))) {
          own.set(q);
          c.carried.push_back(q);
        }
      llvm::BitVector given = reach[p];
      given.reset(own);
      if (placed.test(p) || given.test(placed)) // the second: something that it reads is not placed yet
        continue;
      c.given.assign(given.set_bits_begin(), given.set_bits_end());
      placed |= own;
      components.push_back(std::move(c));
    }
}

//===--- semirings and quotients ---------------------------------------------------------------------------------===//

namespace {
/// Reads a formula as op(alternatives), op being a maximum, a minimum or a log-sum-exp.
class Alternatives {
public:
  Alternatives(Algebra &A, StepKind kind, ArrayRef<Value> carried) : A(A), kind(kind), carried(carried) {}
  bool add(const Poly &p, SmallVector<Var> over = {});
  SmallVector<Alternative> found;

private:
  bool addLog(const Atom &log, const Poly &offset, const SmallVector<Var> &over);
  bool addGuarded(const Poly &alive, const Poly &offset, const SmallVector<Var> &over);

  Algebra &A;
  StepKind kind;
  ArrayRef<Value> carried;
};
} // namespace

/// log sum_n c_n exp(x_n): alternatives x_n + log c_n.
bool Alternatives::addLog(const Atom &log, const Poly &offset, const SmallVector<Var> &over) {
  for (const Summand &s : log.args[0].summands) {
    Poly exponent;
    Term weight{{}, {}};
    for (const Factor &f : s.term.factors) {
      Atom a = A[f.atom];
      if (a.fn == Fn::Exp)
        exponent = A.sum(exponent, a.args[0], f.power);
      else
        weight.factors.push_back(f);
    }
    if (A.isLive(weight) || s.coefficient <= 0)
      return false;
    SmallVector<Var> inner = over;
    inner.append(s.term.bound.begin(), s.term.bound.end());
    Poly shifted = A.sum(A.sum(exponent, A.log(A.poly(weight, s.coefficient), nullptr)), offset);
    if (!add(shifted, inner))
      return false;
  }
  return true;
}

/// max(a, b) + log1p(exp(-|a - b|)) is log(exp a + exp b).
bool Alternatives::addGuarded(const Poly &alive, const Poly &offset, const SmallVector<Var> &over) {
  SmallVector<Atom, 2> parts;
  for (const Summand &s : alive.summands)
    if (std::optional<AtomId> id = A.asAtom(A.poly(s.term, s.coefficient)))
      parts.push_back(A[*id]);
  if (parts.size() != 2)
    return false;
  if (parts[0].fn != Fn::Max)
    std::swap(parts[0], parts[1]);
  const Atom &max = parts[0], &log = parts[1];
  if (max.fn != Fn::Max || max.args.size() != 2 || log.fn != Fn::Log || log.args[0].summands.size() != 2)
    return false;
  // log's argument must be 1 + exp(-|d|)
  Poly rest = A.sum(log.args[0], A.number(1), -1);
  std::optional<AtomId> exp = A.asAtom(rest);
  if (!exp || A[*exp].fn != Fn::Exp)
    return false;
  std::optional<AtomId> abs = A.asAtom(A.scaled(Atom(A[*exp]).args[0], -1));
  if (!abs || A[*abs].fn != Fn::Other || A[*abs].op->getName().getStringRef() != "math.absf")
    return false;
  Poly inside = Atom(A[*abs]).args[0], d = A.sum(max.args[0], max.args[1], -1);
  if (!A.equal(inside, d) && !A.equal(inside, A.scaled(d, -1)))
    return false;
  return llvm::all_of(max.args, [&](const Poly &p) { return add(A.sum(p, offset), over); });
}

bool Alternatives::add(const Poly &p, SmallVector<Var> over) {
  Poly alive, offset;
  for (const Summand &s : p.summands)
    (A.isLive(s.term) ? alive : offset).summands.push_back(s);
  if (alive.isZero()) {
    found.push_back({std::nullopt, {}, over, offset});
    return true;
  }
  if (kind == StepKind::LogSumExp && alive.summands.size() == 2)
    return addGuarded(alive, offset, over);
  std::optional<AtomId> id = A.asAtom(alive);
  if (!id)
    return false;
  Atom a = A[*id];
  if (a.kind == Atom::Kind::Leaf) {
    unsigned which = llvm::find(carried, a.value) - carried.begin();
    found.push_back({which, a.index, over, offset});
    return true;
  }
  if (kind == StepKind::LogSumExp)
    return a.fn == Fn::Log && addLog(a, offset, over);
  bool isMax = kind == StepKind::MaxPlus;
  if (a.fn == (isMax ? Fn::MaxOver : Fn::MinOver))
    over.push_back(*a.over);
  else if (a.fn != (isMax ? Fn::Max : Fn::Min))
    return false;
  return llvm::all_of(a.args, [&](const Poly &arg) { return add(A.sum(arg, offset), over); });
}

/// Whether every live leaf in `p` is at the place of the next value, and `p` is affine.
static bool isElementwiseAffine(Algebra &A, const Poly &p, ArrayRef<Var> vars) {
  bool at = !A.isNonlinear(p);
  A.forEachLeaf(p, [&](const Atom &a) {
    at &= !a.live || llvm::equal(a.index, vars, [&](AffineExpr e, Var v) { return e == A.indexOf(v); });
  });
  return at;
}

/// Whether p = N / D with both affine, element by element: the one divisor that is live is multiplied through.
static bool isFractional(Algebra &A, const Poly &p, ArrayRef<Var> vars) {
  std::optional<AtomId> divisor;
  Poly all = A.expanded(p);
  for (const Summand &s : all.summands)
    for (const Factor &f : s.term.factors)
      if (f.power < 0 && A[f.atom].live) {
        if (f.power != -1 || (divisor && *divisor != f.atom))
          return false;
        divisor = f.atom;
      }
  if (!divisor || A[*divisor].kind != Atom::Kind::Group)
    return false;
  Poly below = A.expanded(Atom(A[*divisor]).args[0]), above;
  for (const Summand &s : all.summands) {
    Term t = s.term;
    auto *at = llvm::find_if(t.factors, [&](const Factor &f) { return f.atom == *divisor; });
    if (at == t.factors.end()) {
      above = A.sum(above, A.expanded(A.product(A.poly(s.term, s.coefficient), below)));
    } else {
      t.factors.erase(at);
      above = A.sum(above, A.poly(t, s.coefficient));
    }
  }
  return isElementwiseAffine(A, above, vars) && isElementwiseAffine(A, below, vars);
}

//===--- affine --------------------------------------------------------------------------------------------------===//

namespace {
/// Sorts the terms of an affine formula by how they read the carried values.
class AffineSorter {
public:
  AffineSorter(Algebra &A, StepReader &reader, CarriedForm &form, ArrayRef<Value> carriedArgs)
      : A(A), reader(reader), form(form), carriedArgs(carriedArgs) {}
  void run();

private:
  void sort(const Summand &s);
  void sortContracted(const Summand &s, Term rest, LinearForm &into, unsigned dim, Var over);
  std::optional<Poly> openJoint(const Summand &s, ArrayRef<AtomId> joint);
  void tidy();

  Algebra &A;
  StepReader &reader;
  CarriedForm &form;
  ArrayRef<Value> carriedArgs;
  SmallVector<Summand> work;
  unsigned openings = 0;
  static constexpr unsigned maxOpenings = 100;
};
} // namespace

void AffineSorter::run() {
  work.assign(form.next.summands.begin(), form.next.summands.end());
  while (!work.empty() && !A.isTooLong())
    sort(A.withFreshBound(work.pop_back_val()));
  tidy();
}

void AffineSorter::sort(const Summand &s) {
  auto *live = llvm::find_if(s.term.factors, [&](const Factor &f) { return A[f.atom].live; });
  if (live == s.term.factors.end()) {
    form.input = A.sum(form.input, A.poly(s.term, s.coefficient));
    return;
  }
  Atom leaf = A[live->atom];
  unsigned carried = llvm::find(carriedArgs, leaf.value) - carriedArgs.begin();
  LinearForm &into = form.from[carried];
  Term rest = s.term;
  llvm::erase(rest.factors, *live);
  std::optional<unsigned> dim;
  bool plain = leaf.index.size() == form.vars.size();
  for (unsigned i = 0; plain && i < leaf.index.size(); ++i) {
    if (leaf.index[i] == A.indexOf(form.vars[i]))
      continue;
    auto d = dyn_cast<AffineDimExpr>(leaf.index[i]);
    plain = d && !dim && llvm::is_contained(rest.bound, d.getPosition()) &&
            A.extent(d.getPosition()) == A.extent(form.vars[i]) && (!into.contracted || *into.contracted == i);
    dim = i;
  }
  if (!plain)
    into.other.push_back(s);
  else if (dim)
    sortContracted(s, rest, into, *dim, cast<AffineDimExpr>(leaf.index[*dim]).getPosition());
  else
    into.scale = A.sum(into.scale, A.poly(rest, s.coefficient));
}

/// Factors that bound indices join to `over` are the right vector, the others the left one, unless one of the former
/// also holds the index of the next value: then it is a matrix, which may fall into products when it is opened.
void AffineSorter::sortContracted(const Summand &s, Term rest, LinearForm &into, unsigned dim, Var over) {
  llvm::erase(rest.bound, over);
  SmallVector<Var> reached{over};
  SmallVector<Factor> right;
  for (bool more = true; more;) {
    more = false;
    for (const Factor &f : rest.factors) {
      ArrayRef<Var> vars = A[f.atom].vars;
      if (llvm::is_contained(right, f) || llvm::none_of(vars, [&](Var v) { return llvm::is_contained(reached, v); }))
        continue;
      right.push_back(f);
      llvm::copy_if(vars, std::back_inserter(reached), [&](Var v) { return llvm::is_contained(rest.bound, v); });
      more = true;
    }
  }
  SmallVector<AtomId> joint;
  for (const Factor &f : right)
    if (llvm::is_contained(A[f.atom].vars, form.vars[dim]))
      joint.push_back(f.atom);
  if (!joint.empty()) {
    if (std::optional<Poly> open = openJoint(s, joint))
      llvm::append_range(work, open->summands);
    else {
      into.contracted = dim;
      into.dense.push_back(s);
    }
    return;
  }
  into.contracted = dim;
  Term l, r;
  for (const Factor &f : rest.factors)
    (llvm::is_contained(right, f) ? r : l).factors.push_back(f);
  for (Var v : rest.bound)
    (llvm::is_contained(reached, v) ? r : l).bound.push_back(v);
  Poly left = A.poly(l, s.coefficient), own = A.substituted(A.poly(r), {{over, A.dim(form.vars[dim])}});
  auto *same = llvm::find_if(into.rankOne, [&](const RankOne &o) { return A.equal(o.right, own); });
  if (same == into.rankOne.end())
    into.rankOne.push_back({left, own});
  else
    same->left = A.sum(same->left, left);
}

std::optional<Poly> AffineSorter::openJoint(const Summand &s, ArrayRef<AtomId> joint) {
  bool changed = false;
  if (++openings > maxOpenings)
    return {};
  Poly open = A.withFactors(s, [&](AtomId factor, const Atom &a) -> std::optional<Poly> {
    if (!llvm::is_contained(joint, factor))
      return {};
    std::optional<Poly> p = a.kind == Atom::Kind::Group ? std::optional<Poly>(a.args[0]) : reader.opened(a);
    changed |= p.has_value();
    return p;
  });
  return changed ? std::optional(open) : std::nullopt;
}

/// Terms that only cancel once they are multiplied out, and forms of which nothing is left.
void AffineSorter::tidy() {
  for (auto &[carried, f] : form.from)
    if (Poly p = A.expanded(f.scale); p.summands.size() < f.scale.summands.size())
      f.scale = p;
  std::erase_if(form.from, [](auto &entry) { return entry.second.scale.isZero() && entry.second.isElementwise(); });
}

//===--- components, solved --------------------------------------------------------------------------------------===//

void StepStructure::solve(StepComponent &c) {
  SmallVector<Value> carriedArgs(scan.getCarriedArgs());
  DenseSet<Value> live;
  for (unsigned i : c.carried)
    live.insert(carriedArgs[i]);
  // with the next values, what reads the state can be read in terms of both
  ValueRange next = scan.getYield().getNext();
  if (c.carried.size() == 1 && getCarried(next[c.carried[0]]).test(c.carried[0]))
    live.insert(next[c.carried[0]]);
  if (isPairOfNext(c, next))
    for (unsigned i : c.carried)
      live.insert(next[i]);
  c.algebra = std::make_unique<Algebra>(scan.getContext(), live);
  c.reader = std::make_unique<StepReader>(*c.algebra, live);
  Algebra &A = *c.algebra;
  for (unsigned i : c.carried) {
    CarriedForm form;
    form.carried = i;
    size_t before = c.reader->getCulprits().size();
    Element e = c.reader->readDefined(scan.getYield().getNext()[i]);
    form.vars = e.vars;
    form.next = e.poly;
    ArrayRef<Operation *> culprits = c.reader->getCulprits();
    if (!culprits.empty())
      form.culprit = culprits[before < culprits.size() ? before : 0];
    if (A.isTooLong())
      form.kind = StepKind::TooLong;
    else if (!A.isLive(form.next))
      form.kind = StepKind::Shift;
    else if (!A.isNonlinear(form.next))
      form.kind = StepKind::Affine;
    if (form.kind == StepKind::Shift)
      form.input = form.next;
    if (form.kind == StepKind::Affine)
      AffineSorter(A, *c.reader, form, carriedArgs).run();
    if (form.kind == StepKind::NotAffine) {
      for (StepKind kind : {StepKind::MaxPlus, StepKind::MinPlus, StepKind::LogSumExp}) {
        Alternatives alternatives(A, kind, carriedArgs);
        if (form.kind == StepKind::NotAffine && alternatives.add(form.next)) {
          form.kind = kind;
          form.alternatives = alternatives.found;
        }
      }
      if (form.kind == StepKind::NotAffine && c.carried.size() == 1 && isFractional(A, form.next, form.vars))
        form.kind = StepKind::Fractional;
    }
    if (A.isTooLong())
      form.kind = StepKind::TooLong;
    c.forms.push_back(std::move(form));
  }
}

std::optional<StepComponent> StepStructure::between(Value from, Value v, unsigned carried) {
  StepComponent c;
  c.carried.push_back(carried);
  c.algebra = std::make_unique<Algebra>(scan.getContext(), DenseSet<Value>{from});
  c.reader = std::make_unique<StepReader>(*c.algebra, DenseSet<Value>{from});
  Algebra &A = *c.algebra;
  Element e = c.reader->readDefined(v);
  CarriedForm form;
  form.carried = carried;
  form.kind = StepKind::Affine;
  form.vars = e.vars;
  form.next = e.poly;
  bool isAlone = A.isLive(form.next);
  A.forEachLeaf(form.next, [&](const Atom &a) { isAlone &= a.live || !getCarried(a.value).test(carried); });
  if (!isAlone || A.isTooLong() || A.isNonlinear(form.next))
    return {};
  AffineSorter(A, *c.reader, form, from).run();
  if (A.isTooLong() || form.from.empty())
    return {};
  c.forms.push_back(std::move(form));
  return c;
}
