#include "lib/Transforms/FormulaEmitter.h"
#include "dialects/Strand/Rows.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
using namespace mlir;
using namespace strand;
using namespace strand::algebra;

//===--- what is read --------------------------------------------------------------------------------------------===//

bool FormulaEmitter::planFactor(const Factor &f, Plan &plan) {
  Atom a = A[f.atom];
  if (a.kind == Atom::Kind::Delta || a.over)
    return false;
  if (a.kind == Atom::Kind::Leaf) {
    if (llvm::any_of(plan.leaves, [&](auto &known) { return known.first == f.atom; }))
      return true;
    std::optional<Lifted> from = a.live ? std::nullopt : lifter.lift(a.value);
    std::optional<Read> read = from ? sliced({*from, a.index}) : std::nullopt;
    if (!read)
      return false;
    plan.perRow |= from->perRow;
    plan.leaves.push_back({f.atom, plan.reads.size()});
    plan.reads.push_back(*read);
  }
  return llvm::all_of(a.args, [&](const Poly &p) { return this->plan(p, plan); });
}

/// A sum over bound indices becomes a tensor over the free ones.
bool FormulaEmitter::planSum(const Term &t, Plan &plan) {
  if (llvm::any_of(plan.sums, [&](auto &known) { return known.first == t; }))
    return true;
  Plan inner;
  SmallVector<Var> free;
  for (const Factor &f : t.factors) {
    if (!planFactor(f, inner))
      return false;
    for (Var v : A[f.atom].vars)
      if (!llvm::is_contained(t.bound, v) && !llvm::is_contained(free, v))
        free.push_back(v);
  }
  llvm::sort(free);
  Summand each{1, {t.factors, {}}};
  auto body = [&](OpBuilder &b, ValueRange in) { return emitTerm(b, each, inner, in); };
  std::optional<Value> sum = loop(inner, free, t.bound, inner.perRow, body);
  if (!sum)
    return false;
  plan.perRow |= inner.perRow;
  plan.sums.push_back({t, plan.reads.size()});
  plan.reads.push_back({{*sum, inner.perRow}, llvm::map_to_vector<4>(free, [&](Var v) { return A.indexOf(v); })});
  return true;
}

bool FormulaEmitter::plan(const Poly &p, Plan &plan) {
  for (const Summand &s : p.summands)
    for (const Term &group : joinedFactors(A, s.term)) {
      bool done = !group.bound.empty()
                      ? planSum(group, plan)
                      : llvm::all_of(group.factors, [&](const Factor &f) { return planFactor(f, plan); });
      if (!done)
        return false;
    }
  return true;
}

/// Reads whole dimensions only: linalg takes the sizes of its loops from its operands.
std::optional<FormulaEmitter::Read> FormulaEmitter::sliced(Read read) {
  auto type = dyn_cast<RankedTensorType>(read.from.value.getType());
  if (!type)
    return read;
  unsigned lead = read.from.perRow;
  SmallVector<OpFoldResult> offsets(type.getRank(), b.getIndexAttr(0)),
      sizes = tensor::getMixedSizes(b, loc, read.from.value), strides(type.getRank(), b.getIndexAttr(1));
  SmallVector<int64_t> shape(type.getShape().take_front(lead));
  Index index;
  bool whole = true;
  for (auto [i, e] : llvm::enumerate(read.index)) {
    int64_t size = type.getDimSize(lead + i), offset = 0;
    auto d = dyn_cast<AffineDimExpr>(e);
    if (auto sum = dyn_cast<AffineBinaryOpExpr>(e); sum && sum.getKind() == AffineExprKind::Add)
      if (auto c = dyn_cast<AffineConstantExpr>(sum.getRHS())) {
        d = dyn_cast<AffineDimExpr>(sum.getLHS());
        offset = c.getValue();
      }
    if (auto c = dyn_cast<AffineConstantExpr>(e))
      offset = c.getValue();
    else if (!d)
      return {};
    int64_t wanted = d ? A.extent(d.getPosition()) : 1;
    whole &= d && wanted == size;
    offsets[lead + i] = b.getIndexAttr(offset);
    sizes[lead + i] = b.getIndexAttr(wanted);
    if (!d)
      continue;
    index.push_back(d);
    shape.push_back(wanted);
  }
  if (whole)
    return read;
  auto part = RankedTensorType::get(shape, type.getElementType());
  Value v = tensor::ExtractSliceOp::create(b, loc, part, read.from.value, offsets, sizes, strides);
  return Read{{v, read.from.perRow}, index};
}

//===--- loops ---------------------------------------------------------------------------------------------------===//

