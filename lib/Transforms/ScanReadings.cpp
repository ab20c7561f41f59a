// How what is outside of a component reads its carried values.
#include "dialects/Strand/Rows.h"
#include "lib/Transforms/ScanTargets.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "llvm/Support/Format.h"
using namespace mlir;
using namespace strand;
using namespace strand::algebra;

static int64_t elementsOf(Value v) {
  auto type = dyn_cast<RankedTensorType>(v.getType());
  return type ? type.getNumElements() : 1;
}

ScanContext::ScanContext(StepStructure &structure, OpBuilder &b)
    : structure(structure), lifter(structure.getScan(), b), done(structure.getScan().getInitial().size()),
      largestItem(1) {
  for (Value row : getScan().getRowArgs())
    largestItem = std::max(largestItem, elementsOf(row));
  for (Value row : getScan().getYield().getOutputs())
    largestItem = std::max(largestItem, elementsOf(row));
}

StateReading ComponentTarget::wholeOf(Value next) const {
  StateReading whole;
  whole.value = next;
  whole.vars = form.vars;
  for (unsigned d = 0; d < form.vars.size(); ++d)
    whole.kept.push_back(A.extent(form.vars[d]) == 1 ? std::nullopt : std::optional(d));
  return whole;
}

Value ComponentTarget::tensorOfStart(unsigned carried) {
  ScanOp scan = context.getScan();
  if (Value tensor = scan.getInitialTensor(carried))
    return tensor;
  auto type = cast<RankedTensorType>(scan.getCarriedArgs()[carried].getType());
  double number = cast<FloatAttr>(scan.getInitial()[carried]).getValueAsDouble();
  return arith::ConstantOp::create(b, loc, SplatElementsAttr::get(type, b.getFloatAttr(element, number)));
}

Value ComponentTarget::onlyInFirstRows(Value v, AffineMap map, ArrayRef<int64_t> item) {
  Value like = context.getScan().getInputs()[0], zero = floatConstant(b, loc, element, 0);
  auto ofRows = RankedTensorType::get(rowsType(like).getDimSize(0), b.getI32Type());
  Value place = PositionOp::create(b, loc, ofRows, TypeRange(), like, context.getScan().getOffsets(), ValueRange(),
                                   Value())
                    .getPositions();
  AffineMap whole = b.getMultiDimIdentityMap(item.size() + 1), row = whole.getMajorSubMap(1);
  Value out = context.lifter.emptyRows(loc, item, element);
  return generic(b, loc, {place, v}, out, {row, map, whole}, std::string(whole.getNumDims(), 'p'),
                 [&](OpBuilder &b, Location loc, ValueRange x) -> SmallVector<Value> {
                   Value none = arith::ConstantOp::create(b, loc, b.getI32IntegerAttr(0));
                   Value begins = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, x[0], none);
                   return {arith::SelectOp::create(b, loc, begins, x[1], zero)};
                 })[0];
}

AffineMap ComponentTarget::mapOf(const Operand &o, ArrayRef<Var> order, size_t rank) const {
  SmallVector<AffineExpr> exprs;
  if (o.lifted.perRow)
    exprs.push_back(b.getAffineDimExpr(0));
  for (Var v : o.vars)
    exprs.push_back(b.getAffineDimExpr(1 + (llvm::find(order, v) - order.begin())));
  return AffineMap::get(1 + rank, 0, exprs, b.getContext());
}

void ScanContext::know(Value v, Value rows) {
  lifter.know(v, rows);
  for (StepComponent &c : structure.getComponents())
    c.reader->seal(v);
}

bool ScanContext::isAffordable(Value v) { return elementsOf(v) <= largestItem; }

SmallVector<Value> ScanContext::readersOf(const llvm::BitVector &component) {
  SmallVector<Value> readers(getScan().getYield().getOutputs());
  for (auto [i, next] : llvm::enumerate(getScan().getYield().getNext()))
    if (!done.test(i) && !component.test(i))
      readers.push_back(next);
  return readers;
}

