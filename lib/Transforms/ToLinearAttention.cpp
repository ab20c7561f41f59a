// S' = D S + k v^T, of which one sum over the index of k is read, as strand.linear_attention.
#include "dialects/Strand/Rows.h"
#include "lib/Transforms/MatrixState.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include <cmath>
using namespace mlir;
using namespace strand;
using namespace strand::algebra;
namespace {

class Attention : public MatrixState {
public:
  using MatrixState::MatrixState;
  std::string emit();

private:
  std::optional<Value> findNormalized();
  bool isNormalizer(unsigned z);
  std::optional<Poly> findBonus();
  Value emitBonus();
  bool findDecay(std::optional<Poly> &gate, std::optional<double> &decay);
  Poly leafOf(Lifted value, ArrayRef<Var> vars);
  std::optional<Poly> decaysSoFar();
  bool addStart(bool decays);
};

/// A number of all heads, or a formula of its logarithm; false if it may not be positive.
bool Attention::findDecay(std::optional<Poly> &gate, std::optional<double> &decay) {
  const Poly &scale = form.from.begin()->second.scale;
  if (std::optional<double> c = A.asNumber(scale)) {
    if (*c != 1)
      decay = std::log(*c);
    return *c > 0;
  }
  gate = logarithmOf(A, *component.reader, scale);
  return gate.has_value();
}

/// u, if what is added to the sum over the state before the step is the sum of q u k v over the same dimension.
std::optional<Poly> Attention::findBonus() {
  StepReader &reader = *component.reader;
  Poly rest = reader.fullyOpened(reading.rest);
  if (rest.summands.size() != 1 || rest.summands[0].term.bound.size() != 1)
    return {};
  Summand s = A.withFreshBound(rest.summands[0]);
  Substitution toForm{{s.term.bound[0], A.dim(form.vars[parts.key])}};
  for (auto [d, v] : llvm::zip(reading.kept, reading.vars))
    if (d)
      toForm.push_back({v, A.dim(form.vars[*d])});
  s.term.bound.clear();
  Poly u = A.substituted(A.poly(s.term, s.coefficient), toForm);
  for (const Poly &factor : {reading.coefficient, parts.k, parts.v})
    u = A.product(u, A.reciprocal(reader.fullyOpened(factor), nullptr));
  bool fits = u.summands.size() == 1 && !A.dependsOn(u, form.vars[parts.value]) && !context.structure.isPerRow(A, u);
  return fits ? std::optional(u) : std::nullopt;
}

/// What the row's own token weighs where the state is read before the step. If that is not found it is 0, and what the
/// reading adds to its sum is added behind the op.
Value Attention::emitBonus() {
  SmallVector<Var> vars{form.vars[parts.key]};
  if (parts.head)
    vars.insert(vars.begin(), form.vars[*parts.head]);
  int64_t heads = parts.head ? A.extent(vars[0]) : 1;
  auto type = RankedTensorType::get({heads, A.extent(vars.back())}, element);
  std::optional<Poly> u = findBonus();
  std::optional<FormulaEmitter::Result> found = u ? emitter.emit(*u, vars) : std::nullopt;
  if (!found || found->vars != vars)
    return arith::ConstantOp::create(b, loc, cast<TypedAttr>(b.getZeroAttr(type)));
  reading.rest = {};
  if (parts.head)
    return found->lifted.value;
  return tensor::ExpandShapeOp::create(b, loc, type, found->lifted.value, SmallVector<ReassociationIndices>{{0, 1}});
}

/// Whether carried value `z` is the sum of the keys under the decay of the state: z' = D z + k.
bool Attention::isNormalizer(unsigned z) {
  ScanOp scan = context.getScan();
  auto initial = dyn_cast<FloatAttr>(scan.getInitial()[z]);
  Value next = scan.getYield().getNext()[z];
  SmallVector<unsigned> dims{parts.key};
  if (parts.head)
    dims.insert(dims.begin(), *parts.head);
  SmallVector<int64_t> shape;
  Index index;
  for (unsigned d : dims) {
    shape.push_back(A.extent(form.vars[d]));
    index.push_back(A.dim(form.vars[d]));
  }
  if (!initial || !initial.getValue().isZero() || next.getType() != RankedTensorType::get(shape, element))
    return false;
  StepReader &reader = *component.reader;
  Poly before = A.leaf(scan.getCarriedArgs()[z], index), after = A.leaf(next, index);
  Poly expected = A.sum(A.product(form.from.begin()->second.scale, before), parts.k);
  return A.equal(A.expanded(reader.fullyOpened(after)), A.expanded(reader.fullyOpened(expected)));
}

/// The value that is the reading over its sum of weights, sum_i q_i z_i, if z is carried for nothing else.
std::optional<Value> Attention::findNormalized() {
  ScanOp scan = context.getScan();
  if (!reading.value.hasOneUse() || !reading.rest.isZero() || reading.before)
    return {};
  Operation *user = scan.getBody()->findAncestorOpInBlock(**reading.value.user_begin());
  if (user->getNumResults() != 1)
    return {};
  std::optional<StateReading> over = readState(context, component, user->getResult(0));
  if (!over || over->kept != reading.kept || over->contracted != reading.contracted || !over->rest.isZero())
    return {};
  Poly divisor = A.product(reading.coefficient, A.reciprocal(over->coefficient, nullptr));
  std::optional<AtomId> id = A.asAtom(divisor);
  std::optional<Poly> sum = id ? component.reader->opened(Atom(A[*id])) : std::nullopt;
  if (!sum)
    return {};
  Value weights = A[*id].value;
  for (unsigned z = 0; z < scan.getInitial().size(); ++z) {
    if (z == form.carried || !isNormalizer(z))
      continue;
    Var x = A.fresh(A.extent(form.vars[parts.key]));
    Index index{A.dim(x)};
    if (parts.head)
      index.insert(index.begin(), A.dim(form.vars[*parts.head]));
    Poly q = A.substituted(reading.coefficient, {{form.vars[parts.key], A.dim(x)}});
    Poly expected = A.sumOver(A.product(q, A.leaf(scan.getYield().getNext()[z], index)), {x});
    llvm::BitVector own(context.done.size());
    own.set(z);
    SmallVector<Value> roots = context.readersOf(own);
    llvm::erase(roots, scan.getYield().getNext()[form.carried]);
    std::optional<SmallVector<Value>> cut = findCut(context, own, roots, [&](Value v) { return v == weights; });
    if (!A.equal(*sum, expected) || !cut || cut->size() != 1)
      continue;
    context.absorbed.insert(z);
    return over->value;
  }
  return {};
}

/// `value`, whose dimensions are those of `vars`, in formulas.
Poly Attention::leafOf(Lifted value, ArrayRef<Var> vars) {
  auto shape = llvm::map_to_vector(vars, [&](Var v) { return A.extent(v); });
  Value name = arith::ConstantOp::create(b, loc, cast<TypedAttr>(b.getZeroAttr(RankedTensorType::get(shape, element))));
  if (value.perRow)
    context.lifter.know(name, value.value);
  else
    context.lifter.knowInvariant(name, value.value);
  return A.leaf(name, llvm::map_to_vector(vars, [&](Var v) { return A.indexOf(v); }));
}

/// The product of the decays of all rows up to the one that is read: p' = d p, whose first input is d.
std::optional<Poly> Attention::decaysSoFar() {
  const Poly &scale = form.from.begin()->second.scale;
  std::optional<Value> decay = gateOf(scale);
  if (!decay)
    return {};
  auto type = cast<RankedTensorType>(decay->getType());
  unsigned rank = type.getRank();
  AffineMap whole = b.getMultiDimIdentityMap(rank);
  Value input = onlyInFirstRows(*decay, whole, type.getShape().drop_front());
  auto maps = b.getAffineMapArrayAttr({whole, whole, whole});
  Value product = LinearRecurrenceOp::create(b, loc, type, TypeRange(), *decay, input, Value(),
                                             context.getScan().getOffsets(), ValueRange(), Value(), maps, false)
                      .getY();
  if (reading.before)
    product = context.lifter.shifted(product, b.getFloatAttr(element, 1), loc);
  SmallVector<Var> vars;
  if (parts.head)
    vars.push_back(form.vars[*parts.head]);
  else
    product = tensor::CollapseShapeOp::create(b, loc, product,
                                              rank == 3 ? SmallVector<ReassociationIndices>{{0}, {1, 2}}
                                                        : SmallVector<ReassociationIndices>{{0, 1}});
  if (rank == 3)
    vars.push_back(keyVar());
  return leafOf({product, true}, vars);
}

/// The op begins at 0. What is read of a state that begins at W is what the op reads, and (q * decays so far) W.
bool Attention::addStart(bool decays) {
  Poly weight = reading.coefficient;
  if (decays) {
    std::optional<Poly> all = decaysSoFar();
    if (!all)
      return false;
    weight = A.product(weight, *all);
  }
  SmallVector<Var> vars{keyVar()};
  if (parts.head)
    vars.insert(vars.begin(), form.vars[*parts.head]);
  std::optional<Value> weights = emitter.emitRows(weight, vars);
  if (!weights)
    return false;
  Var key = A.fresh(A.extent(keyVar()));
  Substitution toReading{{keyVar(), A.dim(key)}};
  for (auto [d, v] : llvm::zip(reading.kept, reading.vars))
    if (d)
      toReading.push_back({form.vars[*d], A.dim(v)});
  Poly terms = A.product(leafOf({*weights, true}, vars), leafOf({tensorOfStart(form.carried), false}, form.vars));
  reading.rest = A.sum(reading.rest, A.sumOver(A.substituted(terms, toReading), {key}));
  return true;
}

std::string Attention::emit() {
  if (std::string reason = find(); !reason.empty())
    return reason;
  std::optional<Poly> gate;
  std::optional<double> decay;
  if (!findDecay(gate, decay))
    return "its decay is not plainly positive";

  bool keyHeads = dependsOnHead(parts.k) || dependsOnHead(reading.coefficient);
  std::optional<Value> q = withHeads(reading.coefficient, keyHeads, parts.key),
                       k = withHeads(parts.k, keyHeads, parts.key);
  std::optional<Value> v = withHeads(parts.v, true, parts.value), g, u;
  if (gate)
    g = gateOf(*gate);
  if (reading.before)
    u = emitBonus();
  if (!q || !k || !v || (gate && !g))
    return "an operand cannot be computed for all rows at once";
  bool fromZero = beginsAtZero(context, form.carried);
  std::optional<Value> normalized = fromZero ? findNormalized() : std::nullopt;
  if (!fromZero && !addStart(/*decays=*/gate || decay))
    return "what it begins at cannot be read for all rows at once";
  if (A.isTooLong())
    return "a formula of it is too long";
  reading.value = normalized.value_or(reading.value);
  ScanOp scan = context.getScan();
  SmallVector<double> decays(decay ? rowsType(*v).getDimSize(1) : 0, decay.value_or(0));
  auto op = LinearAttentionOp::create(b, scan.getLoc(), v->getType(), TypeRange(), *q, *k, *v, g.value_or(Value()),
                                      u.value_or(Value()), scan.getOffsets(), ValueRange(), Value(),
                                      decay ? b.getDenseF64ArrayAttr(decays) : DenseF64ArrayAttr(),
                                      b.getF64FloatAttr(1), normalized ? b.getUnitAttr() : UnitAttr());
  op->setDiscardableAttrs(scan->getDiscardableAttrDictionary());
  return finish(op.getY());
}
} // namespace

std::string strand::toLinearAttention(ScanContext &context, StepComponent &component) {
  std::string reason = whyNotPlain(context, component);
  if (!reason.empty())
    return reason;
  if (component.forms[0].vars.size() < 2)
    return "it is not a matrix";
  unsigned carried = component.forms[0].carried;
  Value state = context.getScan().getCarriedArgs()[carried];
  if (!beginsAtZero(context, carried) && context.isAffordable(state)) // no wider than a row: strand.linear_recurrence
    return whyNotFrom(context, carried, "and that op at 0");
  return Attention(context, component).emit();
}
