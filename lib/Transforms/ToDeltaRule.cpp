// S' = D S + l (r^T S) + k v^T, of which one sum over the index of k is read, as strand.delta_rule.
//
// If l and k are -b and b times one key whose decay is r, it is that op with a key and beta; otherwise the low-rank
// one.
//
// A step with several rank-one terms is taken apart at values of the region that are what the state is on the way: if
// each is one with a key and beta of the one before, the step is that op with as many factors.
#include "dialects/Strand/Rows.h"
#include "lib/Transforms/MatrixState.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include <cmath>
using namespace mlir;
using namespace strand;
using namespace strand::algebra;
namespace {

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
    return "its decay is not plainly positive";
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
    return "an operand cannot be computed for all rows at once";
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

std::string Delta::emitFactors() {
  if (std::string reason = findDims(); !reason.empty())
    return reason;
  std::vector<StepComponent> steps;
  if (!takeApart(steps))
    return "it is not a key and a value at a time, each from a value of the state's type";
  if (reading.before)
    return "it is read before its update";
  bool keyHeads = dependsOnHead(reading.coefficient);
  std::vector<std::unique_ptr<Delta>> factors;
  for (StepComponent &step : llvm::reverse(steps)) {
    auto &factor = factors.emplace_back(std::make_unique<Delta>(context, step));
    factor->parts = parts;
    for (const RankOne &one : factor->from.rankOne)
      keyHeads |= factor->dependsOnHead(one.left) || factor->dependsOnHead(one.right);
  }
  std::optional<Poly> logarithm;
  if (!factors[0]->findGate(logarithm))
    return "its decay is not plainly positive";
  const char *obstacle = "an operand cannot be computed for all rows at once";
  std::optional<Value> q = withHeads(reading.coefficient, keyHeads, parts.key), gate;
  if (logarithm)
    gate = factors[0]->gateOf(*logarithm);
  if (!q || (logarithm && !gate))
    return obstacle;
  SmallVector<Value> ks, vs, betas;
  for (auto &factor : factors) {
    if (factor->from.rankOne.empty())
      continue;
    Operands o = *factor->findKeyed();
    std::optional<Value> k = factor->withHeads(o.k, keyHeads, parts.key), v = factor->withHeads(o.v, true, parts.value),
                         beta = factor->withHeads(*o.beta, true, std::nullopt);
    if (!k || !v || !beta || factor->A.isTooLong())
      return obstacle;
    ks.push_back(*k);
    vs.push_back(*v);
    betas.push_back(*beta);
  }
  ScanOp scan = context.getScan();
  auto op = DeltaRuleOp::create(b, scan.getLoc(), vs[0].getType(), TypeRange(), *q, stacked(ks), stacked(vs),
                                stacked(betas), Value(), Value(), gate.value_or(Value()), scan.getOffsets(),
                                ValueRange(), Value(), b.getF64FloatAttr(1));
  op->setDiscardableAttrs(scan->getDiscardableAttrDictionary());
  return finish(op.getY());
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
