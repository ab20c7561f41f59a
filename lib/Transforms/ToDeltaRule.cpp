// S' = D S + l (r^T S) + k v^T, of which one sum over the index of k is read, as strand.delta_rule.
//
// If l and k are -b and b times one key whose decay is r, it is that op with a key and beta; otherwise the low-rank
// one.
//
// A step with several rank-one terms is taken apart at values of the region that are what the state is on the way: if
// each is one with a key and beta of the one before, the step is that op with as many factors. If there are no such
// values, the factors are found in the formula of the whole step.
#include "dialects/Strand/Rows.h"
#include "lib/Transforms/MatrixState.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include <cmath>
using namespace mlir;
using namespace strand;
using namespace strand::algebra;
namespace {

constexpr const char *obstacle = "an operand cannot be computed for all rows at once";
constexpr const char *notPositive = "its decay is not plainly positive";

class Delta : public MatrixState {
public:
  using MatrixState::MatrixState;
  std::string emit();
  std::string emitFactors();

private:
  struct Operands {
    Poly k, v;
    std::optional<Poly> beta; // with it no a and b
    Poly a, b;
  };
  Poly opened(const Poly &p, bool wanted) { return wanted ? component.reader->fullyOpened(p) : p; }
  std::optional<Poly> quotient(const Poly &p, const Poly &by);
  std::optional<Operands> findKeyed(bool open);
  std::optional<Operands> findKeyed();
  Operands findOperands();
  std::string findDims();
  bool isFactor(bool isFirst);
  bool takeApart(std::vector<StepComponent> &steps);
  struct Factors {
    SmallVector<Value> k, v, beta; // rows of each
  };
  bool addRows(Operands o, bool keyHeads, Factors &into);
  std::string emitInTurn(std::vector<StepComponent> &steps);
  struct Flat {
    SmallVector<RankOne> terms; // (I + the sum of left right^T) D S
    Poly input;
  };
  std::optional<Flat> flatForm(bool open);
  std::optional<Poly> divided(const Poly &p, const Poly &by);
  bool split(SmallVector<RankOne> &terms);
  Term alongKey(const Term &t);
  Poly without(const Poly &p, const Poly &key);
  Poly corrected(const Poly &p, const Poly &key, const Poly &beta);
  std::optional<Operands> takeLast(Flat &flat);
  std::optional<std::vector<Operands>> takeApartFlat();
  std::string emitFlat(ArrayRef<Operands> factors);
  std::string finishFactors(bool keyHeads, const std::optional<Poly> &logarithm, const Factors &factors);
  Value stacked(ArrayRef<Value> rows);
  bool findGate(std::optional<Poly> &gate);