std::optional<Value> FormulaEmitter::loop(Plan &plan, ArrayRef<Var> vars, ArrayRef<Var> reduced, bool withRows,
                                          llvm::function_ref<Value(OpBuilder &, ValueRange)> body) {
  SmallVector<Var> loops(vars);
  llvm::append_range(loops, reduced);
  unsigned lead = withRows, n = lead + loops.size();
  auto mapOf = [&](ArrayRef<AffineExpr> index, bool perRow) -> std::optional<AffineMap> {
    SmallVector<AffineExpr> exprs;
    if (perRow)
      exprs.push_back(b.getAffineDimExpr(0));
    for (AffineExpr e : index) {
      auto *at = llvm::find(loops, cast<AffineDimExpr>(e).getPosition());
      if (at == loops.end())
        return {};
      exprs.push_back(b.getAffineDimExpr(lead + (at - loops.begin())));
    }
    return AffineMap::get(n, 0, exprs, b.getContext());
  };
  SmallVector<Value> ins;
  SmallVector<AffineMap> maps;
  for (const Read &r : plan.reads) {
    std::optional<AffineMap> map = mapOf(r.index, r.from.perRow);
    if (!map)
      return {};
    ins.push_back(r.from.value);
    maps.push_back(*map);
  }
  SmallVector<int64_t> item;
  SmallVector<AffineExpr> outIndex;
  for (auto [i, v] : llvm::enumerate(vars)) {
    item.push_back(A.extent(v));
    outIndex.push_back(b.getAffineDimExpr(lead + i));
  }
  if (withRows)
    outIndex.insert(outIndex.begin(), b.getAffineDimExpr(0));
  maps.push_back(AffineMap::get(n, 0, outIndex, b.getContext()));
  Value out = withRows ? lifter.emptyRows(loc, item, element) : emptyTensor(b, loc, item, element);
  if (!reduced.empty())
    out = filledInto(b, loc, floatConstant(b, loc, element, 0), out);
  std::string kinds(n, 'p');
  std::fill(kinds.end() - reduced.size(), kinds.end(), 'r');
  Value result =
      generic(b, loc, ins, out, maps, kinds, [&](OpBuilder &b, Location, ValueRange in) -> SmallVector<Value> {
        Value v = body(b, in);
        if (!reduced.empty())
          v = arith::AddFOp::create(b, loc, in.back(), v);
        return {v};
      })[0];
  return failed ? std::nullopt : std::optional(result);
}

static SmallVector<Var> freeOf(Algebra &A, const Poly &p, ArrayRef<Var> order) {
  SmallVector<Var> vars;
  llvm::copy_if(order, std::back_inserter(vars), [&](Var v) { return A.dependsOn(p, v); });
  return vars;
}

std::optional<FormulaEmitter::Result> FormulaEmitter::emit(const Poly &p, ArrayRef<Var> order) {
  if (std::optional<AtomId> id = A.asAtom(p); id && A[*id].kind == Atom::Kind::Leaf) {
    Atom a = A[*id];
    bool plain = getElementTypeOrSelf(a.value) == element && isa<RankedTensorType>(a.value.getType());
    SmallVector<Var> vars;
    for (auto [i, e] : llvm::enumerate(a.index)) {
      auto d = dyn_cast<AffineDimExpr>(e);
      plain = plain && d && A.extent(d.getPosition()) == cast<RankedTensorType>(a.value.getType()).getDimSize(i) &&
              llvm::is_contained(order, d.getPosition()) && !llvm::is_contained(vars, d.getPosition());
      if (plain)
        vars.push_back(d.getPosition());
    }
    if (plain) {
      std::optional<Lifted> v = lifter.lift(a.value);
      return v ? std::optional(Result{*v, vars}) : std::nullopt;
    }
  }
  Plan all;
  if (!plan(p, all))
    return {};
  SmallVector<Var> vars = freeOf(A, p, order);
  auto body = [&](OpBuilder &b, ValueRange in) { return emitSum(b, p, all, in); };
  std::optional<Value> v = loop(all, vars, {}, all.perRow, body);
  return v ? std::optional(Result{{*v, all.perRow}, vars}) : std::nullopt;
}

std::optional<Value> FormulaEmitter::emitRows(const Poly &p, ArrayRef<Var> vars) {
  std::optional<Result> whole = emit(p, vars);
  if (whole && whole->lifted.perRow && ArrayRef(whole->vars) == vars)
    return whole->lifted.value;
  if (!whole)
    return {};
  Plan repeat;
  repeat.reads.push_back({whole->lifted, llvm::map_to_vector<4>(whole->vars, [&](Var v) { return A.dim(v); })});
  return loop(repeat, vars, {}, /*withRows=*/true, [](OpBuilder &, ValueRange in) { return in[0]; });
}

