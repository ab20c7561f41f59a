// S' = D S + l (r^T S) + k v^T, of which one sum over the index of k is read, as strand.delta_rule.
//
// If l and k are -b and b times one key whose decay is r, it is that op with a key and beta; otherwise the low-rank
// one.
#include "dialects/Strand/Rows.h"
#include "lib/Transforms/MatrixState.h"
#include <cmath>
using namespace mlir;
using namespace strand;
using namespace strand::algebra;
namespace {

class Delta : public MatrixState {
public:
  using MatrixState::MatrixState;
  std::string emit();

private:
  struct Operands {
    Poly k, v;
    std::optional<Poly> beta; // with it no a and b
    Poly a, b;
  };
  Poly opened(const Poly &p, bool wanted) { return wanted ? component.reader->fullyOpened(p) : p; }
  std::optional<Poly> quotient(const Poly &p, const Poly &by);
  std::optional<Operands> findKeyed(bool open);
  Operands findOperands();
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

Delta::Operands Delta::findOperands() {
  for (bool open : {false, true})
    if (std::optional<Operands> keyed = findKeyed(open); keyed && !A.isTooLong())
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
} // namespace

std::string strand::toDeltaRule(ScanContext &context, StepComponent &component) {
  const CarriedForm *form = component.getSingleAffine();
  if (!form || form->from.size() != 1)
    return noSuchOp;
  const LinearForm &from = form->from.begin()->second;
  if (from.rankOne.size() != 1 || !from.dense.empty() || !from.other.empty() || from.scale.isZero())
    return noSuchOp;
  if (std::string reason = whyNotFromZero(context, component); !reason.empty())
    return reason;
  if (form->input.isZero())
    return "it has no input";
  return Delta(context, component).emit();
}