std::optional<SmallVector<Value>> strand::findCut(ScanContext &context, const llvm::BitVector &carried,
                                                  ArrayRef<Value> roots, llvm::function_ref<bool(Value)> accept) {
  llvm::SetVector<Value> cut;
  DenseMap<Value, bool> seen;
  std::function<bool(Value)> visit = [&](Value v) {
    if (context.lifter.isKnown(v) || !context.structure.getCarried(v).anyCommon(carried))
      return true;
    if (auto it = seen.find(v); it != seen.end())
      return it->second;
    Operation *op = v.getDefiningOp();
    bool isState = !op || llvm::any_of(carried.set_bits(),
                                       [&](unsigned i) { return context.getScan().getYield().getNext()[i] == v; });
    bool covered = false;
    if (!isState && (RowLifter::canLift(op) || isa<YieldOp>(op))) {
      size_t before = cut.size();
      DenseMap<Value, bool> seenBefore = seen;
      covered = llvm::all_of(op->getOperands(), visit);
      op->walk([&](Operation *inner) { // what its body captures
        for (Value o : inner->getOperands())
          covered = covered && (o.getParentBlock() != op->getBlock() || visit(o));
      });
      if (!covered) {
        while (cut.size() > before)
          cut.pop_back();
        seen = std::move(seenBefore);
      }
    }
    if (!covered && accept(v)) {
      cut.insert(v);
      covered = true;
    }
    return seen[v] = covered;
  };
  for (Value root : roots)
    if (!visit(root))
      return {};
  return cut.takeVector();
}

std::optional<StateReading> strand::readState(ScanContext &context, StepComponent &component, Value v) {
  Algebra &A = *component.algebra;
  const CarriedForm &form = component.forms[0];
  const Element &e = component.reader->read(v);
  if (A.isTooLong() || A.isNonlinear(e.poly))
    return {};
  StateReading reading;
  reading.value = v;
  reading.vars = e.vars;
  reading.contracted.resize(form.vars.size());
  bool isRead = false;
  for (const Summand &canonical : e.poly.summands) {
    Summand s = A.withFreshBound(canonical);
    auto *live = llvm::find_if(s.term.factors, [&](const Factor &f) { return A[f.atom].live; });
    if (live == s.term.factors.end()) {
      reading.rest = A.sum(reading.rest, A.poly(s.term, s.coefficient));
      continue;
    }
    Atom leaf = A[live->atom];
    Term rest = s.term;
    llvm::erase(rest.factors, *live);
    llvm::BitVector contracted(form.vars.size());
    SmallVector<std::optional<unsigned>> kept(e.vars.size());
    Substitution toForm;
    for (auto [d, index] : llvm::enumerate(leaf.index)) {
      if (A.extent(form.vars[d]) == 1)
        continue;
      auto x = dyn_cast<AffineDimExpr>(index);
      if (!x || A.extent(x.getPosition()) != A.extent(form.vars[d]) ||
          llvm::any_of(toForm, [&](auto &pair) { return pair.first == x.getPosition(); }))
        return {};
      toForm.push_back({x.getPosition(), A.dim(form.vars[d])});
      auto *own = llvm::find(e.vars, x.getPosition());
      if (own != e.vars.end())
        kept[own - e.vars.begin()] = d;
      else
        contracted.set(d);
      llvm::erase(rest.bound, x.getPosition());
    }
    for (auto [d, var] : llvm::enumerate(e.vars)) // a dimension that h lacks cannot be made
      if (!kept[d] && A.extent(var) != 1)
        return {};
    bool before = isa<BlockArgument>(leaf.value);
    if (isRead && (before != reading.before || contracted != reading.contracted || kept != reading.kept))
      return {};
    isRead = true;
    reading.before = before;
    reading.contracted = contracted;
    reading.kept = kept;
    ValueRange values =
        before ? ValueRange(context.getScan().getCarriedArgs()) : ValueRange(context.getScan().getYield().getNext());
    Poly &into = values[component.carried[0]] == leaf.value ? reading.coefficient : reading.second;
    into = A.sum(into, A.substituted(A.poly(rest, s.coefficient), toForm));
  }
  return isRead ? std::optional(reading) : std::nullopt;
}