//===--- one element ---------------------------------------------------------------------------------------------===//

Value FormulaEmitter::number(OpBuilder &b, double c) { return floatConstant(b, loc, element, c); }

Value FormulaEmitter::asElement(OpBuilder &b, Value v) {
  if (v.getType() == element)
    return v;
  if (v.getType().isInteger(1))
    return arith::UIToFPOp::create(b, loc, element, v);
  if (isa<FloatType>(v.getType()))
    return castFloat(b, loc, v, element);
  failed = true;
  return number(b, 0);
}

Value FormulaEmitter::emitOther(OpBuilder &b, const Atom &a, const Plan &plan, ValueRange in) {
  SmallVector<Value> operands;
  for (auto [p, o] : llvm::zip(a.args, a.op->getOperands())) {
    Type wanted = getElementTypeOrSelf(o);
    std::optional<AtomId> id = A.asAtom(p);
    Value v = id ? emitAtom(b, *id, plan, in) : emitSum(b, p, plan, in);
    if (v.getType() != wanted && isa<FloatType>(wanted))
      v = castFloat(b, loc, asElement(b, v), wanted);
    if (v.getType() != wanted) {
      std::optional<double> c = A.asNumber(p);
      failed |= !c || !isa<IntegerType>(wanted);
      v = arith::ConstantOp::create(b, loc, failed ? b.getZeroAttr(wanted) : b.getIntegerAttr(wanted, int64_t(*c)));
    }
    operands.push_back(v);
  }
  if (operands.size() != a.op->getNumOperands()) {
    failed = true;
    return number(b, 0);
  }
  return b
      .create(loc, a.op->getName().getIdentifier(), operands, getElementTypeOrSelf(a.op->getResult(0)),
              a.op->getAttrs())
      ->getResult(0);
}

/// In its own type.
Value FormulaEmitter::emitAtom(OpBuilder &b, AtomId id, const Plan &plan, ValueRange in) {
  Atom a = A[id];
  if (a.kind == Atom::Kind::Leaf)
    return in[llvm::find_if(plan.leaves, [&](auto &known) { return known.first == id; })->second];
  if (a.kind == Atom::Kind::Group)
    return emitSum(b, a.args[0], plan, in);
  auto argument = [&](unsigned i) { return emitSum(b, a.args[i], plan, in); };
  switch (a.fn) {
  case Fn::Exp:
    return math::ExpOp::create(b, loc, argument(0));
  case Fn::Log:
    return math::LogOp::create(b, loc, argument(0));
  case Fn::Log1p:
    return math::Log1pOp::create(b, loc, argument(0));
  case Fn::Max:
  case Fn::Min: {
    Value v = argument(0);
    for (unsigned i = 1; i < a.args.size(); ++i)
      v = a.fn == Fn::Max ? Value(arith::MaximumFOp::create(b, loc, v, argument(i)))
                          : Value(arith::MinimumFOp::create(b, loc, v, argument(i)));
    return v;
  }
  default:
    return emitOther(b, a, plan, in);
  }
}

Value FormulaEmitter::emitTerm(OpBuilder &b, const Summand &s, const Plan &plan, ValueRange in) {
  Value above, below;
  auto times = [&](Value &into, Value v) { into = into ? Value(arith::MulFOp::create(b, loc, into, v)) : v; };
  for (const Term &group : joinedFactors(A, s.term)) {
    if (!group.bound.empty()) {
      times(above, in[llvm::find_if(plan.sums, [&](auto &known) { return known.first == group; })->second]);
      continue;
    }
    for (const Factor &f : group.factors)
      for (int i = 0; i < std::abs(f.power); ++i)
        times(f.power > 0 ? above : below, asElement(b, emitAtom(b, f.atom, plan, in)));
  }
  if (!above || (s.coefficient != 1 && s.coefficient != -1))
    times(above, number(b, s.coefficient));
  else if (s.coefficient == -1)
    above = arith::NegFOp::create(b, loc, above);
  return below ? Value(arith::DivFOp::create(b, loc, above, below)) : above;
}

Value FormulaEmitter::emitSum(OpBuilder &b, const Poly &p, const Plan &plan, ValueRange in) {
  Value sum;
  for (const Summand &s : p.summands) {
    if (sum && s.coefficient < 0)
      sum = arith::SubFOp::create(b, loc, sum, emitTerm(b, {-s.coefficient, s.term}, plan, in));
    else if (Value v = emitTerm(b, s, plan, in))
      sum = sum ? Value(arith::AddFOp::create(b, loc, sum, v)) : v;
  }
  return sum ? sum : number(b, 0);
}
