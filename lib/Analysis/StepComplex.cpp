// Two carried values as one complex number.
#include "lib/Analysis/StepStructure.h"
using namespace mlir;
using namespace strand;
using namespace strand::algebra;

/// Whether `v` is computed from `from`, another value of the region.
static bool isComputedFrom(Value v, Value from, DenseSet<Value> &seen) {
  if (v == from)
    return true;
  Operation *op = v.getDefiningOp();
  if (!op || !seen.insert(v).second)
    return false;
  bool found = false;
  op->walk([&](Operation *inner) {
    for (Value o : inner->getOperands())
      found = found || (o.getParentBlock() == from.getParentBlock() && isComputedFrom(o, from, seen));
  });
  return found;
}

bool strand::isPairOfNext(const StepComponent &component, ValueRange next) {
  if (component.carried.size() != 2)
    return false;
  Value p = next[component.carried[0]], q = next[component.carried[1]];
  DenseSet<Value> seenP, seenQ;
  return !isComputedFrom(p, q, seenP) && !isComputedFrom(q, p, seenQ);
}

/// The scale with which a form reads a carried value, over the indices `to` leads to.
static Poly scaleOf(Algebra &A, const CarriedForm &form, unsigned carried, const Substitution &to) {
  auto it = form.from.find(carried);
  return it == form.from.end() ? Poly() : A.substituted(it->second.scale, to);
}

std::optional<ComplexForm> StepComponent::getComplex() const {
  if (carried.size() != 2 || llvm::any_of(forms, [](const CarriedForm &f) {
        return f.kind != StepKind::Affine ||
               !llvm::all_of(f.from, [](auto &from) { return from.second.isElementwise(); });
      }))
    return {};
  const CarriedForm &p = forms[0], &q = forms[1];
  Algebra &A = *algebra;
  if (!llvm::equal(p.vars, q.vars, [&](Var v, Var w) { return A.extent(v) == A.extent(w); }))
    return {};
  Substitution same, toP;
  for (auto [v, w] : llvm::zip(q.vars, p.vars))
    toP.push_back({v, A.indexOf(w)});
  ComplexForm form{
      scaleOf(A, p, p.carried, same), scaleOf(A, q, p.carried, toP), {p.input, A.substituted(q.input, toP)}};
  Poly equal = A.sum(A.expanded(form.decay), A.expanded(scaleOf(A, q, q.carried, toP)), -1);
  Poly opposite = A.sum(A.expanded(form.turn), A.expanded(scaleOf(A, p, q.carried, same)));
  if (form.turn.isZero() || !equal.isZero() || !opposite.isZero())
    return {};
  return form;
}