std::optional<Value> strand::finishReading(ScanContext &context, StepComponent &component, const StateReading &reading,
                                           Value sum, ArrayRef<unsigned> dims) {
  OpBuilder &b = context.lifter.getBuilder();
  Location loc = reading.value.getLoc();
  auto type = cast<RankedTensorType>(reading.value.getType());
  SmallVector<std::optional<unsigned>> order(dims.begin(), dims.end());
  bool same = reading.rest.isZero() && order == reading.kept;
  if (same)
    return sum;
  unsigned rank = type.getRank();
  SmallVector<AffineExpr> at{b.getAffineDimExpr(0)};
  for (unsigned d : dims)
    at.push_back(b.getAffineDimExpr(1 + (llvm::find(reading.kept, std::optional(d)) - reading.kept.begin())));
  AffineMap whole = b.getMultiDimIdentityMap(rank + 1);
  SmallVector<Value> ins{sum};
  SmallVector<AffineMap> maps{AffineMap::get(rank + 1, 0, at, b.getContext())};
  if (!reading.rest.isZero()) {
    FormulaEmitter emitter(context.lifter, *component.algebra, type.getElementType(), loc);
    SmallVector<Var> vars;
    llvm::copy_if(reading.vars, std::back_inserter(vars), [&](Var v) { return component.algebra->extent(v) != 1; });
    std::optional<Value> rest = emitter.emitRows(reading.rest, vars);
    if (!rest)
      return {};
    ins.push_back(*rest);
    SmallVector<AffineExpr> index{b.getAffineDimExpr(0)};
    for (auto [d, v] : llvm::enumerate(reading.vars))
      if (component.algebra->extent(v) != 1)
        index.push_back(b.getAffineDimExpr(1 + d));
    maps.push_back(AffineMap::get(rank + 1, 0, index, b.getContext()));
  }
  maps.push_back(whole);
  Value out = context.lifter.emptyRows(loc, type.getShape(), type.getElementType());
  return generic(b, loc, ins, out, maps, std::string(rank + 1, 'p'),
                 [](OpBuilder &b, Location loc, ValueRange x) -> SmallVector<Value> {
                   if (x.size() == 2)
                     return {x[0]};
                   return {arith::AddFOp::create(b, loc, x[0], x[1])};
                 })[0];
}

static std::string textOf(double c) {
  std::string s;
  llvm::raw_string_ostream(s) << llvm::format("%g", c);
  return s;
}

std::string strand::whyNotForward(ScanContext &context, StepComponent &component) {
  ScanOp scan = context.getScan();
  if (scan.getReverse())
    return isReverse;
  bool isOfFloats = llvm::all_of(component.carried, [&](unsigned i) {
    return isa<FloatType>(getElementTypeOrSelf(scan.getCarriedArgs()[i]));
  });
  return isOfFloats ? "" : "it is not of floats";
}

bool strand::beginsAtZero(ScanContext &context, unsigned carried) {
  auto initial = dyn_cast<FloatAttr>(context.getScan().getInitial()[carried]);
  return initial && initial.getValue().isZero();
}

std::string strand::whyNotFrom(ScanContext &context, unsigned carried, StringRef where) {
  auto initial = dyn_cast<FloatAttr>(context.getScan().getInitial()[carried]);
  context.start = context.getScan().getInitialTensor(carried);
  return ("it begins at " + (initial ? textOf(initial.getValueAsDouble()) : "a tensor") + ", " + where).str();
}

std::string strand::whyNotFromZero(ScanContext &context, StepComponent &component) {
  if (std::string reason = whyNotForward(context, component); !reason.empty())
    return reason;
  for (unsigned i : component.carried)
    if (!beginsAtZero(context, i))
      return whyNotFrom(context, i, "and that op at 0");
  return "";
}

std::string strand::whyNotPlain(ScanContext &context, StepComponent &component) {
  const CarriedForm *form = component.getSingleAffine();
  if (!form || form->from.size() != 1 || !form->from.begin()->second.isElementwise())
    return noSuchOp;
  if (std::string reason = whyNotForward(context, component); !reason.empty())
    return reason;
  if (form->input.isZero())
    return "it has no input";
  return "";
}