  const LinearForm &from = form.from.begin()->second;
};

/// p / by, if by divides it: no factor is left below that was not there before.
std::optional<Poly> Delta::quotient(const Poly &p, const Poly &by) {
  if (by.summands.size() != 1)
    return {};
  auto hasBelow = [&](const Poly &q, const Factor &f) {
    return llvm::any_of(q.summands, [&](const Summand &s) { return llvm::is_contained(s.term.factors, f); });
  };
  Poly q = A.product(p, A.reciprocal(by, nullptr));
  for (const Summand &s : q.summands)
    for (const Factor &f : s.term.factors)
      if (f.power < 0 && !hasBelow(p, f))
        return {};
  return q;
}

/// With the key x: l r^T = -beta x (D x)^T and the input is beta x v^T. A decay that is one number stands with l or r.
std::optional<Delta::Operands> Delta::findKeyed(bool open) {
  Poly scale = opened(from.scale, open), right = opened(from.rankOne[0].right, open);
  std::optional<Poly> x = quotient(right, scale), l = opened(from.rankOne[0].left, open);
  if (!x && !A.dependsOn(scale, keyVar())) {
    x = right;
    l = quotient(*l, scale);
  }
  if (!x || !l)
    return {};
  l = A.scaled(*l, -1);
  std::optional<Poly> beta = quotient(*l, *x);
  std::optional<Poly> v = quotient(opened(form.input, open), *l);
  if (!beta || !v || A.dependsOn(*beta, keyVar()) || A.dependsOn(*beta, valueVar()) || A.dependsOn(*v, keyVar()) ||
      A.dependsOn(*x, valueVar()))
    return {};
  return Operands{*x, *v, beta, {}, {}};
}

std::optional<Delta::Operands> Delta::findKeyed() {
  for (bool open : {false, true})
    if (std::optional<Operands> keyed = findKeyed(open); keyed && !A.isTooLong())
      return keyed;
  return {};
}

Delta::Operands Delta::findOperands() {
  if (std::optional<Operands> keyed = findKeyed())
    return *keyed;
  return {parts.k, parts.v, {}, from.rankOne[0].right, from.rankOne[0].left};
}

/// The logarithm of the decay, nothing for 1; false if it may not be positive.
bool Delta::findGate(std::optional<Poly> &gate) {
  if (std::optional<double> c = A.asNumber(from.scale)) {
    if (*c > 0 && *c != 1)
      gate = A.number(std::log(*c));
    return *c > 0;
  }
  gate = logarithmOf(A, *component.reader, from.scale);
  return gate.has_value();
}

std::string Delta::emit() {
  if (std::string reason = find(); !reason.empty())
    return reason;
  const RankOne &one = from.rankOne[0];
  if (from.contracted != parts.key || A.dependsOn(one.left, valueVar()) || A.dependsOn(one.right, valueVar()))
    return "its rank-one term sums along another dimension than its reading";
  if (reading.before)
    return "it is read before its update";
  std::optional<Poly> logarithm;
  if (!findGate(logarithm))
    return notPositive;
  Operands o = findOperands();
  bool keyHeads = dependsOnHead(o.k) || dependsOnHead(reading.coefficient) || dependsOnHead(o.a) || dependsOnHead(o.b);
  std::optional<Value> q = withHeads(reading.coefficient, keyHeads, parts.key), k = withHeads(o.k, keyHeads, parts.key);
  std::optional<Value> v = withHeads(o.v, true, parts.value), gate, beta, a, b;
  bool made = q && k && v;
  auto need = [&](std::optional<Value> &into, std::optional<Value> rows) {
    into = rows;
    made &= rows.has_value();
  };
  if (logarithm)
    need(gate, gateOf(*logarithm));
  if (o.beta) {
    need(beta, withHeads(*o.beta, true, std::nullopt));
  } else {
    need(a, withHeads(o.a, keyHeads, parts.key));
    need(b, withHeads(o.b, keyHeads, parts.key));
  }
  if (!made)
    return obstacle;
  if (A.isTooLong())
    return "a formula of it is too long";
  ScanOp scan = context.getScan();
  OpBuilder &builder = context.lifter.getBuilder();
  auto op = DeltaRuleOp::create(builder, scan.getLoc(), v->getType(), TypeRange(), *q, *k, *v, beta.value_or(Value()),
                                a.value_or(Value()), b.value_or(Value()), gate.value_or(Value()), scan.getOffsets(),
                                ValueRange(), Value(), builder.getF64FloatAttr(1));
  op->setDiscardableAttrs(scan->getDiscardableAttrDictionary());
  return finish(op.getY());
}

//===--- several factors -----------------------------------------------------------------------------------------===//

/// The dimension that is summed where the state is read is the key's, the last other one the value's.
std::string Delta::findDims() {
  if (std::string reason = findReading(); !reason.empty())
    return reason;
  if (reading.contracted.count() != 1)
    return "it is read by a sum along several dimensions";
  SmallVector<unsigned> others;
  for (unsigned d = 0; d < form.vars.size(); ++d)
    if (!reading.contracted.test(d) && A.extent(form.vars[d]) != 1)
      others.push_back(d);
  if (others.empty() || others.size() > 2)
    return "it is no matrix, nor one for each head";
  parts = {unsigned(reading.contracted.find_first()), others.back(), {}, {}, {}};
  if (others.size() == 2)
    parts.head = others.front();
  return A.dependsOn(reading.coefficient, valueVar()) ? "what it is read with has a value dimension" : "";
}

/// Whether this part of a step is one with a key and beta; the first may have a decay, and be nothing else.
bool Delta::isFactor(bool isFirst) {
  if (!from.dense.empty() || !from.other.empty() || (!isFirst && A.asNumber(from.scale) != 1) ||
      A.dependsOn(from.scale, valueVar()))
    return false;
  if (isFirst && from.rankOne.empty() && form.input.isZero())
    return true;
  return from.rankOne.size() == 1 && from.contracted == parts.key && !form.input.isZero() &&
         !A.dependsOn(from.rankOne[0].left, valueVar()) && !A.dependsOn(from.rankOne[0].right, valueVar()) &&
         findKeyed();
}

/// The step as steps in turn, the last one first.
bool Delta::takeApart(std::vector<StepComponent> &steps) {
  ScanOp scan = context.getScan();
  unsigned carried = form.carried;
  Value first = scan.getCarriedArgs()[carried], now = scan.getYield().getNext()[carried];
  auto isStep = [&](Value before) {
    std::optional<StepComponent> step = context.structure.between(before, now, carried);
    if (!step)
      return false;
    Delta part(context, *step);
    part.parts = parts;
    if (!part.isFactor(before == first))
      return false;
    steps.push_back(std::move(*step));
    now = before;
    return true;
  };
  while (now != first) {
    bool found = false;
    for (Operation *op = now.getDefiningOp()->getPrevNode(); op && !found; op = op->getPrevNode())
      for (Value v : op->getResults())
        found = found || (v.getType() == first.getType() && context.structure.getCarried(v).test(carried) && isStep(v));
    if (!found && !isStep(first))
      return false;
  }
  return true;
}

/// rows x item of each factor as rows x factors x item.
Value Delta::stacked(ArrayRef<Value> rows) {
  SmallVector<int64_t> item = itemShape(rows[0]);
  item.insert(item.begin(), rows.size());
  Value all = context.lifter.emptyRows(loc, item, element);
  SmallVector<OpFoldResult> offsets(item.size() + 1, b.getIndexAttr(0)), strides(item.size() + 1, b.getIndexAttr(1)),
      sizes{context.lifter.getNumRows(loc), b.getIndexAttr(1)};
  for (int64_t n : ArrayRef(item).drop_front())
    sizes.push_back(b.getIndexAttr(n));
  for (auto [f, v] : llvm::enumerate(rows)) {
    offsets[1] = b.getIndexAttr(f);
    all = tensor::InsertSliceOp::create(b, loc, v, all, offsets, sizes, strides);
  }
  return all;
}

bool Delta::addRows(Operands o, bool keyHeads, Factors &into) {
  std::optional<Value> k = withHeads(o.k, keyHeads, parts.key), v = withHeads(o.v, true, parts.value),
                       beta = withHeads(*o.beta, true, std::nullopt);
  if (!k || !v || !beta || A.isTooLong())
    return false;
  into.k.push_back(*k);
  into.v.push_back(*v);
  into.beta.push_back(*beta);
  return true;
}

std::string Delta::finishFactors(bool keyHeads, const std::optional<Poly> &logarithm, const Factors &factors) {
  std::optional<Value> q = withHeads(reading.coefficient, keyHeads, parts.key), gate;
  if (logarithm)
    gate = gateOf(*logarithm);
  if (!q || (logarithm && !gate))
    return obstacle;
  ScanOp scan = context.getScan();
  auto op = DeltaRuleOp::create(b, scan.getLoc(), factors.v[0].getType(), TypeRange(), *q, stacked(factors.k),
                                stacked(factors.v), stacked(factors.beta), Value(), Value(), gate.value_or(Value()),
                                scan.getOffsets(), ValueRange(), Value(), b.getF64FloatAttr(1));
  op->setDiscardableAttrs(scan->getDiscardableAttrDictionary());
  return finish(op.getY());
}

std::string Delta::emitInTurn(std::vector<StepComponent> &steps) {
  bool keyHeads = dependsOnHead(reading.coefficient);
  std::vector<std::unique_ptr<Delta>> factors;
  for (StepComponent &step : llvm::reverse(steps)) {
    auto &factor = factors.emplace_back(std::make_unique<Delta>(context, step));
    factor->parts = parts;
    for (const RankOne &one : factor->from.rankOne)
      keyHeads |= factor->dependsOnHead(one.left) || factor->dependsOnHead(one.right);
  }
  std::optional<Poly> logarithm;
  if (!findGate(logarithm))
    return notPositive;
  Factors rows;
  for (auto &factor : factors)
    if (!factor->from.rankOne.empty() && !factor->addRows(*factor->findKeyed(), keyHeads, rows))
      return obstacle;
  return finishFactors(keyHeads, logarithm, rows);
}

//===--- several factors in one formula --------------------------------------------------------------------------===//
//
// With the last key x and its beta and v, and L and B of the factors before it,
//   S' = (I - beta x x^T) ((I + sum of l r^T) D S + B) + beta x v^T
// so that of the terms of the whole step one is -beta x, the others are l - beta x (x^T l), and the input is
// B - beta x (x^T B) + beta x v^T. Those l and B are what is left of them without what stands along x; whether they
// are, and what v is, comes out where x is put back.

/// p / by, product by product, if by is one product and each of them has all of its factors.
std::optional<Poly> Delta::divided(const Poly &p, const Poly &by) {
  if (by.summands.size() != 1 || !by.summands[0].term.bound.empty())
    return {};
  Poly q;
  for (const Summand &s : p.summands) {
    Term t = s.term;
    for (const Factor &f : by.summands[0].term.factors) {
      auto *own = llvm::find_if(t.factors, [&](const Factor &g) { return g.atom == f.atom; });
      if (own == t.factors.end() || std::abs(own->power) < std::abs(f.power) || (own->power > 0) != (f.power > 0))
        return {};
      own->power -= f.power;
      if (own->power == 0)
        t.factors.erase(own);
    }
    q = A.sum(q, A.poly(t, s.coefficient / by.summands[0].coefficient));
  }
  return q;
}

/// Each term over what the decay has left; nothing if it stands in none of its sides.
std::optional<Delta::Flat> Delta::flatForm(bool open) {
  auto all = [&](const Poly &p) { return A.expanded(opened(p, open)); };
  Poly scale = all(from.scale);
  Flat flat{{}, all(form.input)};
  for (const RankOne &one : from.rankOne) {
    Poly right = all(one.right);
    std::optional<Poly> x = divided(right, scale), l = all(one.left);
    if (!x && !A.dependsOn(scale, keyVar())) {
      x = right;
      l = divided(*l, scale);
    }
    if (!x || !l || A.dependsOn(*x, valueVar()) || A.dependsOn(*l, valueVar()))
      return {};
    flat.terms.push_back({*l, *x});
  }
  bool isSplit = llvm::all_of(flat.terms, [](const RankOne &term) { return term.right.summands.size() == 1; });
  return isSplit || split(flat.terms) ? std::optional(flat) : std::nullopt;
}

/// Terms each of whose right sides is one product of what depends on the index of the key; false if there are none.
bool Delta::split(SmallVector<RankOne> &terms) {
  SmallVector<RankOne> whole;
  std::swap(whole, terms);
  for (const RankOne &term : whole)
    for (const Summand &s : term.right.summands) {
      Term key = alongKey(s.term), number{{}, s.term.bound};
      for (const Factor &f : key.factors)
        if (llvm::any_of(A[f.atom].vars, [&](Var v) { return llvm::is_contained(s.term.bound, v); }))
          return false;
      llvm::copy_if(s.term.factors, std::back_inserter(number.factors),
                    [&](const Factor &f) { return !llvm::is_contained(key.factors, f); });
      Poly right = A.poly(key), left = A.expanded(A.product(term.left, A.poly(number, s.coefficient)));
      auto *same = llvm::find_if(terms, [&](const RankOne &other) { return A.equal(other.right, right); });
      if (same == terms.end())
        terms.push_back({left, right});
      else
        same->left = A.sum(same->left, left);
    }
  return true;
}

/// The factors that depend on the index of the key.
Term Delta::alongKey(const Term &t) {
  Term along;
  llvm::copy_if(t.factors, std::back_inserter(along.factors),
                [&](const Factor &f) { return llvm::is_contained(A[f.atom].vars, keyVar()); });
  return along;
}

/// The products of a sum that do not stand along `key`.
Poly Delta::without(const Poly &p, const Poly &key) {
  Poly rest;
  for (const Summand &s : p.summands)
    if (alongKey(s.term) != alongKey(key.summands[0].term))
      rest = A.sum(rest, A.poly(s.term, s.coefficient));
  return rest;
}

/// p - beta key (key^T p).
Poly Delta::corrected(const Poly &p, const Poly &key, const Poly &beta) {
  Var along = A.fresh(A.extent(keyVar()));
  Substitution elsewhere{{keyVar(), A.dim(along)}};
  Poly read = A.sumOver(A.expanded(A.product(A.substituted(key, elsewhere), A.substituted(p, elsewhere))), {along});
  return A.expanded(A.sum(p, A.product(A.product(beta, key), read), -1));
}

/// The last factor of what is left, which is taken from it.
std::optional<Delta::Operands> Delta::takeLast(Flat &flat) {
  for (auto [i, term] : llvm::enumerate(flat.terms)) {
    std::optional<Poly> beta = divided(A.scaled(term.left, -1), term.right);
    if (!beta || beta->summands.size() != 1 || A.dependsOn(*beta, keyVar()))
      continue;
    Poly key = term.right, input = without(flat.input, key);
    Flat before{{}, input};
    bool fits = true;
    for (auto [j, other] : llvm::enumerate(flat.terms)) {
      if (j == i)
        continue;
      before.terms.push_back({without(other.left, key), other.right});
      fits &= A.equal(A.expanded(other.left), corrected(before.terms.back().left, key, *beta));
    }
    Poly along = A.sum(flat.input, corrected(input, key, *beta), -1);
    std::optional<Poly> v = divided(A.expanded(along), A.product(*beta, key));
    if (!fits || !v || v->isZero() || A.dependsOn(*v, keyVar()) || A.isTooLong())
      continue;
    flat = before;
    return Operands{key, *v, beta, {}, {}};
  }
  return {};
}

/// The first factor first.
std::optional<std::vector<Delta::Operands>> Delta::takeApartFlat() {
  for (bool open : {false, true}) {
    std::optional<Flat> flat = flatForm(open);
    std::vector<Operands> factors;
    while (flat && !flat->terms.empty()) {
      std::optional<Operands> last = takeLast(*flat);
      if (!last)
        break;
      factors.insert(factors.begin(), *last);
    }
    if (flat && flat->terms.empty() && flat->input.isZero() && !A.isTooLong())
      return factors;
  }
  return {};
}

std::string Delta::emitFlat(ArrayRef<Operands> factors) {
  bool keyHeads = dependsOnHead(reading.coefficient);
  for (const Operands &o : factors)
    keyHeads |= dependsOnHead(o.k);
  std::optional<Poly> logarithm;
  if (!findGate(logarithm))
    return notPositive;
  Factors rows;
  for (const Operands &o : factors)
    if (!addRows(o, keyHeads, rows))
      return obstacle;
  return finishFactors(keyHeads, logarithm, rows);
}

std::string Delta::emitFactors() {
  if (std::string reason = findDims(); !reason.empty())
    return reason;
  std::vector<StepComponent> steps;
  bool inTurn = takeApart(steps);
  std::optional<std::vector<Operands>> flat = inTurn ? std::nullopt : takeApartFlat();
  if (!inTurn && !flat)
    return "it is not a key and a value at a time, each from what the one before makes of the state";
  if (reading.before)
    return "it is read before its update";
  return inTurn ? emitInTurn(steps) : emitFlat(*flat);
}
} // namespace

std::string strand::toDeltaRule(ScanContext &context, StepComponent &component) {
  const CarriedForm *form = component.getSingleAffine();
  if (!form || form->from.size() != 1)
    return noSuchOp;
  const LinearForm &from = form->from.begin()->second;
  if (from.rankOne.empty() || !from.dense.empty() || !from.other.empty() || from.scale.isZero())
    return noSuchOp;
  if (std::string reason = whyNotFromZero(context, component); !reason.empty())
    return reason;
  if (form->input.isZero())
    return "it has no input";
  Delta delta(context, component);
  return from.rankOne.size() == 1 ? delta.emit() : delta.emitFactors();
}
